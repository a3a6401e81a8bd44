//! What a rule is once it is read: a tree of tests over one log, or a correlation of rules. No YAML here.

use crate::pattern::Pattern;
use ipnet::IpNet;
use model::{LogKind, Place, Severity};

/// What every rule says about itself.
#[derive(Clone, Debug)]
pub struct About {
    /// Sigma's `name`, else its title: what alerts call it.
    pub name: String,
    /// Sigma's `title`.
    pub title: String,
    /// Sigma's `id`.
    pub id: Option<String>,
    /// Slug of the risk whose folder it lives in.
    pub risk: Option<String>,
    /// Sigma's `level`.
    pub severity: Severity,
    /// ATT&CK techniques of its tags: `T1078.004`.
    pub attack: Vec<String>,
    /// Where it is written.
    pub place: Place,
}

/// A rule over single events.
#[derive(Clone, Debug)]
pub struct Rule {
    pub about: About,
    pub log: LogKind,
    pub test: Test,
    /// False when a correlation uses it and does not ask for its own alerts (`generate`).
    pub alone: bool,
}

/// A tree of tests.
#[derive(Clone, Debug)]
pub enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Item(Item),
    /// Text anywhere in the record.
    Keyword(Pattern),
}

/// One field against one or more values, of which any must match; `All` of items where the rule says `|all`.
#[derive(Clone, Debug)]
pub struct Item {
    pub field: Field,
    pub values: Vec<Value>,
}

/// A field's name: keys joined by dots.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Field {
    pub name: Box<str>,
    pub path: Box<[Box<str>]>,
}

/// What a field is compared with.
#[derive(Clone, Debug)]
pub enum Value {
    Text(Pattern),
    Number(f64),
    Bool(bool),
    /// The field is absent or null.
    Null,
    Exists(bool),
    Cidr(IpNet),
    Compare(Order, f64),
    /// Another field of the same record.
    Field(Field, Shape),
    /// A list that comes from the logs or from the user.
    Placeholder(Box<str>, Shape),
}

/// A numeric comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How a text that is known only at run time is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Exact,
    StartsWith,
    EndsWith,
    Contains,
}

/// A rule over the matches of other rules.
#[derive(Clone, Debug)]
pub struct Correlation {
    pub about: About,
    pub kind: CorrelationKind,
    /// The rules it is about, in its order.
    pub of: Vec<Member>,
    pub group_by: Vec<String>,
    /// Milliseconds.
    pub timespan: i64,
    /// Alias to the field it stands for in each member.
    pub aliases: Vec<(String, Vec<(Member, Field)>)>,
    pub alone: bool,
}

/// A rule or a correlation, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Member {
    Rule(usize),
    Correlation(usize),
}

/// Sigma's correlation types, with the count at which they fire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorrelationKind {
    EventCount { at_least: usize },
    ValueCount { field: Field, at_least: usize },
    Temporal { at_least: usize },
    TemporalOrdered,
}

impl Field {
    /// A field by its dotted name.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), path: name.split('.').map(Into::into).collect() }
    }
}

impl Test {
    /// All items in the tree.
    pub fn items<'a>(&'a self, found: &mut Vec<&'a Item>) {
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().for_each(|test| test.items(found)),
            Self::Not(test) => test.items(found),
            Self::Item(item) => found.push(item),
            Self::Keyword(_) => {}
        }
    }
}
