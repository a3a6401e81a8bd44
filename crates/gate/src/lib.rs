//! The checkpoint: AWS's phases in AWS's order, and the one [`decide`].
//!
//! Pure: time, issued keys, cached authorizer answers and counters come from the [`model::State`]. It never
//! allows by default: what it does not know is a stop or a dependency, with a reason that names the place.

mod aws_call;
pub mod bucket;
mod compiled;
mod connect;
pub mod invoke;
mod journal;
mod policies;
pub mod sigv4;
mod walk;
pub mod web_acl;

pub use invoke::usage_plan::charge;
pub use journal::{Entry, Facts, Recorder, inspect, proved, record};
pub use walk::decide;
