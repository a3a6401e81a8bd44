//! The tree of a parsed expression: names and values are resolved, nothing refers to the request any more.

use super::super::value::{Attribute, Item};

/// One step of a document path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// Attribute or map member.
    Name(String),
    /// List element.
    Index(usize),
}

/// A document path; the first element is the name of an attribute.
pub type Path = Vec<Element>;

/// Comparators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparator {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What stands beside a comparator.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A document path.
    Path(Path),
    /// A value.
    Value(Attribute),
    /// `size(..)`.
    Size(Box<Operand>),
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// Either.
    Or(Box<Condition>, Box<Condition>),
    /// Not.
    Not(Box<Condition>),
    /// Comparison.
    Compare(Comparator, Operand, Operand),
    /// `x BETWEEN low AND high`.
    Between(Operand, Operand, Operand),
    /// `x IN (..)`.
    In(Operand, Vec<Operand>),
    /// `attribute_exists(path)`.
    Exists(Path),
    /// `attribute_not_exists(path)`.
    NotExists(Path),
    /// `attribute_type(x, "S")`.
    Type(Operand, String),
    /// `begins_with(x, prefix)`.
    BeginsWith(Operand, Operand),
    /// `contains(x, y)`.
    Contains(Operand, Operand),
}

/// The right side of `SET path = ..`.
#[derive(Clone, Debug, PartialEq)]
pub enum NewValue {
    /// The value at a path.
    Path(Path),
    /// A value.
    Value(Attribute),
    /// `if_not_exists(path, value)`.
    IfNotExists(Path, Box<NewValue>),
    /// `list_append(a, b)`.
    ListAppend(Box<NewValue>, Box<NewValue>),
    /// `a + b`.
    Plus(Box<NewValue>, Box<NewValue>),
    /// `a - b`.
    Minus(Box<NewValue>, Box<NewValue>),
}

/// An update, by section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update {
    /// `SET`.
    pub set: Vec<(Path, NewValue)>,
    /// `REMOVE`.
    pub remove: Vec<Path>,
    /// `ADD`: numbers and sets.
    pub add: Vec<(Path, Attribute)>,
    /// `DELETE`: sets.
    pub delete: Vec<(Path, Attribute)>,
}

impl Update {
    /// Every path it writes.
    pub fn paths(&self) -> Vec<Path> {
        let set = self.set.iter().map(|(path, _)| path);
        let add = self.add.iter().chain(&self.delete).map(|(path, _)| path);
        set.chain(&self.remove).chain(add).cloned().collect()
    }
}

impl Condition {
    /// The names of the attributes it reads.
    pub fn attributes(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.collect(&mut names);
        names
    }

    fn collect<'a>(&'a self, names: &mut Vec<&'a str>) {
        let mut of = |operands: &[&'a Operand]| names.extend(operands.iter().filter_map(|o| o.attribute()));
        match self {
            Self::And(a, b) | Self::Or(a, b) => {
                a.collect(names);
                b.collect(names);
            }
            Self::Not(a) => a.collect(names),
            Self::Compare(_, a, b) | Self::BeginsWith(a, b) | Self::Contains(a, b) => of(&[a, b]),
            Self::Between(a, b, c) => of(&[a, b, c]),
            Self::In(a, list) => {
                of(&[a]);
                of(&list.iter().collect::<Vec<_>>());
            }
            Self::Type(a, _) => of(&[a]),
            Self::Exists(path) | Self::NotExists(path) => names.extend(head(path)),
        }
    }
}

impl Operand {
    fn attribute(&self) -> Option<&str> {
        match self {
            Self::Path(path) => head(path),
            Self::Size(inner) => inner.attribute(),
            Self::Value(_) => None,
        }
    }
}

/// The attribute a path begins with.
pub fn head(path: &Path) -> Option<&str> {
    match path.first() {
        Some(Element::Name(name)) => Some(name),
        _ => None,
    }
}

/// The value at a path of an item.
pub fn at<'a>(item: &'a Item, path: &[Element]) -> Option<&'a Attribute> {
    let (first, rest) = path.split_first()?;
    let Element::Name(name) = first else { return None };
    rest.iter().try_fold(item.get(name)?, |value, element| match (value, element) {
        (Attribute::M(members), Element::Name(name)) => members.get(name),
        (Attribute::L(items), Element::Index(index)) => items.get(*index),
        _ => None,
    })
}

/// `[a, b, [0]]`, as DynamoDB's messages show a path.
pub fn path_text(path: &[Element]) -> String {
    let shown: Vec<String> = path
        .iter()
        .map(|element| match element {
            Element::Name(name) => name.clone(),
            Element::Index(index) => format!("[{index}]"),
        })
        .collect();
    format!("[{}]", shown.join(", "))
}

/// Refuses paths of which one is, or contains, another.
pub fn check_overlap(paths: &[Path]) -> Result<(), String> {
    for (at, one) in paths.iter().enumerate() {
        for two in paths.iter().take(at) {
            let common = one.iter().zip(two).take_while(|(a, b)| a == b).count();
            let shown = || format!("must remove or rewrite one of these paths; path one: {}, path two: {}", path_text(two), path_text(one));
            if common == one.len().min(two.len()) {
                return Err(format!("Two document paths overlap with each other; {}", shown()));
            }
            let differ = (one.get(common), two.get(common));
            if matches!(differ, (Some(Element::Name(_)), Some(Element::Index(_))) | (Some(Element::Index(_)), Some(Element::Name(_)))) {
                return Err(format!("Two document paths conflict with each other; {}", shown()));
            }
        }
    }
    Ok(())
}
