//! One handler's facts: the walk is started, and what it met is told in the model's words.

mod bind;
mod builtin;
mod call;
mod calls;
mod comprehension;
mod connection;
mod disclosure;
mod engine;
mod eval;
mod exec;
mod external;
mod facts;
mod kept;
mod member;
mod origin;
mod policy;
mod python;
mod python_result;
mod sink;
mod source;
mod state;
mod table;
mod text;
mod tokens;
mod value;
mod write;

use crate::ir::FnId;
use crate::load::Program;
use crate::rewrite::Way;
use engine::{Engine, Hit};
pub(crate) use external::base;
use model::code::{AwsCall, Disclosure, Flow, FlowStep, Review, Rewrite, SinkKind, Write};
use model::{Place, Span};
use std::collections::BTreeSet;
use std::rc::Rc;
use value::{At, Atom, Closure, Step, Value};

/// Stack of a walk: the bounds on calls and nesting keep it well below.
const STACK: usize = 1 << 30;

/// What one handler's walk found.
pub(crate) struct Facts {
    /// The handler.
    pub place: Place,
    /// Flows, in order of their places.
    pub flows: Vec<Flow>,
    /// Calls of the AWS SDK.
    pub aws_calls: Vec<AwsCall>,
    /// What is written to other services.
    pub writes: Vec<Write>,
    /// What is given away.
    pub disclosures: Vec<Disclosure>,
    /// How tokens and identities are treated.
    pub reviews: Vec<Review>,
    /// Whether what only an authorizer gets was read.
    pub authorizer_input: bool,
    /// Whether a bound was hit.
    pub cut: bool,
}

/// Why there are no facts.
pub(crate) enum Failure {
    /// The module exports nothing by that name; these it exports.
    NoExport(Vec<String>),
    /// What the module exports by that name is made by something that is not followed.
    NotFollowed,
    /// The walk's thread could not run.
    NoThread,
}

/// Walks the handler `export` (which may have dots) of a module.
pub(crate) fn walk(program: &Program, first: usize, reachable: &[usize], export: &str) -> Result<Facts, Failure> {
    crate::stack::with(STACK, || walk_here(program, first, reachable, export)).unwrap_or(Err(Failure::NoThread))
}

fn walk_here(program: &Program, first: usize, reachable: &[usize], export: &str) -> Result<Facts, Failure> {
    let mut engine = Engine::new(program);
    let mut value = engine.load(first);
    for at in reachable {
        engine.load(*at);
    }
    let exports: Vec<String> = engine.named_fields(&value).iter().map(|(name, _)| name.to_string()).collect();
    for name in export.split('.') {
        value = engine.member(&value, name, first, Span::default());
    }
    let handlers = functions(&value, 0);
    let there = export.split('.').next().is_some_and(|name| exports.iter().any(|e| e == name));
    // Behind a web framework (`serverless(app)`) the routes were walked where they were registered.
    let wrapped = value.atoms.iter().any(|a| matches!(a, Atom::External(_)));
    let first_route = engine.routes.first().copied().filter(|_| wrapped);
    let Some(handler) = handlers.first().map(|h| (h.module, h.function)).or(first_route) else {
        return Err(if there { Failure::NotFollowed } else { Failure::NoExport(exports) });
    };
    let made = engine.state.made();
    for handler in &handlers {
        let event = engine.event();
        engine.handler_depth = Some(engine.frames.len());
        let (context, callback) = (engine.external("lambda", "context"), engine.external("lambda", "callback"));
        engine.enter(handler, None, vec![event, context, callback], None);
        engine.handler_depth = None;
    }
    engine.walk_again(&handlers, made);
    rest(&mut engine, first, reachable);
    if engine.authorizer_input {
        engine.judge_policies();
    }
    engine.judge_tokens();
    engine.judge_disclosures();
    engine.writes.sort_by(|a, b| (&a.place, &a.service, &a.operation).cmp(&(&b.place, &b.service, &b.operation)));
    engine.disclosures.sort_by(|a, b| (&a.place, a.what, a.to).cmp(&(&b.place, b.what, b.to)));
    let module = engine.module(handler.0);
    Ok(Facts {
        place: module.place(module.function(handler.1).span),
        flows: flows(&engine),
        aws_calls: aws_calls(&engine),
        authorizer_input: engine.authorizer_input,
        writes: std::mem::take(&mut engine.writes),
        disclosures: std::mem::take(&mut engine.disclosures),
        reviews: std::mem::take(&mut engine.reviews),
        cut: engine.cut,
    })
}

/// The functions that a handler's value may be; those that a wrapper was given when it is a package's (`middy(handler)`).
fn functions(value: &Value, depth: usize) -> Vec<Rc<Closure>> {
    let mut out: Vec<Rc<Closure>> = value.closures().cloned().collect();
    for atom in &value.atoms {
        if let Atom::External(external) = atom
            && depth < 4
        {
            for arg in &external.args {
                out.extend(functions(arg, depth + 1));
            }
        }
    }
    out
}

/// Functions that the walk did not meet but whose names it did (they are called through values it does not follow): their SDK
/// calls count, their flows do not, since nothing of the event is known to reach them.
fn rest(engine: &mut Engine<'_>, first: usize, reachable: &[usize]) {
    let (hits, given, written) = (engine.hits.len(), engine.disclosures.len(), engine.writes.len());
    for _ in 0..4 {
        let mut mentioned: BTreeSet<String> = BTreeSet::new();
        for (module, function) in engine.entered.clone() {
            let code = engine.module(module);
            words(code.slice(code.function(function).span), &mut mentioned);
        }
        let mut more = Vec::new();
        for at in reachable {
            let code = engine.module(*at);
            for (id, function) in code.functions.iter().enumerate().skip(1) {
                let id = id as FnId;
                let met = engine.entered.contains(&(*at, id));
                let own_export = *at == first && function.parent == 0;
                if !met && !function.name.is_empty() && !own_export && mentioned.contains(&*function.name) {
                    more.push((*at, id));
                }
            }
        }
        if more.is_empty() {
            break;
        }
        for (module, function) in more {
            engine.enter_alone(module, function);
        }
    }
    engine.hits.truncate(hits);
    engine.disclosures.truncate(given);
    engine.writes.truncate(written);
}

fn words(text: &str, out: &mut BTreeSet<String>) {
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$') {
        if !word.is_empty() && word.len() < 80 && !out.contains(word) {
            out.insert(word.to_owned());
        }
    }
}

fn flows(engine: &Engine<'_>) -> Vec<Flow> {
    let mut out: Vec<Flow> = Vec::new();
    for hit in &engine.hits {
        let flow = flow(engine, hit);
        let same = |f: &&mut Flow| f.source == flow.source && f.sink == flow.sink && f.builder == flow.builder && f.sink_at == flow.sink_at;
        match out.iter_mut().find(same) {
            // The same data by another way: every method of either.
            Some(known) => {
                if known.methods.is_empty() || flow.methods.is_empty() {
                    known.methods.clear();
                } else {
                    known.methods.extend(flow.methods);
                    known.methods.sort();
                    known.methods.dedup();
                }
            }
            None => out.push(flow),
        }
    }
    out.sort_by(|a, b| (&a.built_at, &a.sink_at).cmp(&(&b.built_at, &b.sink_at)));
    out
}

fn flow(engine: &Engine<'_>, hit: &Hit<'_>) -> Flow {
    let place = |at: At| engine.module(at.module).place(at.span);
    let mut steps = Vec::new();
    let mut step: Option<&Rc<Step>> = hit.taint.steps.as_ref();
    while let Some(one) = step {
        steps.push(FlowStep { says: one.says.clone(), place: place(one.at) });
        step = one.before.as_ref();
    }
    steps.reverse();
    steps.push(FlowStep { says: format!("{} receives it", hit.callee), place: place(hit.at) });
    let (built_at, builder) = match hit.taint.built {
        Some(built) => (built.at, engine.module(built.at.module).name_of(built.function)),
        None => {
            let (module, function) = hit.calls.last().map_or((0, 0), |(module, function, _)| (*module, *function));
            (hit.at, engine.module(module).name_of(function))
        }
    };
    Flow {
        source: hit.taint.source.model(),
        sink: hit.kind,
        builder: builder.to_owned(),
        built_at: place(built_at),
        sink_at: place(hit.at),
        steps,
        methods: hit.methods.iter().flatten().map(|m| m.to_string()).collect(),
        rewrite: rewrite(engine, hit),
    }
}

fn rewrite(engine: &Engine<'_>, hit: &Hit<'_>) -> Option<Rewrite> {
    let built = hit.taint.built.filter(|built| hit.kind == SinkKind::Sql && !engine.is_python(built.at.module))?;
    let way = Way {
        built: (built.at.module, built.function, built.at.span),
        calls: hit.calls.clone(),
        sink: (hit.at.module, hit.sink),
        package: hit.package.clone(),
    };
    crate::rewrite::rewrite(engine.program, &way)
}

fn aws_calls(engine: &Engine<'_>) -> Vec<AwsCall> {
    let mut out: Vec<AwsCall> = engine
        .aws
        .iter()
        .map(|found| AwsCall {
            service: found.service.clone(),
            operation: found.operation.clone(),
            resource_from_environment: found.resource.clone(),
            place: engine.module(found.module).place(found.span),
        })
        .collect();
    out.sort_by(|a, b| (&a.place, &a.service, &a.operation).cmp(&(&b.place, &b.service, &b.operation)));
    out.dedup();
    out
}
