//! A function talks to its database in the clear, or to whoever shows any certificate.

use crate::{Risk, database_client, setting};
use model::code::{Review, ReviewKind};
use model::{App, Edit, Finding, Fix, Place, Span};

/// The risk.
pub const RISK: Risk = setting::plain(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "unverified-database-connection";

fn check(app: &App) -> Vec<Finding> {
    let found = database_client::findings(app, SLUG, ReviewKind::PlainConnection, says);
    found.into_iter().map(|finding| Finding { fix: fix(app, &finding), ..finding }).collect()
}

fn says(review: &Review) -> &'static str {
    match &*review.name {
        "rejectUnauthorized" => "the database's certificate is not checked",
        _ => "the driver is not told to use TLS",
    }
}

/// The drivers of MySQL bring Amazon's certificates along under a name (README of mysql: "SSL options"; of mysql2: "SSL"). Other
/// drivers need a file that has to be shipped, which no edit of this line does.
fn fix(app: &App, finding: &Finding) -> Option<Fix> {
    let Place { file, span, .. } = &finding.place;
    let text = &app.sources.get(file)?.text;
    let by_name = ["'mysql'", "\"mysql\"", "'mysql2", "\"mysql2"].iter().any(|import| text.contains(import));
    let inside = text.get(span.start as usize..span.end as usize)?.strip_prefix('{')?;
    if finding.symbol != "ssl" || !by_name || !file.ends_with("js") {
        return None;
    }
    let (at, with) = match inside.split_once('\n') {
        // On a line of its own where the properties are, before the first of them.
        Some((first, rest)) if first.trim().is_empty() || first.trim_start().starts_with("//") => {
            let indent = rest.get(..rest.len() - rest.trim_start().len())?;
            (1 + first.len(), format!("\n{indent}ssl: 'Amazon RDS',"))
        }
        _ => (1, " ssl: 'Amazon RDS',".to_owned()),
    };
    let at = span.start + u32::try_from(at).ok()?;
    let at = Span { start: at, end: at };
    Some(Fix {
        says: "connect with TLS and check the certificate against Amazon's".into(),
        safe: false,
        edits: vec![Edit::text(&Place { span: at, ..finding.place.clone() }, &with)],
        then: Some("let the database insist on it: require_secure_transport in its parameter group".into()),
    })
}
