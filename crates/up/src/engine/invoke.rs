//! Invocations of functions that the gate let pass, with CloudTrail's record of them.
//!
//! Never asks whether the caller may: that was asked before.

use super::Engine;
use crate::functions::{InvokeError, Request};
use crate::keys;
use crate::logs::{ApiRecord, Issue};
use crate::options::Notice;
use bytes::Bytes;
use model::aws::{AuthorizerKind, Function};
use model::{App, Arn, Ask, Call, HttpRequest, Identity, World};
use serde_json::{Value, json};
use services::lambda::{Credentials, Outcome};
use std::sync::Arc;

impl Engine {
    /// Invokes a function with an event, in the name of a caller.
    pub(super) async fn invoke(
        self: &Arc<Self>,
        app: &App,
        call: &Call,
        function_arn: &str,
        caller: &Identity,
        event: &Value,
    ) -> Result<Outcome, InvokeError> {
        let payload = Bytes::from(event.to_string());
        let outcome = self.run(app, &call.id, function_arn, payload).await;
        let refused = outcome.as_ref().err().map(|error| (error.aws().1, error.to_string()));
        if let Some((_, why)) = &refused {
            self.say(Notice::Warns(why.clone()));
        }
        let (trail, identity, function, id, time) =
            (self.trail.clone(), caller.clone(), function_arn.to_owned(), call.id.clone(), call.time);
        self.logs.record_later(time, move || {
            let mut parameters = json!({ "functionName": function, "invocationType": "RequestResponse" });
            if let Identity::Service { source_arn: Some(source), .. } = &identity {
                parameters["sourceArn"] = json!(source);
            }
            trail.record(&ApiRecord {
                time,
                request_id: &id,
                identity: &identity,
                issue: Issue::default(),
                invoked_by: None,
                service: "lambda",
                operation: "Invoke",
                source_ip: "apigateway.amazonaws.com",
                user_agent: "apigateway.amazonaws.com",
                error: refused.as_ref().map(|(code, message)| (*code, message.as_str())),
                request_parameters: &parameters,
                response_elements: &Value::Null,
                read_only: false,
                data_event: true,
                resource: Some(&function),
                tls_host: None,
                additional: None,
            })
        });
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
                if self.memory.knows(&issuer) {
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

impl Engine {
    /// Runs a function's code.
    async fn run(self: &Arc<Self>, app: &App, request_id: &str, function_arn: &str, payload: Bytes) -> Result<Outcome, InvokeError> {
        let cannot = |why: String| InvokeError::CannotRun(why);
        let function = app.aws().function_by_arn(function_arn).ok_or_else(|| cannot(format!("{function_arn} is not declared")))?;
        let functions = self.functions().ok_or_else(|| cannot("functions are not running".to_owned()))?;
        let (engine, owner) = (Arc::clone(self), function.clone());
        let credentials = move || engine.environment_credentials(&owner);
        let request = Request { payload, id: request_id.to_owned(), trace_id: None };
        functions.invoke(function, credentials, request).await
    }

    /// The credentials of a new execution environment. A function whose role is not known gets a key that opens nothing.
    fn environment_credentials(&self, function: &Function) -> Credentials {
        let session = self.function_session(function).unwrap_or_else(|| keys::session(self.world.now()));
        Credentials {
            access_key_id: session.access_key_id,
            secret_access_key: session.secret_access_key,
            session_token: session.session_token.unwrap_or_default(),
        }
    }
}
