//! Authorizers: `x-amazon-apigateway-authorizer` and `AWS::ApiGateway::Authorizer` (same fields, other spelling).

use super::{AuthorizerKind, integration};
use crate::app::Resource;
use crate::node::Node;

/// Seconds an answer is cached when nothing is said.
const TTL: u32 = 300;

/// The fields of an authorizer, wherever they were written.
struct Fields<'a> {
    kind: Option<&'a Node>,
    uri: Option<&'a Node>,
    credentials: Option<&'a Node>,
    ttl: Option<&'a Node>,
    source: Option<&'a Node>,
    validation: Option<&'a Node>,
    pools: Option<&'a Node>,
}

/// From an OpenAPI body; `header` is the name of the security scheme's header.
pub(super) fn from_openapi(written: &Node, header: Option<String>) -> (AuthorizerKind, u32) {
    if let Some(unknown) = written.unknown() {
        return (AuthorizerKind::Unknown(unknown.why.clone()), TTL);
    }
    let fields = Fields {
        kind: written.get("type"),
        uri: written.get("authorizerUri"),
        credentials: written.get("authorizerCredentials"),
        ttl: written.get("authorizerResultTtlInSeconds"),
        source: written.get("identitySource"),
        validation: written.get("identityValidationExpression"),
        pools: written.get("providerARNs"),
    };
    fields.read(header)
}

/// From a resource.
pub(super) fn from_resource(resource: &Resource) -> (AuthorizerKind, u32) {
    let p = &resource.properties;
    let fields = Fields {
        kind: p.get("Type"),
        uri: p.get("AuthorizerUri"),
        credentials: p.get("AuthorizerCredentials"),
        ttl: p.get("AuthorizerResultTtlInSeconds"),
        source: p.get("IdentitySource"),
        validation: p.get("IdentityValidationExpression"),
        pools: p.get("ProviderARNs"),
    };
    fields.read(None)
}

impl Fields<'_> {
    fn read(&self, scheme_header: Option<String>) -> (AuthorizerKind, u32) {
        let decisive = [self.kind, self.uri, self.credentials, self.ttl, self.source, self.validation, self.pools];
        if let Some((_, unknown)) = decisive.into_iter().flatten().find_map(Node::first_unknown) {
            return (AuthorizerKind::Unknown(unknown.why.clone()), TTL);
        }
        let ttl = self.ttl.and_then(Node::integer).and_then(|n| u32::try_from(n).ok()).unwrap_or(TTL);
        let sources = self.sources();
        let from_source = sources.iter().find_map(|source| source.strip_prefix("method.request.header.").map(str::to_owned));
        let header = from_source.or(scheme_header).unwrap_or_else(|| "Authorization".into());
        let credentials = self.credentials.and_then(Node::scalar);
        let kind = self.kind.and_then(Node::str).unwrap_or_default().to_ascii_lowercase();
        let kind = match (kind.as_str(), self.function()) {
            ("token", Ok(function_arn)) => {
                AuthorizerKind::Token { function_arn, header, validation: self.validation.and_then(Node::scalar), credentials }
            }
            ("request", Ok(function_arn)) => AuthorizerKind::Request { function_arn, identity_sources: sources, credentials },
            ("token" | "request", Err(why)) => AuthorizerKind::Unknown(why),
            ("cognito_user_pools", _) => {
                let pools = self.pools.map(Node::one_or_many).unwrap_or_default().iter().filter_map(Node::scalar).collect();
                AuthorizerKind::Cognito { pools, header }
            }
            (other, _) => AuthorizerKind::Unknown(format!("authorizer type `{other}` is not understood")),
        };
        (kind, ttl)
    }

    fn function(&self) -> Result<String, String> {
        let uri = self.uri.ok_or("the authorizer has no URI")?;
        integration::function_of(uri)
    }

    fn sources(&self) -> Vec<String> {
        let all = self.source.and_then(Node::str).unwrap_or_default();
        all.split(',').map(str::trim).filter(|source| !source.is_empty()).map(str::to_owned).collect()
    }
}
