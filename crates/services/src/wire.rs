//! AWS's wire protocols, as far as every service shares them: how an operation is named, how an error looks,
//! what every answer carries. Follows the Smithy documents "AWS JSON 1.0 protocol", "AWS JSON 1.1 protocol"
//! and "AWS Query protocol". It never knows what an operation means.

use crate::ServiceError;
use model::{HttpRequest, HttpResponse, Stop};
use serde_json::{Map, Value, json};

/// The protocol of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `application/x-amz-json-1.0`, operation in `X-Amz-Target`.
    Json10,
    /// `application/x-amz-json-1.1`, operation in `X-Amz-Target`.
    Json11,
    /// `application/x-www-form-urlencoded`, operation in `Action`, answers in XML.
    Query,
    /// Operation by method and path, errors named in `x-amzn-ErrorType`.
    RestJson,
    /// Operation by method and path, answers and errors in XML: Amazon S3.
    RestXml,
}

impl Protocol {
    /// The protocol of an endpoint prefix, by its service model.
    pub fn of(endpoint: &str) -> Self {
        match endpoint {
            // CloudWatch answers in the protocol it was asked in; inside it is JSON.
            "dynamodb" | "monitoring" => Self::Json10,
            "cognito-idp" | "secretsmanager" | "logs" | "kms" | "wafv2" => Self::Json11,
            "sts" | "rds" | "iam" | "cloudformation" => Self::Query,
            "s3" => Self::RestXml,
            _ => Self::RestJson,
        }
    }

    /// Content type of answers.
    fn content_type(self) -> &'static str {
        match self {
            Self::Json10 => "application/x-amz-json-1.0",
            Self::Json11 => "application/x-amz-json-1.1",
            Self::Query => "text/xml",
            Self::RestJson => "application/json",
            Self::RestXml => "application/xml",
        }
    }
}

/// The operation a JSON protocol names in `X-Amz-Target`, when the target has this prefix.
pub fn target<'a>(request: &'a HttpRequest, prefix: &str) -> Option<&'a str> {
    request.header("x-amz-target")?.strip_prefix(prefix)?.strip_prefix('.')
}

/// The body of a JSON protocol: an object; an empty body is an empty object.
///
/// # Errors
/// `SerializationException`, as AWS's front ends answer to what is not a JSON object.
pub fn json_body(request: &HttpRequest) -> Result<Map<String, Value>, ServiceError> {
    if request.body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(ServiceError::new(400, "SerializationException", "")),
    }
}

/// An answer with a JSON body.
pub fn json_answer(protocol: Protocol, body: &Value) -> HttpResponse {
    HttpResponse {
        status: 200,
        headers: vec![("Content-Type".into(), protocol.content_type().into())],
        body: body.to_string().into_bytes(),
    }
}

/// The parameters of a query-protocol request: of the body, or of the query string for `GET`.
pub fn form(request: &HttpRequest) -> Vec<(String, String)> {
    let text = if request.method == "GET" { request.query.as_bytes() } else { &request.body };
    form_pairs(text)
}

/// Items of one list at most; a number in a parameter's name must not make a list of its size.
const ITEMS: usize = 1000;

/// The operation of a query-protocol request and its parameters, as the object they stand for (`Tags.member.1.Key=..`;
/// Smithy, "AWS Query protocol"). All values are texts.
pub fn query_parameters(request: &HttpRequest) -> (String, Value) {
    let mut operation = String::new();
    let mut root = json!({});
    for (name, value) in form(request) {
        match name.as_str() {
            "Action" => operation = value,
            "Version" => {}
            name => {
                let steps: Vec<&str> = name.split('.').filter(|step| *step != "member").take(16).collect();
                put(&mut root, &steps, value);
            }
        }
    }
    (operation, root)
}

fn put(at: &mut Value, steps: &[&str], value: String) {
    let Some((step, rest)) = steps.split_first() else {
        *at = Value::String(value);
        return;
    };
    if let Ok(number @ 1..=ITEMS) = step.parse::<usize>() {
        if !at.is_array() {
            *at = json!([]);
        }
        if let Value::Array(items) = at {
            if items.len() < number {
                items.resize(number, Value::Null);
            }
            if let Some(item) = items.get_mut(number - 1) {
                put(item, rest, value);
            }
        }
        return;
    }
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    if let Value::Object(members) = at {
        put(members.entry((*step).to_owned()).or_insert(Value::Null), rest, value);
    }
}

/// `application/x-www-form-urlencoded` pairs (URL Standard, "application/x-www-form-urlencoded parsing").
pub fn form_pairs(text: &[u8]) -> Vec<(String, String)> {
    let decode = |part: &[u8]| {
        let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_encoding::percent_decode(&spaced).decode_utf8_lossy().into_owned()
    };
    text.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            (decode(halves.next().unwrap_or_default()), decode(halves.next().unwrap_or_default()))
        })
        .collect()
}

/// Text inside XML elements.
pub fn xml_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 has no other control characters, escaped or not.
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A JSON protocol's members as CloudTrail spells them: `tableName` for `TableName`, all the way down.
pub fn trail_names(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.iter().map(|(key, value)| (trail_name(key), trail_names(value))).collect()),
        Value::Array(items) => Value::Array(items.iter().map(trail_names).collect()),
        other => other.clone(),
    }
}

/// `tableName` for `TableName`; a name that begins with an abbreviation loses the whole of it: `arn` for `ARN`.
pub fn trail_name(name: &str) -> String {
    if name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase()) {
        return name.to_ascii_lowercase();
    }
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_lowercase().to_string() + chars.as_str()).unwrap_or_default()
}

/// The place in an XML answer where [`answered`] writes the request id.
const EMPTY_REQUEST_ID: &str = "<RequestId></RequestId>";

/// An answer of the query protocol: `<OpResponse><OpResult>..</OpResult><ResponseMetadata/></OpResponse>`.
/// `result` is XML already.
pub fn query_answer(operation: &str, namespace: &str, result: &str) -> HttpResponse {
    let body = format!(
        "<{operation}Response xmlns=\"{namespace}\">\n  <{operation}Result>{result}</{operation}Result>\n  <ResponseMetadata>\
         {EMPTY_REQUEST_ID}</ResponseMetadata>\n</{operation}Response>\n"
    );
    HttpResponse { status: 200, headers: vec![("Content-Type".into(), "text/xml".into())], body: body.into_bytes() }
}

/// Completes an answer of a service with what its front end adds: `x-amzn-RequestId`, and for DynamoDB the
/// checksum `x-amz-crc32` that SDKs verify.
pub fn answered(endpoint: &str, mut response: HttpResponse, request_id: &str) -> HttpResponse {
    if Protocol::of(endpoint) == Protocol::Query
        && let Ok(text) = std::str::from_utf8(&response.body)
        && text.contains(EMPTY_REQUEST_ID)
    {
        response.body = text.replacen(EMPTY_REQUEST_ID, &format!("<RequestId>{}</RequestId>", xml_escape(request_id)), 1).into_bytes();
    }
    if Protocol::of(endpoint) == Protocol::RestXml {
        response.headers.push(("x-amz-request-id".into(), request_id.into()));
        response.headers.push(("x-amz-id-2".into(), host_id(request_id)));
        return response;
    }
    response.headers.push(("x-amzn-RequestId".into(), request_id.into()));
    if endpoint == "dynamodb" {
        let mut crc = flate2::Crc::new();
        crc.update(&response.body);
        response.headers.push(("x-amz-crc32".into(), crc.sum().to_string()));
    }
    response
}

/// S3's second id of a request.
fn host_id(request_id: &str) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, gate::sigv4::sha256(request_id.as_bytes()))
}

/// An error in the protocol of this endpoint, complete with the request id.
pub fn render_error(endpoint: &str, error: &ServiceError, request_id: &str) -> HttpResponse {
    let protocol = Protocol::of(endpoint);
    let (headers, body) = match protocol {
        Protocol::Json10 | Protocol::Json11 => {
            let mut body = Map::new();
            body.insert("__type".into(), Value::String(shape(endpoint, &error.code)));
            if !error.message.is_empty() {
                // Coral's own AccessDeniedException spells the member with a capital letter.
                let key = if endpoint != "cognito-idp" && error.code == "AccessDeniedException" { "Message" } else { "message" };
                body.insert(key.into(), Value::String(error.message.clone()));
            }
            body.extend(error.members.iter().map(|(key, value)| (key.clone(), value.clone())));
            (Vec::new(), Value::Object(body).to_string())
        }
        Protocol::RestJson => (vec![("x-amzn-ErrorType".to_owned(), error.code.clone())], json!({ "message": error.message }).to_string()),
        // Amazon S3 API Reference, "Error responses".
        Protocol::RestXml => {
            let (code, message) = (xml_escape(&error.code), xml_escape(&error.message));
            let text = |value: &Value| xml_escape(value.as_str().unwrap_or_default());
            let members: String = error.members.iter().map(|(name, value)| format!("<{name}>{}</{name}>", text(value))).collect();
            let (id, host) = (xml_escape(request_id), host_id(request_id));
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{members}\
                 <RequestId>{id}</RequestId><HostId>{host}</HostId></Error>"
            );
            (Vec::new(), body)
        }
        Protocol::Query => {
            let namespace = match endpoint {
                "rds" => "http://rds.amazonaws.com/doc/2014-10-31/",
                "iam" => "https://iam.amazonaws.com/doc/2010-05-08/",
                "cloudformation" => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
                _ => "https://sts.amazonaws.com/doc/2011-06-15/",
            };
            let party = if error.status >= 500 { "Receiver" } else { "Sender" };
            let (code, message) = (xml_escape(&error.code), xml_escape(&error.message));
            let body = format!(
                "<ErrorResponse xmlns=\"{namespace}\">\n  <Error>\n    <Type>{party}</Type>\n    <Code>{code}</Code>\n    \
                 <Message>{message}</Message>\n  </Error>\n  {EMPTY_REQUEST_ID}\n</ErrorResponse>\n"
            );
            (Vec::new(), body)
        }
    };
    let mut response = HttpResponse {
        status: error.status,
        headers: vec![("Content-Type".into(), protocol.content_type().into())],
        body: body.into_bytes(),
    };
    response.headers.extend(headers);
    answered(endpoint, response, request_id)
}

/// A stop of the gate in the protocol of this endpoint. The gate speaks the query protocol's error codes
/// (IAM's "Common Errors"); JSON protocols have names and statuses of their own for the same refusals.
pub fn render_stop(endpoint: &str, stop: &Stop, request_id: &str) -> HttpResponse {
    render_error(endpoint, &stopped(endpoint, stop), request_id)
}

/// The same, as the error itself: its code is what CloudTrail writes as `errorCode`.
pub fn stopped(endpoint: &str, stop: &Stop) -> ServiceError {
    let as_json = match stop.code.as_str() {
        "AccessDenied" => Some("AccessDeniedException"),
        "SignatureDoesNotMatch" | "RequestExpired" => Some("InvalidSignatureException"),
        "InvalidClientTokenId" => Some("UnrecognizedClientException"),
        "ExpiredToken" => Some("ExpiredTokenException"),
        "MissingAuthenticationToken" => Some("MissingAuthenticationTokenException"),
        "IncompleteSignature" => Some("IncompleteSignatureException"),
        _ => None,
    };
    match (Protocol::of(endpoint), as_json) {
        (Protocol::Json10 | Protocol::Json11, Some(code)) => ServiceError::new(400, code, stop.message.clone()),
        (Protocol::Json10 | Protocol::Json11, None) if stop.code.ends_with("Exception") && stop.status < 500 => {
            ServiceError::new(400, stop.code.clone(), stop.message.clone())
        }
        (Protocol::RestJson, Some(code)) => ServiceError::new(403, code, stop.message.clone()),
        _ => ServiceError::new(stop.status, stop.code.clone(), stop.message.clone()),
    }
}

/// The `__type` of an error: DynamoDB qualifies its shapes, and both services name those of the front end.
fn shape(endpoint: &str, code: &str) -> String {
    let front_end = matches!(
        code,
        "AccessDeniedException"
            | "InvalidSignatureException"
            | "UnrecognizedClientException"
            | "ExpiredTokenException"
            | "MissingAuthenticationTokenException"
            | "IncompleteSignatureException"
            | "SerializationException"
            | "UnknownOperationException"
    );
    match (endpoint, code) {
        ("dynamodb", "ValidationException") => format!("com.amazon.coral.validate#{code}"),
        ("dynamodb", _) if front_end => format!("com.amazon.coral.service#{code}"),
        ("dynamodb", _) => format!("com.amazonaws.dynamodb.v20120810#{code}"),
        _ => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(response: &HttpResponse) -> String {
        String::from_utf8(response.body.clone()).unwrap_or_default()
    }

    #[test]
    fn each_protocol_has_its_error() {
        let error = ServiceError::new(400, "ResourceNotFoundException", "Requested resource not found");
        let dynamodb = render_error("dynamodb", &error, "id-1");
        assert_eq!(
            body(&dynamodb),
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}"#
        );
        assert_eq!(dynamodb.header("x-amzn-requestid"), Some("id-1"));
        // cksum of the same bytes by zlib.
        assert_eq!(dynamodb.header("x-amz-crc32"), Some("3737639027"));
        let cognito = render_error("cognito-idp", &error, "id-1");
        assert_eq!(body(&cognito), r#"{"__type":"ResourceNotFoundException","message":"Requested resource not found"}"#);
        assert_eq!(cognito.header("content-type"), Some("application/x-amz-json-1.1"));
        let sts = render_error("sts", &ServiceError::new(400, "ValidationError", "a < b"), "id-2");
        assert!(body(&sts).contains("<Code>ValidationError</Code>\n    <Message>a &lt; b</Message>"));
        assert!(body(&sts).contains("<RequestId>id-2</RequestId>"));
    }

    #[test]
    fn a_stop_takes_the_name_its_protocol_has() {
        let stop = |code: &str| Stop { status: 403, code: code.into(), message: "no".into(), response: None };
        let cases = [
            ("dynamodb", "AccessDenied", 400, "AccessDeniedException"),
            ("dynamodb", "SignatureDoesNotMatch", 400, "InvalidSignatureException"),
            ("secretsmanager", "InvalidClientTokenId", 400, "UnrecognizedClientException"),
            ("sts", "SignatureDoesNotMatch", 403, "SignatureDoesNotMatch"),
            ("sts", "AccessDenied", 403, "AccessDenied"),
            ("lambda", "AccessDenied", 403, "AccessDeniedException"),
        ];
        for (endpoint, code, status, renamed) in cases {
            let error = stopped(endpoint, &stop(code));
            assert_eq!((error.status, error.code.as_str()), (status, renamed), "{endpoint} {code}");
        }
    }

    #[test]
    fn forms_are_decoded() {
        assert_eq!(
            form_pairs(b"Action=AssumeRole&Name=a+b%2Bc&&flag"),
            [("Action", "AssumeRole"), ("Name", "a b+c"), ("flag", "")].map(|(k, v)| (k.to_owned(), v.to_owned()))
        );
    }
}
