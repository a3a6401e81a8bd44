//! Templates, code and logs to the App and to Events. Never judges, never fails as a whole.

pub mod log;
