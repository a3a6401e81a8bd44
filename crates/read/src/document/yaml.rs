//! YAML by libyaml's own grammar (the libyaml-safer port): events to a tree, with bounds against alias bombs.

use super::{MAX_COPIED, MAX_DEPTH, MAX_NODES, scalar, tag, trouble};
use libyaml_safer::{Event, EventData, Mark, Parser, ScalarStyle};
use model::{Kind, Member, Node, Place, Trouble};
use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// All documents of the text.
pub(super) fn read(file: &str, text: &str, offset: usize) -> (Vec<Node>, Vec<Trouble>) {
    let mut parser = Parser::new();
    // The port panics where a block scalar ends the file without a line feed; one more changes no place.
    let end: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
    let mut input = text.as_bytes().chain(end);
    parser.set_input(&mut input);
    let mut builder = Builder {
        file: file.into(),
        text,
        offset,
        open: Vec::new(),
        anchors: HashMap::new(),
        documents: Vec::new(),
        troubles: Vec::new(),
        nodes: 0,
        copied: 0,
        reached: Mark::default(),
    };
    loop {
        // This port of libyaml gives up with a panic on `[!Ref, x]` (a tag right before a comma). The parser is not used
        // again after one, so nothing half-done is seen.
        let result = match catch_unwind(AssertUnwindSafe(|| parser.parse())) {
            Err(_) => {
                let place = builder.place(builder.reached);
                Err(trouble("not valid YAML: a tag without a value behind this place", place, "put a space between a tag and what follows"))
            }
            Ok(Ok(Event { data: EventData::StreamEnd, .. })) => break,
            Ok(Ok(event)) => {
                builder.reached = event.end_mark;
                builder.event(event)
            }
            Ok(Err(error)) => {
                let place = error.problem_mark().map_or_else(|| builder.control_character(), |mark| builder.place(mark));
                let context = error.context().map(|context| format!(" ({context})")).unwrap_or_default();
                let says = format!("not valid YAML: {}{context}", error.problem());
                Err(trouble(says, place, "correct the syntax here; nothing of this document was assessed"))
            }
        };
        if let Err(trouble) = result {
            builder.troubles.push(trouble);
            break;
        }
    }
    (builder.documents, builder.troubles)
}

/// A collection whose end has not come yet.
struct Open {
    anchor: Option<String>,
    tag: Option<String>,
    start: Mark,
    /// Where its last child ends, a byte of the text.
    last: Option<usize>,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { members: Vec<Member>, key: Option<(String, Place)>, merges: Vec<Node> },
}

struct Builder<'a> {
    file: Arc<str>,
    text: &'a str,
    offset: usize,
    open: Vec<Open>,
    anchors: HashMap<String, (Node, usize)>,
    documents: Vec<Node>,
    troubles: Vec<Trouble>,
    nodes: usize,
    copied: usize,
    /// Where the last event ended.
    reached: Mark,
}

impl Builder<'_> {
    /// The byte of a mark: this port of libyaml counts bytes, and characters within the line.
    fn byte(&self, mark: Mark) -> usize {
        usize::try_from(mark.index).map_or(self.text.len(), |at| at.min(self.text.len()))
    }

    fn place(&self, mark: Mark) -> Place {
        self.place_at(mark.line, mark.column)
    }

    /// The place of a line and a column, both from 0.
    fn place_at(&self, line: u64, column: u64) -> Place {
        let number = |n: u64| u32::try_from(n + 1).unwrap_or(u32::MAX);
        Place::new(self.file.clone(), number(line), number(column))
    }

    /// Where the first character stands that YAML does not allow.
    fn control_character(&self) -> Place {
        let bad = |c: char| {
            matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\x7F'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}') && c != '\u{85}'
        };
        let before = self.text.get(..self.text.find(bad).unwrap_or(0)).unwrap_or_default();
        let column = before.chars().rev().take_while(|c| *c != '\n').count() as u64;
        self.place_at(before.matches('\n').count() as u64, column)
    }

    /// The place from a mark to a byte, without the white space that libyaml counts in at the end.
    fn span(&self, start: Mark, end: usize) -> Place {
        let first = self.byte(start);
        let kept = self.text.get(first..end).map_or(0, |covered| covered.trim_end().len());
        self.place(start).with_span(first + self.offset, first + kept + self.offset)
    }

    fn event(&mut self, event: Event) -> Result<(), Trouble> {
        let (start, end) = (event.start_mark, event.end_mark);
        match event.data {
            EventData::DocumentStart { .. } => self.anchors.clear(),
            EventData::Scalar { anchor, tag, value, plain_implicit, style, .. } => {
                self.count(start)?;
                let node = self.scalar(tag, value, plain_implicit && style == ScalarStyle::Plain, start, end);
                let stop = self.byte(end);
                self.finish(node, anchor, stop)?;
            }
            EventData::SequenceStart { anchor, tag, .. } => self.begin(anchor, tag, start, Content::List(Vec::new()))?,
            EventData::MappingStart { anchor, tag, .. } => {
                self.begin(anchor, tag, start, Content::Map { members: Vec::new(), key: None, merges: Vec::new() })?;
            }
            EventData::SequenceEnd | EventData::MappingEnd => self.end(start, end)?,
            EventData::Alias { anchor } => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err(trouble(
                        format!("alias *{anchor} names no anchor before it"),
                        self.place(start),
                        "define the anchor first; an anchor cannot contain itself",
                    ));
                };
                self.copied += size;
                self.nodes += size;
                if self.copied > MAX_COPIED || self.nodes > MAX_NODES {
                    let says = format!("aliases expand to more than {MAX_COPIED} values");
                    return Err(trouble(says, self.place(start), "write the values out, or share less"));
                }
                let stop = self.byte(end);
                self.push(node, stop)?;
            }
            EventData::StreamStart { .. } | EventData::StreamEnd | EventData::DocumentEnd { .. } => {}
        }
        Ok(())
    }

    fn count(&mut self, at: Mark) -> Result<(), Trouble> {
        self.nodes += 1;
        match self.nodes > MAX_NODES {
            true => Err(trouble(format!("more than {MAX_NODES} values in one file"), self.place(at), "split the template")),
            false => Ok(()),
        }
    }

    fn begin(&mut self, anchor: Option<String>, tag: Option<String>, start: Mark, content: Content) -> Result<(), Trouble> {
        self.count(start)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(trouble(format!("nested deeper than {MAX_DEPTH} levels"), self.place(start), "flatten the template"));
        }
        self.open.push(Open { anchor, tag, start, last: None, content });
        Ok(())
    }

    fn scalar(&self, tag: Option<String>, value: String, plain: bool, start: Mark, end: Mark) -> Node {
        let stop = self.byte(end);
        let outer = self.span(start, stop);
        let kind = match tag.as_deref() {
            None if plain => scalar::plain(&value),
            Some(libyaml_safer::NULL_TAG) => Kind::Null,
            Some(libyaml_safer::BOOL_TAG | libyaml_safer::INT_TAG | libyaml_safer::FLOAT_TAG) => scalar::plain(&value),
            _ => Kind::String(value),
        };
        match tag {
            Some(tag) if tag.starts_with('!') => {
                let inner = self.behind_properties(&outer, start);
                tag::long_form(&tag, Node::new(kind, inner), outer)
            }
            _ => Node::new(kind, outer),
        }
    }

    /// The place of a value without the tag and anchor before it.
    fn behind_properties(&self, outer: &Place, start: Mark) -> Place {
        let (first, last) = (outer.span.start as usize - self.offset, outer.span.end as usize - self.offset);
        let covered = self.text.get(first..last).unwrap_or_default();
        let mut rest = covered;
        while rest.starts_with(['!', '&', '#']) {
            let end = if rest.starts_with('#') { rest.find('\n') } else { rest.find(char::is_whitespace) };
            rest = rest.get(end.unwrap_or(rest.len())..).unwrap_or_default().trim_start();
        }
        let skipped = covered.get(..covered.len() - rest.len()).unwrap_or_default();
        let line_breaks = skipped.matches('\n').count() as u64;
        let column = match skipped.rfind('\n') {
            Some(at) => skipped.get(at + 1..).unwrap_or_default().chars().count() as u64,
            None => start.column + skipped.chars().count() as u64,
        };
        self.place_at(start.line + line_breaks, column).with_span(first + skipped.len() + self.offset, last + self.offset)
    }

    fn end(&mut self, start: Mark, end: Mark) -> Result<(), Trouble> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        // A flow collection ends with its bracket; a block collection with its last child, since libyaml reports its
        // end only at the next token.
        let stop = match open.last {
            Some(last) if end.index == start.index => last,
            _ => self.byte(end),
        };
        let kind = match open.content {
            Content::List(items) => Kind::List(items),
            Content::Map { members, merges, .. } => Kind::Map(merge(members, &merges)),
        };
        let outer = self.span(open.start, stop);
        let node = match open.tag {
            Some(tag) if tag.starts_with('!') => {
                let inner = self.behind_properties(&outer, open.start);
                tag::long_form(&tag, Node::new(kind, inner), outer)
            }
            _ => Node::new(kind, outer),
        };
        self.finish(node, open.anchor, stop)
    }

    fn finish(&mut self, node: Node, anchor: Option<String>, stop: usize) -> Result<(), Trouble> {
        if let Some(anchor) = anchor {
            let size = size(&node);
            self.copied += size;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        self.push(node, stop)
    }

    /// Puts a finished value, which ends at this byte, where it belongs.
    fn push(&mut self, node: Node, stop: usize) -> Result<(), Trouble> {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        open.last = Some(stop);
        match &mut open.content {
            Content::List(items) => items.push(node),
            Content::Map { members, key, merges } => match key.take() {
                Some((name, _)) if name == "<<" => merges.push(node),
                Some((name, key_place)) => members.push(Member { key: name, key_place, value: node }),
                None => {
                    let Some(name) = key_text(&node, self.text, self.offset) else {
                        let help = "write a plain or quoted text before the colon";
                        return Err(trouble("a key of a mapping must be text", node.place, help));
                    };
                    *key = Some((name, node.place));
                }
            },
        }
        Ok(())
    }
}

/// Merge keys (YAML 1.1, "Merge Key Language-Independent Type"): what the mapping itself says wins.
fn merge(members: Vec<Member>, merges: &[Node]) -> Vec<Member> {
    if merges.is_empty() {
        return members;
    }
    let mut seen: HashSet<String> = members.iter().map(|m| m.key.clone()).collect();
    let sources = merges.iter().flat_map(Node::one_or_many).flat_map(Node::members);
    let mut all: Vec<Member> = sources.filter(|member| seen.insert(member.key.clone())).cloned().collect();
    all.extend(members);
    all
}

/// A key as it was written: `on` stays `on`.
fn key_text(node: &Node, text: &str, offset: usize) -> Option<String> {
    match &node.kind {
        Kind::String(text) | Kind::Number(text) => Some(text.clone()),
        Kind::Bool(_) | Kind::Null => {
            let span = node.place.span;
            Some(text.get(span.start as usize - offset..span.end as usize - offset).unwrap_or_default().to_owned())
        }
        _ => None,
    }
}

/// Values in a tree.
fn size(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::List(items) => items.iter().map(size).sum(),
        Kind::Map(members) => members.iter().map(|m| size(&m.value)).sum(),
        _ => 0,
    }
}
