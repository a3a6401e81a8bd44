//! `AWS::Serverless::Api` (AWS SAM Developer Guide): a REST API with its OpenAPI body, deployment and stage. Where the
//! template gives no body, the events of the functions make it.

use super::events::{IMPLICIT_HTTP, IMPLICIT_REST, when};
use super::make::{Put as _, boolean, list, logical_id, map, reference, sub, text};
use super::{Work, alphanumeric_id, auth, cors, suffix};
use crate::document::trouble;
use model::{Kind, Node, Place};

/// API Gateway's extension for "any method".
pub(super) const ANY: &str = "x-amazon-apigateway-any-method";
/// The extension that says what answers a method.
pub(super) const INTEGRATION: &str = "x-amazon-apigateway-integration";

impl Work<'_> {
    /// APIs that no resource declares but events without an API id need.
    pub(super) fn implicit_apis(&mut self) {
        let needed = |work: &Self, api: &str| work.routes.iter().find(|route| route.api == api).map(|route| route.place.clone());
        self.attributes.clear();
        if let Some(place) = needed(self, IMPLICIT_REST).filter(|_| self.root.at(&["Resources", IMPLICIT_REST]).is_none()) {
            self.origin = IMPLICIT_REST.to_owned();
            self.attributes = self.common_condition(IMPLICIT_REST, &place);
            let written = map([("StageName", text("Prod", &place))], &place);
            let properties = super::globals::merged(self.root.get("Globals"), "AWS::Serverless::Api", written);
            self.api(IMPLICIT_REST, properties, &place, None);
        }
        if let Some(place) = needed(self, IMPLICIT_HTTP).filter(|_| self.root.at(&["Resources", IMPLICIT_HTTP]).is_none()) {
            self.origin = IMPLICIT_HTTP.to_owned();
            self.attributes = self.common_condition(IMPLICIT_HTTP, &place);
            let properties = super::globals::merged(self.root.get("Globals"), "AWS::Serverless::HttpApi", map([], &place));
            self.http_api(IMPLICIT_HTTP, properties, &place, None);
        }
    }

    /// The condition of an implicit API: it exists when any function with a route does.
    fn common_condition(&mut self, api: &str, place: &Place) -> Vec<model::Member> {
        let conditions: Option<Vec<String>> = self.routes.iter().filter(|r| r.api == api).map(|r| r.condition.clone()).collect();
        let Some(mut conditions) = conditions else { return Vec::new() };
        conditions.sort();
        conditions.dedup();
        let name = match conditions.as_slice() {
            [] => return Vec::new(),
            [only] => only.clone(),
            several => {
                let parts = several.iter().map(|name| map([("Condition", text(name.as_str(), place))], place)).collect();
                let name = format!("{api}Condition");
                self.conditions.push((name.clone(), map([("Fn::Or", list(parts, place))], place)));
                name
            }
        };
        map([("Condition", text(name, place))], place).members().to_vec()
    }

    /// Expands one REST API. `written` is the resource as the template has it; an implicit one has none.
    pub(super) fn api(&mut self, logical: &str, mut p: Node, place: &Place, written: Option<&Node>) {
        let (given, location) = self.rest_body(&mut p);
        let managed = given.is_none() && location.is_none();
        let mut body = given.unwrap_or_else(|| skeleton(&p, place));
        if managed || p.get("MergeDefinitions").and_then(Node::bool) == Some(true) {
            self.rest_routes(logical, &p, &mut body);
        } else {
            self.overridden_auth(logical, &p, &mut body);
        }
        if let Some(cors) = p.get("Cors") {
            cors::add(&mut body, cors);
        }
        let troubles = auth::apply(&mut body, &p);
        self.troubles.extend(troubles);
        self.gateway_responses(&p, &mut body);
        if let Some(models) = p.get("Models") {
            let definitions = body.entry("definitions");
            for model in models.members() {
                definitions.put(&model.key.to_lowercase(), model.value.clone());
            }
        }
        if let Some(types) = p.get("BinaryMediaTypes") {
            let types = types.one_or_many().iter().map(|t| t.str().map_or_else(|| t.clone(), |s| text(s.replace("~1", "/"), &t.place)));
            let types = list(types.collect(), place);
            body.put("x-amazon-apigateway-binary-media-types", types.clone());
            p.put("BinaryMediaTypes", types);
        }
        if let Some(disabled) = p.get("DisableExecuteApiEndpoint") {
            body.entry("x-amazon-apigateway-endpoint-configuration").put("disableExecuteApiEndpoint", disabled.clone());
        }
        auth::as_openapi_3(&mut body, &p);
        let mut properties = map([], &p.place);
        for key in
            ["Name", "Description", "BinaryMediaTypes", "MinimumCompressionSize", "FailOnWarnings", "Mode", "ApiKeySourceType", "Policy"]
        {
            properties.put_some(key, p.get(key).cloned());
        }
        endpoint(&p, &mut properties);
        let deployment = format!("{logical}Deployment{}", suffix(&body.json().to_string()));
        match location {
            Some(location) => properties.put("BodyS3Location", super::artifacts::bucket_and_key(&location)),
            None => properties.put("Body", body),
        }
        match written {
            Some(written) => self.replace(written, logical, "AWS::ApiGateway::RestApi", properties, place),
            None => self.generate(logical, "AWS::ApiGateway::RestApi", properties, place),
        }
        self.stage(logical, &deployment, &p, place);
        self.authorizer_permissions(logical, &p, place);
    }

    /// The body that a template gives, inline or by file, or its place in S3.
    pub(super) fn rest_body(&mut self, p: &mut Node) -> (Option<Node>, Option<Node>) {
        if let Some(body) = p.take("DefinitionBody") {
            return (Some(self.included(body)), None);
        }
        let Some(uri) = p.take("DefinitionUri") else { return (None, None) };
        match self.local_document(&uri) {
            Some(body) => (Some(body), None),
            None => (None, Some(uri)),
        }
    }

    /// A method for each route that events ask for.
    fn rest_routes(&mut self, logical: &str, p: &Node, body: &mut Node) {
        let mut unread = Vec::new();
        for route in self.routes.iter().filter(|route| route.api == logical) {
            let method = if route.method == "any" { ANY } else { route.method.as_str() };
            let place = &route.place;
            let mut integration = map(
                [
                    ("type", text("aws_proxy", place)),
                    ("httpMethod", text("POST", place)),
                    ("uri", when(route.condition.as_deref(), uri(route), place)),
                ],
                place,
            );
            integration.put_some("timeoutInMillis", route.event.get("TimeoutInMillis").cloned());
            integration.put_some("credentials", auth::caller_credentials(&route.event, p, place));
            let mut definition = map([(INTEGRATION, integration), ("responses", map([], place))], place);
            auth::of_event(&mut definition, &route.event, p);
            if let Some(policy) = route.event.at(&["Auth", "ResourcePolicy"]) {
                let says = "the resource policy of an event is not expanded: what it allows is not assessed";
                unread.push(trouble(says, policy.place.clone(), "write it as the API's own Auth.ResourcePolicy"));
            }
            request(&mut definition, &route.event);
            if let Some(validator) = validator(&route.event) {
                body.entry("x-amazon-apigateway-request-validators").put(&validator.0, validator.1);
            }
            // `MergeDefinitions`: what the event says wins over the method that the body has.
            let item = body.entry("paths").entry(&route.path);
            let mut merged = item.take(method).filter(|written| written.get("Fn::If").is_none()).unwrap_or_else(|| map([], place));
            for member in definition.members() {
                merged.put(&member.key, member.value.clone());
            }
            item.put(method, when(route.condition.as_deref(), merged, place));
        }
        self.troubles.extend(unread);
    }

    /// `OverrideApiAuth`: an event's authorizer for a method of a body that the template gives.
    fn overridden_auth(&mut self, logical: &str, p: &Node, body: &mut Node) {
        for route in self.routes.iter().filter(|route| route.api == logical) {
            if route.event.at(&["Auth", "OverrideApiAuth"]).and_then(Node::bool) != Some(true) {
                continue;
            }
            let method = if route.method == "any" { ANY } else { route.method.as_str() };
            let known = body.get("paths").and_then(|paths| paths.at(&[&route.path, method])).is_some();
            if known {
                auth::of_event(body.entry("paths").entry(&route.path).entry(method), &route.event, p);
            }
        }
    }

    fn gateway_responses(&mut self, p: &Node, body: &mut Node) {
        let Some(responses) = p.get("GatewayResponses") else { return };
        for response in responses.members() {
            let (value, place) = (&response.value, &response.value.place);
            let mut node = map([], place);
            if let Some(parameters) = value.get("ResponseParameters") {
                let mut out = map([], place);
                for (group, prefix) in [("Headers", "header"), ("Paths", "path"), ("QueryStrings", "querystring")] {
                    for parameter in parameters.get(group).map(Node::members).unwrap_or_default() {
                        out.put(&format!("gatewayresponse.{prefix}.{}", parameter.key), parameter.value.clone());
                    }
                }
                node.put("responseParameters", out);
            }
            node.put_some("responseTemplates", value.get("ResponseTemplates").cloned());
            node.put_some("statusCode", value.get("StatusCode").cloned());
            body.entry("x-amazon-apigateway-gateway-responses").put(&response.key, node);
        }
    }

    fn stage(&mut self, logical: &str, deployment: &str, p: &Node, place: &Place) {
        let name = p.get("StageName").and_then(Node::scalar).unwrap_or_default();
        let stage = alphanumeric_id(logical, &name, "Stage");
        let mut properties = map([("RestApiId", reference(logical, place))], place);
        properties.put("Description", text("RestApi deployment", place));
        if p.get("OpenApiVersion").is_none() {
            properties.put("StageName", text("Stage", place));
        }
        self.generate(deployment, "AWS::ApiGateway::Deployment", properties, place);
        let mut properties = map([("RestApiId", reference(logical, place)), ("DeploymentId", reference(deployment, place))], place);
        for key in [
            "StageName",
            "CacheClusterEnabled",
            "CacheClusterSize",
            "Variables",
            "MethodSettings",
            "AccessLogSetting",
            "CanarySetting",
            "TracingEnabled",
        ] {
            properties.put_some(key, p.get(key).cloned());
        }
        if p.get("Tags").is_some() {
            properties.put("Tags", list(super::tags(p.get("Tags"), place), place));
        }
        let stage_place = p.get("StageName").map_or(place, |name| &name.place);
        self.generate(&stage, "AWS::ApiGateway::Stage", properties, stage_place);
        self.references.insert(format!("{logical}.Stage"), stage.clone());
        self.references.insert(format!("{logical}.Deployment"), deployment.to_owned());
        self.usage_plan(logical, &stage, p);
        self.domain(logical, &stage, p);
    }

    /// `Domain`: a domain name and its mappings.
    fn domain(&mut self, logical: &str, stage: &str, p: &Node) {
        let Some(domain) = p.get("Domain") else { return };
        let place = &domain.place;
        let Some(name) = domain.get("DomainName") else { return };
        let id = format!("ApiGatewayDomainName{}", suffix(&name.json().to_string()));
        let kind = domain.get("EndpointConfiguration").and_then(Node::scalar).unwrap_or_else(|| "REGIONAL".to_owned());
        let certificate = if kind == "REGIONAL" { "RegionalCertificateArn" } else { "CertificateArn" };
        let mut properties = map([("DomainName", name.clone()), ("EndpointConfiguration", types(&kind, place))], place);
        properties.put_some(certificate, domain.get("CertificateArn").cloned());
        for key in ["SecurityPolicy", "OwnershipVerificationCertificateArn", "MutualTlsAuthentication"] {
            properties.put_some(key, domain.get(key).cloned());
        }
        self.generate(&id, "AWS::ApiGateway::DomainName", properties, place);
        let mapping = |base: Option<&Node>| {
            let mut node = map(
                [("DomainName", reference(&id, place)), ("RestApiId", reference(logical, place)), ("Stage", reference(stage, place))],
                place,
            );
            node.put_some("BasePath", base.cloned());
            node
        };
        let bases: Vec<&Node> = domain.get("BasePath").map(Node::one_or_many).unwrap_or_default().iter().collect();
        if bases.is_empty() {
            self.generate(&format!("{logical}BasePathMapping"), "AWS::ApiGateway::BasePathMapping", mapping(None), place);
        }
        for base in bases {
            let part: String = base.scalar().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
            self.generate(&format!("{logical}{part}BasePathMapping"), "AWS::ApiGateway::BasePathMapping", mapping(Some(base)), place);
        }
    }

    /// Permissions for API Gateway to call the functions of Lambda authorizers.
    pub(super) fn authorizer_permissions(&mut self, logical: &str, p: &Node, place: &Place) {
        for authorizer in p.at(&["Auth", "Authorizers"]).map(Node::members).unwrap_or_default() {
            let Some(function) = authorizer.value.get("FunctionArn") else { continue };
            if authorizer.value.get("DisableFunctionDefaultPermissions").and_then(Node::bool) == Some(true) {
                continue;
            }
            let template = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*";
            let source = super::make::sub_with(template, [("__ApiId__", reference(logical, place))], place);
            let properties = map(
                [
                    ("Action", text("lambda:InvokeFunction", place)),
                    ("FunctionName", function.clone()),
                    ("Principal", text("apigateway.amazonaws.com", place)),
                    ("SourceArn", source),
                ],
                &authorizer.key_place,
            );
            self.generate(
                &format!("{logical}{}AuthorizerPermission", authorizer.key),
                "AWS::Lambda::Permission",
                properties,
                &authorizer.key_place,
            );
        }
    }
}

/// The integration URI of a route's function.
pub(super) fn uri(route: &super::Route) -> Node {
    // An alias is referred to by its ARN, a function by its attribute.
    let function = match route.function.contains("Alias") {
        true => format!("${{{}}}", route.function),
        false => format!("${{{}.Arn}}", route.function),
    };
    let template = format!("arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/{function}/invocations");
    sub(template, &route.place)
}

/// The body of an API that gives none.
fn skeleton(p: &Node, place: &Place) -> Node {
    let version = p.get("OpenApiVersion").and_then(Node::scalar).filter(|version| version.starts_with('3'));
    let first = match version {
        Some(version) => ("openapi", text(version, place)),
        None => ("swagger", text("2.0", place)),
    };
    let info = map([("version", text("1.0", place)), ("title", reference("AWS::StackName", place))], place);
    map([first, ("info", info), ("paths", map([], place))], place)
}

fn types(kind: &str, place: &Place) -> Node {
    map([("Types", list(vec![text(kind, place)], place))], place)
}

fn endpoint(p: &Node, properties: &mut Node) {
    let Some(written) = p.get("EndpointConfiguration") else { return };
    let place = &written.place;
    let mut node = map([], place);
    let kind = match &written.kind {
        Kind::Map(_) if logical_id(written).is_none() => written.get("Type").cloned(),
        _ => Some(written.clone()),
    };
    let Some(kind) = kind else { return properties.put("EndpointConfiguration", written.clone()) };
    node.put("Types", list(vec![kind.clone()], place));
    node.put_some("VpcEndpointIds", written.get("VPCEndpointIds").cloned());
    properties.put("EndpointConfiguration", node);
    properties.put("Parameters", map([("endpointConfigurationTypes", kind)], place));
}

/// `RequestModel` and `RequestParameters` of an event.
fn request(definition: &mut Node, event: &Node) {
    let mut parameters = Vec::new();
    if let Some(model) = event.get("RequestModel").and_then(|model| Some((model, model.get("Model")?.scalar()?.to_lowercase()))) {
        let (written, name) = model;
        let place = &written.place;
        let schema = map([("$ref", text(format!("#/definitions/{name}"), place))], place);
        let mut parameter = map([("in", text("body", place)), ("name", text(name, place)), ("schema", schema)], place);
        parameter.put_some("required", written.get("Required").cloned());
        parameters.push(parameter);
    }
    for written in event.get("RequestParameters").map(Node::items).unwrap_or_default() {
        let (name, required) = match written.members() {
            [only] => (only.key.clone(), only.value.get("Required").and_then(Node::bool).unwrap_or(false)),
            _ => (written.scalar().unwrap_or_default(), false),
        };
        let Some((kind, name)) = name.strip_prefix("method.request.").and_then(|rest| rest.split_once('.')) else { continue };
        let kind = if kind == "querystring" { "query" } else { kind };
        let place = &written.place;
        parameters.push(map(
            [
                ("in", text(kind, place)),
                ("name", text(name, place)),
                ("required", boolean(required || kind == "path", place)),
                ("type", text("string", place)),
            ],
            place,
        ));
    }
    if !parameters.is_empty() {
        let place = definition.place.clone();
        definition.put("parameters", list(parameters, &place));
    }
    if let Some((name, node)) = validator(event) {
        definition.put("x-amazon-apigateway-request-validator", text(name, &node.place));
    }
}

/// The validator that a `RequestModel` asks for: its name as the transform builds it, and its settings.
fn validator(event: &Node) -> Option<(String, Node)> {
    let model = event.get("RequestModel")?;
    let (body, parameters) = (model.get("ValidateBody"), model.get("ValidateParameters"));
    if body.is_none() && parameters.is_none() {
        return None;
    }
    let (body, parameters) = (body.and_then(Node::bool).unwrap_or(false), parameters.and_then(Node::bool).unwrap_or(false));
    let name = match (body, parameters) {
        (true, true) => "body-and-params",
        (true, false) => "body-only",
        (false, true) => "params-only",
        (false, false) => "no-validation",
    };
    let place = &model.place;
    let node = map([("validateRequestBody", boolean(body, place)), ("validateRequestParameters", boolean(parameters, place))], place);
    Some((name.to_owned(), node))
}
