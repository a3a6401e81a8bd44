//! Rules of the user's own, in the language of AWS CloudFormation Guard (its guide, "Writing Guard rules"), run by Guard's own library.
//! A rule that fails becomes a finding at the line of the user's template. Knows no risk, opens nothing.

mod engine;
mod record;
mod template;

use model::{App, Confidence, Finding, Place, Profile, RiskId, Severity, Status, Step, Trouble};
use record::Failed;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use template::Template;

/// Begins the id of every such finding: a rule may be called as a risk is.
pub const PREFIX: &str = "guard:";

/// A file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// What it is called in messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What rules say about an application.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// One a rule, resource and property.
    pub findings: Vec<Finding>,
    /// What could not be evaluated.
    pub not_assessed: Vec<Trouble>,
    /// The ids of all rules that were asked.
    pub rules: BTreeSet<RiskId>,
}

/// Whether the engine is part of this build.
pub const fn is_built() -> bool {
    cfg!(feature = "guard")
}

/// Whether a file of rules can be read.
///
/// # Errors
/// What is wrong with it, at its line and column; or that this build has no engine.
pub fn check(file: &RuleFile) -> Result<(), Trouble> {
    engine::records(file, "{}", "nothing").map(drop)
}

/// Holds an application against rules: every template as it is written, which is what rules are written for; and, of a SAM template,
/// the resources that it stands for, since rules about `AWS::Lambda::Function` mean those too.
pub fn judge(app: &App, files: &[RuleFile]) -> Judged {
    let mut judged = Judged::default();
    if files.is_empty() {
        return judged;
    }
    let mut seen = BTreeSet::new();
    for template in template::all(app) {
        let text = template.json();
        for file in files {
            let records = match engine::records(file, &text, &template.file) {
                Ok(records) => records,
                Err(trouble) => {
                    judged.not_assessed.push(trouble);
                    continue;
                }
            };
            let evaluated = record::evaluated(&records);
            judged.rules.extend(evaluated.rules.iter().map(|rule| id(rule)));
            for failed in evaluated.failed {
                let finding = finding(&template, &failed);
                if template.is_asked(&failed.path) && seen.insert((finding.risk, finding.resource.clone(), finding.symbol.clone())) {
                    judged.findings.push(finding);
                }
            }
        }
    }
    judged
}

fn finding(template: &Template, failed: &Failed) -> Finding {
    let place = template.place(&failed.path);
    let resource = template.resource(&failed.path);
    let title = title(failed);
    let mut path = vec![Step { says: failed.says.clone(), place: place.clone() }];
    if let Some(message) = &failed.message {
        path.push(Step { says: message.clone(), place: place.clone() });
    }
    Finding {
        risk: id(&failed.rule),
        title,
        severity: Severity::Medium,
        confidence: Confidence::High,
        resource,
        place,
        path,
        maps: Vec::new(),
        fingerprint: String::new(),
        status: Status::Found,
        symbol: template.symbol(failed),
        profile: Profile::Default,
        condition: None,
        fix: None,
    }
}

/// One sentence: what the rule's author says, else what the engine does.
fn title(failed: &Failed) -> String {
    let first = failed.message.as_deref().and_then(|message| message.split("; ").find(|line| !line.trim().is_empty()));
    match first {
        Some(line) => line.trim().strip_prefix("Violation:").unwrap_or(line).trim().to_owned(),
        None => format!("the rule {} does not hold: {}", failed.rule, failed.says),
    }
}

/// The id of a rule's findings. Ids live as long as the process: there is one for each name.
fn id(rule: &str) -> RiskId {
    static KNOWN: Mutex<BTreeMap<String, RiskId>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    known.entry(rule.to_owned()).or_insert_with(|| Box::leak(format!("{PREFIX}{rule}").into_boxed_str()))
}

/// A place in a file of rules.
fn at(file: &RuleFile, line: u32, column: u32) -> Place {
    Place::new(file.name.as_str(), line.max(1), column.max(1))
}
