//! What an application is when a condition that its templates leave open holds, and when it does not. One condition at a time:
//! twice as many readings as there are conditions, never every combination.

use crate::application::{Expanded, Options, resolve};
use crate::document::trouble;
use crate::files::Folder;
use model::{App, Trouble};
use std::collections::BTreeSet;

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

/// What is kept of a reading, to resolve its templates once more under another assumption.
pub struct Reading {
    options: Options,
    folder: Folder,
    /// The stacks with open conditions whose templates have no tie to another.
    apart: Vec<Expanded>,
    /// All that have one.
    tied: Expanded,
}

impl Reading {
    /// Keeps what the open conditions of `app` concern, nothing where none is open.
    pub(crate) fn new(app: &App, expanded: Expanded, options: &Options, folder: Folder) -> Self {
        let nested: BTreeSet<&str> = app.resources().filter(|r| NESTS.contains(&&*r.kind)).map(|r| &*r.id.stack).collect();
        let is_below = |stack: &str| nested.iter().any(|above| stack.strip_prefix(above).is_some_and(|rest| rest.starts_with('-')));
        let below: BTreeSet<&str> = app.resources().filter(|r| is_below(&r.id.stack)).map(|r| &*r.place.file).collect();
        let is_tied = |file: &str| {
            let text = app.sources.get(file).map(|source| &*source.text);
            below.contains(file) || text.is_none_or(|text| TIES.iter().chain(&NESTS).any(|tie| text.contains(tie)))
        };
        let open: BTreeSet<&str> = app.undecided.iter().map(|open| &*open.place.file).collect();
        let tied = match open.iter().any(|file| is_tied(file)) {
            true => expanded.only(is_tied),
            false => expanded.only(|_| false),
        };
        let apart = open.iter().filter(|file| !is_tied(file)).map(|file| expanded.only(|other| other == *file)).collect();
        Self { options: options.clone(), folder, apart, tied }
    }

    /// The branches of the application that was read, two for each condition that is open. Its code is not read again. Each branch
    /// is made when it is asked for: no two need to be kept.
    pub fn branches<'a>(&'a self, read: &'a App) -> impl Iterator<Item = Branch> + use<'a> {
        let taken = read.undecided.iter().take(MOST).flat_map(|undecided| [(undecided, true), (undecided, false)]);
        taken.map(move |(undecided, holds)| {
            let mut options = self.options.clone();
            options.conditions.insert((Some(undecided.stack.clone()), undecided.condition.clone()), holds);
            let own = self.apart.iter().find(|apart| apart.files().any(|file| *file == *undecided.place.file));
            let group = own.unwrap_or(&self.tied);
            let files: BTreeSet<&str> = group.files().collect();
            let stacks: BTreeSet<_> = read.resources().filter(|r| files.contains(&*r.place.file)).map(|r| r.id.stack.clone()).collect();
            let app = read.with_stacks(&stacks, resolve(group, &options, &self.folder).0);
            Branch { condition: undecided.condition.clone(), holds, app }
        })
    }
}

/// By what a template takes values from other stacks, or gives them: exports and imports, the parameter store, other files.
const TIES: [&str; 5] = ["ImportValue", "Export", "AWS::SSM::Parameter", "{{resolve:ssm:", "AWS::Include"];
/// By what a template holds other stacks, which are called after their own and take their parameters from there.
const NESTS: [&str; 2] = ["AWS::CloudFormation::Stack", "AWS::Serverless::Application"];

/// What is not looked at when more conditions are open than are taken both ways.
pub fn left(read: &App) -> Option<Trouble> {
    let open = &read.undecided;
    let first = open.get(MOST)?;
    let says = format!("{} more conditions are open: what stands in one of their branches alone is not assessed", open.len() - MOST);
    Some(trouble(says, first.place.clone(), "give the parameters they depend on, with --parameter NAME=VALUE"))
}
