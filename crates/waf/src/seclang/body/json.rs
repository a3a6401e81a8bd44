//! JSON to arguments: `{"a":{"b":[1]}}` is `json.a.b.0` with `1`. Every value is kept, those of repeated names too.

use super::Parsed;

/// Parses a body; what came before an error is kept.
pub fn parse(body: &[u8], depth: usize) -> Parsed {
    let mut parser = Parser { text: body, at: 0, out: Parsed::default(), name: b"json".to_vec() };
    let result = parser.value(depth.min(2000));
    parser.blanks();
    let end = if parser.at < body.len() { Err("something follows the JSON value") } else { Ok(()) };
    if let Err(error) = result.and(end) {
        parser.out.error = Some(format!("{error} at byte {}", parser.at));
        parser.leftover();
    }
    parser.out
}

struct Parser<'b> {
    text: &'b [u8],
    at: usize,
    out: Parsed,
    name: Vec<u8>,
}

type Parse = Result<(), &'static str>;

impl Parser<'_> {
    fn blanks(&mut self) {
        while self.text.get(self.at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.blanks();
        let here = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(here);
        here
    }

    fn value(&mut self, depth: usize) -> Parse {
        if depth == 0 {
            return Err("the JSON is nested too deeply");
        }
        self.blanks();
        match self.text.get(self.at) {
            Some(b'{') => self.members(depth),
            Some(b'[') => self.items(depth),
            Some(b'"') => {
                let text = self.string()?;
                self.keep(text);
                Ok(())
            }
            Some(_) => self.scalar(),
            None => Err("the JSON ends too soon"),
        }
    }

    fn keep(&mut self, value: Vec<u8>) {
        self.out.arguments.push((self.name.clone(), value));
    }

    fn members(&mut self, depth: usize) -> Parse {
        self.at += 1;
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            self.blanks();
            if self.text.get(self.at) != Some(&b'"') {
                return Err("a JSON name is missing");
            }
            let key = self.string()?;
            if !self.eat(b':') {
                return Err("a `:` is missing in the JSON");
            }
            let outer = self.name.len();
            self.name.push(b'.');
            self.name.extend_from_slice(&key);
            self.value(depth - 1)?;
            self.name.truncate(outer);
            if self.eat(b',') {
                continue;
            }
            return if self.eat(b'}') { Ok(()) } else { Err("a `,` or `}` is missing in the JSON") };
        }
    }

    fn items(&mut self, depth: usize) -> Parse {
        self.at += 1;
        if self.eat(b']') {
            return Ok(());
        }
        for index in 0usize.. {
            let outer = self.name.len();
            self.name.extend_from_slice(format!(".{index}").as_bytes());
            self.value(depth - 1)?;
            self.name.truncate(outer);
            if self.eat(b',') {
                continue;
            }
            // As Coraza does: the list itself is an argument, its value the number of its items.
            self.keep((index + 1).to_string().into_bytes());
            return if self.eat(b']') { Ok(()) } else { Err("a `,` or `]` is missing in the JSON") };
        }
        Ok(())
    }

    fn scalar(&mut self) -> Parse {
        let rest = &self.text[self.at..];
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' | b'"' | b':'))
            .unwrap_or(rest.len());
        let word = &rest[..length];
        let known = matches!(word, b"true" | b"false" | b"null") || is_number(word);
        if !known {
            return Err("a JSON value is none");
        }
        let value = if word == b"null" { Vec::new() } else { word.to_vec() };
        self.at += length;
        self.keep(value);
        Ok(())
    }

    fn string(&mut self) -> Result<Vec<u8>, &'static str> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let Some(byte) = self.text.get(self.at).copied() else {
                self.out.arguments.push((self.name.clone(), out));
                return Err("a JSON text is not closed");
            };
            self.at += 1;
            match byte {
                b'"' => return Ok(out),
                b'\\' => self.escape(&mut out)?,
                0..=0x1f => return Err("a control character in a JSON text"),
                other => out.push(other),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Parse {
        let letter = self.text.get(self.at).copied().ok_or("a JSON text is not closed")?;
        self.at += 1;
        out.push(match letter {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'"' | b'\\' | b'/' => letter,
            b'u' => {
                let mut code = self.four()?;
                if (0xd800..0xdc00).contains(&code) && self.text[self.at..].starts_with(b"\\u") {
                    let before = self.at;
                    self.at += 2;
                    let low = self.four()?;
                    if (0xdc00..0xe000).contains(&low) {
                        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                    } else {
                        self.at = before;
                    }
                }
                let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err("an escape in a JSON text is none"),
        });
        Ok(())
    }

    fn four(&mut self) -> Result<u32, &'static str> {
        let digits = self.text.get(self.at..self.at + 4).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        code.ok_or("a `\\u` escape in a JSON text is none")
    }

    /// What a parser gave up on is inspected as it stands.
    fn leftover(&mut self) {
        let rest = self.text.get(self.at.min(self.text.len())..).unwrap_or_default();
        if !rest.is_empty() {
            let rest = rest.to_vec();
            self.out.arguments.push((b"json".to_vec(), rest));
        }
    }
}

fn is_number(word: &[u8]) -> bool {
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    digits.first().is_some_and(u8::is_ascii_digit)
        && digits.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
}
