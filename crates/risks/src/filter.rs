//! Filters of triggers, three-valued: whether what is written can come through. Yes and no only where the text is known; what is
//! not known comes through, with the condition said.
//!
//! Amazon S3 User Guide, "Event notification types"; Lambda Developer Guide, "Control which events Lambda sends to your function";
//! EventBridge User Guide, "Comparison operators in event patterns"; SNS Developer Guide, "Subscription filter policies".

use iam::Truth;
use model::Node;

/// What is known of the texts of a message: the pattern (`*` for what is not known) at a path; `None` when nothing is.
pub type Known<'k> = &'k dyn Fn(&[&str]) -> Option<String>;

/// Whether a text of which a pattern is known begins with a prefix.
pub fn begins(pattern: &str, prefix: &str) -> Truth {
    let head = pattern.split('*').next().unwrap_or_default();
    match (head.len() >= prefix.len() || !pattern.contains('*'), head.starts_with(prefix)) {
        (true, fits) => fits.into(),
        (false, _) if prefix.starts_with(head) => Truth::Depends,
        (false, _) => Truth::No,
    }
}

/// Whether it ends with a suffix.
pub fn ends(pattern: &str, suffix: &str) -> Truth {
    let tail = pattern.rsplit('*').next().unwrap_or_default();
    match (tail.len() >= suffix.len() || !pattern.contains('*'), tail.ends_with(suffix)) {
        (true, fits) => fits.into(),
        (false, _) if suffix.ends_with(tail) => Truth::Depends,
        (false, _) => Truth::No,
    }
}

/// Whether it is a text.
fn is(pattern: &str, text: &str) -> Truth {
    if !pattern.contains('*') {
        return (pattern == text).into();
    }
    let (head, tail) = (pattern.split('*').next().unwrap_or_default(), pattern.rsplit('*').next().unwrap_or_default());
    if text.starts_with(head) && text.ends_with(tail) && text.len() >= head.len() + tail.len() { Truth::Depends } else { Truth::No }
}

/// A pattern of EventBridge's language: mappings of names to lists of what each may be.
pub fn pattern(node: &Node, at: &[String], known: Known<'_>) -> Truth {
    Truth::all(node.members().iter().map(|member| {
        if member.key == "$or" {
            let ways = member.value.items().to_vec();
            return Truth::any(ways.iter().map(|way| pattern(way, at, known)));
        }
        let at = [at, std::slice::from_ref(&member.key)].concat();
        if !member.value.members().is_empty() {
            return pattern(&member.value, &at, known);
        }
        if member.value.unknown().is_some() {
            return Truth::Depends;
        }
        let path: Vec<&str> = at.iter().map(String::as_str).collect();
        let found = known(&path);
        Truth::any(member.value.one_or_many().iter().map(|one| value(one, found.as_deref())))
    }))
}

/// One of the values a field may have.
fn value(wanted: &Node, found: Option<&str>) -> Truth {
    let Some(found) = found else { return Truth::Depends };
    if let Some(text) = wanted.scalar() {
        return is(found, &text);
    }
    let [rule] = wanted.members() else { return Truth::Depends };
    match (rule.key.as_str(), rule.value.scalar()) {
        ("prefix", Some(text)) => begins(found, &text),
        ("suffix", Some(text)) => ends(found, &text),
        ("exists", Some(text)) => (text == "true").into(),
        ("equals-ignore-case", Some(text)) => is(&found.to_lowercase(), &text.to_lowercase()),
        ("anything-but", _) => {
            let none =
                rule.value.one_or_many().iter().map(|not| not.scalar().map_or(Truth::Depends, |text| is(found, &text).negated(true)));
            Truth::all(none)
        }
        _ => Truth::Depends,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Truth::{Depends, No, Yes};
    use model::Place;

    #[test]
    fn beginnings_and_ends() {
        for (pattern, prefix, expected) in [
            ("in/a.png", "in/", Yes),
            ("in/*", "in/", Yes),
            ("in/*", "in/photos/", Depends),
            ("out/*", "in/", No),
            ("in", "in/", No),
            ("*", "in/", Depends),
        ] {
            assert_eq!(begins(pattern, prefix), expected, "{pattern} {prefix}");
        }
        for (pattern, suffix, expected) in
            [("in/*.png", ".png", Yes), ("in/*", ".png", Depends), ("in/*.jpg", ".png", No), ("a.png", ".png", Yes)]
        {
            assert_eq!(ends(pattern, suffix), expected, "{pattern} {suffix}");
        }
    }

    #[test]
    fn patterns() {
        let known = |path: &[&str]| match path {
            ["source"] => Some("shop".to_owned()),
            ["detail", "kind"] => Some("order-*".to_owned()),
            _ => None,
        };
        for (text, expected) in [
            (r#"{"source": ["shop"]}"#, Yes),
            (r#"{"source": ["aws.s3"]}"#, No),
            (r#"{"source": ["shop"], "detail": {"kind": [{"prefix": "order-"}]}}"#, Yes),
            (r#"{"detail": {"kind": ["order-new"]}}"#, Depends),
            (r#"{"detail": {"kind": ["refund"]}}"#, No),
            (r#"{"detail": {"size": [{"numeric": [">", 3]}]}}"#, Depends),
            (r#"{"source": [{"anything-but": ["shop"]}]}"#, No),
            (r#"{"$or": [{"source": ["x"]}, {"source": ["shop"]}]}"#, Yes),
            ("{}", Yes),
        ] {
            let node = Node::from_json(&serde_json::from_str(text).unwrap(), &Place::new("t", 1, 1));
            assert_eq!(pattern(&node, &[], &known), expected, "{text}");
        }
    }
}
