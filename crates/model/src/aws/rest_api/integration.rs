//! Integrations: `x-amazon-apigateway-integration` and the `Integration` property of `AWS::ApiGateway::Method`.

use super::Integration;
use crate::node::Node;

/// The integration written in an OpenAPI operation.
pub(super) fn of(written: Option<&Node>) -> Integration {
    let Some(written) = written else { return Integration::Unsupported("no integration is declared".into()) };
    let responses = written.get("responses").map(Node::members).unwrap_or_default();
    let responses: Vec<_> = responses
        .iter()
        .map(|m| Response {
            status: m.value.get("statusCode").and_then(Node::integer),
            selected_by: (m.key != "default").then(|| m.key.clone()),
            parameters: m.value.get("responseParameters"),
            templates: m.value.get("responseTemplates"),
        })
        .collect();
    read(written, ["type", "uri", "credentials", "requestTemplates"], &responses)
}

/// The `Integration` property of a method resource.
pub(super) fn of_method(written: Option<&Node>) -> Integration {
    let Some(written) = written else { return Integration::Unsupported("no integration is declared".into()) };
    let responses = written.get("IntegrationResponses").map(Node::items).unwrap_or_default();
    let responses: Vec<_> = responses
        .iter()
        .map(|r| Response {
            status: r.get("StatusCode").and_then(Node::integer),
            selected_by: r.get("SelectionPattern").and_then(Node::scalar).filter(|pattern| !pattern.is_empty()),
            parameters: r.get("ResponseParameters"),
            templates: r.get("ResponseTemplates"),
        })
        .collect();
    read(written, ["Type", "Uri", "Credentials", "RequestTemplates"], &responses)
}

struct Response<'a> {
    status: Option<i64>,
    selected_by: Option<String>,
    parameters: Option<&'a Node>,
    templates: Option<&'a Node>,
}

fn read(written: &Node, [kind, uri, credentials, requests]: [&str; 4], responses: &[Response<'_>]) -> Integration {
    if let Some((_, unknown)) = [kind, uri, credentials].iter().filter_map(|key| written.get(key)).find_map(Node::first_unknown) {
        return Integration::Unsupported(unknown.why.clone());
    }
    match written.get(kind).and_then(Node::str).unwrap_or_default().to_ascii_lowercase().as_str() {
        "aws_proxy" => match written.get(uri).ok_or_else(|| "the integration has no URI".to_owned()).and_then(function_of) {
            Ok(function_arn) => Integration::LambdaProxy { function_arn, credentials: written.get(credentials).and_then(Node::scalar) },
            Err(why) => Integration::Unsupported(why),
        },
        "mock" => mock(written.get(requests), responses),
        other => Integration::Unsupported(format!("integration type `{other}` is not supported yet")),
    }
}

/// A mock integration: the request template's `statusCode` selects the response.
fn mock(requests: Option<&Node>, responses: &[Response<'_>]) -> Integration {
    let request = requests.and_then(|r| r.get("application/json")).and_then(Node::scalar).unwrap_or_default();
    let wanted = request.split("statusCode").nth(1).map(|rest| {
        let digits = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
        digits.chars().take_while(char::is_ascii_digit).collect::<String>()
    });
    let chosen = responses
        .iter()
        .find(|r| wanted.is_some() && r.selected_by == wanted)
        .or_else(|| responses.iter().find(|r| r.selected_by.is_none()))
        .or_else(|| responses.first());
    let Some(chosen) = chosen else { return Integration::Unsupported("the mock integration has no response".into()) };
    let mut headers = Vec::new();
    for member in chosen.parameters.map(Node::members).unwrap_or_default() {
        let Some(name) = member.key.strip_prefix("method.response.header.") else { continue };
        let constant = member.value.str().and_then(|text| text.strip_prefix('\'')).and_then(|text| text.strip_suffix('\''));
        match constant {
            Some(value) => headers.push((name.to_owned(), value.to_owned())),
            None => return Integration::Unsupported(format!("the mock response's header {name} is not a constant")),
        }
    }
    let body = chosen.templates.and_then(|t| t.get("application/json")).and_then(Node::scalar).unwrap_or_default();
    if body.contains(['$', '#']) {
        return Integration::Unsupported("the mock response's template is not a constant".into());
    }
    let status = chosen.status.and_then(|s| u16::try_from(s).ok()).unwrap_or(200);
    Integration::Mock { status, headers, body }
}

/// The function in an invocation URI:
/// `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations`.
pub(super) fn function_of(uri: &Node) -> Result<String, String> {
    let text = uri.str().ok_or("the URI is not text")?;
    let function = text.split_once("/functions/").and_then(|(_, rest)| rest.strip_suffix("/invocations"));
    match function {
        Some(arn) if arn.starts_with("arn:") && !arn.contains("${stageVariables") => Ok(arn.to_owned()),
        _ => Err(format!("`{text}` is not the invocation URI of a function that is known")),
    }
}
