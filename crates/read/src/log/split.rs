//! JSON documents of any size to their records, one at a time: `{"Records":[…]}`, `[…]`, one object a line,
//! objects one after the other. Finds only where a record starts and ends; never judges what is in it.

use super::{Limits, Raw};
use std::io::{self, BufRead};

/// Members that hold the records: CloudTrail delivery, `LookupEvents`, `FilterLogEvents`, a subscription.
const WRAPPERS: [&[u8]; 4] = [b"Records", b"Events", b"events", b"logEvents"];
/// How often a file may be broken before its rest is given up: each time costs a second look at a record.
const MAX_REPAIRS: u32 = 16;

/// What went wrong, and where.
#[derive(Debug)]
pub(super) struct Broken {
    pub says: String,
    pub line: u32,
    pub column: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Inside {
    /// A list of records.
    List,
    /// The object around the list.
    Wrapper,
}

/// The records of one document.
pub(super) struct Split<R> {
    input: R,
    /// What was read and is not yet used starts at `at`.
    buffer: Vec<u8>,
    at: usize,
    line: u32,
    column: u32,
    inside: Vec<Inside>,
    repairs: u32,
    limit: usize,
    done: bool,
}

impl<R: BufRead> Split<R> {
    pub(super) fn new(input: R, limits: Limits) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            at: 0,
            line: 1,
            column: 1,
            inside: Vec::new(),
            repairs: 0,
            limit: limits.record_bytes,
            done: false,
        }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.at == self.buffer.len() {
            let chunk = self.input.fill_buf()?;
            self.buffer.clear();
            self.buffer.extend_from_slice(chunk);
            self.at = 0;
            let used = chunk.len();
            self.input.consume(used);
        }
        Ok(self.buffer.get(self.at).copied())
    }

    fn advance(&mut self, byte: u8) {
        self.at += 1;
        if byte == b'\n' {
            self.line += 1;
            self.column = 1;
        } else if byte & 0xC0 != 0x80 {
            self.column += 1;
        }
    }

    fn broken(&self, says: impl Into<String>) -> Broken {
        Broken { says: says.into(), line: self.line, column: self.column }
    }

    /// The next record, `None` at the end. After a `Broken` it may be asked on.
    pub(super) fn next(&mut self) -> Option<Result<Raw, Broken>> {
        while !self.done {
            let byte = match self.peek() {
                Ok(Some(byte)) => byte,
                Ok(None) => {
                    self.done = true;
                    return (!self.inside.is_empty()).then(|| Err(self.broken("the file ends before its list of records does")));
                }
                Err(error) => {
                    self.done = true;
                    return Some(Err(self.broken(error.to_string())));
                }
            };
            let wrapper = self.inside.last() == Some(&Inside::Wrapper);
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => self.advance(byte),
                b'{' if !wrapper => match self.object() {
                    Ok(Some(raw)) => return Some(Ok(raw)),
                    Ok(None) => {}
                    Err(broken) => return Some(Err(broken)),
                },
                b'[' if !wrapper && self.inside.len() < 8 => {
                    self.advance(byte);
                    self.inside.push(Inside::List);
                }
                b']' if self.inside.last() == Some(&Inside::List) => {
                    self.advance(byte);
                    self.inside.pop();
                }
                b'}' if wrapper => {
                    self.advance(byte);
                    self.inside.pop();
                }
                // What stands in the wrapper beside the list: NextToken and the like.
                b'{' | b'[' | b'"' if wrapper => match self.value() {
                    Ok(()) => {}
                    Err(broken) => return Some(Err(broken)),
                },
                _ if wrapper => self.advance(byte),
                _ => {
                    let broken = self.broken("here stands something that is no JSON record");
                    self.skip_line();
                    return Some(Err(self.repair(broken)));
                }
            }
        }
        None
    }

    fn skip_line(&mut self) {
        while let Ok(Some(byte)) = self.peek() {
            if byte == b'\n' || byte == b'{' {
                return;
            }
            self.advance(byte);
        }
    }

    fn repair(&mut self, broken: Broken) -> Broken {
        self.repairs += 1;
        if self.repairs <= MAX_REPAIRS {
            return broken;
        }
        self.done = true;
        Broken { says: format!("{}; more than {MAX_REPAIRS} records are broken, the rest of the file is not read", broken.says), ..broken }
    }

    /// Skips one value inside a wrapper.
    fn value(&mut self) -> Result<(), Broken> {
        let (line, column) = (self.line, self.column);
        let mut scan = Scan::default();
        while let Some(byte) = self.peek().map_err(|error| self.broken(error.to_string()))? {
            self.advance(byte);
            if scan.step(byte) {
                return Ok(());
            }
        }
        self.done = true;
        Err(Broken { says: "a value does not end".into(), line, column })
    }

    /// Reads one object; `None` when it turned out to be the wrapper of a list of records.
    fn object(&mut self) -> Result<Option<Raw>, Broken> {
        let (line, column) = (self.line, self.column);
        let mut text = Vec::with_capacity(2048);
        let mut scan = Scan::default();
        let may_wrap = !self.inside.contains(&Inside::Wrapper);
        let mut key = 0..0;
        let mut after_key = false;
        let says = loop {
            let byte = match self.peek() {
                Ok(Some(byte)) => byte,
                Ok(None) => break "the record that starts here does not end".to_owned(),
                Err(error) => {
                    self.done = true;
                    return Err(Broken { says: format!("the file breaks off in this record: {error}"), line, column });
                }
            };
            if text.len() >= self.limit {
                break format!("the record that starts here is longer than {} KiB", self.limit >> 10);
            }
            if scan.string && byte == b'\n' {
                break "the record that starts here has a text that does not end".to_owned();
            }
            self.advance(byte);
            text.push(byte);
            let was_string = scan.string;
            let end = scan.step(byte);
            if end {
                return Ok(Some(Raw { text, line, column }));
            }
            if !may_wrap || scan.depth > 2 {
                continue;
            }
            // Members of the outermost object: remember the last key, look whether a list follows it.
            match (byte, was_string, scan.string) {
                (_, false, true) if scan.depth == 1 && !after_key => key = text.len()..text.len(),
                (_, true, false) if scan.depth == 1 && !after_key => key.end = text.len() - 1,
                (b':', false, false) if scan.depth == 1 => after_key = true,
                (b'[', false, false) if scan.depth == 2 && after_key && wraps(&text, &key) => {
                    self.inside.push(Inside::Wrapper);
                    self.inside.push(Inside::List);
                    return Ok(None);
                }
                (b',', false, false) if scan.depth == 1 => after_key = false,
                _ => {}
            }
        };
        self.resume(&text);
        Err(self.repair(Broken { says, line, column }))
    }

    /// After a broken record: looks again at what was read, from the next place where a record may start.
    fn resume(&mut self, text: &[u8]) {
        let next = text.windows(3).position(|w| w == b"},{").map(|at| at + 2);
        if let Some(rest) = next.and_then(|at| text.get(at..)) {
            self.buffer.splice(..self.at, rest.iter().copied());
            self.at = 0;
            let lines = rest.iter().filter(|b| **b == b'\n').count() as u32;
            self.line -= lines;
            // Exact on the last line of what was read, which is where compact documents break.
            let chars = rest.iter().rev().take_while(|b| **b != b'\n').filter(|b| **b & 0xC0 != 0x80).count() as u32;
            self.column = self.column.saturating_sub(chars).max(1);
        }
    }
}

/// Whether this key's list holds the records.
fn wraps(text: &[u8], key: &std::ops::Range<usize>) -> bool {
    text.get(key.clone()).is_some_and(|key| WRAPPERS.contains(&key))
}

/// Where one is in a JSON value: strings, escapes, depth.
#[derive(Default)]
struct Scan {
    string: bool,
    escape: bool,
    depth: u32,
}

impl Scan {
    /// Takes one byte; true when it ends the value.
    fn step(&mut self, byte: u8) -> bool {
        if self.string {
            match byte {
                _ if self.escape => self.escape = false,
                b'\\' => self.escape = true,
                b'"' => {
                    self.string = false;
                    return self.depth == 0;
                }
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}
