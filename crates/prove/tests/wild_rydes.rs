//! The sample application, whole: what is found where, what the fixes make of it, the ledger, and the journal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use model::{App, Change, Finding, Fix, Profile, Proof, Row, Verdict};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("apps/wild-rydes")
}

fn app() -> App {
    read::application(&root(), &read::Options::default())
}

fn options() -> sekisho_prove::Options {
    sekisho_prove::Options { root: root(), read: read::Options::default(), offline: false, risks: Vec::new() }
}

/// What a scan finds unasked.
fn holes(app: &App) -> Vec<Finding> {
    scan::scan_on(app, risks::all(), &scan::Terms::default()).findings
}

fn says(text: &str) {
    println!("{text}");
}

/// The rows of the table in expected.md.
fn expected() -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join("expected.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| risk"));
    rows.map(|row| row.trim_matches(['|', ' ']).split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn word(proof: Proof) -> &'static str {
    match proof {
        Proof::Yes => "yes",
        Proof::No => "no",
        Proof::NotApplicable => "not applicable",
        Proof::NotAssessed => "not assessed",
    }
}

fn cells(row: &Row) -> Vec<String> {
    let proofs = [row.found, row.exploited, row.blocked, row.detected].map(|proof| word(proof).to_owned());
    [row.risk.clone(), row.resource.clone()].into_iter().chain(proofs).collect()
}

#[test]
fn nothing_is_left_unread() {
    assert_eq!(app().troubles, []);
}

/// `fixed/RISK.diff` is what each risk's fixes make of the application; regenerate with `UPDATE=1`.
#[test]
fn the_fixes_make_the_protected_state() {
    let findings = holes(&app());
    for risk in risks::of(Profile::Default) {
        let fixes: Vec<&Fix> = findings.iter().filter(|f| f.risk == risk.slug).filter_map(|f: &Finding| f.fix.as_ref()).collect();
        let changed = edit::apply(&|file| fs::read_to_string(root().join(file)).ok(), &fixes).unwrap();
        let diff = edit::diff(&changed);
        let file = root().join("fixed").join(format!("{}.diff", risk.slug));
        if env::var_os("UPDATE").is_some() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &diff).unwrap();
        }
        assert_eq!(diff, fs::read_to_string(&file).unwrap_or_default(), "{}", file.display());
    }
}

/// All fixes together leave nothing that a scan finds.
#[test]
fn the_protected_state_is_clean() {
    let fixes: Vec<Fix> = holes(&app()).into_iter().filter_map(|finding| finding.fix).collect();
    let scratch = tempfile::tempdir().unwrap();
    let copy = scratch.path().join("wild-rydes");
    sekisho_prove::fixed_copy(&root(), &copy, &fixes.iter().collect::<Vec<_>>()).unwrap();
    let fixed = read::application(&copy, &read::Options::default());
    assert_eq!(holes(&fixed), []);
    assert_eq!(fixed.troubles, []);
}

/// One line of the journal.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Start { start: serde_json::Value },
    Change { change: Change },
    Judged(Box<gate::Entry>),
}

/// One test, because one application runs at a time in one state folder.
#[test]
fn the_ledger_and_the_journal() {
    let proved = sekisho_prove::prove(&options(), &says);
    let rows: Vec<Vec<String>> = proved.ledger.ledger.iter().map(cells).collect();
    let evidence: Vec<String> =
        proved.ledger.ledger.iter().flat_map(|row| row.evidence.iter().map(|e| format!("{} {}: {}", row.risk, e.proof, e.says))).collect();
    assert_eq!(rows, expected(), "evidence: {evidence:#?}");
    // The built-in advisories are a selection, and say so; everything else is assessed.
    let (packages, rest): (Vec<_>, Vec<_>) =
        proved.not_assessed.iter().partition(|trouble| trouble.says.contains("packages are ones that"));
    assert_eq!((packages.len(), rest), (1, Vec::new()));

    let app = app();
    let findings = holes(&app);
    let mut subjects = attack::subjects(&findings);
    subjects.retain(|subject| subject.risk.attack.is_ok());
    let staged = sekisho_prove::attack(&options(), &app, &subjects, &says).unwrap();
    assert!(staged.attacked.iter().all(|attacked| attacked.took_canary));
    replay(app);
}

/// Judging every call of the journal again gives the same verdict.
fn replay(mut app: App) {
    let journal = fs::read_to_string(root().join(".sekisho/prove/journal.jsonl")).unwrap();
    let (mut judged, mut phases) = (0, BTreeSet::new());
    for line in journal.lines() {
        match serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")) {
            Line::Start { start } => assert_eq!(start["app_version"], app.version),
            Line::Change { change } => app = app.apply(&change).unwrap(),
            Line::Judged(entry) => {
                assert_eq!(entry.verdict.app_version, app.version);
                // As the journal writes them: byte spans, which are for edits, are not part of it.
                let written = |verdict: &Verdict| serde_json::to_value(verdict).unwrap();
                assert_eq!(written(&entry.replay(&app)), written(&entry.verdict), "replay of {:?}", entry.call.ask);
                phases.extend(entry.verdict.why.iter().map(|reason| reason.phase));
                judged += 1;
            }
        }
    }
    assert!(judged > 50, "only {judged} calls in the journal");
    assert!(phases.len() >= 6, "only {phases:?} were judged");
}
