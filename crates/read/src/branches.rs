//! What an application is when a condition that its templates leave open holds, and when it does not. One condition at a time:
//! twice as many readings as there are conditions, never every combination.

use crate::application::{Options, resolve, templates};
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

/// The branches of the application below `root`, two for each open condition in the order of the templates, and what was not
/// looked at. `read` is the same application, read without an assumption; its code is not read again.
pub fn branches(root: &Path, options: &Options, read: &App) -> (Vec<Branch>, Option<Trouble>) {
    let (folder, found) = templates(root, options);
    let open = resolve(found.clone(), options, &folder).2;
    let left = open.get(MOST).map(|first| {
        let says = format!("{} more conditions are open: what stands in one of their branches alone is not assessed", open.len() - MOST);
        trouble(says, first.place.clone(), "give the parameters they depend on, with --parameter NAME=VALUE")
    });
    let mut branches = Vec::new();
    for undecided in open.iter().take(MOST) {
        for holds in [true, false] {
            let mut options = options.clone();
            options.conditions.insert((Some(undecided.stack.clone()), undecided.condition.clone()), holds);
            let (mut app, _, _) = resolve(found.clone(), &options, &folder);
            app.code = read.code.clone();
            app.dependencies = read.dependencies.clone();
            app.sources = read.sources.clone();
            branches.push(Branch { condition: undecided.condition.clone(), holds, app });
        }
    }
    (branches, left)
}
