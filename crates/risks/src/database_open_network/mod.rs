//! A database that more than its own functions may connect to.

use crate::Risk;
use crate::reach::{self, From, Rule};
use crate::setting::{self, Told};
use model::{App, Confidence, Edit, Finding, Fix, Operation, Resource, Segment, Severity, Step};
use serde_json::json;
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
    let home = ["Resources", &rule.holder.id.logical, "Properties", "SecurityGroupIngress"].map(Segment::from);
    let file = rule.holder.place.file.clone();
    // A rule of its own: two groups that name each other in their lists are a circle, which CloudFormation refuses.
    let (from, to) = rule.ports.unwrap_or((0, 65535));
    let own = json!({
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": {"Fn::GetAtt": [&*rule.holder.id.logical, "GroupId"]},
            "IpProtocol": "tcp",
            "FromPort": from,
            "ToPort": to,
            "SourceSecurityGroupId": {"Fn::GetAtt": [&*group.id.logical, "GroupId"]},
        },
    });
    let gone = match rule.at {
        // A rule that is a resource of its own only changes whom it names.
        None => return apart(rule, &group.id.logical),
        Some(at) if rule.holder.properties.get("SecurityGroupIngress")?.items().len() > 1 => {
            Edit::document(file, home.into_iter().chain([Segment::Index(at)]), Operation::Remove)
        }
        Some(_) => Edit::document(file, home, Operation::Remove),
    };
    let name = format!("{}From{}", rule.holder.id.logical, group.id.logical);
    setting::fix_then(
        &format!("let in the members of {} alone", group.id.logical),
        [Some(gone), setting::add(app, rule.holder, &name, own)],
        THEN,
    )
}

/// What is left for people.
const THEN: &str = "check that nothing else connects to the database: what does is shut out";

fn apart(rule: &Rule<'_>, group: &str) -> Option<Fix> {
    let set = |key: &str, operation: Operation| {
        let path = ["Resources", &rule.holder.id.logical, "Properties", key].map(Segment::from);
        Some(Edit::document(rule.holder.place.file.clone(), path, operation))
    };
    let cidr = if matches!(&rule.from, From::Cidr(cidr) if cidr.contains(':')) { "CidrIpv6" } else { "CidrIp" };
    let source = set("SourceSecurityGroupId", Operation::Set(json!({"Fn::GetAtt": [group, "GroupId"]})));
    setting::fix_then(&format!("let in the members of {group} alone"), [set(cidr, Operation::Remove), source], THEN)
}
