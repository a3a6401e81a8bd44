//! Keys that stand twice in one mapping. CloudFormation accepts them and takes the last, in JSON as in YAML
//! (aws-cloudformation/cfn-language-discussion, issue 96), so what stood there first is never deployed.

use super::trouble;
use model::{Kind, Node, Trouble};
use std::collections::HashMap;

/// Takes the overwritten members away, and names each with both places.
pub(crate) fn only_last(node: &mut Node, troubles: &mut Vec<Trouble>) {
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|item| only_last(item, troubles)),
        Kind::Map(members) => {
            let mut last: HashMap<&str, usize> = HashMap::new();
            let mut dropped = Vec::new();
            for (at, member) in members.iter().enumerate() {
                if let Some(before) = last.insert(&member.key, at) {
                    dropped.push((before, at));
                }
            }
            for (before, after) in &dropped {
                if let (Some(before), Some(after)) = (members.get(*before), members.get(*after)) {
                    let says = format!("the key {} stands twice: {} is overwritten by this one", after.key, before.key_place);
                    troubles.push(trouble(says, after.key_place.clone(), "remove one of them; CloudFormation takes the last"));
                }
            }
            let gone: Vec<usize> = dropped.into_iter().map(|(before, _)| before).collect();
            if !gone.is_empty() {
                let mut at = 0;
                members.retain(|_| {
                    at += 1;
                    !gone.contains(&(at - 1))
                });
            }
            members.iter_mut().for_each(|member| only_last(&mut member.value, troubles));
        }
        _ => {}
    }
}
