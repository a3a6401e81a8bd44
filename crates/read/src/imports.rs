//! Exports and imports between templates read together. A template does not say what its stack is called, yet
//! exports are commonly named after it (`!Sub ${AWS::StackName}-Subnet`) and the importing template has that name as a
//! parameter's default. So the name is the one that makes the imports resolve.

use crate::stacks::Stacks;
use model::{Kind, Node};
use std::collections::{BTreeMap, HashSet};

/// Stands for the stack's name while the form of export names is found out.
const MARK: &str = "\u{1}";

/// Names the exporting stacks, then fills [`Stacks::exports`].
pub(crate) fn resolve(stacks: &mut Stacks) {
    let wanted = wanted(stacks);
    let mut taken: HashSet<String> = stacks.stacks.iter().map(|stack| stack.name.clone()).collect();
    for at in 0..stacks.stacks.len() {
        if stacks.stacks[at].named {
            continue;
        }
        let old = stacks.stacks[at].name.clone();
        stacks.stacks[at].rename(MARK.to_owned());
        let forms: Vec<String> = exports(stacks, at).into_iter().map(|(name, _)| name).collect();
        let new = infer(&forms, &wanted).filter(|name| !taken.contains(name)).unwrap_or(old);
        taken.insert(new.clone());
        stacks.stacks[at].rename(new);
    }
    for at in 0..stacks.stacks.len() {
        for (name, output) in exports(stacks, at) {
            stacks.exports.borrow_mut().entry(name).or_insert((at, output));
        }
    }
    // Evaluating names early may have met imports that are only now resolvable.
    stacks.imported.borrow_mut().clear();
    stacks.take_troubles();
}

/// Names that some template imports.
fn wanted(stacks: &Stacks) -> HashSet<String> {
    let mut names = HashSet::new();
    for (at, stack) in stacks.stacks.iter().enumerate() {
        let mut open: Vec<&Node> = vec![&stack.template];
        while let Some(node) = open.pop() {
            match &node.kind {
                Kind::List(items) => open.extend(items),
                Kind::Map(members) => {
                    for member in members {
                        if member.key == "Fn::ImportValue" {
                            names.extend(stacks.eval(at, &member.value, 0).and_then(|name| name.scalar()));
                        }
                        open.push(&member.value);
                    }
                }
                _ => {}
            }
        }
    }
    names
}

/// Export name and output of one stack, where the name is known.
fn exports(stacks: &Stacks, at: usize) -> Vec<(String, String)> {
    let outputs = stacks.stacks[at].template.get("Outputs").map(Node::members).unwrap_or_default();
    let named = outputs.iter().filter_map(|output| {
        let name = stacks.eval(at, output.value.at(&["Export", "Name"])?, 0)?.scalar()?;
        Some((name, output.key.clone()))
    });
    named.collect()
}

/// The stack name under which most of the wanted names are exported; the first by alphabet among equals.
fn infer(forms: &[String], wanted: &HashSet<String>) -> Option<String> {
    let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
    for form in forms {
        let Some((before, after)) = form.split_once(MARK).filter(|(before, after)| !(before.is_empty() && after.is_empty())) else {
            continue;
        };
        for name in wanted {
            if let Some(stack) = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).filter(|stack| !stack.is_empty()) {
                *votes.entry(stack).or_default() += 1;
            }
        }
    }
    let most = votes.values().copied().max()?;
    votes.into_iter().find(|(_, count)| *count == most).map(|(stack, _)| stack.to_owned())
}
