//! A target that the user named by its URL. It offers one foothold only: anyone.

use crate::{Client, ClientError, Disguise};
use model::attack::{Lured, UserSession};
use model::{HttpRequest, HttpResponse, Identity, Target, TargetError};
use std::net::{SocketAddr, ToSocketAddrs};

/// An API behind a URL such as `http://127.0.0.1:4566/restapis/abc123/dev/_user_request_`.
pub struct UrlTarget {
    client: Client,
    host: String,
    base: String,
    disguise: Disguise,
}

/// A URL that is not attacked.
#[derive(Debug, thiserror::Error)]
pub enum UrlTargetError {
    /// Not `http://host:port/path`.
    #[error("`{0}` is no target: give http://HOST:PORT/PATH, the URL of an API's stage")]
    NotAUrl(String),
    /// Not on this machine.
    #[error("{0} is not on this machine: this version attacks loopback addresses only")]
    NotLoopback(String),
    /// No client.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl UrlTarget {
    /// A target by URL, resolved once.
    ///
    /// # Errors
    /// When the URL is not of the form or does not lead to a loopback address.
    pub fn new(url: &str) -> Result<Self, UrlTargetError> {
        let bad = || UrlTargetError::NotAUrl(url.to_owned());
        let rest = url.strip_prefix("http://").ok_or_else(bad)?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let server: SocketAddr = with_port.to_socket_addrs().map_err(|_| bad())?.find(SocketAddr::is_ipv4).ok_or_else(bad)?;
        if !server.ip().is_loopback() {
            return Err(UrlTargetError::NotLoopback(host.to_owned()));
        }
        let base = if path.is_empty() { String::new() } else { format!("/{}", path.trim_end_matches('/')) };
        Ok(Self { client: Client::new(server)?, host: host.to_owned(), base, disguise: Disguise::web() })
    }
}

fn not_offered(foothold: &str) -> TargetError {
    TargetError::NotOffered(format!("a URL gives no {foothold}: run the application with `--target up` for this attack"))
}

impl Target for UrlTarget {
    fn http(&mut self, _: &str, request: &HttpRequest) -> Result<HttpResponse, TargetError> {
        let mut request = request.clone();
        request.path = format!("{}{}", self.base, request.path);
        request.headers.push(("Host".into(), self.host.clone()));
        self.client.send(&request, &self.disguise).map_err(|error| TargetError::Failed(error.to_string()))
    }

    fn http_at(&mut self, _: &str, _: &str, _: &HttpRequest) -> Result<HttpResponse, TargetError> {
        Err(not_offered("other stage"))
    }

    fn bucket(&mut self, _: &str, _: &HttpRequest) -> Result<HttpResponse, TargetError> {
        Err(not_offered("bucket"))
    }

    fn to_write(&mut self) -> Result<String, TargetError> {
        Err(not_offered("text that somebody looks for"))
    }

    fn user_token(&mut self) -> Result<String, TargetError> {
        Err(not_offered("token of a signed-in user"))
    }

    fn other_tokens(&mut self) -> Result<Vec<String>, TargetError> {
        Err(not_offered("token of a signed-in user"))
    }

    fn other_sessions(&mut self) -> Result<Vec<UserSession>, TargetError> {
        Err(not_offered("user of a user pool"))
    }

    fn aws_unsigned(&mut self, _: &str, _: &str, _: &serde_json::Value) -> Result<HttpResponse, TargetError> {
        Err(not_offered("way to AWS"))
    }

    fn own_address(&mut self) -> Result<String, TargetError> {
        Err(not_offered("mailbox"))
    }

    fn own_mail(&mut self) -> Result<String, TargetError> {
        Err(not_offered("mailbox"))
    }

    fn lure(&mut self, _: &str, _: &HttpRequest, _: &str) -> Result<Lured, TargetError> {
        Err(not_offered("customer's browser"))
    }

    fn keeping(&mut self) -> Result<Vec<HttpRequest>, TargetError> {
        Err(not_offered("request of a customer"))
    }

    fn victim_reads(&mut self) -> Result<Option<HttpResponse>, TargetError> {
        Err(not_offered("customer to look"))
    }

    fn aws_as_function(&mut self, _: &str, _: &str, _: &str, _: &serde_json::Value) -> Result<HttpResponse, TargetError> {
        Err(not_offered("credentials of a function"))
    }

    fn aws_as_outsider(
        &mut self,
        _: &Identity,
        _: Option<&str>,
        _: &str,
        _: &str,
        _: &serde_json::Value,
    ) -> Result<HttpResponse, TargetError> {
        Err(not_offered("user of another account"))
    }

    fn database(&mut self, _: &str, _: &str, _: &str, _: &str) -> Result<Vec<Vec<String>>, TargetError> {
        Err(not_offered("host in the VPC"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_to_loopback() {
        assert!(UrlTarget::new("http://127.0.0.1:4566/restapis/a/dev/_user_request_/").is_ok());
        assert!(matches!(UrlTarget::new("http://192.0.2.1/"), Err(UrlTargetError::NotLoopback(_))));
        assert!(matches!(UrlTarget::new("ftp://127.0.0.1/"), Err(UrlTargetError::NotAUrl(_))));
    }
}
