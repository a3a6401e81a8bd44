//! Templates, code and logs to the App and to Events. Never judges, never fails as a whole.

mod account;
mod application;
mod branches;
mod cdk;
mod discover;
mod document;
mod files;
mod foreach;
mod functions;
mod history;
mod identity;
mod imports;
mod inline;
mod intrinsics;
mod lockfile;
pub mod log;
mod nested;
mod sam;
mod ssm;
mod stacks;

pub use application::{Options, application, expanded_sam, reading};
pub use branches::{Branch, Reading, left};
pub use document::document;
pub use files::Folder;
pub use history::history;
#[doc(hidden)]
pub use lockfile::parsed as parsed_lockfile;
