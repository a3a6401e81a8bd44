//! SAM to CloudFormation (AWS SAM specification; transform `AWS::Serverless-2016-10-31`). Works on the template as it is
//! written, before intrinsic functions are resolved, as the real transform does; generated values keep the places of the
//! SAM lines they come from. Logical ids are the transform's own ("Generated AWS CloudFormation resources").

mod api;
mod artifacts;
mod auth;
mod cors;
mod events;
mod function;
mod globals;
mod http_api;
mod make;
mod others;
mod policies;
mod pull;
mod role;
mod schedule;
mod usage_plan;

use crate::document::trouble;
use crate::files::Folder;
use make::Put as _;
use model::{Kind, Member, Node, Place, Trouble};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// A template without SAM types.
pub(crate) struct Expanded {
    pub template: Node,
    /// Generated logical id to the SAM resource it comes from.
    pub origins: BTreeMap<String, String>,
    /// `Api.Stage` to the generated logical id.
    pub references: HashMap<String, String>,
    pub troubles: Vec<Trouble>,
}

/// Expands every SAM resource of a template, and finds the code that a template names by a local path.
pub(crate) fn expand(root: &Node, file: &str, given: &BTreeMap<String, String>, files: &Folder) -> Expanded {
    let mut work = Work {
        root,
        file,
        given,
        files,
        resources: Vec::new(),
        origins: BTreeMap::new(),
        references: HashMap::new(),
        conditions: Vec::new(),
        routes: Vec::new(),
        shared_plan: None,
        origin: String::new(),
        attributes: Vec::new(),
        troubles: Vec::new(),
    };
    work.run();
    let mut template = root.clone();
    if !work.conditions.is_empty() {
        let conditions = template.entry("Conditions");
        for (name, node) in work.conditions {
            conditions.put(&name, node);
        }
    }
    template.put(
        "Resources",
        Node::new(Kind::Map(work.resources), root.get("Resources").map_or_else(|| root.place.clone(), |r| r.place.clone())),
    );
    Expanded { template, origins: work.origins, references: work.references, troubles: work.troubles }
}

/// A route that an event of a function asks for, kept until its API is expanded.
struct Route {
    /// Logical id of the API.
    api: String,
    path: String,
    method: String,
    event: Node,
    /// Logical id of the function, or of its alias.
    function: String,
    /// Condition of the function.
    condition: Option<String>,
    place: Place,
}

/// A template in the works.
struct Work<'a> {
    root: &'a Node,
    file: &'a str,
    given: &'a BTreeMap<String, String>,
    files: &'a Folder,
    resources: Vec<Member>,
    origins: BTreeMap<String, String>,
    references: HashMap<String, String>,
    conditions: Vec<(String, Node)>,
    routes: Vec<Route>,
    /// Stages of the usage plan that APIs share, and the plan's own properties.
    shared_plan: Option<(Node, Node)>,
    /// The SAM resource that is being expanded.
    origin: String,
    /// Its `Condition`, `DeletionPolicy` and `UpdateReplacePolicy`, which what it generates has too.
    attributes: Vec<Member>,
    troubles: Vec<Trouble>,
}

/// Attributes that generated resources take over.
const PASSED: [&str; 3] = ["Condition", "DeletionPolicy", "UpdateReplacePolicy"];

impl Work<'_> {
    fn run(&mut self) {
        let declared = self.root.get("Resources").map(Node::members).unwrap_or_default();
        let is_late = |kind: &str| matches!(kind, "AWS::Serverless::Api" | "AWS::Serverless::HttpApi");
        // APIs come last: their routes are known once every function was seen.
        let kind_of = |member: &Member| member.value.get("Type").and_then(Node::str).unwrap_or_default().to_owned();
        let (apis, rest): (Vec<_>, Vec<_>) = declared.iter().partition(|member| is_late(&kind_of(member)));
        self.resources
            .extend(rest.iter().filter(|member| !kind_of(member).starts_with("AWS::Serverless::")).map(|member| (*member).clone()));
        for member in rest.into_iter().filter(|member| kind_of(member).starts_with("AWS::Serverless::")) {
            self.resource(member, &kind_of(member));
        }
        for member in apis {
            self.resource(member, &kind_of(member));
        }
        self.implicit_apis();
        self.shared_usage_plan();
        self.local_code();
    }

    fn resource(&mut self, member: &Member, kind: &str) {
        let place = member.key_place.clone();
        let written = member.value.get("Properties").cloned().unwrap_or_else(|| make::map([], &place));
        let properties = globals::merged(self.root.get("Globals"), kind, written);
        self.origin = member.key.clone();
        self.attributes = member.value.members().iter().filter(|m| PASSED.contains(&m.key.as_str())).cloned().collect();
        match kind {
            "AWS::Serverless::Function" => self.function(member, &properties),
            "AWS::Serverless::Api" => self.api(&member.key, properties, &place, Some(&member.value)),
            "AWS::Serverless::HttpApi" => self.http_api(&member.key, properties, &place, Some(&member.value)),
            "AWS::Serverless::SimpleTable" => self.simple_table(member, &properties),
            "AWS::Serverless::LayerVersion" => self.layer(member, &properties),
            "AWS::Serverless::StateMachine" => self.state_machine(member, &properties),
            "AWS::Serverless::Application" => self.nested_application(member, &properties),
            _ => {
                self.trouble(
                    format!("{kind} is not expanded: what it would deploy is not assessed"),
                    &place,
                    "assess its deployed resources",
                );
                self.resources.push(member.clone());
            }
        }
    }

    /// A resource that was written in the template as a SAM resource, under its own logical id.
    fn replace(&mut self, written: &Node, logical: &str, kind: &str, properties: Node, place: &Place) {
        let mut node = written.clone();
        node.put("Type", make::text(kind, place));
        node.put("Properties", properties);
        self.insert(logical, node, place);
    }

    /// A resource generated beside it.
    fn generate(&mut self, logical: &str, kind: &str, properties: Node, place: &Place) {
        let mut node = make::map([("Type", make::text(kind, place)), ("Properties", properties)], place);
        if let Kind::Map(members) = &mut node.kind {
            members.extend(self.attributes.iter().cloned());
        }
        self.insert(logical, node, place);
    }

    fn insert(&mut self, logical: &str, value: Node, place: &Place) {
        self.origins.insert(logical.to_owned(), self.origin.clone());
        let member = Member { key: logical.to_owned(), key_place: place.clone(), value };
        match self.resources.iter_mut().find(|known| known.key == logical) {
            Some(known) => *known = member,
            None => self.resources.push(member),
        }
    }

    /// A resource that stands in the output already.
    fn output(&mut self, logical: &str) -> Option<&mut Node> {
        self.resources.iter_mut().find(|member| member.key == logical).map(|member| &mut member.value)
    }

    fn condition(&self) -> Option<String> {
        self.attributes.iter().find(|member| member.key == "Condition").and_then(|member| member.value.scalar())
    }

    fn trouble(&mut self, says: String, place: &Place, help: &str) {
        self.troubles.push(trouble(says, place.clone(), help));
    }

    /// The text of a node, through references to parameters with known values.
    fn text(&self, node: &Node) -> Option<String> {
        let parameter = |name: &str| match name {
            "AWS::Partition" => Some("aws".to_owned()),
            _ => self.given.get(name).cloned().or_else(|| self.root.at(&["Parameters", name, "Default"])?.scalar()),
        };
        match node.members() {
            [only] if only.key == "Ref" => parameter(only.value.str()?),
            [only] if only.key == "Fn::Sub" => {
                let (mut out, mut rest) = (String::new(), only.value.str()?);
                while let Some((before, after)) = rest.split_once("${") {
                    let (name, after) = after.split_once('}')?;
                    out = out + before + &parameter(name)?;
                    rest = after;
                }
                Some(out + rest)
            }
            _ => node.scalar(),
        }
    }
}

/// The suffix for a logical id that depends on a value: ten hexadecimal letters, as the transform has them. They are
/// not the transform's own letters, which depend on its implementation language.
fn suffix(value: &str) -> String {
    let hash = Sha256::digest(value.as_bytes());
    hash.iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}

/// `prefix` + text where the text is letters and digits, else `prefix` + hash, with `end` behind the text.
fn alphanumeric_id(prefix: &str, part: &str, end: &str) -> String {
    match part.chars().all(|c| c.is_ascii_alphanumeric()) && !part.is_empty() {
        true => format!("{prefix}{part}{end}"),
        false if part.is_empty() => format!("{prefix}{end}"),
        false => format!("{prefix}{end}{}", suffix(part)),
    }
}

/// `{"Key": …, "Value": …}` for each tag of a mapping.
fn tags(node: Option<&Node>, place: &Place) -> Vec<Node> {
    let members = node.map(Node::members).unwrap_or_default();
    members.iter().map(|tag| make::map([("Key", make::text(tag.key.as_str(), place)), ("Value", tag.value.clone())], place)).collect()
}
