//! Fixes to changed texts, in memory.

use crate::EditError;
use crate::document;
use crate::plan::Plan;
use model::{Edit, Fix};
use std::collections::BTreeMap;

/// A file before and after the fixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The file, relative to the root.
    pub file: String,
    /// Its text before; `None` when it is created.
    pub before: Option<String>,
    /// Its text after.
    pub after: String,
}

/// Applies fixes to the files they name: all or none. `files` gives the text of a file below the root.
///
/// Edits that several fixes share are made once; the order of the fixes does not matter. Files that end as they were
/// are left out. Changes come in the order of their file names.
///
/// # Errors
/// When a file or place is missing, when two edits contradict each other, or when a document would not read back as
/// exactly what was asked for.
pub fn apply(files: &dyn Fn(&str) -> Option<String>, fixes: &[&Fix]) -> Result<Vec<Changed>, EditError> {
    let mut plans: BTreeMap<&str, Plan<'_>> = BTreeMap::new();
    for fix in fixes {
        for edit in &fix.edits {
            let plan = plans.entry(edit.file()).or_default();
            match edit {
                Edit::Text { file, span, with } => plan.text(file, *span, with, &fix.says)?,
                Edit::Document { file, path, operation } => plan.document(file, path.clone(), operation, &fix.says)?,
                Edit::Value { place, operation } => {
                    let text = files(&place.file).ok_or_else(|| EditError::Missing { file: place.file.to_string() })?;
                    let no_place = || EditError::NoPlace {
                        file: place.file.to_string(),
                        at: format!("{}:{}", place.line, place.column),
                        why: "no value begins there".to_owned(),
                    };
                    let path = document::path_of(&place.file, &text, place).ok_or_else(no_place)?;
                    plan.document(&place.file, path, operation, &fix.says)?;
                }
                Edit::Create { file, text } => match plan.create {
                    Some((known, _)) if known == text => {}
                    Some((_, first)) => {
                        let (first, second) = (first.to_owned(), fix.says.clone());
                        return Err(EditError::Conflict { file: file.to_string(), at: "the whole file".to_owned(), first, second });
                    }
                    None => plan.create = Some((text, &fix.says)),
                },
            }
        }
    }
    let mut changes = Vec::new();
    for (file, mut plan) in plans {
        let before = files(file);
        let after = after(file, before.as_deref(), &mut plan)?;
        if before.as_deref() != Some(after.as_str()) {
            changes.push(Changed { file: file.to_owned(), before, after });
        }
    }
    Ok(changes)
}

fn after(file: &str, before: Option<&str>, plan: &mut Plan<'_>) -> Result<String, EditError> {
    let mut text = match (before, plan.create) {
        (Some(text), None) => text.to_owned(),
        (Some(text), Some((created, _))) if text == created => text.to_owned(),
        (Some(_), Some(_)) => return Err(EditError::Exists { file: file.to_owned() }),
        (None, Some((created, _))) => created.to_owned(),
        (None, None) => return Err(EditError::Missing { file: file.to_owned() }),
    };
    // From the end, so that earlier spans keep their meaning; insertions at one spot keep the order of the fixes.
    let mut texts: Vec<_> = plan.texts.iter().enumerate().collect();
    texts.sort_by_key(|(order, (span, ..))| std::cmp::Reverse((span.start, span.end, *order)));
    for (_, (span, with, _)) in texts {
        let range = span.start as usize..span.end as usize;
        if text.get(range.clone()).is_none() {
            return Err(EditError::NoSpan { file: file.to_owned(), start: span.start, end: span.end });
        }
        text.replace_range(range, with);
    }
    plan.order();
    for step in &plan.documents {
        text = document::edit(file, &text, step)?;
    }
    Ok(text)
}
