//! The engine against a rule-by-rule interpreter of the same rules, on requests made of their own pieces; and the reader
//! on broken rules.

use super::super::{EngineMode, Facts, Files, Program, Request, Transaction, load};
use super::program;
use proptest::prelude::*;

const RULES: &str = r#"
    SecRule ARGS|ARGS_NAMES|REQUEST_COOKIES|REQUEST_HEADERS "@rx (?i)union[\s\x0b]+(?:all[\s\x0b]+)?select" "id:1,pass,capture,t:none,t:urlDecodeUni,t:removeNulls,t:replaceComments,setvar:tx.s=+5,logdata:'%{TX.0}'"
    SecRule ARGS|REQUEST_FILENAME "@rx (?:\.\.[/\\]|%2e)" "id:2,pass,t:none,t:urlDecodeUni,setvar:tx.s=+5"
    SecRule ARGS "@pm <script javascript: onload= eval(" "id:3,pass,t:none,t:lowercase,t:htmlEntityDecode,setvar:tx.s=+3,capture"
    SecRule ARGS "!@rx ^[\w\s%<>()=';:/.+&-]*$" "id:4,pass,setvar:tx.s=+1"
    SecRule ARGS "@rx [;|`]\s*(?:cat|ls|id)\b" "id:5,pass,chain"
        SecRule MATCHED_VARS "@rx (?:etc|passwd)" "t:none,t:lowercase,setvar:tx.c=+1"
    SecRule ARGS_NAMES|ARGS "@rx ^(?:a|bb?|c{3})$" "id:6,pass,multiMatch,t:none,t:urlDecode,t:lowercase"
    SecRule &ARGS "@gt 2" "id:7,pass"
    SecRule ARGS|!ARGS:x "@detectSQLi" "id:8,pass,t:none,t:urlDecodeUni,capture"
    SecRule ARGS "@detectXSS" "id:9,pass,t:none,t:urlDecodeUni,t:htmlEntityDecode"
    SecRule ARGS "@rx (\w+)\s*=\s*\1(?!\w)" "id:10,pass,t:none,t:lowercase"
    SecRule TX:s "@ge 5" "id:11,pass,logdata:'%{tx.s}'"
    SecRule ARGS:x "@rx \d" "id:12,pass,ctl:ruleRemoveTargetById=13;ARGS:x"
    SecRule ARGS "@rx \d{2}" "id:13,pass"
    SecRule REQUEST_HEADERS:User-Agent "@pm sqlmap nikto ZmEu" "id:14,pass"
"#;

fn piece() -> impl Strategy<Value = String> {
    let words = [
        "union",
        "SELECT",
        " ",
        "%20",
        "/**/",
        "all",
        "../",
        "..%2f",
        "<script",
        "&lt;script",
        "onload=",
        "eval(",
        ";",
        "|",
        "cat",
        " /etc/passwd",
        "a",
        "bb",
        "ccc",
        "1=1",
        "' or '1'='1",
        "--",
        "%00",
        "10",
        "x",
        "abc=abc",
        "\\",
        "%c0%af",
        "é",
        "'",
        "\"><img src=x onerror=alert(1)>",
        "%27",
    ];
    prop_oneof![9 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => "[ -~]{0,6}"]
}

fn query() -> impl Strategy<Value = String> {
    let name = prop_oneof![Just("x".to_owned()), "[a-c]{1,3}", piece()];
    let pair = (name, prop::collection::vec(piece(), 0..5))
        .prop_map(|(name, value)| format!("{name}={}", value.concat().replace(['&', '#'], "%26")));
    prop::collection::vec(pair, 0..5).prop_map(|pairs| pairs.join("&"))
}

proptest! {
    #[test]
    fn fast_and_naive_agree(query in query(), agent in prop::collection::vec(piece(), 0..3), body in query()) {
        let program = program(RULES).in_mode(EngineMode::DetectionOnly);
        let uri = format!("/p?{query}");
        let agent = agent.concat();
        let headers: &[(&[u8], &[u8])] = &[(b"User-Agent", agent.as_bytes()), (b"Content-Type", b"application/x-www-form-urlencoded"), (b"Cookie", body.as_bytes())];
        let request = Request { method: b"POST", uri: uri.as_bytes(), version: b"HTTP/1.1", headers, body: body.as_bytes() };
        let judge = |mut transaction: Transaction<'_>| {
            transaction.request(&request);
            let outcome = transaction.finish().0;
            let told: Vec<_> = outcome.matched.iter().map(|matched| (matched.id, matched.data.clone(), matched.at.clone())).collect();
            (outcome.hits, told)
        };
        prop_assert_eq!(judge(Transaction::new(&program, Facts::default())), judge(Transaction::new(&program, Facts::default()).naive()));
    }

    #[test]
    fn the_reader_takes_any_bytes(cut in 0usize..2000, length in 0usize..40, put in prop::collection::vec(any::<u8>(), 0..12)) {
        let mut bytes = RULES.as_bytes().to_vec();
        let cut = cut.min(bytes.len());
        let end = (cut + length).min(bytes.len());
        bytes.splice(cut..end, put);
        let mut files = Files::default();
        files.insert("a.conf", bytes);
        if let Ok(set) = load(&files, &["a.conf"]) {
            let program = Program::new(&set);
            let mut transaction = Transaction::new(&program, Facts::default());
            transaction.request(&Request { method: b"GET", uri: b"/?a=1%20union%20select", version: b"HTTP/1.1", ..Request::default() });
        }
    }

    #[test]
    fn bodies_of_any_bytes(kind in prop::sample::select(vec!["application/json", "text/xml", "multipart/form-data; boundary=b"]), body in prop::collection::vec(prop_oneof![prop::sample::select(b"{}[]\",:\\u0<>!-=/&;b\r\n ".to_vec()), any::<u8>()], 0..120)) {
        let program = program("SecRuleEngine DetectionOnly\n");
        let headers: &[(&[u8], &[u8])] = &[(b"Content-Type", kind.as_bytes())];
        let mut transaction = Transaction::new(&program, Facts::default());
        transaction.request(&Request { method: b"POST", uri: b"/", version: b"HTTP/1.1", headers, body: &body });
    }
}
