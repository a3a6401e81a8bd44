//! What was compiled, by its content: equal content is compiled once in a process, however often and by whomever it is asked for.
//! Only what could be compiled is kept, and only the latest few.

use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The SHA-256 of some content, part by part: where one part ends and the next begins counts too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of these parts in this order.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

/// The latest things that were compiled.
#[derive(Debug)]
pub struct Kept<T> {
    most: usize,
    latest: Mutex<VecDeque<(Key, Arc<T>)>>,
}

impl<T> Kept<T> {
    /// Keeps at most this many.
    pub const fn new(most: usize) -> Self {
        Self { most, latest: Mutex::new(VecDeque::new()) }
    }

    /// What is kept under this key, or else what is made now, which is kept from then on.
    ///
    /// # Errors
    /// Those of `make`; nothing is kept then.
    pub fn get<E>(&self, key: Key, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let latest = || self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |latest: &mut VecDeque<(Key, Arc<T>)>| {
            let at = latest.iter().position(|(own, _)| *own == key)?;
            let found = latest.remove(at)?;
            latest.push_front(found.clone());
            Some(found.1)
        };
        if let Some(found) = known(&mut latest()) {
            return Ok(found);
        }
        // Made without the lock: it may take long, and whoever asks for something else must not wait.
        let made = Arc::new(make()?);
        let mut latest = latest();
        if let Some(found) = known(&mut latest) {
            return Ok(found);
        }
        latest.push_front((key, Arc::clone(&made)));
        latest.truncate(self.most);
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_part_ends_counts() {
        let key = |parts: &[&str]| Key::of(parts.iter().map(|part| part.as_bytes()));
        assert_eq!(key(&["ab", "c"]), key(&["ab", "c"]));
        for other in [&["a", "bc"][..], &["abc"], &["ab", "c", ""], &["c", "ab"], &["ab", "d"]] {
            assert_ne!(key(&["ab", "c"]), key(other), "{other:?}");
        }
    }

    #[test]
    fn the_latest_few_are_made_once() {
        let kept: Kept<u32> = Kept::new(2);
        let mut made = 0;
        let mut get = |name: &str| {
            kept.get(Key::of([name.as_bytes()]), || {
                made += 1;
                Ok::<u32, ()>(made)
            })
            .map(|value| *value)
        };
        let asked: Vec<_> = ["a", "b", "a", "c", "a", "b"].map(&mut get).to_vec();
        assert_eq!(asked, [Ok(1), Ok(2), Ok(1), Ok(3), Ok(1), Ok(4)], "b was the one that had gone longest without being asked for");
        assert_eq!(kept.get(Key::of([&b"z"[..]]), || Err("no")), Err("no"));
        assert_eq!(kept.get(Key::of([&b"z"[..]]), || Ok::<u32, ()>(9)).map(|value| *value), Ok(9), "a failure is not kept");
    }
}
