//! The SQL words with their kinds, and the fingerprints that are attacks. Both tables are libinjection's, as data.

use std::sync::OnceLock;

/// No word of the table is longer; a token keeps no more of its text.
pub(super) const LONGEST: usize = 31;

/// What the table says of a text.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub(super) struct Word {
    /// The kind of token it is; 0 when it stands in the table only as the beginning of a phrase, or not at all.
    pub(super) kind: u8,
    /// Whether a phrase of the table begins with this text and a space.
    pub(super) opens: bool,
    /// The text in upper case.
    pub(super) text: &'static [u8],
}

/// Both tables, hashed.
pub(super) struct Tables {
    words: Vec<Word>,
    /// Index into `words` plus one; open addressing.
    slots: Vec<u16>,
    /// Fingerprints as 25-bit numbers plus one; open addressing.
    prints: Vec<u32>,
}

const WORD_SLOTS: usize = 1 << 13;
const PRINT_SLOTS: usize = 1 << 15;
/// The hash of the empty text.
pub(super) const SEED: u32 = 0x811c_9dc5;

/// The hash of a text with one more byte; ASCII case does not matter.
#[inline]
pub(super) fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte.to_ascii_uppercase())).wrapping_mul(0x0100_0193)
}

/// The hash of a text.
pub(super) fn hash(text: &[u8]) -> u32 {
    text.iter().fold(SEED, |hash, byte| step(hash, *byte))
}

/// The tables, read once.
pub(super) fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| Tables::read(include_str!("../sqli_words.txt"), include_str!("../sqli_fingerprints.txt")))
}

impl Tables {
    fn read(words: &'static str, prints: &str) -> Self {
        let mut out = Tables { words: Vec::new(), slots: vec![0; WORD_SLOTS], prints: vec![0; PRINT_SLOTS] };
        for line in words.lines().filter(|line| !line.starts_with("# ")) {
            let (kind, text) = line.split_at(1);
            out.entry(&text.as_bytes()[1..]).kind = kind.as_bytes()[0];
        }
        for line in words.lines().filter(|line| !line.starts_with("# ")) {
            if let Some((first, _)) = line[2..].rsplit_once(' ') {
                out.entry(first.as_bytes()).opens = true;
            }
        }
        for print in prints.lines().filter(|line| !line.starts_with("# ")).flat_map(str::split_whitespace) {
            let number = packed(print.as_bytes());
            let mut at = spread(number);
            while out.prints[at] != 0 {
                at = (at + 1) % PRINT_SLOTS;
            }
            out.prints[at] = number + 1;
        }
        out
    }

    /// The entry of this text, made when it is missing.
    fn entry(&mut self, text: &'static [u8]) -> &mut Word {
        let mut at = place(hash(text));
        while self.slots[at] != 0 && self.words[usize::from(self.slots[at]) - 1].text != text {
            at = (at + 1) % WORD_SLOTS;
        }
        if self.slots[at] == 0 {
            self.words.push(Word { kind: 0, opens: false, text });
            self.slots[at] = u16::try_from(self.words.len()).unwrap_or(0);
        }
        &mut self.words[usize::from(self.slots[at]) - 1]
    }

    /// What the table says of a text whose [`hash`] is known.
    #[inline]
    pub(super) fn find(&self, hash: u32, text: &[u8]) -> Word {
        self.probe(hash, |word| word.eq_ignore_ascii_case(text))
    }

    /// What the table says of two texts with a space between.
    pub(super) fn phrase(&self, first: &[u8], second: &[u8]) -> Word {
        let hash = second.iter().fold(step(hash(first), b' '), |hash, byte| step(hash, *byte));
        self.probe(hash, |word| {
            word.len() == first.len() + 1 + second.len()
                && word[..first.len()].eq_ignore_ascii_case(first)
                && word[first.len()] == b' '
                && word[first.len() + 1..].eq_ignore_ascii_case(second)
        })
    }

    #[inline]
    fn probe(&self, hash: u32, same: impl Fn(&[u8]) -> bool) -> Word {
        let mut at = place(hash);
        loop {
            match self.slots[at] {
                0 => return Word::default(),
                slot => {
                    let word = self.words[usize::from(slot) - 1];
                    if same(word.text) {
                        return word;
                    }
                }
            }
            at = (at + 1) % WORD_SLOTS;
        }
    }

    /// Whether these kinds, in upper case or not, are the fingerprint of an attack.
    pub(super) fn is_attack(&self, kinds: &[u8]) -> bool {
        let number = packed(kinds);
        let mut at = spread(number);
        while self.prints[at] != 0 {
            if self.prints[at] == number + 1 {
                return true;
            }
            at = (at + 1) % PRINT_SLOTS;
        }
        false
    }
}

fn place(hash: u32) -> usize {
    (hash ^ (hash >> 15)) as usize % WORD_SLOTS
}

fn spread(number: u32) -> usize {
    (number.wrapping_mul(0x9e37_79b1) >> 17) as usize % PRINT_SLOTS
}

/// Up to five kinds as one number, five bits each; a kind that no fingerprint holds is 31.
fn packed(kinds: &[u8]) -> u32 {
    kinds.iter().fold(0, |number, kind| number << 5 | u32::from(code(*kind)))
}

/// The number of a kind, from 1; small and capital letters are one kind here.
fn code(kind: u8) -> u8 {
    match kind.to_ascii_uppercase() {
        b'X' => 1,
        b'(' => 2,
        b'S' => 3,
        b'E' => 4,
        b',' => 5,
        b')' => 6,
        b';' => 7,
        b'N' => 8,
        b'O' => 9,
        b'A' => 10,
        b'C' => 11,
        b'U' => 12,
        b'1' => 13,
        b'V' => 14,
        b'&' => 15,
        b':' => 16,
        b'B' => 17,
        b'T' => 18,
        b'K' => 19,
        b'F' => 20,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_and_fingerprint_is_found_again() {
        let (mut words, mut prints) = (0, 0);
        for line in include_str!("../sqli_words.txt").lines().filter(|line| !line.starts_with("# ")) {
            let text = line[2..].to_lowercase();
            assert_eq!(tables().find(hash(text.as_bytes()), text.as_bytes()).kind, line.as_bytes()[0], "{line}");
            assert!(text.len() <= LONGEST, "{line}");
            words += 1;
        }
        for print in include_str!("../sqli_fingerprints.txt").lines().skip(2).flat_map(str::split_whitespace) {
            assert!(tables().is_attack(print.as_bytes()), "{print}");
            assert!(print.len() <= 5 && print.bytes().all(|kind| code(kind) < 31), "{print}");
            prints += 1;
        }
        assert_eq!((words, prints), (985, 8367));
    }

    #[test]
    fn phrases_and_their_beginnings() {
        let union = tables().find(hash(b"union"), b"union");
        assert_eq!((union.kind, union.opens), (b'U', true));
        let full = tables().find(hash(b"Full"), b"Full");
        assert_eq!((full.kind, full.opens), (0, true));
        assert_eq!(tables().phrase(b"union", b"All").text, b"UNION ALL");
        assert_eq!(tables().phrase(b"union", b"none"), Word::default());
        assert_eq!(tables().find(hash(b"toyota"), b"toyota"), Word::default());
    }
}
