//! Log files to a stream of [`Event`]s in the order of time: CloudTrail, API Gateway access logs, function
//! logs, MySQL audit logs, VPC flow logs, WAF logs. Never judges a record, never fails: what cannot be read
//! is a [`Trouble`] with its place, and the rest goes on.
//!
//! ```no_run
//! let mut logs = sekisho_read::log::open(&[".sekisho/logs".into()], sekisho_read::log::Limits::default());
//! for event in &mut logs {
//!     println!("{} {}", event.time, event.id);
//! }
//! for trouble in logs.troubles() {
//!     eprintln!("{}: {}", trouble.place, trouble.says);
//! }
//! ```

mod input;
mod kind;
mod lines;
mod merge;
mod rds_audit;
mod source;
mod split;
mod time;
mod vpcflow;

pub use merge::Logs;
use std::path::PathBuf;

/// Bounds for what strangers' files may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest record, in bytes. AWS's own are at most 256 KiB (CloudTrail) and 1 MiB (CloudWatch Logs).
    pub record_bytes: usize,
    /// A compressed file may inflate to this many bytes whatever its size ...
    pub inflated_bytes: u64,
    /// ... and beyond that only to this many times its size. CloudTrail's files inflate ten- to fortyfold.
    pub inflated_ratio: u32,
    /// How far apart in time, in milliseconds, the records of one file may be out of order. CloudTrail
    /// delivers within about 15 minutes.
    pub disorder: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { record_bytes: 16 << 20, inflated_bytes: 64 << 20, inflated_ratio: 200, disorder: 15 * 60 * 1000 }
    }
}

/// Opens files and folders. Nothing is read before the first event is asked for.
pub fn open(paths: &[PathBuf], limits: Limits) -> Logs {
    Logs::new(paths, limits)
}

/// The bytes of one record and where it starts.
struct Raw {
    text: Vec<u8>,
    line: u32,
    column: u32,
}
