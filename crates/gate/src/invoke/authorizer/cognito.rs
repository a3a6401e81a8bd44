//! Cognito user pool authorizers (API Gateway Developer Guide, "Control access to REST APIs using Amazon Cognito user
//! pools as an authorizer"): an id token, or with scopes on the method an access token that has one of them.

use super::super::Found;
use super::jwt::{self, Refused};
use super::unauthorized;
use crate::journal::mark;
use crate::walk::{Said, Walk, stop};
use model::aws::Authorizer;
use model::{Arn, Time};
use serde_json::{Map, Value};

/// Judges a route with a Cognito authorizer.
pub(super) fn judge(
    walk: &mut Walk<'_>,
    found: &Found<'_>,
    authorizer: &Authorizer,
    pools: &[String],
    header: &str,
    scopes: &[String],
) -> Said {
    let place = Some(authorizer.place.clone());
    let name = &authorizer.name;
    let refuse = |says: String| Said::stop(unauthorized(), says, place.clone());
    let Some(token) = found.invoke.request.header(header).filter(|token| !token.is_empty()) else {
        return refuse(format!("the request lacks the header {header} of authorizer {name}"));
    };
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    let Some(issuer) = jwt::claims(token).and_then(|claims| claims.get("iss")?.as_str().map(str::to_owned)) else {
        return refuse(format!("authorizer {name}: not a token"));
    };
    if !pools.iter().filter_map(|pool| issuer_of(pool)).any(|own| own == issuer) {
        return refuse(format!("authorizer {name}: the token is of another issuer"));
    }
    let proved = mark::is_proved_token(walk.call, token);
    let jwks = if proved { Value::Null } else { walk.state.jwks(&issuer).unwrap_or(Value::Null) };
    let claims = match jwt::verify(token, &jwks, proved, walk.call.time) {
        Ok(claims) => claims,
        Err(Refused::Invalid) => return refuse(format!("authorizer {name}: the token's signature is not the user pool's")),
        Err(Refused::Expired) => {
            let expired = stop(401, "UNAUTHORIZED", "The incoming token has expired");
            return Said::stop(expired, format!("authorizer {name}: the token has expired"), place);
        }
    };
    let wanted = if scopes.is_empty() { "id" } else { "access" };
    if claims.get("token_use").and_then(Value::as_str) != Some(wanted) {
        return refuse(format!("authorizer {name} wants an {wanted} token for {}", found.name()));
    }
    let granted = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
    if !scopes.is_empty() && !granted.split(' ').any(|scope| scopes.iter().any(|own| own == scope)) {
        return refuse(format!("authorizer {name}: the token has none of the scopes of {}", found.name()));
    }
    let mut context = Map::new();
    context
        .insert("claims".into(), Value::Object(claims.iter().map(|(key, value)| (key.clone(), Value::String(text(key, value)))).collect()));
    walk.grant.authorizer = Some(context);
    Said::on(format!("authorizer {name}: a valid {wanted} token of the user pool"), place)
}

/// `https://cognito-idp.REGION.amazonaws.com/POOL`.
pub(crate) fn issuer_of(pool_arn: &str) -> Option<String> {
    let arn = Arn::parse(pool_arn)?;
    Some(format!("https://cognito-idp.{}.amazonaws.com/{}", arn.region, arn.resource.strip_prefix("userpool/")?))
}

/// A claim as API Gateway hands it on: text; `exp` and `iat` as dates.
fn text(key: &str, value: &Value) -> String {
    match (key, value) {
        ("exp" | "iat", Value::Number(number)) => date(Time(number.as_i64().unwrap_or_default().saturating_mul(1000))),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Array(items)) => items.iter().map(|item| text("", item)).collect::<Vec<_>>().join(","),
        (_, other) => other.to_string(),
    }
}

/// `Wed Jun 24 11:00:00 UTC 2020`.
fn date(time: Time) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day, hour, minute, second) = time.utc();
    let weekday = DAYS.get(time.seconds().div_euclid(86_400).rem_euclid(7) as usize).copied().unwrap_or_default();
    let month = MONTHS.get(month as usize - 1).copied().unwrap_or_default();
    format!("{weekday} {month} {day:02} {hour:02}:{minute:02}:{second:02} UTC {year}")
}
