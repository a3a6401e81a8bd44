//! Character positions to byte positions. libyaml counts characters; edits need bytes.

/// A position that walks over the text. Readers ask for nearly ascending positions, so the walk is linear in all.
pub(super) struct Cursor<'a> {
    text: &'a str,
    /// Characters are bytes.
    ascii: bool,
    characters: usize,
    bytes: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, ascii: text.is_ascii(), characters: 0, bytes: 0 }
    }

    /// The byte at which the character with this index begins; the end of the text when there is none.
    pub(super) fn byte(&mut self, character: u64) -> usize {
        let character = usize::try_from(character).unwrap_or(usize::MAX);
        if self.ascii {
            return character.min(self.text.len());
        }
        let all = self.text.as_bytes();
        while self.characters > character && self.bytes > 0 {
            self.bytes -= 1;
            if is_start(all.get(self.bytes)) {
                self.characters -= 1;
            }
        }
        while self.characters < character && self.bytes < all.len() {
            self.bytes += 1;
            if is_start(all.get(self.bytes)) {
                self.characters += 1;
            }
        }
        self.bytes
    }
}

/// Whether a character begins at this byte; the end of the text counts as one.
fn is_start(byte: Option<&u8>) -> bool {
    byte.is_none_or(|byte| byte & 0xC0 != 0x80)
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn finds_bytes_forwards_and_backwards() {
        let text = "a関所b🦄c";
        let expected: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let mut cursor = Cursor::new(text);
        for order in [(0..expected.len()).collect::<Vec<_>>(), (0..expected.len()).rev().collect()] {
            for index in order {
                assert_eq!(cursor.byte(index as u64), expected[index], "character {index}");
            }
        }
        assert_eq!(cursor.byte(1000), text.len());
    }
}
