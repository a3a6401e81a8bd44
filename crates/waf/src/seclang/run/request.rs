//! What a transaction is given.

use super::super::variable::Variable;
use std::collections::BTreeMap;

/// A request as it came over the wire; nothing decoded.
#[derive(Clone, Debug, Default)]
pub struct Request<'r> {
    /// `GET`.
    pub method: &'r [u8],
    /// The request target: path and query as sent.
    pub uri: &'r [u8],
    /// `HTTP/1.1`.
    pub version: &'r [u8],
    /// Names and values in the order they came.
    pub headers: &'r [(&'r [u8], &'r [u8])],
    /// The body.
    pub body: &'r [u8],
}

/// A response.
#[derive(Clone, Debug, Default)]
pub struct Response<'r> {
    /// 200.
    pub status: u16,
    /// `HTTP/1.1`.
    pub version: &'r [u8],
    /// Names and values.
    pub headers: &'r [(&'r [u8], &'r [u8])],
    /// The body.
    pub body: &'r [u8],
}

/// What the outside knows of a request: the pure engine asks no clock and no socket.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The client's address.
    pub remote_addr: String,
    /// The client's port.
    pub remote_port: u16,
    /// The server's address.
    pub server_addr: String,
    /// The server's port.
    pub server_port: u16,
    /// An identifier of the request.
    pub unique_id: String,
    /// Seconds since 1970, UTC.
    pub epoch: i64,
    /// Microseconds the request has taken so far.
    pub duration: u64,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            remote_addr: "127.0.0.1".to_owned(),
            remote_port: 0,
            server_addr: "127.0.0.1".to_owned(),
            server_port: 80,
            unique_id: String::new(),
            epoch: 0,
            duration: 0,
        }
    }
}

/// Collections that outlive a request (`IP`, `GLOBAL`, `SESSION`, `USER`, `RESOURCE`): the caller keeps them between requests.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// By collection and key: names, values, and when they expire.
    pub(super) kept: BTreeMap<(Variable, Vec<u8>), BTreeMap<Vec<u8>, Kept>>,
}

#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub value: Vec<u8>,
    pub expires: Option<i64>,
}

impl Stored {
    /// Forgets what has expired by this second.
    pub fn expire(&mut self, epoch: i64) {
        for values in self.kept.values_mut() {
            values.retain(|_, kept| kept.expires.is_none_or(|expires| expires > epoch));
        }
        self.kept.retain(|_, values| !values.is_empty());
    }
}
