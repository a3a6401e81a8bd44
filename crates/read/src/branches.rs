//! What an application is when a condition that its templates leave open holds, and when it does not. One condition at a time:
//! twice as many readings as there are conditions, never every combination.

use crate::application::{Expanded, Options, Undecided, templates};
use crate::document::trouble;
use model::{App, Trouble};
use std::path::Path;

/// Conditions that are taken both ways. Real templates have few; one with more says so.
const MOST: usize = 32;

/// An application under one assumption.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The condition's name.
    pub condition: String,
    /// What it is taken to be.
    pub holds: bool,
    /// The application then. Its code is that of the application as it was read.
    pub app: App,
}

/// The branches of the application below `root`, two for each open condition. `read` is the same application,
/// read without an assumption, and `open` the conditions that were open then ([`crate::application_and_open`]); its
/// code is not read again. Each branch is made when it is asked for: no two need to be kept.
pub fn branches<'a>(root: &Path, options: &'a Options, read: &'a App, open: &'a [Undecided]) -> impl Iterator<Item = Branch> + use<'a> {
    // Most applications leave nothing open: then nothing is read a second time.
    let expanded = (!open.is_empty()).then(|| {
        let (folder, found) = templates(root, options);
        (Expanded::of(found, options, &folder), folder)
    });
    let taken = open.iter().take(MOST).flat_map(|undecided| [(undecided, true), (undecided, false)]);
    taken.filter_map(move |(undecided, holds)| {
        let (expanded, folder) = expanded.as_ref()?;
        let mut options = options.clone();
        options.conditions.insert((Some(undecided.stack.clone()), undecided.condition.clone()), holds);
        let (mut app, _, _) = expanded.resolve(&options, folder);
        app.code = read.code.clone();
        app.dependencies = read.dependencies.clone();
        app.sources.clone_from(&read.sources);
        Some(Branch { condition: undecided.condition.clone(), holds, app })
    })
}

/// What is not looked at when more conditions are open than are taken both ways.
pub fn left(open: &[Undecided]) -> Option<Trouble> {
    let first = open.get(MOST)?;
    let says = format!("{} more conditions are open: what stands in one of their branches alone is not assessed", open.len() - MOST);
    Some(trouble(says, first.place.clone(), "give the parameters they depend on, with --parameter NAME=VALUE"))
}
