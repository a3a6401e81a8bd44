//! The history of a git repository, read from its files (gitrepository-layout(5), gitformat-pack(5)): every blob that any ref, reflog
//! or stash reaches, once, with the commit that brought it. Runs no `git`, follows no configuration, opens nothing outside the `.git`
//! folder, and never writes.

mod commits;
mod delta;
mod inflate;
mod loose;
mod object;
mod pack;
mod refs;
mod repository;
mod store;
mod walk;

pub use object::Oid;
pub use walk::{Commit, History, Version, walk};
