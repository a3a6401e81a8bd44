//! Reading AWS's structures from nodes that know their place: closed sets of members, typed scalars, one error shape.

use model::{Kind, Node, Place, Trouble};

/// The result of reading.
pub type Read<T> = Result<T, Trouble>;

/// Which spelling a document uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The API's own JSON, where `SearchString` is Base64: what the control API receives and `get-web-acl` prints.
    Wire,
    /// A document people write, where `SearchString` is text: the console's rule editor, the documentation's examples.
    Text,
    /// CloudFormation: text, `SearchStringBase64`, and `Arn` for `ARN`.
    CloudFormation,
}

/// An error at a place.
pub fn fault(place: &Place, says: impl Into<String>, help: impl Into<String>) -> Trouble {
    Trouble { says: says.into(), place: place.clone(), help: help.into() }
}

/// A structure: a mapping whose members are all known. `{}` may be written as nothing.
pub struct Shape<'n> {
    /// The node.
    pub node: &'n Node,
    name: &'static str,
}

impl<'n> Shape<'n> {
    /// Takes a mapping of which every member is among `known`.
    ///
    /// # Errors
    /// Anything else; an unknown member, since what it means is not known; an unresolved value.
    pub fn of(node: &'n Node, name: &'static str, known: &[&str]) -> Read<Self> {
        match &node.kind {
            Kind::Map(members) => {
                if let Some(member) = members.iter().find(|member| !known.contains(&member.key.as_str())) {
                    let says = format!("{name} has no member {}", member.key);
                    return Err(fault(&member.key_place, says, format!("it has: {}", known.join(", "))));
                }
                Ok(Self { node, name })
            }
            Kind::Null => Ok(Self { node, name }),
            Kind::Unknown(unknown) => Err(fault(&node.place, format!("{name} is not known: {}", unknown.why), "give the value")),
            _ => Err(fault(&node.place, format!("{name} is not an object"), "write it as AWS does")),
        }
    }

    /// A member that may be missing.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.node.get(key).filter(|node| node.kind != Kind::Null || self.is_structure(key))
    }

    /// Members that are structures without a required member may be written as nothing in YAML.
    fn is_structure(&self, key: &str) -> bool {
        matches!(
            key,
            "None"
                | "Count"
                | "Block"
                | "Allow"
                | "Captcha"
                | "Challenge"
                | "Monetize"
                | "All"
                | "UriPath"
                | "QueryString"
                | "Method"
                | "Body"
                | "AllQueryArguments"
                | "IP"
                | "HTTPMethod"
                | "ForwardedIP"
                | "ASN"
                | "UriFragment"
        )
    }

    /// A member that must be there.
    ///
    /// # Errors
    /// Where it is missing.
    pub fn need(&self, key: &str) -> Read<&'n Node> {
        self.get(key).ok_or_else(|| fault(&self.node.place, format!("{} has no {key}", self.name), format!("add {key}")))
    }

    /// Text that must be there.
    ///
    /// # Errors
    /// Where it is missing, or no text.
    pub fn text(&self, key: &str) -> Read<String> {
        text(self.need(key)?, key)
    }

    /// Text that may be missing.
    ///
    /// # Errors
    /// Where it is no text.
    pub fn maybe_text(&self, key: &str) -> Read<Option<String>> {
        self.get(key).map(|node| text(node, key)).transpose()
    }

    /// A boolean that may be missing.
    ///
    /// # Errors
    /// Where it is none.
    pub fn maybe_bool(&self, key: &str) -> Read<Option<bool>> {
        let read = |node: &Node| node.bool().ok_or_else(|| fault(&node.place, format!("{key} is no boolean"), "write true or false"));
        self.get(key).map(read).transpose()
    }

    /// A whole number that may be missing.
    ///
    /// # Errors
    /// Where it is none, or out of range.
    pub fn maybe_number(&self, key: &str, range: std::ops::RangeInclusive<i64>) -> Read<Option<i64>> {
        self.get(key).map(|node| number(node, key, range.clone())).transpose()
    }

    /// The items of a list that must be there.
    ///
    /// # Errors
    /// Where it is missing or no list.
    pub fn list(&self, key: &str) -> Read<&'n [Node]> {
        list(self.need(key)?, key)
    }

    /// The items of a list; none where it is missing.
    ///
    /// # Errors
    /// Where it is no list.
    pub fn maybe_list(&self, key: &str) -> Read<&'n [Node]> {
        self.get(key).map_or(Ok(&[]), |node| list(node, key))
    }

    /// One of the names of an enumeration.
    ///
    /// # Errors
    /// A name that AWS does not have.
    pub fn choice<T: Copy>(&self, key: &str, names: &[(&str, T)]) -> Read<T> {
        choice(self.need(key)?, key, names)
    }

    /// One of the names of an enumeration, where it is there.
    ///
    /// # Errors
    /// A name that AWS does not have.
    pub fn maybe_choice<T: Copy>(&self, key: &str, names: &[(&str, T)]) -> Read<Option<T>> {
        self.get(key).map(|node| choice(node, key, names)).transpose()
    }

    /// The one member of a union.
    ///
    /// # Errors
    /// None, or more than one.
    pub fn one(&self) -> Read<(&'n str, &'n Node)> {
        match self.node.members() {
            [member] => Ok((&member.key, &member.value)),
            [] => Err(fault(&self.node.place, format!("{} is empty", self.name), "give exactly one member")),
            more => {
                let names: Vec<&str> = more.iter().map(|member| member.key.as_str()).collect();
                Err(fault(&self.node.place, format!("{} has more than one member: {}", self.name, names.join(", ")), "give exactly one"))
            }
        }
    }
}

/// Text.
///
/// # Errors
/// Anything else.
pub fn text(node: &Node, what: &str) -> Read<String> {
    if let Some(unknown) = node.unknown() {
        return Err(fault(&node.place, format!("{what} is not known: {}", unknown.why), "give the value"));
    }
    node.scalar().ok_or_else(|| fault(&node.place, format!("{what} is no text"), "write text"))
}

/// A whole number in a range.
///
/// # Errors
/// Anything else.
pub fn number(node: &Node, what: &str, range: std::ops::RangeInclusive<i64>) -> Read<i64> {
    if let Some(unknown) = node.unknown() {
        return Err(fault(&node.place, format!("{what} is not known: {}", unknown.why), "give the value"));
    }
    let value = node.integer().ok_or_else(|| fault(&node.place, format!("{what} is no whole number"), "write a number"))?;
    if range.contains(&value) {
        return Ok(value);
    }
    Err(fault(&node.place, format!("{what} is {value}"), format!("AWS takes {} to {}", range.start(), range.end())))
}

/// The items of a list.
///
/// # Errors
/// Anything but a list.
pub fn list<'n>(node: &'n Node, what: &str) -> Read<&'n [Node]> {
    match &node.kind {
        Kind::List(items) => Ok(items),
        Kind::Unknown(unknown) => Err(fault(&node.place, format!("{what} is not known: {}", unknown.why), "give the value")),
        _ => Err(fault(&node.place, format!("{what} is no list"), "write a list")),
    }
}

/// One of some names.
///
/// # Errors
/// A name that is not among them.
pub fn choice<T: Copy>(node: &Node, what: &str, names: &[(&str, T)]) -> Read<T> {
    let name = text(node, what)?;
    names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = names.iter().map(|(known, _)| *known).collect();
        fault(&node.place, format!("{what} {name} is unknown"), format!("AWS has: {}", known.join(", ")))
    })
}
