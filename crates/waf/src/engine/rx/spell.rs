//! A tree, spelled for the linear-time engine: bytes by number, positions by mode, nothing left to a dialect.

use super::node::{Look, Node};
use crate::bytes::ByteSet;
use std::fmt::Write;

/// Whether an automaton can run it: [`spell`] gives a spelling.
pub(super) fn is_linear(node: &Node) -> bool {
    linear(node, true)
}

fn linear(node: &Node, tail: bool) -> bool {
    match node {
        Node::Empty | Node::Class(_) => true,
        Node::Look(look) => tail || *look != Look::EndOrNewline,
        Node::Concat(parts) => parts.iter().enumerate().all(|(index, part)| linear(part, tail && index + 1 == parts.len())),
        Node::Alternation(branches) => branches.iter().all(|branch| linear(branch, tail)),
        Node::Repeat { possessive: true, .. } | Node::Atomic(_) | Node::Around { .. } | Node::Back { .. } => false,
        Node::Repeat { node, .. } => linear(node, false),
        Node::Capture(_, node) => linear(node, tail),
    }
}

/// The spelling; none for what an automaton cannot do.
pub(super) fn spell(node: &Node) -> Option<String> {
    let mut out = String::new();
    write_node(node, true, &mut out)?;
    Some(out)
}

/// `tail`: nothing of the pattern follows, so that a last newline may be taken (only a capture could tell).
fn write_node(node: &Node, tail: bool, out: &mut String) -> Option<()> {
    match node {
        Node::Empty => out.push_str("(?:)"),
        Node::Class(set) => class(set, out),
        Node::Look(look) => out.push_str(match look {
            Look::Start => "\\A",
            Look::End => "\\z",
            Look::EndOrNewline if !tail => return None,
            Look::EndOrNewline => "(?:\\n?\\z)",
            Look::LineStart => "(?m:^)",
            Look::LineEnd => "(?m:$)",
            Look::Word => "\\b",
            Look::NotWord => "\\B",
        }),
        Node::Concat(parts) => {
            for (index, part) in parts.iter().enumerate() {
                let tail = tail && index + 1 == parts.len();
                if matches!(part, Node::Alternation(_)) {
                    group("(?:", part, tail, out)?;
                } else {
                    write_node(part, tail, out)?;
                }
            }
        }
        Node::Alternation(branches) => {
            for (index, branch) in branches.iter().enumerate() {
                if index > 0 {
                    out.push('|');
                }
                write_node(branch, tail, out)?;
            }
        }
        Node::Repeat { possessive: true, .. } | Node::Atomic(_) | Node::Around { .. } | Node::Back { .. } => return None,
        Node::Repeat { node, min, max, greedy, .. } => {
            group("(?:", node, false, out)?;
            match (min, max) {
                (0, None) => out.push('*'),
                (1, None) => out.push('+'),
                (0, Some(1)) => out.push('?'),
                (min, None) => write!(out, "{{{min},}}").ok()?,
                (min, Some(max)) => write!(out, "{{{min},{max}}}").ok()?,
            }
            if !greedy {
                out.push('?');
            }
        }
        Node::Capture(_, node) => group("(", node, tail, out)?,
    }
    Some(())
}

fn group(open: &str, node: &Node, tail: bool, out: &mut String) -> Option<()> {
    out.push_str(open);
    write_node(node, tail, out)?;
    out.push(')');
    Some(())
}

fn class(set: &ByteSet, out: &mut String) {
    if set.is_empty() {
        out.push_str("[^\\x00-\\xff]");
        return;
    }
    let single = set.len() == 1;
    if !single {
        out.push('[');
    }
    let mut bytes = set.iter().peekable();
    while let Some(first) = bytes.next() {
        let mut last = first;
        while bytes.peek() == Some(&last.wrapping_add(1)) && last < u8::MAX {
            last += 1;
            bytes.next();
        }
        byte(first, out);
        if last > first {
            out.push('-');
            byte(last, out);
        }
    }
    if !single {
        out.push(']');
    }
}

fn byte(byte: u8, out: &mut String) {
    if byte.is_ascii_alphanumeric() {
        out.push(byte as char);
    } else {
        // Writing to a String cannot fail.
        let _ = write!(out, "\\x{byte:02x}");
    }
}
