//! A database driver takes several statements in one text, so that an injection may add one of its own.

use crate::{Risk, database_client, setting};
use model::code::ReviewKind;
use model::{App, Edit, Finding, Fix};

/// The risk.
pub const RISK: Risk = setting::plain(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "multiple-statements";

fn check(app: &App) -> Vec<Finding> {
    let found = database_client::findings(app, SLUG, ReviewKind::MultipleStatements, |_| "the driver takes several statements in one text");
    found.into_iter().map(|finding| Finding { fix: fix(app, &finding), ..finding }).collect()
}

/// The option's value, where it is a `true` that is written out.
fn fix(app: &App, finding: &Finding) -> Option<Fix> {
    let source = app.sources.get(&finding.place.file)?;
    let span = finding.place.span;
    (source.text.get(span.start as usize..span.end as usize)? == "true").then(|| Fix {
        says: "take one statement at a time".into(),
        safe: false,
        edits: vec![Edit::text(&finding.place, "false")],
        then: Some("look for code that sends several statements in one text: it fails from now on".into()),
    })
}
