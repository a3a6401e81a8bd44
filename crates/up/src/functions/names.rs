//! Names that a function looked up, each with an address of its own in 127.64.0.0/10; the address tells the name again
//! when a connection arrives. And things told once.

use super::FunctionLog;
use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

/// More names than this get no address: the bound is against a function that makes names up.
const MOST: usize = 16_384;

/// The names of one environment.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<Both>);

#[derive(Debug, Default)]
struct Both {
    addresses: HashMap<String, Ipv4Addr>,
    names: HashMap<Ipv4Addr, String>,
}

impl Names {
    /// The address of a name, the same each time. `None` when there are too many.
    pub(super) fn address(&self, name: &str) -> Option<Ipv4Addr> {
        let mut both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = both.addresses.get(name) {
            return Some(*address);
        }
        let number = u32::try_from(both.addresses.len()).ok().filter(|n| (*n as usize) < MOST)?;
        let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 64, 0, 1)) + number);
        both.addresses.insert(name.to_owned(), address);
        both.names.insert(address, name.to_owned());
        Some(address)
    }

    /// The name at an address.
    pub(super) fn name(&self, address: Ipv4Addr) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).names.get(&address).cloned()
    }
}

/// Sentences that were said already.
#[derive(Debug, Default)]
pub(super) struct Once(Mutex<HashSet<String>>);

impl Once {
    /// Says it if it was not said before.
    pub(super) fn tell(&self, log: &dyn FunctionLog, text: String) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone()) {
            log.notice(text);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_address() {
        let names = Names::default();
        let first = names.address("sts.us-east-1.amazonaws.com").unwrap();
        assert_eq!(first, Ipv4Addr::new(127, 64, 0, 1));
        assert_ne!(names.address("db").unwrap(), first);
        assert_eq!(names.address("sts.us-east-1.amazonaws.com"), Some(first));
        assert_eq!(names.name(first).as_deref(), Some("sts.us-east-1.amazonaws.com"));
        assert_eq!(names.name(Ipv4Addr::LOCALHOST), None);
        for n in 0..MOST {
            names.address(&n.to_string());
        }
        assert_eq!(names.address("one too many"), None);
    }
}
