//! `AWS::Serverless::HttpApi` (AWS SAM Developer Guide): an HTTP API with its OpenAPI body and its stage.

use super::body::is_valid;
use super::domain::Sort;
use super::make::{Put as _, boolean, copy, given, is_function, is_map, list, map, reference, set, sub_with, text};
use super::{Work, alphanumeric_id, http_auth};
use model::{Kind, Member, Node, Place};

impl Work<'_> {
    pub(super) fn http_api(&mut self, member: &Member, mut p: Node) {
        let (logical, place) = (member.key.as_str(), &member.key_place);
        for key in ["CorsConfiguration", "Domain"] {
            let known = given(&p, key).map(|value| self.resolved(value));
            p.put_some(key, known);
        }
        let uri = set(&p, "DefinitionUri").cloned();
        let mut properties = map([], &p.place);
        match set(&p, "DefinitionBody").cloned() {
            Some(mut body) => {
                if uri.is_some() {
                    self.refuse(format!("{logical} has both DefinitionBody and DefinitionUri"), place);
                }
                self.http_body(logical, &p, &mut body, place);
                properties.put("Body", body);
            }
            None => {
                for key in ["CorsConfiguration", "Auth", "Tags", "Name", "Description", "DisableExecuteApiEndpoint"] {
                    if set(&p, key).is_some() || key == "DisableExecuteApiEndpoint" && given(&p, key).is_some() {
                        self.refuse(format!("{key} of {logical} works only with a body in DefinitionBody"), place);
                    }
                }
            }
        }
        if let Some(uri) = uri {
            let location = self.document_location(&uri);
            properties.take("Body");
            properties.put(if location.get("Bucket").is_some() { "BodyS3Location" } else { "Body" }, location);
        }
        properties.put_some("FailOnWarnings", set(&p, "FailOnWarnings").cloned());
        self.replace(&member.value, logical, "AWS::ApiGatewayV2::Api", properties, place);
        self.domain_v2(logical, &p, Sort::Http, "httpapi:createdBy");
        self.http_authorizer_permissions(logical, &p, place);
        self.http_stage(logical, &p, place);
    }

    fn http_body(&mut self, logical: &str, p: &Node, body: &mut Node, place: &Place) {
        let is_openapi = is_valid(body, true);
        let needs = ["CorsConfiguration", "Auth", "Tags"].iter().any(|key| set(p, key).is_some());
        if needs && !is_openapi {
            return self.refuse(format!("the body of {logical} is no OpenAPI 3 document that SAM can add to"), place);
        }
        if set(p, "Auth").is_some() || self.managed.contains(logical) {
            for (says, place) in super::body::faults(body, set(p, "Auth").is_some()) {
                self.refuse(says, &place);
            }
        }
        if let Some(cors) = set(p, "CorsConfiguration") {
            for says in cors_faults(cors) {
                self.refuse(format!("CorsConfiguration of {logical}: {says}"), &cors.place);
            }
            add_cors(body, cors);
        }
        if let Some(auth) = set(p, "Auth").filter(|auth| is_map(auth)) {
            for says in http_auth::faults(auth, logical).into_iter().chain(http_auth::method_faults(body, auth)) {
                self.refuse(says, &auth.place);
            }
            http_auth::apply(body, auth, self.partition);
        }
        if given(body, "tags").is_some_and(|tags| !super::make::is_list(tags)) {
            self.refuse(format!("tags in the body of {logical} must be a list"), place);
        } else if is_openapi {
            add_tags(body, set(p, "Tags"), "httpapi:createdBy", place);
        }
        if let Some(disabled) = given(p, "DisableExecuteApiEndpoint")
            && let Some(servers) = body.items_mut("servers")
        {
            if servers.is_empty() {
                servers.push(map([], place));
            }
            for server in servers {
                server.entry("x-amazon-apigateway-endpoint-configuration").put("disableExecuteApiEndpoint", disabled.clone());
            }
        }
        if let Some(name) = set(p, "Name") {
            let title = body.at(&["info", "title"]);
            match title.is_some_and(|title| title.get("Ref").and_then(Node::str) == Some("AWS::StackName")) {
                true => body.entry("info").put("title", name.clone()),
                false => self.refuse(format!("Name of {logical} and the title in its body exclude each other"), &name.place),
            }
        }
        if let Some(description) = set(p, "Description") {
            match body.get("info").and_then(|info| set(info, "description")) {
                None => body.entry("info").put("description", description.clone()),
                Some(_) => self.refuse(format!("Description of {logical} stands in its body already"), &description.place),
            }
        }
        // With warnings as errors, API Gateway wants a slash before the default route.
        if set(p, "FailOnWarnings").is_some() && body.at(&["paths", "$default"]).is_some() {
            let paths = body.entry("paths");
            if let Some(default) = paths.take("$default") {
                paths.put("/$default", default);
            }
        }
    }

    fn http_authorizer_permissions(&mut self, logical: &str, p: &Node, place: &Place) {
        for authorizer in p.at(&["Auth", "Authorizers"]).map(Node::members).unwrap_or_default() {
            let wanted = set(&authorizer.value, "EnableFunctionDefaultPermissions").is_some();
            let Some(function) = set(&authorizer.value, "FunctionArn").filter(|_| wanted) else { continue };
            let id = format!("{logical}{}AuthorizerPermission", authorizer.key);
            self.authorizer_permission(&id, function, any_authorizer(logical, place), &authorizer.key_place);
        }
    }

    fn http_stage(&mut self, logical: &str, p: &Node, place: &Place) {
        let name = set(p, "StageName").cloned().unwrap_or_else(|| text("$default", place));
        let id = match name.str() {
            Some("$default") => format!("{logical}ApiGatewayDefaultStage"),
            name => alphanumeric_id(logical, name.unwrap_or_default(), "Stage"),
        };
        let mut properties = map([("ApiId", reference(logical, place)), ("StageName", name), ("AutoDeploy", boolean(true, place))], place);
        copy(&mut properties, p, &["StageVariables", "AccessLogSettings", "DefaultRouteSettings", "RouteSettings"]);
        if let Some(all) = http_tags(p, place) {
            properties.put("Tags", all);
        }
        self.references.insert(format!("{logical}.Stage"), id.clone());
        self.generate(&id, "AWS::ApiGatewayV2::Stage", properties, place);
    }
}

/// The tags of an API with a body: the template's and SAM's own.
pub(super) fn http_tags(p: &Node, place: &Place) -> Option<Node> {
    if !set(p, "DefinitionBody").is_some_and(|body| is_valid(body, true)) {
        return given(p, "Tags").cloned();
    }
    let mut all = set(p, "Tags").cloned().unwrap_or_else(|| map([], place));
    all.put("httpapi:createdBy", text("SAM", place));
    Some(all)
}

/// The ARN of every authorizer of an API.
pub(super) fn any_authorizer(logical: &str, place: &Place) -> Node {
    let arn = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*";
    sub_with(arn, [("__ApiId__", reference(logical, place))], place)
}

fn add_tags(body: &mut Node, tags: Option<&Node>, own: &str, place: &Place) {
    let own = map([(own, text("SAM", place))], place);
    let Some(known) = body.items_mut("tags") else { return };
    for tag in tags.map(Node::members).unwrap_or_default().iter().chain(own.members()) {
        match known.iter_mut().find(|known| known.get("name").and_then(Node::str) == Some(tag.key.as_str())) {
            Some(known) => known.put("x-amazon-apigateway-tag-value", tag.value.clone()),
            None => {
                let name = text(tag.key.as_str(), place);
                known.push(map([("name", name), ("x-amazon-apigateway-tag-value", tag.value.clone())], place));
            }
        }
    }
}

/// A key as OpenAPI spells it: `AllowOrigins` as `allowOrigins`.
fn lower_first(key: &str) -> String {
    let mut letters = key.chars();
    letters.next().map(|first| first.to_ascii_lowercase().to_string()).unwrap_or_default() + letters.as_str()
}

/// `CorsConfiguration`: `true` allows any origin.
fn add_cors(body: &mut Node, cors: &Node) {
    const KEYS: [&str; 6] = ["AllowOrigins", "AllowHeaders", "AllowMethods", "ExposeHeaders", "MaxAge", "AllowCredentials"];
    let place = &cors.place;
    let known = body.entry("x-amazon-apigateway-cors");
    if matches!(cors.kind, Kind::Bool(_)) {
        known.put("allowOrigins", list(vec![text("*", place)], place));
    } else if is_function(cors) {
        let spelt = spelt(cors, &KEYS);
        spelt.members().iter().for_each(|member| known.put(&member.key, member.value.clone()));
    } else {
        for key in KEYS {
            let value = match key {
                "MaxAge" => given(cors, key),
                "AllowCredentials" => cors.get(key).filter(|value| matches!(value.kind, Kind::Bool(true))),
                _ => set(cors, key),
            };
            known.put_some(&lower_first(key), value.cloned());
        }
    }
}

/// A function call with the keys of CORS as OpenAPI spells them.
fn spelt(node: &Node, keys: &[&str]) -> Node {
    let kind = match &node.kind {
        Kind::Map(members) => Kind::Map(
            members
                .iter()
                .map(|member| {
                    let key = if keys.contains(&member.key.as_str()) { lower_first(&member.key) } else { member.key.clone() };
                    Member { key, value: spelt(&member.value, keys), ..member.clone() }
                })
                .collect(),
        ),
        Kind::List(items) => Kind::List(items.iter().map(|item| spelt(item, keys)).collect()),
        other => other.clone(),
    };
    Node::new(kind, node.place.clone())
}

fn cors_faults(cors: &Node) -> Vec<String> {
    const KNOWN: [&str; 6] = ["AllowMethods", "AllowHeaders", "AllowOrigins", "MaxAge", "ExposeHeaders", "AllowCredentials"];
    if matches!(cors.kind, Kind::Bool(_)) || is_function(cors) {
        return Vec::new();
    }
    if !is_map(cors) {
        return vec!["it must be true or a mapping".to_owned()];
    }
    let mut found: Vec<String> =
        cors.members().iter().filter(|m| !KNOWN.contains(&m.key.as_str())).map(|m| format!("{} is no member of it", m.key)).collect();
    let is_any = matches!(cors.get("AllowOrigins").map(Node::items), Some([only]) if only.str() == Some("*"));
    if is_any && matches!(cors.get("AllowCredentials").map(|value| &value.kind), Some(Kind::Bool(true))) {
        found.push("AllowCredentials wants AllowOrigins other than *".to_owned());
    }
    found
}
