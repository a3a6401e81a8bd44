//! Edits on plain values: what a document must read back as.

use model::{Operation, Segment};
use serde_json::{Map, Value};

/// The value at a path.
pub(crate) fn at<'a>(value: &'a Value, path: &[Segment]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, segment| match segment {
        Segment::Key(key) => value.as_object()?.get(key),
        Segment::Index(index) => value.as_array()?.get(*index),
    })
}

/// Two values in one, where neither contradicts the other.
pub(crate) fn merged(left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (left, right) if left == right => Some(left.clone()),
        (Value::Object(left), Value::Object(right)) => {
            let mut both = left.clone();
            for (key, value) in right {
                let value = match both.get(key) {
                    Some(known) => merged(known, value)?,
                    None => value.clone(),
                };
                both.insert(key.clone(), value);
            }
            Some(Value::Object(both))
        }
        _ => None,
    }
}

/// What a value is after an edit; what is in the way when it cannot be made.
pub(crate) fn edited(value: &Value, path: &[Segment], operation: &Operation) -> Result<Value, String> {
    let Some((segment, rest)) = path.split_first() else {
        return match operation {
            Operation::Set(new) => Ok(new.clone()),
            Operation::Append(item) => match value {
                Value::Null => Ok(Value::Array(vec![item.clone()])),
                Value::Array(items) => Ok(Value::Array(items.iter().chain([item]).cloned().collect())),
                _ => Err("it is not a list".to_owned()),
            },
            Operation::Remove => Err("a whole document cannot be removed".to_owned()),
        };
    };
    let removes = rest.is_empty() && *operation == Operation::Remove;
    match (segment, value) {
        (Segment::Key(key), Value::Object(members)) => {
            let mut members = members.clone();
            if removes {
                members.shift_remove(key).ok_or_else(|| format!("there is no {key}"))?;
                return Ok(Value::Object(members));
            }
            let inner = edited(members.get(key).unwrap_or(&Value::Null), rest, operation)?;
            members.insert(key.clone(), inner);
            Ok(Value::Object(members))
        }
        (Segment::Key(key), Value::Null) if *operation != Operation::Remove => {
            let inner = edited(&Value::Null, rest, operation)?;
            Ok(Value::Object(Map::from_iter([(key.clone(), inner)])))
        }
        (Segment::Index(index), Value::Array(items)) => {
            let mut items = items.clone();
            let Some(item) = items.get_mut(*index) else { return Err(format!("the list has no item {index}")) };
            if removes {
                items.remove(*index);
            } else {
                *item = edited(item, rest, operation)?;
            }
            Ok(Value::Array(items))
        }
        (Segment::Key(key), _) => Err(format!("{key} is not below a mapping")),
        (Segment::Index(index), _) => Err(format!("item {index} is not in a list")),
    }
}
