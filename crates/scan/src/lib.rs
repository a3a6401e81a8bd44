//! App to Findings: asks every risk, then names, numbers and sorts what they say. Formats and writes nothing.

mod allow;
mod baseline;
mod branch;
pub mod config;
pub mod cut;

pub use baseline::Baseline;
pub use branch::Branch;
pub use config::Config;

use allow::Allows;
use model::deps::AdvisoryData;
use model::{App, Edit, Finding, Place, Profile, RiskId, Severity, Status, Trouble};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What a scan found.
#[derive(Clone, Debug, Serialize)]
pub struct Scan {
    /// Most severe first, one of each risk before the next of any.
    pub findings: Vec<Finding>,
    /// What could not be judged.
    pub not_assessed: Vec<Trouble>,
    /// Counts.
    pub summary: Summary,
    /// Fingerprints of the findings that `sekisho.toml` accepts, and no comment beside them.
    #[serde(skip)]
    pub outside: BTreeSet<String>,
}

/// Counts of a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Resources of the application.
    pub resources: usize,
    /// Source files read.
    pub files: usize,
    /// The advisory data that packages were held against, when functions have any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advisories: Option<AdvisoryData>,
    /// Risks asked.
    pub risks: usize,
    /// Hygiene risks that were not asked.
    pub unasked: usize,
    /// Open findings by severity.
    pub critical: usize,
    /// High.
    pub high: usize,
    /// Medium.
    pub medium: usize,
    /// Low.
    pub low: usize,
    /// Findings allowed by a comment or by `sekisho.toml`.
    pub suppressed: usize,
    /// Findings that the baseline knows.
    pub known: usize,
    /// Things not assessed.
    pub not_assessed: usize,
}

/// On what terms an application is scanned. The default: allow comments count, nothing else is accepted.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What `sekisho.toml` says.
    pub config: Config,
    /// Findings that were there before.
    pub baseline: Option<Baseline>,
    /// Let the application's own files silence nothing: its allow comments do not count.
    pub isolated: bool,
    /// Ask for hygiene too.
    pub hygiene: bool,
    /// What rules of the user's own say of the application.
    pub own: Own,
}

/// What rules of the user's own say.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Their findings; numbered, accepted and sorted like those of a risk.
    pub findings: Vec<Finding>,
    /// Ids of all rules that were asked.
    pub asked: BTreeSet<RiskId>,
    /// What could not be evaluated.
    pub not_assessed: Vec<Trouble>,
}

/// How ids of the user's own rules begin.
pub const OWN: &str = "guard:";

/// Whether an id is one that something could be found by: a risk's, or of a rule of the user's own.
fn is_known(slug: &str) -> bool {
    risks::by_slug(slug).is_some() || slug.strip_prefix(OWN).is_some_and(|rule| !rule.is_empty())
}

/// Scans an application for every risk. The same App gives the same Scan.
pub fn scan(app: &App) -> Scan {
    scan_for(app, risks::all())
}

/// Scans for some risks, whatever their profile.
pub fn scan_for(app: &App, risks: &[risks::Risk]) -> Scan {
    scan_on(app, risks, &Terms { hygiene: true, ..Terms::default() })
}

/// Scans for some risks on given terms. What is accepted stays in the result, with its status.
pub fn scan_on(app: &App, risks: &[risks::Risk], terms: &Terms) -> Scan {
    scan_branches(app, [], risks, terms)
}

/// The same with the branches of conditions that the templates leave open, two for each: findings that stand in one branch
/// alone are there, with their condition.
pub fn scan_branches(app: &App, branches: impl IntoIterator<Item = Branch>, risks: &[risks::Risk], terms: &Terms) -> Scan {
    let asked: Vec<&risks::Risk> = risks.iter().filter(|risk| terms.hygiene || risk.profile == Profile::Default).collect();
    let asks = |slug: &str| asked.iter().any(|risk| risk.slug == slug) || terms.own.asked.contains(slug);
    let ask = |app: &App| -> Vec<Finding> { asked.iter().flat_map(|risk| named(app, risk)).collect() };
    let mut findings = ask(app);
    branch::merge(&mut findings, branches, ask);
    let mut own = terms.own.findings.clone();
    number(&mut own);
    findings.extend(own);
    let mut not_assessed = app.troubles.clone();
    not_assessed.extend(terms.own.not_assessed.iter().cloned());
    not_assessed.extend(risks::not_assessed(app));
    not_assessed.extend(iam::app::unknown_policies(app));
    if !terms.isolated {
        let mut allows = Allows::of(app);
        for finding in &mut findings {
            if allows.takes(finding.risk, &finding.place) {
                finding.status = Status::Suppressed;
            }
        }
        not_assessed.extend(allows.troubles(asks));
    }
    let mut outside = BTreeSet::new();
    for allow in &terms.config.allows {
        let mut used = false;
        for finding in findings.iter_mut().filter(|finding| allow.takes(finding)) {
            if finding.status != Status::Suppressed {
                outside.insert(finding.fingerprint.clone());
            }
            (used, finding.status) = (true, Status::Suppressed);
        }
        if !used && asks(&allow.risk) {
            not_assessed.push(Trouble {
                says: format!("the allow of {} silences nothing", allow.risk),
                place: allow.place.clone(),
                help: "take it out, or correct its resource and file".into(),
            });
        }
    }
    if let Some(baseline) = &terms.baseline {
        not_assessed.extend(baseline.gone(&findings, asks));
        for finding in findings.iter_mut().filter(|finding| finding.status == Status::Found && baseline.knows(finding)) {
            finding.status = Status::Known;
        }
    }
    in_order(&mut findings);
    not_assessed.extend(unknown_packages(app).filter(|_| asks("vulnerable-dependency")));
    not_assessed.sort();
    not_assessed.dedup();
    let summary = summary(app, (asked.len(), risks.len()), &findings, &not_assessed);
    Scan { findings, not_assessed, summary, outside }
}

/// Most severe first; of the same severity one of each risk first, then the second resource of each, so that nothing waits behind
/// many of a kind.
fn in_order(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let key = |f: &Finding| (Reverse(f.severity), f.risk);
        (key(a), &a.place, &a.symbol, &a.resource).cmp(&(key(b), &b.place, &b.symbol, &b.resource))
    });
    let mut resources: BTreeMap<(Severity, &str), Vec<String>> = BTreeMap::new();
    for finding in findings.iter() {
        let known = resources.entry((finding.severity, finding.risk)).or_default();
        if !known.contains(&finding.resource) {
            known.push(finding.resource.clone());
        }
    }
    // The sort keeps the order within a resource.
    findings.sort_by_key(|f| {
        let round = resources.get(&(f.severity, f.risk)).and_then(|known| known.iter().position(|resource| *resource == f.resource));
        (Reverse(f.severity), round, f.risk)
    });
}

/// Packages of which data that is only a part says nothing: whether there is an advisory about them, nobody here knows.
fn unknown_packages(app: &App) -> impl Iterator<Item = Trouble> {
    let data = app.dependencies.data.iter().filter(|data| data.unknown > 0);
    data.filter_map(|data| {
        let root = app.dependencies.roots.first()?;
        let file = root.manifest.clone().or_else(|| root.lock.clone())?;
        let says = format!("{} of {} packages are ones that the advisories {} say nothing of", data.unknown, data.packages, data.source);
        let help = "import a whole dump in the OSV format: sekisho db import PATH".to_owned();
        Some(Trouble { says, place: Place::new(file, 1, 1), help })
    })
}

/// The findings of one risk with the ids of its page and their fingerprints.
fn named(app: &App, risk: &risks::Risk) -> Vec<Finding> {
    let maps: Vec<String> =
        risks::Page::read(risk.page).map(|page| page.maps.iter().map(|id| (*id).to_owned()).collect()).unwrap_or_default();
    let mut findings = (risk.check)(app);
    for finding in &mut findings {
        finding.maps.clone_from(&maps);
        finding.profile = risk.profile;
        // An edit of code knows nothing of the template that the code is indented in; a record of an account is no source of it.
        let inside = |edit: &Edit| matches!(edit, Edit::Text { file, .. } if app.code.inline.contains(&**file));
        let no_source = |edit: &Edit| inside(edit) || app.observed.contains(edit.file());
        finding.fix = finding.fix.take().filter(|fix| !fix.edits.iter().any(no_source));
    }
    number(&mut findings);
    findings
}

/// Gives findings their fingerprints. The same symbol twice in one resource: the second is told apart by its number, never by its line.
fn number(findings: &mut [Finding]) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for finding in findings {
        let identity = format!("{}\n{}\n{}", finding.risk, finding.resource, finding.symbol);
        let number = seen.entry(identity.clone()).or_default();
        finding.fingerprint = fingerprint(&format!("{identity}\n{number}"));
        *number += 1;
    }
}

/// 32 hexadecimal digits, stable over line moves.
fn fingerprint(identity: &str) -> String {
    Sha256::digest(identity.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn summary(app: &App, (asked, risks): (usize, usize), findings: &[Finding], not_assessed: &[Trouble]) -> Summary {
    let open = |severity| findings.iter().filter(|f| f.status == Status::Found && f.severity == severity).count();
    Summary {
        resources: app.resources().count(),
        files: app.sources.len(),
        advisories: app.dependencies.data.clone(),
        risks: asked,
        unasked: risks - asked,
        critical: open(Severity::Critical),
        high: open(Severity::High),
        medium: open(Severity::Medium),
        low: open(Severity::Low),
        suppressed: findings.iter().filter(|f| f.status == Status::Suppressed).count(),
        known: findings.iter().filter(|f| f.status == Status::Known).count(),
        not_assessed: not_assessed.len(),
    }
}

/// The place of a whole file.
fn file_line(file: &std::sync::Arc<str>, line: usize) -> Place {
    Place::new(file.clone(), u32::try_from(line).unwrap_or(u32::MAX), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hygiene is asked for, never volunteered; of what was not asked nothing is said to be gone or unused.
    #[test]
    fn hygiene_is_asked_only_on_request() {
        fn one(_: &App) -> Vec<Finding> {
            vec![Finding {
                risk: "shared-role",
                title: "t".into(),
                severity: Severity::Low,
                confidence: model::Confidence::High,
                resource: "app/Role".into(),
                place: Place::new("template.yaml", 3, 1),
                path: Vec::new(),
                maps: Vec::new(),
                fingerprint: String::new(),
                status: Status::Found,
                symbol: String::new(),
                profile: Profile::Default,
                condition: None,
                fix: None,
            }]
        }
        let risk = risks::Risk {
            slug: "shared-role",
            page: risks::by_slug("shared-role").unwrap().page,
            profile: Profile::Hygiene,
            check: one,
            attack: Err("nobody"),
            detections: &[],
            without: &[],
        };
        let mut app = App::new("111122223333", "us-east-1", []);
        let text = "# sekisho: allow shared-role -- one team\nRole:\n";
        app.sources.insert("a.yaml".into(), model::Source { path: "a.yaml".into(), text: text.into() });
        let whole = scan_on(&app, std::slice::from_ref(&risk), &Terms { hygiene: true, ..Terms::default() });
        assert_eq!((whole.findings[0].profile, whole.summary.risks, whole.summary.unasked), (Profile::Hygiene, 1, 0));
        assert!(whole.not_assessed[0].says.contains("silences nothing"));
        let baseline = Baseline::read("b.json", &Baseline::write(&whole.findings)).unwrap();
        let quiet = scan_on(&app, &[risk], &Terms { baseline: Some(baseline), ..Terms::default() });
        assert_eq!((quiet.findings.len(), quiet.not_assessed.len()), (0, 0));
        assert_eq!((quiet.summary.risks, quiet.summary.unasked), (0, 1));
    }
}
