//! The application as it is: resources in CloudFormation's vocabulary, each keeping the place where it was written.
//!
//! The App is a fold over changes: templates give the first version, a control API call is a [`Change`] that
//! yields the next. A verdict names the version it was given for.

use crate::aws::Index;
use crate::code::Code;
use crate::deps::Dependencies;
use crate::derived::Derived;
use crate::node::{Kind, Member, Node};
use crate::place::Place;
use crate::trouble::{Trouble, Undecided};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Stack and logical id: `app/UnicornApi`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ResourceId {
    /// The stack's name.
    pub stack: Arc<str>,
    /// The logical id in its template.
    pub logical: Arc<str>,
}

impl ResourceId {
    /// Names a resource.
    pub fn new(stack: impl Into<Arc<str>>, logical: impl Into<Arc<str>>) -> Self {
        Self { stack: stack.into(), logical: logical.into() }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.stack, self.logical)
    }
}

/// One resource after intrinsic functions were resolved and SAM was expanded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// Stack and logical id.
    pub id: ResourceId,
    /// CloudFormation type: `AWS::Lambda::Function`.
    pub kind: String,
    /// Resolved properties; unknown values stay unknown.
    pub properties: Node,
    /// Where the resource is declared (its logical id's key).
    pub place: Place,
    /// What `Ref` gives: a name, an id or an ARN, by type. The same in every run.
    pub physical_id: String,
    /// The ARN, for types that have one.
    pub arn: Option<String>,
    /// The SAM resource it was generated from, if it was.
    pub generated_from: Option<ResourceId>,
    /// The condition that decides whether it exists, when that is not known: `IsProduction`.
    pub condition: Option<String>,
    /// `Delete`, `Retain`, `Snapshot`.
    pub deletion_policy: Option<String>,
    /// `Metadata`.
    pub metadata: Option<Node>,
}

/// A source file of the application that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Path below the root.
    pub path: Arc<str>,
    /// The text. Kept because findings quote it and fixes change it.
    pub text: Arc<str>,
}

/// The application.
#[derive(Clone, Debug, Default)]
pub struct App {
    /// 1 for what the templates say; each change adds one.
    pub version: u64,
    /// Twelve digits.
    pub account: String,
    /// `us-east-1`.
    pub region: String,
    /// `aws`.
    pub partition: String,
    /// Stack outputs: (stack, output) to value.
    pub outputs: BTreeMap<(Arc<str>, Arc<str>), Node>,
    /// What was read from the functions' source.
    pub code: Arc<Code>,
    /// The packages that its functions are built with.
    pub dependencies: Arc<Dependencies>,
    /// Every text file that was read: templates, code, SQL, manifests.
    pub sources: BTreeMap<Arc<str>, Source>,
    /// Files that say what is deployed and are no source of it: nothing is mended there.
    pub observed: BTreeSet<Arc<str>>,
    /// What was not understood.
    pub troubles: Vec<Trouble>,
    /// The day it is judged by, `2026-11-22`; where none is given, what changes with the days is judged by the day its data was made.
    pub judged_on: Option<String>,
    /// The conditions that its templates leave open, in their order.
    pub undecided: Vec<Undecided>,
    /// What the gate worked out of this version.
    pub derived: Derived,
    resources: BTreeMap<ResourceId, Arc<Resource>>,
    index: Arc<Index>,
}

/// What a control API call does to the application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// Adds a resource or replaces it.
    Put(Box<Resource>),
    /// Removes a resource.
    Remove(ResourceId),
    /// Sets one property: path of keys below `Properties`.
    Set {
        /// The resource.
        resource: ResourceId,
        /// Keys from `Properties` down.
        path: Vec<String>,
        /// The new value.
        value: Node,
    },
}

/// A change that names what is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeError(pub String);

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ChangeError {}

impl App {
    /// The first version, from what was read.
    pub fn new(account: impl Into<String>, region: impl Into<String>, resources: impl IntoIterator<Item = Resource>) -> Self {
        let resources: BTreeMap<_, _> = resources.into_iter().map(|r| (r.id.clone(), Arc::new(r))).collect();
        let index = Arc::new(Index::of(&resources));
        Self { version: 1, account: account.into(), region: region.into(), partition: "aws".into(), resources, index, ..Self::default() }
    }

    /// All resources, by id.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values().map(|resource| &**resource)
    }

    /// Resources of one CloudFormation type.
    pub fn of_kind<'a>(&'a self, kind: &str) -> impl Iterator<Item = &'a Resource> + use<'a> {
        self.index.by_kind.get(kind).into_iter().flatten().map(|resource| &**resource)
    }

    /// One resource.
    pub fn resource(&self, id: &ResourceId) -> Option<&Resource> {
        self.resources.get(id).map(|resource| &**resource)
    }

    /// The resource with this ARN.
    pub fn by_arn(&self, arn: &str) -> Option<&Resource> {
        self.index.by_arn.get(arn).and_then(|id| self.resource(id))
    }

    /// The resource of this type with this physical id (what `Ref` gives).
    pub fn by_physical(&self, kind: &str, physical_id: &str) -> Option<&Resource> {
        self.of_kind(kind).find(|r| r.physical_id == physical_id)
    }

    /// The typed views: APIs, functions, roles.
    pub fn aws(&self) -> &Index {
        &self.index
    }

    /// The same application with other resources and outputs of some stacks. What does not change is shared, the code among it;
    /// nothing that was not understood is kept.
    #[must_use]
    pub fn with_stacks(&self, stacks: &BTreeSet<Arc<str>>, other: Self) -> Self {
        let mut next = self.clone();
        next.resources.retain(|id, own| !stacks.contains(&id.stack) || other.resources.get(id) == Some(own));
        for (id, resource) in other.resources {
            next.resources.entry(id).or_insert(resource);
        }
        next.outputs.retain(|(stack, _), _| !stacks.contains(stack));
        next.outputs.extend(other.outputs);
        (next.troubles, next.undecided) = (Vec::new(), Vec::new());
        next.derived = Derived::default();
        next.index = Arc::new(Index::of(&next.resources));
        next
    }

    /// The next version of the application after a control API call.
    ///
    /// # Errors
    /// When the change names a resource that is not there; the App is then unchanged.
    pub fn apply(&self, change: &Change) -> Result<Self, ChangeError> {
        let mut next = self.clone();
        match change {
            Change::Put(resource) => {
                next.resources.insert(resource.id.clone(), Arc::new((**resource).clone()));
            }
            Change::Remove(id) => {
                next.resources.remove(id).ok_or_else(|| ChangeError(format!("no resource {id}")))?;
            }
            Change::Set { resource, path, value } => {
                let target = next.resources.get_mut(resource).ok_or_else(|| ChangeError(format!("no resource {resource}")))?;
                set(&mut Arc::make_mut(target).properties, path, value);
            }
        }
        next.version += 1;
        next.derived = Derived::default();
        next.index = Arc::new(Index::of(&next.resources));
        Ok(next)
    }
}

/// Sets the value at a path of keys, making the mappings on the way.
fn set(node: &mut Node, path: &[String], value: &Node) {
    let Some((key, rest)) = path.split_first() else {
        *node = value.clone();
        return;
    };
    if !matches!(node.kind, Kind::Map(_)) {
        node.kind = Kind::Map(Vec::new());
    }
    let place = node.place.clone();
    if let Kind::Map(members) = &mut node.kind {
        let at = members.iter().rposition(|m| &m.key == key).unwrap_or_else(|| {
            members.push(Member { key: key.clone(), key_place: place.clone(), value: Node::new(Kind::Null, place) });
            members.len() - 1
        });
        if let Some(member) = members.get_mut(at) {
            set(&mut member.value, rest, value);
        }
    }
}
