//! Whether an item meets a condition. An attribute that is missing meets no comparison but `<>`.

use super::super::number::Number;
use super::super::value::{Attribute, Item};
use super::tree::{Comparator, Condition, Operand, at};
use std::borrow::Cow;
use std::cmp::Ordering;

/// Whether the item meets the condition.
pub fn holds(condition: &Condition, item: &Item) -> bool {
    match condition {
        Condition::And(a, b) => holds(a, item) && holds(b, item),
        Condition::Or(a, b) => holds(a, item) || holds(b, item),
        Condition::Not(inner) => !holds(inner, item),
        Condition::Compare(comparator, a, b) => match (value(a, item), value(b, item)) {
            (Some(a), Some(b)) => compares(*comparator, &a, &b),
            _ => *comparator == Comparator::NotEqual,
        },
        Condition::Between(x, low, high) => match (value(x, item), value(low, item), value(high, item)) {
            (Some(x), Some(low), Some(high)) => {
                compares(Comparator::GreaterOrEqual, &x, &low) && compares(Comparator::LessOrEqual, &x, &high)
            }
            _ => false,
        },
        Condition::In(x, list) => value(x, item).is_some_and(|x| list.iter().filter_map(|one| value(one, item)).any(|one| one.equals(&x))),
        Condition::Exists(path) => at(item, path).is_some(),
        Condition::NotExists(path) => at(item, path).is_none(),
        Condition::Type(x, kind) => value(x, item).is_some_and(|x| x.type_name() == kind),
        Condition::BeginsWith(x, prefix) => match (value(x, item).as_deref(), value(prefix, item).as_deref()) {
            (Some(Attribute::S(text)), Some(Attribute::S(prefix))) => text.starts_with(prefix.as_str()),
            (Some(Attribute::B(bytes)), Some(Attribute::B(prefix))) => bytes.starts_with(prefix),
            _ => false,
        },
        Condition::Contains(x, y) => match (value(x, item).as_deref(), value(y, item).as_deref()) {
            (Some(Attribute::S(text)), Some(Attribute::S(part))) => text.contains(part.as_str()),
            (Some(Attribute::B(bytes)), Some(Attribute::B(part))) => part.is_empty() || bytes.windows(part.len()).any(|w| w == part),
            (Some(Attribute::Ss(set)), Some(Attribute::S(one))) => set.contains(one),
            (Some(Attribute::Ns(set)), Some(Attribute::N(one))) => set.contains(one),
            (Some(Attribute::Bs(set)), Some(Attribute::B(one))) => set.contains(one),
            (Some(Attribute::L(list)), Some(one)) => list.iter().any(|item| item.equals(one)),
            _ => false,
        },
    }
}

fn value<'a>(operand: &'a Operand, item: &'a Item) -> Option<Cow<'a, Attribute>> {
    match operand {
        Operand::Path(path) => at(item, path).map(Cow::Borrowed),
        Operand::Value(value) => Some(Cow::Borrowed(value)),
        Operand::Size(inner) => {
            let size = match value(inner, item)?.as_ref() {
                Attribute::S(text) => text.chars().count(),
                Attribute::B(bytes) => bytes.len(),
                Attribute::Ss(set) => set.len(),
                Attribute::Ns(set) => set.len(),
                Attribute::Bs(set) => set.len(),
                Attribute::L(list) => list.len(),
                Attribute::M(members) => members.len(),
                Attribute::N(_) | Attribute::Bool(_) | Attribute::Null => return None,
            };
            Number::parse(&size.to_string()).ok().map(|n| Cow::Owned(Attribute::N(n)))
        }
    }
}

fn compares(comparator: Comparator, a: &Attribute, b: &Attribute) -> bool {
    match comparator {
        Comparator::Equal => a.equals(b),
        Comparator::NotEqual => !a.equals(b),
        Comparator::Less => compare_order(a, b).is_some_and(Ordering::is_lt),
        Comparator::LessOrEqual => compare_order(a, b).is_some_and(Ordering::is_le),
        Comparator::Greater => compare_order(a, b).is_some_and(Ordering::is_gt),
        Comparator::GreaterOrEqual => compare_order(a, b).is_some_and(Ordering::is_ge),
    }
}

/// The order of two values of one ordered type; `None` for different or unordered types.
pub fn compare_order(a: &Attribute, b: &Attribute) -> Option<Ordering> {
    match (a, b) {
        (Attribute::S(a), Attribute::S(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Attribute::N(a), Attribute::N(b)) => Some(a.cmp(b)),
        (Attribute::B(a), Attribute::B(b)) => Some(a.cmp(b)),
        _ => None,
    }
}
