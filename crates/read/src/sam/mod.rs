//! SAM to CloudFormation (AWS SAM specification; transform `AWS::Serverless-2016-10-31`). Works on the template as it is
//! written, before intrinsic functions are resolved, as the real transform does; generated values keep the places of the
//! SAM lines they come from. Logical ids are the transform's own ("Generated AWS CloudFormation resources"). What the
//! transform refuses is a trouble, and the rest goes on.

mod api;
mod api_events;
mod artifacts;
mod auth;
mod body;
mod capacity_provider;
mod check;
mod codedeploy;
mod connector;
mod cors;
mod domain;
mod events;
mod function;
mod globals;
mod graphql;
mod http_api;
mod http_auth;
mod implicit;
mod invoke_config;
mod letters;
mod make;
mod others;
mod policies;
mod pull;
mod pull_policies;
mod request;
mod resolve;
mod resource_policy;
mod role;
mod schedule;
mod state_machine;
mod state_machine_events;
mod tags;
mod usage_plan;
mod version;
mod websocket;

use crate::document::trouble;
use crate::files::Folder;
use make::Put as _;
use model::{Kind, Member, Node, Place, Trouble};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A template without SAM types.
pub(crate) struct Expanded {
    pub template: Node,
    /// Generated logical id to the SAM resource it comes from.
    pub origins: BTreeMap<String, String>,
    pub troubles: Vec<Trouble>,
}

/// Expands every SAM resource of a template, and finds the code that a template names by a local path.
pub(crate) fn expand(root: &Node, file: &str, region: &str, given: &BTreeMap<String, String>, files: &Folder) -> Expanded {
    let mut work = Work {
        root,
        file,
        region,
        partition: partition(region),
        given,
        files,
        declared: root.get("Resources").map(Node::members).unwrap_or_default().to_vec(),
        resources: Vec::new(),
        origins: BTreeMap::new(),
        references: HashMap::new(),
        renamed: BTreeMap::new(),
        conditions: root.get("Conditions").map(Node::members).unwrap_or_default().to_vec(),
        managed: BTreeSet::new(),
        deployments: Vec::new(),
        shared_plan: usage_plan::Shared::default(),
        origin: String::new(),
        attributes: Vec::new(),
        made: Vec::new(),
        troubles: Vec::new(),
    };
    work.run();
    let mut template = root.clone();
    if !work.conditions.is_empty() {
        let place = root.get("Conditions").map_or(&root.place, |conditions| &conditions.place).clone();
        template.put("Conditions", Node::new(Kind::Map(work.conditions), place));
    }
    let place = root.get("Resources").map_or(&root.place, |resources| &resources.place).clone();
    template.put("Resources", Node::new(Kind::Map(work.resources), place));
    if !work.renamed.is_empty() || !work.references.is_empty() {
        resolve::rewrite(&mut template, &work.renamed, &work.references);
    }
    Expanded { template, origins: work.origins, troubles: work.troubles }
}

/// The partition of a region.
pub(crate) fn partition(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-iso-", "aws-iso"),
        ("us-isob", "aws-iso-b"),
        ("us-gov", "aws-us-gov"),
        ("eu-isoe", "aws-iso-e"),
        ("us-isof", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

/// A template in the works.
struct Work<'a> {
    root: &'a Node,
    file: &'a str,
    region: &'a str,
    partition: &'static str,
    given: &'a BTreeMap<String, String>,
    files: &'a Folder,
    /// The resources as SAM sees them: with implicit APIs, with Globals, with bodies that events filled.
    declared: Vec<Member>,
    /// The resources that come out.
    resources: Vec<Member>,
    origins: BTreeMap<String, String>,
    /// `Api.Stage` to the generated logical id.
    references: HashMap<String, String>,
    /// Logical ids that became others: layers.
    renamed: BTreeMap<String, String>,
    /// The template's conditions and those that SAM adds.
    conditions: Vec<Member>,
    /// APIs whose body SAM makes of events.
    managed: BTreeSet<String>,
    /// Deployment preferences of functions.
    deployments: Vec<codedeploy::Preference>,
    /// The usage plan that APIs share.
    shared_plan: usage_plan::Shared,
    /// The SAM resource that is being expanded.
    origin: String,
    /// Its `Condition`, `DeletionPolicy` and `UpdateReplacePolicy`, which what it generates has too.
    attributes: Vec<Member>,
    /// What it generated so far.
    made: Vec<String>,
    troubles: Vec<Trouble>,
}

/// Attributes that generated resources take over.
const PASSED: [&str; 3] = ["Condition", "DeletionPolicy", "UpdateReplacePolicy"];
/// Attributes that a SAM resource keeps for the resource of its own name.
const KEPT: [&str; 6] = ["DependsOn", "DeletionPolicy", "UpdatePolicy", "Condition", "UpdateReplacePolicy", "Metadata"];

impl Work<'_> {
    fn run(&mut self) {
        self.included_everywhere();
        let transforms = self.root.get("Transform").map(Node::one_or_many).unwrap_or_default();
        let is_sam = |member: &Member| kind_of(&member.value).starts_with("AWS::Serverless::") || member.value.get("Connectors").is_some();
        if transforms.iter().any(|name| name.str() == Some("AWS::Serverless-2016-10-31")) || self.declared.iter().any(is_sam) {
            self.prepare();
        } else if self.declared.is_empty() {
            self.refuse("it has no Resources", &self.root.place);
        }
        let (sam, plain): (Vec<Member>, Vec<Member>) =
            self.declared.iter().cloned().partition(|member| order(kind_of(&member.value)).is_some());
        for mut member in plain {
            if kind_of(&member.value).starts_with("AWS::Serverless::") {
                let says = format!("{} is not expanded: what it would deploy is not assessed", kind_of(&member.value));
                self.trouble(says, &member.key_place, "assess its deployed resources");
            }
            member.value.take("Connectors");
            self.resources.push(member);
        }
        let mut ids: Vec<(usize, String)> =
            sam.iter().filter_map(|member| Some((order(kind_of(&member.value))?, member.key.clone()))).collect();
        ids.sort_by_key(|(order, _)| *order);
        for (_, id) in ids {
            // Events may have changed what is declared since.
            if let Some(member) = self.declared.iter().find(|member| member.key == id).cloned() {
                self.resource(&member);
            }
        }
        self.codedeploy();
        self.local_code();
    }

    /// What happens before the first resource is expanded.
    fn prepare(&mut self) {
        self.check_template();
        self.default_bodies();
        self.implicit_apis(&implicit::REST);
        self.implicit_apis(&implicit::HTTP);
        self.globals();
        self.embedded_connectors();
    }

    fn resource(&mut self, member: &Member) {
        let kind = kind_of(&member.value).to_owned();
        let place = &member.key_place;
        let properties = member.value.get("Properties").filter(|p| make::is_map(p)).cloned().unwrap_or_else(|| make::map([], place));
        self.origin = member.key.clone();
        self.attributes = member.value.members().iter().filter(|m| PASSED.contains(&m.key.as_str())).cloned().collect();
        self.made.clear();
        self.check_resource(member, &kind, &properties);
        match kind.as_str() {
            "AWS::Serverless::Function" => self.function(member, &properties),
            "AWS::Serverless::Api" => self.api(member, properties.clone()),
            "AWS::Serverless::HttpApi" => self.http_api(member, properties.clone()),
            "AWS::Serverless::WebSocketApi" => self.websocket_api(member, &properties),
            "AWS::Serverless::SimpleTable" => self.simple_table(member, &properties),
            "AWS::Serverless::LayerVersion" => self.layer(member, &properties),
            "AWS::Serverless::StateMachine" => self.state_machine(member, &properties),
            "AWS::Serverless::Application" => self.nested_application(member, &properties),
            "AWS::Serverless::GraphQLApi" => self.graphql_api(member, &properties),
            "AWS::Serverless::CapacityProvider" => self.capacity_provider(member, &properties),
            _ => self.connector(member, &properties),
        }
        self.propagate_tags(&kind, &properties);
    }

    /// A resource that was written in the template as a SAM resource, under its own logical id.
    fn replace(&mut self, written: &Node, logical: &str, kind: &str, properties: Node, place: &Place) {
        let kept = written.members().iter().filter(|member| KEPT.contains(&member.key.as_str())).cloned();
        let mut node = Node::new(Kind::Map(kept.collect()), written.place.clone());
        node.put("Type", make::text(kind, place));
        node.put("Properties", properties);
        self.insert(logical, node, place);
    }

    /// A resource generated beside it.
    fn generate(&mut self, logical: &str, kind: &str, properties: Node, place: &Place) {
        self.generate_after(logical, kind, properties, &[], place);
    }

    /// A resource generated beside it that depends on others.
    fn generate_after(&mut self, logical: &str, kind: &str, properties: Node, depends_on: &[String], place: &Place) {
        let mut node = make::map([("Type", make::text(kind, place)), ("Properties", properties)], place);
        if let Kind::Map(members) = &mut node.kind {
            members.extend(self.attributes.iter().cloned());
        }
        if !depends_on.is_empty() {
            node.put("DependsOn", make::list(depends_on.iter().map(|id| make::text(id.as_str(), place)).collect(), place));
        }
        self.insert(logical, node, place);
    }

    fn insert(&mut self, logical: &str, value: Node, place: &Place) {
        if logical != self.origin && self.declared(logical).is_some_and(|known| !may_change(kind_of(known), kind_of(&value))) {
            let says = format!("the logical id {logical} is needed for what {} generates, and the template has it already", self.origin);
            self.refuse(says, place);
            return;
        }
        self.origins.insert(logical.to_owned(), self.origin.clone());
        self.made.push(logical.to_owned());
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

    /// A resource as SAM sees it.
    fn declared(&self, logical: &str) -> Option<&Node> {
        self.declared.iter().find(|member| member.key == logical).map(|member| &member.value)
    }

    fn declared_mut(&mut self, logical: &str) -> Option<&mut Node> {
        self.declared.iter_mut().find(|member| member.key == logical).map(|member| &mut member.value)
    }

    /// An attribute of the resource that is being expanded.
    fn condition(&self) -> Option<String> {
        self.attributes.iter().find(|member| member.key == "Condition").and_then(|member| member.value.scalar())
    }

    /// Adds a condition to the template, or replaces the one of this name.
    fn add_condition(&mut self, name: &str, node: Node) {
        let place = node.place.clone();
        let member = Member { key: name.to_owned(), key_place: place, value: node };
        match self.conditions.iter_mut().find(|known| known.key == name) {
            Some(known) => *known = member,
            None => self.conditions.push(member),
        }
    }

    fn trouble(&mut self, says: String, place: &Place, help: &str) {
        self.troubles.push(trouble(says, place.clone(), help));
    }

    /// What the transform does not accept; the deployment would fail.
    fn refuse(&mut self, says: impl Into<String>, place: &Place) {
        let says = format!("SAM refuses this template: {}", says.into());
        self.troubles.push(trouble(says, place.clone(), "correct it; what is read here may differ from what can be deployed"));
    }

    /// The ARN of a managed policy of AWS in this partition.
    fn managed_policy(&self, path: &str, place: &Place) -> Node {
        make::text(format!("arn:{}:iam::aws:policy/{path}", self.partition), place)
    }
}

/// The type of a resource.
fn kind_of(resource: &Node) -> &str {
    resource.get("Type").and_then(Node::str).unwrap_or_default()
}

/// Whether what a SAM resource generates may take the place of a resource that the template has.
fn may_change(known: &str, new: &str) -> bool {
    const CHANGED: [&str; 7] = [
        "AWS::S3::Bucket",
        "AWS::SNS::Topic",
        "AWS::Cognito::UserPool",
        "AWS::ApiGateway::DomainName",
        "AWS::ApiGateway::BasePathMapping",
        "AWS::ApiGateway::DomainNameV2",
        "AWS::ApiGateway::BasePathMappingV2",
    ];
    known == new && CHANGED.contains(&new)
}

/// When a SAM type is expanded: events change APIs, and connectors want to see everything.
fn order(kind: &str) -> Option<usize> {
    match kind.strip_prefix("AWS::Serverless::")? {
        "Function" => Some(0),
        "StateMachine" => Some(1),
        "Api" | "HttpApi" | "WebSocketApi" => Some(2),
        "SimpleTable" | "LayerVersion" | "Application" | "GraphQLApi" | "CapacityProvider" => Some(3),
        "Connector" => Some(4),
        _ => None,
    }
}

/// `prefix` + text where the text is letters and digits, else `prefix` + the letters of the text.
fn alphanumeric_id(prefix: &str, part: &str, end: &str) -> String {
    match part.chars().all(char::is_alphanumeric) && !part.is_empty() {
        true => format!("{prefix}{part}{end}"),
        false => letters::logical_id(&format!("{prefix}{end}"), &part.into()),
    }
}
