//! A web ACL compiled onto the engine: every component is taken apart once per request, transformed once per distinct chain
//! and searched once for all patterns; the rules then ask for bits.
//!
//! Only the answers to match statements come from here. Order, actions and labels are the same code as for the slow twin
//! ([`WebAcl::evaluate`]), and the answers must be the same.

use super::ResourceType;
use super::ast::{Field, Inspect, Position, PreParse, Statement, WebAcl};
use super::component::{Component, Forwarded, parts};
use super::evaluate::Evaluation;
use super::explain::walk;
use super::judgement::Judgement;
use super::look::{Found, Look, Plain, TRANSFORMED, inspected, matches_value};
use super::pattern::Pattern;
use super::state::State;
use crate::detect;
use crate::engine::rx::{Flags, Rx};
use crate::engine::{Builder, ChainId, Matcher, MatcherId, Plan, Run, Scratch, TextId};
use crate::request::Request;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A web ACL, compiled.
#[derive(Debug)]
pub struct Program {
    acl: Arc<WebAcl>,
    plan: Plan,
    /// Distinct components, with what is done to the query before it is split.
    fields: Vec<(Field, Vec<PreParse>)>,
    /// By the address of the statement, which stays where it is as long as the program holds the web ACL.
    tests: HashMap<usize, Compiled>,
    /// Memory of requests that are done, for callers that keep none.
    spare: Mutex<Vec<Scratch>>,
}

#[derive(Debug)]
struct Compiled {
    field: usize,
    chain: ChainId,
    test: Test,
    /// Whether AWS's description of every transformation was at hand.
    documented: bool,
}

#[derive(Debug)]
enum Test {
    /// Any of these matches.
    Any(Vec<MatcherId>),
    /// The candidate is looked at again: words, and patterns whose search only narrows.
    Narrowed(MatcherId),
    /// SQL, which also looks at parts; script.
    Detector(MatcherId, bool),
    /// Asked of the value itself.
    Direct,
}

/// Requests whose memory is kept.
const SPARE: usize = 8;

impl Program {
    /// Compiles a web ACL with the groups it runs.
    pub fn compile(acl: Arc<WebAcl>) -> Self {
        let mut builder = Builder::new();
        let mut fields = Vec::new();
        let mut tests = HashMap::new();
        let mut visit = |statement: &Statement| {
            if let Some(on) = inspected(statement) {
                tests.insert(address(statement), compiled(statement, on, &mut builder, &mut fields));
            }
        };
        for rule in &acl.rules {
            walk(&rule.statement, &mut visit);
            if let Statement::Group(reference) = &rule.statement {
                reference.group.iter().flat_map(|group| &group.rules).for_each(|inner| walk(&inner.statement, &mut visit));
            }
        }
        let plan = builder.build();
        Self { plan, fields, tests, acl, spare: Mutex::default() }
    }

    /// The web ACL.
    pub fn acl(&self) -> &WebAcl {
        &self.acl
    }

    /// Compiles every pattern now rather than at its first candidate.
    pub fn warm(&self) {
        self.plan.warm();
    }

    /// Judges a request, in memory of an earlier one where some is free.
    pub fn ask(&self, request: &Request<'_>, resource: ResourceType, state: &dyn State) -> Judgement {
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = spare().pop().unwrap_or_default();
        let judgement = self.judge(request, resource, state, &mut scratch);
        let mut kept = spare();
        if kept.len() < SPARE {
            kept.push(scratch);
        }
        judgement
    }

    /// Judges a request. `scratch` is memory that is kept between requests.
    pub fn judge(&self, request: &Request<'_>, resource: ResourceType, state: &dyn State, scratch: &mut Scratch) -> Judgement {
        let forwarded = Forwarded::of(request, resource.body_limit(&self.acl));
        let run = Run::new(&self.plan, std::mem::take(scratch));
        let quick = Quick { program: self, run, fields: (0..self.fields.len()).map(|_| None).collect() };
        let (judgement, quick) = Evaluation::new(&self.acl, &forwarded, state, quick).run();
        *scratch = quick.run.into_scratch();
        judgement
    }
}

fn address(statement: &Statement) -> usize {
    std::ptr::from_ref(statement).addr()
}

fn compiled(statement: &Statement, on: &Inspect, builder: &mut Builder, fields: &mut Vec<(Field, Vec<PreParse>)>) -> Compiled {
    let known = fields.iter().position(|(field, pre_parse)| *field == on.field && *pre_parse == on.pre_parse);
    let field = known.unwrap_or_else(|| {
        fields.push((on.field.clone(), on.pre_parse.clone()));
        fields.len() - 1
    });
    let detector = |name, test: fn(&[u8]) -> bool, wakes| Matcher::Detector { name, test, wakes };
    let test = match statement {
        Statement::ByteMatch { search, position: Position::Contains, .. } => {
            builder.matcher(Matcher::Contains(search.clone())).map(|matcher| Test::Any(vec![matcher]))
        }
        Statement::ByteMatch { search, position: Position::ContainsWord, .. } => {
            builder.matcher(Matcher::Contains(search.clone())).map(Test::Narrowed)
        }
        Statement::SqliMatch { .. } => {
            let matcher = builder.matcher(detector("sqli", |value| detect::sqli(value).is_some(), detect::SQLI_WAKES));
            matcher.map(|matcher| Test::Detector(matcher, true))
        }
        Statement::XssMatch { .. } => {
            builder.matcher(detector("xss", detect::xss, detect::XSS_WAKES)).map(|matcher| Test::Detector(matcher, false))
        }
        Statement::RegexMatch { pattern, .. } => patterns(std::slice::from_ref(pattern), builder),
        Statement::RegexPatternSet { set, .. } => patterns(&set.patterns, builder),
        _ => None,
    };
    let documented = on.transformations.iter().all(|transformation| transformation.is_documented());
    Compiled { field, chain: builder.chain(&on.transformations), test: test.unwrap_or(Test::Direct), documented }
}

/// `None` where the engine reads a pattern otherwise than AWS's patterns are read here.
fn patterns(patterns: &[Arc<Pattern>], builder: &mut Builder) -> Option<Test> {
    let matcher = |pattern: &Arc<Pattern>| {
        let rx = Rx::new(pattern.text(), Flags::default()).ok().filter(Rx::is_linear)?;
        builder.matcher(Matcher::Regex(Arc::new(rx)))
    };
    patterns.iter().map(matcher).collect::<Option<Vec<_>>>().map(Test::Any)
}

/// A component of one request, as texts of the run.
struct Texts {
    decided: Option<bool>,
    oversize: Option<&'static str>,
    values: Vec<TextId>,
    parts: Option<Vec<TextId>>,
}

/// The answers of a program to one request.
struct Quick<'p> {
    program: &'p Program,
    run: Run<'p>,
    fields: Vec<Option<Texts>>,
}

impl Quick<'_> {
    fn texts(&mut self, field: usize, forwarded: &Forwarded<'_>) -> &mut Texts {
        let run = &mut self.run;
        let program = self.program;
        self.fields[field].get_or_insert_with(|| {
            let (field, pre_parse) = &program.fields[field];
            let component = Component::of(field, pre_parse, forwarded);
            let values = component.values.iter().map(|value| run.add(&value.bytes)).collect();
            Texts { decided: component.decided, oversize: component.oversize, values, parts: None }
        })
    }

    fn matches(&mut self, statement: &Statement, compiled: &Compiled, text: TextId) -> bool {
        let seen = self.run.through(text, compiled.chain);
        match &compiled.test {
            Test::Any(matchers) => matchers.iter().any(|matcher| self.run.test(seen, *matcher)),
            Test::Narrowed(matcher) => self.run.test(seen, *matcher) && matches_value(statement, self.run.bytes(seen)),
            Test::Detector(matcher, _) => self.run.test(seen, *matcher),
            Test::Direct => matches_value(statement, self.run.bytes(seen)),
        }
    }
}

impl Look for Quick<'_> {
    fn look(&mut self, statement: &Statement, forwarded: &Forwarded<'_>) -> Found {
        let program = self.program;
        let Some(compiled) = program.tests.get(&address(statement)) else { return Plain.look(statement, forwarded) };
        let texts = self.texts(compiled.field, forwarded);
        let found = Found { oversize: texts.oversize, ..Found::default() };
        if let Some(decided) = texts.decided {
            return Found { matched: decided, ..found };
        }
        let values = std::mem::take(&mut texts.values);
        let mut matched = values.iter().any(|text| self.matches(statement, compiled, *text));
        self.texts(compiled.field, forwarded).values = values;
        if !matched && matches!(compiled.test, Test::Detector(_, true)) {
            let known = self.texts(compiled.field, forwarded).parts.take();
            let of_field = || parts(&program.fields[compiled.field].0, forwarded);
            let parts = known.unwrap_or_else(|| of_field().iter().map(|part| self.run.add(&part.bytes)).collect());
            matched = parts.iter().any(|text| self.matches(statement, compiled, *text));
            self.texts(compiled.field, forwarded).parts = Some(parts);
        }
        match (matched, &compiled.test) {
            // What was found is written down from the values themselves.
            (true, Test::Detector(..)) => Plain.look(statement, forwarded),
            (true, _) => Found { matched, inferred: (!compiled.documented).then_some(TRANSFORMED), ..found },
            (false, _) => found,
        }
    }
}
