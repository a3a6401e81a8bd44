//! `AWS::Serverless::Function` (AWS SAM Developer Guide): the function, its role, alias, URL and events.

use super::make::{Put as _, attribute, boolean, list, map, reference, text};
use super::{Work, suffix, tags};
use model::{Member, Node, Place};

/// Properties that the Lambda function has under the same name.
const SAME: [&str; 26] = [
    "FunctionName",
    "Handler",
    "Runtime",
    "Description",
    "MemorySize",
    "Timeout",
    "VpcConfig",
    "Role",
    "Environment",
    "KmsKeyArn",
    "ReservedConcurrentExecutions",
    "Layers",
    "FileSystemConfigs",
    "ImageConfig",
    "PackageType",
    "Architectures",
    "SnapStart",
    "EphemeralStorage",
    "CodeSigningConfigArn",
    "RuntimeManagementConfig",
    "LoggingConfig",
    "RecursiveLoop",
    "TenancyConfig",
    "DurableConfig",
    "FunctionScalingConfig",
    "PublishToLatestPublished",
];

impl Work<'_> {
    pub(super) fn function(&mut self, member: &Member, p: &Node) {
        let (logical, place) = (member.key.as_str(), &member.key_place);
        let mut properties = map([], &p.place);
        for key in SAME {
            properties.put_some(key, p.get(key).cloned());
        }
        properties.put("Code", self.code(p, place));
        let mut all_tags = vec![map([("Key", text("lambda:createdBy", place)), ("Value", text("SAM", place))], place)];
        all_tags.extend(tags(p.get("Tags"), place));
        properties.put("Tags", list(all_tags, place));
        if let Some(tracing) = p.get("Tracing").filter(|tracing| self.text(tracing).as_deref() != Some("Disabled")) {
            properties.put("TracingConfig", map([("Mode", tracing.clone())], &tracing.place));
        }
        if let Some(target) = p.at(&["DeadLetterQueue", "TargetArn"]) {
            properties.put("DeadLetterConfig", map([("TargetArn", target.clone())], &target.place));
        }
        let role = format!("{logical}Role");
        let own_role = p.get("Role").is_none();
        if own_role {
            properties.put("Role", attribute(&role, "Arn", place));
        }
        self.replace(&member.value, logical, "AWS::Lambda::Function", properties, place);
        if own_role || p.at(&["Role", "Fn::If"]).is_some() {
            self.function_role(logical, p, place);
        }
        let target = self.alias(logical, p, place);
        self.function_url(logical, p, &target);
        self.invoke_config(logical, p);
        let events = p.get("Events").map(Node::members).unwrap_or_default();
        for event in events {
            self.event(logical, &target, own_role.then_some(role.as_str()), event);
        }
    }

    /// `AutoPublishAlias`: a version and an alias. Gives what events call.
    fn alias(&mut self, logical: &str, p: &Node, place: &Place) -> Target {
        let Some(alias) = p.get("AutoPublishAlias") else {
            return Target { arn: attribute(logical, "Arn", place), name: reference(logical, place), logical: logical.to_owned() };
        };
        let Some(name) = self.text(alias) else {
            self.trouble(
                format!("the alias name of {logical} is not known"),
                &alias.place,
                "give it as text or as a parameter with a default",
            );
            return Target { arn: attribute(logical, "Arn", place), name: reference(logical, place), logical: logical.to_owned() };
        };
        let version = format!("{logical}Version{}", suffix(&p.get("CodeUri").map(|code| code.json().to_string()).unwrap_or_default()));
        let id = format!("{logical}Alias{}", name.replace('-', "D").replace('_', "U"));
        let mut properties = map([("FunctionName", reference(logical, place))], place);
        properties.put_some("Description", p.get("VersionDescription").cloned());
        self.generate(&version, "AWS::Lambda::Version", properties, &alias.place);
        if let Some(node) = self.output(&version).filter(|node| node.get("DeletionPolicy").is_none()) {
            node.put("DeletionPolicy", text("Retain", place));
        }
        let mut properties = map(
            [
                ("Name", text(name, &alias.place)),
                ("FunctionName", reference(logical, place)),
                ("FunctionVersion", attribute(&version, "Version", place)),
            ],
            place,
        );
        properties.put_some("ProvisionedConcurrencyConfig", p.get("ProvisionedConcurrencyConfig").cloned());
        self.generate(&id, "AWS::Lambda::Alias", properties, &alias.place);
        if let Some(preference) = p.get("DeploymentPreference") {
            let says = format!("the deployment preference of {logical} is not expanded: CodeDeploy's role is not assessed");
            self.trouble(says, &preference.place, "its role holds AWSCodeDeployRoleForLambda unless one is named");
        }
        self.references.insert(format!("{logical}.Version"), version);
        self.references.insert(format!("{logical}.Alias"), id.clone());
        Target { arn: reference(&id, place), name: reference(&id, place), logical: id }
    }

    fn function_url(&mut self, logical: &str, p: &Node, target: &Target) {
        let Some(config) = p.get("FunctionUrlConfig") else { return };
        let place = &config.place;
        let mut properties = map([("TargetFunctionArn", target.name.clone())], place);
        for key in ["AuthType", "Cors", "InvokeMode"] {
            properties.put_some(key, config.get(key).cloned());
        }
        self.generate(&format!("{logical}Url"), "AWS::Lambda::Url", properties, place);
        if config.get("AuthType").and_then(Node::str) != Some("NONE") {
            return;
        }
        let auth = config.get("AuthType").map_or(place, |auth| &auth.place).clone();
        let public = |action: &str, key: &str, value: Node| {
            map(
                [("Action", text(action, &auth)), ("FunctionName", target.name.clone()), ("Principal", text("*", &auth)), (key, value)],
                &auth,
            )
        };
        let by_url = public("lambda:InvokeFunctionUrl", "FunctionUrlAuthType", text("NONE", &auth));
        self.generate(&format!("{logical}UrlPublicPermissions"), "AWS::Lambda::Permission", by_url, &auth);
        let invoke = public("lambda:InvokeFunction", "InvokedViaFunctionUrl", boolean(true, &auth));
        self.generate(&format!("{logical}URLInvokeAllowPublicAccess"), "AWS::Lambda::Permission", invoke, &auth);
    }

    fn invoke_config(&mut self, logical: &str, p: &Node) {
        let Some(config) = p.get("EventInvokeConfig") else { return };
        let place = &config.place;
        let qualifier = p.get("AutoPublishAlias").and_then(|alias| self.text(alias)).unwrap_or_else(|| "$LATEST".to_owned());
        let mut properties = map([("FunctionName", reference(logical, place)), ("Qualifier", text(qualifier, place))], place);
        for key in ["MaximumEventAgeInSeconds", "MaximumRetryAttempts"] {
            properties.put_some(key, config.get(key).cloned());
        }
        let mut destinations = map([], place);
        for key in ["OnSuccess", "OnFailure"] {
            let Some(written) = config.at(&["DestinationConfig", key]) else { continue };
            let (kind, id) = match written.get("Type").and_then(Node::str) {
                Some("SNS") => ("AWS::SNS::Topic", format!("{logical}EventInvokeConfig{key}Topic")),
                _ => ("AWS::SQS::Queue", format!("{logical}EventInvokeConfig{key}Queue")),
            };
            let destination = written.get("Destination").cloned().unwrap_or_else(|| {
                self.generate(&id, kind, map([], &written.place), &written.place);
                let reference_name = if kind == "AWS::SNS::Topic" { "DestinationTopic" } else { "DestinationQueue" };
                self.references.insert(format!("{logical}.{reference_name}"), id.clone());
                if kind == "AWS::SNS::Topic" { reference(&id, &written.place) } else { attribute(&id, "Arn", &written.place) }
            });
            destinations.put(key, map([("Destination", destination)], &written.place));
        }
        properties.put("DestinationConfig", destinations);
        self.generate(&format!("{logical}EventInvokeConfig"), "AWS::Lambda::EventInvokeConfig", properties, place);
    }
}

/// What an event source calls: the function, or its published alias.
pub(super) struct Target {
    /// Its ARN.
    pub arn: Node,
    /// Its name, as permissions and mappings name it.
    pub name: Node,
    /// Its logical id.
    pub logical: String,
}
