//! Proves a risk against a running application the user named.
//!
//! The steps of each attack live in its risk's folder; this room brings them to a target, from random
//! addresses and under random user agents, and keeps to what the user named.

mod client;
mod disguise;
pub mod sigv4;
mod url;

pub use client::{Client, ClientError};
pub use disguise::Disguise;
pub use url::{UrlTarget, UrlTargetError};

use model::attack::{Outcome, PlantAt};
use model::{App, Finding, Status, Target};
use std::collections::BTreeMap;

/// Findings of one risk at one resource: what one attack is made on and one row of the ledger speaks of.
pub struct Subject<'a> {
    /// The risk.
    pub risk: &'static risks::Risk,
    /// `stack/LogicalId`.
    pub resource: String,
    /// Its open findings, most severe first.
    pub findings: Vec<&'a Finding>,
}

/// Groups open findings into subjects, by risk and resource.
pub fn subjects(findings: &[Finding]) -> Vec<Subject<'_>> {
    let mut groups: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.status == Status::Found) {
        groups.entry((finding.risk, &finding.resource)).or_default().push(finding);
    }
    let subject = |((risk, resource), findings): ((&str, &str), _)| {
        Some(Subject { risk: risks::by_slug(risk)?, resource: resource.to_owned(), findings })
    };
    groups.into_iter().filter_map(subject).collect()
}

impl Subject<'_> {
    /// Where a canary belongs for this attack.
    ///
    /// # Errors
    /// Why none can be planted.
    pub fn plant(&self, app: &App) -> Result<PlantAt, String> {
        (self.risk.attack.as_ref().map_err(|why| (*why).to_owned())?.plant)(app, &self.findings)
    }

    /// Attacks a target.
    ///
    /// # Errors
    /// Why there is no attack of this risk.
    pub fn attack(&self, app: &App, target: &mut dyn Target) -> Result<Outcome, String> {
        let attack = self.risk.attack.as_ref().map_err(|why| (*why).to_owned())?;
        let mut outcome = Outcome::new(self.risk.slug, self.resource.clone());
        (attack.run)(app, &self.findings, target, &mut outcome);
        Ok(outcome)
    }
}
