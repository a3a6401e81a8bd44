//! go-ftw tests, run directly on the engine: what a test sends, what it expects, and whether the rules do so.
//!
//! Both forms of the format are read: that of CRS 4 (`test_id`, `expect_ids`) and that of CRS 3 (`test_title`, `stage`,
//! `log_contains`). A stage's request is built as go-ftw builds it (headers completed, form data escaped); what stands
//! behind the rules is what CRS's tests expect, the answers of `albedo`: nothing, or what `/reflect` is told. Statuses
//! come from the rules, or from a front end as strict as RFC 9112.

mod backend;
mod front;
mod model;
mod runner;

pub use model::{Case, Expect, Sent, Stage, cases};
pub use runner::{Report, program, run, setup};
