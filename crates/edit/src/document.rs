//! One edit of a YAML or JSON document, as a splice of its text. Whatever is written is read back: the document must
//! then be exactly the old one with this edit, else nothing is changed.

use crate::EditError;
use crate::layout::{Layout, column, is_flow, line_end, line_indent, line_start, spans_lines};
use crate::plan::{Step, shown};
use crate::value;
use model::{Kind, Node, Operation, Place, Segment};
use serde_json::{Map, Value};
use std::ops::Range;

/// The text after an edit.
pub(crate) fn edit(file: &str, text: &str, step: &Step<'_>) -> Result<String, EditError> {
    let at = || shown(&step.path);
    let unwritable = |why: &str| EditError::Unwritable { file: file.to_owned(), at: at(), why: why.to_owned() };
    let documents = readable(file, text).ok_or_else(|| unwritable("it does not read as YAML or JSON"))?;
    let root = documents.first().ok_or_else(|| unwritable("it holds no document"))?;
    let operation = match &step.operation {
        Operation::Set(new) => Operation::Set(long_form(new)),
        Operation::Append(item) => Operation::Append(long_form(item)),
        Operation::Remove => Operation::Remove,
    };
    let no_place = |why| EditError::NoPlace { file: file.to_owned(), at: at(), why };
    let expected = value::edited(&root.json(), &step.path, &operation).map_err(no_place)?;
    let layout = Layout::of(text, root);
    let splice = Editor { text, layout: &layout }.splice(root, &step.path, operation).map_err(|why| unwritable(&why))?;
    let mut after = text.to_owned();
    for (range, with) in splice {
        if after.get(range.clone()).is_none() {
            return Err(unwritable("its places do not fit its text"));
        }
        after.replace_range(range, &with.replace('\n', layout.line_end));
    }
    let read_back = readable(file, &after).ok_or_else(|| unwritable("the edited text would not read back"))?;
    let same = read_back.first().map(Node::json) == Some(expected)
        && read_back.iter().skip(1).map(Node::json).eq(documents.iter().skip(1).map(Node::json));
    if same { Ok(after) } else { Err(unwritable("the edited text would read back as something else")) }
}

/// The way to the value that a reader found at a place: by its span where the place has one, else by line and column.
pub(crate) fn path_of(file: &str, text: &str, place: &Place) -> Option<Vec<Segment>> {
    let documents = readable(file, text)?;
    let root = documents.first()?;
    let spot = |other: &Place| (other.line, other.column) == (place.line, place.column);
    let exact = |other: &Place| spot(other) && other.span == place.span;
    let tests: [&dyn Fn(&Place) -> bool; 2] = [&exact, &spot];
    tests.iter().find_map(|test| find(root, test, true).or_else(|| find(root, test, false)))
}

/// The way to the first value that stands at a place, or whose key does.
fn find(node: &Node, test: &dyn Fn(&Place) -> bool, values: bool) -> Option<Vec<Segment>> {
    if values && test(&node.place) {
        return Some(Vec::new());
    }
    let behind = |segment: Segment, path: Vec<Segment>| [segment].into_iter().chain(path).collect();
    match &node.kind {
        Kind::Map(members) => members.iter().find_map(|member| {
            let key = || Segment::Key(member.key.clone());
            if !values && test(&member.key_place) {
                return Some(vec![key()]);
            }
            find(&member.value, test, values).map(|path| behind(key(), path))
        }),
        Kind::List(items) => {
            items.iter().enumerate().find_map(|(at, item)| find(item, test, values).map(|path| behind(Segment::Index(at), path)))
        }
        _ => None,
    }
}

fn readable(file: &str, text: &str) -> Option<Vec<Node>> {
    let (documents, troubles) = read::document(file, text);
    troubles.is_empty().then_some(documents)
}

/// `Fn::GetAtt` as a list, the form into which every document is read.
fn long_form(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(long_form).collect()),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| match value.as_str().and_then(|text| text.split_once('.')) {
                Some((resource, attribute)) if key == "Fn::GetAtt" => (key.clone(), Value::from(vec![resource, attribute])),
                _ => (key.clone(), long_form(value)),
            };
            Value::Object(members.iter().map(member).collect::<Map<_, _>>())
        }
        scalar => scalar.clone(),
    }
}

/// What a value stands behind.
#[derive(Clone, Copy)]
enum Owner<'a> {
    Document,
    Key { key: &'a Place },
    Item,
}

struct Editor<'a> {
    text: &'a str,
    layout: &'a Layout,
}

/// Replacements that do not overlap, the last in the text first.
type Splice = Vec<(Range<usize>, String)>;

impl Editor<'_> {
    fn splice(&self, root: &Node, path: &[Segment], operation: Operation) -> Result<Splice, String> {
        let (mut node, mut owner, mut parent) = (root, Owner::Document, None);
        let mut in_flow = false;
        for (depth, segment) in path.iter().enumerate() {
            let rest = path.get(depth + 1..).unwrap_or_default();
            in_flow |= is_flow(self.text, node);
            let found = match (segment, &node.kind) {
                (Segment::Key(key), Kind::Map(members)) => members.iter().rposition(|member| &member.key == key).map(|at| {
                    let member = &members[at];
                    (at, &member.value, Owner::Key { key: &member.key_place })
                }),
                (Segment::Index(index), Kind::List(items)) => items.get(*index).map(|item| (*index, item, Owner::Item)),
                _ => None,
            };
            let Some((at, child, child_owner)) = found else {
                let key = match segment {
                    Segment::Key(key) => key,
                    Segment::Index(_) => return Err("there is no such item".to_owned()),
                };
                let new = wrapped(rest, operation)?;
                return match &node.kind {
                    Kind::Map(members) if !members.is_empty() => self.insert(node, key, &new),
                    _ => Ok(self.replace(node, owner, in_flow && !is_empty(node), &Value::Object(Map::from_iter([(key.clone(), new)])))),
                };
            };
            if rest.is_empty() && operation == Operation::Remove {
                return self.remove(node, owner, at, in_flow);
            }
            if let (Kind::Map(members), Owner::Key { key }) = (&node.kind, child_owner)
                && members.len() == 1
                && key.span == node.place.span
            {
                return self.within_tag(node, owner, in_flow, rest, path.get(depth..).unwrap_or_default(), operation);
            }
            parent = Some(node);
            (node, owner) = (child, child_owner);
        }
        let in_flow = parent.is_some() && in_flow;
        match operation {
            Operation::Set(new) => Ok(self.replace(node, owner, in_flow, &new)),
            Operation::Append(item) => match &node.kind {
                Kind::List(items) if !items.is_empty() => self.append(node, items, &item),
                _ => Ok(self.replace(node, owner, in_flow, &Value::Array(vec![item]))),
            },
            Operation::Remove => Err("a whole document cannot be removed".to_owned()),
        }
    }

    /// An edit below a short tag (`!If [...]`): of the argument where it stands by itself, else of the whole value.
    fn within_tag(
        &self,
        node: &Node,
        owner: Owner<'_>,
        in_flow: bool,
        rest: &[Segment],
        path: &[Segment],
        operation: Operation,
    ) -> Result<Splice, String> {
        let argument = node.members().first().map(|member| &member.value).ok_or("it is empty")?;
        match rest {
            [] => Ok(self.replace(node, owner, in_flow, &value::edited(&node.json(), path, &operation)?)),
            _ if matches!(argument.kind, Kind::List(_) | Kind::Map(_)) && argument.place.span != node.place.span => {
                Editor { ..*self }.splice(argument, rest, operation)
            }
            _ => Ok(self.replace(node, owner, in_flow, &value::edited(&node.json(), path, &operation)?)),
        }
    }

    /// Another value for a node.
    fn replace(&self, node: &Node, owner: Owner<'_>, in_flow: bool, new: &Value) -> Splice {
        let span = node.place.span.start as usize..node.place.span.end as usize;
        if in_flow || self.layout.json {
            return vec![(span.clone(), self.bracketed(new, span.start, spans_lines(self.text, node)))];
        }
        match owner {
            Owner::Document => vec![(span, self.layout.block(new, 0))],
            Owner::Item => {
                let lead = if span.is_empty() && !self.text.get(..span.start).unwrap_or_default().ends_with(' ') { " " } else { "" };
                let at = column(self.text, span.start) + lead.len();
                vec![(span, format!("{lead}{}", self.layout.block(new, at)))]
            }
            Owner::Key { key } => self.replace_behind(node, key, span, new),
        }
    }

    fn replace_behind(&self, node: &Node, key: &Place, span: Range<usize>, new: &Value) -> Splice {
        let key_column = column(self.text, key.span.start as usize);
        let colon = self
            .text
            .get(key.span.end as usize..)
            .and_then(|rest| rest.find(':'))
            .map_or(key.span.end as usize, |at| key.span.end as usize + at + 1);
        let below = !span.is_empty() && line_start(self.text, span.start) > line_start(self.text, colon);
        // What stands below keeps its column when its kind stays.
        let same_kind = matches!((&node.kind, new), (Kind::Map(_), Value::Object(_)) | (Kind::List(_), Value::Array(_)));
        let child = (below && same_kind).then(|| column(self.text, span.start));
        let tail = self.layout.tail(new, key_column, child);
        if below {
            let lines = line_start(self.text, span.start);
            if tail.head.is_empty() {
                return vec![(lines..span.end, tail.body)];
            }
            let body = if tail.body.is_empty() { String::new() } else { format!("{}\n", tail.body) };
            return vec![(lines..line_end(self.text, span.end), body), (colon..colon, format!(" {}", tail.head))];
        }
        let mut splice = Vec::new();
        if !tail.body.is_empty() {
            let end = line_end(self.text, span.end.max(colon));
            splice.push((end..end, self.whole_lines(end, &tail.body)));
        }
        let start = if span.is_empty() { colon } else { span.start };
        match (span.is_empty(), tail.head.is_empty()) {
            (true, true) => {}
            (true, false) => splice.push((start..start, format!(" {}", tail.head))),
            (false, true) => splice.push((colon..span.end, String::new())),
            (false, false) => splice.push((span, tail.head)),
        }
        splice
    }

    /// Lines to insert at the start of a line, or at the end of a text without last line end.
    fn whole_lines(&self, at: usize, lines: &str) -> String {
        match self.text.get(..at).is_none_or(|before| before.is_empty() || before.ends_with('\n')) {
            true => format!("{lines}\n"),
            false => format!("\n{lines}"),
        }
    }

    /// A value in brackets, over several lines where its surroundings are.
    fn bracketed(&self, new: &Value, at: usize, lines: bool) -> String {
        let indent = line_indent(self.text, at).unwrap_or(0);
        let several = lines || (self.layout.json && self.text.trim().contains('\n'));
        if several { self.layout.lines(new, indent) } else { self.layout.flow(new) }
    }

    /// A new member of a mapping that has some.
    fn insert(&self, node: &Node, key: &str, new: &Value) -> Result<Splice, String> {
        let first = node.members().first().ok_or("the mapping is empty")?;
        let last = node.members().last().ok_or("the mapping is empty")?;
        let end = last.value.place.span.end.max(last.key_place.span.end) as usize;
        if is_flow(self.text, node) {
            let indent = column(self.text, first.key_place.span.start as usize);
            let lines = spans_lines(self.text, node) && line_indent(self.text, first.key_place.span.start as usize) == Some(indent);
            let (lead, value) = match lines {
                true => (format!(",\n{}", " ".repeat(indent)), self.layout.lines(new, indent)),
                false => (", ".to_owned(), self.layout.flow(new)),
            };
            return Ok(vec![(end..end, format!("{lead}{}: {value}", self.layout.key(key)))]);
        }
        let indent = column(self.text, first.key_place.span.start as usize);
        let at = line_end(self.text, end);
        let lines = format!("{}{}", " ".repeat(indent), self.layout.member(key, new, indent));
        Ok(vec![(at..at, self.whole_lines(at, &lines))])
    }

    /// A new item of a list that has some.
    fn append(&self, node: &Node, items: &[Node], new: &Value) -> Result<Splice, String> {
        let (first, last) = (items.first().ok_or("the list is empty")?, items.last().ok_or("the list is empty")?);
        let end = last.place.span.end as usize;
        if is_flow(self.text, node) {
            let indent = column(self.text, first.place.span.start as usize);
            let lines = spans_lines(self.text, node) && line_indent(self.text, first.place.span.start as usize) == Some(indent);
            let text = match lines {
                true => format!(",\n{}{}", " ".repeat(indent), self.layout.lines(new, indent)),
                false => format!(", {}", self.layout.flow(new)),
            };
            return Ok(vec![(end..end, text)]);
        }
        let indent = column(self.text, node.place.span.start as usize);
        let at = line_end(self.text, end);
        let lines = format!("{}- {}", " ".repeat(indent), self.layout.block(new, indent + 2));
        Ok(vec![(at..at, self.whole_lines(at, &lines))])
    }

    /// Takes away the member or item at an index.
    fn remove(&self, node: &Node, owner: Owner<'_>, at: usize, in_flow: bool) -> Result<Splice, String> {
        let parts: Vec<Range<usize>> = match &node.kind {
            Kind::Map(members) => {
                members.iter().map(|m| m.key_place.span.start as usize..m.value.place.span.end.max(m.key_place.span.end) as usize).collect()
            }
            Kind::List(items) => items.iter().map(|item| self.item(item, is_flow(self.text, node))).collect(),
            _ => return Err("it is neither a mapping nor a list".to_owned()),
        };
        let part = parts.get(at).cloned().ok_or("it is not there")?;
        if parts.len() == 1 {
            let empty = if matches!(node.kind, Kind::Map(_)) { Value::Object(Map::new()) } else { Value::Array(Vec::new()) };
            return Ok(self.replace(node, owner, in_flow, &empty));
        }
        if is_flow(self.text, node) {
            let range = match (parts.get(at + 1), at.checked_sub(1).and_then(|before| parts.get(before))) {
                (Some(next), _) => part.start..next.start,
                (None, Some(before)) => before.end..part.end,
                (None, None) => part,
            };
            return Ok(vec![(range, String::new())]);
        }
        let line = line_start(self.text, part.start);
        let alone = self.text.get(line..part.start).is_some_and(|before| before.trim().is_empty());
        let range = match (alone, parts.get(at + 1)) {
            (false, Some(next)) => part.start..next.start,
            _ => line..line_end(self.text, part.end),
        };
        Ok(vec![(range, String::new())])
    }

    /// An item of a block list with its dash.
    fn item(&self, item: &Node, flow: bool) -> Range<usize> {
        let (start, end) = (item.place.span.start as usize, item.place.span.end as usize);
        let before = self.text.get(..start).unwrap_or_default().trim_end();
        match flow || !before.ends_with('-') {
            true => start..end,
            false => before.len() - 1..end,
        }
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.kind {
        Kind::Map(members) => members.is_empty(),
        Kind::List(items) => items.is_empty(),
        _ => false,
    }
}

/// A value at the end of a path that is not there yet.
fn wrapped(path: &[Segment], operation: Operation) -> Result<Value, String> {
    let value = match operation {
        Operation::Set(value) => value,
        Operation::Append(item) => Value::Array(vec![item]),
        Operation::Remove => return Err("it is not there".to_owned()),
    };
    path.iter().rev().try_fold(value, |value, segment| match segment {
        Segment::Key(key) => Ok(Value::Object(Map::from_iter([(key.clone(), value)]))),
        Segment::Index(_) => Err("a list that is not there has no items".to_owned()),
    })
}
