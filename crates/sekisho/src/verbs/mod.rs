//! One file a verb: calls the rooms in order and chooses the exit code.

pub mod attack;
pub mod db;
pub mod explain;
pub mod iam;
pub mod investigate;
pub mod prove;
pub mod scan;
pub mod up;
pub mod waf;
