//! Files to what the engine asks about. Says what cannot be read.

use crate::exit::Exit;
use crate::output;
use iam::account::Account;
use iam::sets::Observed;
use iam::{Malformed, Policy};
use model::App;
use std::path::Path;
use std::sync::Arc;

/// Bytes of a policy or account file that are still read.
const LIMIT: u64 = 512 << 20;

/// An account, and the application it was read from if it was.
pub struct Read {
    /// The account.
    pub account: Account,
    /// The application.
    pub app: Option<App>,
}

/// The text of a file.
///
/// # Errors
/// After it was said why.
pub fn text(path: &Path) -> Result<String, Exit> {
    let too_large = std::fs::metadata(path).is_ok_and(|about| about.len() > LIMIT);
    if too_large {
        return Err(output::unfinished(&format!("{}: larger than {} MiB; name a smaller file", path.display(), LIMIT >> 20)));
    }
    std::fs::read_to_string(path).map_err(|error| {
        let says = match error.kind() {
            std::io::ErrorKind::InvalidData => "not UTF-8 text".to_owned(),
            _ => error.to_string(),
        };
        let exit = output::unfinished(&format!("{}: {says}; name a JSON file that can be read", path.display()));
        if error.kind() == std::io::ErrorKind::NotFound { Exit::Nothing } else { exit }
    })
}

/// A value that was read from JSON, or why not.
///
/// # Errors
/// After it was said where.
pub fn parsed<T>(read: Result<T, Malformed>) -> Result<T, Exit> {
    read.map_err(|malformed| output::unfinished(&format!("{malformed}; mend the JSON there")))
}

/// A policy document; places count in the file.
///
/// # Errors
/// After it was said why.
pub fn policy(path: &Path) -> Result<Arc<Policy>, Exit> {
    let name = path.to_string_lossy();
    let policy = parsed(Policy::from_text(&name, &name, &text(path)?))?;
    Ok(Arc::new(policy))
}

/// An account: the JSON of `get-account-authorization-details`, or a folder with templates.
///
/// # Errors
/// After it was said why.
pub fn account(path: &Path) -> Result<Read, Exit> {
    if path.is_file() {
        let text = text(path)?;
        if text.contains("\"RoleDetailList\"") || text.contains("\"UserDetailList\"") {
            let account = parsed(Account::of_authorization_details(&path.to_string_lossy(), &text))?;
            return Ok(Read { account, app: None });
        }
    }
    if !path.exists() {
        output::error(&format!("nothing to read: {} does not exist", path.display()));
        return Err(Exit::Nothing);
    }
    let app = read::application(path, &read::Options::default());
    crate::input::something(&app, path)?;
    Ok(Read { account: Account::of_app(&app), app: Some(app) })
}

/// Whether a record's caller is the principal: itself, or a session of the role where the record does not name the issuer.
fn is(caller: &str, arn: &str) -> bool {
    let role = |arn: &str| match iam::Principal::parse(arn) {
        Some(iam::Principal::Session { arn, .. }) => arn.rsplit_once('/').map(|(role, _)| role.to_owned()),
        _ => None,
    };
    caller == arn || (caller.contains(":assumed-role/") && role(caller).is_some() && role(caller) == role(arn))
}

/// What a principal was seen to do in a trail, and in how many events.
///
/// # Errors
/// When the trail has no event of it, after that was said.
pub fn observed(trail: &Path, arn: &str) -> Result<(Vec<Observed>, usize), Exit> {
    if !trail.exists() {
        output::error(&format!("nothing to read: {} does not exist", trail.display()));
        return Err(Exit::Nothing);
    }
    let (mut observed, mut events) = (Vec::new(), 0);
    let mut logs = read::log::open(&[trail.to_owned()], read::log::Limits::default());
    for event in logs.by_ref().filter(|event| event.log == model::LogKind::Cloudtrail) {
        // A call that was refused shows a wish, not a need.
        let refused = event.record.get("errorCode").is_some_and(|code| !code.is_null());
        if iam::trail::caller(&event.record).is_some_and(|caller| is(caller, arn)) && !refused {
            events += 1;
            observed.extend(iam::trail::observed(&event.record));
        }
    }
    for trouble in logs.into_troubles() {
        output::says(&format!("{}: {}", trouble.place, trouble.says));
    }
    if events == 0 {
        output::error(&format!("{} shows no successful call of {arn}", trail.display()));
        return Err(Exit::Nothing);
    }
    observed.sort();
    observed.dedup();
    Ok((observed, events))
}
