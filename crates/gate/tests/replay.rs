//! The law of the journal: what was judged is judged the same from what the journal keeps, and the journal keeps no
//! credential.
#![allow(clippy::unwrap_used, clippy::panic)]

mod stand;

use model::{Answer, App, Ask, Call, Credential, HttpRequest, IssuedKey, Time, Usage};
use proptest::prelude::*;
use sekisho_gate::{Entry, decide, record, sigv4};
use serde_json::json;
use stand::tokens::{ACCESS, EXPIRED, ID, N};
use stand::{KEY, Memory, NOW, allow, answered, api_call, app, connect, invoke, node, session, with};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SESSION_TOKEN: &str = "a-session-token";
const TOKEN: &str = "Bearer-the-callers-token";

fn memory() -> Memory {
    let key = IssuedKey { secret: SECRET.into(), session_token: Some(SESSION_TOKEN.into()), identity: session(), expires: None };
    let mut memory = Memory { jwks: Some(json!({"keys": [{"kid": "k1", "n": N, "e": "AQAB"}]})), ..Memory::default() };
    memory.keys.insert("ASIAEXAMPLE".into(), key);
    memory
}

/// Signs a request for `execute-api` as a client does.
fn sign(mut call: Call, secret: &str) -> Call {
    let Ask::Invoke(invoke) = &call.ask else { return call };
    let mut request = HttpRequest { path: format!("/dev{}", invoke.request.path), ..invoke.request.clone() };
    let scope = format!("{}/us-east-1/execute-api/aws4_request", &NOW.basic()[..8]);
    request.headers.extend([
        ("Host".into(), "h".into()),
        ("X-Amz-Date".into(), NOW.basic()),
        ("X-Amz-Security-Token".into(), SESSION_TOKEN.into()),
    ]);
    let empty = sigv4::hex(&sigv4::sha256(b""));
    let names = "host;x-amz-date;x-amz-security-token";
    let headers = format!("host:h\nx-amz-date:{}\nx-amz-security-token:{SESSION_TOKEN}\n", NOW.basic());
    let canonical = format!("{}\n{}\n\n{headers}\n{names}\n{empty}", request.method, request.path);
    let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", NOW.basic(), sigv4::hex(&sigv4::sha256(canonical.as_bytes())));
    let key = sigv4::signing_key(secret, &NOW.basic()[..8], "us-east-1", "execute-api");
    let signature = sigv4::hex(&sigv4::hmac(&key, text.as_bytes()));
    let value = format!("AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/{scope}, SignedHeaders={names}, Signature={signature}");
    request.headers.push(("Authorization".into(), value));
    if let Ask::Invoke(invoke) = &mut call.ask {
        invoke.request.headers.clone_from(&request.headers);
    }
    call.credential = Credential::SigV4 { request: Box::new(request), service: "execute-api".into() };
    call
}

/// The entry as a journal gives it back.
fn kept(entry: &Entry) -> (String, Entry) {
    let text = serde_json::to_string(entry).unwrap();
    let entry = serde_json::from_str(&text).unwrap();
    (text, entry)
}

fn holds(app: &App, call: &Call, state: &Memory) {
    let (verdict, entry) = record(app, call, state);
    assert_eq!(verdict, decide(app, call, state));
    let (text, entry) = kept(&entry);
    assert_eq!(entry.replay(app), entry.verdict, "{call:?}");
    match (&verdict.answer, &entry.verdict.answer) {
        (Answer::Needs(_), Answer::Needs(_)) => {}
        (arrived, kept) => assert_eq!(arrived, kept),
    }
    for secret in [SECRET, SESSION_TOKEN, KEY, TOKEN, &ID[ID.len() - 40..], "Signature="] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

fn apps() -> impl Strategy<Value = App> {
    let validated = |app: App| {
        let path = ["Body", "securityDefinitions", "Custom", "x-amazon-apigateway-authorizer", "identityValidationExpression"];
        with(&app, "Api", &path, node(json!("Bearer-[a-z-]+")))
    };
    prop_oneof![Just(app()), Just(with(&app(), "Api", &["ApiKeySourceType"], node(json!("AUTHORIZER")))), Just(validated(app()))]
}

fn calls() -> impl Strategy<Value = Call> {
    let method = prop::sample::select(vec!["GET", "POST", "DELETE", "OPTIONS"]);
    let path =
        prop::sample::select(vec!["/rides", "/rides/1", "/pool", "/signed", "/by-request?key=s%20t&x=1", "/files/a", "/open", "/none"]);
    let token = prop::sample::select(vec![
        None,
        Some(TOKEN),
        Some("Bearer-9"),
        Some("sekisho-mark:00"),
        Some(ID),
        Some(ACCESS),
        Some(EXPIRED),
        Some(""),
    ]);
    let key = prop::sample::select(vec![None, Some(KEY), Some("wrong"), Some("sekisho-key:key01")]);
    let body = prop::sample::select(vec!["", "{}", r#"{"name":"a","color":1}"#, "\u{1}not json"]);
    (method, path, token, key, body, any::<bool>(), any::<bool>()).prop_map(|(method, path, token, key, body, signed, good)| {
        let mut headers = vec![("Cookie", TOKEN), ("Accept", "*/*")];
        headers.extend(token.map(|token| ("Authorization", token)));
        headers.extend(token.filter(|_| path.starts_with("/by-request")).map(|token| ("X-Token", token)));
        headers.extend(key.map(|key| ("X-Api-Key", key)));
        if signed {
            headers.retain(|(name, _)| *name != "Authorization");
            return sign(invoke(method, path, &headers, body), if good { SECRET } else { "wrong" });
        }
        invoke(method, path, &headers, body)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_replay_gives_the_same_verdict(app in apps(), call in calls(), answer in 0..4u8, age in 0..120_000i64, used in 0..5u64) {
        let mut state = memory();
        if matches!(decide(&app, &call, &state).answer, Answer::Needs(_)) {
            holds(&app, &call, &state);
            let mut named = allow();
            named["usageIdentifierKey"] = json!(KEY);
            let result = match answer { 0 => Ok(allow()), 1 => Ok(named), 2 => Err("Unauthorized".to_owned()), _ => Err("error".to_owned()) };
            let mut answers = answered(&app, &call, result).answers;
            answers.values_mut().for_each(|answer| answer.at = Time(call.time.0 - age));
            state.answers = answers;
        }
        state.usage = Usage { tokens: 0.5, at: Some(Time(NOW.0 - age / 100)), used, period: NOW.seconds() / 86_400 };
        holds(&app, &call, &state);
    }
}

#[test]
fn calls_of_the_other_kinds() {
    let app = app();
    for call in [api_call(session(), "dynamodb:GetItem", stand::TABLE), api_call(session(), "dynamodb:Scan", stand::TABLE)] {
        holds(&app, &call, &memory());
    }
    let origin = model::call::Origin::Function(model::ResourceId::new("app", "Rides"));
    holds(&app, &connect(origin, "sts.us-east-1.amazonaws.com", 443), &memory());
}

#[test]
fn a_signed_request_passes_and_is_kept_as_its_identity() {
    let call = sign(invoke("GET", "/signed", &[], ""), SECRET);
    let (verdict, entry) = record(&app(), &call, &memory());
    assert!(verdict.passes(), "{verdict:?}");
    assert_eq!(entry.call.credential, Credential::Proved(session()));
    let forged = sign(invoke("GET", "/signed", &[], ""), "another secret");
    assert!(!decide(&app(), &forged, &memory()).passes());
}

/// A mark is worth nothing in a request from outside.
#[test]
fn marks_from_outside_prove_nothing() {
    let app = app();
    let call = invoke("GET", "/rides", &[("Authorization", TOKEN)], "");
    let state = answered(&app, &call, Ok(allow()));
    let (verdict, entry) = record(&app, &call, &state);
    assert!(verdict.passes() && entry.replay(&app).passes());
    let outside = Call { credential: Credential::None, ..entry.call };
    assert!(!decide(&app, &outside, &state).passes());
}
