//! Findings over the branches of open conditions: what stands in one branch alone is said with its condition. Guesses nothing:
//! of a condition that is not looked at, what was found without it stays.

use model::{App, Confidence, Finding};
use std::collections::{BTreeMap, BTreeSet};

/// The application when a condition holds, or when it does not.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The condition's name.
    pub condition: String,
    /// What it is taken to be.
    pub holds: bool,
    /// The application then.
    pub app: App,
}

impl Branch {
    fn says(&self) -> String {
        format!("the condition {} {}", self.condition, if self.holds { "holds" } else { "does not hold" })
    }
}

/// Brings the findings of every branch into those of the application as it was read. `ask` gives the findings of one
/// application, with their fingerprints.
pub fn merge(findings: &mut Vec<Finding>, branches: &[Branch], ask: impl Fn(&App) -> Vec<Finding>) {
    let found: Vec<(&Branch, Vec<Finding>)> = branches.iter().map(|branch| (branch, ask(&branch.app))).collect();
    let stands: Vec<BTreeSet<&str>> = found.iter().map(|(_, found)| found.iter().map(|f| f.fingerprint.as_str()).collect()).collect();
    let mut known: BTreeMap<String, usize> = findings.iter().enumerate().map(|(at, f)| (f.fingerprint.clone(), at)).collect();
    let mut gone = BTreeSet::new();
    for (at, pair) in found.chunks(2).enumerate() {
        let [(first, when), (second, otherwise)] = pair else { continue };
        let in_branch = |index: usize, finding: &Finding| stands.get(index).is_some_and(|set| set.contains(finding.fingerprint.as_str()));
        for finding in findings.iter_mut() {
            match (in_branch(at * 2, finding), in_branch(at * 2 + 1, finding)) {
                (true, true) => {}
                (true, false) => only(finding, first),
                (false, true) => only(finding, second),
                // What was found because a value was not known, and is right whichever it is.
                (false, false) if finding.confidence == Confidence::Low => {
                    gone.insert(finding.fingerprint.clone());
                }
                (false, false) => {}
            }
        }
        for (branch, found) in [(first, when), (second, otherwise)] {
            for finding in found {
                if known.contains_key(&finding.fingerprint) {
                    continue;
                }
                known.insert(finding.fingerprint.clone(), findings.len());
                // An edit would change both branches of what is written.
                let mut finding = Finding { fix: None, ..finding.clone() };
                only(&mut finding, branch);
                findings.push(finding);
            }
        }
    }
    findings.retain(|finding| !gone.contains(&finding.fingerprint));
}

/// Says that a finding stands in this branch alone, instead of that a value is not known.
fn only(finding: &mut Finding, branch: &Branch) {
    let says = branch.says();
    finding.condition = match finding.condition.take() {
        Some(condition) if finding.confidence != Confidence::Low && condition != says => Some(format!("{condition}; and {says}")),
        _ => Some(says),
    };
    if finding.confidence == Confidence::Low {
        finding.confidence = Confidence::Medium;
    }
}
