//! `htmlEntityDecode`: `&#xH;`, `&#D;` and named entities, with or without the semicolon.

use super::Dialect;
use super::bytes::{hex, rewrite};
use std::borrow::Cow;

/// AWS's table ("Text transformation options", `HTML_ENTITY_DECODE`): names in small letters, compared without regard to
/// case. The page prints `\` beside `&apos;`; HTML's `'` is taken, the backslash being the page's own escape.
const AWS: &[(&str, u8)] = &[
    ("quot", b'"'),
    ("amp", b'&'),
    ("lt", b'<'),
    ("gt", b'>'),
    ("nbsp", 160),
    ("nonbreakingspace", 160),
    ("newline", b'\n'),
    ("tab", b'\t'),
    ("lcub", b'{'),
    ("lbrace", b'{'),
    ("verbar", b'|'),
    ("vert", b'|'),
    ("verticalline", b'|'),
    ("rcub", b'}'),
    ("rbrace", b'}'),
    ("excl", b'!'),
    ("num", b'#'),
    ("dollar", b'$'),
    ("percent", b'%'),
    ("percnt", b'%'),
    ("apos", b'\''),
    ("lpar", b'('),
    ("rpar", b')'),
    ("ast", b'*'),
    ("midast", b'*'),
    ("plus", b'+'),
    ("comma", b','),
    ("period", b'.'),
    ("sol", b'/'),
    ("colon", b':'),
    ("semi", b';'),
    ("equals", b'='),
    ("quest", b'?'),
    ("tilde", b'~'),
    ("diacriticaltilde", b'~'),
    ("minus", b'-'),
    ("lsqb", b'['),
    ("lbrack", b'['),
    ("bsol", b'\\'),
    ("rsqb", b']'),
    ("rbrack", b']'),
    ("hat", b'^'),
    ("lowbar", b'_'),
    ("underbar", b'_'),
    ("grave", b'`'),
    ("diacriticalgrave", b'`'),
];

/// ModSecurity's names. It compares only as many letters as the name has, and takes the whole run of letters and digits:
/// `&ltscript` is `<`.
const MODSECURITY: &[(&str, u8)] = &[("quot", b'"'), ("amp", b'&'), ("lt", b'<'), ("gt", b'>'), ("nbsp", 160)];

/// Decodes entities. Numbers above 255 keep their lower byte.
pub fn decode(value: &[u8], dialect: Dialect) -> Cow<'_, [u8]> {
    rewrite(
        value,
        |rest| memchr::memchr(b'&', rest),
        |rest| {
            let (end, byte) = match rest {
                [_, b'#', b'x' | b'X', ..] => number(rest, 3, 16)?,
                [_, b'#', ..] => number(rest, 2, 10)?,
                _ => named(rest, dialect)?,
            };
            let semicolon = rest.get(end) == Some(&b';');
            Some((end + usize::from(semicolon), Some(byte)))
        },
    )
}

fn number(rest: &[u8], from: usize, radix: u32) -> Option<(usize, u8)> {
    let digit = |byte: &u8| hex(*byte).filter(|value| u32::from(*value) < radix);
    let digits = rest[from..].iter().map_while(digit);
    let (count, code) = digits.fold((0, 0_u32), |(count, code), digit| (count + 1, code.wrapping_mul(radix).wrapping_add(digit.into())));
    (count > 0).then_some((from + count, code as u8))
}

fn named(rest: &[u8], dialect: Dialect) -> Option<(usize, u8)> {
    let length = rest[1..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = &rest[1..1 + length];
    let found = match dialect {
        Dialect::Aws => AWS.iter().find(|(entity, _)| entity.as_bytes().eq_ignore_ascii_case(name)),
        Dialect::ModSecurity => {
            let begins = |entity: &str| name.get(..entity.len()).is_some_and(|head| head.eq_ignore_ascii_case(entity.as_bytes()));
            MODSECURITY.iter().find(|(entity, _)| begins(entity))
        }
    };
    found.map(|(_, byte)| (1 + length, *byte))
}
