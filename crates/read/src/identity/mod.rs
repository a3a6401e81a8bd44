//! Physical ids, ARNs and attributes of resources that were never deployed: of the form AWS gives them, the same in
//! every run, and a name the template gives wins.

mod table;

use sha2::{Digest, Sha256};
use table::{Row, TABLE};

/// What AWS would call a resource.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// What `Ref` gives.
    pub physical_id: String,
    /// The ARN, for types that have one.
    pub arn: Option<String>,
    row: Option<&'static Row>,
    names: Names,
}

/// What identifiers are made of.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// `aws`.
    pub partition: String,
    /// `us-east-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// The stack's name.
    pub stack: String,
    /// The logical id.
    pub logical: String,
}

/// The property that names a resource of this type, if AWS lets the template choose the name.
pub(crate) fn name_property(kind: &str) -> Option<&'static str> {
    find(kind).map(|row| row.name).filter(|name| !name.is_empty())
}

fn find(kind: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.kind == kind)
}

impl Identity {
    /// The identity of a resource of this type. `property` gives the text of a property where it is known.
    pub(crate) fn of(kind: &str, names: Names, property: &dyn Fn(&str) -> Option<String>) -> Self {
        let Some(row) = find(kind) else {
            let physical_id = names.generated(usize::MAX);
            return Self { physical_id, arn: None, row: None, names };
        };
        let explicit = name_property(kind).and_then(property);
        let mut maker = Maker { names: &names, explicit, id: String::new(), arn: String::new(), property };
        maker.id = maker.fill(row.id);
        maker.arn = maker.fill(row.arn);
        let (physical_id, arn) = (maker.id, Some(maker.arn).filter(|arn| !arn.is_empty()));
        Self { physical_id, arn, row: Some(row), names }
    }

    /// The value of `Fn::GetAtt`; nothing when the type or the attribute is not known.
    pub(crate) fn attribute(&self, name: &str, property: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let row = self.row?;
        let explicit = Some(row.name).filter(|name| !name.is_empty()).and_then(property);
        let maker =
            Maker { names: &self.names, explicit, id: self.physical_id.clone(), arn: self.arn.clone().unwrap_or_default(), property };
        match row.attributes.iter().find(|(attribute, _)| *attribute == name) {
            Some((_, template)) => Some(maker.fill(template)),
            None if name == "Arn" => self.arn.clone(),
            None => None,
        }
    }

    /// Whether the type's attributes are known at all.
    pub(crate) fn is_known_type(&self) -> bool {
        self.row.is_some()
    }
}

impl Names {
    /// `<stack>-<logical>-<12 letters>`, as CloudFormation names what the template does not.
    fn generated(&self, limit: usize) -> String {
        let hash = self.draw("name", UPPER, 12);
        let body = format!("{}-{}", self.stack, self.logical);
        let kept: String = body.chars().take(limit.saturating_sub(13)).collect();
        format!("{kept}-{hash}")
    }

    /// Letters of an alphabet, drawn from a hash of stack, logical id and purpose.
    fn draw(&self, purpose: &str, alphabet: &[u8], length: usize) -> String {
        draw(&format!("{}\0{}\0{purpose}", self.stack, self.logical), alphabet, length)
    }
}

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const MIXED: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const HEX: &[u8] = b"0123456789abcdef";
const DIGITS: &[u8] = b"0123456789";

fn draw(seed: &str, alphabet: &[u8], length: usize) -> String {
    let mut out = String::with_capacity(length);
    let mut block = 0u32;
    while out.len() < length {
        let mut hash = Sha256::new();
        hash.update(seed.as_bytes());
        hash.update(block.to_be_bytes());
        let letters = hash.finalize();
        out.extend(
            letters.iter().take(length - out.len()).filter_map(|byte| alphabet.get(*byte as usize % alphabet.len())).map(|b| *b as char),
        );
        block += 1;
    }
    out
}

struct Maker<'a> {
    names: &'a Names,
    explicit: Option<String>,
    id: String,
    arn: String,
    property: &'a dyn Fn(&str) -> Option<String>,
}

impl Maker<'_> {
    fn fill(&self, template: &str) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            let (before, after) = rest.split_at(open);
            out.push_str(before);
            let close = closing(after);
            out.push_str(&self.part(after.get(1..close).unwrap_or_default()));
            rest = after.get(close + 1..).unwrap_or_default();
        }
        out + rest
    }

    fn part(&self, part: &str) -> String {
        if let Some(property) = part.strip_prefix("p:") {
            let (property, default) = property.split_once('=').unwrap_or((property, ""));
            let (default, as_arn) = match default.strip_suffix(":arn") {
                Some(default) => (default, true),
                None => (default, false),
            };
            let value = (self.property)(property).unwrap_or_else(|| self.fill(default));
            return match as_arn && !value.starts_with("arn:") {
                true => format!("arn:{}:lambda:{}:{}:function:{value}", self.names.partition, self.names.region, self.names.account),
                false => value,
            };
        }
        let names = self.names;
        match part {
            "partition" => names.partition.clone(),
            "region" => names.region.clone(),
            "account" => names.account.clone(),
            "suffix" => if names.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }.to_owned(),
            "logical" => names.logical.clone(),
            "id" => self.id.clone(),
            "arn" => self.arn.clone(),
            "name" => self.name(128),
            "name:64" => self.name(64),
            "name:bare" => self.name(128).trim_start_matches('/').to_owned(),
            "name:lower" => self.name(63).to_lowercase(),
            "name:bucket" => self.explicit.clone().unwrap_or_else(|| self.name(63).to_lowercase().replace('_', "-")),
            "octet" => (draw(&names.logical, DIGITS, 2).parse::<u8>().unwrap_or(0) + 10).to_string(),
            "uuid" => {
                let hex = names.draw("uuid", HEX, 30);
                let at = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
                format!("{}-{}-4{}-8{}-{}", at(0, 8), at(8, 12), at(12, 15), at(15, 18), at(18, 30))
            }
            _ => self.drawn(part),
        }
    }

    fn name(&self, limit: usize) -> String {
        self.explicit.clone().unwrap_or_else(|| self.names.generated(limit))
    }

    /// `hex17`, `alnum10`, `Alnum6`, `upper12`, `digits12`, `regional12`.
    fn drawn(&self, part: &str) -> String {
        let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let length = part.get(letters.len()..).and_then(|n| n.parse().ok()).unwrap_or(0);
        match letters {
            "hex" => self.names.draw("id", HEX, length),
            "alnum" => self.names.draw("id", LOWER, length),
            "Alnum" => self.names.draw("id", MIXED, length),
            "upper" => self.names.draw("id", UPPER, length),
            "digits" => self.names.draw("id", DIGITS, length),
            "root" => self.names.draw("root", LOWER, length),
            "regional" => draw(&format!("{}\0{}", self.names.account, self.names.region), LOWER, length),
            _ => String::new(),
        }
    }
}

/// The index of the brace that closes the one at the start.
fn closing(text: &str) -> usize {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}
