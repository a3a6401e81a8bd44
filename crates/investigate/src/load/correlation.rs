//! Sigma correlations, before the rules they name are known (Sigma Correlation Rules Specification).
//! Counts below a limit are refused: a stream cannot tell that something will not come.

use super::about::not_assessed;
use crate::rule::{About, Field};
use model::{Node, Place, Trouble};

/// A correlation whose rules are still names.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub about: About,
    pub kind: DraftKind,
    pub of: Vec<(String, Place)>,
    pub group_by: Vec<String>,
    pub timespan: i64,
    pub aliases: Vec<(String, Vec<(String, Field)>)>,
    pub generate: bool,
}

#[derive(Clone, Debug)]
pub(super) enum DraftKind {
    EventCount(usize),
    ValueCount(Field, usize),
    /// With the number of different rules; all of them when not said.
    Temporal(Option<usize>),
    TemporalOrdered,
}

/// Reads `correlation:`.
pub(super) fn read(about: About, node: &Node) -> Result<Draft, Trouble> {
    let fail = |why: &str, place: &Place| not_assessed(&about.title, why, place);
    let need = |key: &str| node.get(key).ok_or_else(|| fail(&format!("its correlation has no `{key}`"), &node.place));
    let names = |node: &Node| node.one_or_many().iter().filter_map(|n| n.scalar().map(|s| (s, n.place.clone()))).collect::<Vec<_>>();
    let of = names(need("rules")?);
    if of.is_empty() {
        return Err(fail("its correlation names no rules", &node.place));
    }
    let span = need("timespan")?;
    let timespan =
        timespan(&span.scalar().unwrap_or_default()).ok_or_else(|| fail("its timespan is none of 10s, 5m, 1h, 2d", &span.place))?;
    let count = || node.get("condition").map(|node| at_least(node).map_err(|(why, place)| fail(&why, &place))).transpose();
    let needed = || count()?.ok_or_else(|| fail("its correlation has no `condition`", &node.place));
    let kind = need("type")?;
    let kind = match kind.scalar().unwrap_or_default().as_str() {
        "event_count" => DraftKind::EventCount(needed()?),
        "value_count" => {
            let field = node.at(&["condition", "field"]).and_then(Node::str);
            let field = field.ok_or_else(|| fail("its condition names no single `field`", &kind.place))?;
            DraftKind::ValueCount(Field::new(field), needed()?)
        }
        "temporal" => DraftKind::Temporal(count()?),
        "temporal_ordered" => match node.get("condition") {
            None => DraftKind::TemporalOrdered,
            Some(at) => return Err(fail("a condition on temporal_ordered is not supported", &at.place)),
        },
        other => return Err(fail(&format!("correlation type `{other}` is not supported"), &kind.place)),
    };
    let aliases = node.get("aliases").map(Node::members).unwrap_or_default();
    let aliases = aliases.iter().map(|alias| {
        let fields = alias.value.members().iter().filter_map(|m| m.value.str().map(|f| (m.key.clone(), Field::new(f))));
        (alias.key.clone(), fields.collect())
    });
    Ok(Draft {
        kind,
        of,
        group_by: node.get("group-by").map(names).unwrap_or_default().into_iter().map(|(name, _)| name).collect(),
        timespan,
        aliases: aliases.collect(),
        generate: node.get("generate").and_then(Node::bool).unwrap_or(false),
        about,
    })
}

/// `gte: 10` or `gt: 9`.
fn at_least(node: &Node) -> Result<usize, (String, Place)> {
    let mut least = None;
    for member in node.members() {
        let number = || member.value.integer().and_then(|n| usize::try_from(n).ok());
        let count = match member.key.as_str() {
            "field" => continue,
            "gte" => number(),
            "gt" => number().and_then(|n| n.checked_add(1)),
            other => {
                return Err((
                    format!("`{other}` in the condition is not supported: only `gt` and `gte` can be told from a stream"),
                    member.key_place.clone(),
                ));
            }
        };
        least = Some(count.ok_or_else(|| ("the condition's number cannot be read".to_owned(), member.value.place.clone()))?);
    }
    // A count of nothing would hold for every group that never was.
    least.filter(|count| *count > 0).ok_or_else(|| ("its condition has no count above zero".to_owned(), node.place.clone()))
}

/// `90m` in milliseconds.
fn timespan(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    text.get(..text.len() - 1)?.parse::<i64>().ok().filter(|n| *n > 0)?.checked_mul(unit)
}
