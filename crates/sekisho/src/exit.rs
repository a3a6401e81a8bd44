//! Exit codes. One table for all verbs; `sekisho help` prints it.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Clean. `prove`: every applicable proof is yes.
    Clean,
    /// `scan`: findings at or above `--fail-on`. `attack`: something got through. `investigate`: an alert of level
    /// medium or above. `prove`: a proof is no. `waf`: an answer other than expected or logged.
    Found,
    /// Wrong usage or configuration.
    Usage,
    /// Nothing to read.
    Nothing,
    /// Could not finish: an input unreadable, a port taken, a component missing. With `--strict` also anything not
    /// assessed. Partial results were printed.
    Unfinished,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Found => 1,
            Exit::Usage => 2,
            Exit::Nothing => 3,
            Exit::Unfinished => 4,
        })
    }
}

/// The table as `--help` shows it. A panic exits with 70: that is a bug of ours.
pub const TABLE: &str = "\
Exit codes:
  0   clean; prove: every applicable proof is yes
  1   found: findings at or above --fail-on, an attack got through, an alert, a proof that is no,
      a web ACL's answer other than expected or logged
  2   wrong usage or configuration
  3   nothing to read
  4   could not finish (unreadable input, port taken, component missing); with --strict also anything not assessed
  70  a bug in sekisho";
