//! `sekisho waf`: questions about web ACLs. One JSON document a result.

mod ftw;

use crate::cli::Format;
use crate::exit::Exit;
use clap::{Args, Subcommand};

/// `waf`.
#[derive(Args)]
pub struct Waf {
    /// The question.
    #[command(subcommand)]
    pub question: Question,
    /// Form of the result.
    #[arg(long, global = true, value_enum, default_value_t = Format::Terminal)]
    pub format: Format,
}

/// The questions.
#[derive(Subcommand)]
pub enum Question {
    /// Run go-ftw tests on a rule set, directly on the engine; exit code 1 when one fails.
    Ftw(ftw::Ftw),
}

/// Answers a question.
pub fn run(arguments: &Waf) -> Exit {
    match &arguments.question {
        Question::Ftw(tests) => ftw::run(tests, arguments.format),
    }
}
