//! `AWS::Serverless::WebSocketApi` (AWS SAM Developer Guide): the API, and for each route its integration and permission.

use super::Work;
use super::domain::Sort;
use super::http_api::any_authorizer;
use super::make::{Put as _, boolean, copy, given, is_function, is_map, list, map, reference, set, sub, sub_with, text};
use model::{Member, Node, Place};

const TAG: &str = "websocketapi:createdBy";

/// The tags of the API: the template's and SAM's own.
pub(super) fn all_tags(p: &Node, place: &Place) -> Node {
    let mut all = set(p, "Tags").cloned().unwrap_or_else(|| map([], place));
    all.put(TAG, text("SAM", place));
    all
}

impl Work<'_> {
    pub(super) fn websocket_api(&mut self, member: &Member, p: &Node) {
        let (logical, place) = (member.key.as_str(), &member.key_place);
        let mut p = p.clone();
        for key in ["Auth", "Domain", "Routes"] {
            let known = given(&p, key).map(|value| self.resolved(value));
            p.put_some(key, known);
        }
        self.websocket_faults(logical, &p, place);
        let name = given(&p, "Name").cloned().unwrap_or_else(|| text(logical, place));
        let mut properties = map([("Name", name), ("ProtocolType", text("WEBSOCKET", place)), ("Tags", all_tags(&p, place))], &p.place);
        let same = [
            "ApiKeySelectionExpression",
            "Description",
            "DisableExecuteApiEndpoint",
            "DisableSchemaValidation",
            "IpAddressType",
            "RouteSelectionExpression",
        ];
        copy(&mut properties, &p, &same);
        self.replace(&member.value, logical, "AWS::ApiGatewayV2::Api", properties, place);
        // What belongs to it has none of its attributes.
        let passed = std::mem::take(&mut self.attributes);
        self.domain_v2(logical, &p, Sort::WebSocket, TAG);
        let stage = given(&p, "StageName").cloned().unwrap_or_else(|| text("default", place));
        let auth = set(&p, "Auth");
        let mut routes = Vec::new();
        for route in p.get("Routes").map(Node::members).unwrap_or_default() {
            routes.extend(self.websocket_route(logical, route, auth, &stage));
        }
        self.websocket_stage(logical, &p, &stage, &routes, place);
        if let Some(auth) = auth.filter(|auth| is_custom(auth) && p.at(&["Routes", "$connect"]).is_some()) {
            self.websocket_authorizer(logical, auth);
        }
        self.attributes = passed;
    }

    fn websocket_faults(&mut self, logical: &str, p: &Node, place: &Place) {
        let mut faults = Vec::new();
        let routes = p.get("Routes").map(Node::members).unwrap_or_default();
        if p.get("Routes").is_some() && routes.is_empty() {
            faults.push("it wants at least one route".to_owned());
        }
        let address = given(p, "IpAddressType").filter(|address| !is_function(address));
        if address.is_some_and(|address| !matches!(address.str(), Some("ipv4" | "dualstack"))) {
            faults.push("IpAddressType must be ipv4 or dualstack".to_owned());
        }
        if given(p, "Domain").and_then(|domain| set(domain, "MutualTlsAuthentication")).is_some() {
            faults.push("it cannot have MutualTlsAuthentication".to_owned());
        }
        if given(p, "StageName").and_then(Node::str) == Some("$default") {
            faults.push("its stage cannot be called $default".to_owned());
        }
        if let Some(auth) = set(p, "Auth") {
            let kind = set(auth, "AuthType").and_then(Node::str).map(str::to_uppercase);
            match kind.as_deref() {
                Some("CUSTOM") if set(auth, "AuthArn").is_none() => faults.push("AuthType CUSTOM wants AuthArn".to_owned()),
                Some("CUSTOM") => {}
                Some("AWS_IAM" | "NONE") if auth.members().len() > 1 => faults.push("its AuthType wants nothing else".to_owned()),
                Some("AWS_IAM" | "NONE") => {}
                _ => faults.push("AuthType must be AWS_IAM, CUSTOM or NONE".to_owned()),
            }
            if !routes.iter().any(|route| route.key == "$connect") {
                faults.push("Auth wants a route $connect".to_owned());
            }
        }
        for route in routes {
            if !matches!(route.key.as_str(), "$connect" | "$disconnect" | "$default") && !route.key.chars().all(char::is_alphanumeric) {
                faults.push(format!("the route {} must consist of letters and digits", route.key));
            }
            if route.value.get("FunctionArn").is_none() {
                faults.push(format!("the route {} wants FunctionArn", route.key));
            }
            if set(&route.value, "RequestParameters").is_some() && route.key != "$connect" {
                faults.push("only $connect has RequestParameters".to_owned());
            }
        }
        for says in faults {
            self.refuse(format!("the WebSocket API {logical}: {says}"), place);
        }
    }

    /// A route with its integration and permission; gives its logical id.
    fn websocket_route(&mut self, logical: &str, route: &Member, auth: Option<&Node>, stage: &Node) -> Option<String> {
        let (place, p) = (&route.key_place, &route.value);
        let function = p.get("FunctionArn")?;
        let base = format!("{logical}{}", capitalized(route.key.trim_start_matches('$')));
        let (id, integration) = (format!("{base}Route"), format!("{base}Integration"));
        let parts = vec![text("integrations", place), reference(&integration, place)];
        let target = map([("Fn::Join", list(vec![text("/", place), list(parts, place)], place))], place);
        let mut properties =
            map([("ApiId", reference(logical, place)), ("RouteKey", text(route.key.as_str(), place)), ("Target", target)], place);
        let same = ["ApiKeyRequired", "ModelSelectionExpression", "OperationName", "RequestModels", "RouteResponseSelectionExpression"];
        copy(&mut properties, p, &same);
        properties.put_some("RequestParameters", set(p, "RequestParameters").cloned());
        if let Some(auth) = auth.filter(|_| route.key == "$connect") {
            let kind = auth.get("AuthType").and_then(Node::str).unwrap_or("NONE");
            properties.put("AuthorizationType", text(if matches!(kind, "CUSTOM" | "AWS_IAM") { kind } else { "NONE" }, place));
            if is_custom(auth) {
                properties.put("AuthorizerId", reference(&format!("{logical}ConnectAuthorizer"), place));
            }
        }
        self.generate(&id, "AWS::ApiGatewayV2::Route", properties, place);
        let uri = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${FunctionArn}/invocations";
        let mut properties = map(
            [
                ("ApiId", reference(logical, place)),
                ("IntegrationType", text("AWS_PROXY", place)),
                ("IntegrationUri", sub_with(uri, [("FunctionArn", function.clone())], place)),
            ],
            place,
        );
        properties.put_some("TimeoutInMillis", given(p, "IntegrationTimeout").cloned());
        self.generate(&integration, "AWS::ApiGatewayV2::Integration", properties, place);
        let head = format!("arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{logical}.ApiId}}/");
        let source = match stage.str() {
            Some(stage) => sub(format!("{head}{stage}/{}", route.key), place),
            None => sub_with(format!("{head}${{__StageName__}}/{}", route.key), [("__StageName__", stage.clone())], place),
        };
        self.authorizer_permission(&format!("{base}Permission"), function, source, place);
        Some(id)
    }

    fn websocket_stage(&mut self, logical: &str, p: &Node, stage: &Node, routes: &[String], place: &Place) {
        let id = match stage.str() {
            Some("default") => format!("{logical}DefaultStage"),
            name => format!("{logical}{}Stage", name.unwrap_or_default()),
        };
        let mut properties = map(
            [
                ("ApiId", reference(logical, place)),
                ("StageName", stage.clone()),
                ("AutoDeploy", boolean(true, place)),
                ("Tags", map([(TAG, text("SAM", place))], place)),
            ],
            place,
        );
        copy(&mut properties, p, &["StageVariables", "AccessLogSettings", "DefaultRouteSettings", "RouteSettings"]);
        let after = if set(p, "RouteSettings").is_some() { routes } else { &[] };
        self.references.insert(format!("{logical}.Stage"), id.clone());
        self.generate_after(&id, "AWS::ApiGatewayV2::Stage", properties, after, place);
    }

    fn websocket_authorizer(&mut self, logical: &str, auth: &Node) {
        let place = &auth.place;
        let id = format!("{logical}ConnectAuthorizer");
        let mut properties = map([("ApiId", reference(logical, place)), ("AuthorizerType", text("REQUEST", place))], place);
        properties.put_some("AuthorizerCredentialsArn", given(auth, "InvokeRole").cloned());
        let uri = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${AuthArn}/invocations";
        properties.put_some("AuthorizerUri", given(auth, "AuthArn").map(|arn| sub_with(uri, [("AuthArn", arn.clone())], place)));
        copy(&mut properties, auth, &["IdentitySource"]);
        properties.put("Name", set(auth, "Name").cloned().unwrap_or_else(|| text(id.as_str(), place)));
        self.generate(&id, "AWS::ApiGatewayV2::Authorizer", properties, place);
        if let Some(function) = set(auth, "AuthArn").filter(|_| set(auth, "InvokeRole").is_none()) {
            self.authorizer_permission(&format!("{logical}AuthorizerPermission"), function, any_authorizer(logical, place), place);
        }
    }
}

fn is_custom(auth: &Node) -> bool {
    is_map(auth) && auth.get("AuthType").and_then(Node::str) == Some("CUSTOM") && set(auth, "AuthArn").is_some()
}

/// The first letter large, all others small.
fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    first + &letters.as_str().to_lowercase()
}
