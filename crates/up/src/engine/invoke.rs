//! Invocations of functions that the gate let pass, with CloudTrail's record of them.
//!
//! Never asks whether the caller may: that was asked before.

use super::Engine;
use crate::logs::{ApiRecord, Issue};
use bytes::Bytes;
use model::aws::AuthorizerKind;
use model::{App, Arn, Ask, Call, HttpRequest, Identity, State};
use serde_json::{Value, json};
use services::lambda::Outcome;
use std::sync::Arc;

impl Engine {
    /// Invokes a function with an event, in the name of a caller.
    pub(super) async fn invoke(&self, app: &App, call: &Call, function_arn: &str, caller: &Identity, event: &Value) -> Outcome {
        let payload = Bytes::from(event.to_string());
        let outcome = self.run(app, &call.id, function_arn, payload).await;
        let source = match caller {
            Identity::Service { source_arn, .. } => source_arn.as_deref(),
            _ => None,
        };
        let mut parameters = json!({ "functionName": function_arn, "invocationType": "RequestResponse" });
        if let Some(source) = source {
            parameters["sourceArn"] = json!(source);
        }
        let record = self.trail.record(&ApiRecord {
            time: call.time,
            request_id: &call.id,
            identity: caller,
            issue: Issue::default(),
            invoked_by: None,
            service: "lambda",
            operation: "Invoke",
            source_ip: "apigateway.amazonaws.com",
            user_agent: "apigateway.amazonaws.com",
            error: None,
            request_parameters: &parameters,
            response_elements: &Value::Null,
            read_only: false,
            data_event: true,
            resource: Some(function_arn),
            tls_host: None,
        });
        self.logs.record(call.time, record);
        outcome
    }

    /// Learns the public keys of the user pools that may have issued this request's token.
    pub(super) async fn learn_issuers(self: &Arc<Self>, app: &App, call: &Call) {
        let Ask::Invoke(invoke) = &call.ask else { return };
        let Some(api) = app.aws().rest_apis.iter().find(|api| api.id == invoke.api) else { return };
        for authorizer in api.authorizers.values() {
            let AuthorizerKind::Cognito { pools, .. } = &authorizer.kind else { continue };
            for pool in pools.iter().filter_map(|arn| Arn::parse(arn)?.resource.strip_prefix("userpool/").map(str::to_owned)) {
                let issuer = format!("https://cognito-idp.{}.amazonaws.com/{pool}", app.region);
                if self.memory.jwks(&issuer).is_some() {
                    continue;
                }
                let engine = Arc::clone(self);
                // A pool's key is made when it is first asked for, which takes a moment.
                let keys = tokio::task::spawn_blocking(move || engine.jwks(&pool)).await;
                if let Ok(Some(keys)) = keys {
                    self.memory.learn_jwks(&issuer, keys);
                }
            }
        }
    }

    /// A user pool's JWKS document, from the service.
    fn jwks(&self, pool: &str) -> Option<Value> {
        let region = &self.trail.region;
        let request = HttpRequest {
            method: "GET".into(),
            path: format!("/{pool}/.well-known/jwks.json"),
            headers: vec![("Host".into(), format!("cognito-idp.{region}.amazonaws.com"))],
            ..HttpRequest::default()
        };
        let done = self.carry_out_inside("cognito-idp", &request, &Identity::Anonymous).ok()?;
        serde_json::from_slice(&done.response.body).ok()
    }
}
