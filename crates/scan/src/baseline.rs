//! A baseline: the findings that were there when a team began, so that a scan fails on new ones only. They stay
//! counted, and one that is gone is said, so that the file shrinks.

use model::{Finding, Place, Status, Trouble};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the file's form.
const VERSION: u32 = 1;

/// Findings known by fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    file: String,
    known: BTreeMap<String, Known>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    fingerprint: String,
    risk: String,
    resource: String,
    title: String,
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    findings: Vec<Known>,
}

impl Baseline {
    /// Reads the text of a baseline; `file` is its name in messages.
    ///
    /// # Errors
    /// A text that is not a baseline, with its line.
    pub fn read(file: &str, text: &str) -> Result<Self, Trouble> {
        let trouble = |says: String, line: usize, column: usize| Trouble {
            says,
            place: Place::new(file, u32::try_from(line).unwrap_or(1).max(1), u32::try_from(column).unwrap_or(1).max(1)),
            help: "write it again with --write-baseline".into(),
        };
        let written: Written =
            serde_json::from_str(text).map_err(|error| trouble(format!("this is no baseline: {error}"), error.line(), error.column()))?;
        if written.version != VERSION {
            return Err(trouble(format!("the baseline is of version {}, known is {VERSION}", written.version), 1, 1));
        }
        let known = written.findings.into_iter().map(|known| (known.fingerprint.clone(), known)).collect();
        Ok(Self { file: file.to_owned(), known })
    }

    /// The text of a baseline of all open findings, and of those that the earlier baseline knew.
    pub fn write(findings: &[Finding]) -> String {
        let kept = findings.iter().filter(|finding| finding.status != Status::Suppressed);
        let findings = kept.map(|finding| Known {
            fingerprint: finding.fingerprint.clone(),
            risk: finding.risk.to_owned(),
            resource: finding.resource.clone(),
            title: finding.title.clone(),
        });
        let written = Written { version: VERSION, findings: findings.collect() };
        serde_json::to_string_pretty(&written).unwrap_or_default() + "\n"
    }

    /// Whether it knows this finding.
    pub fn knows(&self, finding: &Finding) -> bool {
        self.known.contains_key(&finding.fingerprint)
    }

    /// What it knows of the risks asked for and the scan no longer finds.
    pub fn gone<'a>(&'a self, findings: &'a [Finding], asks: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = Trouble> + 'a {
        let gone = self
            .known
            .values()
            .filter(move |known| asks(&known.risk))
            .filter(|known| !findings.iter().any(|finding| finding.fingerprint == known.fingerprint));
        gone.map(|known| Trouble {
            says: format!("the baseline holds a finding that is gone: {} at {}", known.risk, known.resource),
            place: Place::new(self.file.as_str(), 1, 1),
            help: "write it again with --write-baseline, so that it does not come back unseen".into(),
        })
    }
}
