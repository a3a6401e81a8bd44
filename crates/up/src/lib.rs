//! The application runs here, with its security envelope enforced: one process, one endpoint, no Docker.
//!
//! Whatever crosses a border becomes a [`model::Call`] and is judged by `gate::decide`; this crate carries out what
//! passed. It owns the sockets, processes, clock and disk below the state folder. It never decides, and it knows no risk.

mod border;
mod ca;
mod clusters;
pub mod database;
mod door;
mod engine;
mod error;
mod folder;
mod front;
pub mod functions;
pub mod install;
mod journal;
mod keys;
mod logs;
mod mail;
mod network;
mod options;
mod planted;
mod running;
mod start;
mod store;

pub use ca::Authority;
pub use error::UpError;
pub use folder::Folder;
pub use keys::Credentials;
pub use options::{Notice, Options};
pub use running::{ApiUrl, Running};
pub use start::start;
pub use store::{Rows, Sqlite};
