//! Positions of a text: bytes to places. Never reads a file.

use model::Place;
use std::sync::Arc;

/// A file's text with the beginnings of its lines.
pub(super) struct Text<'a> {
    pub file: Arc<str>,
    pub body: &'a str,
    lines: Vec<usize>,
}

impl<'a> Text<'a> {
    pub fn new(file: &str, body: &'a str) -> Self {
        let lines = std::iter::once(0).chain(memchr::memchr_iter(b'\n', body.as_bytes()).map(|at| at + 1)).collect();
        Self { file: file.into(), body, lines }
    }

    /// The place of these bytes.
    pub fn place(&self, start: usize, end: usize) -> Place {
        let line = self.lines.partition_point(|begin| *begin <= start).max(1);
        let begin = self.lines.get(line - 1).copied().unwrap_or(0);
        let column = self.body.get(begin..start).map_or(1, |head| head.chars().count() + 1);
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place::new(self.file.clone(), small(line), small(column)).with_span(start, end)
    }

    /// The place of a slice of this very text; the file's beginning for a text that was made anew.
    pub fn slice(&self, part: &str) -> Place {
        // Both are addresses inside one allocation when the part is a slice of the body; another part is at its beginning.
        let start = (part.as_ptr() as usize).wrapping_sub(self.body.as_ptr() as usize);
        if start.saturating_add(part.len()) > self.body.len() { self.place(0, 0) } else { self.place(start, start + part.len()) }
    }

    /// The lines, each a slice of the text.
    pub fn lines(&self) -> impl Iterator<Item = &'a str> {
        self.body.lines()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let text = Text::new("f", "a: 1\nü: \"b\"\n");
        let b = text.body.find('b').unwrap();
        let place = text.slice(&text.body[b..=b]);
        assert_eq!((place.line, place.column, place.span.start as usize), (2, 5, b));
        assert_eq!(text.slice("elsewhere").line, 1);
    }
}
