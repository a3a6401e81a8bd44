//! A file to a web ACL. Says what cannot be read, with its place.

use super::Acl;
use crate::exit::Exit;
use crate::output;
use model::{Node, Trouble};
use std::path::Path;
use waf::seclang::RuleSet;
use waf::wafv2::{Library, WebAcl};

/// Bytes of a file that are still read.
const LIMIT: u64 = 512 << 20;

/// The text of a file.
///
/// # Errors
/// After it was said why.
pub fn text(path: &Path) -> Result<String, Exit> {
    if std::fs::metadata(path).is_ok_and(|about| about.len() > LIMIT) {
        return Err(output::unfinished(&format!("{}: larger than {} MiB", path.display(), LIMIT >> 20)));
    }
    std::fs::read_to_string(path).map_err(|error| {
        let exit = output::unfinished(&format!("{}: {error}", path.display()));
        if error.kind() == std::io::ErrorKind::NotFound { Exit::Nothing } else { exit }
    })
}

fn said(troubles: &[Trouble]) -> Exit {
    for trouble in troubles {
        output::error(&format!("{}: {}; {}", trouble.place, trouble.says, trouble.help));
    }
    Exit::Unfinished
}

/// What a web ACL may refer to besides its own file: AWS's managed groups, on the patterns of a Core Rule Set if one is named.
fn library(which: &Acl) -> Result<Library, Exit> {
    let rules = which.crs.as_deref().map(rule_set).transpose()?;
    let managed = waf::managed::groups(rules.as_ref().map(|rules| rules as &dyn waf::managed::RuleSource));
    Ok(Library { account: "123456789012".into(), managed, ..Library::default() })
}

fn rule_set(folder: &Path) -> Result<RuleSet, Exit> {
    let files = super::ftw::rules(folder, None).map_err(|error| output::unfinished(&format!("{}: {error}", folder.display())))?;
    waf::seclang::load(&files, &files.order()).map_err(|problems| {
        problems.iter().for_each(|problem| output::error(&problem.to_string()));
        Exit::Unfinished
    })
}

/// The web ACL of a file: AWS's JSON, or a CloudFormation template.
///
/// # Errors
/// After it was said why.
pub fn load(which: &Acl) -> Result<WebAcl, Exit> {
    let name = which.acl.to_string_lossy();
    let (documents, troubles) = read::document(&name, &text(&which.acl)?);
    let Some(document) = documents.first().filter(|_| troubles.is_empty()) else {
        if troubles.is_empty() {
            output::error(&format!("{name}:1:1: is empty; give a web ACL"));
        }
        return Err(said(&troubles));
    };
    if document.get("Resources").is_some() {
        return from_template(which);
    }
    WebAcl::from_aws_json(document, &library(which)?).map_err(|troubles| said(&troubles))
}

fn from_template(which: &Acl) -> Result<WebAcl, Exit> {
    let mut options = read::Options::default();
    for parameter in &which.parameters {
        let Some((name, value)) = parameter.split_once('=') else {
            output::error(&format!("`--parameter {parameter}` has no `=`: write NAME=VALUE"));
            return Err(Exit::Usage);
        };
        options.parameters.insert((None, name.to_owned()), value.to_owned());
    }
    let app = read::application(&which.acl, &options);
    let all: Vec<_> = app.of_kind("AWS::WAFv2::WebACL").chain(app.of_kind("AWS::WAFRegional::WebACL")).collect();
    let is = |wanted: &str, resource: &model::Resource| {
        &*resource.id.logical == wanted || resource.properties.get("Name").and_then(Node::str) == Some(wanted)
    };
    let found: Vec<_> = all.iter().filter(|resource| which.name.as_ref().is_none_or(|wanted| is(wanted, resource))).collect();
    match found.as_slice() {
        [resource] if resource.kind == "AWS::WAFRegional::WebACL" => {
            waf::classic::from_cloudformation(&app, resource).map_err(|troubles| said(&troubles))
        }
        [resource] => WebAcl::from_cloudformation(&app, resource, &library(which)?).map_err(|troubles| said(&troubles)),
        [] => {
            output::error(&format!("{}:1:1: has no such AWS::WAFv2::WebACL; name a file that has one", which.acl.display()));
            Err(Exit::Nothing)
        }
        several => {
            let names: Vec<&str> = several.iter().map(|resource| &*resource.id.logical).collect();
            output::error(&format!("{}: has several web ACLs; choose one with --name: {}", several[1].place, names.join(", ")));
            Err(Exit::Usage)
        }
    }
}
