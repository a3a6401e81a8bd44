//! Cases out of a fuzzer's bytes, and the slow twin of the wildcard matcher. Each byte picks one thing, so that small
//! changes of the input are small changes of the case. Decides nothing.

use serde_json::{Map, Value, json};

/// The reference interpreter of the engine's own tests.
#[path = "../../crates/iam/tests/reference/mod.rs"]
pub mod reference;

/// The caller's account.
pub const OWN: &str = "123456789012";
const USER: &str = "arn:aws:iam::123456789012:user/dev";
const ROLE: &str = "arn:aws:iam::123456789012:role/app";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/app/s1";
const ROOT: &str = "arn:aws:iam::123456789012:root";
const LINKED: &str = "arn:aws:sts::123456789012:assumed-role/AWSServiceRoleForX/s";
const PRINCIPALS: [&str; 6] = [USER, SESSION, ROOT, LINKED, "sns.amazonaws.com", "*"];
const NAMES: [&str; 8] = [USER, ROLE, SESSION, ROOT, OWN, "999999999999", "arn:aws:iam::123456789012:user/eve", "*"];
const ACTIONS: [&str; 6] = ["s3:GetObject", "s3:PutObject", "sqs:SendMessage", "sts:AssumeRole", "dynamodb:GetItem", "s3:ListAllMyBuckets"];
const ACTION_PATTERNS: [&str; 12] = [
    "*",
    "s3:*",
    "s3:get*",
    "S3:?utObject",
    "s3:GetObject",
    "sqs:*",
    "*:*Object",
    "sts:AssumeRole",
    "dynamodb:*Item",
    "s3:List*",
    "s3:*t",
    " s3:PutObject ",
];
const RESOURCES: [&str; 7] = [
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/dev/x:y",
    "arn:aws:sqs:us-east-1:123456789012:queue1",
    "arn:aws:dynamodb:us-east-1:123456789012:table/t",
    "arn:aws:iam::123456789012:role/app",
    "arn:aws:s3:::b",
    "*",
];
const VALUES: [&str; 10] = ["a", "a*", "A", "ab", "${aws:username}", "${aws:PrincipalTag/t}", "${aws:PrincipalTag/t, 'd'}", "?", "", "dev"];
/// Pieces that patterns are put together from.
const PIECES: [&str; 24] = [
    "*",
    "?",
    ":",
    "/",
    "arn:aws:s3:::",
    "arn:aws:sqs:",
    "us-east-1",
    OWN,
    "b",
    "k",
    "dev",
    "queue1",
    "x",
    "y",
    "${aws:username}",
    "${*}",
    "${?}",
    "${$}",
    "${aws:PrincipalTag/t, 'dev'}",
    "arn:",
    "table/",
    "role/",
    "arn:aws:dynamodb:",
    "é",
];

/// A source of choices; after its end every choice is the first.
pub struct Picker<'a>(pub &'a [u8]);

impl<'a> Picker<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    /// One of them.
    pub fn of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// One text, or a list of up to three.
    fn texts(&mut self, mut one: impl FnMut(&mut Self) -> String) -> Value {
        match self.below(4) {
            0 => json!([one(self), one(self)]),
            1 => json!([one(self), one(self), one(self)]),
            _ => json!(one(self)),
        }
    }

    /// A pattern for resources: a known one, or one put together.
    pub fn pattern(&mut self) -> String {
        match self.below(3) {
            0 => self.of(&RESOURCES).to_owned(),
            1 => format!("arn:aws:s3:::b/{}", self.pieces(3)),
            _ => self.pieces(5),
        }
    }

    /// Up to `most` pieces in a row.
    pub fn pieces(&mut self, most: usize) -> String {
        (0..=self.below(most)).map(|_| self.of(&PIECES)).collect()
    }

    fn condition(&mut self) -> (String, Value) {
        const OPERATORS: [(&str, &str); 22] = [
            ("StringEquals", "x:s"),
            ("StringNotEquals", "x:s"),
            ("StringEqualsIgnoreCase", "x:s"),
            ("StringNotEqualsIgnoreCase", "x:s"),
            ("StringLike", "x:s"),
            ("StringNotLike", "x:s"),
            ("NumericEquals", "x:n"),
            ("NumericNotEquals", "x:n"),
            ("NumericLessThan", "x:n"),
            ("NumericLessThanEquals", "x:n"),
            ("NumericGreaterThan", "x:n"),
            ("NumericGreaterThanEquals", "x:n"),
            ("Bool", "x:b"),
            ("ArnLike", "x:a"),
            ("ArnEquals", "x:a"),
            ("ArnNotEquals", "x:a"),
            ("ArnNotLike", "x:a"),
            ("IpAddress", "x:i"),
            ("NotIpAddress", "x:i"),
            ("Null", "x:s"),
            ("StringEquals", "aws:username"),
            ("StringLike", "aws:PrincipalTag/t"),
        ];
        let (name, key) = self.of(&OPERATORS);
        let set = self.of(&["", "", "ForAllValues:", "ForAnyValue:"]);
        let set = if name == "Null" { "" } else { set };
        let suffix = if name != "Null" && self.below(3) == 0 { "IfExists" } else { "" };
        let values = self.texts(|own| match key {
            _ if name == "Null" => own.of(&["true", "false"]).into(),
            "x:n" => own.of(&["1", "10", "10.5", "ten", "-3", "1e1"]).into(),
            "x:b" => own.of(&["true", "false", "True", "x"]).into(),
            "x:a" => own.of(&["arn:aws:sns:*:*:t*", "arn:aws:sns:us-east-1:1:t:a", "arn:aws:sns:*", "arn:aws:s*:us-?ast-1:1:*a"]).into(),
            "x:i" => own.of(&["10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "nothing", "10.1.2.0/23"]).into(),
            _ => own.of(&VALUES).to_owned(),
        });
        (format!("{set}{name}{suffix}"), json!({ key: values }))
    }

    fn statement(&mut self, principals: bool) -> Value {
        self.statement_of(principals, &ACTION_PATTERNS, 3)
    }

    /// A statement with actions of a pool; one of `conditions` has one condition, one has two.
    fn statement_of(&mut self, principals: bool, pool: &[&str], conditions: usize) -> Value {
        let mut out = Map::new();
        let effect = self.of(&["Allow", "Allow", "Deny"]);
        out.insert("Effect".into(), json!(effect));
        let forms = self.byte();
        let actions = self.texts(|own| own.of(pool).into());
        out.insert(if forms & 3 == 3 && pool.contains(&"*") { "NotAction" } else { "Action" }.into(), actions);
        let resources = self.texts(Self::pattern);
        out.insert(if forms & 12 == 12 { "NotResource" } else { "Resource" }.into(), resources);
        if principals {
            let names = match self.below(4) {
                0 => json!("*"),
                1 => json!({"Service": "sns.amazonaws.com"}),
                _ => json!({"AWS": self.texts(|own| own.of(&NAMES).into())}),
            };
            let not = effect == "Deny" && forms & 48 == 48 && names.get("AWS").is_some() && !names["AWS"].to_string().contains('*');
            out.insert(if not { "NotPrincipal" } else { "Principal" }.into(), names);
        }
        let block: Map<String, Value> = (0..(self.below(conditions) + 3).saturating_sub(conditions)).map(|_| self.condition()).collect();
        if !block.is_empty() {
            out.insert("Condition".into(), block.into());
        }
        out.into()
    }

    /// A policy document for `compare`, whose time grows with the types of resources that its actions take and with the
    /// values that its conditions tell apart: one or two statements on a few actions, in one of thirty-two on anything.
    pub fn small_policy(&mut self) -> Value {
        const FEW: [&str; 10] = [
            "s3:GetObject",
            "S3:?utObject",
            "s3:Get*Acl",
            "s3:*Object",
            "sqs:SendMessage",
            "sqs:*Message",
            "dynamodb:*Item",
            "sts:AssumeRole",
            "s3:List*",
            "s3:NoSuchAction",
        ];
        let few: &[&str] = if self.below(32) == 31 { &ACTION_PATTERNS } else { &FEW };
        let statements: Vec<Value> = (0..=self.below(2)).map(|_| self.statement_of(false, few, 6)).collect();
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    /// A policy document.
    pub fn policy(&mut self, principals: bool) -> Value {
        let version = if self.below(4) == 0 { "2008-10-17" } else { "2012-10-17" };
        let statements: Vec<Value> = (0..self.below(4)).map(|_| self.statement(principals)).collect();
        json!({"Version": version, "Statement": statements})
    }

    fn context(&mut self) -> Value {
        let mut out = Map::new();
        let several = |own: &mut Self, pool: &[&str]| match own.below(5) {
            0 => None,
            1 => Some(json!([])),
            2 => Some(json!([own.of(pool), own.of(pool)])),
            3 => Some(json!([own.of(pool)])),
            _ => Some(json!(own.of(pool))),
        };
        let pools: [(&str, &[&str]); 6] = [
            ("x:S", &["a", "A", "ab", "dev", "a*", "", "d"]),
            ("x:n", &["1", "10", "10.0", "11", "ten"]),
            ("x:b", &["true", "false", "TRUE"]),
            ("x:a", &["arn:aws:sns:us-east-1:1:t:a", "arn:aws:sqs:us-east-1:1:t", "garbage", "arn:aws:sns:::"]),
            ("x:i", &["10.1.2.3", "11.0.0.1", "nowhere", "10.1.3.255"]),
            ("aws:PrincipalTag/t", &["dev", "*", "a", "d"]),
        ];
        for (at, (key, pool)) in pools.into_iter().enumerate() {
            // Only the first key may have several values: single-valued operators on them mean nothing that is documented.
            let value = match at {
                0 => several(self, pool),
                _ if self.below(3) == 0 => None,
                _ => Some(json!(self.of(pool))),
            };
            if let Some(value) = value {
                out.insert(key.into(), value);
            }
        }
        out.into()
    }

    /// A request.
    pub fn request(&mut self) -> Value {
        let owner = self.of(&[OWN, OWN, "999999999999"]);
        json!({"principal": self.of(&PRINCIPALS), "action": self.of(&ACTIONS),
            "resource": {"resource": self.of(&RESOURCES), "accountId": owner}, "contextVariables": self.context()})
    }

    /// A whole case, in the shape that `sekisho iam decide` reads.
    pub fn case(&mut self) -> Value {
        let list = |own: &mut Self, most: usize| -> Value {
            (0..own.below(most)).map(|_| json!({"name": "p", "policy": own.policy(false)})).collect()
        };
        let request = self.request();
        let identity = list(self, 3);
        let mut out = json!({"request": request, "identityPolicies": identity});
        if self.below(2) == 0 {
            out["resourcePolicy"] = self.policy(true);
        }
        if self.below(3) == 0 {
            out["permissionBoundaryPolicies"] = list(self, 2);
        }
        if self.below(3) == 0 {
            out["sessionPolicy"] = self.policy(false);
        }
        if self.below(3) == 0 {
            out["serviceControlPolicies"] = (0..self.below(3)).map(|_| json!({"orgIdentifier": "o", "policies": list(self, 3)})).collect();
        }
        out
    }
}

/// A character of a pattern, for the twin.
#[derive(Clone, Copy, PartialEq)]
enum Piece {
    Text(char),
    One { colon: bool },
    Any { colon: bool },
}

/// The slow twin of the engine's matcher: a table over all pairs of positions, written from the sentence "the wildcards
/// of one of the first five segments do not cross a colon, but for a `*` that ends its segment".
pub fn like(pattern: &str, text: &str, arn: bool) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let pieces: Vec<Piece> = pattern
        .iter()
        .enumerate()
        .map(|(at, own)| {
            let inside = arn && pattern[..at].iter().filter(|c| **c == ':').count() < 5;
            let ends = pattern.get(at + 1).is_none_or(|next| *next == ':');
            match own {
                '*' => Piece::Any { colon: !inside || ends },
                '?' => Piece::One { colon: !inside },
                own => Piece::Text(*own),
            }
        })
        .collect();
    let mut row: Vec<bool> = vec![false; text.len() + 1];
    row[0] = true;
    for piece in pieces {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            let before = at.checked_sub(1);
            next[at] = match piece {
                Piece::Text(own) => before.is_some_and(|b| row[b] && text[b] == own),
                Piece::One { colon } => before.is_some_and(|b| row[b] && (colon || text[b] != ':')),
                Piece::Any { colon } => row[at] || before.is_some_and(|b| next[b] && (colon || text[b] != ':')),
            };
        }
        row = next;
    }
    row[text.len()]
}
