//! Templates, code and logs to the App and to Events. Never judges, never fails as a whole.

mod application;
mod discover;
mod document;
mod files;
mod functions;
mod identity;
mod imports;
mod intrinsics;
pub mod log;
mod sam;
mod stacks;

pub use application::{Options, application, expanded_sam};
pub use document::document;
pub use files::Folder;
