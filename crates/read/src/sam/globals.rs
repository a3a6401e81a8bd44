//! The Globals section (AWS SAM Developer Guide, "Globals section of the AWS SAM template"): scalars of the resource
//! win, mappings merge, lists are joined with the global items first.

use super::make::{Put as _, is_function, is_map};
use super::{Work, kind_of};
use model::{Kind, Node, Place};

/// What each section may hold.
const SECTIONS: [(&str, &str); 8] = [
    (
        "Function",
        "Handler Runtime CodeUri DeadLetterQueue Description MemorySize Timeout VpcConfig Environment Tags PropagateTags Tracing \
         KmsKeyArn AutoPublishAlias AutoPublishAliasAllProperties Layers DeploymentPreference RolePath PermissionsBoundary \
         ReservedConcurrentExecutions ProvisionedConcurrencyConfig AssumeRolePolicyDocument EventInvokeConfig FileSystemConfigs \
         CodeSigningConfigArn Architectures SnapStart EphemeralStorage FunctionUrlConfig RuntimeManagementConfig LoggingConfig \
         RecursiveLoop SourceKMSKeyArn TenancyConfig DurableConfig CapacityProviderConfig FunctionScalingConfig \
         PublishToLatestPublished VersionDeletionPolicy",
    ),
    (
        "Api",
        "Auth Name DefinitionUri CacheClusterEnabled CacheClusterSize MergeDefinitions Variables EndpointConfiguration \
         MethodSettings BinaryMediaTypes MinimumCompressionSize Cors GatewayResponses AccessLogSetting CanarySetting TracingEnabled \
         OpenApiVersion Domain AlwaysDeploy PropagateTags SecurityPolicy EndpointAccessMode",
    ),
    (
        "HttpApi",
        "Auth AccessLogSettings StageVariables Tags CorsConfiguration DefaultRouteSettings Domain RouteSettings FailOnWarnings \
         PropagateTags",
    ),
    ("SimpleTable", "SSESpecification"),
    ("StateMachine", "PropagateTags"),
    ("LayerVersion", "PublishLambdaVersion"),
    ("CapacityProvider", "VpcConfig OperatorRole Tags InstanceRequirements ScalingConfig KmsKeyArn PropagateTags"),
    (
        "WebSocketApi",
        "AccessLogSettings ApiKeySelectionExpression DefaultRouteSettings DisableExecuteApiEndpoint DisableSchemaValidation Domain \
         FailOnWarnings IpAddressType PropagateTags RouteSelectionExpression RouteSettings StageVariables Tags",
    ),
];

impl Work<'_> {
    /// Merges Globals into every SAM resource.
    pub(super) fn globals(&mut self) {
        if let Some(globals) = self.root.get("Globals") {
            for (says, place) in faults(globals) {
                self.refuse(says, &place);
            }
        }
        let globals = self.root.get("Globals").filter(|globals| is_map(globals));
        let mut refused = Vec::new();
        for member in &mut self.declared {
            let section = kind_of(&member.value).strip_prefix("AWS::Serverless::").map(str::to_owned);
            let Some(section) = section else { continue };
            let Some(global) = globals.and_then(|globals| globals.get(&section)) else { continue };
            let mut global = global.clone();
            let ignored = member.value.get("IgnoreGlobals").cloned();
            match ignored.as_ref().map(|ignored| (&ignored.kind, &ignored.place)) {
                None => {}
                Some((Kind::String(all), _)) if all == "*" => continue,
                Some((Kind::List(keys), place)) => {
                    for key in keys.iter().filter_map(Node::str) {
                        if global.take(key).is_none() {
                            refused
                                .push((format!("IgnoreGlobals of {} names {key}, which Globals does not have", member.key), place.clone()));
                        }
                    }
                }
                Some((_, place)) => {
                    refused.push((format!("IgnoreGlobals of {} must be '*' or a list of names", member.key), place.clone()));
                }
            }
            let place = member.key_place.clone();
            let own = member.value.take("Properties").filter(is_map).unwrap_or_else(|| Node::new(Kind::Map(Vec::new()), place));
            member.value.put("Properties", merge(&global, own));
        }
        for (says, place) in refused {
            self.refuse(says, &place);
        }
        self.openapi_versions();
    }
}

fn faults(globals: &Node) -> Vec<(String, Place)> {
    if !is_map(globals) {
        return vec![("Globals must be a mapping".to_owned(), globals.place.clone())];
    }
    let mut found = Vec::new();
    for section in globals.members() {
        let place = section.key_place.clone();
        let Some((_, known)) = SECTIONS.iter().find(|(name, _)| *name == section.key) else {
            found.push((format!("Globals has no section {}", section.key), place));
            continue;
        };
        if !is_map(&section.value) {
            found.push((format!("the section {} of Globals must be a mapping", section.key), place));
        }
        for member in section.value.members() {
            if !known.split_whitespace().any(|known| known == member.key) {
                found.push((format!("{} cannot stand in the section {} of Globals", member.key, section.key), member.key_place.clone()));
            }
        }
    }
    found
}

fn merge(global: &Node, local: Node) -> Node {
    if is_function(global) || is_function(&local) {
        return local;
    }
    let kind = match (&global.kind, local.kind) {
        (Kind::Map(global), Kind::Map(local)) => {
            let mut members = global.clone();
            for member in local {
                match members.iter_mut().find(|known| known.key == member.key) {
                    Some(known) => {
                        known.value = merge(&known.value, member.value);
                        known.key_place = member.key_place;
                    }
                    None => members.push(member),
                }
            }
            Kind::Map(members)
        }
        (Kind::List(global), Kind::List(local)) => Kind::List(global.iter().cloned().chain(local).collect()),
        (_, kind) => kind,
    };
    Node::new(kind, local.place)
}
