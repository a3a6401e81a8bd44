//! The whole way from a folder to an [`App`].

use crate::branches::Reading;
use crate::discover::{self, Found};
use crate::document::{document, trouble};
use crate::files::{Folder, relative};
use crate::intrinsics::Truth;
use crate::stacks::{Stack, Stacks};
use crate::{cdk, foreach, functions, imports, nested, sam};
use model::{App, Files, Kind, Node, Place, Resource, ResourceId, Source, Trouble, Undecided};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// What a template leaves to the deployment.
#[derive(Clone, Debug)]
pub struct Options {
    /// Twelve digits.
    pub account: String,
    /// `us-east-1`.
    pub region: String,
    /// Stack name by template file (relative to the root). Others are inferred.
    pub stacks: BTreeMap<String, String>,
    /// Parameter values by name, for one stack (`Some`) or for all (`None`).
    pub parameters: BTreeMap<(Option<String>, String), String>,
    /// Texts that are read in place of the files on disk, by path below the root: what an application would be.
    pub changed: BTreeMap<String, String>,
    /// What conditions are taken to be, of one stack or of all. Without, a condition that depends on what is not known is
    /// itself not known.
    pub conditions: BTreeMap<(Option<String>, String), bool>,
    /// The day to judge by, `2026-11-22`.
    pub judged_on: Option<String>,
    /// Where advisories are looked up; the built-in ones by default.
    pub advisories: advisories::Store,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            stacks: BTreeMap::new(),
            parameters: BTreeMap::new(),
            changed: BTreeMap::new(),
            conditions: BTreeMap::new(),
            judged_on: None,
            advisories: advisories::Store::default(),
        }
    }
}

/// Reads every template below `root`, or the one template that `root` is, with the source of their functions.
///
/// It never fails: what could not be read or understood stands in [`App::troubles`]. Templates found together are
/// read together, so that one may import what another exports. Nothing outside the root is opened.
pub fn application(root: &Path, options: &Options) -> App {
    reading(root, options).0
}

/// The same, with what takes its open conditions both ways.
pub fn reading(root: &Path, options: &Options) -> (App, Reading) {
    let (mut folder, paths, named, mut troubles) = open(root);
    folder.changed.clone_from(&options.changed);
    let (mut found, unread) = discover::templates(&folder, &paths, named);
    troubles.extend(unread);
    if found.is_empty() && troubles.is_empty() {
        let help = "name a folder that holds a SAM or CloudFormation template (template.yaml)";
        troubles.push(trouble("no template was found here", Place::new(".", 1, 1), help));
    }
    follow(&folder, &mut found, &mut troubles);
    let (options, observed) = (&in_account(options, &mut found, &mut troubles), observed(&found));
    let sources: BTreeMap<Arc<str>, Source> =
        found.iter().map(|found| (found.file.clone(), Source { path: found.file.clone(), text: found.text.clone() })).collect();
    let expanded = expand(found, options, &folder);
    let (mut app, unresolved, open) = resolve(&expanded, options, &folder);
    troubles.extend(unresolved);
    (app.sources, app.undecided, app.observed) = (sources, open, observed);
    let reading = Reading::new(&app, expanded, options, folder.clone());
    functions::read(&mut app, &folder, options, &mut troubles);
    troubles.sort();
    troubles.dedup();
    app.troubles = troubles;
    (app, reading)
}

/// The options with the account whose details are among what was found, where the user names none. Details of another account
/// are left out: an application lies in one.
fn in_account(options: &Options, found: &mut Vec<Found>, troubles: &mut Vec<Trouble>) -> Options {
    let mut options = options.clone();
    let first = found.iter().find_map(|found| found.account.clone());
    if let Some(account) = first.clone().filter(|account| !account.is_empty() && options.account == Options::default().account) {
        options.account = account;
    }
    found.retain(|found| {
        let own = found.account.is_none() || found.account == first;
        if !own {
            let says = format!("{} holds the details of another account: it is not assessed", found.file);
            troubles.push(trouble(says, found.root.place.clone(), "scan one account at a time"));
        }
        own
    });
    options
}

/// The files that say what an account holds.
fn observed(found: &[Found]) -> BTreeSet<Arc<str>> {
    found.iter().filter(|found| found.account.is_some()).map(|found| found.file.clone()).collect()
}

/// Adds the templates of nested stacks that these name by a local path: the user may have named one file.
fn follow(folder: &Folder, found: &mut Vec<Found>, troubles: &mut Vec<Trouble>) {
    let mut at = 0;
    while let Some(parent) = found.get(at) {
        let resources = parent.root.get("Resources").map(Node::members).unwrap_or_default();
        let written = resources.iter().filter_map(|member| {
            let key = match member.value.get("Type").and_then(Node::str)? {
                "AWS::CloudFormation::Stack" => "TemplateURL",
                "AWS::Serverless::Application" => "Location",
                _ => return None,
            };
            member.value.at(&["Properties", key])?.str().filter(|path| !path.contains("://")).and_then(|path| relative(&parent.file, path))
        });
        let new: BTreeSet<String> =
            written.filter(|path| !found.iter().any(|known| *known.file == **path) && folder.is_file(path)).collect();
        let (more, unread) = discover::templates(folder, &new.into_iter().collect::<Vec<_>>(), true);
        found.extend(more);
        troubles.extend(unread);
        at += 1;
    }
}

/// One template as SAM's transform makes it, before intrinsic functions are resolved, with what the transform refuses or
/// this room cannot expand. `file` is the name shown in places; local paths in the template are not opened. Gives no
/// template where the text is not one YAML or JSON mapping.
pub fn expanded_sam(file: &str, text: &str, region: &str, parameters: &BTreeMap<String, String>) -> (Option<Node>, Vec<Trouble>) {
    let (documents, mut troubles) = document(file, text);
    let Some(root) = documents.into_iter().next() else { return (None, troubles) };
    // A folder that cannot exist: nothing is read.
    let expanded = sam::expand(&root, file, region, parameters, &Folder::new(Path::new("/dev/null")));
    troubles.extend(expanded.troubles);
    (Some(expanded.template), troubles)
}

/// The opener and the files to look at.
fn open(root: &Path) -> (Folder, Vec<String>, bool, Vec<Trouble>) {
    let parent = || root.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = Folder::new(if root.is_file() { parent() } else { root });
    if root.is_file() {
        let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        return (folder, vec![name], true, Vec::new());
    }
    match folder.list("") {
        Ok(paths) => (folder, paths, false, Vec::new()),
        Err(_) => {
            let says = "the folder or file to read does not exist or may not be read";
            (folder, Vec::new(), false, vec![trouble(says, Place::new(".", 1, 1), "name an existing folder or template")])
        }
    }
}

/// Templates with SAM expanded, each a stack of its own: what does not depend on any condition.
pub(crate) struct Expanded {
    stacks: Vec<Single>,
    /// By file: generated logical id to the SAM resource it comes from.
    origins: BTreeMap<String, BTreeMap<String, String>>,
    troubles: Vec<Trouble>,
}

impl Expanded {
    /// Some of the templates, by their files.
    pub(crate) fn only(&self, is_asked: impl Fn(&str) -> bool) -> Self {
        let stacks: Vec<Single> = self.stacks.iter().filter(|stack| is_asked(&stack.file)).cloned().collect();
        let origins = self.origins.iter().filter(|(file, _)| is_asked(file)).map(|(file, of)| (file.clone(), of.clone())).collect();
        Self { stacks, origins, troubles: Vec::new() }
    }

    /// The files of the templates.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.stacks.iter().map(|stack| &*stack.file)
    }
}

/// One template.
#[derive(Clone)]
struct Single {
    name: String,
    named: bool,
    file: String,
    template: Arc<Node>,
    given: BTreeMap<String, String>,
}

impl Single {
    fn stack(&self) -> Stack {
        let mut stack = Stack::new(self.name.clone(), self.file.clone(), self.template.clone(), self.given.clone());
        stack.named = self.named;
        stack
    }
}

/// Expands SAM.
pub(crate) fn expand(found: Vec<Found>, options: &Options, files: &Folder) -> Expanded {
    let paths: Vec<&str> = found.iter().map(|found| &*found.file).collect();
    let names = discover::stack_names(&paths);
    let assembled = cdk::assemblies(files, &beside(&paths));
    let (mut stacks, mut troubles, mut origins) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (mut found, name) in found.into_iter().zip(names) {
        let assembled = assembled.get(&*found.file).cloned().unwrap_or_default();
        let given_name = options.stacks.get(&*found.file).cloned().or(assembled.stack);
        let named = given_name.is_some();
        let name = given_name.unwrap_or(name);
        let mut given = given(options, &name);
        for (parameter, value) in assembled.parameters {
            given.entry(parameter).or_insert(value);
        }
        troubles.extend(foreach::unroll(&mut found.root, &given));
        let expanded = sam::expand(&found.root, &found.file, &options.region, &given, files);
        troubles.extend(expanded.troubles);
        stacks.push(Single { name, named, file: found.file.to_string(), template: Arc::new(expanded.template), given });
        origins.insert(found.file.to_string(), expanded.origins);
    }
    Expanded { stacks, origins, troubles }
}

/// Templates to resources, functions resolved; with what was not understood and the conditions that are open.
pub(crate) fn resolve(expanded: &Expanded, options: &Options, files: &Folder) -> (App, Vec<Trouble>, Vec<Undecided>) {
    let (mut troubles, origins) = (expanded.troubles.clone(), &expanded.origins);
    let stacks = expanded.stacks.iter().map(Single::stack).collect();
    let mut stacks = Stacks::new(options.account.clone(), options.region.clone(), stacks);
    stacks.assumed.clone_from(&options.conditions);
    nested::join(&mut stacks, files);
    troubles.extend(stacks.take_troubles());
    imports::resolve(&mut stacks);
    for stack in &mut stacks.stacks {
        // A name inferred from imports may be one the user gave parameters for.
        stack.given.extend(given(options, &stack.name));
    }
    stacks.find_parameters();
    let none = BTreeMap::new();
    let of = |at: usize| stacks.stacks.get(at).and_then(|stack| origins.get(&stack.file)).unwrap_or(&none);
    let resources: Vec<Resource> = (0..stacks.stacks.len()).flat_map(|at| resources(&stacks, at, of(at))).collect();
    let mut app = App::new(options.account.clone(), options.region.clone(), resources);
    app.judged_on.clone_from(&options.judged_on);
    app.partition.clone_from(&stacks.partition);
    app.outputs = (0..stacks.stacks.len()).flat_map(|at| outputs(&stacks, at)).collect();
    troubles.extend(stacks.take_troubles());
    let open = open_conditions(&stacks);
    (app, troubles, open)
}

fn open_conditions(stacks: &Stacks) -> Vec<Undecided> {
    let mut found = Vec::new();
    for (at, stack) in stacks.stacks.iter().enumerate() {
        for member in stack.template.get("Conditions").map(Node::members).unwrap_or_default() {
            if let Truth::Unknown(why) = stacks.condition(at, &member.key, 0) {
                let (stack, condition, place) = (stack.name.clone(), member.key.clone(), member.key_place.clone());
                found.push(Undecided { stack, condition, why, place });
            }
        }
    }
    found
}

/// The manifests that may stand beside templates.
fn beside(paths: &[&str]) -> Vec<String> {
    let folders: BTreeSet<&str> = paths.iter().map(|path| path.rsplit_once('/').map_or("", |(folder, _)| folder)).collect();
    folders
        .into_iter()
        .map(|folder| if folder.is_empty() { "manifest.json".to_owned() } else { format!("{folder}/manifest.json") })
        .collect()
}

fn given(options: &Options, stack: &str) -> BTreeMap<String, String> {
    let of = |wanted: Option<&str>| {
        let wanted = wanted.map(str::to_owned);
        options.parameters.iter().filter(move |((stack, _), _)| *stack == wanted).map(|((_, name), value)| (name.clone(), value.clone()))
    };
    of(None).chain(of(Some(stack))).collect()
}

fn resources(stacks: &Stacks, at: usize, origins: &BTreeMap<String, String>) -> Vec<Resource> {
    let Some(stack) = stacks.stacks.get(at) else { return Vec::new() };
    let declared = stack.template.get("Resources").map(Node::members).unwrap_or_default();
    let name: Arc<str> = stack.name.as_str().into();
    let mut all = Vec::new();
    for member in declared {
        let (logical, node) = (member.key.as_str(), &member.value);
        let Some(kind) = node.get("Type").and_then(Node::str) else {
            stacks.note(format!("resource {logical} has no Type"), &member.key_place, "give it a Type, as AWS::Service::Thing");
            continue;
        };
        let condition = match node.get("Condition").and_then(Node::str) {
            Some(condition) => match stacks.condition(at, condition, 0) {
                Truth::True => None,
                Truth::False => continue,
                Truth::Unknown(_) => Some(condition.to_owned()),
            },
            None => None,
        };
        let Some(identity) = stacks.identity(at, logical, 0) else { continue };
        let empty = || Node::new(Kind::Map(Vec::new()), member.key_place.clone());
        let properties = node.get("Properties").and_then(|properties| stacks.eval(at, properties, 0)).unwrap_or_else(empty);
        all.push(Resource {
            id: ResourceId::new(name.clone(), logical),
            kind: kind.to_owned(),
            properties,
            place: member.key_place.clone(),
            physical_id: identity.physical_id.clone(),
            arn: identity.arn.clone(),
            generated_from: origins.get(logical).map(|origin| ResourceId::new(name.clone(), origin.as_str())),
            condition,
            deletion_policy: node.get("DeletionPolicy").and_then(Node::scalar),
            metadata: node.get("Metadata").cloned(),
        });
    }
    all
}

type Output = ((Arc<str>, Arc<str>), Node);

fn outputs(stacks: &Stacks, at: usize) -> Vec<Output> {
    let Some(stack) = stacks.stacks.get(at) else { return Vec::new() };
    let declared = stack.template.get("Outputs").map(Node::members).unwrap_or_default();
    let name: Arc<str> = stack.name.as_str().into();
    let present = declared.iter().filter(|output| match output.value.get("Condition").and_then(Node::str) {
        Some(condition) => stacks.condition(at, condition, 0) != Truth::False,
        None => true,
    });
    present
        .filter_map(|output| Some(((name.clone(), output.key.as_str().into()), stacks.eval(at, output.value.get("Value")?, 0)?)))
        .collect()
}
