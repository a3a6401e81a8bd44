//! Secrets in the history of the repository that an application lies in. What a file of today holds too stays with that file.

use git::{Commit, Version};
use model::code::{PastSecret, Secret};
use model::{App, Place, Trouble};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What a commit's own text is called where a file's path would stand.
const MESSAGE: &str = "commit message";

/// Searches every version of every file below `root` that git's history holds, and adds the secrets and what could not be read to the
/// application. Each value is one secret, in the version that brought it.
pub fn history(root: &Path, app: &mut App) {
    let mut found: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    let mut unread: Vec<Trouble> = Vec::new();
    let wanted = |path: &str| !code::is_installed(path) && !path.split('/').any(|part| part == ".aws-sam");
    let walked = git::walk(root, &wanted, &mut |version| match code::secrets_in(version.path.unwrap_or_default(), version.bytes) {
        Ok(secrets) => {
            for secret in secrets {
                found.entry(secret.value.clone()).or_default().push(Seen::of(version, secret));
            }
        }
        Err(trouble) => unread.push(Trouble { place: Place::new(named(version), 1, 1), ..trouble }),
    });
    app.troubles.extend(walked.troubles);
    app.troubles.extend(unread);
    let code = Arc::make_mut(&mut app.code);
    code.past = found.into_values().filter_map(past).collect();
    code.past.sort_by(|a, b| a.secret.place.cmp(&b.secret.place));
}

/// A secret in one version of a file.
struct Seen {
    commit: Commit,
    stands: bool,
    secret: Secret,
}

impl Seen {
    fn of(version: &Version<'_>, secret: Secret) -> Self {
        let place = Place { file: named(version).into(), ..secret.place };
        // A fix would change a file of today.
        let secret = Secret { place, object: None, function: None, ..secret };
        Self { commit: version.commit, stands: version.stands && version.path.is_some(), secret }
    }
}

/// `src/db.js@1f2e3d4c5b6a`.
fn named(version: &Version<'_>) -> String {
    format!("{}@{}", version.path.unwrap_or(MESSAGE), version.commit.id.short())
}

/// One value from all its versions.
fn past(mut seen: Vec<Seen>) -> Option<PastSecret> {
    seen.sort_by(|a, b| (a.commit, &a.secret.place).cmp(&(b.commit, &b.secret.place)));
    let stands = seen.iter().any(|seen| seen.stands);
    let mut versions = seen.into_iter();
    let first = versions.next()?;
    let path = |place: &Place| place.file.rsplit_once('@').map_or_else(String::new, |(path, _)| path.to_owned());
    let mut also: BTreeMap<String, Place> = BTreeMap::new();
    for other in versions.filter(|other| path(&other.secret.place) != path(&first.secret.place)) {
        also.entry(path(&other.secret.place)).or_insert(other.secret.place);
    }
    let commit = first.commit.id.short();
    let day = if first.commit.time.0 == 0 { String::new() } else { first.commit.time.to_string().chars().take(10).collect() };
    Some(PastSecret { commit, day, also: also.into_values().collect(), stands, secret: first.secret })
}
