//! The one endpoint: HTTP/1.1, plain or TLS on the same port, and the connections that functions open.
//!
//! Never decides: it finds out who answers and hands the request on.

mod body;
mod head;
pub(crate) mod route;
pub(crate) mod wire;

use crate::engine::Engine;
use crate::error::UpError;
use head::{Head, Watched};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use model::HttpResponse;
use route::Destination;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Seconds within which a client must have sent the head of its request.
const HEAD: Duration = Duration::from_secs(30);

/// Who is at the other end of a connection, as AWS would see it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Its address.
    pub address: String,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// Opens the endpoint's socket on the loopback interface.
///
/// # Errors
/// [`UpError::PortInUse`] or [`UpError::Listen`].
pub(crate) async fn listen(port: u16) -> Result<TcpListener, UpError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|e| match e.kind() {
        std::io::ErrorKind::AddrInUse => UpError::PortInUse { port },
        _ => UpError::Listen { port, why: e.to_string() },
    })
}

/// What a connection needs to be served.
#[derive(Clone)]
pub(crate) struct Front {
    pub engine: Arc<Engine>,
    pub tls: TlsAcceptor,
    /// Becomes `true` when the process stops.
    pub stopping: watch::Receiver<bool>,
}

impl Front {
    /// Serves until the process stops.
    pub async fn serve(self, listener: TcpListener) {
        let mut stopping = self.stopping.clone();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => drop(tokio::spawn(self.clone().local(stream, peer))),
                    // Out of file descriptors, most likely: the connections that are open must get on.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                () = stopped(&mut stopping) => return,
            }
        }
    }

    /// A connection to the endpoint: TLS when its first byte is that of a TLS record (RFC 8446, section 5.1).
    async fn local(self, stream: TcpStream, peer: SocketAddr) {
        let _ = stream.set_nodelay(true);
        let mut first = [0];
        let Ok(Ok(1)) = tokio::time::timeout(HEAD, stream.peek(&mut first)).await else { return };
        let address = peer.ip().to_string();
        if first == [0x16] {
            self.tls(stream, address).await;
        } else {
            self.plain(stream, address).await;
        }
    }

    /// A connection on which TLS is spoken, by a client with this address.
    pub async fn tls<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S, address: String) {
        let accepted = tokio::time::timeout(HEAD, self.tls.accept(stream)).await;
        if let Ok(Ok(stream)) = accepted {
            self.http(stream, Peer { address, tls: true }).await;
        }
    }

    /// A connection without TLS, by a client with this address.
    pub async fn plain<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S, address: String) {
        self.http(stream, Peer { address, tls: false }).await;
    }

    /// Requests on one connection, one after the other.
    async fn http<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S, peer: Peer) {
        let head = Head::default();
        let stream = TokioIo::new(Watched { stream, head: head.clone() });
        let engine = self.engine;
        let answer = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
            let (engine, peer, head) = (Arc::clone(&engine), peer.clone(), head.clone());
            async move {
                let names = head.names();
                let (request, body) = wire::request(request, names);
                // The connection broke before the body was whole.
                let broken = |_| HttpResponse::json(400, &serde_json::json!({ "message": "Bad Request" }));
                let response = body::answer(&engine, request, body, &peer).await.unwrap_or_else(broken);
                head.clear();
                Ok::<_, Infallible>(wire::response(response))
            }
        });
        let connection = http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(HEAD).serve_connection(stream, answer);
        tokio::pin!(connection);
        let mut stopping = self.stopping;
        tokio::select! {
            // A client that breaks the connection is none of our business.
            _ = connection.as_mut() => return,
            () = stopped(&mut stopping) => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }
}

/// Returns when the process stops.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

impl Engine {
    /// Answers one request.
    pub(crate) async fn answer(self: &Arc<Self>, request: model::HttpRequest, peer: &Peer) -> HttpResponse {
        match route::destination(&request, &self.trail.region) {
            Destination::Api { api_id, stage, path } => self.api(&api_id, &stage, path, request, peer).await,
            Destination::Aws { service, request } => self.aws(&service, *request, peer).await,
            Destination::Nowhere => HttpResponse::json(
                404,
                &serde_json::json!({
                    "message": "Nothing is served here. APIs: /restapis/<api id>/<stage>/_user_request_/<path>; \
                                AWS: a request signed for the service, or its host name."
                }),
            ),
        }
    }
}
