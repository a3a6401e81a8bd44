//! The outside, for services: clock, random bytes, the store and the logs.

use super::watched::Watched;
use crate::logs::Logs;
use crate::mail::Mail;
use crate::store::{Rows, Sqlite};
use model::{Event, Message, Metric, SampledRequest, Store, StoreError, Time, World};
use rand::RngCore;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// This machine.
pub(crate) struct Machine {
    rows: BTreeMap<&'static str, Rows>,
    logs: Arc<Logs>,
    mail: Mail,
    /// What CloudWatch and WAF show of the requests.
    pub watched: Watched,
}

impl Machine {
    /// With a part of the store for each of these services.
    pub fn new(file: &Sqlite, (logs, mail): (Arc<Logs>, Mail), services: impl Iterator<Item = &'static str>) -> Self {
        Self { rows: services.map(|name| (name, file.of(name))).collect(), logs, mail, watched: Watched::default() }
    }
}

/// The clock.
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl World for Machine {
    fn now(&self) -> Time {
        now()
    }

    fn random(&self, bytes: &mut [u8]) {
        rand::rngs::OsRng.fill_bytes(bytes);
    }

    fn store(&self, service: &str) -> &dyn Store {
        self.rows.get(service).map_or(&Closed, |rows| rows)
    }

    fn log(&self, event: Event) {
        self.logs.event(event);
    }

    fn deliver(&self, message: &Message) {
        self.mail.deliver(message);
    }

    fn metrics(&self) -> Vec<Metric> {
        self.watched.metrics()
    }

    fn sampled_requests(&self, web_acl_arn: &str) -> Vec<SampledRequest> {
        self.watched.sampled_requests(web_acl_arn)
    }
}

/// The store of a service that does not exist.
struct Closed;

fn closed<T>() -> Result<T, StoreError> {
    Err(StoreError("no such service".into()))
}

impl Store for Closed {
    fn get(&self, _: &str, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        closed()
    }

    fn put(&self, _: &str, _: &str, _: &[u8]) -> Result<(), StoreError> {
        closed()
    }

    fn delete(&self, _: &str, _: &str) -> Result<(), StoreError> {
        closed()
    }

    fn scan(&self, _: &str, _: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        closed()
    }
}
