//! What a pure room works out of one version of the App and keeps beside it. It is never part of what the App is.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A value worked out of one version of the App on first use. A change of the App begins anew.
#[derive(Clone, Default)]
pub struct Derived(Arc<OnceLock<Box<dyn Any + Send + Sync>>>);

impl Derived {
    /// The value, worked out by `make` the first time. `None` when a value of another type is kept here already.
    pub fn get<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.0.get_or_init(|| Box::new(make())).downcast_ref()
    }
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Derived")
    }
}
