//! Access keys: the root user's, in a file for AWS clients, and the sessions of functions' roles.
//!
//! Sessions live in memory only. A secret is written to the credentials file and nowhere else.

use crate::error::UpError;
use crate::folder;
use base64::Engine;
use model::{Identity, IssuedKey, Time};
use rand::RngCore;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

/// Seconds a session of a function's role lasts (AWS Security Token Service API Reference, "AssumeRole": at most 12 hours).
pub(crate) const SESSION_SECONDS: i64 = 12 * 3600;

/// A key pair for an AWS client.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AKIA…` or, for a session, `ASIA…`.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
    /// The token that must come with a session's key.
    pub session_token: Option<String>,
    /// When the session ends.
    pub expires: Option<Time>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Every key that this run issued, with the time of issue.
#[derive(Default)]
pub(crate) struct Keys(RwLock<HashMap<String, (IssuedKey, Time)>>);

impl Keys {
    /// The key pair with this id, with the time it was issued.
    pub fn get(&self, access_key_id: &str) -> Option<(IssuedKey, Time)> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(access_key_id).cloned()
    }

    /// Makes these credentials valid for this identity from `now` on, and forgets sessions that have ended.
    pub fn admit(&self, credentials: &Credentials, identity: Identity, now: Time) {
        let key = IssuedKey {
            secret: credentials.secret_access_key.clone(),
            session_token: credentials.session_token.clone(),
            identity,
            expires: credentials.expires,
        };
        self.admit_issued(&credentials.access_key_id, key, now);
    }

    /// The same for a key that a service issued.
    pub fn admit_issued(&self, access_key_id: &str, key: IssuedKey, now: Time) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // An hour's grace, so that a late caller is told "expired" and not "unknown".
        keys.retain(|_, (key, _)| key.expires.is_none_or(|end| end.0 + 3_600_000 > now.0));
        keys.insert(access_key_id.to_owned(), (key, now));
    }
}

/// A new session's credentials.
pub(crate) fn session(now: Time) -> Credentials {
    let mut token = [0; 240];
    rand::rngs::OsRng.fill_bytes(&mut token);
    let token = base64::engine::general_purpose::STANDARD.encode(token);
    Credentials {
        access_key_id: key_id("ASIA"),
        secret_access_key: secret(),
        session_token: Some(format!("IQoJb3JpZ2luX2Vj{token}")),
        expires: Some(Time(now.0 + SESSION_SECONDS * 1000)),
    }
}

/// The root user's credentials: from the file the user gave, else from `.sekisho/credentials`, which is made
/// on the first start. Returns them with the file's path.
///
/// # Errors
/// [`UpError::Credentials`] when the user's file is readable by others or has no key pair.
pub(crate) fn root(state: &Path, given: Option<&Path>, region: &str) -> Result<(Credentials, PathBuf), UpError> {
    let own = state.join("credentials");
    let path = given.map_or(own.clone(), Path::to_path_buf);
    let wrong = |why: String| UpError::Credentials { path: path.clone(), why };
    if given.is_some() || path.exists() {
        if !folder::is_private(&path).map_err(|e| wrong(e.to_string()))? {
            return Err(wrong("others can read it".into()));
        }
        let text = std::fs::read_to_string(&path).map_err(|e| wrong(e.to_string()))?;
        let credentials = parse(&text).ok_or_else(|| wrong("no key pair in its [default] section".into()))?;
        return Ok((credentials, path));
    }
    let credentials = Credentials { access_key_id: key_id("AKIA"), secret_access_key: secret(), session_token: None, expires: None };
    let text = format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\nregion = {region}\n",
        credentials.access_key_id, credentials.secret_access_key
    );
    folder::private_file(&path, text.as_bytes()).map_err(|e| wrong(e.to_string()))?;
    Ok((credentials, path))
}

/// The `[default]` profile of a shared credentials file (AWS SDKs and Tools Reference Guide, "Shared config and
/// credentials files").
fn parse(text: &str) -> Option<Credentials> {
    let (mut profile, mut id, mut key) = ("", None, None);
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            profile = name.trim();
        } else if let (true, Some((name, value))) = (profile == "default", line.split_once('=')) {
            match name.trim() {
                "aws_access_key_id" => id = Some(value.trim().to_owned()),
                "aws_secret_access_key" => key = Some(value.trim().to_owned()),
                _ => {}
            }
        }
    }
    let (access_key_id, secret_access_key) = (id.filter(|id| id.len() >= 16)?, key.filter(|key| !key.is_empty())?);
    Some(Credentials { access_key_id, secret_access_key, session_token: None, expires: None })
}

/// Twenty characters: a prefix that tells the kind and sixteen of base 32 (IAM User Guide, "IAM identifiers").
fn key_id(prefix: &str) -> String {
    const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut random = [0; 16];
    rand::rngs::OsRng.fill_bytes(&mut random);
    prefix.chars().chain(random.iter().map(|byte| char::from(BASE32[usize::from(byte % 32)]))).collect()
}

/// Forty characters of base 64.
fn secret() -> String {
    let mut random = [0; 30];
    rand::rngs::OsRng.fill_bytes(&mut random);
    base64::engine::general_purpose::STANDARD.encode(random)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn root_credentials_are_made_once_and_private() {
        let state = tempfile::tempdir().unwrap();
        let (first, path) = root(state.path(), None, "us-east-1").unwrap();
        assert!(folder::is_private(&path).unwrap());
        assert!(root(state.path(), None, "us-east-1").unwrap().0 == first);
        assert!(!format!("{first:?}").contains(&first.secret_access_key));
    }

    #[test]
    fn a_given_file_must_be_private_and_whole() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join("given");
        for (text, mode, says) in [
            ("[default]\naws_access_key_id=AKIAABCDEFGHIJKLMNOP\naws_secret_access_key=s\n", 0o644, Some("others can read")),
            ("[other]\naws_access_key_id=AKIAABCDEFGHIJKLMNOP\naws_secret_access_key=s\n", 0o600, Some("no key pair")),
            ("[default]\naws_access_key_id=AKIAABCDEFGHIJKLMNOP\naws_secret_access_key=s\n", 0o600, None),
        ] {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let answer = root(state.path(), Some(&path), "us-east-1");
            match says {
                Some(says) => assert!(answer.unwrap_err().to_string().contains(says)),
                None => assert_eq!(answer.unwrap().0.access_key_id, "AKIAABCDEFGHIJKLMNOP"),
            }
        }
    }

    #[test]
    fn ended_sessions_are_forgotten() {
        let keys = Keys::default();
        let early = session(Time(0));
        keys.admit(&early, Identity::Anonymous, Time(0));
        let late = Time((SESSION_SECONDS + 3601) * 1000);
        keys.admit(&session(late), Identity::Anonymous, late);
        assert!(keys.get(&early.access_key_id).is_none());
    }
}
