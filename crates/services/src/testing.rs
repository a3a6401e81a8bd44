//! A world of memory for tests: a fixed clock, counted "random" bytes, rows in a map.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::{Asked, Done, Service, ServiceError};
use model::{App, Event, HttpRequest, Identity, Message, Node, Place, Resource, ResourceId, Store, StoreError, Time, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Default)]
pub struct Memory {
    rows: Mutex<BTreeMap<(String, String), Vec<u8>>>,
    draws: AtomicU64,
    mail: Mutex<Vec<Message>>,
}

impl Memory {
    /// The last message to an address.
    pub fn mail(&self, to: &str) -> String {
        let mail = self.mail.lock().unwrap();
        mail.iter().rfind(|message| message.to == to).map(|message| message.text.clone()).unwrap_or_default()
    }
}

impl World for Memory {
    fn now(&self) -> Time {
        Time(1_795_355_053_999)
    }

    fn random(&self, bytes: &mut [u8]) {
        use sha2::{Digest as _, Sha256};
        for chunk in bytes.chunks_mut(32) {
            let block = Sha256::digest(self.draws.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }

    fn store(&self, _: &str) -> &dyn Store {
        self
    }

    fn log(&self, _: Event) {}

    fn deliver(&self, message: &Message) {
        self.mail.lock().unwrap().push(message.clone());
    }
}

impl Store for Memory {
    fn get(&self, table: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows.lock().unwrap().get(&(table.into(), key.into())).cloned())
    }

    fn put(&self, table: &str, key: &str, row: &[u8]) -> Result<(), StoreError> {
        self.rows.lock().unwrap().insert((table.into(), key.into()), row.to_vec());
        Ok(())
    }

    fn delete(&self, table: &str, key: &str) -> Result<(), StoreError> {
        self.rows.lock().unwrap().remove(&(table.into(), key.into()));
        Ok(())
    }

    fn scan(&self, table: &str, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let rows = self.rows.lock().unwrap();
        let found = rows.iter().filter(|((t, k), _)| t == table && k.starts_with(prefix));
        Ok(found.map(|((_, k), row)| (k.clone(), row.clone())).collect())
    }
}

/// A resource of the stack `app`.
pub fn resource(logical: &str, kind: &str, physical_id: &str, arn: Option<&str>, properties: Value) -> Resource {
    let place = Place::new("template.yaml", 1, 1);
    Resource {
        id: ResourceId::new("app", logical),
        kind: kind.into(),
        properties: Node::from_json(&properties, &place),
        place,
        physical_id: physical_id.into(),
        arn: arn.map(str::to_owned),
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    }
}

pub fn app(resources: impl IntoIterator<Item = Resource>) -> App {
    App::new("123456789012", "us-east-1", resources)
}

pub fn root() -> Identity {
    Identity::Root { account: "123456789012".into() }
}

/// A request of a JSON protocol.
pub fn json_request(target: &str, body: &Value) -> HttpRequest {
    HttpRequest {
        method: "POST".into(),
        path: "/".into(),
        headers: vec![("X-Amz-Target".into(), target.into())],
        body: body.to_string().into_bytes(),
        ..HttpRequest::default()
    }
}

/// A request of the query protocol.
pub fn form_request(body: &str) -> HttpRequest {
    HttpRequest { method: "POST".into(), path: "/".into(), body: body.into(), ..HttpRequest::default() }
}

/// Asks and carries out.
pub fn call(service: &dyn Service, app: &App, world: &dyn World, request: &HttpRequest) -> Result<(Asked, Done), ServiceError> {
    let asked = service.asks(app, request)?;
    let done = service.carry_out(app, &asked, &root(), world)?;
    Ok((asked, done))
}

/// The JSON of an answer.
pub fn body(done: &Done) -> Value {
    serde_json::from_slice(&done.response.body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&done.response.body)))
}
