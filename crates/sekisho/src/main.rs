//! The binary: flags in, exit code out. Holds no logic of its own.

mod cli;
mod clock;
mod exit;
mod input;
mod output;
mod verbs;

use clap::{CommandFactory, Parser};
use cli::{Cli, Verb};
use exit::Exit;
use std::process::ExitCode;

fn main() -> ExitCode {
    bugs_exit_with_70();
    let cli = Cli::parse();
    let style = output::style(cli.color);
    let verb = cli.verb.unwrap_or_else(Verb::scan_here);
    let exit = match verb {
        Verb::Scan(arguments) => verbs::scan::run(&arguments, style),
        Verb::Up(arguments) => verbs::up::run(&arguments),
        Verb::Attack(arguments) => verbs::attack::run(&arguments, style),
        Verb::Investigate(arguments) => verbs::investigate::run(&arguments, style),
        Verb::Prove(arguments) => verbs::prove::run(&arguments, style),
        Verb::Explain(arguments) => verbs::explain::run(&arguments, style),
        Verb::Iam(arguments) => verbs::iam::run(&arguments),
        Verb::Waf(arguments) => verbs::waf::run(&arguments),
        Verb::Db(arguments) => verbs::db::run(&arguments),
        Verb::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "sekisho", &mut std::io::stdout());
            Exit::Clean
        }
        Verb::Man => match clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout()) {
            Ok(()) => Exit::Clean,
            Err(error) => output::unfinished(&error),
        },
    };
    exit.into()
}

/// A panic is a bug of ours: it says so and exits with 70, whatever thread it was.
fn bugs_exit_with_70() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        eprintln!("sekisho: this is a bug in sekisho; please report the lines above and the command");
        std::process::exit(70);
    }));
}
