//! The Runtime API's socket: HTTP/1.1 to [`RuntimeApi`] and back.
//!
//! Holds at most one oversized body in memory; requests of anybody but the runtime inside are impossible, since the
//! listener is inside its network.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use services::lambda::{Heard, Invocation, LARGEST_PAYLOAD, News, Reply, RuntimeApi};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// What happened on the socket.
#[derive(Debug)]
pub(super) enum Event {
    /// The runtime asks for its next request.
    Asks,
    /// Something was reported.
    News(News),
}

/// One environment's Runtime API.
#[derive(Debug)]
pub(super) struct Api {
    state: Mutex<State>,
    events: mpsc::Sender<Event>,
}

#[derive(Debug, Default)]
struct State {
    machine: RuntimeApi,
    held: Option<oneshot::Sender<Reply>>,
}

impl Api {
    /// Serves the listener; events arrive at the other end of `events`.
    pub(super) fn serve(listener: TcpListener, events: mpsc::Sender<Event>, tasks: &mut JoinSet<()>) -> Arc<Self> {
        let api = Arc::new(Self { state: Mutex::default(), events });
        tasks.spawn(Arc::clone(&api).accept(listener));
        api
    }

    /// Gives the held `next` its request. False when none is held.
    pub(super) fn give(&self, invocation: &Invocation) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = state.held.take_if(|held| !held.is_closed()) else { return false };
        match state.machine.give(invocation) {
            Some(reply) => held.send(reply).is_ok(),
            None => false,
        }
    }

    /// Whether the runtime waits for a request.
    pub(super) fn waiting(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).held.as_ref().is_some_and(|held| !held.is_closed())
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        // The connections end with this task, and this task with its environment.
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::task::yield_now().await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let api = Arc::clone(&self);
            connections.spawn(async move {
                let service = service_fn(move |request| Arc::clone(&api).answer(request));
                // A connection that breaks is the runtime's end, which its process shows.
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
            while connections.try_join_next().is_some() {}
        }
    }

    async fn answer(self: Arc<Self>, request: hyper::Request<Incoming>) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let Some((body, size)) = collect(body).await else { return Ok(response(broken())) };
        let (heard, held) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            match state.machine.hear(head.method.as_str(), head.uri.path(), body, size) {
                Heard::Hold => {
                    let (sender, held) = oneshot::channel();
                    state.held = Some(sender);
                    (None, Some(held))
                }
                Heard::Answer(reply, news) => (Some((reply, news)), None),
            }
        };
        let reply = match (heard, held) {
            (Some((reply, news)), _) => {
                if let Some(news) = news {
                    // Told before it is answered: the runtime may end its process as soon as it is.
                    let _ = self.events.send(Event::News(news)).await;
                }
                reply
            }
            (None, Some(held)) => {
                let _ = self.events.send(Event::Asks).await;
                held.await.unwrap_or_else(|_| broken())
            }
            (None, None) => broken(),
        };
        Ok(response(reply))
    }
}

/// The body up to one byte over the limit, and its whole size.
async fn collect(mut body: Incoming) -> Option<(Bytes, usize)> {
    let mut first: Option<Bytes> = None;
    let mut kept: Vec<u8> = Vec::new();
    let mut size = 0usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        size = size.saturating_add(data.len());
        if first.is_none() && kept.is_empty() {
            first = Some(data);
            continue;
        }
        if let Some(first) = first.take() {
            kept.extend_from_slice(&first);
        }
        let room = (LARGEST_PAYLOAD + 1).saturating_sub(kept.len());
        kept.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
    }
    Some((first.unwrap_or_else(|| kept.into()), size))
}

fn broken() -> Reply {
    Reply { status: 500, headers: Vec::new(), body: Bytes::new() }
}

fn response(reply: Reply) -> hyper::Response<Full<Bytes>> {
    let mut builder = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        builder = builder.header(*name, value);
    }
    builder.body(Full::new(reply.body)).unwrap_or_else(|_| {
        // A trace id or ARN with a line break in it: never sent on.
        let mut refused = hyper::Response::new(Full::new(Bytes::new()));
        *refused.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        refused
    })
}
