//! A small blocking HTTP/1.1 client over hyper that can choose its own source address. Follows no redirects, and
//! connects to the address it was given, never to a name.

use crate::Disguise;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use model::{HttpRequest, HttpResponse};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpSocket;

/// A response larger than this is refused.
const MOST_BYTES: usize = 16 << 20;
/// A target that is silent for this long has failed.
const PATIENCE: Duration = Duration::from_secs(40);

/// A client to one address.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    server: SocketAddr,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens there, or the connection broke.
    #[error("{server} does not answer: {says}")]
    Connection {
        /// The address.
        server: SocketAddr,
        /// The operating system's or hyper's words.
        says: String,
    },
    /// The request cannot be written as HTTP.
    #[error("the request is not valid HTTP: {0}")]
    Request(String),
    /// No answer in time.
    #[error("{0} did not answer within {seconds} seconds", seconds = PATIENCE.as_secs())]
    Silent(SocketAddr),
    /// The client's own runtime could not start.
    #[error("cannot start the client: {0}")]
    Runtime(std::io::Error),
}

impl Client {
    /// A client to this address.
    ///
    /// # Errors
    /// When the operating system gives it no event loop.
    pub fn new(server: SocketAddr) -> Result<Self, ClientError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ClientError::Runtime)?;
        Ok(Self { runtime, server })
    }

    /// The address it speaks to.
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// Sends one request on a connection of its own and reads the whole answer.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub fn send(&self, request: &HttpRequest, disguise: &Disguise) -> Result<HttpResponse, ClientError> {
        let exchange = async { tokio::time::timeout(PATIENCE, self.exchange(request, disguise)).await };
        self.runtime.block_on(exchange).unwrap_or(Err(ClientError::Silent(self.server)))
    }

    async fn exchange(&self, request: &HttpRequest, disguise: &Disguise) -> Result<HttpResponse, ClientError> {
        let broke = |error: &dyn std::fmt::Display| ClientError::Connection { server: self.server, says: error.to_string() };
        let socket = TcpSocket::new_v4().map_err(|error| broke(&error))?;
        if self.server.ip().is_loopback() && self.server.is_ipv4() {
            socket.bind(SocketAddr::from((disguise.address, 0))).map_err(|error| broke(&error))?;
        } else {
            socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))).map_err(|error| broke(&error))?;
        }
        let stream = socket.connect(self.server).await.map_err(|error| broke(&error))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broke(&error))?;
        let driver = tokio::spawn(connection);
        let response = sender.send_request(self.message(request, disguise)?).await.map_err(|error| broke(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|error| broke(&error))?.to_bytes();
        driver.abort();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        Ok(HttpResponse { status: head.status.as_u16(), headers: headers.collect(), body: body.to_vec() })
    }

    fn message(&self, request: &HttpRequest, disguise: &Disguise) -> Result<hyper::Request<Full<Bytes>>, ClientError> {
        let target = if request.query.is_empty() { request.path.clone() } else { format!("{}?{}", request.path, request.query) };
        let mut builder = hyper::Request::builder().method(request.method.as_str()).uri(target);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if request.header("host").is_none() {
            builder = builder.header("Host", self.server.to_string());
        }
        if request.header("user-agent").is_none() {
            builder = builder.header("User-Agent", &disguise.user_agent);
        }
        builder.body(Full::new(Bytes::from(request.body.clone()))).map_err(|error| ClientError::Request(error.to_string()))
    }
}
