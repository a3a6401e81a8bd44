//! Wiring: which bucket, table, queue, topic, bus or stream hands what is written to it to which function, under which filter, and
//! who writes there. A write counts only where the writer's role may make it; a resource that the code does not name is counted as
//! not assessed, never joined and never passed over.

use crate::doors::{self, Who};
use crate::filter;
use crate::grants;
use iam::{Context, Outcome, Principal, Request, Truth};
use model::aws::Function;
use model::code::{ResourceName, Write};
use model::{App, Node, Place, ResourceId, Step, Trouble};
use std::collections::BTreeMap;

/// From a resource to a function, or to another resource.
pub struct Link {
    /// ARN of what is written to.
    pub from: String,
    /// What is started, or fed.
    pub to: To,
    /// Where it is declared.
    pub place: Place,
    filter: Filter,
    /// SNS's raw delivery: the message arrives without its envelope.
    pub raw: bool,
}

/// Where a link leads.
pub enum To {
    /// To this function.
    Function(ResourceId),
    /// To the resource with this ARN.
    Channel(String),
}

enum Filter {
    Everything,
    /// Event types, key prefix, key suffix.
    S3(Vec<String>, Option<Node>, Option<Node>),
    /// A pattern (of several, one must match), and how a path of it is found in what is written.
    Pattern(Vec<Node>, fn(&[&str]) -> Option<Vec<String>>),
    /// It is not understood.
    Unknown,
}

/// A write by a handler whose resource is known and whose role may make it.
pub struct Sent {
    /// The writer.
    pub function: ResourceId,
    /// What is written.
    pub write: Write,
    /// ARN of where.
    pub arn: String,
    /// What the permission depends on.
    pub condition: Option<String>,
}

/// All of it, worked out once for each version of an application.
pub struct Wiring {
    /// Links, in the order of their resources.
    pub links: Vec<Link>,
    /// Writes.
    pub sent: Vec<Sent>,
    /// What API Gateway writes by itself: where, who sends it, and the step.
    pub direct: Vec<(String, Who, Step)>,
    /// Writes of data whose resource is not known.
    pub unknown: Vec<(ResourceId, Write)>,
}

impl Wiring {
    /// Reads the wiring of an application.
    pub fn of(app: &App) -> Self {
        let links = links(app);
        let mut arns: Vec<&str> = links.iter().map(|link| link.from.as_str()).filter(|arn| !arn.contains(":lambda:")).collect();
        arns.sort_unstable();
        arns.dedup();
        let direct = doors::direct(app, &arns).into_iter().map(|(arn, who, step)| (arn.to_owned(), who, step)).collect();
        let mut wiring = Self { links, sent: Vec::new(), direct, unknown: Vec::new() };
        let mut stacks = BTreeMap::new();
        for (function, handler) in &app.code.handlers {
            for write in handler.writes.iter().filter(|write| !write.parts.is_empty()) {
                match resolve(app, function, write) {
                    Target::Arn(arn) => {
                        let role = stacks.entry(function).or_insert_with(|| role_stack(app, function));
                        if let Some(condition) = may_write(app, role.as_ref(), write, &arn) {
                            wiring.sent.push(Sent { function: function.clone(), write: write.clone(), arn, condition });
                        }
                    }
                    Target::Unknown => wiring.unknown.push((function.clone(), write.clone())),
                    Target::Elsewhere => {}
                }
            }
        }
        wiring
    }

    /// One trouble a write that is not followed, where a resource of its kind starts a function.
    pub fn not_assessed(&self) -> Vec<Trouble> {
        let service = |arn: &str| arn.split(':').nth(2).map(str::to_owned);
        let starts = |write: &Write| self.links.iter().any(|link| service(&link.from).as_deref() == Some(&write.service));
        let followed = self.unknown.iter().filter(|(_, write)| starts(write));
        let trouble = |(function, write): &(ResourceId, Write)| Trouble {
            says: format!("not assessed: {function} calls {} of {}, and to which resource is not followed", write.operation, write.service),
            place: write.place.clone(),
            help: "name it by an environment variable that the template sets, or by a constant".into(),
        };
        followed.map(trouble).collect()
    }

    /// Whether what is written comes through a link: `None` when not, else the condition under which it does.
    pub fn passes(link: &Link, sent: &Sent) -> Option<Option<String>> {
        let known = |path: &[String]| sent.write.texts.iter().find(|text| text.path == path).map(|text| text.pattern.clone());
        let truth = match &link.filter {
            Filter::Everything => Truth::Yes,
            Filter::Unknown => Truth::Depends,
            Filter::S3(events, prefix, suffix) => {
                let made = if sent.write.operation == "CopyObject" { "Copy" } else { "Put" };
                let event = Truth::any(events.iter().map(|event| match event.trim_start_matches("s3:") {
                    "ObjectCreated:*" => Truth::Yes,
                    // A large upload ends with another operation.
                    "ObjectCreated:CompleteMultipartUpload" => Truth::Depends,
                    other => (other == format!("ObjectCreated:{made}")).into(),
                }));
                let key = known(&["Key".to_owned()]).unwrap_or_else(|| "*".to_owned());
                let part = |node: &Option<Node>, test: fn(&str, &str) -> Truth| match node {
                    None => Truth::Yes,
                    Some(node) => node.scalar().map_or(Truth::Depends, |text| test(&key, &text)),
                };
                event.and(part(prefix, filter::begins)).and(part(suffix, filter::ends))
            }
            Filter::Pattern(patterns, find) => Truth::any(patterns.iter().map(|pattern| {
                filter::pattern(pattern, &[], &|path| match path {
                    // DynamoDB makes the event's name of the operation.
                    ["eventName"] if sent.write.operation.contains("Item") => None,
                    _ => known(&find(path)?),
                })
            })),
        };
        match truth {
            Truth::Yes => Some(None),
            Truth::Depends => Some(Some(format!("if the filter at {} lets it through", link.place))),
            Truth::No => None,
        }
    }
}

/// What a write names.
enum Target {
    Arn(String),
    /// A resource that this application does not declare.
    Elsewhere,
    Unknown,
}

fn resolve(app: &App, function: &ResourceId, write: &Write) -> Target {
    let name = match &write.resource {
        ResourceName::Literal(text) => text.clone(),
        ResourceName::Environment(variable) => {
            match app.aws().functions.get(function).and_then(|function| function.environment.get(variable)) {
                Some(value) => value.clone(),
                None => return Target::Unknown,
            }
        }
        ResourceName::Unknown => return Target::Unknown,
    };
    channel(app, &write.service, &name).map_or(Target::Elsewhere, Target::Arn)
}

/// The ARN of what a name of a service's resource means here.
fn channel(app: &App, service: &str, name: &str) -> Option<String> {
    let kind = match service {
        "s3" => "AWS::S3::Bucket",
        "dynamodb" => "AWS::DynamoDB::Table",
        "sqs" => "AWS::SQS::Queue",
        "sns" => "AWS::SNS::Topic",
        "kinesis" => "AWS::Kinesis::Stream",
        "states" => "AWS::StepFunctions::StateMachine",
        "lambda" => return doors::named(app, name).map(|function| function.arn.clone()),
        "events" => {
            let bus = name.rsplit('/').next().unwrap_or(name);
            return Some(format!("arn:{}:events:{}:{}:event-bus/{bus}", app.partition, app.region, app.account));
        }
        _ => return None,
    };
    if let Some(found) = app.by_arn(name) {
        return found.arn.clone();
    }
    let queue = name.rsplit('/').next().unwrap_or(name);
    let is = |r: &&model::Resource| {
        r.physical_id == name || (service == "sqs" && r.arn.as_deref().is_some_and(|arn| arn.rsplit(':').next() == Some(queue)))
    };
    let found = app.of_kind(kind).find(is).or_else(|| app.of_kind("AWS::DynamoDB::GlobalTable").filter(|_| service == "dynamodb").find(is));
    found?.arn.clone()
}

struct Role {
    principal: Principal,
    stack: iam::Stack,
}

fn role_stack(app: &App, function: &ResourceId) -> Option<Role> {
    let role = app.aws().role_by_arn(app.aws().functions.get(function)?.role_arn.as_deref()?)?;
    Some(Role { principal: Principal::parse(&role.arn)?, stack: iam::app::stack_of_role(app, role) })
}

/// Whether the role may make the write: `None` when not, else what that depends on. A role that is not declared here may.
fn may_write(app: &App, role: Option<&Role>, write: &Write, arn: &str) -> Option<Option<String>> {
    let Some(role) = role else { return Some(Some("if the function's role, which is not declared here, may".to_owned())) };
    let (action, resource) = match (write.service.as_str(), write.operation.as_str()) {
        ("s3", _) => ("s3:PutObject".to_owned(), format!("{arn}/x")),
        ("lambda", _) => ("lambda:InvokeFunction".to_owned(), arn.to_owned()),
        ("dynamodb", "TransactWriteItems") => ("dynamodb:PutItem".to_owned(), arn.to_owned()),
        ("sqs", _) => ("sqs:SendMessage".to_owned(), arn.to_owned()),
        ("sns", _) => ("sns:Publish".to_owned(), arn.to_owned()),
        (service, operation) => (format!("{service}:{operation}"), arn.to_owned()),
    };
    // Of an object's key only the constant beginning is known: any key will do.
    let resources = match write.texts.iter().find(|text| text.path == ["Key"]) {
        Some(key) if write.service == "s3" => vec![format!("{arn}/{}", key.pattern.replace('*', "x")), resource],
        _ => vec![resource],
    };
    let mut stack = role.stack.clone();
    if write.service != "lambda" {
        stack = stack.with_resource(iam::app::resource_policy(app, arn));
    }
    let mut depends = None;
    for resource in resources {
        let request = Request::new(role.principal.clone(), action.clone(), resource).with_context(Context::open()).owned_by(&*app.account);
        let decision = iam::decide(&request, &stack);
        match decision.outcome {
            Outcome::Allowed => return Some(None),
            Outcome::Depends => {
                let says: Vec<String> = decision.residual.iter().map(|residue| residue.says.clone()).collect();
                depends = depends.or(Some(format!("if its role may {action}: {}", says.join("; "))));
            }
            Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied => {}
        }
    }
    depends.map(Some)
}

/// Who outside the application may write to a resource: by its own policy.
pub fn open_to(app: &App, arn: &str) -> Option<(Who, Step, Option<String>)> {
    let (action, object) = match arn.split(':').nth(2)? {
        "s3" => ("s3:PutObject", "/x"),
        "sqs" => ("sqs:SendMessage", ""),
        "sns" => ("sns:Publish", ""),
        "events" => ("events:PutEvents", ""),
        _ => return None,
    };
    let resource = app.by_arn(arn)?;
    let name = &resource.id.logical;
    if resource.properties.get("AccessControl").and_then(Node::str) == Some("PublicReadWrite") {
        let says = format!("{} may write to {name}", Who::Anyone.says());
        return Some((Who::Anyone, Step { says, place: resource.place.clone() }, None));
    }
    let policy = iam::app::resource_policy(app, arn)?;
    let somebody = Principal::User { arn: format!("arn:aws:iam::{}:user/anyone", grants::STRANGER) };
    for (principal, who) in [(Principal::Anonymous, Who::Anyone), (somebody, Who::Stranger)] {
        let stack = grants::own_account(Some(policy.clone()));
        let request = Request::new(principal, action, format!("{arn}{object}")).with_context(grants::stranger()).owned_by(&*app.account);
        let decision = iam::decide(&request, &stack);
        if decision.outcome != Outcome::Allowed {
            continue;
        }
        let place = decision.matched.first().map_or_else(|| resource.place.clone(), |found| found.statement.place.clone());
        let block = resource.properties.get("PublicAccessBlockConfiguration");
        let on = |key: &str| block.and_then(|block| block.get(key)).and_then(Node::bool) == Some(true);
        if on("BlockPublicPolicy") || on("RestrictPublicBuckets") {
            return None;
        }
        let condition = (action == "s3:PutObject" && block.is_none()).then(|| "if the bucket lets public policies count".to_owned());
        return Some((who, Step { says: format!("{} may write to {name}", who.says()), place }, condition));
    }
    None
}

fn links(app: &App) -> Vec<Link> {
    let mut links = Vec::new();
    mappings(app, &mut links);
    notifications(app, &mut links);
    subscriptions(app, &mut links);
    rules(app, &mut links);
    machines(app, &mut links);
    links
}

fn to(app: &App, arn: &str) -> To {
    doors::named(app, arn).map_or_else(|| To::Channel(arn.to_owned()), |function| To::Function(function.id.clone()))
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|part| (*part).to_owned()).collect()
}

/// Event source mappings.
fn mappings(app: &App, links: &mut Vec<Link>) {
    for mapping in app.of_kind("AWS::Lambda::EventSourceMapping") {
        let p = &mapping.properties;
        let (Some(source), Some(function)) = (p.get("EventSourceArn").and_then(Node::scalar), p.get("FunctionName").and_then(Node::scalar))
        else {
            continue;
        };
        let (Some(function), true) = (doors::named(app, &function), p.get("Enabled").and_then(Node::bool) != Some(false)) else { continue };
        // A table's stream has the table's ARN before its own name.
        let from = source.split_once("/stream/").map_or(source.as_str(), |(table, _)| table).to_owned();
        let find: fn(&[&str]) -> Option<Vec<String>> = match source.split(':').nth(2) {
            Some("sqs") => |path| match path {
                ["body", rest @ ..] => Some([owned(&["MessageBody"]), owned(rest)].concat()),
                ["messageAttributes", name, ..] => Some(owned(&["MessageAttributes", name])),
                _ => None,
            },
            Some("dynamodb") => |path| match path {
                ["dynamodb", "NewImage", rest @ .., _type] => Some([owned(&["Item"]), owned(rest)].concat()),
                _ => None,
            },
            _ => |path| match path {
                ["data", rest @ ..] => Some([owned(&["Data"]), owned(rest)].concat()),
                _ => None,
            },
        };
        let filters = p.at(&["FilterCriteria", "Filters"]).map(Node::items).unwrap_or_default();
        let read = |node: &Node| {
            let text = node.get("Pattern").and_then(Node::str)?;
            Some(Node::from_json(&serde_json::from_str(text).ok()?, &node.place))
        };
        let patterns: Option<Vec<Node>> = filters.iter().map(read).collect();
        let filter = match patterns {
            _ if p.get("FilterCriteria").is_none() => Filter::Everything,
            Some(patterns) if !patterns.is_empty() => Filter::Pattern(patterns, find),
            _ => Filter::Unknown,
        };
        links.push(Link { from, to: To::Function(function.id.clone()), place: mapping.place.clone(), filter, raw: false });
    }
}

/// S3 notifications.
fn notifications(app: &App, links: &mut Vec<Link>) {
    for bucket in app.of_kind("AWS::S3::Bucket") {
        let (Some(arn), Some(notify)) = (&bucket.arn, bucket.properties.get("NotificationConfiguration")) else { continue };
        for (list, target) in [("LambdaConfigurations", "Function"), ("QueueConfigurations", "Queue"), ("TopicConfigurations", "Topic")] {
            for one in notify.get(list).map(Node::items).unwrap_or_default() {
                let Some(target) = one.get(target).and_then(Node::scalar) else { continue };
                let events = one.get("Event").map(Node::one_or_many).unwrap_or_default().iter().filter_map(Node::scalar).collect();
                let rules = one.at(&["Filter", "S3Key", "Rules"]).map(Node::items).unwrap_or_default();
                let rule = |name: &str| {
                    let named = |rule: &&Node| rule.get("Name").and_then(Node::str).is_some_and(|n| n.eq_ignore_ascii_case(name));
                    rules.iter().find(named).and_then(|rule| rule.get("Value")).cloned()
                };
                let filter = Filter::S3(events, rule("prefix"), rule("suffix"));
                links.push(Link { from: arn.clone(), to: to(app, &target), place: one.place.clone(), filter, raw: false });
            }
        }
        if let Some(bridge) = notify.get("EventBridgeConfiguration")
            && let Some(bus) = channel(app, "events", "default")
        {
            links.push(Link {
                from: arn.clone(),
                to: To::Channel(bus),
                place: bridge.place.clone(),
                filter: Filter::Everything,
                raw: false,
            });
        }
    }
}

/// SNS subscriptions.
fn subscriptions(app: &App, links: &mut Vec<Link>) {
    let mut add = |topic: &str, one: &Node, place: &Place| {
        let Some(endpoint) = one.get("Endpoint").and_then(Node::scalar) else { return };
        if !matches!(one.get("Protocol").and_then(Node::str), Some("lambda" | "sqs")) {
            return;
        }
        let find: fn(&[&str]) -> Option<Vec<String>> = match one.get("FilterPolicyScope").and_then(Node::str) {
            Some("MessageBody") => |path| Some([owned(&["Message"]), owned(path)].concat()),
            _ => |path| Some([owned(&["MessageAttributes"]), owned(path)].concat()),
        };
        let filter = one.get("FilterPolicy").map_or(Filter::Everything, |policy| Filter::Pattern(vec![policy.clone()], find));
        let raw = one.get("RawMessageDelivery").and_then(Node::bool) == Some(true);
        links.push(Link { from: topic.to_owned(), to: to(app, &endpoint), place: place.clone(), filter, raw });
    };
    for subscription in app.of_kind("AWS::SNS::Subscription") {
        if let Some(topic) = subscription.properties.get("TopicArn").and_then(Node::scalar) {
            add(&topic, &subscription.properties, &subscription.place);
        }
    }
    for topic in app.of_kind("AWS::SNS::Topic") {
        let Some(arn) = &topic.arn else { continue };
        for one in topic.properties.get("Subscription").map(Node::items).unwrap_or_default() {
            add(arn, one, &one.place);
        }
    }
}

/// EventBridge rules.
fn rules(app: &App, links: &mut Vec<Link>) {
    for rule in app.of_kind("AWS::Events::Rule") {
        let p = &rule.properties;
        let Some(pattern) = p.get("EventPattern").filter(|_| p.get("State").and_then(Node::str) != Some("DISABLED")) else { continue };
        let bus = p.get("EventBusName").map_or_else(|| Some("default".to_owned()), Node::scalar);
        let Some(from) = bus.and_then(|bus| channel(app, "events", &bus)) else { continue };
        let find: fn(&[&str]) -> Option<Vec<String>> = |path| match path {
            ["source"] => Some(owned(&["Source"])),
            ["detail-type"] => Some(owned(&["DetailType"])),
            ["detail", rest @ ..] => Some([owned(&["Detail"]), owned(rest)].concat()),
            _ => None,
        };
        for target in p.get("Targets").map(Node::items).unwrap_or_default() {
            let constant = target.get("Input").is_some();
            let Some(arn) = target.get("Arn").and_then(Node::scalar).filter(|_| !constant) else { continue };
            let filter = Filter::Pattern(vec![pattern.clone()], find);
            links.push(Link { from: from.clone(), to: to(app, &arn), place: rule.place.clone(), filter, raw: false });
        }
    }
}

/// Functions whose ARN stands somewhere in a text. There may be many of both: the text is searched once, for what all ARNs of
/// functions hold.
fn named_in<'a>(app: &'a App, text: &str) -> impl Iterator<Item = &'a Function> {
    const MARK: &str = ":function:";
    let marks: Vec<usize> = text.match_indices(MARK).map(|(at, _)| at).collect();
    app.aws().functions.values().filter(move |function| match function.arn.find(MARK) {
        Some(before) => marks.iter().any(|at| {
            let whole = at.checked_sub(before).and_then(|start| text.get(start..));
            whole.is_some_and(|whole| whole.starts_with(&function.arn))
        }),
        None => text.contains(&function.arn),
    })
}

/// State machines: the functions that a definition names get what it is started with, if it hands that on.
fn machines(app: &App, links: &mut Vec<Link>) {
    for machine in app.of_kind("AWS::StepFunctions::StateMachine") {
        let Some(arn) = &machine.arn else { continue };
        let definition = format!("{:?}{:?}", machine.properties.get("DefinitionString"), machine.properties.get("Definition"));
        for function in named_in(app, &definition) {
            links.push(Link {
                from: arn.clone(),
                to: To::Function(function.id.clone()),
                place: machine.place.clone(),
                filter: Filter::Unknown,
                raw: false,
            });
        }
    }
    // Who invokes a function hands it its event.
    for function in app.aws().functions.values() {
        let filter = Filter::Everything;
        links.push(Link {
            from: function.arn.clone(),
            to: To::Function(function.id.clone()),
            place: function.place.clone(),
            filter,
            raw: false,
        });
    }
}
