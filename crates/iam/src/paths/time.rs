//! Conditions over time: whether a date that a statement asks for can still come. Pure: of the clock it knows only that
//! nobody runs this before it was written.

use crate::condition::Compiled;
use crate::decide::{Decision, Outcome, decide};
use crate::request::Request;
use crate::stack::Stack;

/// No question is asked before this day, 2026-09-26, that of the catalogue of actions; in milliseconds.
const WRITTEN: i64 = 1_790_380_800_000;

/// The keys that hold a moment not before the request (IAM User Guide, "AWS global condition context keys").
const MOMENTS: [&str; 3] = ["aws:currenttime", "aws:epochtime", "aws:tokenissuetime"];

/// Whether an undecided request may be allowed at some moment from [`WRITTEN`] on. True when no date is asked for.
pub(super) fn may_come(request: &Request, stack: &Stack, decision: &Decision<'_>) -> bool {
    let conditions = decision.matched.iter().flat_map(|matched| &*matched.statement.conditions);
    let dates = conditions.filter(|c| MOMENTS.contains(&&*c.key_lower)).flat_map(|c| &*c.values).filter_map(|v| match v.compiled {
        Compiled::Date(date) => Some(date),
        _ => None,
    });
    // Between two dates that are asked for nothing changes, so a moment of each stretch stands for all of it.
    let mut moments: Vec<i64> = dates.flat_map(|date| [date - 1000, date, date + 1000]).filter(|moment| *moment >= WRITTEN).collect();
    let asks = decision.matched.iter().flat_map(|m| &*m.statement.conditions).any(|c| MOMENTS.contains(&&*c.key_lower));
    if !asks {
        return true;
    }
    moments.extend([WRITTEN, WRITTEN * 100]);
    moments.iter().any(|moment| {
        let mut context = request.context.clone();
        for key in MOMENTS {
            context = context.with(key, (moment / 1000).to_string());
        }
        let then = request.clone().with_context(context);
        matches!(decide(&then, stack).outcome, Outcome::Allowed | Outcome::Depends)
    })
}
