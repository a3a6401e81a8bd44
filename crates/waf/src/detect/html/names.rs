//! Tags and attributes that carry script. The names are libinjection's, as data.

use std::sync::OnceLock;

/// What an attribute does with its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Attribute {
    /// Nothing that runs.
    Plain,
    /// Runs it.
    Black,
    /// Follows it as a URL.
    Url,
    /// Reads it as a style sheet.
    Style,
    /// Takes it as the name of an attribute.
    Indirect,
}

struct Names {
    /// Events in order, none the beginning of another: a name that begins with a longer one begins with the shorter too.
    events: Vec<&'static [u8]>,
    attributes: Vec<(&'static [u8], Attribute)>,
    tags: Vec<&'static [u8]>,
}

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| read(include_str!("../html_names.txt")))
}

fn read(text: &'static str) -> Names {
    let mut out = Names { events: Vec::new(), attributes: Vec::new(), tags: Vec::new() };
    for line in text.lines() {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["event", name] => out.events.push(name.as_bytes()),
            ["tag", name] => out.tags.push(name.as_bytes()),
            ["attribute", name, kind] => {
                let kind = match *kind {
                    "url" => Attribute::Url,
                    "style" => Attribute::Style,
                    "indirect" => Attribute::Indirect,
                    _ => Attribute::Black,
                };
                out.attributes.push((name.as_bytes(), kind));
            }
            _ => {}
        }
    }
    out.events.sort_unstable();
    // In order, a beginning stands right before what it begins.
    out.events.dedup_by(|later, earlier| later.starts_with(earlier));
    out
}

/// Whether a tag of this name runs script or loads something that does. NUL bytes in it are overlooked, as old browsers do.
pub(super) fn is_black_tag(name: &[u8]) -> bool {
    if name.len() < 3 {
        return false;
    }
    starts(name, "SVG") || starts(name, "XSL") || names().tags.iter().any(|tag| same(tag, name))
}

/// What the attribute of this name does. An event handler is known by how it begins.
pub(super) fn attribute(name: &[u8]) -> Attribute {
    if name.len() < 2 {
        return Attribute::Plain;
    }
    if name.len() >= 5 && ((starts(name, "ON") && is_event(&name[2..])) || starts(name, "XMLNS") || starts(name, "XLINK")) {
        return Attribute::Black;
    }
    names().attributes.iter().find(|(known, _)| same(known, name)).map_or(Attribute::Plain, |(_, kind)| *kind)
}

fn is_event(name: &[u8]) -> bool {
    let events = &names().events;
    let upper = |byte: &u8| byte.to_ascii_uppercase();
    let after = events.partition_point(|event| event.iter().copied().cmp(name.iter().map(upper)).is_le());
    after > 0 && name.get(..events[after - 1].len()).is_some_and(|start| start.eq_ignore_ascii_case(events[after - 1]))
}

/// Whether `text` begins with `upper`, which is in upper case.
pub(super) fn starts(text: &[u8], upper: &str) -> bool {
    text.get(..upper.len()).is_some_and(|start| start.eq_ignore_ascii_case(upper.as_bytes()))
}

/// Whether they are the same without the NUL bytes of `text`.
fn same(upper: &[u8], text: &[u8]) -> bool {
    let mut rest = text.iter().filter(|byte| **byte != 0);
    text.len() >= upper.len()
        && upper.iter().all(|byte| rest.next().is_some_and(|next| next.to_ascii_uppercase() == *byte))
        && rest.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_of_the_table_is_known() {
        let mut seen = 0;
        for line in include_str!("../html_names.txt").lines() {
            if let Some(event) = line.strip_prefix("event ") {
                let handler = format!("on{}", event.to_lowercase());
                let expected = if handler.len() < 5 { Attribute::Plain } else { Attribute::Black };
                assert_eq!(attribute(handler.as_bytes()), expected, "{handler}");
                assert_eq!(attribute(format!("{handler}zz").as_bytes()), Attribute::Black, "{handler}zz");
                seen += 1;
            }
        }
        assert_eq!(seen, 298);
        assert_eq!(attribute(b"onaaaaaa"), Attribute::Plain);
        assert_eq!(attribute(b"onclic"), Attribute::Plain);
    }

    #[test]
    fn nul_bytes_are_overlooked_in_names() {
        assert!(is_black_tag(b"sc\0ript") && is_black_tag(b"ScRiPt") && !is_black_tag(b"scripts") && !is_black_tag(b"b"));
        assert_eq!(attribute(b"hr\0ef"), Attribute::Url);
        assert_eq!(attribute(b"style"), Attribute::Style);
    }
}
