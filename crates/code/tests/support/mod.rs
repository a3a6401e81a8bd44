//! Files in memory, and facts in one line each. Never touches the disk.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use model::code::{Code, EventSource, Flow};
use model::{Files, Place, ResourceId, Trouble};
use sekisho_code::{FunctionSource, analyse};
use std::collections::BTreeMap;

/// Files by path.
pub struct Memory(pub BTreeMap<String, String>);

impl Memory {
    pub fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }
}

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, Trouble> {
        let missing = || Trouble { says: format!("no file {path}"), place: Place::new(path, 1, 1), help: String::new() };
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or_else(missing)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, Trouble> {
        let inside = |path: &&String| folder.is_empty() || path.starts_with(&format!("{folder}/"));
        Ok(self.0.keys().filter(inside).cloned().collect())
    }
}

pub fn function(handler: &str, root: &str) -> FunctionSource {
    FunctionSource {
        id: ResourceId::new("app", "F"),
        runtime: "nodejs20.x".into(),
        handler: handler.into(),
        root: root.into(),
        environment: BTreeMap::new(),
        inline: None,
    }
}

/// A function in Python.
pub fn python(handler: &str, root: &str) -> FunctionSource {
    FunctionSource { runtime: "python3.13".into(), ..function(handler, root) }
}

/// The one handler of a Python program; panics when it was not found.
pub fn python_handler(handler: &str, files: &[(&str, &str)]) -> model::code::Handler {
    let (code, troubles) = analyse(&[python(handler, "")], &Memory::of(files));
    match code.handlers.into_values().next() {
        Some(handler) => handler,
        None => panic!("no handler: {troubles:?}"),
    }
}

/// The facts about one handler.
pub fn facts(handler: &str, files: &[(&str, &str)]) -> (Code, Vec<Trouble>) {
    analyse(&[function(handler, "")], &Memory::of(files))
}

/// The flows of one handler; panics when it was not found.
pub fn flows(handler: &str, files: &[(&str, &str)]) -> Vec<Flow> {
    let (code, troubles) = facts(handler, files);
    match code.handlers.into_values().next() {
        Some(handler) => handler.flows,
        None => panic!("no handler: {troubles:?}"),
    }
}

/// A flow in one line: `Sql body.name create db.js:3 POST`.
pub fn line(flow: &Flow) -> String {
    let source = match &flow.source {
        EventSource::Body(path) if path.is_empty() => "body".to_owned(),
        EventSource::Body(path) => format!("body.{}", path.join(".")),
        EventSource::PathParameter(name) => format!("path.{name}"),
        EventSource::Query(name) => format!("query.{name}"),
        EventSource::Header(name) => format!("header.{name}"),
        EventSource::Field(path) => format!("field.{}", path.join(".")),
        EventSource::Trigger(trigger, path) => format!("{trigger:?}.{}", path.join(".")),
        EventSource::Event => "event".to_owned(),
    };
    let at = format!("{}:{}", flow.built_at.file, flow.built_at.line);
    let line = format!("{:?} {source} {} {at} {}", flow.sink, flow.builder, flow.methods.join(","));
    line.trim_end().to_owned()
}

pub fn lines(flows: &[Flow]) -> Vec<String> {
    flows.iter().map(line).collect()
}

/// Applies edits, each once.
pub fn apply(files: &[(&str, &str)], flows: &[Flow]) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let mut edits: Vec<(Place, String)> = flows.iter().filter_map(|f| f.rewrite.clone()).flat_map(|r| r.edits).collect();
    edits.sort_by(|a, b| (&a.0.file, a.0.span, &a.1).cmp(&(&b.0.file, b.0.span, &b.1)));
    edits.dedup();
    for (place, text) in edits.into_iter().rev() {
        let file = out.get_mut(&*place.file).unwrap();
        file.replace_range(place.span.start as usize..place.span.end as usize, &text);
    }
    out
}
