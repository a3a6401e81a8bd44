//! Transformations: what AWS WAF's `TextTransformations` and SecLang's `t:` do to a value before it is inspected.
//!
//! One library for both. Where AWS's documentation ("Text transformation options") and ModSecurity's behaviour differ,
//! the transformation carries a [`Dialect`]. It never fails: what is no valid encoding stays as each function says.

mod bytes;
mod code;
mod escape;
mod html;
mod path;
#[cfg(test)]
mod tests;
mod text;
#[cfg(test)]
mod twin;
mod url;

use crate::bytes::ByteSet;
pub use bytes::{hex, is_space};
use std::borrow::Cow;

/// Whose reading of a transformation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// AWS WAF's documentation.
    Aws,
    /// ModSecurity 3's behaviour.
    ModSecurity,
}

/// One transformation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transformation {
    /// `NONE`, `t:none`: the value as it came.
    None,
    /// `COMPRESS_WHITE_SPACE`, `t:compressWhitespace`.
    CompressWhiteSpace(Dialect),
    /// `HTML_ENTITY_DECODE`, `t:htmlEntityDecode`.
    HtmlEntityDecode(Dialect),
    /// `LOWERCASE`, `t:lowercase`.
    Lowercase,
    /// `UPPERCASE`, `t:uppercase`.
    Uppercase,
    /// `CMD_LINE`, `t:cmdLine`.
    CmdLine,
    /// `CMD_LINE_UNIX`.
    CmdLineUnix,
    /// `CMD_LINE_WIN`.
    CmdLineWin,
    /// `URL_DECODE`, `t:urlDecode`.
    UrlDecode,
    /// `URL_DECODE_UNI`, `t:urlDecodeUni`.
    UrlDecodeUni,
    /// `BASE64_DECODE`, `t:base64Decode`.
    Base64Decode,
    /// `BASE64_DECODE_EXT`, `t:base64DecodeExt`.
    Base64DecodeExt,
    /// `t:base64Encode`.
    Base64Encode,
    /// `HEX_DECODE`, `t:hexDecode`.
    HexDecode,
    /// `t:hexEncode`.
    HexEncode,
    /// `MD5`, `t:md5`: raw bytes.
    Md5,
    /// `t:sha1`: raw bytes.
    Sha1,
    /// `SHA256`: raw bytes.
    Sha256,
    /// `REPLACE_COMMENTS`, `t:replaceComments`.
    ReplaceComments,
    /// `REMOVE_COMMENTS_CHAR`, `t:removeCommentsChar`.
    RemoveCommentsChar,
    /// `ESCAPE_SEQ_DECODE`, `t:escapeSeqDecode`.
    EscapeSeqDecode(Dialect),
    /// `SQL_HEX_DECODE`, `t:sqlHexDecode`.
    SqlHexDecode,
    /// `CSS_DECODE`, `t:cssDecode`.
    CssDecode,
    /// `JS_DECODE`, `t:jsDecode`.
    JsDecode,
    /// `JS_DECODE_EXT`.
    JsDecodeExt,
    /// `NORMALIZE_PATH`, `t:normalizePath`.
    NormalizePath,
    /// `NORMALIZE_PATH_WIN`, `t:normalizePathWin`.
    NormalizePathWin,
    /// `REMOVE_NULLS`, `t:removeNulls`.
    RemoveNulls,
    /// `REPLACE_NULLS`, `t:replaceNulls`.
    ReplaceNulls,
    /// `UTF8_TO_UNICODE`, `t:utf8toUnicode`.
    Utf8ToUnicode,
    /// `REMOVE_WHITESPACE`, `t:removeWhitespace`.
    RemoveWhitespace,
    /// `TRIM`, `t:trim`.
    Trim,
    /// `TRIM_LEFT`, `t:trimLeft`.
    TrimLeft,
    /// `TRIM_RIGHT`, `t:trimRight`.
    TrimRight,
    /// `t:length`: the number of bytes as text.
    Length,
}

use Transformation as T;

/// AWS's names, in the order of the service model's `TextTransformationType`.
const AWS: [(&str, Transformation); 31] = [
    ("NONE", T::None),
    ("COMPRESS_WHITE_SPACE", T::CompressWhiteSpace(Dialect::Aws)),
    ("HTML_ENTITY_DECODE", T::HtmlEntityDecode(Dialect::Aws)),
    ("LOWERCASE", T::Lowercase),
    ("CMD_LINE", T::CmdLine),
    ("URL_DECODE", T::UrlDecode),
    ("BASE64_DECODE", T::Base64Decode),
    ("HEX_DECODE", T::HexDecode),
    ("MD5", T::Md5),
    ("REPLACE_COMMENTS", T::ReplaceComments),
    ("ESCAPE_SEQ_DECODE", T::EscapeSeqDecode(Dialect::Aws)),
    ("SQL_HEX_DECODE", T::SqlHexDecode),
    ("CSS_DECODE", T::CssDecode),
    ("JS_DECODE", T::JsDecode),
    ("NORMALIZE_PATH", T::NormalizePath),
    ("NORMALIZE_PATH_WIN", T::NormalizePathWin),
    ("REMOVE_NULLS", T::RemoveNulls),
    ("REPLACE_NULLS", T::ReplaceNulls),
    ("BASE64_DECODE_EXT", T::Base64DecodeExt),
    ("URL_DECODE_UNI", T::UrlDecodeUni),
    ("UTF8_TO_UNICODE", T::Utf8ToUnicode),
    ("REMOVE_WHITESPACE", T::RemoveWhitespace),
    ("TRIM", T::Trim),
    ("TRIM_LEFT", T::TrimLeft),
    ("TRIM_RIGHT", T::TrimRight),
    ("REMOVE_COMMENTS_CHAR", T::RemoveCommentsChar),
    ("UPPERCASE", T::Uppercase),
    ("CMD_LINE_WIN", T::CmdLineWin),
    ("CMD_LINE_UNIX", T::CmdLineUnix),
    ("JS_DECODE_EXT", T::JsDecodeExt),
    ("SHA256", T::Sha256),
];

/// SecLang's names, in small letters; both spellings of `normalize` are in use.
const SECLANG: &[(&str, Transformation)] = &[
    ("none", T::None),
    ("compresswhitespace", T::CompressWhiteSpace(Dialect::ModSecurity)),
    ("htmlentitydecode", T::HtmlEntityDecode(Dialect::ModSecurity)),
    ("lowercase", T::Lowercase),
    ("uppercase", T::Uppercase),
    ("cmdline", T::CmdLine),
    ("urldecode", T::UrlDecode),
    ("urldecodeuni", T::UrlDecodeUni),
    ("base64decode", T::Base64Decode),
    ("base64decodeext", T::Base64DecodeExt),
    ("base64encode", T::Base64Encode),
    ("hexdecode", T::HexDecode),
    ("hexencode", T::HexEncode),
    ("md5", T::Md5),
    ("sha1", T::Sha1),
    ("replacecomments", T::ReplaceComments),
    ("removecommentschar", T::RemoveCommentsChar),
    ("escapeseqdecode", T::EscapeSeqDecode(Dialect::ModSecurity)),
    ("sqlhexdecode", T::SqlHexDecode),
    ("cssdecode", T::CssDecode),
    ("jsdecode", T::JsDecode),
    ("normalizepath", T::NormalizePath),
    ("normalisepath", T::NormalizePath),
    ("normalizepathwin", T::NormalizePathWin),
    ("normalisepathwin", T::NormalizePathWin),
    ("removenulls", T::RemoveNulls),
    ("replacenulls", T::ReplaceNulls),
    ("utf8tounicode", T::Utf8ToUnicode),
    ("removewhitespace", T::RemoveWhitespace),
    ("trim", T::Trim),
    ("trimleft", T::TrimLeft),
    ("trimright", T::TrimRight),
    ("length", T::Length),
];

impl Transformation {
    /// By AWS's name (`URL_DECODE`); `None` for a name AWS does not have.
    pub fn from_aws(name: &str) -> Option<Self> {
        AWS.iter().find(|(known, _)| *known == name).map(|(_, transformation)| *transformation)
    }

    /// By SecLang's name (`urlDecodeUni`, any case); `None` for one that is not implemented.
    pub fn from_seclang(name: &str) -> Option<Self> {
        SECLANG.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, transformation)| *transformation)
    }

    /// AWS's name, for those AWS has.
    pub fn aws_name(self) -> Option<&'static str> {
        AWS.iter().find(|(_, known)| *known == self).map(|(name, _)| *name)
    }

    /// All that AWS has.
    pub fn all_of_aws() -> impl Iterator<Item = Self> {
        AWS.iter().map(|(_, transformation)| *transformation)
    }

    /// Whether AWS's own description of it was at hand. The text for three of the newer ones was not; they follow what
    /// others wrote down of it, and a verdict that rests on one is inferred.
    pub fn is_documented(self) -> bool {
        !matches!(self, T::CmdLineUnix | T::CmdLineWin | T::JsDecodeExt)
    }

    /// The value, transformed. Borrowed when nothing changes (and for the trims, which only narrow).
    pub fn apply(self, value: &[u8]) -> Cow<'_, [u8]> {
        match self {
            T::None => Cow::Borrowed(value),
            T::CompressWhiteSpace(dialect) => text::compress_whitespace(value, dialect),
            T::HtmlEntityDecode(dialect) => html::decode(value, dialect),
            T::Lowercase => text::lowercase(value),
            T::Uppercase => text::uppercase(value),
            T::CmdLine => text::cmd_line(value),
            T::CmdLineUnix => text::cmd_line_of(value, text::Shell::Unix),
            T::CmdLineWin => text::cmd_line_of(value, text::Shell::Windows),
            T::UrlDecode => url::decode(value),
            T::UrlDecodeUni => url::decode_uni(value),
            T::Base64Decode => new_or_same(value, code::base64(value)),
            T::Base64DecodeExt => new_or_same(value, code::base64_ext(value)),
            T::Base64Encode => new_or_same(value, code::base64_encode(value)),
            T::HexDecode => new_or_same(value, code::hex_decode(value)),
            T::HexEncode => new_or_same(value, code::hex_encode(value)),
            T::Md5 => new_or_same(value, code::md5(value)),
            T::Sha1 => new_or_same(value, code::sha1(value)),
            T::Sha256 => new_or_same(value, code::sha256(value)),
            T::ReplaceComments => text::replace_comments(value),
            T::RemoveCommentsChar => text::remove_comments_char(value),
            T::EscapeSeqDecode(dialect) => escape::sequences(value, dialect),
            T::SqlHexDecode => code::sql_hex(value),
            T::CssDecode => escape::css(value),
            T::JsDecode => escape::js(value),
            T::JsDecodeExt => escape::js_ext(value),
            T::NormalizePath => path::normalize(value, false),
            T::NormalizePathWin => path::normalize(value, true),
            T::RemoveNulls => text::remove_nulls(value),
            T::ReplaceNulls => text::replace_nulls(value),
            T::Utf8ToUnicode => url::utf8_to_unicode(value),
            T::RemoveWhitespace => text::remove_whitespace(value),
            T::Trim => Cow::Borrowed(text::trim_left(text::trim_right(value))),
            T::TrimLeft => Cow::Borrowed(text::trim_left(value)),
            T::TrimRight => Cow::Borrowed(text::trim_right(value)),
            T::Length => new_or_same(value, code::length(value)),
        }
    }

    /// The bytes of which at least one must occur for the transformation to change a value; `None` when it may change any.
    pub fn triggers(self) -> Option<ByteSet> {
        const SPACE: ByteSet = ByteSet::of(b" \t\n\x0b\x0c\r");
        const UPPER: ByteSet = ByteSet::range(b'A', b'Z');
        const BACKSLASH: ByteSet = ByteSet::of(b"\\");
        Some(match self {
            T::None => ByteSet::EMPTY,
            T::CompressWhiteSpace(Dialect::Aws) => SPACE.union(&ByteSet::of(b"\xa0")),
            T::CompressWhiteSpace(Dialect::ModSecurity) | T::Trim | T::TrimLeft | T::TrimRight => SPACE,
            T::HtmlEntityDecode(_) => ByteSet::of(b"&"),
            T::Lowercase => UPPER,
            T::Uppercase => ByteSet::range(b'a', b'z'),
            T::CmdLine => UPPER.union(&ByteSet::of(b"\"'\\^ ,;\t\r\n")),
            T::CmdLineUnix => UPPER.union(&SPACE).union(&ByteSet::of(b"\"'\\")),
            T::CmdLineWin => UPPER.union(&SPACE).union(&ByteSet::of(b"\"'\\^`")),
            T::UrlDecode | T::UrlDecodeUni => ByteSet::of(b"%+"),
            T::ReplaceComments => ByteSet::of(b"*"),
            T::RemoveCommentsChar => ByteSet::of(b"*-#"),
            T::EscapeSeqDecode(_) | T::CssDecode | T::JsDecode | T::JsDecodeExt => BACKSLASH,
            T::SqlHexDecode => ByteSet::of(b"xX"),
            T::NormalizePath => ByteSet::of(b"/."),
            T::NormalizePathWin => ByteSet::of(b"/.\\"),
            T::RemoveNulls | T::ReplaceNulls => ByteSet::of(b"\0"),
            T::Utf8ToUnicode => ByteSet::range(0x80, 0xff).union(&ByteSet::of(b"\0")),
            T::RemoveWhitespace => text::WHITESPACE,
            T::Base64Decode
            | T::Base64DecodeExt
            | T::Base64Encode
            | T::HexDecode
            | T::HexEncode
            | T::Md5
            | T::Sha1
            | T::Sha256
            | T::Length => return None,
        })
    }
}

fn new_or_same(value: &[u8], new: Vec<u8>) -> Cow<'_, [u8]> {
    if new == value { Cow::Borrowed(value) } else { Cow::Owned(new) }
}

/// Applies transformations one after the other.
pub fn apply_all<'a>(chain: &[Transformation], value: &'a [u8]) -> Cow<'a, [u8]> {
    let mut current = Cow::Borrowed(value);
    for transformation in chain {
        current = match current {
            Cow::Borrowed(value) => transformation.apply(value),
            Cow::Owned(value) => {
                let next = match transformation.apply(&value) {
                    Cow::Borrowed(same) if same.len() == value.len() => None,
                    next => Some(next.into_owned()),
                };
                Cow::Owned(next.unwrap_or(value))
            }
        };
    }
    current
}
