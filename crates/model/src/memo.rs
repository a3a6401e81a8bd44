//! What a pure room makes of an application once and keeps with it: parsed policies, compiled web ACLs. A changed
//! application begins with an empty memo, so that nothing of an earlier version can answer for a later one.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// Things made of one version of an application, by their type and a name.
#[derive(Default)]
pub struct Memo(RwLock<BTreeMap<TypeId, BTreeMap<String, Made>>>);

type Made = Arc<dyn Any + Send + Sync>;

impl Memo {
    /// What was made under this name, or what `make` makes now. `make` must depend on nothing but the application and the
    /// name; it may be called twice where two ask at once, and then both get the same.
    pub fn get<T: Any + Send + Sync>(&self, name: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let kind = TypeId::of::<T>();
        if let Some(made) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&kind).and_then(|all| all.get(name)) {
            // The type is the key, so it is this one.
            if let Ok(made) = Arc::clone(made).downcast() {
                return made;
            }
        }
        let made = Arc::new(make());
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let kept = all.entry(kind).or_default().entry(name.to_owned()).or_insert_with(|| Arc::clone(&made) as Made);
        Arc::clone(kept).downcast().unwrap_or(made)
    }
}

/// The copy of an application is made to be changed: it has made nothing yet.
impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memo")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once_for_each_version() {
        let memo = Memo::default();
        assert_eq!(*memo.get("a", || 1), 1);
        assert_eq!(*memo.get("a", || 2), 1);
        assert_eq!(*memo.get("b", || 3), 3);
        assert_eq!(*memo.get("a", || "another type"), "another type");
        assert_eq!(*memo.clone().get("a", || 4), 4);
    }
}
