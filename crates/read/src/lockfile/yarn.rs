//! `yarn.lock`, of version 1 (Yarn Classic's documentation, "yarn.lock") and of Berry, which is YAML of the same shape.

use super::found::{Answers, Lock, need, package};
use super::text::Text;
use crate::document::trouble;
use model::deps::{Ecosystem, Need};
use std::collections::HashMap;

const NPM: Ecosystem = Ecosystem::Npm;
/// Sections of an entry that name packages.
const SECTIONS: [&str; 3] = ["dependencies:", "optionalDependencies:", "peerDependencies:"];

/// Reads a lock.
pub(super) fn lock(file: &str, body: &str) -> Lock {
    let text = Text::new(file, body);
    let mut lock = Lock::default();
    let mut asked: HashMap<String, usize> = HashMap::new();
    // The entry that is open, and whether its lines name packages.
    let (mut open, mut naming): (Option<usize>, bool) = (None, false);
    let mut unread: Option<&str> = None;
    for line in text.lines() {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if indent == 0 {
            (open, naming) = (None, false);
            let Some(descriptors) = content.strip_suffix(':') else {
                unread = unread.or(Some(content));
                continue;
            };
            if descriptors == "__metadata" {
                continue;
            }
            let index = lock.packages.len();
            let mut name = "";
            for descriptor in descriptors.split(", ").flat_map(|part| bare(part).split(", ")) {
                if let Some((own, range)) = split(descriptor) {
                    // `alias@npm:real@^1` installs `real`.
                    name = range.strip_prefix("npm:").and_then(split).map_or(own, |(real, _)| real);
                    asked.insert(descriptor.to_owned(), index);
                }
            }
            if !name.is_empty() {
                lock.packages.push(package(NPM, name, "", text.slice(content)));
                open = Some(index);
            }
            continue;
        }
        let Some(found) = open.and_then(|index| lock.packages.get_mut(index)) else { continue };
        if indent <= 2 {
            naming = SECTIONS.contains(&content);
            match pair(content) {
                // What comes from git or a folder has a version too, but none that a registry gave.
                Some(("version", version)) => version.clone_into(&mut found.version),
                Some(("resolved" | "resolution", from)) if elsewhere(from) => {
                    found.version.clear();
                    lock.foreign.extend(open);
                }
                _ => {}
            }
        } else if naming
            && indent <= 4
            && let Some((name, range)) = pair(content)
        {
            found.needs.push(need(NPM, name, range));
        }
    }
    for index in 0..lock.packages.len() {
        let linked: Vec<Need> = lock.packages[index].needs.drain(..).map(|need| linked(need, &asked)).collect();
        lock.packages[index].needs = linked;
    }
    // Entries of workspaces are the application's own.
    for (descriptor, index) in &asked {
        if descriptor.contains("@workspace:")
            && let Some(own) = lock.packages.get_mut(*index)
        {
            own.version.clear();
        }
    }
    if let Some(line) = unread {
        let help = "write it anew with `yarn install`";
        lock.troubles.push(trouble("not assessed: this line is none of a lock of yarn", text.slice(line), help));
    }
    lock.answers = Answers::Range(asked);
    lock
}

fn linked(need: Need, asked: &HashMap<String, usize>) -> Need {
    let exact = asked.get(&format!("{}@{}", need.name, need.range)).or_else(|| asked.get(&format!("{}@npm:{}", need.name, need.range)));
    Need { package: exact.copied(), ..need }
}

fn elsewhere(from: &str) -> bool {
    from.contains("git+")
        || from.contains("git@")
        || from.contains(".git#")
        || from.contains("@file:")
        || from.contains("@link:")
        || from.contains("@patch:")
}

fn bare(text: &str) -> &str {
    text.trim().trim_matches('"')
}

/// `@scope/name@^1.0` to name and range.
fn split(descriptor: &str) -> Option<(&str, &str)> {
    let at = descriptor.get(1..)?.find('@')? + 1;
    Some((descriptor.get(..at)?, descriptor.get(at + 1..)?))
}

/// `name "range"` and `name: range`.
fn pair(content: &str) -> Option<(&str, &str)> {
    let (name, value) = match content.strip_prefix('"') {
        Some(rest) => {
            let end = rest.find('"')?;
            (rest.get(..end)?, rest.get(end + 1..)?)
        }
        None => content.split_at(content.find([' ', ':'])?),
    };
    Some((name, bare(value.trim_start_matches(':'))))
}
