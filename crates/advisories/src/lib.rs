//! Published advisories: OSV records to one sorted table, and versions held against the ranges they name.
//!
//! Pure: files arrive as bytes. A version or a range that cannot be compared is said, never taken for a safe one.

mod collect;
mod osv;
mod table;
mod version;

pub use collect::Collection;
pub use osv::{Record, Skipped, read};
pub use table::{Database, Store, TableError, age};
pub use version::{Allowed, affects, allowed, allows, compare, float, lowest_fixed};

use std::sync::OnceLock;

/// The records that come with the product: a start, not a whole database.
pub fn built_in() -> &'static Database {
    static BUNDLE: OnceLock<Database> = OnceLock::new();
    BUNDLE.get_or_init(|| Database::read("built in", include_str!("../data/bundle.tsv").into()).unwrap_or_default())
}
