//! Code that stands in another file, as `Code.ZipFile` of a function stands in its template: read like a file of its own, told at the
//! lines where it is written.

use crate::ir::{Language, Module};
use crate::load::Loader;
use model::{Place, Span, Trouble};
use std::sync::Arc;

/// The text of a function that its template holds, and where each line of it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inline {
    /// The code.
    pub text: Arc<str>,
    /// The file that holds it.
    pub file: Arc<str>,
    /// Where each line begins there; never empty.
    pub lines: Vec<Written>,
}

/// Where a line of code is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Line, from 1.
    pub line: u32,
    /// Column of its first character, from 1.
    pub column: u32,
    /// The byte of its first character, when the line is written there to the letter.
    pub byte: Option<u32>,
}

impl Inline {
    /// A place of the text, in the file that holds it; without an extent where the text is not written to the letter.
    pub(crate) fn place(&self, module: &Module, place: &Place) -> Place {
        let at = |line: u32| self.lines.get((line as usize).saturating_sub(1)).or(self.lines.last()).copied();
        let Some(written) = at(place.line) else { return Place::new(self.file.clone(), 1, 1) };
        let column = if written.byte.is_some() { written.column + place.column.saturating_sub(1) } else { written.column };
        let found = Place::new(self.file.clone(), written.line, column);
        let byte = |offset: u32| {
            let line = module.lines.partition_point(|&start| start <= offset).max(1);
            let start = module.lines.get(line - 1)?;
            Some(at(line as u32)?.byte? + (offset - start))
        };
        match (byte(place.span.start), byte(place.span.end)) {
            (Some(start), Some(end)) if end > start => Place { span: Span { start, end }, ..found },
            _ => found,
        }
    }

    /// The place where it begins.
    pub(crate) fn start(&self) -> Place {
        let first = self.lines.first();
        Place::new(self.file.clone(), first.map_or(1, |first| first.line), first.map_or(1, |first| first.column))
    }

    /// That a handler names another file than the one that inline code is.
    pub(crate) fn unnamed(&self, function: &crate::FunctionSource) -> Trouble {
        Trouble {
            says: format!("not assessed: `{}`, the handler of {}, is not in its inline code", function.handler, function.id),
            place: self.start(),
            help: "inline code is the file `index`: write the handler as `index.NAME`".to_owned(),
        }
    }

    /// A trouble about the file that it is read as, said where it is written.
    fn said(&self, path: &str, trouble: Trouble) -> Trouble {
        if *trouble.place.file != *path {
            return trouble;
        }
        let written = self.lines.get((trouble.place.line as usize).saturating_sub(1));
        let place = written.map_or_else(|| self.start(), |written| Place::new(self.file.clone(), written.line, written.column));
        Trouble { place, ..trouble }
    }
}

/// Reads inline code as the one file of a folder: CloudFormation puts it into a file named `index` (AWS CloudFormation Template
/// Reference, "AWS::Lambda::Function Code", `ZipFile`).
pub(crate) fn read(inline: &Inline, language: Language, root: &str, loader: &mut Loader<'_>) {
    let path = format!("{root}/{}", if language == Language::Python { "index.py" } else { "index.js" });
    let before = loader.troubles.len();
    loader.own(root, &path, inline);
    let said: Vec<Trouble> = loader.troubles.drain(before..).map(|trouble| inline.said(&path, trouble)).collect();
    loader.troubles.extend(said);
}
