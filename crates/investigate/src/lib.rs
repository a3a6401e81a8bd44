//! Events to Alerts: Sigma rules, alone and correlated, over the logs AWS itself writes, in one pass.
//!
//! It reads only what AWS would have logged, so it works on a real account as it does on `up`. What a rule
//! asks for and this engine or these logs cannot tell is *not assessed* and said so; it never knows `up` or
//! `scan`, and never prints.

mod alert;
pub mod blast;
mod correlate;
mod facts;
mod field;
mod index;
mod load;
mod matching;
mod pattern;
mod rule;
mod run;
mod says;

pub use load::Rules;
pub use run::{Counts, Report, run};
