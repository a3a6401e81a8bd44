//! Records of a dump to one table, with the count of what gave nothing. Where they come from, it is not told.

use crate::osv::{self, Skipped};
use crate::table::Database;
use model::deps::{Advisory, Ecosystem};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Records so far.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    advisories: Vec<Advisory>,
    newest: String,
    /// Records that gave advisories.
    pub records: usize,
    /// How many gave none, by why.
    pub skipped: BTreeMap<Skipped, usize>,
}

impl Collection {
    /// Takes a file's content: one record, or a list of records.
    pub fn add(&mut self, value: Value) {
        let records = match value {
            Value::Array(records) => records,
            record => vec![record],
        };
        for record in records {
            match osv::read(record) {
                Ok(record) => {
                    self.records += 1;
                    self.advisories.extend(record.advisories);
                    self.newest = std::mem::take(&mut self.newest).max(record.modified);
                }
                Err(why) => *self.skipped.entry(why).or_default() += 1,
            }
        }
    }

    /// The table; nothing when no record gave an advisory. One flaw that GitHub and PyPA both wrote about is kept twice: their
    /// ranges differ.
    pub fn table(self, is_whole: bool, note: &str) -> Option<String> {
        let day = self.newest.get(..10).unwrap_or(&self.newest).to_owned();
        (!self.advisories.is_empty()).then(|| Database::write(self.advisories, &day, is_whole, note))
    }

    /// The ecosystems it has advisories of.
    pub fn ecosystems(&self) -> BTreeSet<Ecosystem> {
        self.advisories.iter().map(|advisory| advisory.ecosystem).collect()
    }
}
