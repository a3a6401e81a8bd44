//! Tables, layers and nested applications of SAM.

use super::make::{Put as _, copy, given, is_function, is_map, list, map, set, text};
use super::{Work, letters, tags};
use model::{Member, Node};

impl Work<'_> {
    /// `AWS::Serverless::SimpleTable`: a table with one key, on demand unless throughput is given.
    pub(super) fn simple_table(&mut self, member: &Member, p: &Node) {
        let place = &member.key_place;
        let key = set(p, "PrimaryKey");
        let name = key.and_then(|key| given(key, "Name")).cloned().unwrap_or_else(|| text("id", place));
        let kind = match key.map(|key| key.get("Type").and_then(Node::str)) {
            None | Some(Some("String")) => "S",
            Some(Some("Number")) => "N",
            Some(Some("Binary")) => "B",
            _ => {
                self.refuse(format!("the Type of the PrimaryKey of {} must be String, Number or Binary", member.key), place);
                "S"
            }
        };
        if key.is_some_and(|key| given(key, "Name").is_none()) {
            self.refuse(format!("the PrimaryKey of {} wants a Name", member.key), place);
        }
        let schema = map([("AttributeName", name.clone()), ("KeyType", text("HASH", place))], place);
        let definition = map([("AttributeName", name), ("AttributeType", text(kind, place))], place);
        let mut properties =
            map([("KeySchema", list(vec![schema], place)), ("AttributeDefinitions", list(vec![definition], place))], &p.place);
        match set(p, "ProvisionedThroughput") {
            Some(throughput) => properties.put("ProvisionedThroughput", throughput.clone()),
            None => properties.put("BillingMode", text("PAY_PER_REQUEST", place)),
        }
        for key in ["TableName", "SSESpecification", "PointInTimeRecoverySpecification"] {
            properties.put_some(key, set(p, key).cloned());
        }
        if set(p, "Tags").is_some() {
            properties.put("Tags", list(tags::list(p.get("Tags"), place), place));
        }
        self.replace(&member.value, &member.key, "AWS::DynamoDB::Table", properties, place);
    }

    /// `AWS::Serverless::LayerVersion`: its logical id changes with its content.
    pub(super) fn layer(&mut self, member: &Member, p: &Node) {
        let place = &member.key_place;
        let mut p = p.clone();
        for key in ["LayerName", "LicenseInfo", "Description", "RetentionPolicy"] {
            let Some(value) = given(&p, key) else { continue };
            let known = self.resolved(value);
            if known.str().is_none() && !is_function(&known) {
                self.refuse(format!("{key} of {} must be a text", member.key), &known.place);
            }
            p.put(key, known);
        }
        let logical = self.layer_id(member, &p);
        let mut properties = map([], &p.place);
        properties.put("LayerName", set(&p, "LayerName").cloned().unwrap_or_else(|| text(member.key.as_str(), place)));
        copy(&mut properties, &p, &["Description", "CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo"]);
        if let Some(uri) = given(&p, "ContentUri") {
            let content = self.location(uri);
            properties.put("Content", content);
        }
        let architectures = given(&p, "CompatibleArchitectures").map(Node::items).unwrap_or_default();
        if architectures.iter().any(|one| !is_function(one) && !matches!(one.str(), Some("arm64" | "x86_64"))) {
            self.refuse(format!("CompatibleArchitectures of {} are arm64 and x86_64", member.key), place);
        }
        self.renamed.insert(member.key.clone(), logical.clone());
        let kept = member.value.members().iter().filter(|m| super::PASSED.contains(&m.key.as_str()) || m.key == "DependsOn");
        let mut written = Node::new(model::Kind::Map(kept.cloned().collect()), member.value.place.clone());
        let policy = given(&p, "RetentionPolicy").map(|policy| match policy.str().map(str::to_lowercase).as_deref() {
            Some("retain") => Some("Retain"),
            Some("delete") => Some("Delete"),
            _ => None,
        });
        match policy {
            Some(Some(policy)) => written.put("DeletionPolicy", text(policy, place)),
            Some(None) => self.refuse(format!("RetentionPolicy of {} must be Retain or Delete", member.key), place),
            None => {}
        }
        if written.get("DeletionPolicy").is_none() {
            written.put("DeletionPolicy", text("Retain", place));
        }
        self.replace(&written, &logical, "AWS::Lambda::LayerVersion", properties, place);
    }

    /// The letters come from all that is written of the layer, without the attributes that generated resources share.
    fn layer_id(&self, member: &Member, p: &Node) -> String {
        let place = &member.key_place;
        let written = member.value.members().iter();
        let kept = written.filter(|m| matches!(m.key.as_str(), "DependsOn" | "Condition" | "UpdatePolicy")).cloned();
        let mut all = Node::new(model::Kind::Map(kept.collect()), place.clone());
        all.put("Type", text("AWS::Serverless::LayerVersion", place));
        all.put("Properties", p.clone());
        letters::logical_id(&member.key, &serde_json::json!({ member.key.clone(): all.json() }))
    }

    /// `AWS::Serverless::Application`: a nested stack.
    pub(super) fn nested_application(&mut self, member: &Member, p: &Node) {
        let place = &member.key_place;
        let mut properties = map([], &p.place);
        copy(&mut properties, p, &["Parameters", "NotificationARNs", "TimeoutInMinutes"]);
        let mut all = vec![map([("Key", text("lambda:createdBy", place)), ("Value", text("SAM", place))], place)];
        match p.get("Location").map(|location| (location, is_map(location) && !is_function(location))) {
            Some((location, true)) => {
                let location = self.known(location);
                for (key, tag) in [("ApplicationId", "serverlessrepo:applicationId"), ("SemanticVersion", "serverlessrepo:semanticVersion")]
                {
                    match set(&location, key) {
                        Some(value) if !is_map(value) => {
                            all.push(map([("Key", text(tag, place)), ("Value", value.clone())], place));
                        }
                        _ => self.refuse(format!("Location of {} wants {key}, known before the deployment", member.key), place),
                    }
                }
                let says = format!("the application {} comes from a repository and is not assessed", member.key);
                self.trouble(says, place, "read its template together with this one");
            }
            Some((location, false)) => properties.put("TemplateURL", location.clone()),
            None => {}
        }
        all.extend(tags::list(p.get("Tags"), place));
        properties.put("Tags", list(all, place));
        let kept = member.value.members().iter().filter(|m| super::PASSED.contains(&m.key.as_str()) || m.key == "DependsOn");
        let written = Node::new(model::Kind::Map(kept.cloned().collect()), member.value.place.clone());
        self.replace(&written, &member.key, "AWS::CloudFormation::Stack", properties, place);
    }
}
