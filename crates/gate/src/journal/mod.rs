//! What a journal keeps of a judgement, so that it can be judged again: the call without its credentials, the facts
//! that were read, the verdict. Never a secret key, a session token, an API key or a bearer token.

mod facts;
pub(crate) mod mark;
mod proved;

pub use facts::{Facts, Recorder};
pub use proved::{Entry, inspect, proved, record};
