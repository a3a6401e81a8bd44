//! Tokens that nobody issued, made of what anyone can know: the issuer and the audience that the code asks for, the names of the
//! application's own scopes and groups. No key is used.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{App, Node, Place};
use serde_json::{Value, json};

/// The end of the year 2099: a token that does not expire.
const NEVER: u64 = 4_102_444_800;

/// Forged tokens, each with what is wrong with it (RFC 7519, section 6, "Unsecured JWTs"; RFC 7515, section 4.1.1, "alg").
pub(super) fn tokens(app: &App, place: &Place) -> Vec<(&'static str, String)> {
    let claims = encoded(&claims(app, place));
    let none = |kid: Option<&str>| {
        let mut header = json!({"alg": "none", "typ": "JWT"});
        if let Some(kid) = kid {
            header["kid"] = json!(kid);
        }
        format!("{}.{claims}.", encoded(&header))
    };
    let signed = format!("{}.{claims}.{}", encoded(&json!({"alg": "RS256", "typ": "JWT", "kid": "1"})), URL_SAFE_NO_PAD.encode([7; 256]));
    vec![
        ("a token without a signature", none(None)),
        ("a token without a signature that names a key nobody has", none(Some("none"))),
        ("a token whose signature is no signature", signed),
    ]
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Everything that a check might ask for.
fn claims(app: &App, place: &Place) -> Value {
    let text = app.sources.get(&place.file).map(|source| &*source.text).unwrap_or_default();
    let names = |kind: &str, name: &str| {
        let of = |resource: &model::Resource| resource.properties.get(name).and_then(Node::scalar);
        app.of_kind(kind).filter_map(of).collect::<Vec<_>>()
    };
    let pool = app.of_kind("AWS::Cognito::UserPool").next();
    let client = app.of_kind("AWS::Cognito::UserPoolClient").next().map(|client| client.physical_id.clone());
    let issuer = literal(text, "issuer")
        .map(str::to_owned)
        .or_else(|| pool.map(|pool| format!("https://cognito-idp.{}.amazonaws.com/{}", app.region, pool.physical_id)));
    let audience = literal(text, "audience").map(str::to_owned).or_else(|| client.clone());
    let mut scopes = Vec::new();
    for server in app.of_kind("AWS::Cognito::UserPoolResourceServer") {
        let Some(identifier) = server.properties.get("Identifier").and_then(Node::scalar) else { continue };
        let own = server.properties.get("Scopes").map(Node::items).unwrap_or_default();
        let own = own.iter().filter_map(|scope| scope.get("ScopeName").and_then(Node::scalar));
        scopes.extend(own.map(|scope| format!("{identifier}/{scope}")));
    }
    let mut groups = names("AWS::Cognito::UserPoolGroup", "GroupName");
    groups.extend(["admin", "admins", "Admins", "administrators"].map(str::to_owned));
    json!({
        "sub": client.clone().unwrap_or_else(|| "1".into()),
        "iss": issuer,
        "aud": audience,
        "client_id": client,
        "token_use": "access",
        "scope": scopes.join(" "),
        "cognito:groups": groups,
        "username": "admin",
        "role": "admin",
        "iat": 0,
        "exp": NEVER,
    })
}

/// The text that an option is given where it is written as a literal: `issuer: "https://id.example"`, `issuer="..."`.
fn literal<'a>(text: &'a str, option: &str) -> Option<&'a str> {
    text.match_indices(option).find_map(|(at, _)| {
        let rest = text.get(at + option.len()..)?.trim_start_matches(['"', '\'']).trim_start();
        let rest = rest.strip_prefix([':', '='])?.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
        rest.get(1..)?.split(quote).next()
    })
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn options_as_they_are_written() {
        let text = "// the issuer is ours\njwt.verify(t, k, { issuer: \"https://id.example\", audience: 'shop' })";
        assert_eq!((literal(text, "issuer"), literal(text, "audience")), (Some("https://id.example"), Some("shop")));
        assert_eq!(literal("decode(token, key, issuer=\"a\")", "issuer"), Some("a"));
        assert_eq!(literal("verify(t, k, { issuer })", "issuer"), None);
    }
}
