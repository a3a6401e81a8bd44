//! A user pool in which anyone makes an account, that asks for no second factor, or lets short passwords pass.

use crate::Risk;
use crate::setting;
use model::{App, Finding, Node, Resource, Severity};
use serde_json::{Value, json};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "weak-sign-in";

/// The least length of a password (NIST SP 800-63B, 3.1.1, for one that is the only factor: 15; with a second: 8).
const LENGTH: i64 = 12;

fn check(app: &App) -> Vec<Finding> {
    let clients = || app.of_kind("AWS::Cognito::UserPoolClient");
    // A pool whose clients are made elsewhere may have any.
    let people = |pool: &Resource| {
        let mut own = clients().filter(|client| is_client(client, pool)).peekable();
        own.peek().is_none() || own.any(signs_in_people)
    };
    let mut findings = setting::each(app, SLUG, Severity::Low, &["AWS::Cognito::UserPool"], |pool| {
        let told = setting::told(pool, &["MfaConfiguration"], |mode| matches!(mode.str(), Some("ON" | "OPTIONAL")));
        let set = |key: &str, value: Value| setting::set(pool, &[key], None, value);
        let edits = [set("MfaConfiguration", "OPTIONAL".into()), set("EnabledMfas", json!(["SOFTWARE_TOKEN_MFA"]))];
        let fix = setting::fix("let people register a second factor", true, edits);
        people(pool).then(|| (told, format!("{} asks for no second factor", pool.id.logical), fix))
    });
    findings.extend(setting::each(app, SLUG, Severity::Low, &["AWS::Cognito::UserPool"], |pool| {
        let only = &["AdminCreateUserConfig", "AllowAdminCreateUserOnly"];
        let fix = setting::fix("let administrators alone make accounts", false, [setting::set(pool, only, None, true.into())]);
        people(pool).then(|| (setting::on(pool, only), format!("anyone may make an account in {}", pool.id.logical), fix))
    }));
    findings.extend(setting::each(app, SLUG, Severity::Low, &["AWS::Cognito::UserPool"], |pool| {
        let length = &["Policies", "PasswordPolicy", "MinimumLength"];
        // Without a policy eight characters do (Amazon Cognito Developer Guide, "Adding user pool password requirements").
        let told = setting::told(pool, length, |node| node.integer().is_some_and(|length| length >= LENGTH));
        let fix = setting::fix(&format!("ask for {LENGTH} characters"), false, [setting::set(pool, length, None, LENGTH.into())]);
        people(pool).then(|| (told, format!("{} lets short passwords pass", pool.id.logical), fix))
    }));
    findings
}

fn is_client(client: &Resource, pool: &Resource) -> bool {
    client.properties.get("UserPoolId").is_some_and(|id| setting::names(id, pool))
}

/// Whether a client is one with which people sign in; machines have no second factor.
fn signs_in_people(client: &Resource) -> bool {
    let flows = client.properties.get("AllowedOAuthFlows").map(Node::items).unwrap_or_default();
    flows.is_empty() || flows.iter().any(|flow| flow.str() != Some("client_credentials"))
}
