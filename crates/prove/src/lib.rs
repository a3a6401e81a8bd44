//! Runs all four proofs and fills the ledger: scan finds, attack exploits what `up` runs, the fixes are applied to
//! a scratch copy and the same attacks made again, and the logs of the first run are investigated.
//!
//! No shortcut past a verb: whatever the ledger says, the verb itself has shown.

mod browser;
mod customers;
mod judge;
mod scratch;
mod sign_in;
mod stage;
mod target;
pub mod traffic;

pub use scratch::{ScratchError, fixed_copy};
pub use stage::{Attacked, StageError, Staged};
pub use target::UpTarget;

use model::{App, Fix, Ledger, Trouble};
use stage::Stage;
use std::path::{Path, PathBuf};

/// File with the application's normal traffic, beside the template.
pub const TRAFFIC_FILE: &str = "traffic.http";

/// What to prove.
#[derive(Clone, Debug)]
pub struct Options {
    /// The application's folder.
    pub root: PathBuf,
    /// How to read it.
    pub read: read::Options,
    /// Install nothing.
    pub offline: bool,
    /// Only these risks; empty for all.
    pub risks: Vec<String>,
}

/// The ledger, and what could not be assessed.
#[derive(Debug)]
pub struct Proved {
    /// One row a risk and resource.
    pub ledger: Ledger,
    /// From reading, scanning and the detections.
    pub not_assessed: Vec<Trouble>,
    /// The application as it was read.
    pub app: App,
}

/// Proves everything that `scan` finds in an application. `says` is told what is being done.
pub fn prove(options: &Options, says: &(dyn Fn(&str) + Sync)) -> Proved {
    let app = read::application(&options.root, &options.read);
    // Hygiene has nothing to prove: nobody attacks it, and no log shows it. What is asked for by name is proved all the same.
    let terms = scan::Terms { hygiene: !options.risks.is_empty(), ..scan::Terms::default() };
    let mut scanned = scan::scan_on(&app, risks::all(), &terms);
    if !options.risks.is_empty() {
        scanned.findings.retain(|finding| options.risks.iter().any(|risk| risk == finding.risk));
    }
    let subjects = attack::subjects(&scanned.findings);
    let (requests, troubles) = normal_traffic(&options.root);
    scanned.not_assessed.extend(troubles);
    if subjects.is_empty() {
        return Proved { ledger: Ledger::default(), not_assessed: scanned.not_assessed, app };
    }

    let stage = Stage { options, subjects: &subjects, app: &app, traffic: &requests, says };
    says("running the application as it is");
    let before = stage.run(&options.root, &app);
    let after = before.as_ref().ok().map(|_| {
        says("running it with the fixes applied");
        let fixes: Vec<&Fix> =
            subjects.iter().flat_map(|subject| subject.findings.iter().filter_map(|finding| finding.fix.as_ref())).collect();
        fixed(&stage, &fixes)
    });
    if let Ok(staged) = &before {
        scanned.not_assessed.extend(staged.not_assessed.iter().cloned());
    }
    let rows = subjects
        .iter()
        .enumerate()
        .map(|(index, subject)| judge::row(&app, subject, index, before.as_ref(), after.as_ref(), !requests.is_empty()));
    let ledger = Ledger { ledger: rows.collect() };
    scanned.not_assessed.sort();
    scanned.not_assessed.dedup();
    Proved { ledger, not_assessed: scanned.not_assessed, app }
}

/// Runs the application and makes the attacks, without fixes and without looking at the logs' verdict.
///
/// # Errors
/// When the application does not start.
pub fn attack(options: &Options, app: &App, subjects: &[attack::Subject<'_>], says: &(dyn Fn(&str) + Sync)) -> Result<Staged, StageError> {
    let (requests, _) = normal_traffic(&options.root);
    Stage { options, subjects, app, traffic: &requests, says }.run(&options.root, app)
}

/// Makes the same attacks on another state of the application, which stands in `root`: one that was mended by hand.
///
/// # Errors
/// When that state does not start.
pub fn attack_state(
    options: &Options,
    (app, subjects): (&App, &[attack::Subject<'_>]),
    root: &Path,
    says: &(dyn Fn(&str) + Sync),
) -> Result<Staged, StageError> {
    let (requests, _) = normal_traffic(root);
    let state = read::application(root, &options.read);
    Stage { options, subjects, app, traffic: &requests, says }.run(root, &state)
}

/// Runs a fixed copy of the application.
fn fixed(stage: &Stage<'_>, fixes: &[&Fix]) -> Result<Staged, StageError> {
    let scratch = tempfile::tempdir().map_err(|error| StageError::Scratch(error.to_string()))?;
    // The folder's name goes into stack names, so the copy keeps it.
    let root = stage.options.root.canonicalize().map_err(|error| StageError::Scratch(error.to_string()))?;
    let copy = scratch.path().join(root.file_name().unwrap_or_default());
    fixed_copy(&root, &copy, fixes).map_err(|error| StageError::Scratch(error.to_string()))?;
    let app = read::application(&copy, &stage.options.read);
    stage.run(&copy, &app)
}

/// The application's normal traffic; none when its authors wrote none.
fn normal_traffic(root: &Path) -> (Vec<traffic::Request>, Vec<Trouble>) {
    match std::fs::read_to_string(root.join(TRAFFIC_FILE)) {
        Ok(text) => traffic::parse(TRAFFIC_FILE, &text),
        Err(_) => (Vec::new(), Vec::new()),
    }
}
