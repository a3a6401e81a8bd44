//! The lines a place covers, with the part that matters marked. Reads only the texts it is given; hides
//! secrets and whatever a terminal would obey before anything is drawn.

use crate::Sources;
use crate::mask::{mask, mask_quoted};
use annotate_snippets::{AnnotationKind, Element, Origin, Snippet};
use model::Place;

/// Lines shown before the first and after the last marked one.
const AROUND: usize = 1;
/// Marks further below the first than this are told by their place alone.
const LINES: usize = 5;
/// A marked line is quoted up to this many characters.
const LONGEST: usize = 400;

/// A mark on the text.
pub(crate) struct Mark<'a> {
    pub place: &'a Place,
    pub label: Option<String>,
    pub primary: bool,
}

/// The excerpt with all marks of one file; an origin alone where the text is not at hand.
pub(crate) fn excerpt<'a>(file: &str, marks: &[Mark<'_>], sources: &Sources, secret: bool, width: usize) -> Element<'a> {
    let origin = Origin::path(crate::escape(file).into_owned());
    let origin: Element<'a> = match marks.first().map(|mark| mark.place) {
        Some(place) => origin.line(place.line as usize).char_column(place.column as usize).into(),
        None => origin.into(),
    };
    let Some(text) = sources.get(file).map(|source| &*source.text) else { return origin };
    let first = marks.iter().map(|mark| mark.place.line as usize).min().unwrap_or(1);
    let near: Vec<&Mark<'_>> = marks.iter().filter(|mark| (mark.place.line as usize) < first + LINES).collect();
    let last = near.iter().map(|mark| mark.place.line as usize).max().unwrap_or(first);
    // A line that has to be cut at both ends has neighbours that would show nothing.
    let long = text.lines().nth(first.saturating_sub(1)).is_some_and(|line| line.chars().count() + 8 > width);
    let around = if long { 0 } else { AROUND };
    let start = first.saturating_sub(around).max(1);
    let mut shown = String::new();
    let mut spans = Vec::new();
    for (at, line) in text.lines().enumerate().skip(start - 1).take(last + around + 1 - start) {
        let number = at + 1;
        let marked = near.iter().any(|mark| mark.place.line as usize == number);
        let safe = if secret && marked { mask_quoted(line) } else { mask(line) };
        for mark in near.iter().filter(|mark| mark.place.line as usize == number) {
            let (from, to) = columns(text, line, mark.place);
            let head = escaped(&safe, 0, from).len();
            let length = escaped(&safe, from, to).len().max(1);
            spans.push((shown.len() + head, length, *mark));
        }
        // The renderer moves all lines aside for one that is too long: only a marked one may do that.
        let longest = if marked { LONGEST } else { width.saturating_sub(12).max(20) };
        shown.push_str(&escaped(&safe, 0, longest));
        if safe.chars().count() > longest {
            shown.push('…');
        }
        shown.push('\n');
    }
    if spans.is_empty() {
        return origin;
    }
    let total = shown.len();
    let annotations = spans.into_iter().map(|(from, length, mark)| {
        let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let from = from.min(total.saturating_sub(1));
        kind.span(from..(from + length).min(total)).label(mark.label.clone())
    });
    let annotations: Vec<_> = annotations.collect();
    Snippet::source(shown).line_start(start).path(crate::escape(file).into_owned()).fold(false).annotations(annotations).into()
}

/// Characters `from..to` of a line as they are shown.
fn escaped(line: &str, from: usize, to: usize) -> String {
    let part: String = line.chars().skip(from).take(to.saturating_sub(from)).collect();
    // The renderer widens tabs itself and counts columns as the file does.
    part.split('\t').map(|piece| crate::escape(piece)).collect::<Vec<_>>().join("\t")
}

/// The columns of a line that a place covers, from 0: its span as far as it is on this line, else the word
/// that starts there.
fn columns(text: &str, line: &str, place: &Place) -> (usize, usize) {
    let from = (place.column as usize).saturating_sub(1);
    let covered = text.get(place.span.start as usize..place.span.end as usize).filter(|covered| !covered.is_empty());
    let rest: Vec<char> = line.chars().skip(from).collect();
    let length = match covered {
        Some(covered) => covered.lines().next().unwrap_or_default().trim_end().chars().count(),
        None => {
            let word = rest.iter().position(|c| c.is_whitespace() || matches!(c, ':' | ',' | ';' | '(' | ')')).unwrap_or(rest.len());
            word.max(1)
        }
    };
    (from, from + length.clamp(1, rest.len().max(1)))
}
