//! Requests to a stage of a REST API: judged, handed to the integration, answered and logged as API Gateway does.
//!
//! Never decides: the authorizer's answer, the key's charge and the route are the gate's; this carries them out.

use super::{Engine, world};
use crate::front::{Peer, wire};
use crate::logs::access::Access;
use crate::logs::uuid;
use crate::options::Notice;
use gate::web_acl::Inspection;
use model::aws::{Integration, RestApi, Route};
use model::{
    Answer, ApiCall, App, Ask, AuthorizerAnswer, Call, Credential, Grant, HttpRequest, HttpResponse, Identity, Invoke, ResourceId, Stop,
    Verdict, World,
};
use serde_json::{Value, json};
use services::apigateway as gateway;
use services::lambda::Outcome;
use std::sync::Arc;

/// How often the gate may ask for an authorizer's answer before one request is judged. A route has one authorizer; more than a
/// few turns mean that its answer does not satisfy the gate.
const TURNS: usize = 3;

/// One request on its way.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    app: &'a App,
    call: &'a Call,
    invoke: &'a Invoke,
    api: &'a RestApi,
}

impl<'a> Asked<'a> {
    /// A call to a stage; `None` when it is to no API of the application.
    pub(super) fn of(app: &'a App, call: &'a Call) -> Option<Self> {
        let Ask::Invoke(invoke) = &call.ask else { return None };
        let api = app.aws().rest_apis.iter().find(|api| api.id == invoke.api)?;
        Some(Self { app, call, invoke, api })
    }
}

/// What came of a request beside the response, for the access log.
#[derive(Default)]
pub(super) struct Trace {
    integration_status: Option<u16>,
    response_type: Option<String>,
    authorizer_error: Option<String>,
    inspection: Option<Inspection>,
}

impl Trace {
    /// Of a request that got no further than the web ACL.
    pub(super) fn of(inspection: Option<Inspection>) -> Self {
        Self { inspection, ..Self::default() }
    }
}

impl Engine {
    /// Answers a request to a stage.
    pub(crate) async fn api(self: &Arc<Self>, api_id: &str, stage: &str, path: String, http: HttpRequest, peer: &Peer) -> HttpResponse {
        let app = self.app();
        // As AWS answers for an API that is nobody's: nothing tells whether it exists.
        let nobody = || HttpResponse::json(403, &json!({ "message": "Forbidden" }));
        let Some(api) = app.aws().rest_apis.iter().find(|api| api.api_id == api_id) else { return nobody() };
        let call = self.call(api.id.clone(), stage.to_owned(), path, http, peer);
        let Some(asked) = Asked::of(&app, &call) else { return nobody() };
        let mut trace = Trace::default();
        let verdict = self.judged(asked, &mut trace).await;
        let response = match &verdict.answer {
            Answer::Pass(grant) => self.integrate(asked, grant, &mut trace).await,
            Answer::Stop(stop) => self.refused(asked, stop.clone(), &verdict, &mut trace),
            Answer::Depends(_) | Answer::Needs(_) => self.refused(asked, failure(500), &verdict, &mut trace),
        };
        self.logged(asked, &verdict, &trace, response)
    }

    /// A request to a stage, as a call that arrives now.
    pub(super) fn call(&self, api: ResourceId, stage: String, path: String, http: HttpRequest, peer: &Peer) -> Call {
        let credential = match gate::sigv4::scope(&http) {
            Some(_) => Credential::SigV4 { request: Box::new(http.clone()), service: "execute-api".into() },
            None => Credential::None,
        };
        Call {
            id: uuid(),
            time: self.world.now(),
            source_ip: peer.address.clone(),
            tls: peer.tls,
            credential,
            ask: Ask::Invoke(Invoke { api, stage, request: HttpRequest { path, ..http }, beyond: 0 }),
        }
    }

    /// The response as it leaves API Gateway, after it is in the logs.
    pub(super) fn logged(&self, asked: Asked<'_>, verdict: &Verdict, trace: &Trace, mut response: HttpResponse) -> HttpResponse {
        gateway::stamp(&mut response, asked.call);
        if let Some(inspection) = &trace.inspection {
            self.watch(asked.app, asked.call, inspection);
        }
        self.access_log(asked, verdict, trace, &response);
        response
    }

    /// The verdict, after every authorizer call that the gate needed.
    async fn judged(self: &Arc<Self>, asked: Asked<'_>, trace: &mut Trace) -> Verdict {
        self.learn_issuers(asked.app, asked.call).await;
        for _ in 0..TURNS {
            let (verdict, inspection) = self.inspect(asked.app, asked.call);
            trace.inspection = inspection;
            let Answer::Needs(needed) = &verdict.answer else { return verdict };
            let Ask::Api(ApiCall { resource, invocation: Some(invocation), .. }) = &needed.ask else { return verdict };
            let result = match self.permitted_invocation(asked.app, needed, resource) {
                Ok(caller) => match self.invoke(asked.app, needed, resource, &caller, &invocation.payload).await {
                    Ok(outcome) => answer_of(&outcome),
                    Err(error) => Err(error.to_string()),
                },
                Err(refused) => Err(self.stopped(&format!("lambda:InvokeFunction on {resource}"), &refused)),
            };
            trace.authorizer_error = result.as_ref().err().cloned();
            let now = world::now();
            // The answer counts from when it came, and never from before this request.
            let answer = AuthorizerAnswer { at: asked.call.time.max(now), result };
            self.memory.answered(invocation.cache_key.clone(), answer, now);
        }
        let (verdict, inspection) = self.inspect(asked.app, asked.call);
        trace.inspection = inspection;
        verdict
    }

    /// The caller of a function, when the gate lets it.
    fn permitted_invocation(&self, app: &App, call: &Call, function_arn: &str) -> Result<Identity, Verdict> {
        let verdict = self.judge(app, call);
        match (&verdict.answer, &call.credential) {
            (Answer::Pass(_), Credential::Proved(identity)) => Ok(identity.clone()),
            (Answer::Pass(_), _) => {
                self.say(Notice::Warns(format!("a bug: {function_arn} was to be invoked by nobody; please report it")));
                Err(verdict)
            }
            _ => Err(verdict),
        }
    }

    /// Has the integration answer what passed.
    async fn integrate(self: &Arc<Self>, asked: Asked<'_>, grant: &Grant, trace: &mut Trace) -> HttpResponse {
        let Some(route) = grant.route.and_then(|index| asked.api.routes.get(index)) else {
            return gateway::error(asked.api, &failure(500));
        };
        match &route.integration {
            Integration::Mock { status, headers, body } => {
                trace.integration_status = Some(*status);
                HttpResponse { status: *status, headers: headers.clone(), body: body.clone().into_bytes() }
            }
            Integration::LambdaProxy { function_arn, credentials } => {
                let call = invocation(asked, route, function_arn, credentials.as_deref());
                let caller = match self.permitted_invocation(asked.app, &call, function_arn) {
                    Ok(caller) => caller,
                    Err(refused) => return self.refused(asked, failure(500), &refused, trace),
                };
                let Some(event) = gateway::event(asked.app, asked.call, asked.api, route, grant) else {
                    return gateway::error(asked.api, &failure(500));
                };
                let outcome = self.invoke(asked.app, &call, function_arn, &caller, &event).await;
                trace.integration_status = Some(200);
                let answer = match &outcome {
                    Ok(Outcome::Success(payload)) => gateway::answer(asked.api, asked.invoke.request.header("accept"), payload),
                    // Lambda refused the call itself: API Gateway has no answer of an integration to hand on.
                    Err(_) => return gateway::error(asked.api, &failure(500)),
                    Ok(Outcome::FunctionError(_) | Outcome::TimedOut(_) | Outcome::Crashed(_)) => None,
                };
                answer.unwrap_or_else(|| {
                    trace.response_type = Some("DEFAULT_5XX".into());
                    gateway::error(asked.api, &failure(502))
                })
            }
            Integration::Unsupported(why) => {
                self.say(Notice::Warns(format!("{} {}: {why}", route.method, route.path)));
                gateway::error(asked.api, &failure(500))
            }
        }
    }

    /// AWS's answer to what the gate stopped, with the reason in `x-sekisho-why`.
    pub(super) fn refused(&self, asked: Asked<'_>, stop: Stop, verdict: &Verdict, trace: &mut Trace) -> HttpResponse {
        let why = self.stopped(&format!("{} {}", asked.invoke.request.method, asked.invoke.request.path), verdict);
        let mut response = gateway::error(asked.api, &stop);
        response.headers.push(("x-sekisho-why".into(), wire::header_text(&why)));
        trace.response_type = Some(stop.code);
        response
    }

    fn access_log(&self, asked: Asked<'_>, verdict: &Verdict, trace: &Trace, response: &HttpResponse) {
        let Asked { app, call, invoke, api } = asked;
        let Some(stage) = api.stages.iter().find(|stage| stage.name == invoke.stage) else { return };
        let grant = match &verdict.answer {
            Answer::Pass(grant) => Some(&**grant),
            _ => None,
        };
        let route = grant.and_then(|grant| grant.route).and_then(|index| api.routes.get(index));
        let request = &invoke.request;
        let format = stage.access_log_format.clone();
        let access = Access {
            request_id: call.id.clone(),
            ip: call.source_ip.clone(),
            time: call.time,
            method: request.method.clone(),
            resource_path: route.map_or(&request.path, |route| &route.path).clone(),
            path: format!("/{}{}", stage.name, request.path),
            status: response.status,
            response_length: response.body.len(),
            api_id: api.api_id.clone(),
            stage: stage.name.clone(),
            account: app.account.clone(),
            principal_id: grant.and_then(|grant| grant.authorizer.as_ref()?.get("principalId")).and_then(Value::as_str).map(str::to_owned),
            caller: grant.and_then(|grant| grant.identity.as_ref()).and_then(Identity::arn),
            api_key_id: grant.and_then(|grant| grant.api_key_id.clone()),
            user_agent: request.header("user-agent").unwrap_or_default().to_owned(),
            authorizer_error: trace.authorizer_error.clone(),
            integration_status: trace.integration_status,
            response_type: trace.response_type.clone(),
        };
        let group = format!("API-Gateway-Access-Logs_{}", api.api_id);
        self.logs.line_later(group, stage.name.clone(), call.time, move || access.line(format.as_deref()));
    }
}

/// API Gateway's call to the function of a route: in its own name, or with the role that the integration names.
fn invocation(asked: Asked<'_>, route: &Route, function_arn: &str, credentials: Option<&str>) -> Call {
    let Asked { app, call, invoke, api } = asked;
    let identity = match credentials {
        Some(role) => Identity::AssumedRole {
            role_arn: role.to_owned(),
            session_name: "BackplaneAssumeRoleSession".into(),
            issued_to: None,
            session: model::Session::default(),
        },
        None => Identity::Service {
            name: "apigateway.amazonaws.com".into(),
            source_arn: Some(gate::invoke::method_arn(app, api, &invoke.stage, &invoke.request.method, &route.path)),
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

/// What an authorizer answered, or the message it failed with.
fn answer_of(outcome: &Outcome) -> Result<Value, String> {
    let payload = serde_json::from_slice::<Value>(outcome.payload()).map_err(|_| "the answer is not JSON".to_owned());
    match outcome {
        Outcome::Success(_) => payload,
        Outcome::FunctionError(_) | Outcome::TimedOut(_) | Outcome::Crashed(_) => {
            let message = payload.ok().and_then(|payload| payload.get("errorMessage").and_then(Value::as_str).map(str::to_owned));
            Err(message.unwrap_or_else(|| "the function failed".to_owned()))
        }
    }
}

/// API Gateway's answer when it, or what stands behind it, failed.
fn failure(status: u16) -> Stop {
    Stop { status, code: "DEFAULT_5XX".into(), message: "Internal server error".into(), response: None }
}
