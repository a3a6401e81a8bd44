//! A database that more than its own functions may connect to.

use crate::Risk;
use crate::reach::{self, From, Rule};
use crate::setting::{self, Told};
use model::{App, Confidence, Edit, Finding, Fix, Operation, Resource, Segment, Severity, Step};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The risk.
pub const RISK: Risk = setting::plain(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "database-open-network";

fn check(app: &App) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for database in reach::databases(app) {
        for rule in reach::ingress(app, database) {
            // Two databases behind one group have one rule to mend.
            if seen.insert((rule.holder.id.clone(), rule.at)) {
                findings.extend(finding(app, database, &rule));
            }
        }
    }
    findings
}

fn finding(app: &App, database: &Resource, rule: &Rule<'_>) -> Option<Finding> {
    let (who, severity, told) = match &rule.from {
        From::Group(_) => return None,
        From::Unknown(why) => ("addresses that are not known".to_owned(), Severity::Low, Told::Open(why.clone(), rule.place.clone())),
        // One address is somebody.
        From::Cidr(cidr) if cidr.ends_with("/32") || cidr.ends_with("/128") => return None,
        From::Cidr(cidr) if rule.is_everyone() => (format!("every address ({cidr})"), Severity::High, Told::Wrong(rule.place.clone())),
        From::Cidr(cidr) => (format!("every host in {cidr}"), Severity::Medium, Told::Wrong(rule.place.clone())),
    };
    let title = format!("{who} may connect to {}, not its functions alone", database.id.logical);
    let found = setting::finding(SLUG, severity, rule.holder, told, title)?;
    let path = vec![
        Step { says: format!("{who} may try a password"), place: rule.place.clone() },
        Step { says: format!("{} is behind this security group", database.id.logical), place: database.place.clone() },
    ];
    let known = found.confidence == Confidence::High;
    Some(Finding { path, symbol: database.id.logical.to_string(), fix: fix(app, database, rule).filter(|_| known), ..found })
}

/// Lets in the group of the functions that use the database instead of addresses; only where there is one such group, and
/// the template of the database can name it.
fn fix(app: &App, database: &Resource, rule: &Rule<'_>) -> Option<Fix> {
    let users =
        app.aws().functions.values().filter(|f| reach::database(app, f).and_then(|r| r.database).is_some_and(|d| d.id == database.id));
    let users: BTreeSet<&str> = users.flat_map(|function| function.security_groups.iter().map(String::as_str)).collect();
    let ids: BTreeSet<&str> = users.iter().filter_map(|id| id.split('|').next()).collect();
    let [id] = ids.into_iter().collect::<Vec<_>>()[..] else { return None };
    let group = app.by_physical("AWS::EC2::SecurityGroup", id)?;
    if group.id.stack != rule.holder.id.stack || group.id == rule.holder.id || rule.holder.generated_from.is_some() {
        return None;
    }
    let mut home: Vec<Segment> = ["Resources", &rule.holder.id.logical, "Properties"].into_iter().map(Segment::from).collect();
    if let Some(at) = rule.at {
        home.push(Segment::from("SecurityGroupIngress"));
        // One rule may stand without a list around it.
        if !rule.holder.properties.get("SecurityGroupIngress")?.items().is_empty() {
            home.push(Segment::Index(at));
        }
    }
    let to = |key: &str, operation: Operation| {
        Edit::document(rule.holder.place.file.clone(), home.iter().cloned().chain([Segment::from(key)]), operation)
    };
    let reference: Value = json!({"Fn::GetAtt": [&*group.id.logical, "GroupId"]});
    let cidr = if matches!(&rule.from, From::Cidr(cidr) if cidr.contains(':')) { "CidrIpv6" } else { "CidrIp" };
    let edits = vec![to(cidr, Operation::Remove), to("SourceSecurityGroupId", Operation::Set(reference))];
    Some(Fix {
        says: format!("let in the members of {} alone", group.id.logical),
        safe: false,
        edits,
        then: Some("check that nothing else connects to the database: what does is shut out".into()),
    })
}
