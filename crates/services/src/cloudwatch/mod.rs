//! Amazon CloudWatch metrics (API version 2010-08-01), as far as they are looked at: ListMetrics, GetMetricData and
//! GetMetricStatistics over what `up` counted. Nothing is put here.

mod query;
mod statistics;

use crate::wire::{self, Protocol};
use crate::{Asked, Done, Service, ServiceError, cbor};
use model::{ApiCall, App, HttpRequest, HttpResponse, Identity, World};
use serde_json::{Map, Value, json};

/// The service.
#[derive(Clone, Copy, Debug, Default)]
pub struct CloudWatch;

const MODEL: &str = "GraniteServiceVersion20100801";
/// Members of requests and answers that are times.
const TIMES: [&str; 4] = ["Timestamp", "Timestamps", "StartTime", "EndTime"];

/// The three protocols that clients speak, by age.
enum Spoken {
    Query,
    Json,
    Cbor,
}

fn spoken(request: &HttpRequest) -> Spoken {
    if request.header("smithy-protocol") == Some("rpc-v2-cbor") {
        Spoken::Cbor
    } else if request.header("x-amz-target").is_some() {
        Spoken::Json
    } else {
        Spoken::Query
    }
}

impl Service for CloudWatch {
    fn endpoint(&self) -> &'static str {
        "monitoring"
    }

    fn asks(&self, app: &App, request: &HttpRequest) -> Result<Asked, ServiceError> {
        let (operation, parameters) = match spoken(request) {
            Spoken::Cbor => {
                let operation = request.path.strip_prefix(&format!("/service/{MODEL}/operation/")).unwrap_or_default();
                let body = if request.body.is_empty() { Some(json!({})) } else { cbor::decode(&request.body) };
                let body = body.filter(Value::is_object).ok_or_else(|| ServiceError::new(400, "SerializationException", ""))?;
                (operation.to_owned(), body)
            }
            Spoken::Json => (wire::target(request, MODEL).unwrap_or_default().to_owned(), Value::Object(wire::json_body(request)?)),
            Spoken::Query => wire::query_parameters(request),
        };
        if !["ListMetrics", "GetMetricData", "GetMetricStatistics"].contains(&operation.as_str()) {
            return Err(ServiceError::new(400, "InvalidAction", format!("Could not find operation {operation} for version 2010-08-01")));
        }
        let action = format!("cloudwatch:{operation}");
        let need = ApiCall { action, resource: "*".into(), resource_account: app.account.clone(), ..ApiCall::default() };
        let logged_parameters = wire::trail_names(&parameters);
        Ok(Asked { operation, needs: vec![need], public: false, parameters, logged_parameters, read_only: true, ..Asked::default() })
    }

    fn carry_out(&self, _: &App, asked: &Asked, _: &Identity, world: &dyn World) -> Result<Done, ServiceError> {
        let empty = Map::new();
        let p = asked.parameters.as_object().unwrap_or(&empty);
        let metrics = world.metrics();
        let body = match asked.operation.as_str() {
            "ListMetrics" => statistics::list(&metrics, p),
            "GetMetricStatistics" => statistics::statistics(&metrics, p)?,
            _ => statistics::data(&metrics, p)?,
        };
        Ok(Done::new(wire::json_answer(Protocol::Json10, &body), Value::Null))
    }
}

/// An answer of this service, which is JSON, in the protocol of the request.
pub(crate) fn answered(request: &HttpRequest, mut response: HttpResponse) -> HttpResponse {
    let Ok(body) = serde_json::from_slice::<Value>(&response.body) else { return response };
    let content_type = match spoken(request) {
        Spoken::Json => return response,
        Spoken::Cbor => {
            response.headers.push(("smithy-protocol".into(), "rpc-v2-cbor".into()));
            response.body = cbor::encode(&body, &TIMES);
            "application/cbor"
        }
        Spoken::Query => {
            response.body = query::answer(request, &body, response.header("x-amzn-requestid").unwrap_or_default()).into_bytes();
            "text/xml"
        }
    };
    if let Some(code) = body.get("__type").and_then(Value::as_str) {
        let party = if response.status >= 500 { "Receiver" } else { "Sender" };
        response.headers.push(("x-amzn-query-error".into(), format!("{code};{party}")));
    }
    response.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    response.headers.push(("Content-Type".into(), content_type.into()));
    response
}

#[cfg(test)]
mod tests;
