//! What a rule says about itself: title, level, tags (Sigma Rules Specification, "Components").

use crate::rule::About;
use model::{Node, Place, Severity, Trouble};

/// The heading of a document.
pub(super) fn read(node: &Node, risk: Option<&str>) -> Result<About, Trouble> {
    let text = |key: &str| node.get(key).and_then(Node::scalar);
    let title = text("title").or_else(|| text("name")).ok_or_else(|| not_assessed("without a title", "it has no title", &node.place))?;
    let severity = match text("level").as_deref() {
        Some("informational" | "low") => Severity::Low,
        Some("medium") | None => Severity::Medium,
        Some("high") => Severity::High,
        Some("critical") => Severity::Critical,
        Some(other) => return Err(not_assessed(&title, &format!("`{other}` is no level"), place(node, "level"))),
    };
    if text("status").as_deref() == Some("unsupported") {
        return Err(not_assessed(&title, "its author marked it unsupported", place(node, "status")));
    }
    let tags = node.get("tags").map(Node::items).unwrap_or_default();
    let attack = tags.iter().filter_map(Node::str).filter_map(technique).collect();
    let name = text("name").unwrap_or_else(|| title.clone());
    Ok(About { name, id: text("id"), risk: risk.map(str::to_owned), severity, attack, place: node.place.clone(), title })
}

/// `attack.t1078.004` to `T1078.004`.
fn technique(tag: &str) -> Option<String> {
    let id = tag.to_ascii_lowercase();
    let id = id.strip_prefix("attack.t")?;
    id.starts_with(|c: char| c.is_ascii_digit()).then(|| format!("T{id}"))
}

fn place<'a>(node: &'a Node, key: &str) -> &'a Place {
    node.get(key).map_or(&node.place, |value| &value.place)
}

/// A rule that is left out, and why.
pub(super) fn not_assessed(title: &str, why: &str, place: &Place) -> Trouble {
    Trouble {
        says: format!("rule “{title}” was not run: {why}"),
        place: place.clone(),
        help: "change the rule at this line, or look for what it detects by hand".into(),
    }
}
