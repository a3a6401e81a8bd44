//! AWS's documented examples, and every transformation against its slow twin.

#![allow(clippy::unwrap_used)]

use super::twin::{every, latin, twin};
use super::{Transformation as T, apply_all};
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
        let there = crate::bytes::ByteSet::of(&value);
        for transformation in every() {
            let out = transformation.apply(&value);
            prop_assert!(*out != *value || matches!(out, Cow::Borrowed(_)), "{:?} copies what it does not change", transformation);
            let awake = transformation.triggers().is_none_or(|triggers| triggers.meets(&there));
            prop_assert!(awake || *out == *value, "{:?} is no no-op on {:?}", transformation, latin(&value));
        }
    }

    #[test]
    fn a_chain_is_its_parts(value in value(), chain in prop::collection::vec(prop::sample::select(every()), 0..5)) {
        let slow = chain.iter().fold(value.clone(), |value, transformation| transformation.apply(&value).into_owned());
        prop_assert_eq!(&*apply_all(&chain, &value), &*slow);
    }
}
