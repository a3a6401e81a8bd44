//! Requests to a stage of a REST API: judged, and handed to the integration.
use super::Engine;
use crate::front::Peer;
use model::{HttpRequest, HttpResponse};
use std::sync::Arc;

impl Engine {
    /// Answers a request to a stage.
    pub(crate) async fn api(
        self: &Arc<Self>,
        _api_id: &str,
        _stage: &str,
        _path: String,
        _http: HttpRequest,
        _peer: &Peer,
    ) -> HttpResponse {
        HttpResponse::json(500, &serde_json::json!({}))
    }
}
