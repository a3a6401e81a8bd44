//! Runs a case against a program.

use super::model::{Case, Expect, Sent};
use super::{backend, front};
use crate::engine::rx::{Flags, Rx};
use crate::seclang::{EngineMode, Facts, Files, Matched, Outcome, Problem, Program, Request, Response, Scratch, Stored, Transaction};
use std::sync::Arc;

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Report {
    /// The case.
    pub id: String,
    /// Why it failed; none: it passed.
    pub failed: Option<String>,
    /// The ids that were logged, stage by stage.
    pub logged: Vec<Vec<u32>>,
}

/// The setup CRS's tests ask for (its `tests/regression/README.md`), at a paranoia level.
pub fn setup(paranoia: u8) -> String {
    format!(
        "SecAction \"id:900005,phase:1,nolog,pass,\\\n\
         ctl:ruleRemoveById=910000,\\\n\
         setvar:tx.blocking_paranoia_level={paranoia},setvar:tx.paranoia_level={paranoia},\\\n\
         setvar:tx.crs_validate_utf8_encoding=1,\\\n\
         setvar:tx.arg_name_length=100,setvar:tx.arg_length=400,setvar:tx.total_arg_length=64000,\\\n\
         setvar:tx.max_num_args=255,setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535\"\n"
    )
}

/// A rule set's folder as its tests want it: base, setup, the tests' own setup, the rules.
///
/// # Errors
/// Every problem of every file.
pub fn program(files: &Files, paranoia: u8, mode: EngineMode) -> Result<Arc<Program>, Vec<Problem>> {
    let mut files = files.clone();
    let order: Vec<String> = files.order().into_iter().map(str::to_owned).collect();
    files.insert(BASE_NAME, crate::seclang::BASE);
    files.insert(SETUP_NAME, setup(paranoia));
    let is_setup = |name: &&String| name.rsplit('/').next().is_some_and(|base| base.starts_with("crs-setup.conf"));
    let (before, after): (Vec<&String>, Vec<&String>) = order.iter().partition(is_setup);
    let mut order = vec![BASE_NAME];
    order.extend(before.into_iter().map(String::as_str));
    order.push(SETUP_NAME);
    order.extend(after.into_iter().map(String::as_str));
    Program::of(&files, &order, Some(mode))
}

const BASE_NAME: &str = "sekisho/base.conf";
const SETUP_NAME: &str = "sekisho/tests-setup.conf";

/// Runs a case: all its stages, each with what the earlier ones left in the stored collections.
pub fn run(program: &Program, case: &Case) -> Report {
    let mut stored = Stored::default();
    let mut logged = Vec::new();
    let mut failed = None;
    for (index, stage) in case.stages.iter().enumerate() {
        let facts = Facts { unique_id: format!("{}-{index}", case.id), epoch: 1_700_000_000, ..Facts::default() };
        let (outcome, status, kept) = stage_run(program, &stage.sent, facts, stored);
        stored = kept;
        let ids: Vec<u32> = outcome.matched.iter().map(|matched| matched.id).collect();
        if let Some(why) = judge(&stage.expect, &stage.sent, &outcome, &ids, status) {
            failed.get_or_insert(why);
        }
        logged.push(ids);
    }
    if case.stages.is_empty() {
        failed = Some("the test has no stage".to_owned());
    }
    Report { id: case.id.clone(), failed, logged }
}

fn stage_run(program: &Program, sent: &Sent, facts: Facts, stored: Stored) -> (Outcome, u16, Stored) {
    let headers: Vec<(&[u8], &[u8])> = sent.headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
    let request = Request {
        method: sent.method.as_bytes(),
        uri: sent.uri.as_bytes(),
        version: sent.version.as_bytes(),
        headers: &headers,
        body: &sent.body,
    };
    let mut transaction = Transaction::with(program, facts, stored, Scratch::default());
    transaction.request(&request);
    let answer = backend::answer(sent);
    if transaction.interruption().is_none() {
        let headers: Vec<(&[u8], &[u8])> = answer.headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
        transaction.response(&Response { status: answer.status, version: b"HTTP/1.1", headers: &headers, body: &answer.body });
    }
    let (outcome, stored, _) = transaction.finish();
    let status = match &outcome.interruption {
        Some(interruption) => interruption.status,
        None if front::refuses(sent).is_some() => 400,
        None => answer.status,
    };
    (outcome, status, stored)
}

fn judge(expect: &Expect, sent: &Sent, outcome: &Outcome, ids: &[u32], status: u16) -> Option<String> {
    if expect.error {
        return front::refuses(sent).is_none().then(|| "an error was expected and the request is well-formed".to_owned());
    }
    if expect.status.contains(&400) && front::refuses(sent).is_some() {
        // The test is about the front end: no rule sees a request that it refuses.
        return None;
    }
    if !expect.status.is_empty() && !expect.status.contains(&status) {
        return Some(format!("status {status} instead of {:?}", expect.status));
    }
    let missing: Vec<u32> = expect.ids.iter().copied().filter(|id| !ids.contains(id)).collect();
    if !missing.is_empty() {
        return Some(format!("{missing:?} did not match"));
    }
    let extra: Vec<u32> = expect.no_ids.iter().copied().filter(|id| ids.contains(id)).collect();
    if !extra.is_empty() {
        return Some(format!("{extra:?} matched"));
    }
    if expect.isolated && ids.len() != 1 {
        return Some(format!("{ids:?} matched instead of one rule"));
    }
    let log: String = outcome.matched.iter().map(line).collect();
    for (pattern, wanted) in [(&expect.matches, true), (&expect.no_match, false)] {
        let Some(pattern) = pattern else { continue };
        match Rx::new(pattern, Flags::default()) {
            Ok(rx) if rx.is_match(log.as_bytes()) == wanted => {}
            Ok(_) => return Some(format!("the log {} `{pattern}`", if wanted { "does not match" } else { "matches" })),
            Err(wrong) => return Some(format!("`{pattern}`: {}", wrong.says)),
        }
    }
    None
}

/// A line as ModSecurity's error log has it, as far as tests look at it.
fn line(matched: &Matched) -> String {
    let data: String = matched
        .data
        .iter()
        .map(|byte| if (b' '..0x7f).contains(byte) { (*byte as char).to_string() } else { format!("\\x{byte:02x}") })
        .collect();
    let at: Vec<&str> = matched.at.iter().map(|(name, _)| name.as_str()).collect();
    let tags: String = matched.tags.iter().map(|tag| format!(" [tag \"{tag}\"]")).collect();
    format!(
        "ModSecurity: Warning. Matched at {}. [id \"{}\"] [msg \"{}\"] [data \"{data}\"]{tags}\n",
        at.join(", "),
        matched.id,
        String::from_utf8_lossy(&matched.message)
    )
}

impl Program {
    /// The same rules, deciding or not.
    #[must_use]
    pub const fn in_mode(mut self, mode: EngineMode) -> Self {
        self.settings.engine = mode;
        self
    }
}
