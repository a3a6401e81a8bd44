//! Nested stacks (`AWS::CloudFormation::Stack`) whose template is a local file: the child's resources join the application,
//! its parameters are what the parent passes, its outputs are what `Fn::GetAtt` of the parent gives.

use crate::cdk::{self, Assets};
use crate::files::{Folder, relative};
use crate::stacks::Stacks;
use model::Node;
use std::collections::BTreeMap;

/// Children of children that are followed.
const MAX_LEVELS: usize = 16;
/// Stacks that one folder may make.
const MAX_STACKS: usize = 2_000;

/// Joins children to their parents. A template that several parents use, or one parent several times, is one stack each.
pub(crate) fn join(stacks: &mut Stacks, files: &Folder) {
    let by_file: BTreeMap<String, usize> = stacks.stacks.iter().enumerate().map(|(at, stack)| (stack.file.clone(), at)).collect();
    let mut parent = 0;
    while parent < stacks.stacks.len() && stacks.stacks.len() < MAX_STACKS {
        for (logical, file) in children(stacks, parent, files) {
            let Some(child) = by_file.get(&file).copied() else {
                let place = stacks.stacks.get(parent).and_then(|stack| stack.resource(&logical)).map(|node| node.place.clone());
                if let Some(place) = place {
                    let says = format!("the nested stack {logical} has its template in {file}, which was not read: it is not assessed");
                    stacks.note(says, &place, "read the folder that holds both");
                }
                continue;
            };
            if level(stacks, parent) > MAX_LEVELS || child == parent {
                continue;
            }
            let name = stacks.stacks.get(parent).map(|stack| format!("{}-{logical}", stack.name)).unwrap_or_default();
            let is_free = stacks.stacks.get(child).is_some_and(|stack| stack.parent.is_none() && !is_above(stacks, child, parent));
            let at = match is_free {
                true => child,
                false => {
                    let Some(copy) = stacks.stacks.get(child).map(|stack| stack.copy()) else { continue };
                    stacks.stacks.push(copy);
                    stacks.stacks.len() - 1
                }
            };
            if let Some(stack) = stacks.stacks.get_mut(at) {
                stack.rename(name);
                stack.named = true;
                stack.parent = Some((parent, logical.clone()));
            }
            if let Some(stack) = stacks.stacks.get_mut(parent) {
                stack.children.insert(logical, at);
            }
        }
        parent += 1;
    }
}

/// Whether `stack` is `other` or one of those it is nested in.
fn is_above(stacks: &Stacks, stack: usize, other: usize) -> bool {
    let mut at = Some(other);
    for _ in 0..MAX_LEVELS {
        match at {
            Some(found) if found == stack => return true,
            Some(found) => at = stacks.stacks.get(found).and_then(|stack| stack.parent.as_ref()).map(|(parent, _)| *parent),
            None => return false,
        }
    }
    true
}

fn level(stacks: &Stacks, stack: usize) -> usize {
    let parent = |at: usize| stacks.stacks.get(at).and_then(|stack| stack.parent.as_ref()).map(|(parent, _)| *parent);
    std::iter::successors(Some(stack), |at| parent(*at)).take(MAX_LEVELS + 2).count()
}

/// Logical id and template of each nested stack that names a local file.
fn children(stacks: &Stacks, at: usize, files: &Folder) -> Vec<(String, String)> {
    let Some(stack) = stacks.stacks.get(at) else { return Vec::new() };
    let resources = stack.template.get("Resources").map(Node::members).unwrap_or_default();
    let mut assets = None;
    let mut found = Vec::new();
    for member in resources {
        if member.value.get("Type").and_then(Node::str) != Some("AWS::CloudFormation::Stack") {
            continue;
        }
        let Some(url) = member.value.at(&["Properties", "TemplateURL"]) else { continue };
        let assets = assets.get_or_insert_with(|| Assets::of(&stack.file, files));
        let file =
            cdk::by_metadata(&member.value, "TemplateURL", &stack.file).or_else(|| assets.path(url).map(str::to_owned)).or_else(|| {
                let written = stacks.eval(at, url, 0)?.scalar()?;
                if written.contains("://") { None } else { relative(&stack.file, &written) }
            });
        match file {
            Some(file) => found.push((member.key.clone(), file)),
            None => {
                let says = format!("the nested stack {} has its template elsewhere: it is not assessed", member.key);
                stacks.note(says, &member.key_place, "read its template together with this one, by a local TemplateURL");
            }
        }
    }
    found
}
