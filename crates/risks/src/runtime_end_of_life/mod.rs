//! A function on a runtime that gets no security updates any more.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Severity};

/// The risk.
pub const RISK: Risk = setting::plain(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "runtime-end-of-life";

/// Runtime, the day it was or will be deprecated, and what takes its place. See the head of the file for its source.
const RUNTIMES: &str = include_str!("runtimes.tsv");

/// The day the table was read, by which is judged where no other day is given: this room knows no clock.
const READ: &str = "2026-02-11";

/// How many functions run on what was to be deprecated between the day the table was read and this one.
pub fn since_read(app: &App, day: &str) -> usize {
    let runtime = |resource: &model::Resource| resource.properties.get("Runtime").and_then(model::Node::scalar);
    let ended = |name: &String| deprecated(name, day).is_some() && deprecated(name, READ).is_none();
    app.of_kind("AWS::Lambda::Function").filter_map(runtime).filter(ended).count()
}

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Medium, &["AWS::Lambda::Function"], |function| {
        let runtime = function.properties.get("Runtime")?;
        let name = &function.id.logical;
        if runtime.unknown().is_some() {
            return None;
        }
        let today = app.judged_on.as_deref().unwrap_or(READ);
        let (day, next) = deprecated(&runtime.scalar()?, today)?;
        let announced = if day < READ { String::new() } else { format!(", as AWS announced on {READ}") };
        let says = format!("{name} runs on {}, which gets no security updates since {day}{announced}", runtime.scalar()?);
        // The value may stand in `Globals`, for all functions: it is mended where it is written.
        let edit = model::Edit::Value { place: runtime.place.clone(), operation: model::Operation::Set(next.into()) };
        let literal = matches!(runtime.kind, model::node::Kind::String(_)) && app.sources.contains_key(&runtime.place.file);
        let then = format!("read what changed up to {next} before you deploy, and test");
        let fix = setting::fix_then(&format!("run on {next}"), [literal.then_some(edit)], &then);
        Some((Told::Wrong(runtime.place.clone()), says, fix))
    })
}

/// The day from which a runtime is deprecated, when that is before today, and its successor.
fn deprecated(runtime: &str, today: &str) -> Option<(&'static str, &'static str)> {
    RUNTIMES.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut cells = line.split('\t');
        let (name, day, next) = (cells.next()?, cells.next()?, cells.next()?);
        (name == runtime && day < today).then_some((day, next))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads() {
        for line in RUNTIMES.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), 3, "{line}");
            assert!(cells[1].len() == 10 && deprecated(cells[2], READ).is_none(), "{line}");
        }
        assert_eq!(deprecated("nodejs12.x", READ).unwrap().0, "2023-03-31");
        assert_eq!(deprecated("nodejs22.x", READ), None);
        assert_eq!((deprecated("nodejs20.x", READ), deprecated("nodejs20.x", "2026-11-22").unwrap().0), (None, "2026-04-30"));
    }
}
