//! Cognito authorizers: which tokens pass, and what the integration is told.
#![allow(clippy::unwrap_used, clippy::panic)]

mod stand;

use model::{Answer, Call, Time};
use sekisho_gate::decide;
use serde_json::json;
use stand::tokens::{ACCESS, EXPIRED, FOREIGN, ID, N, NARROW, NONE, UNKNOWN_KEY};
use stand::{Memory, NOW, app, invoke};

fn pool() -> Memory {
    Memory { jwks: Some(json!({"keys": [{"kid": "k1", "kty": "RSA", "alg": "RS256", "n": N, "e": "AQAB"}]})), ..Memory::default() }
}

fn judge(method: &str, token: &str, state: &Memory) -> Result<serde_json::Value, (u16, String)> {
    match decide(&app(), &invoke(method, "/pool", &[("authorization", token)], ""), state).answer {
        Answer::Pass(grant) => Ok(serde_json::Value::Object(grant.authorizer.unwrap())),
        Answer::Stop(stop) => Err((stop.status, stop.message)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tokens() {
    let refused =
        |method: &str, token: &str| assert_eq!(judge(method, token, &pool()), Err((401, "Unauthorized".into())), "{method} {token}");
    let claims = judge("GET", ID, &pool()).unwrap();
    assert_eq!(claims, judge("GET", &format!("Bearer {ID}"), &pool()).unwrap());
    assert_eq!(claims["claims"]["cognito:groups"], "a,b");
    assert_eq!(claims["claims"]["exp"], "Sun Nov 22 14:44:13 UTC 2026");
    assert!(judge("POST", ACCESS, &pool()).is_ok());
    // Without scopes an id token is wanted, with scopes an access token that has one of them.
    refused("GET", ACCESS);
    refused("POST", ID);
    refused("POST", NARROW);
    for token in [FOREIGN, UNKNOWN_KEY, NONE, "", "x", "a.b.c"] {
        refused("GET", token);
    }
    assert_eq!(judge("GET", EXPIRED, &pool()), Err((401, "The incoming token has expired".into())));
    // A changed claim, a cut signature, a signature that says it was verified, no keys.
    let (head, tail) = ID.rsplit_once('.').unwrap();
    let other = ACCESS.rsplit_once('.').unwrap().1;
    for token in
        [format!("{head}.{other}"), format!("{head}."), head.to_owned(), format!("{head}.sekisho-verified"), format!("{head}x.{tail}")]
    {
        refused("GET", &token);
    }
    assert!(judge("GET", ID, &Memory::default()).is_err());
    let later = Call { time: Time(NOW.0 + 3_600_000), ..invoke("GET", "/pool", &[("authorization", ID)], "") };
    assert!(!decide(&app(), &later, &pool()).passes());
}
