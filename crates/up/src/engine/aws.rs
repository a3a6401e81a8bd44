//! Requests to AWS APIs: read from the wire by a service, put to the gate, carried out, recorded by CloudTrail.
//!
//! An operation that no service understands is refused, never passed on.

use super::{Engine, world};
use crate::front::Peer;
use crate::front::{route, wire};
use crate::logs::{ApiRecord, Issue, uuid};
use crate::options::Notice;
use model::aws::trail::{self, DataEvent};
use model::{Answer, ApiCall, App, Ask, Call, Credential, Grant, HttpRequest, HttpResponse, Identity, Phase, Stop, Time, World};
use serde_json::{Value, json};
use services::{Asked, Done, Service, ServiceError};
use std::sync::Arc;

/// One request on its way.
struct Request<'a> {
    id: String,
    time: Time,
    service: &'a str,
    http: &'a HttpRequest,
    peer: &'a Peer,
}

/// What came of it, for CloudTrail.
struct Outcome<'a> {
    identity: &'a Identity,
    error: Option<&'a ServiceError>,
    elements: &'a Value,
    /// Bytes of the answer's body.
    sent: usize,
}

impl Engine {
    /// Answers a request to an AWS API.
    pub(crate) async fn aws(self: &Arc<Self>, service: &str, http: HttpRequest, peer: &Peer) -> HttpResponse {
        let answer = self.answered(service, &http, peer).await;
        services::spoken(service, &http, answer)
    }

    async fn answered(self: &Arc<Self>, service: &str, http: &HttpRequest, peer: &Peer) -> HttpResponse {
        let request = Request { id: uuid(), time: self.world.now(), service, http, peer };
        let Some(found) = self.services.get(service) else {
            self.say(Notice::Warns(format!("service {service} is not served here; a call to it was refused")));
            let error = ServiceError::new(400, "UnknownOperationException", format!("sekisho does not serve {service} yet"));
            return services::render_error(service, &error, &request.id);
        };
        let app = self.app();
        let read = found.asks(&app, http).and_then(|mut asked| {
            found.asks_of_store(&app, &mut asked, &self.world)?;
            Ok(asked)
        });
        let mut asked = match read {
            Ok(asked) => asked,
            Err(error) => {
                if matches!(error.code.as_str(), "UnknownOperationException" | "InvalidAction" | "NotImplemented") {
                    let what = error.members.get("Header").and_then(Value::as_str).unwrap_or(&error.message);
                    self.say(Notice::Warns(format!("{service}: an operation that is not served here was refused: {what}")));
                }
                return services::render_error(service, &error, &request.id);
            }
        };
        let identity = match self.permitted(&app, &request, found.as_ref(), &mut asked) {
            Ok(identity) => identity,
            Err((stop, why)) => {
                let mut response = services::render_stop(service, &stop, &request.id);
                response.headers.push(("x-sekisho-why".into(), wire::header_text(&why)));
                return response;
            }
        };
        self.carry_out(app, &request, asked, identity).await
    }

    /// Puts every authorisation that the operation needs to the gate. The caller, or the first refusal with its reason.
    fn permitted(&self, app: &App, request: &Request<'_>, service: &dyn Service, asked: &mut Asked) -> Result<Identity, (Stop, String)> {
        if asked.needs.is_empty() {
            // What AWS offers to anyone. A service that asks for nothing and is not public has a bug: closed.
            return if asked.public { Ok(Identity::Anonymous) } else { Err(unmapped(asked)) };
        }
        let (mut identity, mut passed) = (None, 0);
        while let Some(need) = asked.needs.get(passed).cloned() {
            let verdict = self.judge(app, &call(request, &need));
            let stop = match verdict.answer {
                Answer::Pass(ref grant) => {
                    let Grant { identity: proved, .. } = &**grant;
                    if let (None, Some(caller)) = (&identity, proved) {
                        service.asks_as(asked, caller);
                    }
                    identity = proved.clone();
                    passed += 1;
                    continue;
                }
                Answer::Stop(ref stop) => stop.clone(),
                Answer::Depends(_) | Answer::Needs(_) => denied(&need),
            };
            let why = self.stopped(&format!("{} on {}", need.action, need.resource), &verdict);
            // CloudTrail records who was denied; of a caller who proved nothing AWS tells the account nothing.
            let proved = verdict.reason().is_none_or(|reason| reason.phase != Phase::Identify);
            let caller = match route::access_key_id(request.http) {
                Some(id) => self.memory.keys.get(&id).map(|(key, _)| key.identity),
                // A bucket's owner is told of strangers too.
                None => (request.service == "s3").then_some(Identity::Anonymous),
            };
            if let (true, Some(identity)) = (proved, caller) {
                let error = services::wire::stopped(request.service, &stop);
                self.record(request, asked, &Outcome { identity: &identity, error: Some(&error), elements: &Value::Null, sent: 0 });
            }
            return Err((stop, why));
        }
        Ok(identity.unwrap_or(Identity::Anonymous))
    }

    /// Has the service do what passed, applies what it changed, and records it.
    async fn carry_out(self: &Arc<Self>, app: Arc<App>, request: &Request<'_>, asked: Asked, identity: Identity) -> HttpResponse {
        let asked = Arc::new(asked);
        let (engine, service, work, caller) = (Arc::clone(self), request.service.to_owned(), Arc::clone(&asked), identity.clone());
        // The store and key generation block; requests of others must not wait for them.
        let done = tokio::task::spawn_blocking(move || match engine.services.get(service.as_str()) {
            Some(service) => service.carry_out(&app, &work, &caller, &engine.world),
            None => Err(ServiceError::new(500, "InternalServerError", "")),
        });
        let done = done.await.unwrap_or_else(|_| {
            self.say(Notice::Warns(format!("a bug: {} {} panicked; please report it", request.service, asked.operation)));
            Err(ServiceError::new(500, "InternalServerError", "The request processing has failed because of an unknown error."))
        });
        match done {
            Ok(done) => {
                self.settle(&done);
                let sent = done.response.body.len();
                self.record(request, &asked, &Outcome { identity: &identity, error: None, elements: &done.response_elements, sent });
                services::answered(request.service, done.response, &request.id)
            }
            Err(error) => {
                self.record(request, &asked, &Outcome { identity: &identity, error: Some(&error), elements: &Value::Null, sent: 0 });
                services::render_error(request.service, &error, &request.id)
            }
        }
    }

    /// Has a service carry out a request that this process makes of itself, without the network and without a record.
    pub(crate) fn carry_out_inside(&self, service: &str, http: &HttpRequest, caller: &Identity) -> Result<Done, ServiceError> {
        let found = self.services.get(service).ok_or_else(|| ServiceError::new(500, "InternalServerError", "no such service"))?;
        let app = self.app();
        let done = found.carry_out(&app, &found.asks(&app, http)?, caller, &self.world)?;
        self.settle(&done);
        Ok(done)
    }

    /// Applies the changes to the application and admits the keys that were issued.
    fn settle(&self, done: &Done) {
        for change in &done.changes {
            if let Err(error) = self.change(change) {
                self.say(Notice::Warns(format!("a change was not applied: {error}")));
            }
        }
        for issued in &done.issued {
            self.memory.keys.admit_issued(&issued.access_key_id, issued.key.clone(), world::now());
        }
    }

    /// Whether a trail of the application records what is done with objects: data events are recorded nowhere by themselves.
    fn records_objects(&self, request: &Request<'_>, asked: &Asked) -> bool {
        let Some(need) = asked.needs.first() else { return false };
        let slash = if need.resource.contains('/') { "" } else { "/" };
        let event = DataEvent {
            kind: "AWS::S3::Object",
            arn: &format!("{}{slash}", need.resource),
            source: &format!("{}.amazonaws.com", request.service),
            name: &asked.operation,
            read_only: asked.read_only,
        };
        trail::records(&self.app(), &event)
    }

    /// Writes CloudTrail's record.
    fn record(&self, request: &Request<'_>, asked: &Asked, outcome: &Outcome<'_>) {
        // Public documents (a pool's keys) are served by no API operation, with no parameters: AWS records none.
        if asked.public && asked.read_only && asked.logged_parameters.is_null() {
            return;
        }
        let on_objects = request.service == "s3" && asked.data_event;
        if on_objects && !self.records_objects(request, asked) {
            return;
        }
        let key = route::access_key_id(request.http);
        let at = key.as_deref().and_then(|id| self.memory.keys.get(id)).map(|(_, at)| at);
        let record = self.trail.record(&ApiRecord {
            time: request.time,
            request_id: &request.id,
            identity: outcome.identity,
            issue: Issue { access_key_id: key.as_deref(), at },
            invoked_by: None,
            service: request.service,
            operation: &asked.operation,
            source_ip: &request.peer.address,
            user_agent: request.http.header("user-agent").unwrap_or_default(),
            error: outcome.error.map(|error| (error.code.as_str(), error.message.as_str())),
            request_parameters: &asked.logged_parameters,
            response_elements: outcome.elements,
            read_only: asked.read_only,
            data_event: asked.data_event,
            resource: asked.needs.first().map(|need| need.resource.as_str()),
            tls_host: request.http.header("host").filter(|_| request.peer.tls),
            additional: on_objects.then(|| of_objects(request, asked, outcome.sent)),
        });
        self.logs.record(request.time, record);
    }
}

/// What CloudTrail says besides of a call to Amazon S3 (`additionalEventData`).
fn of_objects(request: &Request<'_>, asked: &Asked, sent: usize) -> Value {
    let mut said = json!({ "bytesTransferredIn": asked.content.len(), "bytesTransferredOut": sent });
    if gate::sigv4::scope(request.http).is_some() {
        said["SignatureVersion"] = json!("SigV4");
        let query = request.http.query.contains("X-Amz-Signature=");
        said["AuthenticationMethod"] = json!(if query { "QueryString" } else { "AuthHeader" });
    }
    said
}

/// The question to the gate for one authorisation.
fn call(request: &Request<'_>, need: &ApiCall) -> Call {
    let scope = if request.service == "s3" { gate::sigv4::scope_of_upload(request.http) } else { gate::sigv4::scope(request.http) };
    let credential = match scope {
        Some(_) => Credential::SigV4 { request: Box::new(request.http.clone()), service: request.service.to_owned() },
        None => Credential::None,
    };
    Call {
        id: request.id.clone(),
        time: request.time,
        source_ip: request.peer.address.clone(),
        tls: request.peer.tls,
        credential,
        ask: Ask::Api(need.clone()),
    }
}

fn denied(need: &ApiCall) -> Stop {
    Stop {
        status: 403,
        code: "AccessDenied".into(),
        message: format!("User is not authorized to perform: {}", need.action),
        response: None,
    }
}

fn unmapped(asked: &Asked) -> (Stop, String) {
    let says = format!("{} is mapped to no IAM action", asked.operation);
    (Stop { status: 403, code: "AccessDenied".into(), message: says.clone(), response: None }, format!("iam; {says}"))
}
