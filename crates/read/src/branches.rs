//! What an application is when a condition that its templates leave open holds, and when it does not. One condition at a time:
//! twice as many readings as there are conditions, never every combination.

use crate::application::{Expanded, Options, alone, expand, resolve, templates};
use crate::document::trouble;
use crate::files::Folder;
use model::{App, Trouble, Undecided};
use std::cell::OnceCell;
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

/// The branches of the application below `root`, two for each condition that is open. `read` is the same application, read without
/// an assumption; its code is not read again. Each branch is made when it is asked for: no two need to be kept.
pub fn branches<'a>(root: &'a Path, options: &'a Options, read: &'a App) -> impl Iterator<Item = Branch> + use<'a> {
    let whole: OnceCell<(Expanded, Folder)> = OnceCell::new();
    let taken = read.undecided.iter().take(MOST).flat_map(|undecided| [(undecided, true), (undecided, false)]);
    taken.map(move |(undecided, holds)| {
        let mut options = options.clone();
        options.conditions.insert((Some(undecided.stack.clone()), undecided.condition.clone()), holds);
        let app = apart(root, &options, read, undecided).unwrap_or_else(|| {
            let (expanded, folder) = whole.get_or_init(|| {
                let (folder, found) = templates(root, &options);
                (expand(found, &options, &folder), folder)
            });
            let (mut app, _, _) = resolve(expanded, &options, folder);
            app.code = read.code.clone();
            app.dependencies = read.dependencies.clone();
            app.sources.clone_from(&read.sources);
            app
        });
        Branch { condition: undecided.condition.clone(), holds, app }
    })
}

/// By what a template takes values from other stacks, or gives them: exports and imports, the parameter store, other files.
const TIES: [&str; 5] = ["ImportValue", "Export", "AWS::SSM::Parameter", "{{resolve:ssm:", "AWS::Include"];
/// By what a template holds other stacks.
const NESTS: [&str; 2] = ["AWS::CloudFormation::Stack", "AWS::Serverless::Application"];

/// The branch of a condition whose template has no tie to another: the rest of the application stays as it was read. `None` where
/// it has one, and the whole is to be read.
fn apart(root: &Path, options: &Options, read: &App, undecided: &Undecided) -> Option<App> {
    let file = &undecided.place.file;
    let text = &read.sources.get(file)?.text;
    if TIES.iter().chain(&NESTS).any(|tie| text.contains(tie)) {
        return None;
    }
    // A nested stack is called after the one that holds it, and takes its parameters from there.
    let is_below = |above: &str| undecided.stack.strip_prefix(above).is_some_and(|rest| rest.starts_with('-'));
    let holds = |file: &str| read.sources.get(file).is_none_or(|source| NESTS.iter().any(|nest| source.text.contains(nest)));
    if read.resources().any(|resource| is_below(&resource.id.stack) && holds(&resource.place.file)) {
        return None;
    }
    let stack = alone(root, options, file, &undecided.stack)?;
    Some(read.with_stack(&undecided.stack, stack))
}

/// What is not looked at when more conditions are open than are taken both ways.
pub fn left(read: &App) -> Option<Trouble> {
    let open = &read.undecided;
    let first = open.get(MOST)?;
    let says = format!("{} more conditions are open: what stands in one of their branches alone is not assessed", open.len() - MOST);
    Some(trouble(says, first.place.clone(), "give the parameters they depend on, with --parameter NAME=VALUE"))
}
