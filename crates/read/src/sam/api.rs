//! `AWS::Serverless::Api` (AWS SAM Developer Guide): a REST API with its OpenAPI body, deployment and stage. Events of
//! functions have filled the body by now.

use super::body::{self, is_three, is_valid, member_mut, paths};
use super::make::{Put as _, copy, given, is_function, is_map, list, map, reference, set, sub_with, text};
use super::{Work, alphanumeric_id, artifacts, auth, cors, letters, request, resource_policy, tags};
use model::{Kind, Member, Node, Place};

impl Work<'_> {
    /// Expands one REST API.
    pub(super) fn api(&mut self, member: &Member, mut p: Node) {
        let (logical, place) = (member.key.as_str(), &member.key_place);
        for key in ["BinaryMediaTypes", "Domain", "Auth"] {
            let known = given(&p, key).map(|value| self.resolved(value));
            p.put_some(key, known);
        }
        let mut properties = map([], &p.place);
        copy(&mut properties, &p, &["BinaryMediaTypes", "MinimumCompressionSize"]);
        self.endpoint(&p, &mut properties, place);
        let mut given_body = set(&p, "DefinitionBody").cloned();
        let uri = set(&p, "DefinitionUri").cloned();
        match given_body.as_mut() {
            Some(body) => self.rest_body(logical, &p, body, place),
            None => self.without_body(logical, &p, place),
        }
        for key in ["FailOnWarnings", "Name", "Description", "Mode", "ApiKeySourceType", "Policy", "SecurityPolicy", "EndpointAccessMode"] {
            properties.put_some(key, set(&p, key).cloned());
        }
        let mut hashed = String::new();
        if let Some(uri) = uri {
            let location = self.document_location(&uri);
            hashed = location.json().to_string();
            match location.get("Bucket").is_some() {
                true => properties.put("BodyS3Location", location),
                false => properties.put("Body", location),
            }
        } else if let Some(mut body) = given_body {
            postprocess(&mut body, &p);
            hashed = body.json().to_string();
            properties.put("Body", body);
        }
        self.replace(&member.value, logical, "AWS::ApiGateway::RestApi", properties, place);
        self.domain(logical, &p);
        let stage = self.stage(logical, &hashed, &p, place);
        self.authorizer_permissions(logical, &p, place);
        self.usage_plan(logical, &stage, &p);
    }

    /// What the API's properties make of its body, in the transform's order.
    fn rest_body(&mut self, logical: &str, p: &Node, body: &mut Node, place: &Place) {
        let needs = ["Cors", "Auth", "GatewayResponses", "Models"].iter().any(|key| set(p, key).is_some());
        if needs && !is_valid(body, false) {
            return self.refuse(format!("the body of {logical} is no OpenAPI document that SAM can add to"), place);
        }
        if needs || self.managed.contains(logical) {
            for (says, place) in body::faults(body, set(p, "Auth").is_some()) {
                self.refuse(says, &place);
            }
        }
        if let Some(cors) = set(p, "Cors") {
            for says in cors::faults(cors) {
                self.refuse(format!("Cors of {logical}: {says}"), &cors.place);
            }
            cors::add(body, cors);
        }
        if let Some(auth) = set(p, "Auth").filter(|auth| is_map(auth)) {
            for says in auth::faults(auth, logical).into_iter().chain(auth::security_faults(body, auth)) {
                self.refuse(says, &auth.place);
            }
            auth::apply(body, auth, self.partition);
            if let Some(policy) = set(auth, "ResourcePolicy").filter(|policy| is_map(policy)) {
                let stage = p.get("StageName").cloned().unwrap_or_else(|| text("*", place));
                for path in paths(body) {
                    for says in resource_policy::add(body, policy, &path, &stage) {
                        self.refuse(says, &policy.place);
                    }
                }
                resource_policy::add_statements(body, policy);
            }
            postprocess(body, p);
        }
        if let Some(responses) = set(p, "GatewayResponses") {
            gateway_responses(responses, body);
        }
        if let Some(types) = set(p, "BinaryMediaTypes") {
            body.put("x-amazon-apigateway-binary-media-types", request::media_types(types));
        }
        if let Some(models) = set(p, "Models") {
            request::models(body, models);
            postprocess(body, p);
        }
        if let Some(disabled) = given(p, "DisableExecuteApiEndpoint") {
            let key = "x-amazon-apigateway-endpoint-configuration";
            let is_openapi = body.get("openapi").and_then(Node::scalar).is_some_and(|version| is_three(&version));
            let set_in = |node: &mut Node| node.entry(key).put("disableExecuteApiEndpoint", disabled.clone());
            match is_openapi {
                true => each_server(body, &mut |server| set_in(server)),
                false => set_in(body),
            }
        }
    }

    /// Properties that only work on a body that stands in the template.
    fn without_body(&mut self, logical: &str, p: &Node, place: &Place) {
        for key in ["Cors", "Auth", "GatewayResponses", "Models"] {
            if set(p, key).is_some() {
                self.refuse(format!("{key} of {logical} works only with a body in DefinitionBody"), place);
            }
        }
        if given(p, "DisableExecuteApiEndpoint").is_some() {
            self.refuse(format!("DisableExecuteApiEndpoint of {logical} works only with a body in DefinitionBody"), place);
        }
    }

    /// `EndpointConfiguration`; outside the partition `aws` there are only regional endpoints.
    fn endpoint(&mut self, p: &Node, properties: &mut Node, place: &Place) {
        let has_edge = !self.partition.starts_with("aws-iso") && !matches!(self.partition, "aws-us-gov" | "aws-cn" | "aws-eusc");
        let written = match set(p, "EndpointConfiguration") {
            Some(written) => written.clone(),
            None if !has_edge => text("REGIONAL", place),
            None => return,
        };
        let kind = set(&written, "Type").filter(|_| !is_function(&written)).cloned();
        let value = kind.clone().unwrap_or_else(|| written.clone());
        let mut configuration = map([("Types", list(vec![value.clone()], place))], place);
        if kind.is_some() {
            let ids = set(&written, "VPCEndpointIds").or_else(|| given(&written, "VpcEndpointIds"));
            configuration.put_some("VpcEndpointIds", ids.cloned());
            configuration.put_some("IpAddressType", given(&written, "IpAddressType").cloned());
        }
        properties.put("EndpointConfiguration", configuration);
        properties.put("Parameters", map([("endpointConfigurationTypes", value)], place));
    }

    /// Deployment and stage; gives the stage's logical id.
    fn stage(&mut self, logical: &str, hashed: &str, p: &Node, place: &Place) -> String {
        let name = p.get("StageName").and_then(Node::str).unwrap_or_default();
        let stage = alphanumeric_id(logical, name, "Stage");
        let version = set(p, "OpenApiVersion").and_then(Node::scalar).unwrap_or_default();
        let domain = set(p, "Domain").map(|domain| domain.json().to_string()).unwrap_or_default();
        let whole = letters::whole(&[hashed, &version, &domain].join("||"));
        let deployment = format!("{logical}Deployment{}", whole.get(..10).unwrap_or_default());
        let mut properties = map([("RestApiId", reference(logical, place))], place);
        properties.put("Description", text(format!("RestApi deployment id: {whole}"), place));
        if set(p, "OpenApiVersion").is_none() {
            properties.put("StageName", text("Stage", place));
        }
        self.generate(&deployment, "AWS::ApiGateway::Deployment", properties, place);
        let mut properties = map([("RestApiId", reference(logical, place)), ("DeploymentId", reference(&deployment, place))], place);
        let same = [
            "StageName",
            "CacheClusterEnabled",
            "CacheClusterSize",
            "Variables",
            "MethodSettings",
            "AccessLogSetting",
            "CanarySetting",
            "TracingEnabled",
        ];
        copy(&mut properties, p, &same);
        if given(p, "Tags").is_some() {
            properties.put("Tags", list(tags::list(p.get("Tags"), place), place));
        }
        let stage_place = p.get("StageName").map_or(place, |name| &name.place);
        self.generate(&stage, "AWS::ApiGateway::Stage", properties, stage_place);
        self.references.insert(format!("{logical}.Stage"), stage.clone());
        self.references.insert(format!("{logical}.Deployment"), deployment);
        stage
    }

    /// Permissions for API Gateway to call the functions of Lambda authorizers.
    fn authorizer_permissions(&mut self, logical: &str, p: &Node, place: &Place) {
        let authorizers = p.at(&["Auth", "Authorizers"]).map(Node::members).unwrap_or_default();
        for authorizer in authorizers {
            let Some(function) = set(&authorizer.value, "FunctionArn") else { continue };
            if set(&authorizer.value, "DisableFunctionDefaultPermissions").is_some() {
                continue;
            }
            let id = format!("{logical}{}AuthorizerPermission", authorizer.key);
            let arn = format!("arn:{}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/authorizers/*", self.partition);
            let source = sub_with(arn, [("__ApiId__", reference(logical, place))], place);
            self.authorizer_permission(&id, function, source, &authorizer.key_place);
        }
    }

    /// A permission for API Gateway to call an authorizer's function.
    pub(super) fn authorizer_permission(&mut self, id: &str, function: &Node, source: Node, place: &Place) {
        let properties = map(
            [
                ("Action", text("lambda:InvokeFunction", place)),
                ("FunctionName", function.clone()),
                ("Principal", text("apigateway.amazonaws.com", place)),
                ("SourceArn", source),
            ],
            place,
        );
        self.generate(id, "AWS::Lambda::Permission", properties, place);
    }

    /// A document by `DefinitionUri`: a local file's content, or bucket and key.
    pub(super) fn document_location(&mut self, uri: &Node) -> Node {
        if uri.str().is_some_and(|uri| !uri.starts_with("s3://"))
            && let Some(document) = self.local_document(uri)
        {
            return document;
        }
        let parts = artifacts::bucket_and_key(uri);
        if !is_map(&parts) || is_function(&parts) || set(&parts, "Bucket").is_none() || set(&parts, "Key").is_none() {
            self.refuse("DefinitionUri wants s3://bucket/key, Bucket and Key, or a local file", &uri.place);
            return map([("Bucket", artifacts::unknown("the document's place is not known", &uri.place))], &uri.place);
        }
        parts
    }
}

/// Calls `f` for each of `servers`, one made when there is none.
fn each_server(body: &mut Node, f: &mut dyn FnMut(&mut Node)) {
    let place = body.place.clone();
    if let Some(servers) = body.items_mut("servers") {
        if servers.is_empty() {
            servers.push(map([], &place));
        }
        servers.iter_mut().for_each(f);
    }
}

/// OpenAPI 3 keeps schemes and models under `components`, and the headers of an answer have a schema. Called as often as
/// the transform calls it: each time it wraps the headers once more.
fn postprocess(body: &mut Node, p: &Node) {
    if given(body, "swagger").is_some() {
        return;
    }
    let version = given(p, "OpenApiVersion").or_else(|| given(body, "openapi")).and_then(Node::scalar);
    if !version.is_some_and(|version| is_three(&version)) {
        return;
    }
    for (from, to) in [("securityDefinitions", "securitySchemes"), ("definitions", "schemas")] {
        if set(body, from).is_some()
            && let Some(moved) = body.take(from)
        {
            body.entry("components").put(to, moved);
        }
    }
    let Some(Kind::Map(items)) = member_mut(body, "paths").map(|paths| &mut paths.kind) else { return };
    for options in items.iter_mut().filter_map(|item| member_mut(&mut item.value, "options")) {
        options.take("produces");
        options.take("consumes");
        let headers = member_mut(options, "responses").and_then(|r| member_mut(r, "200")).and_then(|ok| member_mut(ok, "headers"));
        if let Some(Kind::Map(headers)) = headers.map(|headers| &mut headers.kind) {
            for header in headers {
                let place = header.value.place.clone();
                header.value = map([("schema", header.value.clone())], &place);
            }
        }
    }
}

fn gateway_responses(responses: &Node, body: &mut Node) {
    for response in responses.members() {
        let (value, place) = (&response.value, &response.value.place);
        let mut parameters = map([], place);
        for (group, prefix) in [("Headers", "header"), ("Paths", "path"), ("QueryStrings", "querystring")] {
            for parameter in value.at(&["ResponseParameters", group]).map(Node::members).unwrap_or_default() {
                parameters.put(&format!("gatewayresponse.{prefix}.{}", parameter.key), parameter.value.clone());
            }
        }
        let templates = set(value, "ResponseTemplates").cloned().unwrap_or_else(|| map([], place));
        let mut node = map([("responseParameters", parameters), ("responseTemplates", templates)], place);
        node.put_some("statusCode", set(value, "StatusCode").and_then(Node::scalar).map(|code| text(code, place)));
        body.entry("x-amazon-apigateway-gateway-responses").put(&response.key, node);
    }
}
