//! The templates read together, each as one stack: parameters, conditions, resources and what they are called.

use crate::document::trouble;
use crate::identity::{Identity, Names, name_property};
use crate::intrinsics::Truth;
use model::{Kind, Node, Place, Trouble};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// Every stack, with what they share.
pub(crate) struct Stacks {
    pub stacks: Vec<Stack>,
    pub account: String,
    pub region: String,
    pub partition: String,
    /// Export name to (stack, output), once the names are known.
    pub exports: RefCell<HashMap<String, (usize, String)>>,
    /// SSM parameters of these templates: name to (stack, logical id).
    pub parameters: RefCell<HashMap<String, (usize, String)>>,
    /// Conditions that the user assumes: (stack or any, name) to what they are.
    pub assumed: BTreeMap<(Option<String>, String), bool>,
    /// Values of exports; `None` while one is being evaluated.
    pub imported: RefCell<HashMap<String, Option<Node>>>,
    troubles: RefCell<BTreeSet<Trouble>>,
}

/// One template, SAM already expanded.
pub(crate) struct Stack {
    pub name: String,
    /// The template's path below the root.
    pub file: String,
    /// The stack that this one is nested in, and its logical id there.
    pub parent: Option<(usize, String)>,
    /// Nested stacks by logical id.
    pub children: BTreeMap<String, usize>,
    /// Whether the user gave the name; then it is not inferred from imports.
    pub named: bool,
    pub template: Arc<Node>,
    /// Parameter values the user gave.
    pub given: BTreeMap<String, String>,
    /// Logical id to its index among the members of `Resources`.
    logical: HashMap<String, usize>,
    pub conditions: RefCell<HashMap<String, Option<Truth>>>,
    identities: RefCell<HashMap<String, Option<Rc<Identity>>>>,
}

impl Stack {
    pub(crate) fn new(name: String, file: String, template: Arc<Node>, given: BTreeMap<String, String>) -> Self {
        let resources = template.get("Resources").map(Node::members).unwrap_or_default();
        let logical = resources.iter().enumerate().map(|(at, member)| (member.key.clone(), at)).collect();
        Self {
            name,
            file,
            parent: None,
            children: BTreeMap::new(),
            named: false,
            template,
            given,
            logical,
            conditions: RefCell::default(),
            identities: RefCell::default(),
        }
    }

    /// The same template once more, as another stack.
    pub(crate) fn copy(&self) -> Self {
        Self::new(self.name.clone(), self.file.clone(), self.template.clone(), self.given.clone())
    }

    /// The declaration of a resource.
    pub(crate) fn resource(&self, logical: &str) -> Option<&Node> {
        let at = *self.logical.get(logical)?;
        self.template.get("Resources")?.members().get(at).map(|member| &member.value)
    }

    /// Gives the stack another name and forgets what depended on it.
    pub(crate) fn rename(&mut self, name: String) {
        self.name = name;
        self.conditions.borrow_mut().clear();
        self.identities.borrow_mut().clear();
    }
}

impl Stacks {
    pub(crate) fn new(account: String, region: String, stacks: Vec<Stack>) -> Self {
        let partition = crate::sam::partition(&region);
        Self {
            stacks,
            account,
            region,
            partition: partition.to_owned(),
            exports: RefCell::default(),
            parameters: RefCell::default(),
            assumed: BTreeMap::new(),
            imported: RefCell::default(),
            troubles: RefCell::default(),
        }
    }

    /// Notes what was not understood.
    pub(crate) fn note(&self, says: impl Into<String>, place: &Place, help: &str) {
        self.troubles.borrow_mut().insert(trouble(says, place.clone(), help));
    }

    /// What was not understood so far.
    pub(crate) fn take_troubles(&self) -> Vec<Trouble> {
        std::mem::take(&mut *self.troubles.borrow_mut()).into_iter().collect()
    }

    /// What AWS would call a resource; nothing when there is no such resource or its name depends on itself.
    pub(crate) fn identity(&self, at: usize, logical: &str, depth: usize) -> Option<Rc<Identity>> {
        let stack = self.stacks.get(at)?;
        if let Some(known) = stack.identities.borrow().get(logical) {
            return known.clone();
        }
        let resource = stack.resource(logical)?;
        stack.identities.borrow_mut().insert(logical.to_owned(), None);
        let kind = resource.get("Type").and_then(Node::str).unwrap_or_default();
        let names = Names {
            partition: self.partition.clone(),
            region: self.region.clone(),
            account: self.account.clone(),
            stack: stack.name.clone(),
            logical: logical.to_owned(),
        };
        let identity = Rc::new(Identity::of(kind, names, &|property| self.property(at, resource, property, depth)));
        stack.identities.borrow_mut().insert(logical.to_owned(), Some(identity.clone()));
        Some(identity)
    }

    /// The text of a resource's property where it is known; a name that depends on an unknown one is not.
    fn property(&self, at: usize, resource: &Node, property: &str, depth: usize) -> Option<String> {
        let node = resource.at(&["Properties", property])?;
        self.eval(at, node, depth + 1)?.scalar().filter(|text| !text.is_empty())
    }

    /// `Fn::GetAtt`.
    pub(crate) fn attribute(&self, at: usize, logical: &str, attribute: &str, place: &Place, depth: usize) -> Kind {
        let unknown = |why: String| Kind::unknown(why, None);
        let Some(stack) = self.stacks.get(at) else { return unknown("no such stack".to_owned()) };
        let Some(resource) = stack.resource(logical) else {
            self.note(format!("Fn::GetAtt names {logical}, which is no resource of this template"), place, "correct the logical id");
            return unknown(format!("there is no resource {logical}"));
        };
        if let (Some(child), Some(output)) = (stack.children.get(logical), attribute.strip_prefix("Outputs.")) {
            let value = self.stacks.get(*child).and_then(|child| child.template.at(&["Outputs", output, "Value"]));
            return match value.and_then(|value| self.eval(*child, value, depth + 1)) {
                Some(node) => node.kind,
                None => {
                    self.note(format!("the nested stack {logical} has no output {output}"), place, "correct the output's name");
                    unknown(format!("the nested stack {logical} has no output {output}"))
                }
            };
        }
        let Some(identity) = self.identity(at, logical, depth) else {
            return unknown(format!("the identity of {logical} depends on itself"));
        };
        if let Some(value) = identity.attribute(attribute, &|property| self.property(at, resource, property, depth)) {
            return Kind::String(value);
        }
        let kind = resource.get("Type").and_then(Node::str).unwrap_or_default();
        if let Some(property) =
            resource.at(&["Properties", attribute]).filter(|_| identity.is_known_type() || name_property(kind).is_some())
            && let Some(node) = self.eval(at, property, depth + 1)
        {
            return node.kind;
        }
        unknown(format!("the attribute {attribute} of {logical} ({kind}) is known only once it is deployed"))
    }
}
