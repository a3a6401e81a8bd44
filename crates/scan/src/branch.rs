//! Findings over the branches of open conditions: what stands in one branch alone is said with its condition. Guesses nothing:
//! of a condition that is not looked at, what was found without it stays.

use model::{App, Confidence, Finding};
use std::collections::BTreeSet;

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
pub fn merge(findings: &mut Vec<Finding>, branches: impl IntoIterator<Item = Branch>, ask: impl Fn(&App) -> Vec<Finding>) {
    // Of each branch only what was found is kept.
    let mut found = branches.into_iter().map(|branch| (branch.says(), ask(&branch.app)));
    let mut known: BTreeSet<String> = findings.iter().map(|f| f.fingerprint.clone()).collect();
    let mut gone = BTreeSet::new();
    while let (Some((first, when)), Some((second, otherwise))) = (found.next(), found.next()) {
        let stands = |found: &[Finding]| -> BTreeSet<String> { found.iter().map(|f| f.fingerprint.clone()).collect() };
        let (in_first, in_second) = (stands(&when), stands(&otherwise));
        for finding in findings.iter_mut() {
            match (in_first.contains(&finding.fingerprint), in_second.contains(&finding.fingerprint)) {
                (true, true) => {}
                (true, false) => only(finding, &first),
                (false, true) => only(finding, &second),
                // What was found because a value was not known, and is right whichever it is.
                (false, false) if finding.confidence == Confidence::Low => {
                    gone.insert(finding.fingerprint.clone());
                }
                (false, false) => {}
            }
        }
        for (says, found) in [(first, when), (second, otherwise)] {
            for finding in found {
                if !known.insert(finding.fingerprint.clone()) {
                    continue;
                }
                // An edit would change both branches of what is written.
                let mut finding = Finding { fix: None, ..finding };
                only(&mut finding, &says);
                findings.push(finding);
            }
        }
    }
    findings.retain(|finding| !gone.contains(&finding.fingerprint));
}

/// Says that a finding stands in this branch alone, instead of that a value is not known.
fn only(finding: &mut Finding, says: &str) {
    finding.condition = match finding.condition.take() {
        Some(condition) if finding.confidence != Confidence::Low && condition != says => Some(format!("{condition}; and {says}")),
        _ => Some(says.to_owned()),
    };
    if finding.confidence == Confidence::Low {
        finding.confidence = Confidence::Medium;
    }
}
