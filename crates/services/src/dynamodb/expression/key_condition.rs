//! What a query may say about keys: one equality for the partition key, one range for the sort key.

use super::super::value::Attribute;
use super::tree::{Comparator, Condition, Element, Operand, Path};

/// The condition on one key attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyCondition {
    /// The attribute.
    pub attribute: String,
    /// What is said of it.
    pub sort: SortCondition,
}

/// Conditions a key can have.
#[derive(Clone, Debug, PartialEq)]
pub enum SortCondition {
    /// `=`
    Equal(Attribute),
    /// `<`
    Less(Attribute),
    /// `<=`
    LessOrEqual(Attribute),
    /// `>`
    Greater(Attribute),
    /// `>=`
    GreaterOrEqual(Attribute),
    /// `BETWEEN`
    Between(Attribute, Attribute),
    /// `begins_with`
    BeginsWith(Attribute),
}

impl SortCondition {
    /// The values it names.
    pub fn values(&self) -> Vec<&Attribute> {
        match self {
            Self::Between(low, high) => vec![low, high],
            Self::Equal(v) | Self::Less(v) | Self::LessOrEqual(v) | Self::Greater(v) | Self::GreaterOrEqual(v) | Self::BeginsWith(v) => {
                vec![v]
            }
        }
    }

    /// Whether a key value meets it.
    pub fn holds(&self, value: &Attribute) -> bool {
        let (Some(key), Some(first)) = (value.sort_key(), self.values().first().and_then(|v| v.sort_key())) else { return false };
        let same_type = self.values().iter().all(|v| v.type_name() == value.type_name());
        same_type
            && match self {
                Self::Equal(_) => key == first,
                Self::Less(_) => key < first,
                Self::LessOrEqual(_) => key <= first,
                Self::Greater(_) => key > first,
                Self::GreaterOrEqual(_) => key >= first,
                Self::Between(_, high) => key >= first && high.sort_key().is_some_and(|high| key <= high),
                // Both are hexadecimal, so that a prefix of bytes is a prefix of text.
                Self::BeginsWith(_) => key.starts_with(&first),
            }
    }
}

impl KeyCondition {
    /// Reads the conditions joined by AND.
    ///
    /// # Errors
    /// What a key condition cannot say, in DynamoDB's words.
    pub fn of(condition: Condition) -> Result<Vec<Self>, String> {
        let mut found: Vec<Self> = Vec::new();
        collect(condition, &mut found)?;
        Ok(found)
    }
}

fn collect(condition: Condition, found: &mut Vec<KeyCondition>) -> Result<(), String> {
    let invalid = |operator: &str| Err(format!("Invalid operator used in KeyConditionExpression: {operator}"));
    let (path, sort) = match condition {
        Condition::And(a, b) => {
            collect(*a, found)?;
            return collect(*b, found);
        }
        Condition::Or(..) => return invalid("OR"),
        Condition::Not(_) => return invalid("NOT"),
        Condition::In(..) => return invalid("IN"),
        Condition::Exists(_) => return invalid("attribute_exists"),
        Condition::NotExists(_) => return invalid("attribute_not_exists"),
        Condition::Type(..) => return invalid("attribute_type"),
        Condition::Contains(..) => return invalid("contains"),
        Condition::Compare(Comparator::NotEqual, ..) => return invalid("<>"),
        Condition::Compare(comparator, a, b) => {
            let (path, value, comparator) = match (a, b) {
                (Operand::Path(path), Operand::Value(value)) => (path, value, comparator),
                (Operand::Value(value), Operand::Path(path)) => (path, value, mirrored(comparator)),
                (Operand::Path(_), Operand::Path(_)) => {
                    return Err("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition".into());
                }
                (Operand::Value(_), Operand::Value(_)) => {
                    return Err("Invalid condition in KeyConditionExpression: No key attribute specified".into());
                }
                _ => return Err("KeyConditionExpressions cannot contain nested operations".into()),
            };
            let sort = match comparator {
                Comparator::Less => SortCondition::Less(value),
                Comparator::LessOrEqual => SortCondition::LessOrEqual(value),
                Comparator::Greater => SortCondition::Greater(value),
                Comparator::GreaterOrEqual => SortCondition::GreaterOrEqual(value),
                Comparator::Equal | Comparator::NotEqual => SortCondition::Equal(value),
            };
            (path, sort)
        }
        Condition::Between(Operand::Path(path), Operand::Value(low), Operand::Value(high)) => (path, SortCondition::Between(low, high)),
        Condition::BeginsWith(Operand::Path(path), Operand::Value(prefix)) => (path, SortCondition::BeginsWith(prefix)),
        Condition::Between(..) => {
            return Err(
                "Invalid condition in KeyConditionExpression: BETWEEN operator must have the key attribute as its first operand".into()
            );
        }
        Condition::BeginsWith(..) => {
            return Err(
                "Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its first operand".into(),
            );
        }
    };
    let attribute = attribute(path)?;
    if found.iter().any(|one| one.attribute == attribute) {
        return Err("KeyConditionExpressions must only contain one condition per key".into());
    }
    found.push(KeyCondition { attribute, sort });
    Ok(())
}

fn attribute(path: Path) -> Result<String, String> {
    let mut elements = path.into_iter();
    match (elements.next(), elements.next()) {
        (Some(Element::Name(name)), None) => Ok(name),
        _ => Err("KeyConditionExpressions cannot have conditions on nested attributes".into()),
    }
}

fn mirrored(comparator: Comparator) -> Comparator {
    match comparator {
        Comparator::Less => Comparator::Greater,
        Comparator::LessOrEqual => Comparator::GreaterOrEqual,
        Comparator::Greater => Comparator::Less,
        Comparator::GreaterOrEqual => Comparator::LessOrEqual,
        same => same,
    }
}
