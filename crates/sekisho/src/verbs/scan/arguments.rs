//! The command line of `scan`.

use crate::cli::Application;
use crate::clock;
use clap::{Args, ValueEnum};
use scan::config::FailOn;
use std::path::PathBuf;

/// `scan`.
#[derive(Args)]
pub struct Scan {
    #[command(flatten)]
    pub application: Application,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Form::Terminal)]
    pub format: Form,
    /// Show the findings by the items of a catalogue, hygiene included.
    #[arg(long, value_enum, conflicts_with_all = ["format", "fix", "diff"])]
    pub by: Option<Catalogue>,
    /// Ask for hygiene too: good practice that nothing here is known to fall without.
    #[arg(long)]
    pub hygiene: bool,
    /// Rules in the language of AWS CloudFormation Guard: a file, or a folder with `.guard` and `.ruleset` files.
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,
    /// Search git's history for secrets too: every version of every file that a branch, tag, stash or reflog reaches.
    #[arg(long)]
    pub history: bool,
    /// The day to judge by, YYYY-MM-DD or `today`: which runtimes have ended, how old advisories are. Without it a scan says the same on
    /// every day, and judges by the day its tables were made.
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub date: Option<String>,
    /// Least severity that makes the exit code 1; low when neither this nor sekisho.toml says.
    #[arg(long, value_enum)]
    pub fail_on: Option<Least>,
    /// Apply the fixes: safe ones, or with `--fix=unsafe` also those that may change what callers get.
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "safe")]
    pub fix: Option<FixKind>,
    /// Show the fixes as a diff; write nothing.
    #[arg(long, conflicts_with = "fix")]
    pub diff: bool,
    /// The fewest edits that close every path from the internet to data or privilege; `--cut=foothold` also those of who is signed
    /// in or has a function's credentials. Writes nothing.
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "internet")]
    #[arg(conflicts_with_all = ["fix", "diff", "by", "write_baseline"])]
    pub cut: Option<From>,
    /// Findings that were there before: they are counted and fail nothing.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write the findings that there are now as a baseline.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fix", "diff", "watch", "by"])]
    pub write_baseline: Option<PathBuf>,
    /// Configuration to follow instead of the sekisho.toml beside the template.
    #[arg(long, value_name = "FILE", conflicts_with = "isolated")]
    pub config: Option<PathBuf>,
    /// Let the application's own files silence nothing: neither sekisho.toml nor allow comments count.
    #[arg(long)]
    pub isolated: bool,
    /// Scan again whenever a file changes.
    #[arg(long, conflicts_with_all = ["fix", "diff"])]
    pub watch: bool,
}

/// A day of the calendar, `today` among them.
fn day(text: &str) -> Result<String, String> {
    let time = if text == "today" { Some(clock::now()) } else { clock::of(text) };
    time.map(clock::day).ok_or_else(|| "write a day as 2026-11-22, or `today`".to_owned())
}

/// Forms of a scan's result.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people.
    Terminal,
    /// For programs; the form is versioned.
    Json,
    /// SARIF 2.1.0, for code scanning. Exits 0 on findings.
    Sarif,
    /// JUnit XML, for the test page of a CI service.
    Junit,
    /// Markdown, for the comment of a pull request.
    Markdown,
    /// OCSF 1.6.0 Application Security Posture Findings, one JSON object a line.
    Ocsf,
    /// One self-contained page with the architecture drawn.
    Html,
}

/// Catalogues of risks.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Catalogue {
    /// OWASP Serverless Top 10 and OWASP Top 10.
    Owasp,
    /// Cloud Security Alliance, 12 Most Critical Risks for Serverless Applications.
    Csa,
    /// CIS benchmarks.
    Cis,
    /// AWS Well-Architected Framework.
    Wa,
}

impl Catalogue {
    /// How ids of the catalogue begin.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Owasp => "OWASP-",
            Self::Csa => "CSA-",
            Self::Cis => "CIS-",
            Self::Wa => "WA-",
        }
    }
}

/// Where paths begin.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum From {
    /// Anyone on the internet.
    Internet,
    /// Also signed-in callers and stolen credentials.
    Foothold,
}

impl From {
    /// Least severity of such a path.
    pub fn least(self) -> model::Severity {
        match self {
            Self::Internet => model::Severity::Critical,
            Self::Foothold => model::Severity::High,
        }
    }
}

/// Which fixes to apply.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FixKind {
    /// Those that cannot change what legitimate callers get.
    Safe,
    /// All.
    Unsafe,
}

/// Severities, for `--fail-on`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Least {
    /// Everything.
    Low,
    /// Medium and above.
    Medium,
    /// High and above.
    High,
    /// Critical only.
    Critical,
    /// Never fail on findings.
    Never,
}

impl std::convert::From<Least> for FailOn {
    fn from(least: Least) -> Self {
        match least {
            Least::Low => Self::At(model::Severity::Low),
            Least::Medium => Self::At(model::Severity::Medium),
            Least::High => Self::At(model::Severity::High),
            Least::Critical => Self::At(model::Severity::Critical),
            Least::Never => Self::Never,
        }
    }
}
