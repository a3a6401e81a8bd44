//! Applies an update to an item. All right sides are read from the item as it was before.

use super::super::number::NumberError;
use super::super::value::{Attribute, Item};
use super::tree::{Element, NewValue, Path, Update, at};

const INVALID_PATH: &str = "The document path provided in the update expression is invalid for update";
const WRONG_TYPE: &str = "An operand in the update expression has an incorrect data type";
const MISSING: &str = "The provided expression refers to an attribute that does not exist in the item";

/// The item after the update.
pub fn apply(update: &Update, item: &Item) -> Result<Item, String> {
    let mut next = item.clone();
    let values = update.set.iter().map(|(path, value)| Ok((path, evaluate(value, item)?))).collect::<Result<Vec<_>, String>>()?;
    for (path, value) in values {
        put(&mut next, path, value)?;
    }
    for (path, value) in &update.add {
        let sum = match (at(item, path), value) {
            (None, value) => value.clone(),
            (Some(Attribute::N(a)), Attribute::N(b)) => Attribute::N(a.plus(b).map_err(|NumberError(says)| says)?),
            (Some(Attribute::Ss(a)), Attribute::Ss(b)) => Attribute::Ss(union(a, b)),
            (Some(Attribute::Ns(a)), Attribute::Ns(b)) => Attribute::Ns(union(a, b)),
            (Some(Attribute::Bs(a)), Attribute::Bs(b)) => Attribute::Bs(union(a, b)),
            _ => return Err(WRONG_TYPE.into()),
        };
        put(&mut next, path, sum)?;
    }
    let mut removed: Vec<&Path> = update.remove.iter().collect();
    for (path, value) in &update.delete {
        let left = match (at(item, path), value) {
            (None, _) => continue,
            (Some(Attribute::Ss(a)), Attribute::Ss(b)) => without(a, b).map(Attribute::Ss),
            (Some(Attribute::Ns(a)), Attribute::Ns(b)) => without(a, b).map(Attribute::Ns),
            (Some(Attribute::Bs(a)), Attribute::Bs(b)) => without(a, b).map(Attribute::Bs),
            _ => return Err(WRONG_TYPE.into()),
        };
        match left {
            Some(left) => put(&mut next, path, left)?,
            None => removed.push(path),
        }
    }
    // From the last list element to the first, so that indexes keep their meaning.
    removed.sort_by_key(|path| match path.last() {
        Some(Element::Index(index)) => std::cmp::Reverse(*index),
        _ => std::cmp::Reverse(0),
    });
    for path in removed {
        remove(&mut next, path)?;
    }
    Ok(next)
}

fn evaluate(value: &NewValue, item: &Item) -> Result<Attribute, String> {
    match value {
        NewValue::Value(value) => Ok(value.clone()),
        NewValue::Path(path) => at(item, path).cloned().ok_or_else(|| MISSING.into()),
        NewValue::IfNotExists(path, other) => at(item, path).cloned().map_or_else(|| evaluate(other, item), Ok),
        NewValue::ListAppend(a, b) => match (evaluate(a, item)?, evaluate(b, item)?) {
            (Attribute::L(mut a), Attribute::L(b)) => {
                a.extend(b);
                Ok(Attribute::L(a))
            }
            _ => Err(WRONG_TYPE.into()),
        },
        NewValue::Plus(a, b) | NewValue::Minus(a, b) => match (evaluate(a, item)?, evaluate(b, item)?) {
            (Attribute::N(a), Attribute::N(b)) => {
                let result = if matches!(value, NewValue::Plus(..)) { a.plus(&b) } else { a.minus(&b) };
                result.map(Attribute::N).map_err(|NumberError(says)| says)
            }
            _ => Err(WRONG_TYPE.into()),
        },
    }
}

/// The container of the last element of a path; `None` for an attribute of the item itself.
fn parent<'a>(item: &'a mut Item, path: &[Element]) -> Option<&'a mut Attribute> {
    let (first, rest) = path.split_first()?;
    let Element::Name(name) = first else { return None };
    rest.iter().try_fold(item.get_mut(name)?, |value, element| match (value, element) {
        (Attribute::M(members), Element::Name(name)) => members.get_mut(name),
        (Attribute::L(items), Element::Index(index)) => items.get_mut(*index),
        _ => None,
    })
}

fn put(item: &mut Item, path: &Path, value: Attribute) -> Result<(), String> {
    let Some((last, above)) = path.split_last() else { return Err(INVALID_PATH.into()) };
    if above.is_empty() {
        let Element::Name(name) = last else { return Err(INVALID_PATH.into()) };
        item.insert(name.clone(), value);
        return Ok(());
    }
    match (parent(item, above), last) {
        (Some(Attribute::M(members)), Element::Name(name)) => {
            members.insert(name.clone(), value);
        }
        (Some(Attribute::L(items)), Element::Index(index)) => match items.get_mut(*index) {
            Some(slot) => *slot = value,
            // Beyond the end is the end.
            None => items.push(value),
        },
        _ => return Err(INVALID_PATH.into()),
    }
    Ok(())
}

fn remove(item: &mut Item, path: &Path) -> Result<(), String> {
    let Some((last, above)) = path.split_last() else { return Err(INVALID_PATH.into()) };
    if above.is_empty() {
        if let Element::Name(name) = last {
            item.remove(name);
        }
        return Ok(());
    }
    match (parent(item, above), last) {
        (Some(Attribute::M(members)), Element::Name(name)) => {
            members.remove(name);
        }
        (Some(Attribute::L(items)), Element::Index(index)) => {
            if *index < items.len() {
                items.remove(*index);
            }
        }
        _ => return Err(INVALID_PATH.into()),
    }
    Ok(())
}

fn union<T: Clone + PartialEq>(a: &[T], b: &[T]) -> Vec<T> {
    a.iter().chain(b.iter().filter(|one| !a.contains(one))).cloned().collect()
}

fn without<T: Clone + PartialEq>(a: &[T], b: &[T]) -> Option<Vec<T>> {
    let left: Vec<T> = a.iter().filter(|one| !b.contains(one)).cloned().collect();
    (!left.is_empty()).then_some(left)
}
