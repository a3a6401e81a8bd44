//! What is wrong, and what was seen in the logs.

use crate::fix::Fix;
use crate::place::Place;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A risk's slug, the one id everywhere: `sql-injection`.
pub type RiskId = &'static str;

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Hygiene.
    Low,
    /// Needs another weakness to hurt.
    Medium,
    /// Data or privilege within reach.
    High,
    /// Data or privilege within reach of anyone on the internet.
    Critical,
}

/// Whether a scan asks for a risk unasked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// A hole, or what a hole is made of.
    #[default]
    Default,
    /// Good practice that nothing here is known to fall without: asked for with `--hygiene`.
    Hygiene,
}

/// How sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A value on the way is not known.
    Low,
    /// An approximation was needed.
    Medium,
    /// It follows from what is written.
    High,
}

/// Whether a finding is new, accepted, or was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Open.
    Found,
    /// Allowed, with a reason.
    Suppressed,
    /// Known to the baseline.
    Known,
}

/// One step of the path from the internet to the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// "POST /customizations is open to anyone".
    pub says: String,
    /// Where it is written.
    pub place: Place,
}

/// A risk that stands in this application.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Slug of the risk.
    pub risk: RiskId,
    /// One sentence about this instance.
    pub title: String,
    /// How bad here.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The resource concerned, as `stack/LogicalId`.
    pub resource: String,
    /// The line to look at first.
    pub place: Place,
    /// From the internet to the data.
    pub path: Vec<Step>,
    /// `OWASP-SLS-01`, `CSA-SLS-01`, `CIS-...`.
    pub maps: Vec<String>,
    /// Stable over line moves: risk + resource + the symbol or property concerned.
    pub fingerprint: String,
    /// Open or allowed.
    pub status: Status,
    /// The symbol or property concerned, part of the fingerprint: `createCustomUnicorn`, `POST /partners`.
    #[serde(skip)]
    pub symbol: String,
    /// The risk's profile.
    pub profile: Profile,
    /// What it depends on, when something is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// How to mend it.
    #[serde(skip)]
    pub fix: Option<Fix>,
}

/// A detection that fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Name of the rule.
    pub rule: String,
    /// Risk whose folder the rule lives in, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
    /// Severity by the rule's `level`.
    pub severity: Severity,
    /// Time of the last event that made it fire.
    pub time: Time,
    /// Who: the principal's ARN, a database user, or the source address.
    pub principal: String,
    /// The events.
    pub event_ids: Vec<String>,
    /// ATT&CK techniques: `T1078.004`.
    pub attack: Vec<String>,
    /// One sentence.
    pub says: String,
    /// Where the events stand.
    pub places: Vec<Place>,
}
