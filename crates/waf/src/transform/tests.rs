//! AWS's documented examples, and every transformation against a slow twin that takes a value apart by its beginning.

#![allow(clippy::unwrap_used)]

use super::{Dialect, Transformation as T, apply_all};
use proptest::prelude::*;
use std::borrow::Cow;

fn text(transformation: T, value: &str) -> String {
    String::from_utf8_lossy(&transformation.apply(value.as_bytes())).into_owned()
}

/// "Text transformation options" of the developer guide: each sentence with an example or a list.
#[test]
fn documented_examples() {
    let aws = |name: &str, value: &str| text(T::from_aws(name).unwrap(), value);
    assert_eq!(aws("NONE", "As %20It\tis"), "As %20It\tis");
    assert_eq!(aws("BASE64_DECODE", "VW5pY29ybg=="), "Unicorn");
    assert_eq!(aws("BASE64_DECODE_EXT", "VW5p.Y29y~bg=="), "Unicorn");
    assert_eq!(aws("CMD_LINE", "c\"a't \\/ETC^/pass,;wd  (x)"), "cat/etc/pass wd(x)");
    assert_eq!(aws("COMPRESS_WHITE_SPACE", "a\u{c}\t\n\r\u{b} b  c"), "a b c");
    assert_eq!(*T::from_aws("COMPRESS_WHITE_SPACE").unwrap().apply(b"a\xa0\xa0b"), *b"a b");
    assert_eq!(aws("CSS_DECODE", r"ja\vascript"), "javascript");
    assert_eq!(aws("CSS_DECODE", r"\61lert"), "alert");
    assert_eq!(aws("ESCAPE_SEQ_DECODE", r#"\a\b\f\n\r\t\v\\\?\'\"\x41\0101"#), "\u{7}\u{8}\u{c}\n\r\t\u{b}\\?'\"A\u{8}1");
    assert_eq!(aws("ESCAPE_SEQ_DECODE", r"\z\xzz"), r"\z\xzz", "encodings that are not valid remain");
    assert_eq!(aws("HEX_DECODE", "554e49"), "UNI");
    assert_eq!(aws("HTML_ENTITY_DECODE", "&quot;&lt;&gt;&#x41;&#65;&QuOt;&NewLine;&lpar;&amp;&nope;"), "\"<>AA\"\n(&&nope;");
    assert_eq!(*T::from_aws("HTML_ENTITY_DECODE").unwrap().apply(b"&nbsp;&NonBreakingSpace;"), [160, 160]);
    assert_eq!(aws("JS_DECODE", r"\uff1cscript\u003e\x41"), "<script>A");
    assert_eq!(aws("LOWERCASE", "DROP"), "drop");
    assert_eq!(aws("UPPERCASE", "drop"), "DROP");
    assert_eq!(T::Md5.apply(b"").len(), 16);
    assert_eq!(T::Md5.apply(b"")[..4], [0xd4, 0x1d, 0x8c, 0xd9]);
    assert_eq!(T::Sha256.apply(b"")[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    assert_eq!(aws("NORMALIZE_PATH", "/a//b/./c/../d"), "/a/b/d");
    assert_eq!(aws("NORMALIZE_PATH", "../a/../b"), "../b", "back-references at the beginning stay");
    assert_eq!(aws("NORMALIZE_PATH_WIN", r"\a\..\b"), "/b");
    assert_eq!(aws("REMOVE_NULLS", "a\0b"), "ab");
    assert_eq!(aws("REPLACE_NULLS", "a\0b"), "a b");
    assert_eq!(aws("REPLACE_COMMENTS", "a/*x*//*y*/b"), "a  b", "consecutive ones are not compressed");
    assert_eq!(aws("REPLACE_COMMENTS", "a/*x"), "a ");
    assert_eq!(aws("REPLACE_COMMENTS", "a*/b"), "a*/b");
    assert_eq!(aws("SQL_HEX_DECODE", "0x414243"), "ABC");
    assert_eq!(aws("URL_DECODE", "%53ELECT+1"), "SELECT 1");
    assert_eq!(aws("URL_DECODE_UNI", "%uff1c%u0053%53"), "<SS");
    assert_eq!(aws("UTF8_TO_UNICODE", "é"), "%u00e9");
    assert_eq!(aws("TRIM", " a b\t"), "a b");
    assert_eq!(aws("TRIM_LEFT", " a b\t"), "a b\t");
    assert_eq!(aws("TRIM_RIGHT", " a b\t"), " a b");
    assert_eq!(aws("REMOVE_WHITESPACE", " a b\t"), "ab");
    assert_eq!(aws("REMOVE_COMMENTS_CHAR", "a/*b*/c--d#e<!--f-->"), "abcdef");
    assert_eq!(aws("CMD_LINE_UNIX", " c\\a\"t\t /ETC "), "cat /etc");
    assert_eq!(aws("CMD_LINE_WIN", "C:\\\\Windows ^\r\nd^ir"), "c:\\windows dir");
    assert_eq!(aws("JS_DECODE_EXT", r"\u0041\default\/\'"), r"A\default/'");
}

#[test]
fn names() {
    assert_eq!(T::all_of_aws().count(), 31);
    for transformation in T::all_of_aws() {
        assert_eq!(T::from_aws(transformation.aws_name().unwrap()), Some(transformation));
    }
    assert_eq!(T::from_seclang("urlDecodeUni"), Some(T::UrlDecodeUni));
    assert_eq!(T::from_seclang("parityEven7bit"), None);
    assert_eq!(T::from_aws("URL_DECODE_TWICE"), None);
}

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
fn latin(value: &[u8]) -> String {
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

fn twin(transformation: T, value: &[u8]) -> Option<Vec<u8>> {
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

fn every() -> Vec<T> {
    let mut all: Vec<T> = T::all_of_aws().collect();
    all.extend([T::CompressWhiteSpace(Dialect::ModSecurity), T::HtmlEntityDecode(Dialect::ModSecurity)]);
    all.extend([T::EscapeSeqDecode(Dialect::ModSecurity), T::HexEncode, T::Length, T::Sha1, T::Base64Encode]);
    all
}

/// Values rich in what the transformations look for.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        4 => prop::sample::select(b"%+\\/.*-#<!>&;xXuU0123fFaAn'\"^, \t\n\r\x0b\x0c\xa0\xc2\0(`=".to_vec()).prop_map(|byte| vec![byte]),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
        2 => prop::sample::select(vec![
            "%41", "%u0041", "%uff1c", "\\u0041", "\\uff1c", "\\x41", "\\101", "\\777", "&lt;", "&#x41;", "&#65", "&nbsp", "&tab;", "&ltx",
            "/*", "*/", "--", "-->", "<!--", "../", "./", "//", "0x41", "é", "日", "𝄞", "\\ff1c ", "\\0000ff1c", "QUJD", "^\r\n", "\\\\"
        ]).prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_transformation_equals_its_twin(value in value()) {
        for transformation in every() {
            if let Some(expected) = twin(transformation, &value) {
                prop_assert_eq!(&*transformation.apply(&value), &*expected, "{:?} of {:?}", transformation, latin(&value));
            }
        }
    }

    #[test]
    fn what_does_not_change_is_borrowed(value in value()) {
        let summary = super::ByteSet::summary(&value);
        for transformation in every() {
            let out = transformation.apply(&value);
            prop_assert!(*out != *value || matches!(out, Cow::Borrowed(_)), "{:?} copies what it does not change", transformation);
            prop_assert!(!transformation.leaves_alone(summary) || *out == *value, "{:?} is no no-op on {:?}", transformation, latin(&value));
        }
    }

    #[test]
    fn a_chain_is_its_parts(value in value(), chain in prop::collection::vec(prop::sample::select(every()), 0..5)) {
        let slow = chain.iter().fold(value.clone(), |value, transformation| transformation.apply(&value).into_owned());
        prop_assert_eq!(&*apply_all(&chain, &value), &*slow);
    }
}
