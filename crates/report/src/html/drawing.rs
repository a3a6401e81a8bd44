//! The architecture as boxes and arrows: the internet, what it reaches, what runs, what is kept. Read from the
//! application; nothing is guessed: an arrow stands for a route, a trigger, or a name written in a template.

use model::aws::{Integration, RouteAuth};
use model::{App, Node, Place, Resource, ResourceId};
use std::collections::{BTreeMap, BTreeSet};

/// A box.
pub(crate) struct Box {
    /// The resource; `None` for the internet.
    pub id: Option<ResourceId>,
    /// Its name.
    pub name: String,
    /// "REST API", "function".
    pub what: &'static str,
    /// 0 the internet, 1 doors, 2 what runs, 3 what is kept.
    pub column: usize,
}

/// An arrow between two boxes.
pub(crate) struct Arrow {
    pub from: usize,
    pub to: usize,
    /// "3 routes, 2 open".
    pub label: String,
}

/// The architecture.
#[derive(Default)]
pub(crate) struct Drawing {
    pub boxes: Vec<Box>,
    pub arrows: Vec<Arrow>,
    at: BTreeMap<ResourceId, usize>,
}

/// What is drawn, by CloudFormation type: column and word. What is not here (permissions, policies, log groups) belongs to
/// one of these.
const DRAWN: &[(&str, usize, &str)] = &[
    ("AWS::ApiGateway::RestApi", 1, "REST API"),
    ("AWS::ApiGatewayV2::Api", 1, "HTTP or WebSocket API"),
    ("AWS::AppSync::GraphQLApi", 1, "GraphQL API"),
    ("AWS::CloudFront::Distribution", 1, "distribution"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", 1, "load balancer"),
    ("AWS::Lambda::Url", 1, "function URL"),
    ("AWS::Cognito::UserPool", 1, "user pool"),
    ("AWS::Cognito::IdentityPool", 1, "identity pool"),
    ("AWS::Lambda::Function", 2, "function"),
    ("AWS::StepFunctions::StateMachine", 2, "state machine"),
    ("AWS::DynamoDB::Table", 3, "table"),
    ("AWS::DynamoDB::GlobalTable", 3, "table"),
    ("AWS::S3::Bucket", 3, "bucket"),
    ("AWS::RDS::DBCluster", 3, "database cluster"),
    ("AWS::RDS::DBInstance", 3, "database"),
    ("AWS::SecretsManager::Secret", 3, "secret"),
    ("AWS::SSM::Parameter", 3, "parameter"),
    ("AWS::SQS::Queue", 3, "queue"),
    ("AWS::SNS::Topic", 3, "topic"),
    ("AWS::Events::EventBus", 3, "event bus"),
    ("AWS::Kinesis::Stream", 3, "stream"),
    ("AWS::OpenSearchService::Domain", 3, "search domain"),
    ("AWS::ElastiCache::ReplicationGroup", 3, "cache"),
    ("AWS::KMS::Key", 3, "key"),
];

impl Drawing {
    /// Draws an application.
    pub fn of(app: &App) -> Self {
        let mut drawing = Self::default();
        drawing.boxes.push(Box { id: None, name: "internet".into(), what: "anyone", column: 0 });
        for resource in app.resources() {
            let Some((_, column, what)) = DRAWN.iter().find(|(kind, ..)| *kind == resource.kind) else { continue };
            drawing.at.insert(resource.id.clone(), drawing.boxes.len());
            let name = resource.id.logical.to_string();
            drawing.boxes.push(Box { id: Some(resource.id.clone()), name, what, column: *column });
        }
        drawing.routes(app);
        drawing.mentions(app);
        drawing.arrows.sort_by_key(|arrow| (arrow.from, arrow.to));
        drawing.arrows.dedup_by_key(|arrow| (arrow.from, arrow.to));
        drawing
    }

    /// The box of a resource.
    pub fn box_of(&self, id: &ResourceId) -> Option<usize> {
        self.at.get(id).copied()
    }

    /// From the internet to the doors, and from REST APIs to their functions.
    fn routes(&mut self, app: &App) {
        for at in 1..self.boxes.len() {
            if self.boxes.get(at).is_some_and(|drawn| drawn.column == 1) {
                self.arrows.push(Arrow { from: 0, to: at, label: String::new() });
            }
        }
        for api in &app.aws().rest_apis {
            let Some(from) = self.box_of(&api.id) else { continue };
            let mut to: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
            for route in &api.routes {
                let Integration::LambdaProxy { function_arn: arn, .. } = &route.integration else { continue };
                let function = app.aws().function_by_arn(arn).and_then(|function| self.box_of(&function.id));
                let counts = function.map(|function| to.entry(function).or_default());
                counts.into_iter().for_each(|(all, open)| {
                    *all += 1;
                    *open += usize::from(route.auth == RouteAuth::None && route.method != "OPTIONS");
                });
            }
            for (to, (all, open)) in to {
                let routes = crate::lines::count(all, "route");
                let label = if open > 0 { format!("{routes}, {open} open") } else { routes };
                self.arrows.push(Arrow { from, to, label });
            }
        }
    }

    /// From what runs to what it names, and from what triggers to what is run.
    fn mentions(&mut self, app: &App) {
        let names: Vec<(usize, &Resource)> = app.resources().filter_map(|resource| Some((self.box_of(&resource.id)?, resource))).collect();
        let named = |node: &Node| {
            let mut texts = Vec::new();
            strings(node, &mut texts);
            let mut found = BTreeSet::new();
            for text in texts {
                found.extend(names.iter().filter(|(_, resource)| says(&text, resource)).map(|(at, _)| *at));
            }
            found
        };
        for resource in app.resources() {
            let found = named(&resource.properties);
            if let Some(from) = self.box_of(&resource.id) {
                self.point(from, found);
            } else if TRIGGERS.contains(&resource.kind.as_str()) {
                let (functions, sources): (Vec<usize>, Vec<usize>) =
                    found.into_iter().partition(|at| self.boxes.get(*at).is_some_and(|drawn| drawn.column == 2));
                for source in sources {
                    self.arrows.extend(functions.iter().map(|to| Arrow { from: source, to: *to, label: "triggers".into() }));
                }
            }
        }
        for function in app.aws().functions.values() {
            let role = function.role_arn.as_deref().and_then(|arn| app.aws().role_by_arn(arn));
            let role = role.and_then(|role| app.resource(&role.id));
            if let (Some(from), Some(role)) = (self.box_of(&function.id), role) {
                self.point(from, named(&role.properties));
            }
        }
    }

    fn point(&mut self, from: usize, found: BTreeSet<usize>) {
        let column = |boxes: &[Box], at: usize| boxes.get(at).map_or(0, |drawn| drawn.column);
        for to in found.into_iter().filter(|to| *to != from) {
            // A door that names a user pool is guarded by it; that is no way for data.
            if column(&self.boxes, from) >= 2 || column(&self.boxes, to) == 2 {
                self.arrows.push(Arrow { from, to, label: String::new() });
            }
        }
    }

    /// The boxes that a finding speaks of: its resource, and what its path goes through.
    pub fn touched(&self, app: &App, finding: &model::Finding) -> BTreeSet<usize> {
        let mut touched = BTreeSet::new();
        let by_name = |name: &str| self.boxes.iter().position(|drawn| drawn.id.as_ref().is_some_and(|id| id.to_string() == name));
        touched.extend(by_name(&finding.resource));
        for place in finding.path.iter().map(|step| &step.place).chain([&finding.place]) {
            touched.extend(self.declared_at(app, place));
            for (function, handler) in &app.code.handlers {
                if handler.files.iter().any(|file| **file == *place.file) && finding.path.iter().any(|step| step.place == handler.place) {
                    touched.extend(self.box_of(function));
                }
            }
        }
        let doors = touched.iter().any(|at| self.boxes.get(*at).is_some_and(|drawn| drawn.column == 1));
        if doors && !finding.path.is_empty() {
            touched.insert(0);
        }
        touched
    }

    /// The resource in whose declaration a place stands: the last that begins before it in its file.
    fn declared_at(&self, app: &App, place: &Place) -> Option<usize> {
        let before = app.resources().filter(|resource| resource.place.file == place.file && resource.place.line <= place.line);
        let resource = before.max_by_key(|resource| (resource.place.line, resource.generated_from.is_none()))?;
        self.box_of(&resource.id).or_else(|| self.box_of(resource.generated_from.as_ref()?))
    }
}

/// Resources that start a function when something happens elsewhere.
const TRIGGERS: &[&str] =
    &["AWS::Lambda::EventSourceMapping", "AWS::SNS::Subscription", "AWS::Events::Rule", "AWS::Lambda::Permission", "AWS::Pipes::Pipe"];

/// Whether a text names a resource: its ARN or something below it, its physical id, or a host name that begins with it.
fn says(text: &str, resource: &Resource) -> bool {
    let arn = resource.arn.as_deref().filter(|arn| !arn.is_empty());
    let below = |rest: &str| rest.is_empty() || rest.starts_with([':', '/', '*']);
    let host = |rest: &str| rest.is_empty() || (rest.starts_with('.') && rest.ends_with(".amazonaws.com"));
    let id = resource.physical_id.as_str();
    (!id.is_empty() && text.strip_prefix(id).is_some_and(host)) || arn.is_some_and(|arn| text.strip_prefix(arn).is_some_and(below))
}

fn strings(node: &Node, into: &mut Vec<String>) {
    into.extend(node.str().map(str::to_owned));
    node.members().iter().for_each(|member| strings(&member.value, into));
    node.items().iter().for_each(|item| strings(item, into));
}
