//! The attack: as somebody of the account that is let in, take the role or go to the table, and bring back what is there.

use crate::grants::{self, Grant, STRANGER};
use iam::{Effect, Outcome as Decided, Principal, Request, Who};
use model::attack::{Outcome, PlantAt};
use model::aws::Role;
use model::{App, Finding, Identity, Resource, Session, Target};
use serde_json::json;

const SCAN: &str = "dynamodb:Scan";

/// Where the outsider goes, and as whom.
struct Way<'a> {
    who: Identity,
    /// The role to take first.
    role: Option<&'a Role>,
    table: &'a Resource,
}

pub fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    way(app, findings).map(|way| PlantAt::Table { table: way.table.physical_id.clone() })
}

pub fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let Ok(Way { who, role, table }) = way(app, findings) else { return };
    let name = Principal::from(&who).name();
    // A table of another account is named by its ARN (Amazon DynamoDB Developer Guide, "DynamoDB resource-based policy examples").
    let named = if role.is_some() { Some(&table.physical_id) } else { table.arn.as_ref() };
    let answer =
        target.aws_as_outsider(&who, role.map(|role| &*role.arn), "dynamodb", "DynamoDB_20120810.Scan", &json!({ "TableName": named }));
    let taking = role.map(|role| format!("takes the role {} and ", role.id.logical)).unwrap_or_default();
    match answer {
        Ok(response) if outcome.took(&response) => outcome.steps.push(format!("{name} {taking}scans {}", table.id.logical)),
        Ok(response) => outcome.steps.push(format!("{name} {taking}is refused: {}", response.status)),
        Err(error) => outcome.failed(&error),
    }
}

fn way<'a>(app: &'a App, findings: &[&Finding]) -> Result<Way<'a>, String> {
    let Some(resource) = findings.first().map(|finding| finding.resource.as_str()) else { return Err("nothing was found".into()) };
    if let Some(role) = app.aws().roles.values().find(|role| role.id.to_string() == resource) {
        let trust = iam::app::trust_policy(role).ok_or("the role has no trust policy")?;
        let named = trust.statements.iter().filter(|s| s.effect == Effect::Allow).filter_map(|s| s.principals.as_ref());
        let mut named = named.filter(|set| !set.not).flat_map(|set| &*set.any_of);
        let who = named.find_map(|named| outsider(app, &named.who)).ok_or("nobody of another account is named")?;
        let stack = iam::app::stack_of_role(app, role);
        let session = Identity::AssumedRole {
            role_arn: role.arn.clone(),
            session_name: "outsider".into(),
            issued_to: None,
            session: Session::default(),
        };
        let may = |table: &&Resource| {
            let Some(arn) = &table.arn else { return false };
            let request = Request::new((&session).into(), SCAN, arn.as_str()).owned_by(&*app.account);
            let stack = stack.clone().with_resource(iam::app::resource_policy(app, arn));
            iam::decide(&request, &stack).outcome == Decided::Allowed
        };
        let table = app.of_kind("AWS::DynamoDB::Table").find(may);
        let table = table.ok_or("the role may scan no table of the application, and nothing else that it reads can be planted")?;
        return Ok(Way { who, role: Some(role), table });
    }
    let grants = grants::all(app);
    let own = |grant: &&Grant<'_>| grant.target.id.to_string() == resource && grant.target.kind == "AWS::DynamoDB::Table";
    let ways = grants.iter().filter(own).filter_map(|grant| {
        let who = grant.named().find_map(|named| outsider(app, &named.who))?;
        let scans =
            grant.actions().iter().any(|pattern| iam::catalogue::catalogue().expand(pattern).any(|a| a.full_lower() == "dynamodb:scan"));
        Some(Way { who, role: None, table: app.resource(&grant.target.id).filter(|_| scans)? })
    });
    ways.into_iter().next().ok_or_else(|| "what is granted is no scan of a table, and of what is shared up serves tables alone".into())
}

/// Somebody whom a principal of a policy names and who is not of this account.
fn outsider(app: &App, who: &Who) -> Option<Identity> {
    let user = |account: &str| Identity::User { arn: format!("arn:aws:iam::{account}:user/outsider") };
    let account = if *who == Who::Everyone { STRANGER } else { super::other(app, who)? };
    match who {
        Who::Arn(arn) => match Principal::parse(arn)? {
            Principal::User { arn } => Some(Identity::User { arn }),
            Principal::Session { arn, role_arn } => Some(Identity::AssumedRole {
                role_arn,
                session_name: arn.rsplit('/').next().unwrap_or_default().to_owned(),
                issued_to: None,
                session: Session::default(),
            }),
            Principal::Root { .. } => Some(user(account)),
            _ => None,
        },
        _ => Some(user(account)),
    }
}
