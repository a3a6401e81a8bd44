//! `AWS::Serverless::GraphQLApi` (AWS SAM Developer Guide): an AppSync API with its schema, data sources, functions and
//! resolvers, and the permissions between them.

use super::make::{Put as _, attribute, copy, given, list, map, reference, set, sub, sub_with, text, texts, trust};
use super::{Work, tags};
use model::{Kind, Member, Node, Place};
use std::collections::BTreeMap;

/// The code of a resolver that only runs its functions.
const PIPELINE: &str =
    "\nexport function request(ctx) {\n    return {};\n}\n\nexport function response(ctx) {\n    return ctx.prev.result;\n}\n";

/// What functions and resolvers refer to by name.
#[derive(Default)]
struct Named {
    sources: BTreeMap<String, Node>,
    functions: BTreeMap<String, Node>,
    /// Whether the source without data is needed.
    none: bool,
}

impl Work<'_> {
    pub(super) fn graphql_api(&mut self, member: &Member, p: &Node) {
        let (logical, place) = (member.key.as_str(), &member.key_place);
        self.attributes = self.own_attributes();
        let api = attribute(logical, "ApiId", place);
        let mut properties = map([], &p.place);
        properties.put("Name", set(p, "Name").cloned().unwrap_or_else(|| text(logical, place)));
        for key in ["Visibility", "OwnerContact", "IntrospectionConfig", "QueryDepthLimit", "ResolverCountLimit"] {
            properties.put_some(key, set(p, key).cloned());
        }
        copy(&mut properties, p, &["XrayEnabled"]);
        let authorizers = self.graphql_auth(logical, p, &mut properties, place);
        properties.put("Tags", list(tags::created("graphqlapi:createdBy", p.get("Tags"), place), place));
        let logging = given(p, "Logging");
        if !logging.is_some_and(|logging| matches!(logging.kind, Kind::Bool(false))) {
            let config = self.graphql_logging(logical, logging, place);
            properties.put("LogConfig", config);
        }
        self.replace(&member.value, logical, "AWS::AppSync::GraphQLApi", properties, place);
        self.graphql_schema(logical, p, &api, place);
        for (at, function) in authorizers.into_iter().enumerate() {
            let source = map(
                [("Type", text("AWS::AppSync::GraphQLApi", place)), ("Arn", reference(logical, place)), ("ResourceId", api.clone())],
                place,
            );
            self.graphql_connector(
                &format!("{logical}ToLambdaAuthConnector{}", at + 1),
                source,
                ("AWS::Lambda::Function", function),
                &["Write"],
                place,
            );
        }
        for key in set(p, "ApiKeys").map(Node::members).unwrap_or_default() {
            let mut properties = map([("ApiId", api.clone())], &key.key_place);
            copy(&mut properties, &key.value, &["ApiKeyId", "Description"]);
            properties.put_some("Expires", given(&key.value, "ExpiresOn").cloned());
            self.generate(&format!("{logical}{}", key.key), "AWS::AppSync::ApiKey", properties, &key.key_place);
        }
        if let Some(cache) = set(p, "Cache") {
            let mut properties = map([("ApiId", api.clone())], &cache.place);
            copy(&mut properties, cache, &["ApiCachingBehavior", "Type", "Ttl", "AtRestEncryptionEnabled", "TransitEncryptionEnabled"]);
            self.generate(&format!("{logical}ApiCache"), "AWS::AppSync::ApiCache", properties, &cache.place);
        }
        if let Some(domain) = set(p, "DomainName") {
            let mut properties = map([], &domain.place);
            copy(&mut properties, domain, &["CertificateArn", "DomainName", "Description"]);
            let id = format!("{logical}DomainName");
            self.generate(&id, "AWS::AppSync::DomainName", properties, &domain.place);
            let name = reference(&id, &domain.place);
            let properties = map([("ApiId", api.clone()), ("DomainName", name)], &domain.place);
            self.generate(
                &format!("{logical}DomainNameApiAssociation"),
                "AWS::AppSync::DomainNameApiAssociation",
                properties,
                &domain.place,
            );
        }
        let mut named = Named::default();
        self.graphql_sources(logical, p, &api, &mut named);
        self.graphql_functions(logical, p, &api, &mut named);
        self.graphql_resolvers(logical, p, &api, &named);
        if named.none {
            let id = format!("{logical}NoneDataSource");
            let properties = map([("ApiId", api), ("Name", text(id.as_str(), place)), ("Type", text("NONE", place))], place);
            self.generate(&id, "AWS::AppSync::DataSource", properties, place);
        }
    }

    fn graphql_schema(&mut self, logical: &str, p: &Node, api: &Node, place: &Place) {
        let mut properties = map([("ApiId", api.clone())], place);
        let (inline, uri) = (set(p, "SchemaInline"), set(p, "SchemaUri"));
        if inline.is_some() == uri.is_some() {
            self.refuse(format!("{logical} wants one of SchemaInline and SchemaUri"), place);
        }
        properties.put_some("Definition", inline.cloned());
        properties.put_some("DefinitionS3Location", uri.cloned());
        self.generate(&format!("{logical}Schema"), "AWS::AppSync::GraphQLSchema", properties, place);
    }

    /// How callers prove who they are; gives the functions that decide it.
    fn graphql_auth(&mut self, logical: &str, p: &Node, properties: &mut Node, place: &Place) -> Vec<Node> {
        let Some(auth) = set(p, "Auth") else { return Vec::new() };
        let mut functions = Vec::new();
        properties.put_some("AuthenticationType", given(auth, "Type").cloned());
        let mut one = |work: &mut Self, written: &Node, is_more: bool| -> Option<(&'static str, Node)> {
            let kind = written.get("Type").and_then(Node::str).unwrap_or_default();
            let (from, to) = match kind {
                "AWS_LAMBDA" => ("LambdaAuthorizer", "LambdaAuthorizerConfig"),
                "OPENID_CONNECT" => ("OpenIDConnect", "OpenIDConnectConfig"),
                "AMAZON_COGNITO_USER_POOLS" => ("UserPool", "UserPoolConfig"),
                _ => return None,
            };
            let Some(mut config) = given(written, from).cloned() else {
                work.refuse(format!("Auth of {logical} wants {from}"), &written.place);
                return None;
            };
            if to == "UserPoolConfig" && is_more {
                config.take("DefaultAction");
            }
            if to == "LambdaAuthorizerConfig" {
                functions.extend(config.get("AuthorizerUri").cloned());
            }
            Some((to, config))
        };
        let others =
            |node: &Node, allowed: &[&str]| node.members().iter().filter(|member| !allowed.contains(&member.key.as_str())).count() > 1;
        let too_many = others(auth, &["Type", "Additional"]);
        if let Some((key, config)) = one(self, auth, false) {
            properties.put(key, config);
        }
        let mut more = Vec::new();
        for written in set(auth, "Additional").map(Node::items).unwrap_or_default() {
            let mut entry = map([], &written.place);
            entry.put_some("AuthenticationType", given(written, "Type").cloned());
            if let Some((key, config)) = one(self, written, true) {
                entry.put(key, config);
            }
            more.push(entry);
        }
        if too_many {
            self.refuse(format!("Auth of {logical} has more than one configuration"), place);
        }
        if !more.is_empty() {
            properties.put("AdditionalAuthenticationProviders", list(more, place));
        }
        functions
    }

    fn graphql_logging(&mut self, logical: &str, logging: Option<&Node>, place: &Place) -> Node {
        let mut config = map([], place);
        let written = logging.filter(|logging| super::make::is_map(logging));
        config.put_some("ExcludeVerboseContent", written.and_then(|l| set(l, "ExcludeVerboseContent")).cloned());
        let level = written.and_then(|logging| set(logging, "FieldLogLevel")).cloned();
        config.put("FieldLogLevel", level.unwrap_or_else(|| text("ALL", place)));
        let role = written.and_then(|logging| set(logging, "CloudWatchLogsRoleArn")).cloned().unwrap_or_else(|| {
            let id = format!("{logical}CloudWatchRole");
            let arn = sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AWSAppSyncPushToCloudWatchLogs", place);
            let trust = trust("appsync.amazonaws.com", place);
            let role = map([("AssumeRolePolicyDocument", trust), ("ManagedPolicyArns", list(vec![arn], place))], place);
            self.generate(&id, "AWS::IAM::Role", role, place);
            attribute(&id, "Arn", place)
        });
        config.put("CloudWatchLogsRoleArn", role);
        config
    }

    fn graphql_sources(&mut self, logical: &str, p: &Node, api: &Node, named: &mut Named) {
        let sources = set(p, "DataSources");
        for (section, kind, suffix) in [("DynamoDb", "AMAZON_DYNAMODB", "DynamoDB"), ("Lambda", "AWS_LAMBDA", "Lambda")] {
            for source in sources.and_then(|all| set(all, section)).map(Node::members).unwrap_or_default() {
                let (place, value) = (&source.key_place, &source.value);
                let id = format!("{logical}{}{suffix}DataSource", source.key);
                let name = set(value, "Name").cloned().unwrap_or_else(|| text(source.key.as_str(), place));
                let mut properties = map([("ApiId", api.clone()), ("Name", name), ("Type", text(kind, place))], place);
                copy(&mut properties, value, &["Description"]);
                let (target, permissions) = match section {
                    "Lambda" => {
                        let function = value.get("FunctionArn").cloned().unwrap_or_else(|| text("", place));
                        properties.put("LambdaConfig", map([("LambdaFunctionArn", function.clone())], place));
                        (("AWS::Lambda::Function", function, "ToLambdaConnector"), texts(&["Write"], place))
                    }
                    _ => {
                        properties.put("DynamoDBConfig", table_config(value, place));
                        let arn = set(value, "TableArn").cloned().unwrap_or_else(|| table_arn(value, place));
                        let permissions = set(value, "Permissions").cloned().unwrap_or_else(|| texts(&["Read", "Write"], place));
                        (("AWS::DynamoDB::Table", arn, "ToTableConnector"), permissions)
                    }
                };
                let role = format!("{id}Role");
                let given_role = set(value, "ServiceRoleArn").cloned();
                let is_own = given_role.is_none();
                properties.put("ServiceRoleArn", given_role.unwrap_or_else(|| attribute(&role, "Arn", place)));
                self.generate(&id, "AWS::AppSync::DataSource", properties, place);
                named.sources.insert(source.key.clone(), attribute(&id, "Name", place));
                if is_own {
                    let trust = map([("AssumeRolePolicyDocument", trust("appsync.amazonaws.com", place))], place);
                    self.generate(&role, "AWS::IAM::Role", trust, place);
                    let end = map(
                        [
                            ("Type", text("AWS::AppSync::DataSource", place)),
                            ("Arn", attribute(&id, "DataSourceArn", place)),
                            ("RoleName", reference(&role, place)),
                        ],
                        place,
                    );
                    let names: Vec<String> = permissions.items().iter().filter_map(Node::scalar).collect();
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    self.graphql_connector(&format!("{id}{}", target.2), end, (target.0, target.1), &names, place);
                }
            }
        }
    }

    fn graphql_connector(&mut self, id: &str, source: Node, to: (&str, Node), permissions: &[&str], place: &Place) {
        let destination = map([("Type", text(to.0, place)), ("Arn", to.1)], place);
        let p = map([("Source", source), ("Destination", destination), ("Permissions", texts(permissions, place))], place);
        self.connect(id, &p, &[], &[], place);
    }

    fn graphql_functions(&mut self, logical: &str, p: &Node, api: &Node, named: &mut Named) {
        for function in set(p, "Functions").map(Node::members).unwrap_or_default() {
            let (place, value) = (&function.key_place, &function.value);
            if let Some(id) = set(value, "Id") {
                if value.members().len() > 1 {
                    self.refuse(format!("Id of the function {} excludes other properties", function.key), place);
                }
                named.functions.insert(function.key.clone(), id.clone());
                continue;
            }
            let name = set(value, "Name").cloned().unwrap_or_else(|| text(function.key.as_str(), place));
            let mut properties = map([("ApiId", api.clone()), ("Name", name)], place);
            self.graphql_code(&function.key, value, &mut properties, true);
            let source = self.graphql_source_name(logical, &function.key, value, named);
            properties.put_some("DataSourceName", source);
            copy(&mut properties, value, &["MaxBatchSize", "Description"]);
            properties.put_some("SyncConfig", set(value, "Sync").cloned());
            let id = format!("{logical}{}", function.key);
            self.generate(&id, "AWS::AppSync::FunctionConfiguration", properties, place);
            named.functions.insert(function.key.clone(), attribute(&id, "FunctionId", place));
        }
    }

    /// Code and runtime, which belong together; a resolver may have neither.
    fn graphql_code(&mut self, name: &str, value: &Node, properties: &mut Node, is_needed: bool) {
        let place = &value.place;
        let (inline, uri) = (set(value, "InlineCode"), set(value, "CodeUri"));
        if inline.is_some() && uri.is_some() || is_needed && inline.is_none() && uri.is_none() {
            self.refuse(format!("{name} wants one of InlineCode and CodeUri"), place);
        }
        properties.put_some("Code", inline.cloned());
        properties.put_some("CodeS3Location", uri.cloned());
        let runtime = |name: Node, version: Node| map([("Name", name), ("RuntimeVersion", version)], place);
        if !is_needed && inline.is_none() && uri.is_none() {
            properties.put("Code", text(PIPELINE, place));
            properties.put("Runtime", runtime(text("APPSYNC_JS", place), text("1.0.0", place)));
            return;
        }
        match set(value, "Runtime") {
            Some(written) => {
                let part = |key: &str| given(written, key).cloned().unwrap_or_else(|| text("", place));
                properties.put("Runtime", runtime(part("Name"), part("Version")));
            }
            None => self.refuse(format!("{name} wants a Runtime"), place),
        }
    }

    fn graphql_source_name(&mut self, logical: &str, name: &str, value: &Node, named: &mut Named) -> Option<Node> {
        let place = &value.place;
        let Some(source) = set(value, "DataSource") else {
            self.refuse(format!("{name} wants a DataSource"), place);
            return None;
        };
        let Some(written) = source.str() else { return Some(source.clone()) };
        if written.eq_ignore_ascii_case("none") {
            named.none = true;
            return Some(attribute(&format!("{logical}NoneDataSource"), "Name", place));
        }
        if !named.sources.contains_key(written) {
            self.refuse(format!("the DataSource {written} of {name} is not among DataSources"), place);
        }
        named.sources.get(written).cloned()
    }

    fn graphql_resolvers(&mut self, logical: &str, p: &Node, api: &Node, named: &Named) {
        for kind in set(p, "Resolvers").map(Node::members).unwrap_or_default() {
            for resolver in kind.value.members() {
                let (place, value) = (&resolver.key_place, &resolver.value);
                let field = set(value, "FieldName").cloned().unwrap_or_else(|| text(resolver.key.as_str(), place));
                let mut properties = map(
                    [
                        ("ApiId", api.clone()),
                        ("FieldName", field),
                        ("TypeName", text(kind.key.as_str(), place)),
                        ("Kind", text("PIPELINE", place)),
                    ],
                    place,
                );
                self.graphql_code(&resolver.key, value, &mut properties, false);
                let Some(pipeline) = set(value, "Pipeline") else {
                    self.refuse(format!("the resolver {} wants a Pipeline", resolver.key), place);
                    continue;
                };
                let mut functions = Vec::new();
                for name in pipeline.items().iter().filter_map(Node::scalar) {
                    match named.functions.get(&name) {
                        Some(id) => functions.push(id.clone()),
                        None => self.refuse(format!("the resolver {} names the function {name}, which there is not", resolver.key), place),
                    }
                }
                properties.put("PipelineConfig", map([("Functions", list(functions, place))], place));
                properties.put_some("CachingConfig", set(value, "Caching").cloned());
                properties.put_some("MaxBatchSize", set(value, "MaxBatchSize").cloned());
                let id = format!("{logical}{}{}", kind.key, resolver.key);
                self.generate_after(&id, "AWS::AppSync::Resolver", properties, &[format!("{logical}Schema")], place);
            }
        }
    }
}

fn table_config(value: &Node, place: &Place) -> Node {
    let region = set(value, "Region").cloned().unwrap_or_else(|| reference("AWS::Region", place));
    let mut config = map([("AwsRegion", region)], place);
    copy(&mut config, value, &["TableName"]);
    for (from, to) in [("UseCallerCredentials", "UseCallerCredentials"), ("Versioned", "Versioned"), ("DeltaSync", "DeltaSyncConfig")] {
        config.put_some(to, set(value, from).cloned());
    }
    config
}

fn table_arn(value: &Node, place: &Place) -> Node {
    let name = value.get("TableName").cloned().unwrap_or_else(|| text("", place));
    let region = set(value, "Region").cloned().unwrap_or_else(|| reference("AWS::Region", place));
    let arn = "arn:${AWS::Partition}:dynamodb:${__Region__}:${AWS::AccountId}:table/${__TableName__}";
    sub_with(arn, [("__TableName__", name), ("__Region__", region)], place)
}
