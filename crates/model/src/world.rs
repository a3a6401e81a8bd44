//! What a service needs of the outside. `up` implements it; tests use one of their own.

use crate::event::Event;
use crate::metric::{Metric, SampledRequest};
use crate::time::Time;
use std::fmt;

/// The outside, for services.
pub trait World: Send + Sync {
    /// The clock.
    fn now(&self) -> Time;
    /// Fills with random bytes from the operating system.
    fn random(&self, bytes: &mut [u8]);
    /// The durable store of one service. Names of services are endpoint prefixes: `dynamodb`.
    fn store(&self, service: &str) -> &dyn Store;
    /// Writes a record to AWS's log.
    fn log(&self, event: Event);
    /// Hands a message to whoever reads at its address.
    fn deliver(&self, _message: &Message) {}
    /// Everything that was counted, for CloudWatch.
    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }
    /// What WAF keeps of the requests that a web ACL judged, oldest first.
    fn sampled_requests(&self, _web_acl_arn: &str) -> Vec<SampledRequest> {
        Vec::new()
    }
}

/// A message to a user of the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// An address of mail, or the number of a telephone.
    pub to: String,
    /// Its subject, where it is mail.
    pub subject: String,
    /// What it says.
    pub text: String,
}

/// Rows of bytes by table and key; every write is durable and atomic.
pub trait Store: Send + Sync {
    /// One row.
    fn get(&self, table: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Writes a row.
    fn put(&self, table: &str, key: &str, row: &[u8]) -> Result<(), StoreError>;
    /// Removes a row, if it is there.
    fn delete(&self, table: &str, key: &str) -> Result<(), StoreError>;
    /// All rows of a table whose key begins with `prefix`, by key.
    fn scan(&self, table: &str, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError>;
}

/// The store could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError(pub String);

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StoreError {}
