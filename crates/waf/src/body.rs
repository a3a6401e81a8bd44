//! A body while it arrives: pieces go in, the beginning that is inspected stays, the rest is counted and gone.
//!
//! What stays is what [`Request::body`](crate::request::Request) holds; whether more came is all that a rule may ask about
//! the rest (AWS WAF Developer Guide, "Handling oversize web request components"). So a request can be judged as soon as one
//! byte more than the limit is there.

/// The beginning of a body, up to a limit.
#[derive(Clone, Debug)]
pub struct Arriving {
    limit: usize,
    kept: Vec<u8>,
    size: usize,
}

/// Room that is made for the first piece; more only as it comes.
const FIRST: usize = 4096;

impl Arriving {
    /// Nothing yet, of which at most `limit` bytes are to stay.
    pub const fn new(limit: usize) -> Self {
        Self { limit, kept: Vec::new(), size: 0 }
    }

    /// Takes the next piece; how many bytes of it stay.
    pub fn push(&mut self, piece: &[u8]) -> usize {
        self.size = self.size.saturating_add(piece.len());
        let stays = piece.len().min(self.limit - self.kept.len());
        let needed = self.kept.len() + stays;
        if needed > self.kept.capacity() {
            // Twice as much, as a vector grows, but never beyond the limit.
            let room = needed.max(self.kept.capacity() * 2).max(FIRST).min(self.limit);
            self.kept.reserve_exact(room - self.kept.len());
        }
        self.kept.extend_from_slice(&piece[..stays]);
        stays
    }

    /// Whether more came than stays: nothing that follows can change what is inspected.
    pub const fn is_beyond(&self) -> bool {
        self.size > self.kept.len()
    }

    /// What stays.
    pub fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// How many bytes came.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Bytes of memory that the body takes: never more than the limit.
    pub fn memory(&self) -> usize {
        self.kept.capacity()
    }

    /// What stays, for whoever needs the body whole and goes on collecting it.
    pub fn into_kept(self) -> Vec<u8> {
        self.kept
    }
}
