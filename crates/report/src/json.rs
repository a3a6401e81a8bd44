//! The public JSON of scan, attack, investigate and prove. Each has `"version": 1`; members are added, never
//! renamed or removed, within a version.

use crate::{Attacked, Looked};
use model::cut::Cut;
use model::radius::Radius;
use model::{Alert, Finding, Ledger, Trouble};
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Version of all documents here.
pub const VERSION: u32 = 1;

/// `sekisho scan --format json`.
pub fn scan(out: &mut dyn Write, findings: &[Finding], not_assessed: &[Trouble], summary: &impl Serialize) -> io::Result<()> {
    write(out, &json!({"version": VERSION, "findings": findings, "not_assessed": not_assessed, "summary": value(summary)?}))
}

/// `sekisho scan --cut --format json`.
pub fn cut(out: &mut dyn Write, cut: &Cut<'_>) -> io::Result<()> {
    let mut shown = Map::new();
    shown.insert("version".into(), VERSION.into());
    shown.extend(members(value(cut)?));
    write(out, &Value::Object(shown))
}

/// `sekisho attack --format json`: each attack with `result` `exploited`, `refused`, `broke` or `nothing`.
pub fn attack(out: &mut dyn Write, attacks: &[Attacked<'_>], not_assessed: &[Trouble]) -> io::Result<()> {
    let mut outcomes = Vec::with_capacity(attacks.len());
    for attacked in attacks {
        let mut outcome = members(value(attacked.outcome)?);
        outcome.insert("result".into(), attacked.result().into());
        outcomes.push(Value::Object(outcome));
    }
    let through = attacks.iter().filter(|attacked| attacked.exploited).count();
    let summary = json!({"attacks": attacks.len(), "exploited": through, "not_assessed": not_assessed.len()});
    write(out, &json!({"version": VERSION, "outcomes": outcomes, "not_assessed": not_assessed, "summary": summary}))
}

/// `sekisho investigate --format json`; times as `2026-11-22T13:44:13Z`.
pub fn investigate(out: &mut dyn Write, alerts: &[Alert], not_assessed: &[Trouble], looked: &Looked) -> io::Result<()> {
    write(out, &investigated(alerts, not_assessed, looked)?)
}

/// The same with the blast radii of the alerts' principals.
pub fn investigate_with_radii(
    out: &mut dyn Write,
    alerts: &[Alert],
    not_assessed: &[Trouble],
    looked: &Looked,
    radii: &[Radius],
) -> io::Result<()> {
    let mut shown = members(investigated(alerts, not_assessed, looked)?);
    shown.insert("blast_radius".into(), value(&radii)?);
    write(out, &Value::Object(shown))
}

fn investigated(alerts: &[Alert], not_assessed: &[Trouble], looked: &Looked) -> io::Result<Value> {
    let mut shown = Vec::with_capacity(alerts.len());
    for alert in alerts {
        let mut alert_members = members(value(alert)?);
        alert_members.insert("time".into(), alert.time.to_string().into());
        shown.push(Value::Object(alert_members));
    }
    let events: Map<String, Value> = looked.events.iter().map(|(log, count)| (log.clone(), json!(count))).collect();
    let summary = json!({
        "alerts": alerts.len(), "not_assessed": not_assessed.len(), "rules": looked.rules, "files": looked.files, "events": events,
        "first": looked.first.map(|time| time.to_string()), "last": looked.last.map(|time| time.to_string()),
    });
    Ok(json!({"version": VERSION, "alerts": shown, "not_assessed": not_assessed, "summary": summary}))
}

/// `sekisho prove --format json`.
pub fn prove(out: &mut dyn Write, ledger: &Ledger, not_assessed: &[Trouble]) -> io::Result<()> {
    write(out, &json!({"version": VERSION, "ledger": ledger.ledger, "not_assessed": not_assessed}))
}

fn value(from: &impl Serialize) -> io::Result<Value> {
    serde_json::to_value(from).map_err(io::Error::from)
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Writes a document so that it may also be read on a terminal: what a terminal would obey is `\u`-escaped.
pub(crate) fn write(out: &mut dyn Write, document: &Value) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Visible(PrettyFormatter::new()));
    document.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// serde_json's pretty form with escapes beyond what JSON needs.
struct Visible(PrettyFormatter<'static>);

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(crate::escape::acts) {
            let (plain, from) = rest.split_at(at);
            out.write_all(plain.as_bytes())?;
            let mut chars = from.chars();
            for unit in chars.next().into_iter().flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec()) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }
    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }
    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }
    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }
    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

impl Attacked<'_> {
    /// `exploited`, `refused`, `broke` or `nothing`.
    pub fn result(&self) -> &'static str {
        match (self.exploited, &self.outcome.broke, &self.outcome.refused) {
            (true, _, _) => "exploited",
            (false, Some(_), _) => "broke",
            (false, None, Some(_)) => "refused",
            (false, None, None) => "nothing",
        }
    }
}
