//! Tables, layers, state machines and nested applications of SAM.

use super::make::{Put as _, attribute, list, map, text, trust};
use super::{Work, suffix, tags};
use model::{Kind, Member, Node};

impl Work<'_> {
    /// `AWS::Serverless::SimpleTable`: a table with one key, on demand unless throughput is given.
    pub(super) fn simple_table(&mut self, member: &Member, p: &Node) {
        let place = &member.key_place;
        let key = p.get("PrimaryKey");
        let name = key.and_then(|key| key.get("Name")).cloned().unwrap_or_else(|| text("id", place));
        let kind = match key.and_then(|key| key.get("Type")).and_then(Node::str) {
            Some("Number") => "N",
            Some("Binary") => "B",
            _ => "S",
        };
        let schema = map([("AttributeName", name.clone()), ("KeyType", text("HASH", place))], place);
        let definition = map([("AttributeName", name), ("AttributeType", text(kind, place))], place);
        let mut properties =
            map([("KeySchema", list(vec![schema], place)), ("AttributeDefinitions", list(vec![definition], place))], &p.place);
        match p.get("ProvisionedThroughput") {
            Some(throughput) => properties.put("ProvisionedThroughput", throughput.clone()),
            None => properties.put("BillingMode", text("PAY_PER_REQUEST", place)),
        }
        for key in ["TableName", "SSESpecification", "PointInTimeRecoverySpecification"] {
            properties.put_some(key, p.get(key).cloned());
        }
        if p.get("Tags").is_some() {
            properties.put("Tags", list(tags(p.get("Tags"), place), place));
        }
        self.replace(&member.value, &member.key, "AWS::DynamoDB::Table", properties, place);
    }

    /// `AWS::Serverless::LayerVersion`: its logical id changes with its content, as in the real transform.
    pub(super) fn layer(&mut self, member: &Member, p: &Node) {
        let place = &member.key_place;
        let logical = format!("{}{}", member.key, suffix(&p.json().to_string()));
        let mut properties = map([], &p.place);
        let name = p.get("LayerName").cloned().unwrap_or_else(|| text(member.key.as_str(), place));
        properties.put("LayerName", name);
        for key in ["Description", "CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo"] {
            properties.put_some(key, p.get(key).cloned());
        }
        if let Some(uri) = p.get("ContentUri") {
            let content = self.location(uri);
            properties.put("Content", content);
        }
        self.references.insert(member.key.clone(), logical.clone());
        let mut written = member.value.clone();
        let policy = p.get("RetentionPolicy").and_then(|policy| self.text(policy)).unwrap_or_else(|| "Retain".to_owned());
        if p.get("RetentionPolicy").is_some() || written.get("DeletionPolicy").is_none() {
            written.put("DeletionPolicy", text(policy, place));
        }
        self.replace(&written, &logical, "AWS::Lambda::LayerVersion", properties, place);
    }

    /// `AWS::Serverless::StateMachine`: the state machine and its role.
    pub(super) fn state_machine(&mut self, member: &Member, p: &Node) {
        let (logical, place) = (member.key.as_str(), &member.key_place);
        let mut properties = map([], &p.place);
        for (from, to) in [
            ("Name", "StateMachineName"),
            ("Type", "StateMachineType"),
            ("Logging", "LoggingConfiguration"),
            ("Tracing", "TracingConfiguration"),
            ("DefinitionSubstitutions", "DefinitionSubstitutions"),
            ("Role", "RoleArn"),
            ("Definition", "Definition"),
        ] {
            properties.put_some(to, p.get(from).cloned());
        }
        if let Some(uri) = p.get("DefinitionUri") {
            match self.local_document(uri) {
                Some(definition) => properties.put("Definition", definition),
                None => properties.put("DefinitionS3Location", uri.clone()),
            }
        }
        let mut all = vec![map([("Key", text("stateMachine:createdBy", place)), ("Value", text("SAM", place))], place)];
        all.extend(tags(p.get("Tags"), place));
        properties.put("Tags", list(all, place));
        let own_role = p.get("Role").is_none();
        if own_role {
            properties.put("RoleArn", attribute(&format!("{logical}Role"), "Arn", place));
        }
        self.replace(&member.value, logical, "AWS::StepFunctions::StateMachine", properties, place);
        if own_role {
            let traced = p.at(&["Tracing", "Enabled"]).and_then(Node::bool) == Some(true);
            let arns = traced.then(|| text("arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess", place)).into_iter().collect();
            self.role(logical, trust("states.amazonaws.com", place), p, (arns, Vec::new()), place);
        }
        for event in p.get("Events").map(Node::members).unwrap_or_default() {
            let says = format!("the event {} of {logical} is not expanded: what starts the state machine is not assessed", event.key);
            self.trouble(says, &event.key_place, "write the rule or route and its role out");
        }
    }

    /// `AWS::Serverless::Application`: a nested stack.
    pub(super) fn nested_application(&mut self, member: &Member, p: &Node) {
        let place = &member.key_place;
        let mut properties = map([], &p.place);
        for (from, to) in [("Location", "TemplateURL"), ("Parameters", "Parameters"), ("NotificationARNs", "NotificationARNs")] {
            properties.put_some(to, p.get(from).cloned());
        }
        if matches!(p.get("Location").map(|location| &location.kind), Some(Kind::Map(_)) | None) {
            let says = format!("the application {} comes from a repository and is not assessed", member.key);
            self.trouble(says, place, "read its template together with this one");
        }
        self.replace(&member.value, &member.key, "AWS::CloudFormation::Stack", properties, place);
    }
}
