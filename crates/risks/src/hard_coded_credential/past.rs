//! A credential that stands in git's history.

use super::SLUG;
use model::code::{PastSecret, Secret};
use model::{App, Confidence, Finding, Severity, Step};

/// Other files that are named beside the first.
const MOST_ALSO: usize = 3;

/// Since when the history holds a credential of today's source.
pub fn since(app: &App, secret: &Secret) -> Option<Step> {
    let past = app.code.past.iter().find(|past| past.secret.value == secret.value)?;
    let says = format!("git's history holds it since {}: it has to be rotated, not only taken out", commit(past));
    Some(Step { says, place: past.secret.place.clone() })
}

/// The finding, for a credential that no file here holds today.
pub fn finding(app: &App, past: &PastSecret) -> Option<Finding> {
    if app.code.secrets.iter().any(|secret| secret.value == past.secret.value) {
        return None;
    }
    let (secret, place) = (&past.secret, &past.secret.place);
    let mut path = vec![Step { says: format!("whoever clones the repository reads it in {}", commit(past)), place: place.clone() }];
    for also in past.also.iter().take(MOST_ALSO) {
        path.push(Step { says: "another file held it too".into(), place: also.clone() });
    }
    let today =
        if past.stands { "the commit that is checked out still holds it" } else { "later commits took it out; the history keeps it" };
    let says = format!("{today}: rotate it first, then, if it matters, rewrite the history (git filter-repo)");
    path.push(Step { says, place: place.clone() });
    Some(Finding {
        title: format!("{} `{}` stands in git's history ({})", secret.kind, secret.name, secret.masked()),
        severity: Severity::High,
        confidence: Confidence::Medium,
        path,
        symbol: format!("{} {}", secret.name, past.commit),
        ..crate::blank(SLUG, past.path().to_owned(), place.clone())
    })
}

/// `commit 1f2e3d4c5b6a of 2024-02-03`.
fn commit(past: &PastSecret) -> String {
    let commit = format!("commit {}", past.commit);
    if past.day.is_empty() { commit } else { format!("{commit} of {}", past.day) }
}
