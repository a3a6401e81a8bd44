//! A rule's detection: named parts of maps, lists and keywords, joined by the condition (Sigma Rules
//! Specification, "Detection"). The schema of the log is held against the fields.

use super::about::not_assessed;
use super::condition::{self, Names, one_or};
use super::item;
use crate::field;
use crate::rule::{Item, Test};
use model::{Kind, LogKind, Node, Place, Trouble};

/// Reads `detection:`.
pub(super) fn read(title: &str, log: LogKind, node: &Node) -> Result<Test, Trouble> {
    let fail = |why: &str, place: &Place| Err(not_assessed(title, why, place));
    let mut names = Names::new();
    for member in node.members() {
        match member.key.as_str() {
            "condition" => {}
            "timeframe" => return fail("`timeframe` is not supported; write a correlation with a timespan", &member.key_place),
            name => {
                let test = part(&member.value).map_err(|(why, place)| not_assessed(title, &why, &place))?;
                names.insert(name.to_owned(), test);
            }
        }
    }
    let Some(conditions) = node.get("condition") else { return fail("its detection has no condition", &node.place) };
    let mut tests = Vec::new();
    for one in conditions.one_or_many() {
        let text = one.scalar().unwrap_or_default();
        tests.push(condition::read(&text, &names).map_err(|why| not_assessed(title, &why, &one.place))?);
    }
    if tests.is_empty() {
        return fail("its condition is empty", &conditions.place);
    }
    let test = one_or(tests, Test::Any);
    check_fields(title, log, &test, node)?;
    Ok(test)
}

/// Why a part could not be read, and where.
pub(super) type Refused = (String, Place);

/// A named part: a map (all of it), a list (any of it), a text (anywhere in the record).
fn part(node: &Node) -> Result<Test, Refused> {
    match &node.kind {
        Kind::Map(members) => {
            let tests = members.iter().map(item::read).collect::<Result<Vec<_>, _>>()?;
            if tests.is_empty() {
                return Err(("a part of the detection is empty".into(), node.place.clone()));
            }
            Ok(one_or(tests, Test::All))
        }
        Kind::List(items) if !items.is_empty() => Ok(one_or(items.iter().map(part).collect::<Result<Vec<_>, _>>()?, Test::Any)),
        Kind::String(_) | Kind::Number(_) | Kind::Bool(_) => item::keyword(node),
        _ => Err(("a part of the detection is neither a map nor a list nor a text".into(), node.place.clone())),
    }
}

/// Refuses fields that no record of the log can have: such a rule would be silent for ever.
fn check_fields(title: &str, log: LogKind, test: &Test, node: &Node) -> Result<(), Trouble> {
    let mut items: Vec<&Item> = Vec::new();
    test.items(&mut items);
    match items.iter().find(|item| !field::possible(log, &item.field)) {
        None => Ok(()),
        Some(item) => {
            let why = format!("no record of the {} log has a field `{}`", log.service(), item.field.name);
            Err(not_assessed(title, &why, &key_place(node, &item.field.name).unwrap_or_else(|| node.place.clone())))
        }
    }
}

/// Where the field is written.
fn key_place(node: &Node, field: &str) -> Option<Place> {
    let here = |key: &str| key.split('|').next() == Some(field);
    node.members()
        .iter()
        .find_map(|m| if here(&m.key) { Some(m.key_place.clone()) } else { key_place(&m.value, field) })
        .or_else(|| node.items().iter().find_map(|item| key_place(item, field)))
}
