//! Requests that a web ACL stops by the beginning of their body, while the rest is still on its way.
//!
//! Never decides, and never lets pass: what the gate does not stop here is judged again when it is whole.

use super::Engine;
use super::api::{Asked, Trace};
use crate::front::{Peer, route};
use crate::logs::uuid;
use gate::web_acl::{Inspection, inspected_body};
use model::{Answer, App, Ask, Call, HttpRequest, HttpResponse, Stop, Verdict};
use route::Destination;
use services::ServiceError;
use std::sync::Arc;

/// A request that is stopped, whatever follows of its body.
pub(crate) struct Refusal {
    app: Arc<App>,
    call: Call,
    stop: Stop,
    verdict: Verdict,
    entry: gate::Entry,
    inspection: Option<Inspection>,
}

impl Engine {
    /// Bytes of a body that are inspected before the stage that this request is for. `None`: nothing inspects it there.
    pub(crate) fn inspected_body(&self, request: &HttpRequest) -> Option<usize> {
        match route::destination(request, &self.trail.region) {
            Destination::Api { api_id, stage, .. } => inspected_body(&self.app(), &api_id, &stage),
            Destination::Aws { .. } | Destination::Nowhere => None,
        }
    }

    /// Whether the request goes to Amazon S3, by what is known before its body came: an upload by a form must name the host.
    pub(crate) fn is_object(&self, request: &HttpRequest) -> bool {
        matches!(route::destination(request, &self.trail.region), Destination::Aws { service, .. } if service == "s3")
    }

    /// What an upload gets that is larger than this process takes at once.
    pub(crate) fn object_too_large(&self) -> HttpResponse {
        let error = ServiceError::new(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
        services::render_error("s3", &error, &uuid())
    }

    /// Asks the gate about a request of which only the beginning of the body is here; `beyond` bytes more came.
    pub(crate) fn refused_by_beginning(&self, request: &HttpRequest, beyond: usize, peer: &Peer) -> Option<Refusal> {
        let Destination::Api { api_id, stage, path } = route::destination(request, &self.trail.region) else { return None };
        let app = self.app();
        let api = app.aws().rest_apis.iter().find(|api| api.api_id == api_id)?.id.clone();
        let mut call = self.call(api, stage, path, request.clone(), peer);
        if let Ask::Invoke(invoke) = &mut call.ask {
            invoke.beyond = beyond;
        }
        let (verdict, entry, inspection) = gate::inspect(&app, &call, &self.memory);
        match verdict.answer.clone() {
            Answer::Stop(stop) => Some(Refusal { app, call, stop, verdict, entry, inspection }),
            Answer::Pass(_) | Answer::Depends(_) | Answer::Needs(_) => None,
        }
    }

    /// Answers what was refused, now that all of it has gone by; `beyond` bytes of the body were not kept.
    pub(crate) fn refuse(&self, refusal: Refusal, beyond: usize) -> HttpResponse {
        let Refusal { app, mut call, stop, verdict, mut entry, inspection } = refusal;
        for ask in [&mut call.ask, &mut entry.call.ask] {
            if let Ask::Invoke(invoke) = ask {
                invoke.beyond = beyond;
            }
        }
        self.note(&app, &call, &verdict, entry);
        let mut trace = Trace::of(inspection);
        let Some(asked) = Asked::of(&app, &call) else { return HttpResponse::default() };
        let response = self.refused(asked, stop, &verdict, &mut trace);
        self.logged(asked, &verdict, &trace, response)
    }
}
