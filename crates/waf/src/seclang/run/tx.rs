//! TX: the variables rules set and test for one request.

use std::collections::BTreeMap;

/// Values by slot, a slot for each name the rules know, and what they make names for while they run.
#[derive(Default)]
pub(super) struct Tx {
    places: Vec<Option<(usize, usize)>>,
    bytes: Vec<u8>,
    more: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Tx {
    /// Nothing is set, in so many slots; the memory is kept.
    pub fn clear(&mut self, slots: usize) {
        self.places.clear();
        self.places.resize(slots, None);
        self.bytes.clear();
        self.more.clear();
    }

    /// A slot's value.
    #[inline]
    pub fn get(&self, slot: u32) -> Option<&[u8]> {
        let (start, end) = self.places.get(slot as usize).copied().flatten()?;
        Some(&self.bytes[start..end])
    }

    /// Sets a slot's value, or takes it away.
    pub fn set(&mut self, slot: u32, value: Option<&[u8]>) {
        let Some(place) = self.places.get_mut(slot as usize) else { return };
        let Some(value) = value else {
            *place = None;
            return;
        };
        match place {
            // Counters are counted up where they stand.
            Some((start, end)) if *end - *start >= value.len() => {
                *end = *start + value.len();
                self.bytes[*start..*end].copy_from_slice(value);
            }
            _ => {
                *place = Some((self.bytes.len(), self.bytes.len() + value.len()));
                self.bytes.extend_from_slice(value);
            }
        }
    }

    /// What has no slot, by name.
    pub const fn more(&self) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        &self.more
    }

    /// Sets a value that has no slot, or takes it away.
    pub fn set_more(&mut self, name: &[u8], value: Option<&[u8]>) {
        match (value, self.more.get_mut(name)) {
            (Some(value), Some(known)) => {
                known.clear();
                known.extend_from_slice(value);
            }
            (Some(value), None) => {
                self.more.insert(name.to_vec(), value.to_vec());
            }
            (None, _) => {
                self.more.remove(name);
            }
        }
    }
}
