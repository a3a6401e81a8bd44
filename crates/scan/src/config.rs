//! `sekisho.toml`: what a repository says about its own scan. It lies beside the templates; what the command line says
//! outranks it.
//!
//! ```toml
//! fail-on = "high"
//! hygiene = true
//! rules = ["policies/"]
//! region = "eu-west-1"
//!
//! [parameters]
//! Stage = "prod"
//!
//! [[allow]]
//! risk = "unauthenticated-route"
//! resource = "shop/Catalogue"
//! reason = "the catalogue is public"
//! ```

use model::{Finding, Place, Severity, Trouble};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Spanned;

/// The name of the file.
pub const FILE: &str = "sekisho.toml";

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Least severity that fails a scan.
    pub fail_on: Option<FailOn>,
    /// Ask for hygiene too.
    pub hygiene: bool,
    /// Files and folders of Guard rules, relative to the folder of the file that says so.
    pub rules: Vec<String>,
    /// Region the application is read for.
    pub region: Option<String>,
    /// Values of template parameters: by `NAME`, or `STACK/NAME`.
    pub parameters: BTreeMap<String, String>,
    /// What is accepted, each with its reason.
    pub allows: Vec<Allowed>,
}

/// When findings fail a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// At this severity and above.
    At(Severity),
    /// Never.
    Never,
}

impl FailOn {
    /// Whether a finding of this severity fails the scan.
    pub fn fails(self, severity: Severity) -> bool {
        matches!(self, Self::At(least) if severity >= least)
    }
}

/// An `[[allow]]` of the file: findings of one risk, narrowed to a resource, a file, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Slug of the risk.
    pub risk: String,
    /// `stack/LogicalId`.
    pub resource: Option<String>,
    /// File of the finding, relative to the folder.
    pub file: Option<String>,
    /// Why it is acceptable.
    pub reason: String,
    /// Where it is written.
    pub place: Place,
}

impl Allowed {
    /// Whether it speaks of this finding.
    pub fn takes(&self, finding: &Finding) -> bool {
        self.risk == finding.risk
            && self.resource.as_ref().is_none_or(|resource| *resource == finding.resource)
            && self.file.as_ref().is_none_or(|file| **file == *finding.place.file)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    fail_on: Option<Spanned<String>>,
    #[serde(default)]
    hygiene: bool,
    #[serde(default)]
    rules: Vec<String>,
    region: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    #[serde(default)]
    allow: Vec<Spanned<WrittenAllow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAllow {
    risk: Spanned<String>,
    resource: Option<String>,
    file: Option<String>,
    reason: Spanned<String>,
}

impl Config {
    /// Reads the text of a `sekisho.toml`; `file` is its name in messages.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its line: a configuration is followed whole or not at all.
    pub fn read(file: &str, text: &str) -> Result<Self, Trouble> {
        let at = |span: Option<std::ops::Range<usize>>| place(file, text, span.map_or(0, |span| span.start));
        let written: Written = toml::from_str(text).map_err(|error| Trouble {
            says: error.message().replace('\n', " "),
            place: at(error.span()),
            help: "the keys are fail-on, hygiene, rules, region, [parameters] and [[allow]] with risk, resource, file and reason".into(),
        })?;
        let fail_on = written.fail_on.map(|word| {
            parse_fail_on(word.get_ref()).ok_or_else(|| Trouble {
                says: format!("fail-on is `{}`", word.get_ref()),
                place: at(Some(word.span())),
                help: "write low, medium, high, critical or never".into(),
            })
        });
        let allows = written.allow.into_iter().map(|allow| {
            let place = at(Some(allow.span()));
            let allow = allow.into_inner();
            if !super::is_known(allow.risk.get_ref()) {
                return Err(Trouble {
                    says: format!("`{}` is no risk", allow.risk.get_ref()),
                    place: at(Some(allow.risk.span())),
                    help: "run `sekisho explain` for the list of risks".into(),
                });
            }
            if allow.reason.get_ref().trim().is_empty() {
                return Err(Trouble {
                    says: format!("the allow of {} has no reason", allow.risk.get_ref()),
                    place: at(Some(allow.reason.span())),
                    help: "say why this is acceptable".into(),
                });
            }
            let (risk, reason) = (allow.risk.into_inner(), allow.reason.into_inner());
            Ok(Allowed { risk, resource: allow.resource, file: allow.file, reason, place })
        });
        let allows = allows.collect::<Result<Vec<_>, _>>()?;
        let Written { hygiene, rules, region, parameters, .. } = written;
        Ok(Self { fail_on: fail_on.transpose()?, hygiene, rules, region, parameters, allows })
    }
}

fn parse_fail_on(word: &str) -> Option<FailOn> {
    Some(match word {
        "low" => FailOn::At(Severity::Low),
        "medium" => FailOn::At(Severity::Medium),
        "high" => FailOn::At(Severity::High),
        "critical" => FailOn::At(Severity::Critical),
        "never" => FailOn::Never,
        _ => return None,
    })
}

fn place(file: &str, text: &str, offset: usize) -> Place {
    let head = text.get(..offset).unwrap_or_default();
    let line = head.matches('\n').count() + 1;
    let column = head.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Place::new(Arc::<str>::from(file), small(line), small(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_key() {
        let text = "fail-on = \"high\"\nregion = \"eu-west-1\"\n[parameters]\nStage = \"prod\"\n\n[[allow]]\nrisk = \"sql-injection\"\nresource = \"shop/F\"\nreason = \"r\"\n";
        let config = Config::read(FILE, text).unwrap();
        assert_eq!(config.fail_on, Some(FailOn::At(Severity::High)));
        assert!(!FailOn::At(Severity::High).fails(Severity::Medium));
        assert!(!FailOn::Never.fails(Severity::Critical));
        assert_eq!(config.region.as_deref(), Some("eu-west-1"));
        assert_eq!(config.parameters["Stage"], "prod");
        assert_eq!((config.allows.len(), config.allows[0].place.line), (1, 6));
    }

    #[test]
    fn wrong_files_are_refused_at_their_line() {
        let refused = |text: &str| Config::read(FILE, text).unwrap_err();
        let line = |text: &str| (refused(text).place.line, refused(text).place.column);
        assert_eq!(line("\nfail-on = \"sometimes\"\n"), (2, 11));
        assert_eq!(line("fail_on = \"high\"\n"), (1, 1));
        assert_eq!(line("[[allow]]\nrisk = \"no-such-risk\"\nreason = \"r\"\n"), (2, 8));
        assert_eq!(line("[[allow]]\nrisk = \"sql-injection\"\nreason = \" \"\n"), (3, 10));
        assert!(refused("[[allow]]\nrisk = \"sql-injection\"\n").says.contains("reason"));
        assert!(refused("fail-on = [").says.len() > 5);
    }
}
