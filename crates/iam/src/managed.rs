//! Documents of AWS managed policies, as of the pinned version of the PyPI package `moto` (Apache-2.0; see `data/NOTICE`).
//! Embedded, decoded on first use. Those of service-linked roles and a few very long ones of single products are not here:
//! one that is not here is unknown, and never nothing. `cargo run -p xtask -- managed` writes the table and says its form.

use crate::policy::Policy;
use model::Place;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Read;
use std::ops::Range;
use std::sync::OnceLock;

struct Table {
    /// Package and version, which a test holds.
    #[cfg_attr(not(test), expect(dead_code))]
    source: &'static str,
    /// Patterns of actions, one after the other.
    patterns: String,
    /// Where each of them ends.
    ends: Vec<u32>,
    /// By name: its statements among the lines of the two sections.
    policies: HashMap<&'static str, Range<usize>>,
    /// A statement without its actions.
    statements: Vec<&'static str>,
    /// Its actions, as positions among the patterns.
    actions: Vec<&'static str>,
}

static TABLE: OnceLock<Table> = OnceLock::new();
static TEXT: OnceLock<String> = OnceLock::new();

fn table() -> &'static Table {
    TABLE.get_or_init(|| {
        Table::read(TEXT.get_or_init(|| {
            let mut text = String::new();
            let mut decoder = flate2::read::DeflateDecoder::new(&include_bytes!("../data/managed.deflate")[..]);
            // The bytes are our own; a test decodes them whole.
            let _ = decoder.read_to_string(&mut text);
            text
        }))
    })
}

impl Table {
    fn read(text: &'static str) -> Self {
        let mut lines = text.lines();
        let mut out = Self {
            source: lines.next().unwrap_or_default(),
            patterns: String::with_capacity(text.len()),
            ends: Vec::new(),
            policies: HashMap::new(),
            statements: Vec::new(),
            actions: Vec::new(),
        };
        let (mut service, mut before) = ("", String::new());
        for line in lines.by_ref().take_while(|line| *line != "=") {
            let Some(mark) = line.bytes().next() else { continue };
            let rest = line.get(1..).unwrap_or_default();
            match mark {
                b'=' => out.patterns.push_str(rest),
                b'@' => {
                    (service, before) = (rest, String::new());
                    continue;
                }
                _ => {
                    before.truncate(usize::from(mark.saturating_sub(33)));
                    before.push_str(rest);
                    out.patterns.push_str(service);
                    out.patterns.push(':');
                    out.patterns.push_str(&before);
                }
            }
            out.ends.push(out.patterns.len() as u32);
        }
        out.patterns.shrink_to_fit();
        let mut own: Option<(&'static str, usize)> = None;
        for line in lines.by_ref().take_while(|line| *line != "=") {
            match line.strip_prefix('@') {
                Some(name) => {
                    let end = out.statements.len();
                    out.policies.extend(own.replace((name.rsplit('/').next().unwrap_or(name), end)).map(|(name, at)| (name, at..end)));
                }
                None => out.statements.push(line),
            }
        }
        let end = out.statements.len();
        out.policies.extend(own.map(|(name, at)| (name, at..end)));
        out.actions = lines.collect();
        out
    }

    /// The document of a policy.
    fn document(&self, name: &str, partition: &str) -> Option<Value> {
        let statements = self.policies.get(name)?.clone().map(|at| self.statement(at, partition));
        Some(json!({"Version": "2012-10-17", "Statement": statements.collect::<Option<Vec<Value>>>()?}))
    }

    fn statement(&self, at: usize, partition: &str) -> Option<Value> {
        let mut parts = self.statements.get(at)?.splitn(3, '|');
        let (head, resources) = (parts.next()?, parts.next()?);
        let effect = if head.starts_with('A') { "Allow" } else { "Deny" };
        let action = if head.ends_with('!') { "NotAction" } else { "Action" };
        let (resource, resources) = resources.strip_prefix('!').map_or(("Resource", resources), |rest| ("NotResource", rest));
        let arn = format!("arn:{partition}:");
        let resources: Vec<String> = resources.split(' ').map(|text| text.replace('~', &arn)).collect();
        let mut out = json!({"Effect": effect, action: self.named(self.actions.get(at)?)?, resource: resources});
        if let Some(condition) = parts.next() {
            out["Condition"] = serde_json::from_str(&condition.replace("arn:aws:", &arn)).ok()?;
        }
        Some(out)
    }

    fn pattern(&self, at: usize) -> Option<&str> {
        let start = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.patterns.get(start as usize..*self.ends.get(at)? as usize)
    }

    /// The actions at these positions: differences in base 39.
    fn named(&self, positions: &str) -> Option<Vec<&str>> {
        let (mut out, mut at, mut value) = (Vec::new(), 0, 0);
        for byte in positions.bytes() {
            match byte {
                48..=86 => value = value * 39 + usize::from(byte - 48),
                87..=125 => {
                    at += value * 39 + usize::from(byte - 87);
                    value = 0;
                    out.push(self.pattern(at)?);
                }
                _ => return None,
            }
        }
        Some(out)
    }
}

/// The AWS managed policy with this ARN, if its document is known here; `place` is where it is attached.
pub(crate) fn policy(arn: &str, place: &Place) -> Option<Policy> {
    let (partition, path) = arn.strip_prefix("arn:")?.split_once(":iam::aws:policy/")?;
    let name = path.rsplit('/').next()?;
    Some(Policy::from_json(name, &table().document(name, partition)?, place))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{policy, table};
    use crate::lint::{Attached, lint};
    use crate::statement::Effect;
    use model::Place;

    fn known(name: &str) -> crate::Policy {
        policy(&format!("arn:aws:iam::aws:policy/{name}"), &Place::new("t.yaml", 3, 5)).unwrap()
    }

    #[test]
    fn whole() {
        let all = table();
        assert_eq!(all.source, "moto 5.2.5");
        assert_eq!((all.policies.len(), all.statements.len()), (1204, all.actions.len()));
        assert!(include_bytes!("../data/managed.deflate").len() <= 150 * 1024);
        let place = Place::new("t.yaml", 1, 1);
        for name in all.policies.keys() {
            let policy = policy(&format!("arn:aws:iam::aws:policy/{name}"), &place).unwrap();
            assert!(policy.problems.is_empty() && !policy.statements.is_empty(), "{name}: {:?}", policy.problems);
            assert!(policy.statements.iter().all(|s| s.unknown.is_none() && !s.actions.any_of.is_empty()), "{name}");
        }
    }

    #[test]
    fn documents() {
        let texts = |policy: &crate::Policy| -> Vec<String> {
            policy.statements.iter().flat_map(|s| s.actions.any_of.iter().map(|p| p.text.text.to_string())).collect()
        };
        assert_eq!(texts(&known("AdministratorAccess")), ["*"]);
        assert_eq!(texts(&known("AmazonS3FullAccess")), ["s3-object-lambda:*", "s3:*"]);
        let basic = known("service-role/AWSLambdaBasicExecutionRole");
        assert_eq!(texts(&basic), ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]);
        assert_eq!((&*basic.name, basic.place.to_string()), ("AWSLambdaBasicExecutionRole", "t.yaml:3:5".to_owned()));
        let power = known("PowerUserAccess");
        assert!(power.statements[0].actions.not && power.statements[0].effect == Effect::Allow);
        let lambda = known("AWSLambda_FullAccess");
        let pass = lambda.statements.iter().find(|s| s.actions.any_of.iter().any(|p| &*p.text.text == "iam:PassRole")).unwrap();
        assert_eq!(&*pass.conditions[0].key, "iam:PassedToService");
        // What it denies is kept as well.
        assert!(lint(&known("AWSDenyAll"), Attached::Identity).len() < 3 && known("AWSDenyAll").statements[0].effect == Effect::Deny);
        let china = policy("arn:aws-cn:iam::aws:policy/AWSLambda_FullAccess", &Place::new("t", 1, 1)).unwrap();
        let resources = china.statements.iter().flat_map(|s| s.resources.iter().flat_map(|r| &*r.any_of));
        assert!(resources.map(|p| p.text.text.to_string()).any(|text| text.starts_with("arn:aws-cn:logs:")));
    }

    #[test]
    fn what_is_not_known_is_not_there() {
        let place = Place::new("t", 1, 1);
        for arn in ["arn:aws:iam::aws:policy/NoSuchPolicy", "arn:aws:iam::123456789012:policy/AdministratorAccess", "AdministratorAccess"] {
            assert!(policy(arn, &place).is_none(), "{arn}");
        }
    }
}
