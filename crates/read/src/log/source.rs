//! One file as a stream of events in the file's own order: settles what the file is from its first bytes.
//! Counts what it does not understand; reports it once, where it first stands.

use super::input::{self, LogFile, Stream};
use super::kind::{self, Read, Record};
use super::lines::{self, Lines};
use super::split::{Broken, Split};
use super::{Limits, Raw, vpcflow};
use model::{Event, Place, Trouble};
use std::collections::BTreeMap;
use std::io::{self, BufReader, Cursor, Read as _};
use std::sync::Arc;

/// How much of a file is looked at to tell what it is.
const HEAD: u64 = 64 * 1024;

enum Shape {
    Documents(Split<Stream>),
    Lines(Lines<Stream>),
    Nothing,
}

/// A file being read.
pub(super) struct Source {
    name: Arc<str>,
    shape: Shape,
    /// Every line is a function's, whatever it says.
    function: bool,
    /// Column names of a flow log with a header.
    columns: Option<Vec<String>>,
    /// Reason to how often and where first.
    unknown: BTreeMap<&'static str, (u64, u32, u32)>,
}

impl Source {
    /// Opens a file. One that cannot be opened is a source without events.
    pub(super) fn open(file: &LogFile, limits: Limits, troubles: &mut Vec<Trouble>) -> Self {
        let mut source = Self { name: file.name.clone(), shape: Shape::Nothing, function: false, columns: None, unknown: BTreeMap::new() };
        match input::open(file, limits).and_then(head) {
            Ok((head, _)) if head.is_empty() => {}
            Ok((head, stream)) => source.settle(&head, stream, limits, troubles),
            Err(error) => troubles.push(input::trouble(&file.path, &error)),
        }
        source
    }

    fn settle(&mut self, head: &[u8], stream: Stream, limits: Limits, troubles: &mut Vec<Trouble>) {
        if head.starts_with(b"PAR1") || head.starts_with(b"PK\x03\x04") || head.contains(&0) {
            troubles.push(Trouble {
                says: "this is no text and no gzip of text, so it was not read as a log".into(),
                place: Place::new(self.name.clone(), 1, 1),
                help: "give logs as text, JSON or gzip of these".into(),
            });
            return;
        }
        let text = String::from_utf8_lossy(head);
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        if matches!(first.trim_start().as_bytes().first(), Some(b'{' | b'[')) && !is_lines(first, &text) {
            self.shape = Shape::Documents(Split::new(stream, limits));
            return;
        }
        self.function = text.lines().any(|line| kind::platform_line(message(line).1));
        self.shape = Shape::Lines(Lines::new(stream, limits));
    }

    /// The next event, `None` at the end. What is not understood goes to `troubles`.
    pub(super) fn next(&mut self, troubles: &mut Vec<Trouble>) -> Option<Event> {
        loop {
            let raw = match &mut self.shape {
                Shape::Documents(split) => split.next(),
                Shape::Lines(lines) => lines.next(),
                Shape::Nothing => None,
            };
            let raw = match raw {
                Some(Ok(raw)) => raw,
                Some(Err(broken)) => {
                    troubles.push(self.trouble(broken));
                    continue;
                }
                None => {
                    self.shape = Shape::Nothing;
                    self.report(troubles);
                    return None;
                }
            };
            match self.read(&raw) {
                Ok(Read::Record(record)) => return Some(self.event(record, &raw)),
                Ok(Read::NoEvent) => {}
                Ok(Read::Unknown(why)) => self.unknown.entry(why).or_insert((0, raw.line, raw.column)).0 += 1,
                Err(broken) => troubles.push(self.trouble(broken)),
            }
        }
    }

    fn read(&mut self, raw: &Raw) -> Result<Read, Broken> {
        if matches!(self.shape, Shape::Documents(_)) {
            return match serde_json::from_slice(&raw.text) {
                Ok(value) => Ok(kind::json(value)),
                Err(error) => {
                    // serde_json's line and column count from the record's first byte.
                    let (line, column) = match error.line() {
                        0 | 1 => (raw.line, raw.column + (error.column() as u32).saturating_sub(1)),
                        below => (raw.line + below as u32 - 1, (error.column() as u32).max(1)),
                    };
                    Err(Broken { says: format!("a record is no JSON: {}", reason(&error)), line, column })
                }
            };
        }
        let text = String::from_utf8_lossy(&raw.text);
        let (time, message) = message(&text);
        if self.function {
            return Ok(match time.or_else(|| message.split('\t').next().and_then(super::time::iso)) {
                Some(time) => Read::Record(kind::lambda(time, message)),
                None => Read::Unknown("a line of a function's log without a time"),
            });
        }
        if let Some(columns) = vpcflow::header(message) {
            self.columns = Some(columns);
            return Ok(Read::NoEvent);
        }
        if let Some(columns) = &self.columns {
            return Ok(vpcflow::under(columns, message));
        }
        Ok(match (kind::line(message), time) {
            // A message without a time of its own has the one CloudWatch gave it.
            (Read::Unknown(why), _) => Read::Unknown(why),
            (read, _) => read,
        })
    }

    fn event(&self, record: Record, raw: &Raw) -> Event {
        let Record { log, time, id, record } = record;
        let id = id.unwrap_or_else(|| format!("{}:{}", self.name, raw.line));
        Event { log, time, id, record, place: Place::new(self.name.clone(), raw.line, raw.column) }
    }

    fn trouble(&self, broken: Broken) -> Trouble {
        Trouble {
            says: broken.says,
            place: Place::new(self.name.clone(), broken.line, broken.column),
            help: "fetch the file again; the records before and after this place were read".into(),
        }
    }

    fn report(&mut self, troubles: &mut Vec<Trouble>) {
        for (why, (count, line, column)) in std::mem::take(&mut self.unknown) {
            troubles.push(Trouble {
                says: if count == 1 { why.to_owned() } else { format!("{why} ({count} in this file)") },
                place: Place::new(self.name.clone(), line, column),
                help: "read are CloudTrail, API Gateway access logs in JSON, function logs, MySQL audit logs, VPC flow logs, WAF logs"
                    .into(),
            });
        }
    }
}

/// The first bytes, and the whole stream again.
fn head(mut stream: Stream) -> io::Result<(Vec<u8>, Stream)> {
    let mut head = Vec::new();
    // A file that breaks off in its head is read as far as it goes: the reader meets the error itself.
    let broke = stream.by_ref().take(HEAD).read_to_end(&mut head).err();
    if head.is_empty() {
        return broke.map_or_else(|| Ok((Vec::new(), stream_of(Vec::new(), None))), Err);
    }
    if head.starts_with("\u{feff}".as_bytes()) {
        head.drain(..3);
    }
    Ok((head.clone(), stream_of(head, Some((stream, broke)))))
}

fn stream_of(head: Vec<u8>, rest: Option<(Stream, Option<io::Error>)>) -> Stream {
    match rest {
        None => Box::new(Cursor::new(head)),
        Some((stream, None)) => Box::new(BufReader::with_capacity(HEAD as usize, Cursor::new(head).chain(stream))),
        Some((_, Some(error))) => Box::new(BufReader::new(Cursor::new(head).chain(Fails(Some(error))))),
    }
}

/// Repeats the error that ended the head.
struct Fails(Option<io::Error>);

impl io::Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Whether each line is a record by itself: the first one is whole, and no wrapper of a list.
fn is_lines(first: &str, head: &str) -> bool {
    let more = head.trim_start().len() > first.trim_start().len();
    let Ok(serde_json::Value::Object(object)) = serde_json::from_str(first) else { return false };
    let wraps = ["Records", "Events", "events", "logEvents"].iter().any(|key| object.get(*key).is_some_and(serde_json::Value::is_array));
    more && !wraps
}

/// A line without the time that CloudWatch put before it.
fn message(line: &str) -> (Option<model::Time>, &str) {
    match lines::prefix(line.as_bytes()) {
        Some((time, at)) => (Some(time), line.get(at..).unwrap_or_default()),
        None => (None, line),
    }
}

/// serde_json's sentence without its position, which counts from the record.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}
