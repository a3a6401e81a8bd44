//! Which files below the root are templates, and what their stacks are called.

use crate::account;
use crate::document::{document, trouble, twice};
use model::{Files, Node, Place, Trouble};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A template file that was read.
#[derive(Clone)]
pub(crate) struct Found {
    pub file: Arc<str>,
    pub text: Arc<str>,
    pub root: Node,
    /// The account whose details it is, where it is no template.
    pub account: Option<String>,
}

const EXTENSIONS: [&str; 4] = [".yaml", ".yml", ".json", ".template"];
/// Folder and file names that say nothing about the application.
const GENERIC: [&str; 14] = [
    "template",
    "sam",
    "sam-template",
    "cloudformation",
    "cfn",
    "stack",
    "main",
    "packaged",
    "src",
    "infra",
    "infrastructure",
    "deploy",
    "app",
    ".",
];

/// Every template among these files; what looks like one and cannot be read becomes a trouble. `named` says that the
/// user named the file, so it must be one.
pub(crate) fn templates(files: &dyn Files, paths: &[String], named: bool) -> (Vec<Found>, Vec<Trouble>) {
    let (mut found, mut troubles) = (Vec::new(), Vec::new());
    for path in paths.iter().filter(|path| named || EXTENSIONS.iter().any(|extension| path.ends_with(extension))) {
        let bytes = match files.read(path) {
            Ok(bytes) => bytes,
            Err(trouble) => {
                troubles.push(trouble);
                continue;
            }
        };
        let place = || Place::new(path.as_str(), 1, 1);
        let Ok(text) = String::from_utf8(bytes) else {
            if named || !path.ends_with(".json") {
                troubles.push(trouble(format!("{path} is not UTF-8 text"), place(), "save the template as UTF-8"));
            }
            continue;
        };
        if !named && !is_candidate(path, &text) {
            continue;
        }
        let (documents, unread) = document(path, &text);
        let account = documents.iter().find(|root| account::is_account(root)).map(|root| (account::template(root), account::number(root)));
        if let Some(((root, unread), number)) = account {
            troubles.extend(unread);
            found.push(Found { file: path.as_str().into(), text: text.into(), root, account: Some(number.unwrap_or_default()) });
            continue;
        }
        let template = documents.into_iter().find(is_template);
        // A file of another kind that YAML cannot read (Helm, Jinja) is no concern of ours; a template is.
        if template.is_some() || named || is_declared(&text) || text.contains("AWS::") || stem(path) == "template" {
            troubles.extend(unread.iter().cloned());
        }
        match template {
            Some(mut root) => {
                twice::only_last(&mut root, &mut troubles);
                found.push(Found { file: path.as_str().into(), text: text.into(), root, account: None });
            }
            None if is_declared(&text) && unread.is_empty() && !named => {
                let says = format!("{path} says that it is a template and has no Resources: it was not read");
                troubles.push(trouble(says, place(), "give it Resources, each with a Type"));
            }
            None if named && unread.is_empty() => {
                let help = "a template has a mapping Resources, each resource with a Type";
                troubles.push(trouble(format!("{path} is not a CloudFormation or SAM template"), place(), help));
            }
            None => {}
        }
    }
    (found, troubles)
}

/// Cheap first look, so that lockfiles and the like are never parsed.
fn is_candidate(path: &str, text: &str) -> bool {
    is_declared(text) || (text.contains("Resources") && text.contains("::")) || stem(path) == "template" || account::may_be(text)
}

fn is_declared(text: &str) -> bool {
    ["AWSTemplateFormatVersion", "AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"].iter().any(|word| text.contains(word))
}

fn is_template(root: &Node) -> bool {
    let resources = root.get("Resources").map(Node::members).unwrap_or_default();
    root.get("AWSTemplateFormatVersion").is_some() && root.get("Resources").is_some()
        || resources.iter().any(|resource| {
            let typed = resource.value.get("Type").and_then(Node::str).is_some_and(|kind| kind.contains("::"));
            typed || resource.key.starts_with("Fn::ForEach::")
        })
}

/// The file's name without folder and extension.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}

/// A stack name for each template, by file and folder names, each once. It does not depend on where the root is.
pub(crate) fn stack_names(paths: &[&str]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    paths
        .iter()
        .map(|path| {
            let mut parts: Vec<&str> = path.split('/').collect();
            parts.pop();
            let whole = clean(&parts.iter().copied().chain([stem(path)]).collect::<Vec<_>>().join("-"));
            let own = stem(path);
            let own = ["-template", "_template", "-stack"].iter().find_map(|end| own.strip_suffix(end)).unwrap_or(own);
            let short = match GENERIC.contains(&own) {
                true => parts.into_iter().filter(|part| !GENERIC.contains(part)).collect::<Vec<_>>().join("-"),
                false => own.to_owned(),
            };
            let short = if short.is_empty() { "app".to_owned() } else { clean(&short) };
            let mut name = if taken.contains(&short) { whole } else { short };
            while taken.contains(&name) {
                name.push('x');
            }
            taken.insert(name.clone());
            name
        })
        .collect()
}

/// What CloudFormation allows in a stack name: a letter, then letters, digits and hyphens, 128 at most.
fn clean(name: &str) -> String {
    let body: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(120).collect();
    let body = body.trim_matches('-');
    if body.starts_with(|c: char| c.is_ascii_alphabetic()) { body.to_owned() } else { format!("s-{body}") }
}

#[cfg(test)]
mod tests {
    use super::stack_names;

    #[test]
    fn names_come_from_files_and_folders() {
        let paths =
            ["template.yaml", "src/template.yaml", "src/init/init-template.yml", "a/b/template.yml", "db.json", "x/db.json", "関.yaml"];
        assert_eq!(stack_names(&paths), ["app", "src-template", "init", "a-b", "db", "x-db", "s-"]);
    }
}
