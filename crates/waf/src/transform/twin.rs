//! Every transformation once more, slow and obvious: a value is taken apart by its beginning, or by functions on text. Tests
//! and the fuzz target `transformations` hold the real ones against it.

#![allow(clippy::unwrap_used)]

use super::{Dialect, Transformation as T};

/// One step of a twin: what stands for the beginning of a value, and how many bytes that beginning has.
type Step = (Vec<u8>, usize);

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

fn code(digits: &[u8], radix: u32) -> u32 {
    digits.iter().fold(0_u32, |code, digit| code.wrapping_mul(radix).wrapping_add((*digit as char).to_digit(radix).unwrap()))
}

fn wide(digits: &[u8]) -> Vec<u8> {
    let code = code(digits, 16);
    vec![if (0xff01..=0xff5e).contains(&code) { code - 0xfee0 } else { code & 0xff } as u8]
}

fn url_step(value: &[u8], uni: bool) -> Step {
    match *value {
        [b'+', ..] => (vec![b' '], 1),
        [b'%', b'u' | b'U', a, b, c, d, ..] if uni && [a, b, c, d].into_iter().all(is_hex) => (wide(&[a, b, c, d]), 6),
        [b'%', b'u' | b'U', ..] if uni => (value[..2].to_vec(), 2),
        [b'%', a, b, ..] if is_hex(a) && is_hex(b) => (vec![code(&[a, b], 16) as u8], 3),
        _ => (vec![value[0]], 1),
    }
}

fn js_step(value: &[u8], ext: bool) -> Step {
    let is_octal = |byte: u8| (b'0'..=b'7').contains(&byte);
    match *value {
        [b'\\', b'u', a, b, c, d, ..] if [a, b, c, d].into_iter().all(is_hex) => (wide(&[a, b, c, d]), 6),
        [b'\\', b'x', a, b, ..] if is_hex(a) && is_hex(b) => (vec![code(&[a, b], 16) as u8], 4),
        [b'\\', a @ b'0'..=b'3', b, c, ..] if is_octal(b) && is_octal(c) => (vec![code(&[a, b, c], 8) as u8], 4),
        [b'\\', a, b, ..] if is_octal(a) && is_octal(b) => (vec![code(&[a, b], 8) as u8], 3),
        [b'\\', a, ..] if is_octal(a) => (vec![code(&[a], 8) as u8], 2),
        [b'\\', a @ (b'\\' | b'/' | b'\'' | b'"'), ..] => (vec![a], 2),
        [b'\\', a, ..] if !ext => (vec![control(a).unwrap_or(a)], 2),
        _ => (vec![value[0]], 1),
    }
}

fn control(byte: u8) -> Option<u8> {
    b"a\x07b\x08f\x0cn\x0ar\x0dt\x09v\x0b".chunks(2).find(|pair| pair[0] == byte).map(|pair| pair[1])
}

fn sequence_step(value: &[u8], dialect: Dialect) -> Step {
    let octal = value[1..].iter().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    match *value {
        [b'\\', b'x' | b'X', a, b, ..] if is_hex(a) && is_hex(b) => (vec![code(&[a, b], 16) as u8], 4),
        [b'\\', ..] if octal > 0 => (vec![code(&value[1..=octal], 8) as u8], 1 + octal),
        [b'\\', a, ..] if control(a).is_some() => (vec![control(a).unwrap()], 2),
        [b'\\', a @ (b'\\' | b'?' | b'\'' | b'"'), ..] => (vec![a], 2),
        [b'\\', a, ..] if dialect == Dialect::ModSecurity => (vec![a], 2),
        _ => (vec![value[0]], 1),
    }
}

fn css_step(value: &[u8]) -> Step {
    if value[0] != b'\\' {
        return (vec![value[0]], 1);
    }
    let digits: Vec<u8> = value[1..].iter().copied().take(6).take_while(|byte| is_hex(*byte)).collect();
    let Some(&next) = value.get(1) else { return (vec![], 1) };
    if digits.is_empty() {
        return (if next == b'\n' { vec![] } else { vec![next] }, 2);
    }
    let space = value.get(1 + digits.len()).is_some_and(|byte| b" \t\n\x0b\x0c\r".contains(byte));
    let out = if digits.len() >= 4 { wide_of(code(&digits, 16)) } else { (code(&digits, 16) & 0xff) as u8 };
    (vec![out], 1 + digits.len() + usize::from(space))
}

fn wide_of(code: u32) -> u8 {
    (if (0xff01..=0xff5e).contains(&code) { code - 0xfee0 } else { code & 0xff }) as u8
}

fn html_step(value: &[u8], dialect: Dialect) -> Step {
    let plain = (vec![value[0]], 1);
    if value[0] != b'&' {
        return plain;
    }
    let (head, radix) = match value {
        [_, b'#', b'x' | b'X', ..] => (3, 16),
        [_, b'#', ..] => (2, 10),
        _ => (1, 0),
    };
    let run: Vec<u8> = value[head..]
        .iter()
        .copied()
        .take_while(|b| if radix == 0 { b.is_ascii_alphanumeric() } else { (*b as char).is_digit(radix) })
        .collect();
    let name = String::from_utf8(run.to_ascii_lowercase()).unwrap();
    let named: &[(&str, u8)] = &[("quot", b'"'), ("amp", b'&'), ("lt", b'<'), ("gt", b'>'), ("nbsp", 160)];
    let more: &[(&str, u8)] = &[("tab", 9), ("newline", 10), ("vert", b'|'), ("sol", b'/'), ("lpar", b'(')];
    let byte = if radix > 0 {
        (!run.is_empty()).then(|| code(&run, radix) as u8)
    } else if dialect == Dialect::Aws {
        named.iter().chain(more).find(|(entity, _)| *entity == name).map(|(_, byte)| *byte)
    } else {
        named.iter().find(|(entity, _)| name.starts_with(entity)).map(|(_, byte)| *byte)
    };
    match byte {
        Some(byte) => (vec![byte], head + run.len() + usize::from(value.get(head + run.len()) == Some(&b';'))),
        None => plain,
    }
}

fn sql_hex_step(value: &[u8]) -> Step {
    let pairs = value.get(2..).unwrap_or_default().chunks_exact(2).take_while(|pair| is_hex(pair[0]) && is_hex(pair[1])).count();
    match value {
        [b'0', b'x' | b'X', ..] if pairs > 0 => {
            (value[2..2 + pairs * 2].chunks(2).map(|pair| code(pair, 16) as u8).collect(), 2 + pairs * 2)
        }
        _ => (vec![value[0]], 1),
    }
}

fn comment_step(value: &[u8]) -> Step {
    if !value.starts_with(b"/*") {
        return (vec![value[0]], 1);
    }
    let end = (2..value.len()).find(|at| value[*at..].starts_with(b"*/")).map_or(value.len(), |at| at + 2);
    (vec![b' '], end)
}

fn comment_char_step(value: &[u8]) -> Step {
    for token in [b"<!--".as_slice(), b"-->", b"/*", b"*/", b"--", b"#"] {
        if value.starts_with(token) {
            return (vec![], token.len());
        }
    }
    (vec![value[0]], 1)
}

fn stepped(value: &[u8], step: impl Fn(&[u8]) -> Step) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), value);
    while !rest.is_empty() {
        let (bytes, taken) = step(rest);
        out.extend(bytes);
        rest = &rest[taken..];
    }
    out
}

/// Squeezes spaces by looking at the text twice.
fn squeezed(text: &str) -> String {
    let mut text = text.to_owned();
    while text.contains("  ") {
        text = text.replace("  ", " ");
    }
    text
}

/// Bytes as one `char` each, so that text functions can be the twin of byte functions.
pub fn latin(value: &[u8]) -> String {
    value.iter().map(|byte| *byte as char).collect()
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| c as u8).collect()
}

fn path_twin(value: &[u8], windows: bool) -> Vec<u8> {
    let mut text = latin(value);
    if windows {
        text = text.replace('\\', "/");
    }
    let (absolute, trailing) = (text.starts_with('/'), text.ends_with('/'));
    let mut kept: Vec<String> = text.split('/').filter(|s| !s.is_empty() && *s != ".").map(str::to_owned).collect();
    // Strike out pairs until none is left.
    while let Some(at) = (1..kept.len()).find(|at| kept[*at] == ".." && kept[at - 1] != "..") {
        kept.drain(at - 1..=at);
    }
    if absolute {
        kept.retain(|segment| segment != "..");
    }
    let body = kept.join("/");
    bytes(&match (absolute, trailing, body.is_empty()) {
        (true, true, true) => "/".to_owned(),
        (_, _, true) => String::new(),
        _ => format!("{}{body}{}", if absolute { "/" } else { "" }, if trailing { "/" } else { "" }),
    })
}

fn cmd_twin(value: &[u8]) -> Vec<u8> {
    let text: String = latin(value).chars().filter(|c| !"\\\"'^".contains(*c)).collect();
    let text: String = text.chars().map(|c| if ",;\t\r\n".contains(c) { ' ' } else { c.to_ascii_lowercase() }).collect();
    bytes(&squeezed(&text).replace(" /", "/").replace(" (", "("))
}

fn shell_twin(value: &[u8], windows: bool) -> Vec<u8> {
    let mut text = latin(value).to_ascii_lowercase();
    if windows {
        text = text.replace("^\r\n", "").replace("^\n", "");
    }
    text.retain(|c| !(if windows { "\"'^`" } else { "\"'\\" }).contains(c));
    while text.contains("\\\\") {
        text = text.replace("\\\\", "\\");
    }
    let text: String = text.chars().map(|c| if "\t\n\u{b}\u{c}\r".contains(c) { ' ' } else { c }).collect();
    bytes(squeezed(&text).trim_matches(' '))
}

fn base64_twin(value: &[u8], forgiving: bool) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = latin(value);
    let digits: String = if forgiving {
        value.chars().filter(|c| DIGITS.contains(*c)).collect()
    } else {
        value.chars().take_while(|c| DIGITS.contains(*c)).collect()
    };
    let bits: String = digits.chars().map(|c| format!("{:06b}", DIGITS.find(c).unwrap())).collect();
    bits.as_bytes().chunks_exact(8).map(|byte| code(byte, 2) as u8).collect()
}

/// UTF-8 by the table of RFC 3629, with ModSecurity's treatment of what is none.
fn unicode_step(value: &[u8], whole: bool) -> Step {
    let first = value[0];
    let bits = format!("{first:08b}");
    let length = [("110", 2), ("1110", 3), ("11110", 4)].iter().find(|(head, _)| bits.starts_with(head)).map_or(1, |(_, n)| *n);
    if length == 1 {
        return (if first == 0 && whole { vec![] } else { vec![first] }, 1);
    }
    let mut out = if *bits >= *"11110101" { vec![first] } else { vec![] };
    if value.len() < length || !value[1..length].iter().all(|b| format!("{b:08b}").starts_with("10")) {
        return (out, 1);
    }
    let code: String =
        bits[length + 1..].to_owned() + &value[1..length].iter().map(|b| format!("{b:08b}")[2..].to_owned()).collect::<String>();
    let number = u32::from_str_radix(&code, 2).unwrap();
    out.extend(format!("%u{number:04x}").bytes());
    let overlong = number < [0, 0, 0x80, 0x800, 0x10000][length];
    out.extend(std::iter::repeat_n(first, usize::from(overlong) + usize::from((0xd800..0xe000).contains(&number))));
    (out, length)
}

/// What a transformation makes of a value; `None` where its meaning is that of another crate.
pub fn twin(transformation: T, value: &[u8]) -> Option<Vec<u8>> {
    let space = |c: char| " \t\n\u{b}\u{c}\r".contains(c);
    Some(match transformation {
        T::None => value.to_vec(),
        T::UrlDecode => stepped(value, |rest| url_step(rest, false)),
        T::UrlDecodeUni => stepped(value, |rest| url_step(rest, true)),
        T::JsDecode => stepped(value, |rest| js_step(rest, false)),
        T::JsDecodeExt => stepped(value, |rest| js_step(rest, true)),
        T::EscapeSeqDecode(dialect) => stepped(value, |rest| sequence_step(rest, dialect)),
        T::CssDecode => stepped(value, css_step),
        T::HtmlEntityDecode(dialect) => stepped(value, |rest| html_step(rest, dialect)),
        T::SqlHexDecode => stepped(value, sql_hex_step),
        T::ReplaceComments => stepped(value, comment_step),
        T::RemoveCommentsChar => stepped(value, comment_char_step),
        T::NormalizePath => path_twin(value, false),
        T::NormalizePathWin => path_twin(value, true),
        T::CmdLine => cmd_twin(value),
        T::CmdLineUnix => shell_twin(value, false),
        T::CmdLineWin => shell_twin(value, true),
        T::Lowercase => bytes(&latin(value).to_ascii_lowercase()),
        T::Uppercase => bytes(&latin(value).to_ascii_uppercase()),
        T::RemoveNulls => bytes(&latin(value).replace('\0', "")),
        T::ReplaceNulls => bytes(&latin(value).replace('\0', " ")),
        T::RemoveWhitespace => bytes(&latin(value).replace(|c| space(c) || c == '\u{a0}' || c == '\u{c2}', "")),
        T::CompressWhiteSpace(dialect) => {
            bytes(&squeezed(&latin(value).replace(|c| space(c) || c == '\u{a0}' && dialect == Dialect::Aws, " ")))
        }
        T::Trim => bytes(latin(value).trim_matches(space)),
        T::TrimLeft => bytes(latin(value).trim_start_matches(space)),
        T::TrimRight => bytes(latin(value).trim_end_matches(space)),
        T::Base64Decode => base64_twin(value, false),
        T::Base64DecodeExt => base64_twin(value, true),
        T::HexEncode => value.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(),
        T::HexDecode if value.iter().all(u8::is_ascii_hexdigit) => value.chunks_exact(2).map(|pair| code(pair, 16) as u8).collect(),
        T::Utf8ToUnicode => {
            let mut out = Vec::new();
            let mut at = 0;
            while at < value.len() {
                let (bytes, taken) = unicode_step(&value[at..], at + 1 < value.len());
                out.extend(bytes);
                at += taken;
            }
            out
        }
        T::Length => format!("{}", value.len()).into_bytes(),
        // Digests and standard Base64 come from their own crates; a wrong hexadecimal digit has no obvious meaning.
        T::Base64Encode | T::Md5 | T::Sha1 | T::Sha256 | T::HexDecode => return None,
    })
}

/// Every transformation in every dialect.
pub fn every() -> Vec<T> {
    let mut all: Vec<T> = T::all_of_aws().collect();
    all.extend([T::CompressWhiteSpace(Dialect::ModSecurity), T::HtmlEntityDecode(Dialect::ModSecurity)]);
    all.extend([T::EscapeSeqDecode(Dialect::ModSecurity), T::HexEncode, T::Length, T::Sha1, T::Base64Encode]);
    all
}
