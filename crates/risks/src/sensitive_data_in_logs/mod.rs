//! A function writes tokens, passwords, whole requests or its own environment into its log.

use crate::doors::Who;
use crate::entry::{Danger, Entries, Entry};
use crate::{Profile, Risk, review, source};
use model::code::{Disclosed, DisclosedTo};
use model::{App, Finding, Fix};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("who reads the log of a function has rights in the account: the prover plays nobody inside it"),
    detections: &[("sensitive_data_in_logs/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "sensitive-data-in-logs";

/// What is worth a finding, with how much it gives.
fn danger(what: Disclosed) -> Danger {
    match what {
        Disclosed::Environment | Disclosed::Token | Disclosed::Password => Danger::Leak,
        _ => Danger::Help,
    }
}

fn check(app: &App) -> Vec<Finding> {
    use Disclosed::{Claims, Environment, Event, Password, Sql, Token};
    let entries = Entries::of(app);
    let mut findings = Vec::new();
    for reviewed in review::handlers(app) {
        let requests = reviewed.answers_requests(&entries);
        let users = reviewed.function.is_some_and(|function| crate::doors::users(app, function).is_some());
        let authorizer = reviewed.handler.is_authorizer;
        for (place, what) in reviewed.gives(DisclosedTo::Log, &[Environment, Token, Password, Sql, Claims, Event]) {
            // The event of a queue or a schedule holds no caller's token.
            if what == Event && !(requests || users || authorizer) {
                continue;
            }
            let says = match what {
                Event if authorizer => "the whole event, the caller's token included",
                Event if requests => "the whole request, headers and body included",
                Event => "the whole event, what the user gave included",
                Token => "the caller's token",
                Claims => "the claims of the caller's token",
                Password => "a password that the caller sent",
                Sql => "the text of an SQL statement with the caller's data in it",
                _ => "the environment, the role's credentials included",
            };
            let danger = if what == Event && authorizer { Danger::Leak } else { danger(what) };
            // Who reads logs: whoever in the account may, and whoever the log is shipped to. Not the sender.
            let entry = Entry { who: Who::Caller, steps: Vec::new(), condition: None };
            let title = format!("the log gets {says}");
            let mut finding = reviewed.finding(SLUG, title, &entry, danger, (place, format!("{says} is written to the log")));
            finding.symbol = format!("{what:?}");
            finding.fix = source::remove_statement(app, place).map(|edit| Fix {
                says: "do not write it".into(),
                safe: true,
                edits: vec![edit],
                then: None,
            });
            findings.push(finding);
        }
    }
    findings
}
