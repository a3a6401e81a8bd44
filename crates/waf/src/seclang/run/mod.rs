//! One request, and its response, against a compiled rule set.

mod check;
mod collect;
mod control;
mod evaluate;
mod request;
mod tx;
mod values;

pub use request::{Facts, Request, Response, Stored};

use self::tx::Tx;
use super::action::{Allow, Disruptive, EngineMode};
use super::program::Program;
use super::variable::{Selector, Variable};
use crate::engine::{Candidates, Run, TextId};
use std::collections::HashMap;
use std::sync::Arc;

/// A rule that matched.
#[derive(Clone, Debug)]
pub struct Matched {
    /// Its id.
    pub id: u32,
    /// Its phase.
    pub phase: u8,
    /// `msg`, expanded.
    pub message: Vec<u8>,
    /// `logdata`, expanded.
    pub data: Vec<u8>,
    /// `severity`.
    pub severity: Option<u8>,
    /// `tag`.
    pub tags: Arc<[String]>,
    /// What matched: the variable and its value after the transformations.
    pub at: Vec<(String, Vec<u8>)>,
}

/// What is to be done with the request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interruption {
    /// The rule that says so.
    pub rule: u32,
    /// The phase.
    pub phase: u8,
    /// The answer's status; 403 where the rule names none.
    pub status: u16,
    /// The action.
    pub action: Disruptive,
}

/// One value of a variable.
#[derive(Clone, Copy, Debug)]
struct Value {
    key: TextId,
    text: TextId,
}

/// A transaction's memory, kept between requests so that little is allocated anew.
#[derive(Default)]
pub struct Scratch {
    engine: crate::engine::Scratch,
    fixed: Vec<Vec<Value>>,
    unions: Vec<Candidates>,
    tx: Tx,
}

/// A request on its way through the phases.
pub struct Transaction<'p> {
    program: &'p Program,
    run: Run<'p>,
    facts: Facts,
    stored: Stored,
    /// Keys of the stored collections, after `initcol`.
    keys: HashMap<Variable, Vec<u8>>,
    /// Values of the variables that change between phases only, by variable.
    fixed: Vec<Vec<Value>>,
    /// Candidates of the program's pairs, found once a phase.
    unions: Vec<Candidates>,
    tx: Tx,
    matched_now: Vec<(Variable, TextId, TextId)>,
    matched_last: Option<(Variable, TextId, TextId)>,
    mode: EngineMode,
    request_body: bool,
    response_body: bool,
    force_body: bool,
    processor: String,
    /// Rules removed for this request, by index.
    removed: Vec<bool>,
    any_removed: bool,
    left_out: Vec<LeftOut>,
    skip: u32,
    skip_after: Option<u32>,
    allow: Option<Allow>,
    severity: u8,
    phase: u8,
    current: Option<u32>,
    matched: Vec<Matched>,
    hits: Vec<u32>,
    interruption: Option<Interruption>,
    would: Option<Interruption>,
    naive: bool,
}

/// A target a rule is not to look at, for this request.
struct LeftOut {
    which: Which,
    variable: Variable,
    selector: Selector,
}

enum Which {
    Ids(u32, u32),
    Tag(String),
    Msg(String),
}

impl<'p> Transaction<'p> {
    /// A transaction with what the outside knows.
    pub fn new(program: &'p Program, facts: Facts) -> Self {
        Self::with(program, facts, Stored::default(), Scratch::default())
    }

    /// A transaction with collections kept from earlier requests and an earlier one's memory.
    pub fn with(program: &'p Program, facts: Facts, stored: Stored, scratch: Scratch) -> Self {
        let settings = &program.settings;
        let Scratch { engine, mut fixed, mut unions, mut tx } = scratch;
        tx.clear(program.slots.len());
        fixed.iter_mut().for_each(Vec::clear);
        fixed.resize(Variable::COUNT, Vec::new());
        unions.resize(program.pairs.len(), Candidates::default());
        Self {
            program,
            run: Run::new(&program.plan, engine),
            facts,
            stored,
            keys: HashMap::new(),
            fixed,
            unions,
            tx,
            matched_now: Vec::new(),
            matched_last: None,
            mode: settings.engine,
            request_body: settings.request_body,
            response_body: settings.response_body,
            force_body: false,
            processor: String::new(),
            removed: Vec::new(),
            any_removed: false,
            left_out: Vec::new(),
            skip: 0,
            skip_after: None,
            allow: None,
            severity: 255,
            phase: 0,
            current: None,
            matched: Vec::new(),
            hits: Vec::new(),
            interruption: None,
            would: None,
            naive: false,
        }
    }

    /// Asks every rule of every value, without candidates: the slow twin the fast way is held against.
    pub const fn naive(mut self) -> Self {
        self.naive = true;
        self
    }

    /// Phases 1 and 2. What is to be done, if anything.
    pub fn request(&mut self, request: &Request<'_>) -> Option<&Interruption> {
        if self.mode == EngineMode::Off {
            return None;
        }
        self.begin(request);
        self.run_phase(1);
        if self.interruption.is_none() && self.mode != EngineMode::Off {
            self.take_body(request.body);
            self.run_phase(2);
        }
        self.interruption.as_ref()
    }

    /// Phases 3 and 4.
    pub fn response(&mut self, response: &Response<'_>) -> Option<&Interruption> {
        if self.mode == EngineMode::Off || self.interruption.is_some() {
            return self.interruption.as_ref();
        }
        self.begin_response(response);
        self.run_phase(3);
        if self.interruption.is_none() {
            self.take_response_body(response.body);
            self.run_phase(4);
        }
        self.interruption.as_ref()
    }

    /// Phase 5, which decides nothing; returns what is kept for the next request, and the memory.
    pub fn finish(mut self) -> (Outcome, Stored, Scratch) {
        if self.mode != EngineMode::Off {
            self.run_phase(5);
        }
        let outcome = Outcome { matched: self.matched, hits: self.hits, interruption: self.interruption, would: self.would };
        (outcome, self.stored, Scratch { engine: self.run.into_scratch(), fixed: self.fixed, unions: self.unions, tx: self.tx })
    }

    /// The memory alone, where nothing else of the transaction is wanted.
    pub fn into_scratch(self) -> Scratch {
        Scratch { engine: self.run.into_scratch(), fixed: self.fixed, unions: self.unions, tx: self.tx }
    }

    /// A TX variable's value: `inbound_anomaly_score_pl1`.
    pub fn tx(&self, name: &str) -> Option<&[u8]> {
        self.tx_value(name.to_ascii_lowercase().as_bytes())
    }

    /// The interruption so far.
    pub const fn interruption(&self) -> Option<&Interruption> {
        self.interruption.as_ref()
    }
}

/// What came of a transaction.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The rules that matched and log, in order.
    pub matched: Vec<Matched>,
    /// The ids of all rules that matched, in order, `nolog` ones too.
    pub hits: Vec<u32>,
    /// What is to be done.
    pub interruption: Option<Interruption>,
    /// What would have been done if the rules did decide (`DetectionOnly`).
    pub would: Option<Interruption>,
}
