//! What the transform refuses of resources and events before it expands them: properties that are unknown, missing or of
//! another type (AWS SAM specification, the tables of each resource). The table is `properties.txt`.

use super::make::{given, is_function, is_map, set};
use super::{Work, kind_of, schedule};
use model::{Kind, Member, Node, Place};

const TABLE: &str = include_str!("properties.txt");

impl Work<'_> {
    /// The template as a whole.
    pub(super) fn check_template(&mut self) {
        let root = self.root;
        if root.get("Resources").is_none_or(|resources| resources.members().is_empty()) {
            self.refuse("it has no Resources", &root.place);
        }
        for section in ["Mappings", "Parameters"] {
            if let Some(node) = root.get(section).filter(|node| !is_map(node)) {
                self.refuse(format!("{section} must be a mapping"), &node.place);
            }
        }
        for member in &root.get("Resources").map(Node::members).unwrap_or_default().to_vec() {
            let is_sam = kind_of(&member.value).starts_with("AWS::Serverless::");
            if !is_map(&member.value) {
                self.refuse(format!("the resource {} must be a mapping", member.key), &member.key_place);
            } else if is_sam && member.value.get("Properties").is_some_and(|p| !is_map(p)) {
                self.refuse(format!("the properties of {} must be a mapping", member.key), &member.key_place);
            }
            if member.value.get("Condition").is_some_and(|condition| condition.str().is_none()) {
                self.refuse(format!("the condition of {} must be named by text", member.key), &member.key_place);
            }
            if is_sam && (member.key.is_empty() || !member.key.chars().all(|c| c.is_ascii_alphanumeric())) {
                self.refuse(format!("the logical id {} must consist of letters and digits", member.key), &member.key_place);
            }
        }
    }

    /// Parameters that are lists cannot stand in a text.
    fn check_texts(&mut self, node: &Node) {
        if let [only] = node.members()
            && only.key == "Fn::Sub"
            && let Some(written) = only.value.str().or_else(|| only.value.items().first().and_then(Node::str))
        {
            let names = written.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
            let is_list = |name: &&str| {
                let default = self.root.at(&["Parameters", name, "Default"]);
                !self.given.contains_key(*name) && default.is_some_and(|default| matches!(default.kind, Kind::List(_) | Kind::Map(_)))
            };
            if let Some(name) = names.into_iter().find(is_list) {
                self.refuse(format!("the parameter {name} is no text and stands in one"), &node.place);
            }
        }
        node.members().iter().map(|member| &member.value).chain(node.items()).for_each(|part| self.check_texts(part));
    }

    /// One SAM resource.
    pub(super) fn check_resource(&mut self, member: &Member, kind: &str, p: &Node) {
        let name = kind.strip_prefix("AWS::Serverless::").unwrap_or(kind);
        for (says, place) in faults(name, p, &member.key_place) {
            self.refuse(format!("{}: {says}", member.key), &place);
        }
        self.check_texts(p);
        let mut own = match name {
            "Function" => self.function_faults(p),
            "Api" => self.api_faults(p),
            _ => Vec::new(),
        };
        const RESERVED: [&str; 3] = ["lambda:createdBy", "serverlessrepo:applicationId", "serverlessrepo:semanticVersion"];
        if matches!(name, "Function" | "Application") {
            let tags = p.get("Tags").map(Node::members).unwrap_or_default();
            own.extend(
                tags.iter().filter(|tag| RESERVED.contains(&tag.key.as_str())).map(|tag| format!("the tag {} is SAM's own", tag.key)),
            );
        }
        for says in own {
            self.refuse(format!("{}: {says}", member.key), &member.key_place);
        }
    }

    fn function_faults(&self, p: &Node) -> Vec<String> {
        let mut found = Vec::new();
        let mut fault = |says: &str| found.push(says.to_owned());
        let has = |key: &str| given(p, key).is_some();
        let is_image = match given(p, "PackageType").map(|kind| kind.str()) {
            None | Some(Some("Zip")) => false,
            Some(Some("Image")) => true,
            _ => {
                fault("PackageType must be Zip or Image");
                false
            }
        };
        match is_image {
            true => {
                if set(p, "ImageUri").is_none() && given(p, "ImageUri").is_some() {
                    fault("ImageUri is empty");
                }
                if ["Handler", "Runtime", "Layers"].iter().any(|key| set(p, key).is_some()) {
                    fault("Handler, Runtime and Layers are not for images");
                }
            }
            false => {
                if ["Handler", "Runtime"].iter().any(|key| set(p, key).is_none()) {
                    fault("Runtime and Handler are missing");
                }
                if set(p, "ImageConfig").is_some() {
                    fault("ImageConfig is only for images");
                }
            }
        }
        if let Some(queue) = set(p, "DeadLetterQueue") {
            let kind = queue.get("Type").and_then(Node::str);
            if !matches!(kind, Some("SQS" | "SNS")) || set(queue, "TargetArn").is_none() {
                fault("DeadLetterQueue wants the Type SQS or SNS and a TargetArn");
            }
        }
        for (first, second) in [("CapacityProviderConfig", "ProvisionedConcurrencyConfig"), ("CapacityProviderConfig", "VpcConfig")] {
            if has(first) && has(second) {
                fault(&format!("{first} and {second} exclude each other"));
            }
        }
        for (first, second) in [
            ("FunctionScalingConfig", "CapacityProviderConfig"),
            ("VersionDeletionPolicy", "AutoPublishAlias"),
            ("ProvisionedConcurrencyConfig", "AutoPublishAlias"),
        ] {
            if set(p, first).is_some() && set(p, second).is_none() {
                fault(&format!("{first} wants {second}"));
            }
        }
        if let Some(config) = set(p, "CapacityProviderConfig") {
            let known = ["Arn", "PerExecutionEnvironmentMaxConcurrency", "ExecutionEnvironmentMemoryGiBPerVCpu"];
            if config.get("Arn").is_none() || config.members().iter().any(|member| !known.contains(&member.key.as_str())) {
                fault("CapacityProviderConfig wants Arn, and knows two limits beside it");
            }
        }
        if set(p, "TenancyConfig").is_some() {
            for key in ["ProvisionedConcurrencyConfig", "FunctionUrlConfig", "SnapStart"] {
                if set(p, key).is_some() {
                    fault(&format!("{key} is not for functions with TenancyConfig"));
                }
            }
            let events = p.get("Events").map(Node::members).unwrap_or_default();
            if events.iter().any(|event| !matches!(kind_of(&event.value), "Api" | "HttpApi")) {
                fault("functions with TenancyConfig have only Api and HttpApi events");
            }
        }
        if given(p, "AutoPublishCodeSha256").is_some_and(|hash| self.resolved(hash).str().is_none()) {
            fault("AutoPublishCodeSha256 must be a text");
        }
        found.extend(set(p, "FunctionUrlConfig").map(url_faults).unwrap_or_default());
        found.extend(code_faults(p.get("CodeUri").filter(|_| !is_image)));
        found
    }

    fn api_faults(&self, p: &Node) -> Vec<String> {
        let mut found = Vec::new();
        let mut fault = |says: &str| found.push(says.to_owned());
        if set(p, "DefinitionUri").is_some() {
            if set(p, "DefinitionBody").is_some() {
                fault("DefinitionBody and DefinitionUri exclude each other");
            }
            if set(p, "MergeDefinitions").is_some() {
                fault("MergeDefinitions does not work with DefinitionUri");
            }
        }
        if let Some(version) = set(p, "OpenApiVersion").and_then(Node::scalar) {
            let mut parts = version.split('.');
            let is_known = matches!(parts.next(), Some("2" | "3")) && (1..=2).contains(&version.matches('.').count());
            if !is_known || parts.any(|part| part.len() != 1 || !part.bytes().all(|b| b.is_ascii_digit())) {
                fault("OpenApiVersion must have the form 3.0.0");
            }
        }
        if let Some(endpoint) = set(p, "EndpointConfiguration")
            && endpoint.get("VPCEndpointIds").is_some()
            && endpoint.get("VpcEndpointIds").is_some()
        {
            fault("VPCEndpointIds and VpcEndpointIds exclude each other");
        }
        for response in set(p, "GatewayResponses").map(Node::members).unwrap_or_default() {
            let value = &response.value;
            let is_known = |key: &str| matches!(key, "ResponseParameters" | "ResponseTemplates" | "StatusCode");
            if !is_map(value) || is_function(value) || value.members().iter().any(|member| !is_known(&member.key)) {
                fault("each of GatewayResponses has ResponseParameters, ResponseTemplates and StatusCode");
            }
            let parameters = set(value, "ResponseParameters");
            let is_group = |key: &str| matches!(key, "Headers" | "Paths" | "QueryStrings");
            if parameters.is_some_and(|all| !is_map(all) || all.members().iter().any(|one| !is_group(&one.key) || !is_map(&one.value))) {
                fault("ResponseParameters has the mappings Headers, Paths and QueryStrings");
            }
            let code = set(value, "StatusCode").map(|code| code.scalar().unwrap_or_default());
            if code.is_some_and(|code| code.is_empty() || code.len() > 3 || !code.bytes().all(|b| b.is_ascii_digit())) {
                fault("StatusCode must be a number");
            }
        }
        for model in set(p, "Models").map(Node::members).unwrap_or_default() {
            if !is_map(&model.value) || set(&model.value, "type").is_none() {
                fault("each of Models is a schema with a type");
            }
        }
        if let Some(body) = set(p, "DefinitionBody").filter(|_| given(p, "DisableExecuteApiEndpoint").is_some()) {
            let key = "x-amazon-apigateway-endpoint-configuration";
            let servers = body.get("servers").map(Node::items).unwrap_or_default();
            if servers.iter().chain([body]).any(|node| given(node, key).is_some_and(|node| !is_map(node))) {
                fault("x-amazon-apigateway-endpoint-configuration must be a mapping");
            }
            if !super::body::is_valid(body, false) {
                fault("DisableExecuteApiEndpoint wants an OpenAPI document in DefinitionBody");
            }
        }
        found.extend(super::body::options_faults(p));
        found
    }

    /// One event of a function or state machine; whether it can be expanded.
    pub(super) fn check_event(&mut self, owner: &str, name: &str, kind: &str, p: &Node, place: &Place) -> bool {
        let table = if owner == "function" { format!("function.{kind}") } else { format!("machine.{kind}") };
        let shared = format!("event.{kind}");
        let key = if rows(&table).next().is_some() { table } else { shared };
        if kind.is_empty() || rows(&key).next().is_none() {
            let says = format!("{name} is an event of type {kind:?}, which a {owner} cannot have: what it starts is not assessed");
            self.refuse(says, place);
            return false;
        }
        for (says, place) in faults(&key, p, place) {
            self.refuse(format!("the event {name}: {says}"), &place);
        }
        if let Some(says) = given(p, "DeadLetterConfig").filter(|config| is_map(config)).and_then(schedule::dead_letter_faults) {
            self.refuse(format!("the event {name}: {says}"), place);
        }
        if let Some(criteria) = set(p, "FilterCriteria").filter(|criteria| is_map(criteria) && !is_function(criteria))
            && criteria.members().iter().any(|member| member.key != "Filters")
        {
            self.refuse(format!("the event {name}: FilterCriteria has only Filters"), place);
        }
        true
    }
}

fn url_faults(config: &Node) -> Vec<String> {
    let mut found = Vec::new();
    if is_function(config) {
        return found;
    }
    let auth = config.get("AuthType");
    if !auth.is_some_and(|auth| is_function(auth) || matches!(auth.str(), Some("AWS_IAM" | "NONE"))) {
        found.push("AuthType of FunctionUrlConfig must be AWS_IAM or NONE".to_owned());
    }
    let Some(cors) = set(config, "Cors").filter(|cors| !is_function(cors)) else { return found };
    if !is_map(cors) {
        found.push("Cors of FunctionUrlConfig must be a mapping".to_owned());
    }
    for setting in cors.members().iter().filter(|setting| !is_function(&setting.value)) {
        let fits = match setting.key.as_str() {
            "AllowOrigins" | "AllowMethods" | "AllowHeaders" | "ExposeHeaders" => matches!(setting.value.kind, Kind::List(_)),
            "AllowCredentials" => matches!(setting.value.kind, Kind::Bool(_)),
            "MaxAge" => matches!(setting.value.kind, Kind::Number(_)),
            _ => false,
        };
        if !fits {
            found.push(format!("{} of Cors of FunctionUrlConfig is unknown or of the wrong type", setting.key));
        }
    }
    found
}

/// What is wrong with a code location that is neither a path nor in S3.
fn code_faults(uri: Option<&Node>) -> Option<String> {
    let uri = uri?;
    let is_place = match &uri.kind {
        Kind::Map(_) => is_function(uri) || set(uri, "Bucket").is_some() && set(uri, "Key").is_some(),
        Kind::String(path) => !path.contains("{{resolve:") && !path.starts_with("s3://["),
        Kind::Null => true,
        _ => false,
    };
    (!is_place).then(|| "CodeUri wants Bucket and Key, an address in S3 or a local path".to_owned())
}

/// The rows of one table: name, whether it must be there, and the types it may have.
fn rows(table: &str) -> impl Iterator<Item = (&'static str, bool, bool, &'static str)> {
    let mut lines = TABLE.lines().skip_while(move |line| line.starts_with([' ', '#']) || !line.split(' ').any(|name| name == table));
    lines.next();
    lines.take_while(|line| line.starts_with(' ')).flat_map(|line| line.split_whitespace()).map(|entry| {
        let (name, types) = entry.split_once('=').unwrap_or((entry, "any"));
        let (name, required) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
        // Behind `~` no function call is allowed.
        let (types, strict) = types.strip_prefix('~').map_or((types, false), |types| (types, true));
        (name, required, strict, types)
    })
}

fn faults(table: &str, p: &Node, place: &Place) -> Vec<(String, Place)> {
    let mut found = Vec::new();
    if rows(table).next().is_none() {
        return found;
    }
    for member in p.members() {
        if !rows(table).any(|(name, ..)| name == member.key) {
            found.push((format!("the property {} is not known", member.key), member.key_place.clone()));
        }
    }
    for (name, required, strict, types) in rows(table) {
        match given(p, name) {
            None if required => found.push((format!("the property {name} is missing"), place.clone())),
            Some(value) if !(fits(value, types) || !strict && value.members().len() == 1) => {
                found.push((format!("the property {name} is of the wrong type"), value.place.clone()));
            }
            _ => {}
        }
    }
    found
}

/// Whether a value has one of the types `s|m|l|b|i|any`, `l:…` a list and `m:…` a mapping of them.
fn fits(value: &Node, types: &str) -> bool {
    types.split('|').any(|one| match (one, &value.kind) {
        (_, Kind::Unknown(_)) | ("any", _) => true,
        ("s", Kind::String(_)) | ("m", Kind::Map(_)) | ("l", Kind::List(_)) | ("b", Kind::Bool(_)) | ("i", Kind::Bool(_)) => true,
        ("i", Kind::Number(text)) => text.parse::<i64>().is_ok() || text.starts_with("0x"),
        (of, Kind::List(items)) if of.starts_with("l:") => {
            items.iter().all(|item| of.chars().skip(2).any(|one| fits(item, one.encode_utf8(&mut [0; 4]))))
        }
        (of, Kind::Map(members)) if of.starts_with("m:") => {
            members.iter().all(|member| of.chars().skip(2).any(|one| fits(&member.value, one.encode_utf8(&mut [0; 4]))))
        }
        (of, Kind::String(text)) if of.starts_with('"') => of.trim_matches('"') == text,
        _ => false,
    })
}
