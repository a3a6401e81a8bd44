//! Condition operators by name (IAM User Guide, "IAM JSON policy elements: Condition operators"). Data only.

/// What a condition compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `StringEquals`, `StringNotEquals`.
    StringEquals,
    /// `StringEqualsIgnoreCase`, `StringNotEqualsIgnoreCase`.
    StringEqualsIgnoreCase,
    /// `StringLike`, `StringNotLike`.
    StringLike,
    /// `NumericEquals`, `NumericNotEquals`.
    NumericEquals,
    /// `NumericLessThan`.
    NumericLessThan,
    /// `NumericLessThanEquals`.
    NumericLessThanEquals,
    /// `NumericGreaterThan`.
    NumericGreaterThan,
    /// `NumericGreaterThanEquals`.
    NumericGreaterThanEquals,
    /// `DateEquals`, `DateNotEquals`.
    DateEquals,
    /// `DateLessThan`.
    DateLessThan,
    /// `DateLessThanEquals`.
    DateLessThanEquals,
    /// `DateGreaterThan`.
    DateGreaterThan,
    /// `DateGreaterThanEquals`.
    DateGreaterThanEquals,
    /// `Bool`.
    Bool,
    /// `BinaryEquals`.
    BinaryEquals,
    /// `IpAddress`, `NotIpAddress`.
    IpAddress,
    /// `ArnEquals`, `ArnLike` and their negations, which behave alike.
    Arn,
    /// `Null`.
    Null,
}

/// How a condition treats a key with several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// No set operator.
    Single,
    /// `ForAllValues:`
    ForAllValues,
    /// `ForAnyValue:`
    ForAnyValue,
}

/// An operator with its prefix, negation and suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    /// What is compared.
    pub operator: Operator,
    /// Whether the comparison is negated (`StringNotEquals`).
    pub negated: bool,
    /// The set operator.
    pub quantifier: Quantifier,
    /// `...IfExists`.
    pub if_exists: bool,
}

impl Test {
    /// Reads `ForAnyValue:StringLikeIfExists`; names are matched without regard to case. `None` for an operator
    /// that does not exist, and for `NullIfExists`.
    pub fn parse(name: &str) -> Option<Self> {
        use Operator as O;
        let lower = name.trim().to_ascii_lowercase();
        let (quantifier, rest) = match lower.split_once(':') {
            Some(("forallvalues", rest)) => (Quantifier::ForAllValues, rest),
            Some(("foranyvalue", rest)) => (Quantifier::ForAnyValue, rest),
            Some(_) => return None,
            None => (Quantifier::Single, lower.as_str()),
        };
        let (base, if_exists) = rest.strip_suffix("ifexists").map_or((rest, false), |base| (base, true));
        let (operator, negated) = match base {
            "stringequals" => (O::StringEquals, false),
            "stringnotequals" => (O::StringEquals, true),
            "stringequalsignorecase" => (O::StringEqualsIgnoreCase, false),
            "stringnotequalsignorecase" => (O::StringEqualsIgnoreCase, true),
            "stringlike" => (O::StringLike, false),
            "stringnotlike" => (O::StringLike, true),
            "numericequals" => (O::NumericEquals, false),
            "numericnotequals" => (O::NumericEquals, true),
            "numericlessthan" => (O::NumericLessThan, false),
            "numericlessthanequals" => (O::NumericLessThanEquals, false),
            "numericgreaterthan" => (O::NumericGreaterThan, false),
            "numericgreaterthanequals" => (O::NumericGreaterThanEquals, false),
            "dateequals" => (O::DateEquals, false),
            "datenotequals" => (O::DateEquals, true),
            "datelessthan" => (O::DateLessThan, false),
            "datelessthanequals" => (O::DateLessThanEquals, false),
            "dategreaterthan" => (O::DateGreaterThan, false),
            "dategreaterthanequals" => (O::DateGreaterThanEquals, false),
            "bool" => (O::Bool, false),
            "binaryequals" => (O::BinaryEquals, false),
            "ipaddress" => (O::IpAddress, false),
            "notipaddress" => (O::IpAddress, true),
            "arnequals" | "arnlike" => (O::Arn, false),
            "arnnotequals" | "arnnotlike" => (O::Arn, true),
            "null" if !if_exists => (O::Null, false),
            _ => return None,
        };
        Some(Self { operator, negated, quantifier, if_exists })
    }
}
