//! What a text must hold for a pattern to match at all: pieces of text and bytes, without which the pattern is not run.
//!
//! After RE2's FilteredRE2: the tree gives clauses, all of which must hold; a clause holds when one of its pieces occurs
//! (ASCII case ignored) or one of its bytes does. Always an over-estimate: a text that lacks a clause cannot match.

use super::node::Node;
use crate::bytes::ByteSet;

/// What a text must hold.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// At least so many bytes.
    pub length: usize,
    /// All of these.
    pub clauses: Vec<Clause>,
}

/// One of these.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clause {
    /// Pieces of text, in lower case, two bytes or more.
    pub pieces: Vec<Vec<u8>>,
    /// Single bytes, in both cases.
    pub bytes: ByteSet,
}

/// A pattern keeps so many of its clauses, the rarest.
pub const CLAUSES: usize = 3;
/// A set of exact texts grows no further.
const EXACT: usize = 64;
/// Of a piece so many bytes are looked for: more would find hardly fewer candidates, in a table many times the size.
pub const PIECE: usize = 5;

struct Info {
    exact: Option<Vec<Vec<u8>>>,
    clauses: Vec<Clause>,
    length: usize,
}

/// What a text must hold for the tree to match.
pub(super) fn needs(node: &Node) -> Needs {
    let info = info(node);
    let length = info.length;
    let mut clauses = info.finish();
    clauses.sort_by(|a, b| a.cost().total_cmp(&b.cost()));
    clauses.retain(|clause| clause.cost() < 1.0);
    clauses.dedup();
    clauses.truncate(CLAUSES);
    Needs { length, clauses }
}

impl Clause {
    /// How often it holds by chance, roughly; only the order counts.
    pub fn cost(&self) -> f64 {
        let pieces: f64 = self.pieces.iter().map(|piece| piece.iter().map(|byte| common(*byte)).product::<f64>() * 4.0).sum();
        let bytes: f64 = self.bytes.iter().map(common).sum();
        pieces + bytes
    }

    fn of(texts: &[Vec<u8>]) -> Option<Self> {
        let mut clause = Self::default();
        for text in texts {
            match text.as_slice() {
                [] => return None,
                [byte] => clause.bytes.insert(*byte),
                text => clause.pieces.push(text[..text.len().min(PIECE)].to_vec()),
            }
        }
        clause.bytes = clause.bytes.fold();
        clause.tidy();
        Some(clause)
    }

    fn tidy(&mut self) {
        self.pieces.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        self.pieces.dedup();
        let bytes = self.bytes;
        self.pieces.retain(|piece| !piece.iter().any(|byte| bytes.contains(*byte)));
        let mut kept: Vec<Vec<u8>> = Vec::new();
        // A piece that holds another asks for more than is needed.
        if self.pieces.len() <= 512 {
            for piece in std::mem::take(&mut self.pieces) {
                if !kept.iter().any(|short| piece.windows(short.len()).any(|window| window == short.as_slice())) {
                    kept.push(piece);
                }
            }
            self.pieces = kept;
        }
    }
}

fn common(byte: u8) -> f64 {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => 0.12,
        b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' | b' ' | b'=' | b':' | b'&' => 0.1,
        b'(' | b')' | b';' | b',' | b'+' | b'*' | b'"' | b'?' | b'%' => 0.05,
        _ => 0.01,
    }
}

impl Info {
    fn exact(texts: Vec<Vec<u8>>) -> Self {
        let length = texts.iter().map(Vec::len).min().unwrap_or(0);
        Self { exact: Some(texts), clauses: Vec::new(), length }
    }

    fn finish(self) -> Vec<Clause> {
        let mut clauses = self.clauses;
        clauses.extend(self.exact.as_deref().and_then(Clause::of));
        clauses
    }

    fn best(self) -> Option<Clause> {
        self.finish().into_iter().min_by(|a, b| a.cost().total_cmp(&b.cost()))
    }
}

fn info(node: &Node) -> Info {
    match node {
        Node::Empty | Node::Look(_) | Node::Around { .. } => Info::exact(vec![Vec::new()]),
        Node::Class(set) => class(set),
        Node::Concat(parts) => concat(parts.iter().map(info)),
        Node::Alternation(branches) => alternation(branches.iter().map(info).collect()),
        Node::Repeat { node, min, max, .. } => repeat(info(node), *min, *max),
        Node::Capture(_, node) | Node::Atomic(node) => info(node),
        Node::Back { .. } => Info { exact: None, clauses: Vec::new(), length: 0 },
    }
}

fn class(set: &ByteSet) -> Info {
    let lower = set.lowercase();
    if (1..=8).contains(&lower.len()) {
        return Info::exact(lower.iter().map(|byte| vec![byte]).collect());
    }
    let clauses = if set.len() == 256 { Vec::new() } else { vec![Clause { pieces: Vec::new(), bytes: *set }] };
    Info { exact: None, clauses, length: 1 }
}

fn concat(parts: impl Iterator<Item = Info>) -> Info {
    let mut running = vec![Vec::new()];
    let mut whole = true;
    let mut clauses = Vec::new();
    let mut length = 0;
    for part in parts {
        length += part.length;
        match part.exact {
            Some(texts) if texts.len() * running.len() <= EXACT => {
                running = running.iter().flat_map(|head| texts.iter().map(move |tail| [head.as_slice(), tail].concat())).collect();
                running.sort();
                running.dedup();
            }
            Some(texts) => {
                clauses.extend(Clause::of(&running));
                running = texts;
                whole = false;
            }
            None => {
                clauses.extend(Clause::of(&running));
                clauses.extend(part.clauses);
                running = vec![Vec::new()];
                whole = false;
            }
        }
    }
    if whole {
        return Info { exact: Some(running), clauses, length };
    }
    clauses.extend(Clause::of(&running));
    Info { exact: None, clauses, length }
}

fn alternation(branches: Vec<Info>) -> Info {
    let length = branches.iter().map(|branch| branch.length).min().unwrap_or(0);
    let count: usize = branches.iter().map(|branch| branch.exact.as_ref().map_or(EXACT + 1, Vec::len)).sum();
    if count <= EXACT {
        let mut texts: Vec<Vec<u8>> = branches.into_iter().filter_map(|branch| branch.exact).flatten().collect();
        texts.sort();
        texts.dedup();
        return Info { exact: Some(texts), clauses: Vec::new(), length };
    }
    let mut merged = Clause::default();
    for branch in branches {
        let Some(best) = branch.best() else { return Info { exact: None, clauses: Vec::new(), length } };
        merged.pieces.extend(best.pieces);
        merged.bytes = merged.bytes.union(&best.bytes);
    }
    merged.tidy();
    Info { exact: None, clauses: vec![merged], length }
}

fn repeat(inner: Info, min: u32, max: Option<u32>) -> Info {
    let length = inner.length.saturating_mul(min as usize);
    match (min, max, inner.exact) {
        (0, Some(1), Some(mut texts)) if texts.len() <= 8 => {
            texts.push(Vec::new());
            texts.sort();
            texts.dedup();
            Info { exact: Some(texts), clauses: Vec::new(), length: 0 }
        }
        (0, ..) => Info { exact: None, clauses: Vec::new(), length: 0 },
        (1, Some(1), exact) => Info { exact, clauses: inner.clauses, length },
        (2..=8, Some(max), Some(texts)) if max == min && texts.len() == 1 => {
            Info { exact: Some(vec![texts.concat().repeat(min as usize)]), clauses: Vec::new(), length }
        }
        (_, _, exact) => {
            let clauses = Info { exact, clauses: inner.clauses, length: 0 }.finish();
            Info { exact: None, clauses, length }
        }
    }
}
