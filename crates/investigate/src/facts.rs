//! What the logs themselves tell and rules refer to as `%name%`. Never guesses: a list without an entry
//! leaves the rules that need it not assessed.

use model::{Event, LogKind};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Addresses of the network interfaces that Lambda made for functions in a VPC.
pub const LAMBDA_ENI_ADDRESSES: &str = "lambda_eni_addresses";

/// The lists, growing while events go by.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    lists: BTreeMap<Box<str>, BTreeSet<Box<str>>>,
    complete: bool,
}

impl Facts {
    /// Starts with what the user gave.
    pub fn new(given: &BTreeMap<String, Vec<String>>) -> Self {
        let lists = given.iter().map(|(name, values)| (name.as_str().into(), values.iter().map(|v| v.as_str().into()).collect()));
        Self { lists: lists.collect(), complete: false }
    }

    /// Learns from an event.
    pub fn learn(&mut self, event: &Event) {
        if event.log != LogKind::Cloudtrail || event.record.get("eventName").and_then(Value::as_str) != Some("CreateNetworkInterface") {
            return;
        }
        if !by_lambda(&event.record) || event.record.get("errorCode").is_some() {
            return;
        }
        let Some(interface) = event.record.pointer("/responseElements/networkInterface") else { return };
        let first = interface.get("privateIpAddress");
        let more = interface.pointer("/privateIpAddressesSet/item").and_then(Value::as_array).into_iter().flatten();
        let more = more.filter_map(|item| item.get("privateIpAddress"));
        let addresses = self.lists.entry(LAMBDA_ENI_ADDRESSES.into()).or_default();
        addresses.extend(first.into_iter().chain(more).filter_map(Value::as_str).map(Into::into));
    }

    /// The list is whole: all events went by.
    pub fn close(&mut self) {
        self.complete = true;
    }

    /// Whether all events went by.
    pub fn complete(&self) -> bool {
        self.complete
    }

    /// The values of a list.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.lists.get(name).into_iter().flatten().map(|value| &**value)
    }

    /// Whether anything is known under this name.
    pub fn known(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }
}

/// Whether Lambda made the call for the account: both fields are set by AWS and not by the caller
/// (CloudTrail User Guide, "CloudTrail userIdentity element").
fn by_lambda(record: &Value) -> bool {
    let lambda = |value: Option<&Value>| value.and_then(Value::as_str) == Some("lambda.amazonaws.com");
    lambda(record.pointer("/userIdentity/invokedBy")) || lambda(record.get("sourceIPAddress"))
}
