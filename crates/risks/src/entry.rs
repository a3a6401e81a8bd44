//! Entries: how the data with which a flow begins comes to its function, from the internet or from wherever it is sent, and how bad a
//! flow is for that. One answer for all risks that follow data.

use crate::doors::{self, Door, Who};
use crate::wiring::{self, Link, Sent, To, Wiring};
use model::code::{EventSource, SinkKind, Trigger};
use model::{App, Confidence, ResourceId, Severity, Step};
use std::cell::OnceCell;

/// How data comes to a function.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who sends it.
    pub who: Who,
    /// From there to the function; empty when only an operator sends it.
    pub steps: Vec<Step>,
    /// What it depends on.
    pub condition: Option<String>,
}

/// How much a flow gives whoever sends its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Danger {
    /// The function, its credentials or the data behind it.
    Takeover,
    /// Data of others, or a user's browser.
    Leak,
    /// Something that helps another attack.
    Help,
}

impl Entry {
    /// How bad a flow with this entry is.
    pub fn severity(&self, danger: Danger) -> Severity {
        use Severity::{Critical, High, Low, Medium};
        match (danger, self.who) {
            (Danger::Takeover, Who::Anyone | Who::Stranger) => Critical,
            (Danger::Takeover, Who::Caller | Who::Unknown) | (Danger::Leak, Who::Anyone | Who::Stranger) => High,
            (Danger::Takeover, Who::Operator)
            | (Danger::Leak, Who::Caller | Who::Unknown)
            | (Danger::Help, Who::Anyone | Who::Stranger) => Medium,
            (Danger::Leak, Who::Operator) | (Danger::Help, _) => Low,
        }
    }

    /// How sure a flow with this entry is.
    pub fn confidence(&self) -> Confidence {
        match (self.who, &self.condition) {
            (Who::Operator | Who::Unknown, _) | (_, Some(_)) => Confidence::Medium,
            _ => Confidence::High,
        }
    }

    fn operator() -> Self {
        Self { who: Who::Operator, steps: Vec::new(), condition: None }
    }
}

/// The ways into an application.
pub struct Entries<'a> {
    app: &'a App,
    /// Doors of functions.
    pub doors: Vec<Door<'a>>,
    wiring: OnceCell<Wiring>,
}

/// Functions and resources that one path crosses at most.
const MOST_HOPS: usize = 8;

impl<'a> Entries<'a> {
    /// Of this application.
    pub fn of(app: &'a App) -> Self {
        Self { app, doors: doors::all(app), wiring: OnceCell::new() }
    }

    /// The doors of a function.
    pub fn of_function(&self, function: &ResourceId) -> impl Iterator<Item = &Door<'a>> {
        self.doors.iter().filter(move |door| door.function.id == *function)
    }

    /// What writes to what.
    pub fn wiring(&self) -> &Wiring {
        let shared = self.app.derived.get(|| Wiring::of(self.app));
        shared.unwrap_or_else(|| self.wiring.get_or_init(|| Wiring::of(self.app)))
    }

    /// The widest way by which data of a source comes to a function whose handler looks for these methods.
    pub fn find(&self, function: &ResourceId, source: &EventSource, methods: &[String]) -> Entry {
        self.search(function, source, methods, &mut Vec::new())
    }

    fn search(&self, function: &ResourceId, source: &EventSource, methods: &[String], on_way: &mut Vec<ResourceId>) -> Entry {
        if on_way.contains(function) || on_way.len() >= MOST_HOPS {
            return Entry::operator();
        }
        let mut best = Entry::operator();
        for door in self.of_function(function).filter(|door| door.carries(source, methods)) {
            let who = door.who(self.app);
            if who < best.who {
                best = Entry { who, steps: door.steps(self.app), condition: None };
            }
        }
        if matches!(source, EventSource::Trigger(Trigger::Cognito | Trigger::AppSync, _) | EventSource::Event)
            && let Some((who, steps)) = doors::users(self.app, function)
            && who < best.who
        {
            best = Entry { who, steps, condition: None };
        }
        if best.who == Who::Anyone {
            return best;
        }
        on_way.push(function.clone());
        let to_here = |link: &&Link| matches!(&link.to, To::Function(id) if id == function);
        for link in self.wiring().links.iter().filter(to_here) {
            let Some(path) = asked(source, &link.from) else { continue };
            let name = &function.logical;
            if let Some(entry) = self.through(link, &path, on_way).filter(|entry| entry.who < best.who) {
                best = entry;
                let starts =
                    if link.from.contains(":lambda:") { format!("{name} is invoked with it") } else { format!("that starts {name}") };
                best.steps.push(Step { says: starts, place: link.place.clone() });
            }
        }
        on_way.pop();
        best
    }

    /// The widest way by which data comes to a resource and through a link.
    fn through(&self, link: &Link, path: &[String], on_way: &mut Vec<ResourceId>) -> Option<Entry> {
        let mut best: Option<Entry> = None;
        let mut take = |entry: Entry| {
            if best.as_ref().is_none_or(|best| entry.who < best.who) {
                best = Some(entry);
            }
        };
        if let Some((who, step, condition)) = wiring::open_to(self.app, &link.from) {
            take(Entry { who, steps: vec![step], condition });
        }
        for (_, who, step) in self.wiring().direct.iter().filter(|(arn, ..)| *arn == link.from) {
            take(Entry { who: *who, steps: vec![step.clone()], condition: None });
        }
        for sent in self.wiring().sent.iter().filter(|sent| sent.arn == link.from) {
            let Some(condition) = Wiring::passes(link, sent) else { continue };
            for part in sent.write.parts.iter().filter(|part| holds(&sent.write.service, &part.path, path)) {
                for source in &part.sources {
                    let mut entry = self.search(&sent.function, source, &[], on_way);
                    entry.steps.push(step(self.app, sent));
                    let conditions = [entry.condition.take(), condition.clone(), sent.condition.clone()];
                    let conditions: Vec<String> = conditions.into_iter().flatten().collect();
                    entry.condition = (!conditions.is_empty()).then(|| conditions.join("; "));
                    take(entry);
                }
            }
        }
        self.signed(link, path, on_way).into_iter().for_each(&mut take);
        // One resource feeds another: the bucket the queue, the topic the queue, the bucket the bus.
        for before in &self.wiring().links {
            if on_way.len() >= MOST_HOPS || !matches!(&before.to, To::Channel(arn) if *arn == link.from) {
                continue;
            }
            let Some(inner) = unwrapped(before, &link.from, path) else { continue };
            on_way.push(ResourceId::new("", before.from.as_str()));
            if let Some(mut entry) = self.through(before, &inner, on_way) {
                entry
                    .steps
                    .push(Step { says: format!("which is handed on to {}", short(self.app, &link.from)), place: before.place.clone() });
                take(entry);
            }
            on_way.pop();
        }
        best
    }

    /// Handlers that sign a caller's upload to a bucket: who has the signature writes there.
    fn signed(&self, link: &Link, path: &[String], on_way: &mut Vec<ResourceId>) -> Vec<Entry> {
        let mut entries = Vec::new();
        if !link.from.contains(":s3:") {
            return entries;
        }
        for (function, handler) in &self.app.code.handlers {
            let signs = |sink| matches!(sink, SinkKind::Presign | SinkKind::PostPolicy);
            for flow in handler.flows.iter().filter(|flow| signs(flow.sink)) {
                let call =
                    handler.aws_calls.iter().find(|call| call.place.file == flow.sink_at.file && call.place.line == flow.sink_at.line);
                let variable = call.and_then(|call| call.resource_from_environment.as_ref());
                let environment = self.app.aws().functions.get(function).map(|function| &function.environment);
                let bucket = variable.and_then(|variable| environment?.get(variable));
                let this = self.app.by_arn(&link.from).zip(bucket).is_some_and(|(resource, name)| resource.physical_id == *name);
                // The key that the caller chose, and whatever the caller then uploads.
                if !this || (path.first().is_some_and(|p| p == "key") && flow.source == EventSource::Event) {
                    continue;
                }
                let mut entry = self.search(function, &flow.source, &flow.methods, on_way);
                let says = format!("{} signs an upload to {} for them", function.logical, short(self.app, &link.from));
                entry.steps.push(Step { says, place: flow.sink_at.clone() });
                entries.push(entry);
            }
        }
        entries
    }
}

/// A name for people.
fn short(app: &App, arn: &str) -> String {
    app.by_arn(arn).map_or_else(|| arn.rsplit([':', '/']).next().unwrap_or(arn).to_owned(), |resource| resource.id.logical.to_string())
}

fn step(app: &App, sent: &Sent) -> Step {
    let verb = match sent.write.service.as_str() {
        "lambda" | "states" => "hands it to",
        "sqs" | "sns" | "events" => "sends it to",
        _ => "writes it to",
    };
    Step { says: format!("{} {verb} {}", sent.function.logical, short(app, &sent.arn)), place: sent.write.place.clone() }
}

/// What of the messages of a resource a source is: the path in the resource's own terms. `None` when the source is of another kind.
fn asked(source: &EventSource, from: &str) -> Option<Vec<String>> {
    let service = from.split(':').nth(2)?;
    let under = |head: &str, rest: &[String]| Some([vec![head.to_owned()], rest.to_vec()].concat());
    match (service, source) {
        ("lambda" | "states", EventSource::Field(path)) => Some(path.clone()),
        ("lambda", EventSource::Body(path)) => under("body", path),
        ("lambda", EventSource::PathParameter(name)) => under("pathParameters", std::slice::from_ref(name)),
        ("lambda", EventSource::Query(name)) => under("queryStringParameters", std::slice::from_ref(name)),
        ("lambda", EventSource::Header(name)) => under("headers", std::slice::from_ref(name)),
        (_, EventSource::Event) => Some(Vec::new()),
        ("s3", EventSource::Trigger(Trigger::S3, path))
        | ("sqs", EventSource::Trigger(Trigger::Sqs, path))
        | ("sns", EventSource::Trigger(Trigger::Sns, path))
        | ("dynamodb", EventSource::Trigger(Trigger::DynamoDb, path))
        | ("events", EventSource::Trigger(Trigger::EventBridge, path))
        | ("kinesis", EventSource::Trigger(Trigger::Kinesis, path)) => Some(path.clone()),
        // An EventBridge event that is read as an application's own.
        ("events", EventSource::Field(path)) if path.first().is_some_and(|p| p == "detail") => Some(path.get(1..)?.to_vec()),
        _ => None,
    }
}

/// Whether a part of a write holds what is asked for.
fn holds(service: &str, part: &[String], asked: &[String]) -> bool {
    let Some((head, rest)) = part.split_first() else { return false };
    let names = |name: &str| asked.first().is_some_and(|first| first == name);
    let tail = asked.get(1..).unwrap_or_default();
    let fits = |a: &[String], b: &[String]| a.iter().zip(b).all(|(a, b)| a == b);
    match (service, head.as_str()) {
        ("s3", "Key") => names("key") || asked.is_empty(),
        ("s3", "Body") => !names("key") && fits(rest, asked),
        ("s3", _) => asked.is_empty(),
        // Which attribute an expression's value becomes is not followed.
        ("dynamodb", "ExpressionAttributeValues" | "AttributeUpdates" | "TransactItems" | "RequestItems") => true,
        (_, "MessageAttributes") => names("messageAttributes") || names("MessageAttributes"),
        ("sns", "Subject") => names("Subject") && fits(rest, tail),
        ("sns", _) => !names("Subject") && !names("MessageAttributes") && fits(rest, asked),
        ("sqs", _) => !names("messageAttributes") && fits(rest, asked),
        ("kinesis", "PartitionKey") | ("events", "DetailType" | "Source") => false,
        _ => fits(rest, asked),
    }
}

/// What is asked of a resource, in terms of the one that feeds it. `None` when it cannot come from there.
fn unwrapped(link: &Link, to: &str, path: &[String]) -> Option<Vec<String>> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let owned = |parts: &[&str]| Some(parts.iter().map(|part| (*part).to_owned()).collect());
    match (link.from.split(':').nth(2)?, to.split(':').nth(2)?, parts.as_slice()) {
        (_, _, []) => Some(Vec::new()),
        ("s3", "events", ["object", "key"]) => owned(&["key"]),
        ("s3", "sqs" | "sns", ["Records", "s3", "object", "key"]) => owned(&["key"]),
        ("sns", "sqs", rest) if link.raw => owned(rest),
        ("sns", "sqs", ["Message", rest @ ..]) => owned(rest),
        ("events", "sqs" | "sns", ["detail", rest @ ..]) => owned(rest),
        _ => None,
    }
}
