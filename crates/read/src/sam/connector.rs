//! `AWS::Serverless::Connector`, also embedded as `Connectors` of a resource (AWS SAM Developer Guide, "Managing resource
//! permissions with connectors"): permissions from one resource to another. Which permissions there are between which types
//! is data of `aws-sam-translator` (Apache-2.0, see NOTICE), written by `cargo run -p xtask -- connectors`.

use super::make::{Put as _, given, is_map, list, map, reference, set, text};
use super::{Work, kind_of};
use model::{Kind, Member, Node, Place};
use serde_json::Value;
use std::sync::LazyLock;

static PROFILES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/connectors.json")).unwrap_or(Value::Null));

/// One end of a connector.
struct End {
    logical: Option<String>,
    kind: String,
    arn: Option<Node>,
    role_name: Option<Node>,
    queue_url: Option<Node>,
    resource_id: Option<Node>,
    name: Option<Node>,
    qualifier: Option<Node>,
}

impl Work<'_> {
    /// Makes a connector of each entry of `Connectors` of a resource.
    pub(super) fn embedded_connectors(&mut self) {
        let mut made = Vec::new();
        let mut refused = Vec::new();
        for member in &mut self.declared {
            let Some(connectors) = member.value.take("Connectors") else { continue };
            if !is_map(&connectors) {
                refused.push((format!("Connectors of {} must be a mapping", member.key), connectors.place.clone()));
            }
            for connector in connectors.members() {
                let place = &connector.key_place;
                let Some(properties) = connector.value.get("Properties").filter(|p| is_map(p)) else {
                    refused.push((format!("the connector {} of {} wants Properties", connector.key, member.key), place.clone()));
                    continue;
                };
                let mut properties = properties.clone();
                let mut source = map([("Id", text(member.key.as_str(), place))], place);
                if let Some(more) = properties.take("SourceReference") {
                    if !is_map(&more) || more.get("Id").is_some() {
                        refused.push((format!("SourceReference of {} must be a mapping without Id", connector.key), place.clone()));
                    }
                    more.members().iter().for_each(|member| source.put(&member.key, member.value.clone()));
                }
                properties.put("Source", source);
                let mut value = connector.value.clone();
                value.put("Type", text("AWS::Serverless::Connector", place));
                value.put("Properties", properties);
                made.push(Member { key: format!("{}{}", member.key, connector.key), key_place: place.clone(), value });
            }
        }
        for (says, place) in refused {
            self.refuse(says, &place);
        }
        for connector in made {
            match self.declared.iter().any(|member| member.key == connector.key) {
                true => self.refuse(format!("the logical id {} is needed for a connector and taken", connector.key), &connector.key_place),
                false => self.declared.push(connector),
            }
        }
    }

    pub(super) fn connector(&mut self, member: &Member, p: &Node) {
        let attributes = self.own_attributes();
        let after: Vec<String> =
            member.value.get("DependsOn").map(Node::one_or_many).unwrap_or_default().iter().filter_map(Node::scalar).collect();
        let made = self.connect(&member.key, p, &attributes, &after, &member.key_place);
        // Who waits for the connector waits for what it became.
        for resource in &mut self.resources {
            let Some(known) = resource.value.get("DependsOn").map(Node::one_or_many) else { continue };
            if known.iter().any(|id| id.str() == Some(member.key.as_str())) {
                let mut all: Vec<Node> = known.iter().filter(|id| id.str() != Some(member.key.as_str())).cloned().collect();
                let place = resource.value.place.clone();
                for id in &made {
                    if !all.iter().any(|known| known.str() == Some(id.as_str())) {
                        all.push(text(id.as_str(), &place));
                    }
                }
                resource.value.put("DependsOn", list(all, &place));
            }
        }
    }

    /// What a connector becomes; gives the logical ids.
    pub(super) fn connect(&mut self, id: &str, p: &Node, attributes: &[Member], after: &[String], place: &Place) -> Vec<String> {
        let (Some(source), Some(destinations)) = (given(p, "Source"), given(p, "Destination")) else { return Vec::new() };
        let several = matches!(destinations.kind, Kind::List(_));
        let mut made = Vec::new();
        if destinations.one_or_many().is_empty() {
            self.refuse(format!("the connector {id} has no destination"), place);
        }
        for (at, destination) in destinations.one_or_many().iter().enumerate() {
            let end = if several { format!("Destination{at}") } else { String::new() };
            match self.ends(source, destination).and_then(|(from, to)| self.permissions(id, p, from, to, &end, place)) {
                Ok(all) => {
                    for (made_id, kind, properties, metadata) in all {
                        let mut kept = attributes.to_vec();
                        kept.retain(|member| member.key != "Metadata");
                        let passed = std::mem::replace(&mut self.attributes, kept);
                        self.generate_after(&made_id, kind, properties, after, place);
                        self.attributes = passed;
                        if let Some(node) = self.output(&made_id) {
                            let mut all =
                                attributes.iter().find(|m| m.key == "Metadata").map_or_else(|| map([], place), |m| m.value.clone());
                            all.put("aws:sam:connectors", metadata);
                            node.put("Metadata", all);
                        }
                        made.push(made_id);
                    }
                }
                Err(says) => self.refuse(format!("the connector {id}: {says}"), place),
            }
        }
        made
    }

    fn ends(&self, source: &Node, destination: &Node) -> Result<(End, End), String> {
        Ok((self.end(source, destination)?, self.end(destination, source)?))
    }

    /// A resource by its logical id, or by the properties that name it.
    fn end(&self, written: &Node, other: &Node) -> Result<End, String> {
        let has_id = written.get("Id").is_some();
        let has_more = written.members().iter().any(|member| !matches!(member.key.as_str(), "Id" | "Qualifier"));
        if has_id == has_more {
            return Err("an end wants Id (with Qualifier), or other properties".to_owned());
        }
        let own = |key: &str| given(written, key).cloned();
        let Some(id) = set(written, "Id") else {
            let kind = set(written, "Type").and_then(Node::str).ok_or("an end lacks its Type")?;
            let kind = match kind {
                "AWS::Serverless::Function" => "AWS::Lambda::Function",
                "AWS::Serverless::StateMachine" => "AWS::StepFunctions::StateMachine",
                "AWS::Serverless::Api" => "AWS::ApiGateway::RestApi",
                "AWS::Serverless::HttpApi" => "AWS::ApiGatewayV2::Api",
                "AWS::Serverless::SimpleTable" => "AWS::DynamoDB::Table",
                other => other,
            };
            return Ok(End {
                logical: None,
                kind: kind.to_owned(),
                arn: own("Arn"),
                role_name: own("RoleName"),
                queue_url: own("QueueUrl"),
                resource_id: own("ResourceId"),
                name: own("Name"),
                qualifier: own("Qualifier"),
            });
        };
        let id = id.str().ok_or("the Id of an end must be a text")?;
        let resource = self.resources.iter().find(|member| member.key == id).map(|member| &member.value);
        let resource = resource.ok_or_else(|| format!("there is no resource {id}"))?;
        let kind = kind_of(resource);
        let place = &written.place;
        let named = PROFILES.get("CfnResourceProperties").and_then(|all| all.get(kind)).cloned().unwrap_or(Value::Null);
        let logical = text(id, place);
        let outputs = named.get("Outputs");
        let output = |key: &str| {
            let node = Node::from_json(outputs?.get(key)?, place);
            replaced(&node, &[("logicalId", Some(logical.clone()))]).ok()
        };
        let role = match named.get("Inputs").and_then(|inputs| inputs.get("Role")) {
            Some(Value::String(property)) => resource.at(&["Properties", property]).cloned(),
            Some(Value::Object(_)) => rule_role(resource, other),
            _ => None,
        };
        Ok(End {
            logical: Some(id.to_owned()),
            kind: kind.to_owned(),
            arn: output("Arn"),
            role_name: role.as_ref().and_then(super::make::logical_id).map(|id| reference(id, place)),
            queue_url: output("Url"),
            resource_id: output("Id"),
            name: output("Name"),
            qualifier: written.get("Qualifier").cloned().or_else(|| output("Qualifier")),
        })
    }

    /// Logical id, type, properties and metadata of what a pair of ends becomes.
    fn permissions(
        &mut self,
        id: &str,
        p: &Node,
        source: End,
        destination: End,
        end: &str,
        place: &Place,
    ) -> Result<Vec<(String, &'static str, Node, Node)>, String> {
        let profile = PROFILES.get("Permissions").and_then(|all| all.get(&source.kind)).and_then(|all| all.get(&destination.kind));
        let profile = profile.ok_or_else(|| format!("there is none from {} to {}", source.kind, destination.kind))?;
        let kind = profile.get("Type").and_then(Value::as_str).unwrap_or_default();
        let properties = profile.get("Properties").cloned().unwrap_or(Value::Null);
        let wanted = wanted(p, &properties)?;
        let values = [
            ("Source.Arn", source.arn.clone()),
            ("Destination.Arn", destination.arn.clone()),
            ("Source.ResourceId", source.resource_id.clone()),
            ("Destination.ResourceId", destination.resource_id.clone()),
            ("Source.Name", source.name.clone()),
            ("Destination.Name", destination.name.clone()),
            ("Source.Qualifier", source.qualifier.clone()),
            ("Destination.Qualifier", destination.qualifier.clone()),
        ];
        let filled = replaced(&Node::from_json(&properties, place), &values)?;
        let owner = if filled.get("SourcePolicy").and_then(Node::bool) == Some(true) { &source } else { &destination };
        let categories = filled.get("AccessCategories").map(Node::members).unwrap_or_default();
        let categories: Vec<&Member> = categories.iter().filter(|category| wanted.contains(&category.key)).collect();
        let statements = categories.iter().flat_map(|c| c.value.get("Statement").map(Node::items).unwrap_or_default()).cloned().collect();
        let document = map([("Version", text("2012-10-17", place)), ("Statement", list(statements, place))], place);
        let metadata = self.connector_metadata(id, &source, &destination, place);
        let missing = |what: &str| format!("{what} of {} is not known", owner.logical.as_deref().unwrap_or(&owner.kind));
        let one = match kind {
            "AWS_IAM_ROLE_MANAGED_POLICY" => {
                let role = owner.role_name.clone().ok_or_else(|| missing("the role"))?;
                let made = format!("{id}Policy{end}");
                self.depended(&filled, &source, &destination, &made);
                let policy = map([("PolicyDocument", document), ("Roles", list(vec![role], place))], place);
                (made, "AWS::IAM::ManagedPolicy", policy, metadata)
            }
            "AWS_SQS_QUEUE_POLICY" => {
                let url = owner.queue_url.clone().ok_or_else(|| missing("the URL"))?;
                let policy = map([("PolicyDocument", document), ("Queues", list(vec![url], place))], place);
                (format!("{id}QueuePolicy{end}"), "AWS::SQS::QueuePolicy", policy, metadata)
            }
            "AWS_SNS_TOPIC_POLICY" => {
                let arn = owner.arn.clone().ok_or_else(|| missing("the ARN"))?;
                let policy = map([("PolicyDocument", document), ("Topics", list(vec![arn], place))], place);
                (format!("{id}TopicPolicy{end}"), "AWS::SNS::TopicPolicy", policy, metadata)
            }
            _ => {
                let arn = owner.arn.clone().ok_or_else(|| missing("the ARN"))?;
                let each = categories.into_iter().map(|category| {
                    let mut permission = map([("FunctionName", arn.clone())], place);
                    for key in ["Action", "Principal", "SourceArn", "SourceAccount"] {
                        permission.put_some(key, given(&category.value, key).cloned());
                    }
                    (format!("{id}{}LambdaPermission{end}", category.key), "AWS::Lambda::Permission", permission, metadata.clone())
                });
                return Ok(each.collect());
            }
        };
        Ok(vec![one])
    }

    /// The types at both ends, as the template wrote them.
    fn connector_metadata(&self, id: &str, source: &End, destination: &End, place: &Place) -> Node {
        let kind = |end: &End| {
            let written = end.logical.as_deref().and_then(|id| self.declared(id)).map(kind_of);
            map([("Type", text(written.unwrap_or(&end.kind), place))], place)
        };
        map([(id, map([("Source", kind(source)), ("Destination", kind(destination))], place))], place)
    }

    /// What can only be deployed once the policy is there.
    fn depended(&mut self, profile: &Node, source: &End, destination: &End, policy: &str) {
        let waiting = match (profile.get("DependedBy").and_then(Node::str), &source.logical, &destination.logical) {
            (Some("SOURCE"), Some(source), _) => Some(source.clone()),
            (Some("DESTINATION_EVENT_SOURCE_MAPPING"), Some(source), Some(function)) => {
                let names = |node: &Node, key: &str, id: &str| node.at(&["Properties", key]).and_then(super::make::logical_id) == Some(id);
                let mut found = self.resources.iter().filter(|member| {
                    kind_of(&member.value) == "AWS::Lambda::EventSourceMapping"
                        && names(&member.value, "FunctionName", function)
                        && names(&member.value, "EventSourceArn", source)
                });
                let first = found.next().map(|member| member.key.clone());
                first.filter(|_| found.next().is_none())
            }
            _ => None,
        };
        if let Some(node) = waiting.and_then(|id| self.output(&id)) {
            let place = node.place.clone();
            let mut all = node.get("DependsOn").map(Node::one_or_many).unwrap_or_default().to_vec();
            if !all.iter().any(|id| id.str() == Some(policy)) {
                all.push(text(policy, &place));
            }
            node.put("DependsOn", list(all, &place));
        }
    }
}

/// The permissions that a connector asks for, where the profile has them.
fn wanted(p: &Node, profile: &Value) -> Result<Vec<String>, String> {
    let mut wanted: Vec<String> = p.get("Permissions").map(Node::items).unwrap_or_default().iter().filter_map(Node::scalar).collect();
    wanted.sort();
    wanted.dedup();
    let known = profile.get("AccessCategories").and_then(Value::as_object);
    if wanted.is_empty() || wanted.iter().any(|one| !known.is_some_and(|known| known.contains_key(one))) {
        let known: Vec<&str> = known.into_iter().flat_map(|known| known.keys()).map(String::as_str).collect();
        return Err(format!("Permissions must be among {}", known.join(", ")));
    }
    if let Some(Value::Array(combinations)) = profile.get("ValidAccessCategories") {
        let is_allowed = combinations.iter().filter_map(Value::as_array).any(|combination| {
            let mut names: Vec<&str> = combination.iter().filter_map(Value::as_str).collect();
            names.sort_unstable();
            names == wanted
        });
        if !is_allowed {
            return Err("this combination of Permissions is not supported".to_owned());
        }
    }
    Ok(wanted)
}

/// The role with which a rule calls the other end.
fn rule_role(rule: &Node, other: &Node) -> Option<Node> {
    let targets = rule.at(&["Properties", "Targets"]).map(Node::items).unwrap_or_default();
    let id = other.get("Id").and_then(Node::str);
    let found = targets.iter().find(|target| {
        let Some(arn) = target.get("Arn") else { return false };
        let named = super::make::logical_id(arn);
        named.is_some() && named == id || other.get("Arn").is_some_and(|other| other.json() == arn.json())
    });
    found?.get("RoleArn").cloned()
}

/// `%{Source.Arn}` and the like, replaced in every text of a tree.
fn replaced(node: &Node, values: &[(&str, Option<Node>)]) -> Result<Node, String> {
    let place = &node.place;
    let kind = match &node.kind {
        Kind::String(written) => return in_text(written, values, place),
        Kind::List(items) => Kind::List(items.iter().map(|item| replaced(item, values)).collect::<Result<_, _>>()?),
        Kind::Map(members) => Kind::Map(
            members
                .iter()
                .map(|member| Ok(Member { value: replaced(&member.value, values)?, ..member.clone() }))
                .collect::<Result<_, String>>()?,
        ),
        other => other.clone(),
    };
    Ok(Node::new(kind, place.clone()))
}

fn in_text(written: &str, values: &[(&str, Option<Node>)], place: &Place) -> Result<Node, String> {
    let (mut out, mut variables) = (written.to_owned(), map([], place));
    for (name, value) in values {
        let mark = format!("%{{{name}}}");
        if !out.contains(&mark) {
            continue;
        }
        let value = value.as_ref().ok_or_else(|| format!("{name} is not known"))?;
        if out == mark {
            return Ok(value.clone());
        }
        let variable: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        out = out.replace(&mark, &format!("${{{variable}}}"));
        variables.put(&variable, value.clone());
    }
    if !out.contains("${") {
        return Ok(text(out, place));
    }
    match variables.members().is_empty() {
        true => Ok(super::make::sub(out, place)),
        false => Ok(map([("Fn::Sub", list(vec![text(out, place), variables], place))], place)),
    }
}
