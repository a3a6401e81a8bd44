//! Sets of bytes: what a value holds and what a pattern, a transformation or a detector needs.

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: Self = Self([0; 4]);
    /// Every byte.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// The bytes of `bytes`.
    pub const fn of(bytes: &[u8]) -> Self {
        let (mut set, mut at) = (Self::EMPTY, 0);
        while at < bytes.len() {
            set.insert(bytes[at]);
            at += 1;
        }
        set
    }

    /// The bytes from one to another, both included.
    pub const fn range(first: u8, last: u8) -> Self {
        Self::EMPTY.with(first, last)
    }

    /// Adds a byte.
    #[inline]
    pub const fn insert(&mut self, byte: u8) {
        self.0[(byte >> 6) as usize] |= 1 << (byte & 63);
    }

    /// Adds every byte from `first` to `last`, both included.
    pub const fn insert_range(&mut self, first: u8, last: u8) {
        let mut byte = first as usize;
        while byte <= last as usize {
            self.insert(byte as u8);
            byte += 1;
        }
    }

    /// This set with `first..=last` added.
    pub const fn with(mut self, first: u8, last: u8) -> Self {
        self.insert_range(first, last);
        self
    }

    /// Whether the byte is in the set.
    #[inline]
    pub const fn contains(&self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] & (1 << (byte & 63)) != 0
    }

    /// Whether the two share a byte.
    #[inline]
    pub const fn meets(&self, other: &Self) -> bool {
        (self.0[0] & other.0[0]) | (self.0[1] & other.0[1]) | (self.0[2] & other.0[2]) | (self.0[3] & other.0[3]) != 0
    }

    /// Whether every byte of this set is in the other.
    #[inline]
    pub const fn within(&self, other: &Self) -> bool {
        (self.0[0] & !other.0[0]) | (self.0[1] & !other.0[1]) | (self.0[2] & !other.0[2]) | (self.0[3] & !other.0[3]) == 0
    }

    /// Both together.
    pub const fn union(&self, other: &Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1], self.0[2] | other.0[2], self.0[3] | other.0[3]])
    }

    /// What is not in the set.
    pub const fn complement(&self) -> Self {
        Self([!self.0[0], !self.0[1], !self.0[2], !self.0[3]])
    }

    /// What is in both.
    pub const fn intersection(&self, other: &Self) -> Self {
        Self([self.0[0] & other.0[0], self.0[1] & other.0[1], self.0[2] & other.0[2], self.0[3] & other.0[3]])
    }

    /// How many.
    pub const fn len(&self) -> u32 {
        self.0[0].count_ones() + self.0[1].count_ones() + self.0[2].count_ones() + self.0[3].count_ones()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every byte of the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.iter().enumerate().flat_map(|(word, bits)| {
            let mut left = *bits;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some((word as u32 * 64 + bit) as u8)
            })
        })
    }

    /// The set with ASCII letters in both cases where it has one of them.
    pub const fn fold(&self) -> Self {
        let letters = self.0[1];
        let folded = letters | ((letters & UPPER) << 32) | ((letters & LOWER) >> 32);
        Self([self.0[0], folded, self.0[2], self.0[3]])
    }

    /// The set with ASCII letters in lower case only.
    pub const fn lowercase(&self) -> Self {
        let folded = self.fold();
        Self([folded.0[0], folded.0[1] & !UPPER, folded.0[2], folded.0[3]])
    }
}

impl std::fmt::Debug for ByteSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for byte in self.iter() {
            write!(f, "{}", std::ascii::escape_default(byte))?;
        }
        Ok(())
    }
}

/// `A` to `Z` and `a` to `z` in the second word of a set, 32 bits apart.
const UPPER: u64 = 0x07ff_fffe;
const LOWER: u64 = UPPER << 32;
