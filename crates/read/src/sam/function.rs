//! `AWS::Serverless::Function` (AWS SAM Developer Guide): the function, its role, alias, URL and events.

use super::make::{
    Put as _, attribute, boolean, branches, choice, copy, given, is_function, is_map, is_no_value, list, map, reference, set, text,
};
use super::{Work, kind_of, tags};
use model::{Member, Node, Place};

/// Properties that the Lambda function has under the same name.
const SAME: [&str; 26] = [
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
    "PublishToLatestPublished",
    "FunctionName",
    "FunctionScalingConfig",
];

impl Work<'_> {
    pub(super) fn function(&mut self, member: &Member, p: &Node) {
        let (logical, place) = (member.key.as_str(), &member.key_place);
        let mut properties = map([], &p.place);
        copy(&mut properties, p, &SAME);
        let code = self.code(p, place);
        properties.put("Code", code);
        properties.put("Tags", list(tags::created("lambda:createdBy", p.get("Tags"), place), place));
        if let Some(tracing) = self.tracing(p) {
            properties.put("TracingConfig", map([("Mode", tracing.clone())], &tracing.place));
        }
        if let Some(target) = p.at(&["DeadLetterQueue", "TargetArn"]) {
            properties.put("DeadLetterConfig", map([("TargetArn", target.clone())], &target.place));
        }
        if let Some(config) = set(p, "CapacityProviderConfig") {
            properties.put("CapacityProviderConfig", super::capacity_provider::of_function(config));
        }
        let name = match set(p, "AutoPublishAlias") {
            Some(alias) => self.alias_name(logical, alias),
            None => None,
        };
        self.described(p, name.is_some(), &mut properties);
        let before_role = properties.clone();
        let (value, role) = self.function_role_value(p, logical, place);
        properties.put_some("Role", value);
        self.replace(&member.value, logical, "AWS::Lambda::Function", properties, place);
        let mut target = Target {
            arn: attribute(logical, "Arn", place),
            name: reference(logical, place),
            logical: logical.to_owned(),
            function: logical.to_owned(),
            is_alias: false,
            condition: self.condition(),
        };
        if let Some(name) = &name {
            let version = self.version(logical, p, &before_role, place);
            let id = self.alias(logical, name, &version, p, place);
            target = Target { arn: reference(&id, place), name: reference(&id, place), logical: id, is_alias: true, ..target };
        }
        self.function_url(logical, p, &target);
        self.deployment_preference(logical, p, name.is_some().then_some(target.logical.as_str()));
        let destinations = self.invoke_config(logical, p, name.as_deref(), name.is_some().then_some(target.logical.as_str()));
        let made = role.is_made.then(|| format!("{logical}Role"));
        if role.is_made {
            let kept = role.condition.map(|condition| std::mem::replace(&mut self.attributes, condition));
            self.function_role(logical, p, destinations, place);
            if let Some(kept) = kept {
                self.attributes = kept;
            }
        }
        let mut events: Vec<&Member> = p.get("Events").map(Node::members).unwrap_or_default().iter().collect();
        events.sort_by_key(|event| event.value.at(&["Properties", "Path"]).and_then(Node::scalar).unwrap_or_else(|| event.key.clone()));
        for event in events {
            self.event(&target, made.as_deref(), event);
        }
    }

    /// `Tracing`, unless it is `Disabled`.
    pub(super) fn tracing(&self, p: &Node) -> Option<Node> {
        set(p, "Tracing").filter(|tracing| self.text(tracing).as_deref() != Some("Disabled")).cloned()
    }

    /// `AutoPublishCodeSha256` stands in the description, so that a change of it is one of the function.
    fn described(&self, p: &Node, is_published: bool, properties: &mut Node) {
        let Some(hash) = set(p, "AutoPublishCodeSha256").filter(|_| is_published).and_then(|hash| self.text(hash)) else { return };
        let place = &p.place;
        let description = given(p, "Description").map(|description| self.resolved(description));
        properties.put(
            "Description",
            match description {
                Some(node) if node.str().is_some_and(|text| !text.is_empty()) => {
                    text(format!("{} {hash}", node.str().unwrap_or_default()), place)
                }
                Some(node) if is_map(&node) => {
                    let parts = list(vec![node, text(hash, place)], place);
                    map([("Fn::Join", list(vec![text(" ", place), parts], place))], place)
                }
                _ => text(hash, place),
            },
        );
    }

    /// The value of `Role`, and whether SAM makes one: it does where none is given, also in one branch of `Fn::If`.
    fn function_role_value(&mut self, p: &Node, logical: &str, place: &Place) -> (Option<Node>, RoleMade) {
        let own = attribute(&format!("{logical}Role"), "Arn", place);
        let Some(given) = given(p, "Role") else { return (Some(own), RoleMade { is_made: true, condition: None }) };
        if given.get("Fn::If").is_none() {
            return (None, RoleMade { is_made: false, condition: None });
        }
        let known = self.resolved(given);
        let Some((condition, yes, no)) = branches(&known) else {
            self.refuse("Fn::If of Role wants a condition and two values", &given.place);
            return (None, RoleMade { is_made: false, condition: None });
        };
        let name = condition.scalar().unwrap_or_default();
        let under = |work: &Self, name: &str| {
            let mut attributes: Vec<Member> = work.attributes.iter().filter(|member| member.key != "Condition").cloned().collect();
            attributes.extend(map([("Condition", text(name, place))], place).members().to_vec());
            Some(attributes)
        };
        match (is_no_value(yes), is_no_value(no)) {
            (true, true) => (Some(own), RoleMade { is_made: true, condition: None }),
            (true, false) => {
                let condition = under(self, &name);
                (Some(choice(&name, own, no.clone(), place)), RoleMade { is_made: true, condition })
            }
            (false, true) => {
                let negated = format!("NOT{name}");
                let not = map([("Fn::Not", list(vec![map([("Condition", text(name.as_str(), place))], place)], place))], place);
                self.add_condition(&negated, not);
                let condition = under(self, &negated);
                (Some(choice(&name, yes.clone(), own, place)), RoleMade { is_made: true, condition })
            }
            _ => (None, RoleMade { is_made: false, condition: None }),
        }
    }

    fn function_url(&mut self, logical: &str, p: &Node, target: &Target) {
        let Some(config) = set(p, "FunctionUrlConfig") else { return };
        let place = &config.place;
        let mut properties = map([("TargetFunctionArn", target.name.clone())], place);
        properties.put_some("Cors", set(config, "Cors").cloned());
        copy(&mut properties, config, &["AuthType", "InvokeMode"]);
        self.generate(&format!("{logical}Url"), "AWS::Lambda::Url", properties, place);
        if config.get("AuthType").and_then(Node::str) != Some("NONE") || is_function(config) {
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

    /// The name of an alias: a text, or a parameter that stands for one.
    fn alias_name(&mut self, logical: &str, alias: &Node) -> Option<String> {
        let name = self.resolved(alias).str().map(str::to_owned);
        let is_allowed = |name: &String| {
            name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') && !name.chars().all(|c| c.is_ascii_digit())
        };
        let name = name.filter(is_allowed);
        if name.is_none() {
            let says =
                format!("AutoPublishAlias of {logical} must be a text of letters, digits, - and _, or a parameter with such a value");
            self.refuse(says, &alias.place);
        }
        name
    }

    /// Whether a layer wants its users to be published anew when it changes.
    pub(super) fn publishing_layer(&self, layer: &Node) -> Option<(String, Node)> {
        let id = super::make::logical_id(layer)?;
        let declared = self.declared(id)?;
        let properties = declared.get("Properties")?;
        set(properties, "PublishLambdaVersion").filter(|_| !kind_of(declared).is_empty())?;
        Some((id.to_owned(), properties.clone()))
    }
}

struct RoleMade {
    is_made: bool,
    /// Attributes for the role, where they are not the function's own.
    condition: Option<Vec<Member>>,
}

/// What an event source calls: the function, or its published alias.
pub(super) struct Target {
    /// Its ARN.
    pub arn: Node,
    /// Its name, as permissions and mappings name it.
    pub name: Node,
    /// Its logical id.
    pub logical: String,
    /// The function's logical id.
    pub function: String,
    pub is_alias: bool,
    condition: Option<String>,
}

impl Target {
    /// The function's condition.
    pub(super) fn condition(&self) -> Option<&str> {
        self.condition.as_deref()
    }

    /// The properties of a permission for a service to call it.
    pub(super) fn permission(&self, service: &str, source: Option<Node>, place: &Place) -> Node {
        let action = text("lambda:InvokeFunction", place);
        let mut node = map([("Action", action), ("FunctionName", self.name.clone()), ("Principal", text(service, place))], place);
        node.put_some("SourceArn", source);
        node
    }
}
