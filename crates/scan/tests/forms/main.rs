//! Every risk in at least three forms that its page does not show: other files, idioms, languages, resources and formats. Each is
//! found, and its well-built twin is not. The harness is libtest-mimic: what is asked last, whether any risk has fewer, is asked
//! over all the others.
#![allow(clippy::unwrap_used)]

mod code;
mod doors;
mod iam;
mod judged;
mod posture;
#[path = "../support/mod.rs"]
mod support;
mod variants;

use libtest_mimic::{Arguments, Trial};
use std::collections::BTreeMap;
use std::process::ExitCode;
use support::FORMS;

/// A test and its name.
type Test = (&'static str, fn());

/// Forms that a risk has at least.
const LEAST: usize = 3;

/// The functions of a module that are its tests.
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub const TESTS: &[crate::Test] = &[$((stringify!($name), $name)),*];
    };
}
pub(crate) use tests;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let modules: [(&str, &[Test]); 5] =
        [("code", code::TESTS), ("doors", doors::TESTS), ("iam", iam::TESTS), ("posture", posture::TESTS), ("variants", variants::TESTS)];
    let trials = modules.iter().flat_map(|(module, tests)| {
        tests.iter().map(move |(name, test)| {
            Trial::test(format!("{module}::{name}"), move || {
                test();
                Ok(())
            })
        })
    });
    let trials: Vec<Trial> = trials.collect();
    let total = trials.len() as u64;
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Some tests alone say nothing about the rest.
    if conclusion.has_failed() || conclusion.num_passed < total {
        return conclusion.exit_code();
    }
    let seen = FORMS.lock().unwrap();
    let forms: BTreeMap<&str, usize> = risks::all().iter().map(|risk| (risk.slug, seen.get(risk.slug).map_or(0, |of| of.len()))).collect();
    let few: Vec<String> = forms.iter().filter(|(_, forms)| **forms < LEAST).map(|(risk, forms)| format!("{risk}: {forms}")).collect();
    if few.is_empty() {
        println!("{} risks in {} forms, none in fewer than {LEAST}", forms.len(), forms.values().sum::<usize>());
        return ExitCode::SUCCESS;
    }
    eprintln!("fewer than {LEAST} forms are found of\n{}", few.join("\n"));
    ExitCode::FAILURE
}
