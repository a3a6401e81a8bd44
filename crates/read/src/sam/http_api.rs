//! `AWS::Serverless::HttpApi` (AWS SAM Developer Guide): an HTTP API with its OpenAPI body and its stage.

use super::api::{ANY, INTEGRATION, uri};
use super::events::when;
use super::make::{Put as _, boolean, list, map, reference, sub_with, text};
use super::{Work, alphanumeric_id, auth};
use model::{Node, Place};

impl Work<'_> {
    pub(super) fn http_api(&mut self, logical: &str, mut p: Node, place: &Place, written: Option<&Node>) {
        let (given, location) = self.rest_body(&mut p);
        let mut body = given.unwrap_or_else(|| {
            let info = map([("version", text("1.0", place)), ("title", reference("AWS::StackName", place))], place);
            map([("openapi", text("3.0.1", place)), ("info", info), ("paths", map([], place))], place)
        });
        self.http_routes(logical, &p, &mut body);
        http_auth(&mut body, &p);
        if let Some(cors) = p.get("CorsConfiguration") {
            body.put("x-amazon-apigateway-cors", cors_settings(cors));
        }
        let tag = map([("name", text("httpapi:createdBy", place)), ("x-amazon-apigateway-tag-value", text("SAM", place))], place);
        body.put("tags", list(vec![tag], place));
        let mut properties = map([], &p.place);
        match location {
            Some(location) => properties.put("BodyS3Location", location),
            None => properties.put("Body", body),
        }
        for key in ["FailOnWarnings", "Description", "DisableExecuteApiEndpoint", "Name"] {
            properties.put_some(key, p.get(key).cloned());
        }
        match written {
            Some(written) => self.replace(written, logical, "AWS::ApiGatewayV2::Api", properties, place),
            None => self.generate(logical, "AWS::ApiGatewayV2::Api", properties, place),
        }
        self.http_stage(logical, &p, place);
        for authorizer in p.at(&["Auth", "Authorizers"]).map(Node::members).unwrap_or_default() {
            if authorizer.value.get("EnableFunctionDefaultPermissions").and_then(Node::bool) == Some(true) {
                let mut api = p.clone();
                let only = map([("Authorizers", map([(&authorizer.key, authorizer.value.clone())], place))], place);
                api.put("Auth", only);
                self.authorizer_permissions(logical, &api, place);
            }
        }
    }

    fn http_routes(&mut self, logical: &str, p: &Node, body: &mut Node) {
        for route in self.routes.iter().filter(|route| route.api == logical) {
            let method = if route.method == "any" { ANY } else { route.method.as_str() };
            let place = &route.place;
            let version = route.event.get("PayloadFormatVersion").cloned().unwrap_or_else(|| text("2.0", place));
            let mut integration = map(
                [
                    ("type", text("aws_proxy", place)),
                    ("httpMethod", text("POST", place)),
                    ("uri", when(route.condition.as_deref(), uri(route), place)),
                    ("payloadFormatVersion", version),
                ],
                place,
            );
            integration.put_some("timeoutInMillis", route.event.get("TimeoutInMillis").cloned());
            let mut definition = map([(INTEGRATION, integration), ("responses", map([], place))], place);
            if route.path == "$default" {
                definition.put("isDefaultRoute", boolean(true, place));
            }
            let names: Vec<&str> = route.path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
            if !names.is_empty() {
                let parameter = |name: &&str| {
                    map(
                        [
                            ("name", text(name.trim_end_matches('+'), place)),
                            ("in", text("path", place)),
                            ("required", boolean(true, place)),
                        ],
                        place,
                    )
                };
                definition.put("parameters", list(names.iter().map(parameter).collect(), place));
            }
            // A body that the template gives keeps its own integration; only what the event requires is added.
            let item = body.entry("paths").entry(&route.path);
            if item.at(&[method, INTEGRATION]).is_some() {
                auth::of_event(item.entry(method), &route.event, p);
                continue;
            }
            auth::of_event(&mut definition, &route.event, p);
            body.entry("paths").entry(&route.path).put(method, when(route.condition.as_deref(), definition, place));
        }
    }

    fn http_stage(&mut self, logical: &str, p: &Node, place: &Place) {
        let name = p.get("StageName").cloned().unwrap_or_else(|| text("$default", place));
        let id = match name.str() {
            Some("$default") => format!("{logical}ApiGatewayDefaultStage"),
            _ => alphanumeric_id(logical, &name.scalar().unwrap_or_default(), "Stage"),
        };
        let mut properties = map([("ApiId", reference(logical, place)), ("StageName", name), ("AutoDeploy", boolean(true, place))], place);
        for (from, to) in [
            ("StageVariables", "StageVariables"),
            ("AccessLogSettings", "AccessLogSettings"),
            ("DefaultRouteSettings", "DefaultRouteSettings"),
            ("RouteSettings", "RouteSettings"),
        ] {
            properties.put_some(to, p.get(from).cloned());
        }
        let mut tags = map([("httpapi:createdBy", text("SAM", place))], place);
        for tag in p.get("Tags").map(Node::members).unwrap_or_default() {
            tags.put(&tag.key, tag.value.clone());
        }
        properties.put("Tags", tags);
        self.references.insert(format!("{logical}.Stage"), id.clone());
        self.generate(&id, "AWS::ApiGatewayV2::Stage", properties, place);
    }
}

/// Authorizers of an HTTP API (API Gateway, "x-amazon-apigateway-authorizer" for HTTP APIs), and the default one.
fn http_auth(body: &mut Node, p: &Node) {
    let Some(written) = p.get("Auth") else { return };
    for authorizer in written.get("Authorizers").map(Node::members).unwrap_or_default() {
        let (value, place) = (&authorizer.value, &authorizer.key_place);
        let mut node = map([], place);
        let mut scheme = map([], place);
        if let Some(jwt) = value.get("JwtConfiguration") {
            scheme.put("type", text("oauth2", place));
            let mut lower = map([], place);
            for member in jwt.members() {
                lower.put(&member.key.to_lowercase(), member.value.clone());
            }
            node.put("jwtConfiguration", lower);
            node.put("type", text("jwt", place));
            node.put_some("identitySource", value.get("IdentitySource").cloned());
        } else {
            scheme.put("type", text("apiKey", place));
            scheme.put("name", text("Unused", place));
            scheme.put("in", text("header", place));
            node.put("type", text("request", place));
            let template =
                "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations";
            let function = value.get("FunctionArn").cloned().unwrap_or_else(|| text("", place));
            node.put("authorizerUri", sub_with(template, [("__FunctionArn__", function)], place));
            node.put_some("authorizerCredentials", value.get("FunctionInvokeRole").cloned());
            node.put_some("authorizerResultTtlInSeconds", value.at(&["Identity", "ReauthorizeEvery"]).cloned());
            node.put_some("authorizerPayloadFormatVersion", value.get("AuthorizerPayloadFormatVersion").cloned());
            node.put_some("enableSimpleResponses", value.get("EnableSimpleResponses").cloned());
            let mut sources = Vec::new();
            for (key, prefix) in [
                ("Headers", "$request.header."),
                ("QueryStrings", "$request.querystring."),
                ("StageVariables", "$stageVariables."),
                ("Context", "$context."),
            ] {
                let names = value.at(&["Identity", key]).map(Node::items).unwrap_or_default();
                sources.extend(names.iter().filter_map(Node::scalar).map(|name| text(format!("{prefix}{name}"), place)));
            }
            if !sources.is_empty() {
                node.put("identitySource", list(sources, place));
            }
        }
        scheme.put("x-amazon-apigateway-authorizer", node);
        body.entry("components").entry("securitySchemes").put(&authorizer.key, scheme);
    }
    let default = written.get("DefaultAuthorizer").and_then(Node::scalar);
    auth::each_method(body, &mut |_, method| {
        let entries = method.get("security").map(Node::items).unwrap_or_default();
        match (&default, entries) {
            (Some(name), []) if method.get(INTEGRATION).is_some() => {
                let place = written.place.clone();
                let scopes = written.at(&["Authorizers", name, "AuthorizationScopes"]).cloned().unwrap_or_else(|| list(Vec::new(), &place));
                method.put("security", list(vec![map([(name, scopes)], &place)], &place));
            }
            (_, [only]) if only.get("NONE").is_some() => {
                method.take("security");
            }
            _ => {}
        }
    });
}

/// `CorsConfiguration`: `true` allows any origin.
fn cors_settings(cors: &Node) -> Node {
    let place = &cors.place;
    if cors.bool() == Some(true) {
        return map([("allowOrigins", list(vec![text("*", place)], place))], place);
    }
    let mut node = map([], place);
    for member in cors.members() {
        let mut letters = member.key.chars();
        let first = letters.next().map(|c| c.to_ascii_lowercase().to_string()).unwrap_or_default();
        node.put(&(first + letters.as_str()), member.value.clone());
    }
    node
}
