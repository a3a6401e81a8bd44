//! A rule file's bytes to directives: continuation lines joined, comments dropped, quotes read, every byte's place kept.

use super::place::{Place, Problem};
use std::sync::Arc;

/// A directive and its arguments.
#[derive(Clone, Debug)]
pub(super) struct Directive {
    pub name: Word,
    pub words: Vec<Word>,
}

/// A word, where it stands, and where each of its bytes does.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub text: String,
    file: Arc<str>,
    /// (offset in the text, line, column), ascending; between two the columns count on.
    marks: Vec<(usize, u32, u32)>,
}

impl Word {
    /// The place of a byte of the word.
    pub fn place(&self, offset: usize) -> Place {
        let mark = self.marks.iter().rev().find(|(start, _, _)| *start <= offset).or_else(|| self.marks.first());
        let (start, line, column) = mark.copied().unwrap_or((0, 1, 1));
        Place { file: Arc::clone(&self.file), line, column: column + offset.saturating_sub(start) as u32 }
    }

    /// A word of its own for a part of this one.
    pub fn with_text(&self, text: &str, offset: usize) -> Self {
        let place = self.place(offset);
        Self { text: text.to_owned(), file: place.file, marks: vec![(0, place.line, place.column)] }
    }

    /// A problem at a byte of the word.
    pub fn wrong(&self, offset: usize, says: impl Into<String>) -> Problem {
        Problem { place: self.place(offset), says: says.into() }
    }
}

/// Reads a file's directives. Bytes that are not UTF-8 are read as Latin-1 (rules are over bytes, comments are not read).
///
/// # Errors
/// A quote that is not closed, by directive; the others are still read.
pub(super) fn directives(file: &str, bytes: &[u8]) -> (Vec<Directive>, Vec<Problem>) {
    let text = std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|byte| *byte as char).collect(), str::to_owned);
    let file: Arc<str> = Arc::from(file);
    let mut found = Vec::new();
    let mut problems = Vec::new();
    let mut logical: Vec<(char, u32, u32)> = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let number = index as u32 + 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        if logical.is_empty() && line.trim_start().starts_with('#') {
            continue;
        }
        // A comment between continued lines is one too.
        if !logical.is_empty() && line.trim_start().starts_with('#') {
            continue;
        }
        let (line, more) = line.strip_suffix('\\').map_or((line, false), |line| (line, true));
        let mut column = 1;
        for character in line.chars() {
            logical.push((character, number, column));
            column += character.len_utf8() as u32;
        }
        if !more {
            finish(&file, &std::mem::take(&mut logical), &mut found, &mut problems);
        }
    }
    finish(&file, &logical, &mut found, &mut problems);
    (found, problems)
}

fn finish(file: &Arc<str>, line: &[(char, u32, u32)], found: &mut Vec<Directive>, problems: &mut Vec<Problem>) {
    match words(file, line) {
        Ok(words) => {
            let mut words = words.into_iter();
            if let Some(name) = words.next() {
                found.push(Directive { name, words: words.collect() });
            }
        }
        Err(problem) => problems.push(problem),
    }
}

fn words(file: &Arc<str>, line: &[(char, u32, u32)]) -> Result<Vec<Word>, Problem> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some((character, number, column)) = line.get(at).copied() {
        if character.is_whitespace() {
            at += 1;
            continue;
        }
        let quote = matches!(character, '"' | '\'').then_some(character);
        if quote.is_some() {
            at += 1;
        }
        let mut word = Word { text: String::new(), file: Arc::clone(file), marks: Vec::new() };
        let mut expected = (0, 0);
        loop {
            let Some((character, line_number, at_column)) = line.get(at).copied() else {
                if quote.is_some() {
                    let place = Place { file: Arc::clone(file), line: number, column };
                    return Err(Problem { place, says: "a quote that is not closed".to_owned() });
                }
                break;
            };
            at += 1;
            if quote.map_or(character.is_whitespace(), |quote| character == quote) {
                break;
            }
            // A quote inside quotes is written with a backslash; no other backslash means anything here.
            let (character, line_number, at_column) = match (quote, character, line.get(at)) {
                (Some(quote), '\\', Some((next, line_number, at_column))) if *next == quote => {
                    at += 1;
                    expected = (0, 0);
                    (*next, *line_number, *at_column)
                }
                _ => (character, line_number, at_column),
            };
            if expected != (line_number, at_column) {
                word.marks.push((word.text.len(), line_number, at_column));
            }
            word.text.push(character);
            expected = (line_number, at_column + character.len_utf8() as u32);
        }
        if word.marks.is_empty() {
            word.marks.push((0, number, column));
        }
        words.push(word);
    }
    Ok(words)
}
