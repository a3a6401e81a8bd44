//! Text logs to lines. In a CloudWatch export each event starts with an ISO time; a line without one
//! belongs to the event before it. Never holds more than one event.

use super::split::Broken;
use super::time;
use super::{Limits, Raw};
use std::io::{self, BufRead};

/// The events of one text log.
pub(super) struct Lines<R> {
    input: R,
    line: u32,
    /// Whether the file is an export, known from its first line.
    exported: Option<bool>,
    ahead: Option<Raw>,
    limit: usize,
    done: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R, limits: Limits) -> Self {
        Self { input, line: 0, exported: None, ahead: None, limit: limits.record_bytes, done: false }
    }

    /// The next event, `None` at the end.
    pub(super) fn next(&mut self) -> Option<Result<Raw, Broken>> {
        let mut event: Option<Raw> = self.ahead.take();
        while !self.done {
            let raw = match self.read_line() {
                Ok(Some(raw)) => raw,
                Ok(None) => {
                    self.done = true;
                    break;
                }
                Err(broken) => {
                    self.ahead = event;
                    return Some(Err(broken));
                }
            };
            let prefixed = prefix(&raw.text).is_some();
            let exported = *self.exported.get_or_insert(prefixed);
            match &mut event {
                None => event = Some(raw),
                Some(event) if exported && !prefixed => {
                    if event.text.len() + raw.text.len() < self.limit {
                        event.text.push(b'\n');
                        event.text.extend_from_slice(&raw.text);
                    }
                }
                Some(_) => {
                    self.ahead = Some(raw);
                    break;
                }
            }
            if !exported {
                break;
            }
        }
        event.map(Ok)
    }

    /// One line without its end; blank lines are left out outside an export.
    fn read_line(&mut self) -> Result<Option<Raw>, Broken> {
        loop {
            self.line += 1;
            let mut text = Vec::with_capacity(256);
            let mut cut = false;
            let ended = self.fill(&mut text, &mut cut).map_err(|error| {
                self.done = true;
                Broken { says: format!("the file breaks off: {error}"), line: self.line, column: 1 }
            })?;
            if cut {
                return Err(Broken { says: format!("the line is longer than {} KiB", self.limit >> 10), line: self.line, column: 1 });
            }
            if ended && text.is_empty() {
                return Ok(None);
            }
            if text.last() == Some(&b'\r') {
                text.pop();
            }
            if !text.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(Raw { text, line: self.line, column: 1 }));
            }
        }
    }

    /// Reads up to a line feed; true at the end of the file. A line that is too long is passed over.
    fn fill(&mut self, text: &mut Vec<u8>, cut: &mut bool) -> io::Result<bool> {
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return Ok(true);
            }
            let end = chunk.iter().position(|b| *b == b'\n');
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            if text.len() + part.len() > self.limit {
                *cut = true;
                text.clear();
            }
            if !*cut {
                text.extend_from_slice(part);
            }
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.input.consume(used);
            if end.is_some() {
                return Ok(false);
            }
        }
    }
}

/// The ISO time that a CloudWatch export puts before each event, and where the message starts.
pub(super) fn prefix(line: &[u8]) -> Option<(model::Time, usize)> {
    let head = line.get(..line.len().min(40))?;
    let end = head.iter().position(|b| *b == b' ')?;
    let text = std::str::from_utf8(head.get(..end)?).ok()?;
    time::iso(text).map(|time| (time, end + 1))
}
