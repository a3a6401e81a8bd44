//! Functions that may talk to every address over plain HTTP, or over anything.

use crate::Risk;
use crate::reach::{self, From};
use crate::setting::{self, Told};
use model::aws::Direction;
use model::{App, Finding, Node, Severity};
use serde_json::json;

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "open-egress";

fn check(app: &App) -> Vec<Finding> {
    let of_function =
        |id: &str| app.aws().functions.values().any(|f| f.security_groups.iter().any(|group| group.split('|').next() == Some(id)));
    let mut findings = Vec::new();
    for group in app.of_kind("AWS::EC2::SecurityGroup").filter(|group| of_function(&group.physical_id)) {
        let name = &group.id.logical;
        let rules = reach::rules(app, group, Direction::Egress);
        if rules.is_empty() && group.properties.get("SecurityGroupEgress").and_then(Node::unknown).is_none() {
            // A group without a rule gets one for everything (AWS CloudFormation User Guide, "AWS::EC2::SecurityGroup").
            let https = json!([{"Description": "AWS APIs", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}]);
            let edit = setting::set(group, &["SecurityGroupEgress"], None, https);
            let then = "add a rule for each thing that the functions talk to beside AWS's own APIs, the database first";
            let found = setting::finding(
                SLUG,
                Severity::Low,
                group,
                Told::Wrong(group.place.clone()),
                format!("functions in {name} may talk to every address"),
            );
            findings.extend(found.map(|found| Finding { fix: setting::fix_then("let HTTPS out alone", [edit], then), ..found }));
        }
        for rule in rules
            .iter()
            .filter(|rule| rule.is_everyone() && !matches!(rule.ports, Some((443, 443) | (53, 53))) && !matches!(rule.from, From::Group(_)))
        {
            let what = rule.ports.map_or_else(
                || "any port".to_owned(),
                |(from, to)| if from == to { format!("port {from}") } else { format!("ports {from} to {to}") },
            );
            let title = format!("functions in {name} may talk to every address on {what}");
            findings.extend(
                setting::finding(SLUG, Severity::Low, rule.holder, Told::Wrong(rule.place.clone()), title)
                    .map(|found| Finding { symbol: what, ..found }),
            );
        }
    }
    findings
}
