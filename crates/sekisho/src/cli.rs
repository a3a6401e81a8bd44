//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Finds, attacks, blocks and detects the risks of an AWS serverless application.
///
/// Without a verb: scan the current folder.
#[derive(Parser)]
#[command(name = "sekisho", version, after_help = crate::exit::TABLE, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Subcommand)]
pub enum Verb {
    /// Find the risks of an application, with the path from the internet to the data.
    Scan(crate::verbs::scan::Scan),
    /// Run an application here, with its security envelope enforced.
    Up(Up),
    /// Prove the risks of an application against the running application.
    Attack(Attack),
    /// Detect attacks in the logs that AWS writes.
    Investigate(Investigate),
    /// Show for every risk: found, exploited, blocked, detected.
    Prove(Prove),
    /// Explain a risk: what it is, how it is exploited, how to mend it, what the logs show.
    Explain(Explain),
    /// Ask about policies: decide, who-can, can, paths, compare, diff, lint, least-privilege.
    Iam(crate::verbs::iam::Iam),
    /// Ask about web ACLs: test requests, explain one, replay logs, run go-ftw tests on a rule set.
    Waf(crate::verbs::waf::Waf),
    /// The advisories that packages are held against: import a dump, say how old they are.
    Db(crate::verbs::db::Db),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// What leaves a template open.
#[derive(Args, Clone)]
pub struct Application {
    /// Folder with the application's templates, or one template.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Value of a template parameter: NAME=VALUE, or STACK/NAME=VALUE.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// Region the application is read for; us-east-1 when neither this nor sekisho.toml says.
    #[arg(long)]
    pub region: Option<String>,
    /// Advisories to hold packages against, as `sekisho db import` writes them; else those in the data folder, else the
    /// built-in ones.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Fail with exit code 4 when anything could not be assessed.
    #[arg(long)]
    pub strict: bool,
}

/// Forms of output.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Terminal,
    /// For programs; the form is versioned.
    Json,
}

/// Options of everything that runs the application.
#[derive(Args, Clone)]
pub struct Running {
    /// Install no packages; fail where some are missing.
    #[arg(long)]
    pub offline: bool,
}

/// `up`.
#[derive(Args)]
pub struct Up {
    #[command(flatten)]
    pub application: Application,
    #[command(flatten)]
    pub running: Running,
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 4566)]
    pub port: u16,
    /// State folder; `.sekisho` beside the template by default.
    #[arg(long)]
    pub state: Option<PathBuf>,
    /// Forget what earlier runs kept.
    #[arg(long)]
    pub fresh: bool,
    /// Key pair of the account's root user, in the format of AWS's shared credentials file, mode 0600.
    #[arg(long, value_name = "FILE")]
    pub root_credentials: Option<PathBuf>,
    /// SQL file to run once on a fresh database.
    #[arg(long, value_name = "FILE")]
    pub sql: Vec<PathBuf>,
    /// Form of the line that says where it listens.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub format: Format,
}

/// `attack`.
#[derive(Args)]
pub struct Attack {
    /// Risks to attack; all that `scan` finds by default.
    pub risks: Vec<String>,
    /// Folder with the application's templates.
    #[arg(long, default_value = ".")]
    pub path: PathBuf,
    /// `up` runs the application for the attack; or the URL of an API's stage on this machine.
    #[arg(long, default_value = "up")]
    pub target: String,
    /// Value of a template parameter.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    #[command(flatten)]
    pub running: Running,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub format: Format,
}

/// `investigate`.
#[derive(Args)]
pub struct Investigate {
    /// Files and folders with logs.
    #[arg(required = true)]
    pub logs: Vec<PathBuf>,
    /// The application's folder, or the JSON of `aws iam get-account-authorization-details`: says what the principals of
    /// the alerts could have done.
    #[arg(long, value_name = "PATH")]
    pub account: Option<PathBuf>,
    /// Folder with further Sigma rules.
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// Fail with exit code 4 when anything could not be assessed.
    #[arg(long)]
    pub strict: bool,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub format: Format,
}

/// `prove`.
#[derive(Args)]
pub struct Prove {
    #[command(flatten)]
    pub application: Application,
    #[command(flatten)]
    pub running: Running,
    /// Only these risks.
    #[arg(long = "risk", value_name = "RISK")]
    pub risks: Vec<String>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub format: Format,
}

/// `explain`.
#[derive(Args)]
pub struct Explain {
    /// A risk's slug; without it, the list.
    pub risk: Option<String>,
}
