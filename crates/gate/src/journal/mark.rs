//! Marks: keyed hashes that stand for tokens in journals and cache keys. A mark counts as what it stands for only in a
//! call that a journal gives, never in one that arrives from outside.

use crate::sigv4;
use model::{Call, Credential, State};

const TOKEN: &str = "sekisho-mark:";
const KEY: &str = "sekisho-key:";
const REFUSED: &str = "sekisho-refused:";
/// Stands for the signature of a token whose signature was verified.
const SIGNED: &str = "sekisho-verified";

/// Whether the call comes from a journal: calls to an API from outside offer a credential, or none.
fn replayed(call: &Call) -> bool {
    matches!(call.credential, Credential::Proved(_) | Credential::Refused(_))
}

/// The mark of a token. The mark of a mark is itself.
pub(crate) fn of(call: &Call, state: &dyn State, token: &str) -> String {
    if replayed(call) && (token.starts_with(TOKEN) || token.starts_with(REFUSED)) {
        return token.to_owned();
    }
    format!("{TOKEN}{}", sigv4::hex(&sigv4::hmac(&state.marker_key(), token.as_bytes())))
}

/// The mark of a token that its authorizer's expression refuses.
pub(super) fn refused(call: &Call, state: &dyn State, token: &str) -> String {
    of(call, state, token).replacen(TOKEN, REFUSED, 1)
}

/// Whether a token matched its authorizer's expression, where a mark says so.
pub(crate) fn matched(call: &Call, token: &str) -> Option<bool> {
    (replayed(call) && (token.starts_with(TOKEN) || token.starts_with(REFUSED))).then(|| token.starts_with(TOKEN))
}

/// Whether an offered API key is this one: by value, or in a replay by the key's id.
pub(crate) fn is_key(call: &Call, offered: &str, id: &str, value: &str) -> bool {
    match offered.strip_prefix(KEY) {
        Some(marked) if replayed(call) => marked == id,
        _ => sigv4::same(offered.as_bytes(), value.as_bytes()),
    }
}

/// What stands for an API key.
pub(super) fn key(id: &str) -> String {
    format!("{KEY}{id}")
}

/// Whether a token of a replayed call had a good signature.
pub(crate) fn is_proved_token(call: &Call, token: &str) -> bool {
    replayed(call) && token.rsplit_once('.').is_some_and(|(_, signature)| signature == SIGNED)
}

/// A token without its signature.
pub(super) fn token(token: &str, verified: bool) -> String {
    let content = token.rsplit_once('.').map_or(token, |(content, _)| content);
    format!("{content}.{}", if verified { SIGNED } else { "sekisho-refused" })
}
