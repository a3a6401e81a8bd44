//! Requests to a stage of a REST API: judged, handed to the integration, answered and logged as API Gateway does.
//!
//! Never decides: the authorizer's answer, the key's charge and the route are the gate's; this carries them out.

use super::{Engine, gateway, world};
use crate::front::{Peer, route, wire};
use crate::logs::access::Access;
use crate::logs::uuid;
use model::aws::{Integration, RestApi, Route};
use model::{
    Answer, ApiCall, App, Ask, AuthorizerAnswer, Call, Credential, Grant, HttpRequest, HttpResponse, Identity, Invoke, Stop, Verdict,
    World,
};
use serde_json::Value;
use std::sync::Arc;

/// How often the gate may ask for an authorizer's answer before one request is judged. A route has one authorizer; more than a
/// few turns mean that its answer does not satisfy the gate.
const TURNS: usize = 3;

/// What came of a request beside the response, for the access log.
#[derive(Default)]
struct Trace {
    integration_status: Option<u16>,
    response_type: Option<String>,
    authorizer_error: Option<String>,
}

impl Engine {
    /// Answers a request to a stage.
    pub(crate) async fn api(self: &Arc<Self>, api_id: &str, stage: &str, path: String, http: HttpRequest, peer: &Peer) -> HttpResponse {
        let app = self.app();
        let Some(api) = app.aws().rest_apis.iter().find(|api| api.api_id == api_id) else {
            // As AWS answers for an API that is nobody's: nothing tells whether it exists.
            return HttpResponse::json(403, &serde_json::json!({ "message": "Forbidden" }));
        };
        let credential = match route::scope(&http) {
            Some(_) => Credential::SigV4 { request: Box::new(http.clone()), service: "execute-api".into() },
            None => Credential::None,
        };
        let request = HttpRequest { path, ..http };
        let call = Call {
            id: uuid(),
            time: self.world.now(),
            source_ip: peer.address.clone(),
            tls: peer.tls,
            credential,
            ask: Ask::Invoke(Invoke { api: api.id.clone(), stage: stage.to_owned(), request }),
        };
        let Ask::Invoke(invoke) = &call.ask else { return HttpResponse::default() };
        let (verdict, authorizer_error) = self.judged(&app, &call).await;
        let mut trace = Trace { authorizer_error, ..Trace::default() };
        let mut response = match &verdict.answer {
            Answer::Pass(grant) => self.integrate(&app, &call, invoke, api, grant, &mut trace).await,
            Answer::Stop(stop) => self.refused(&call, invoke, api, stop.clone(), &verdict, &mut trace),
            Answer::Depends(_) | Answer::Needs(_) => {
                let stop = Stop { status: 500, code: "API_CONFIGURATION_ERROR".into(), message: "Internal server error".into() };
                self.refused(&call, invoke, api, stop, &verdict, &mut trace)
            }
        };
        gateway::stamp(&mut response, &call);
        self.access_log(&app, &call, invoke, api, &verdict, &trace, &response);
        response
    }

    /// The verdict, after every authorizer call that the gate needed; with the error of the last of them.
    async fn judged(self: &Arc<Self>, app: &App, call: &Call) -> (Verdict, Option<String>) {
        self.learn_issuers(app, call).await;
        let mut error = None;
        for _ in 0..TURNS {
            let verdict = self.judge(app, call);
            let Answer::Needs(needed) = &verdict.answer else { return (verdict, error) };
            let Ask::Api(ApiCall { resource, invocation: Some(invocation), .. }) = &needed.ask else { return (verdict, error) };
            let permission = self.judge(app, needed);
            let result = if permission.passes() {
                let caller = match &needed.credential {
                    Credential::Proved(identity) => identity.clone(),
                    _ => Identity::Anonymous,
                };
                self.invoke(app, needed, resource, &caller, &invocation.payload).await.and_then(|answer| {
                    serde_json::from_slice(&answer).map_err(|_| "Invalid JSON in response".to_owned())
                })
            } else {
                Err(self.stopped(&format!("{} on {resource}", "lambda:InvokeFunction"), &permission))
            };
            error = result.as_ref().err().cloned();
            let now = world::now();
            // The answer holds for the time the request came, or the gate would ask again.
            self.memory.answered(invocation.cache_key.clone(), AuthorizerAnswer { at: call.time.max(now), result }, now);
        }
        (self.judge(app, call), error)
    }

    /// Has the integration answer what passed.
    async fn integrate(
        self: &Arc<Self>,
        app: &App,
        call: &Call,
        invoke: &Invoke,
        api: &RestApi,
        grant: &Grant,
        trace: &mut Trace,
    ) -> HttpResponse {
        let Some(route) = grant.route.and_then(|index| api.routes.get(index)) else {
            return gateway::error(api, &internal(500));
        };
        match &route.integration {
            Integration::Mock { status, headers, body } => {
                trace.integration_status = Some(*status);
                HttpResponse { status: *status, headers: headers.clone(), body: body.clone().into_bytes() }
            }
            Integration::LambdaProxy { function_arn, credentials } => {
                let needed = self.invocation(app, call, invoke, api, route, function_arn, credentials.as_deref());
                let permission = self.judge(app, &needed);
                if !permission.passes() {
                    return self.refused(call, invoke, api, internal(500), &permission, trace);
                }
                let caller = match &needed.credential {
                    Credential::Proved(identity) => identity.clone(),
                    _ => Identity::Anonymous,
                };
                let event = gateway::event(app, call, api, route, grant);
                let answer = self.invoke(app, call, function_arn, &caller, &event).await;
                trace.integration_status = Some(200);
                match answer.ok().and_then(|answer| gateway::answer(&answer)) {
                    Some(response) => response,
                    None => {
                        trace.response_type = Some("DEFAULT_5XX".into());
                        gateway::error(api, &internal(502))
                    }
                }
            }
            Integration::Unsupported(why) => {
                self.say(crate::Notice::Warns(format!("{} {}: {why}", route.method, route.path)));
                gateway::error(api, &internal(500))
            }
        }
    }

    /// API Gateway's call to the function of a route.
    #[allow(clippy::too_many_arguments)]
    fn invocation(
        &self,
        app: &App,
        call: &Call,
        invoke: &Invoke,
        api: &RestApi,
        route: &Route,
        function_arn: &str,
        credentials: Option<&str>,
    ) -> Call {
        let identity = match credentials {
            Some(role) => Identity::AssumedRole { role_arn: role.to_owned(), session_name: "BackplaneAssumeRoleSession".into(), issued_to: None },
            None => Identity::Service {
                name: "apigateway.amazonaws.com".into(),
                source_arn: Some(gate::invoke::method_arn(app, api, &invoke.stage, &route.method, &route.path)),
                source_account: Some(app.account.clone()),
            },
        };
        Call {
            id: call.id.clone(),
            time: call.time,
            source_ip: "apigateway.amazonaws.com".into(),
            tls: true,
            credential: Credential::Proved(identity),
            ask: Ask::Api(ApiCall {
                action: "lambda:InvokeFunction".into(),
                resource: function_arn.to_owned(),
                resource_account: app.account.clone(),
                ..ApiCall::default()
            }),
        }
    }

    /// AWS's answer to what the gate stopped, with the reason in `x-sekisho-why`.
    fn refused(&self, call: &Call, invoke: &Invoke, api: &RestApi, stop: Stop, verdict: &Verdict, trace: &mut Trace) -> HttpResponse {
        let _ = call;
        let why = self.stopped(&format!("{} {}", invoke.request.method, invoke.request.path), verdict);
        let mut response = gateway::error(api, &stop);
        response.headers.push(("x-sekisho-why".into(), wire::header_text(&why)));
        trace.response_type = Some(stop.code);
        response
    }

    #[allow(clippy::too_many_arguments)]
    fn access_log(&self, app: &App, call: &Call, invoke: &Invoke, api: &RestApi, verdict: &Verdict, trace: &Trace, response: &HttpResponse) {
        let Some(stage) = api.stages.iter().find(|stage| stage.name == invoke.stage) else { return };
        let grant = match &verdict.answer {
            Answer::Pass(grant) => Some(&**grant),
            _ => None,
        };
        let route = grant.and_then(|grant| grant.route).and_then(|index| api.routes.get(index));
        let request = &invoke.request;
        let path = format!("/{}{}", stage.name, request.path);
        let line = Access {
            request_id: &call.id,
            extended_request_id: &gate::invoke::request::extended_request_id(&call.id),
            ip: &call.source_ip,
            time: call.time,
            method: &request.method,
            resource_path: route.map_or(request.path.as_str(), |route| route.path.as_str()),
            path: &path,
            status: response.status,
            protocol: "HTTP/1.1",
            response_length: response.body.len(),
            api_id: &api.api_id,
            stage: &stage.name,
            account: &app.account,
            principal_id: grant.and_then(|grant| grant.authorizer.as_ref()?.get("principalId")).and_then(Value::as_str),
            caller: grant.and_then(|grant| grant.identity.as_ref()).and_then(Identity::arn),
            api_key_id: grant.and_then(|grant| grant.api_key_id.as_deref()),
            user_agent: request.header("user-agent").unwrap_or_default(),
            authorizer_error: trace.authorizer_error.as_deref(),
            integration_status: trace.integration_status,
            response_type: trace.response_type.as_deref(),
        }
        .line(stage.access_log_format.as_deref());
        self.logs.line(format!("API-Gateway-Access-Logs_{}", api.api_id), stage.name.clone(), call.time, line);
    }
}

/// API Gateway's answer when its own back end failed.
fn internal(status: u16) -> Stop {
    Stop { status, code: "DEFAULT_5XX".into(), message: "Internal server error".into() }
}
