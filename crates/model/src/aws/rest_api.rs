//! `AWS::ApiGateway::RestApi` with its routes, whether they come from an OpenAPI body or from
//! `AWS::ApiGateway::Resource` and `AWS::ApiGateway::Method`.

mod authorizer;
mod integration;
mod openapi;
mod parts;
mod security;
mod stage;
mod usage_plan;

use crate::app::{Resource, ResourceId};
use crate::node::Node;
use crate::place::Place;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use usage_plan::usage_plans;

/// A REST API.
#[derive(Clone, Debug, PartialEq)]
pub struct RestApi {
    /// Stack and logical id.
    pub id: ResourceId,
    /// What `Ref` gives: ten characters in AWS.
    pub api_id: String,
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// Its stages.
    pub stages: Vec<Stage>,
    /// Its routes (method and path), in the order written.
    pub routes: Vec<Route>,
    /// Authorizers by name.
    pub authorizers: BTreeMap<String, Authorizer>,
    /// JSON schemas by model name.
    pub models: BTreeMap<String, Node>,
    /// Gateway responses by response type.
    pub gateway_responses: BTreeMap<String, Node>,
    /// The API's resource policy.
    pub resource_policy: Option<Node>,
    /// Whether the API key comes from the authorizer (`AUTHORIZER`) rather than the `x-api-key` header.
    pub api_key_from_authorizer: bool,
    /// Media types whose bodies travel as bytes: `image/*`.
    pub binary_media_types: Vec<String>,
    /// Where to add to the API's OpenAPI body; `None` when the API has no body.
    pub body_place: Option<Place>,
    /// Why not all of its routes are known, and where that is written; `None` when they are.
    pub unknown: Option<(String, Place)>,
}

/// A stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// ARN of the web ACL associated with it.
    pub web_acl: Option<String>,
    /// Whether X-Ray tracing is on.
    pub tracing: bool,
    /// Access log format, when access logs are on.
    pub access_log_format: Option<String>,
    /// Stage variables whose value is known.
    pub variables: BTreeMap<String, String>,
}

/// A method of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// `GET`, or `ANY`.
    pub method: String,
    /// `/customizations/{id}`.
    pub path: String,
    /// Where the method is written.
    pub place: Place,
    /// How callers are authorised.
    pub auth: RouteAuth,
    /// Whether an API key is required.
    pub api_key_required: bool,
    /// What is validated.
    pub validator: Option<Validator>,
    /// Model name (key of [`RestApi::models`]) by content type. A name that is no key is a model that is not known.
    pub request_models: BTreeMap<String, String>,
    /// Required parameters: (`querystring` | `header` | `path`, name).
    pub required_parameters: Vec<(String, String)>,
    /// What answers.
    pub integration: Integration,
    /// Where the integration is written.
    pub integration_place: Place,
}

/// How callers of a route are authorised.
#[derive(Clone, Debug, PartialEq)]
pub enum RouteAuth {
    /// Not at all.
    None,
    /// SigV4 and IAM.
    Iam {
        /// Where it is written.
        place: Place,
    },
    /// By this authorizer.
    Authorizer {
        /// Key of [`RestApi::authorizers`].
        name: String,
        /// OAuth scopes, of which the token must have one.
        scopes: Vec<String>,
        /// Where it is written.
        place: Place,
    },
    /// Something is written that could not be understood; never to be taken for `None` or for protection.
    Unknown {
        /// Why.
        why: String,
        /// Where.
        place: Place,
    },
}

/// A request validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    /// Validates the body against the model.
    pub body: bool,
    /// Validates required parameters.
    pub parameters: bool,
    /// Why it is not known what it validates; `None` when it is.
    pub unknown: Option<String>,
    /// Where it is named.
    pub place: Place,
}

/// An authorizer.
#[derive(Clone, Debug, PartialEq)]
pub struct Authorizer {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// What it is.
    pub kind: AuthorizerKind,
    /// Seconds an answer is cached; 300 when not set, 0 for never.
    pub ttl: u32,
}

/// Kinds of authorizers of REST APIs.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthorizerKind {
    /// Lambda, by one header.
    Token {
        /// ARN of the function.
        function_arn: String,
        /// Header that carries the token: `Authorization`.
        header: String,
        /// Regular expression the token must match before the function is asked.
        validation: Option<String>,
        /// Role that API Gateway assumes to invoke it.
        credentials: Option<String>,
    },
    /// Lambda, by the whole request.
    Request {
        /// ARN of the function.
        function_arn: String,
        /// `method.request.header.X`, ...; the cache key.
        identity_sources: Vec<String>,
        /// Role that API Gateway assumes to invoke it.
        credentials: Option<String>,
    },
    /// Cognito user pools.
    Cognito {
        /// ARNs of the pools.
        pools: Vec<String>,
        /// Header that carries the token.
        header: String,
    },
    /// A kind that is not understood.
    Unknown(String),
}

/// What answers a route.
#[derive(Clone, Debug, PartialEq)]
pub enum Integration {
    /// Lambda proxy integration.
    LambdaProxy {
        /// ARN of the function, with qualifier if there is one.
        function_arn: String,
        /// Role that API Gateway assumes to invoke it; else the function's resource policy decides.
        credentials: Option<String>,
    },
    /// Mock: the response parameters of its default response (CORS preflight).
    Mock {
        /// Status code.
        status: u16,
        /// Response headers.
        headers: Vec<(String, String)>,
        /// Response body by its `application/json` template, when it is a constant.
        body: String,
    },
    /// Anything else, named.
    Unsupported(String),
}

/// A usage plan with the keys that belong to it.
#[derive(Clone, Debug, PartialEq)]
pub struct UsagePlan {
    /// Stack and logical id.
    pub id: ResourceId,
    /// Physical id.
    pub plan_id: String,
    /// Where it is declared.
    pub place: Place,
    /// (API id, stage) it covers.
    pub stages: Vec<(String, String)>,
    /// Requests per second.
    pub rate: Option<f64>,
    /// Size of the token bucket.
    pub burst: Option<u64>,
    /// Requests per period.
    pub quota: Option<(u64, String)>,
    /// (key id, key value, enabled).
    pub keys: Vec<(String, String, bool)>,
    /// Why its limits are not all known, and where that is written; `None` when they are.
    pub unknown: Option<(String, Place)>,
}

/// Every REST API among the resources.
pub(super) fn all(resources: &BTreeMap<ResourceId, Arc<Resource>>) -> Vec<RestApi> {
    resources.values().filter(|r| r.kind == "AWS::ApiGateway::RestApi").map(|r| RestApi::of(r, resources)).collect()
}

impl RestApi {
    fn of(resource: &Resource, resources: &BTreeMap<ResourceId, Arc<Resource>>) -> Self {
        let p = &resource.properties;
        let body = p.get("Body");
        let mut api = Self {
            id: resource.id.clone(),
            api_id: resource.physical_id.clone(),
            name: p.get("Name").and_then(Node::scalar).unwrap_or_else(|| resource.id.logical.to_string()),
            place: resource.place.clone(),
            stages: Vec::new(),
            routes: Vec::new(),
            authorizers: BTreeMap::new(),
            models: BTreeMap::new(),
            gateway_responses: BTreeMap::new(),
            resource_policy: p.get("Policy").cloned(),
            api_key_from_authorizer: false,
            binary_media_types: p.get("BinaryMediaTypes").map(Node::items).unwrap_or_default().iter().filter_map(Node::scalar).collect(),
            body_place: body.map(|body| body.place.clone()),
            unknown: None,
        };
        if let Some(body) = body {
            openapi::read(&mut api, body);
        }
        if let Some(location) = p.get("BodyS3Location") {
            api.unknown = Some(("its OpenAPI body lies in S3".into(), location.place.clone()));
        }
        if let Some(source) = p.get("ApiKeySourceType") {
            api.api_key_from_authorizer = source.str() == Some("AUTHORIZER");
        }
        parts::read(&mut api, resources);
        stage::read(&mut api, resources);
        api
    }
}

impl Validator {
    /// From its declaration, whose keys for body and parameters are given; `named` is where the route names it.
    fn of(declared: Option<&Node>, [body, parameters]: [&str; 2], named: &Node) -> Self {
        let on = |key: &str| declared.and_then(|d| d.get(key)).and_then(Node::bool).unwrap_or(false);
        let unknown = match declared {
            Some(declared) => declared.first_unknown().map(|(_, unknown)| unknown.why.clone()),
            None => Some(named.unknown().map_or_else(|| "it is not declared".to_owned(), |unknown| unknown.why.clone())),
        };
        Self { body: on(body), parameters: on(parameters), unknown, place: named.place.clone() }
    }
}
