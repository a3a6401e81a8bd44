//! What a pure room works out of one version of the App and keeps beside it. It is never part of what the App is.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Types of values that are kept at most.
const MOST: usize = 12;

/// Values worked out of one version of the App, each on first use: one of each type. A change of the App begins anew.
#[derive(Clone, Default)]
pub struct Derived(Arc<[OnceLock<Box<dyn Any + Send + Sync>>; MOST]>);

impl Derived {
    /// The value of this type, worked out by `make` the first time. `make` may ask for values of other types. `None` when there is
    /// no room for one more type.
    pub fn get<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        if let Some(known) = self.0.iter().map_while(OnceLock::get).find_map(|kept| kept.downcast_ref()) {
            return Some(known);
        }
        // Two that work it out at the same time come to the same value; the first is kept.
        let mut value: Box<dyn Any + Send + Sync> = Box::new(make());
        for slot in self.0.iter() {
            match slot.set(value) {
                Ok(()) => return slot.get()?.downcast_ref(),
                Err(back) => value = back,
            }
            if let Some(known) = slot.get().and_then(|kept| kept.downcast_ref()) {
                return Some(known);
            }
        }
        None
    }
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Derived")
    }
}

#[cfg(test)]
mod tests {
    use super::Derived;

    #[test]
    fn one_value_of_each_type_is_made_once() {
        let derived = Derived::default();
        let inner = || derived.get(|| 7u8).copied();
        assert_eq!(derived.get(|| inner().map(u32::from)), Some(&Some(7)));
        assert_eq!(derived.get::<u8>(|| unreachable!()), Some(&7));
        assert_eq!(derived.get(|| "text"), Some(&"text"));
        assert_eq!(derived.clone().get::<&str>(|| unreachable!()), Some(&"text"));
    }
}
