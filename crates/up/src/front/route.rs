//! Where a request leads, by its host name, its path or what it was signed for. Pure.

use model::HttpRequest;

/// The part of this process that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A stage of an API: API id, stage, and the path after it.
    Api { api_id: String, stage: String, path: String },
    /// An AWS service by its endpoint prefix, with the request as that endpoint knows it.
    Aws { service: String, request: Box<HttpRequest> },
    /// Nothing is served there.
    Nowhere,
}

/// Finds the destination.
///
/// By host as AWS names its endpoints (AWS General Reference, "AWS service endpoints"); for a client that reaches this process
/// by address, by path (`/restapis/<api>/<stage>/_user_request_/…`, `/_cognito/<domain or pool>/…`) or by the service in the
/// scope of its signature.
pub(crate) fn destination(request: &HttpRequest, region: &str) -> Destination {
    let host = request.header("host").unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
    by_host(&host, request).or_else(|| by_path(request, region)).or_else(|| by_content(request)).unwrap_or(Destination::Nowhere)
}

fn aws(service: &str, request: &HttpRequest) -> Destination {
    Destination::Aws { service: service.to_owned(), request: Box::new(request.clone()) }
}

fn by_host(host: &str, request: &HttpRequest) -> Option<Destination> {
    if host.strip_suffix(".amazoncognito.com").is_some_and(|rest| rest.contains(".auth.")) {
        return Some(aws("cognito-idp", request));
    }
    if host == "s3.localhost" || host.ends_with(".s3.localhost") {
        // Anonymous requests to buckets say nowhere but in the host what they are for; this name leads to loopback everywhere.
        return Some(aws("s3", request));
    }
    let name = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let labels: Vec<&str> = name.split('.').collect();
    match labels.as_slice() {
        [api_id, "execute-api", _] => {
            let (stage, path) = split(&request.path);
            Some(Destination::Api { api_id: (*api_id).to_owned(), stage, path })
        }
        // DynamoDB's endpoints by account.
        [_, "ddb", _] => Some(aws("dynamodb", request)),
        [.., "s3", _] | [.., "s3", "dualstack", _] | [.., "s3"] => Some(aws("s3", request)),
        [service] | [service, _] => Some(aws(service, request)),
        _ => Some(Destination::Nowhere),
    }
}

fn by_path(request: &HttpRequest, region: &str) -> Option<Destination> {
    if let Some(rest) = request.path.strip_prefix("/restapis/") {
        let (api_id, rest) = rest.split_once('/')?;
        let (stage, rest) = rest.split_once('/')?;
        let path = rest.strip_prefix("_user_request_").filter(|path| path.is_empty() || path.starts_with('/'))?;
        let path = if path.is_empty() { "/" } else { path };
        return Some(Destination::Api { api_id: api_id.to_owned(), stage: stage.to_owned(), path: path.to_owned() });
    }
    let (owner, path) = request.path.strip_prefix("/_cognito/")?.split_once('/')?;
    let (host, path) = if path.starts_with("oauth2/") {
        (format!("{owner}.auth.{region}.amazoncognito.com"), format!("/{path}"))
    } else {
        (format!("cognito-idp.{region}.amazonaws.com"), format!("/{owner}/{path}"))
    };
    let mut request = HttpRequest { path, ..request.clone() };
    request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("host"));
    request.headers.push(("Host".into(), host));
    Some(aws("cognito-idp", &request))
}

fn by_content(request: &HttpRequest) -> Option<Destination> {
    if let Some(scope) = gate::sigv4::scope_of_upload(request) {
        return Some(aws(scope.split('/').nth(3)?, request));
    }
    // Operations that need no signature name their service in the target only.
    let (target, _) = request.header("x-amz-target")?.split_once('.')?;
    let service = match target {
        "AWSCognitoIdentityProviderService" => "cognito-idp",
        "DynamoDB_20120810" => "dynamodb",
        "secretsmanager" => "secretsmanager",
        _ => return None,
    };
    Some(aws(service, request))
}

/// The access key id that signed.
pub(crate) fn access_key_id(request: &HttpRequest) -> Option<String> {
    Some(gate::sigv4::scope_of_upload(request)?.split('/').next()?.to_owned())
}

/// `/stage/rest` as the stage and `/rest`.
fn split(path: &str) -> (String, String) {
    let path = path.trim_start_matches('/');
    let (stage, rest) = path.split_once('/').unwrap_or((path, ""));
    (stage.to_owned(), format!("/{rest}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    fn request(host: &str, path: &str, headers: &[(&str, &str)]) -> HttpRequest {
        let mut all = vec![("Host".to_owned(), host.to_owned())];
        all.extend(headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        HttpRequest { method: "GET".into(), path: path.into(), headers: all, ..HttpRequest::default() }
    }

    fn shown(request: &HttpRequest) -> String {
        match destination(request, "us-east-1") {
            Destination::Api { api_id, stage, path } => format!("api {api_id} {stage} {path}"),
            Destination::Aws { service, request } => format!("{service} {} {}", request.header("host").unwrap_or_default(), request.path),
            Destination::Nowhere => "nowhere".into(),
        }
    }

    #[test]
    fn every_way_in() {
        let signed =
            ("Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20261122/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0");
        let target = ("X-Amz-Target", "AWSCognitoIdentityProviderService.InitiateAuth");
        let local = "127.0.0.1:4566";
        for (host, path, headers, answer) in [
            ("abc123.execute-api.us-east-1.amazonaws.com", "/dev/socks/1", vec![], "api abc123 dev /socks/1"),
            ("abc123.execute-api.us-east-1.amazonaws.com:443", "/dev", vec![], "api abc123 dev /"),
            (local, "/restapis/abc/dev/_user_request_/a%2Fb", vec![], "api abc dev /a%2Fb"),
            (local, "/restapis/abc/dev/_user_request_", vec![], "api abc dev /"),
            (local, "/restapis/abc/dev/other", vec![], "nowhere"),
            ("d.auth.us-east-1.amazoncognito.com", "/oauth2/token", vec![], "cognito-idp d.auth.us-east-1.amazoncognito.com /oauth2/token"),
            (local, "/_cognito/d/oauth2/token", vec![], "cognito-idp d.auth.us-east-1.amazoncognito.com /oauth2/token"),
            (
                local,
                "/_cognito/us-east-1_P/.well-known/jwks.json",
                vec![],
                "cognito-idp cognito-idp.us-east-1.amazonaws.com /us-east-1_P/.well-known/jwks.json",
            ),
            ("sts.amazonaws.com", "/", vec![], "sts sts.amazonaws.com /"),
            ("b.s3.us-east-1.amazonaws.com", "/k", vec![], "s3 b.s3.us-east-1.amazonaws.com /k"),
            ("my.b.s3.amazonaws.com", "/k", vec![], "s3 my.b.s3.amazonaws.com /k"),
            ("b.s3.localhost:4566", "/k", vec![], "s3 b.s3.localhost:4566 /k"),
            ("123456789012.ddb.us-east-1.amazonaws.com", "/", vec![], "dynamodb 123456789012.ddb.us-east-1.amazonaws.com /"),
            (local, "/", vec![signed], "sts 127.0.0.1:4566 /"),
            (local, "/", vec![target], "cognito-idp 127.0.0.1:4566 /"),
            (local, "/", vec![], "nowhere"),
            ("example.com", "/dev", vec![], "nowhere"),
        ] {
            assert_eq!(shown(&request(host, path, &headers)), answer, "{host}{path}");
        }
    }

    #[test]
    fn presigned_requests_name_their_service_too() {
        let mut presigned = request("localhost", "/", &[]);
        presigned.query = "Action=GetCallerIdentity&X-Amz-Credential=ASIA1%2F20261122%2Fus-east-1%2Fsts%2Faws4_request".into();
        assert_eq!(shown(&presigned), "sts localhost /");
        assert_eq!(access_key_id(&presigned).as_deref(), Some("ASIA1"));
    }
}
