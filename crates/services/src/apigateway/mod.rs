//! API Gateway's side of a request to a REST API: the event of a proxy integration, the function's answer as a
//! response, gateway responses. Pure; it never decides who may call.

mod answer;
mod event;
mod response;

pub use answer::answer;
pub use event::event;
pub use response::{error, stamp};

use model::Call;
use model::aws::RestApi;

/// `X-Amzn-Trace-Id`: `Root=1-5759e988-bd862e3fe1be46a994272793` (AWS X-Ray Developer Guide, "Tracing header").
fn trace_id(call: &Call) -> String {
    let unique: String = call.id.chars().filter(char::is_ascii_hexdigit).take(24).collect();
    format!("Root=1-{:08x}-{unique:0<24}", call.time.seconds())
}

/// Whether a media type is one of the API's binary ones (API Gateway Developer Guide, "Binary media types for REST
/// APIs").
fn binary(api: &RestApi, header: Option<&str>) -> bool {
    // Only the first type of an `Accept` header counts.
    let wanted = header.unwrap_or_default().split([',', ';']).next().unwrap_or_default().trim();
    let fits = |own: &str| match own.split_once('/') {
        Some(("*", "*")) => true,
        Some((kind, "*")) => wanted.split('/').next() == Some(kind),
        _ => own == wanted,
    };
    api.binary_media_types.iter().any(|own| fits(own))
}
