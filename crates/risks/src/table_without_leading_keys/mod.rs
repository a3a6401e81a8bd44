//! A table that each user of an identity pool may read whole.

use crate::Risk;
use crate::pool;
use crate::setting::{self, Told};
use iam::{Context, Outcome, Principal, Request};
use model::{App, Edit, Finding, Fix, Node, Operation, Resource, Severity, Step};
use serde_json::json;

/// The risk.
pub const RISK: Risk = setting::plain(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "table-without-leading-keys";

/// Reads and writes of items, asked one by one.
const ACTIONS: [&str; 4] = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem"];

fn check(app: &App) -> Vec<Finding> {
    let mut findings = Vec::new();
    for given in pool::given(app) {
        for table in app.of_kind("AWS::DynamoDB::Table") {
            findings.extend(finding(app, &given, table));
        }
    }
    findings
}

/// Asks the engine about somebody of the pool who wants the item of somebody else.
fn finding(app: &App, given: &pool::Given<'_>, table: &Resource) -> Option<Finding> {
    let stack = iam::app::stack_of_role(app, given.role);
    let principal = Principal::Session { arn: format!("{}/CognitoIdentityCredentials", given.role.arn), role_arn: given.role.arn.clone() };
    let context = Context::open()
        .with("cognito-identity.amazonaws.com:sub", "us-east-1:one-user")
        .with_many("dynamodb:LeadingKeys", ["us-east-1:another-user".to_owned()]);
    let may = |action: &&str| {
        let request = Request::new(principal.clone(), *action, table.arn.clone().unwrap_or_default())
            .with_context(context.clone())
            .owned_by(&*app.account);
        let decision = iam::decide(&request, &stack);
        (decision.outcome == Outcome::Allowed).then(|| decision.matched.first().map(|matched| matched.statement.place.clone())).flatten()
    };
    let (action, place) = ACTIONS.iter().find_map(|action| Some((*action, may(action)?)))?;
    let resource = app.resource(&given.role.id)?;
    let title = format!("each user of {} may {action} on every item of {}", given.pool.id.logical, table.id.logical);
    let found = setting::finding(SLUG, Severity::Medium, resource, Told::Wrong(place.clone()), title)?;
    let path = vec![
        Step { says: format!("{} gives {} to its users", given.pool.id.logical, given.role.id.logical), place: given.place.clone() },
        Step { says: format!("which may {action}, whoever the item belongs to"), place: place.clone() },
        Step { says: format!("{} holds the items of all of them", table.id.logical), place: table.place.clone() },
    ];
    Some(Finding { path, symbol: table.id.logical.to_string(), fix: fix(resource, &place), ..found })
}

/// Binds the statement to items whose partition key is the user's own identity.
fn fix(role: &Resource, place: &model::Place) -> Option<Fix> {
    let policies = role.properties.get("Policies").map(Node::items).unwrap_or_default().iter().enumerate();
    let (at, statement) = policies.into_iter().find_map(|(at, policy)| {
        let statements = policy.at(&["PolicyDocument", "Statement"])?.items();
        Some((at, statements.iter().position(|statement| statement.place == *place)?))
    })?;
    let path = ["Resources", &role.id.logical, "Properties", "Policies"].into_iter().map(model::Segment::from);
    let path = path.chain([
        at.into(),
        "PolicyDocument".into(),
        "Statement".into(),
        statement.into(),
        "Condition".into(),
        "ForAllValues:StringEquals".into(),
    ]);
    let value = json!({"dynamodb:LeadingKeys": ["${cognito-identity.amazonaws.com:sub}"]});
    let edit = Edit::document(role.place.file.clone(), path, Operation::Set(value));
    let then = "make the user's identity the partition key of the table, and take Scan out of the statement: it has no key to bind";
    setting::fix_then("bind the statement to the user's own items", [role.generated_from.is_none().then_some(edit)], then)
}
