//! What goes wrong: one folder is one risk with its page, its check, its fix, its attack and its detections.
//!
//! A risk is data and pure functions. It reads the [`App`], asks the gate, and describes; it opens nothing,
//! formats nothing, and knows no other risk. Adding one is a folder here and a line in [`all`].

mod page;
mod route;

pub mod hard_coded_credential;
pub mod over_privileged_role;
pub mod sql_injection;
pub mod unauthenticated_route;

pub use page::{Block, Page, PageError};

use model::attack::{Outcome, PlantAt};
use model::{App, Finding, Foothold, RiskId, Target};

/// A risk with its four proofs.
pub struct Risk {
    /// The one id everywhere: folder, page, SARIF rule, ignore comment, attack and detection.
    pub slug: RiskId,
    /// `risk.md`: front matter, explanation, examples.
    pub page: &'static str,
    /// Everywhere it stands in an application.
    pub check: fn(&App) -> Vec<Finding>,
    /// How it is exploited.
    pub attack: Attack,
    /// Sigma rules: (name of the file, its text).
    pub detections: &'static [(&'static str, &'static str)],
}

/// An attack as data and one function of steps.
pub struct Attack {
    /// What the attacker has before.
    pub foothold: Foothold,
    /// Where the prover hides the canary that this attack must bring back; `None` when the findings leave
    /// nothing to read, with the reason.
    pub plant: fn(&App, &[&Finding]) -> Result<PlantAt, String>,
    /// Runs the steps against a target and says what was done and what was brought back. All findings are of
    /// this risk and of one resource.
    pub run: fn(&App, &[&Finding], &mut dyn Target, &mut Outcome),
}

/// Every risk, by slug.
pub fn all() -> &'static [Risk] {
    &[hard_coded_credential::RISK, over_privileged_role::RISK, sql_injection::RISK, unauthenticated_route::RISK]
}

/// The risk with this slug.
pub fn by_slug(slug: &str) -> Option<&'static Risk> {
    all().iter().find(|risk| risk.slug == slug)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The list in `all` and the folders are the same, and every folder is whole.
    #[test]
    fn list_and_folders_agree() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let folders: BTreeSet<String> = std::fs::read_dir(&root)
            .unwrap()
            .filter_map(|entry| entry.ok().filter(|e| e.path().is_dir()))
            .map(|entry| entry.file_name().to_string_lossy().replace('_', "-"))
            .collect();
        let listed: BTreeSet<String> = super::all().iter().map(|risk| risk.slug.to_owned()).collect();
        assert_eq!(folders, listed);
        for folder in folders {
            for file in ["mod.rs", "risk.md", "detect.yml"] {
                assert!(root.join(folder.replace('-', "_")).join(file).is_file(), "{folder} has no {file}");
            }
        }
    }

    #[test]
    fn sorted_by_slug() {
        assert!(super::all().is_sorted_by_key(|risk| risk.slug));
    }

    #[test]
    fn every_page_reads() {
        for risk in super::all() {
            let page = super::Page::read(risk.page).unwrap_or_else(|error| panic!("{}: {error}", risk.slug));
            assert!(!page.maps.is_empty(), "{} maps to nothing", risk.slug);
        }
    }
}
