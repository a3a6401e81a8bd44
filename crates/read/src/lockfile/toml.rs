//! TOML as a node with places, so that one way of asking serves all formats.

use super::text::Text;
use crate::document::trouble;
use model::{Kind, Member, Node, Trouble};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The text as a mapping; what is no TOML keeps what could be read before and after the fault.
pub(super) fn read(file: &str, body: &str) -> (Node, Vec<Trouble>) {
    let text = Text::new(file, body);
    let (table, errors) = DeTable::parse_recoverable(body);
    let wrong = errors.iter().map(|error| {
        let place = text.place(error.span().map_or(0, |span| span.start), 0);
        trouble(format!("not assessed: {}", error.message().replace('\n', " ")), place, "correct the file: it is not TOML")
    });
    let troubles = wrong.take(3).collect();
    (Node::new(map(&text, table.get_ref()), text.place(0, body.len())), troubles)
}

fn map(text: &Text<'_>, table: &DeTable<'_>) -> Kind {
    let mut members: Vec<Member> = table
        .iter()
        .map(|(key, value)| Member {
            key: key.get_ref().to_string(),
            key_place: text.place(key.span().start, key.span().end),
            value: node(text, value),
        })
        .collect();
    members.sort_by_key(|member| member.key_place.span.start);
    Kind::Map(members)
}

fn node(text: &Text<'_>, value: &Spanned<DeValue<'_>>) -> Node {
    let kind = match value.get_ref() {
        DeValue::String(text) => Kind::String(text.to_string()),
        DeValue::Integer(number) => Kind::Number(number.as_str().to_owned()),
        DeValue::Float(number) => Kind::Number(number.as_str().to_owned()),
        DeValue::Boolean(value) => Kind::Bool(*value),
        DeValue::Datetime(time) => Kind::String(time.to_string()),
        DeValue::Array(items) => Kind::List(items.iter().map(|item| node(text, item)).collect()),
        DeValue::Table(table) => map(text, table),
    };
    Node::new(kind, text.place(value.span().start, value.span().end))
}
