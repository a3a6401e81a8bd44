//! Request bodies.

use super::{ids, judge, program};

const RULES: &str = r#"
    SecRule ARGS_NAMES "@streq json.a.b.0" "id:1,pass"
    SecRule ARGS "@streq evil é/" "id:2,pass"
    SecRule XML:/* "@streq evil & co" "id:3,pass"
    SecRule XML://@* "@streq at<tr" "id:4,pass"
    SecRule FILES "@streq a.php" "id:5,pass"
    SecRule FILES_NAMES "@streq upload" "id:6,pass"
    SecRule FILES_COMBINED_SIZE "@eq 7" "id:7,pass"
    SecRule MULTIPART_PART_HEADERS:upload "@rx ^Content-Type: text/x" "id:8,pass"
    SecRule ARGS_POST:field "@streq value" "id:9,pass"
    SecRule FILES_TMP_CONTENT "@contains <?php" "id:10,pass"
    SecRule REQUEST_BODY "@rx ." "id:11,pass"
"#;

fn post(kind: &str, body: &str) -> Vec<u32> {
    let program = program(&format!("SecRuleEngine DetectionOnly\n{RULES}"));
    ids(&judge(&program, "POST", "/", &[("Content-Type", kind)], body.as_bytes()))
}

#[test]
fn json() {
    assert_eq!(post("application/json", r#"{"a":{"b":["evil \u00e9\/",null,true,-1.5e3]},"c":[]}"#), [1, 2]);
    assert_eq!(post("application/vnd.api+json", r#"{"a":{"b":[1]}}"#), [1]);
    assert_eq!(
        post("application/json", r#"{"a":{"b":["evil é/""#),
        [200_002, 1, 2],
        "what came before the error is inspected, and it is an error"
    );
    assert_eq!(post("application/json", r#"{"a":1} evil"#), [200_002]);
    assert_eq!(post("application/json", &"[".repeat(5000)), [200_002]);
    assert_eq!(post("application/json", r#"{"x":1,"x":"evil é/"}"#), [2], "the second of two equal names is seen too");
    assert_eq!(post("application/json", r#"{"x":"evil é/","x":1}"#), [2]);
}

#[test]
fn xml() {
    assert_eq!(
        post("text/xml", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a x=\"at&lt;tr\"> evil &#38; co <!-- no --></a>"),
        [3, 4]
    );
    assert_eq!(post("application/soap+xml", "<a><![CDATA[evil & co]]></a>"), [3]);
    assert_eq!(post("text/xml", "<a x=at<tr"), [4]);
    assert_eq!(post("text/xml", "no markup"), [200_002]);
    // What hides its text is not let pass: another encoding, entities of its own.
    assert_eq!(post("text/xml", "<?xml version='1.0' encoding=\"UTF-7\"?>+ADw-a+AD4-"), [200_002]);
    assert_eq!(post("text/xml", "<!DOCTYPE a [<!ENTITY b 'evil'>]><a>&b;</a>"), [200_002]);
    assert_eq!(post("text/xml", "<?xml version='1.0' encoding='iso-8859-1'?><a>R&D; &#38; &nothing</a>"), [200_002]);
    assert_eq!(post("text/xml", "<?xml version='1.0' encoding='utf-8'?><a>R& D</a>"), [0; 0]);
}

#[test]
fn multipart() {
    let body = "--b\r\nContent-Disposition: form-data; name=\"field\"\r\n\r\nvalue\r\n--b\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"a.php\"\r\nContent-Type: text/x\r\n\r\n<?php 1\r\n--b--\r\n";
    assert_eq!(post("multipart/form-data; boundary=b", body), [5, 6, 7, 8, 9, 10]);
    assert_eq!(post("multipart/form-data; boundary=\"b\"", body), [5, 6, 7, 8, 9, 10]);
    let irregular = [200_003, 5, 6, 7, 8, 9, 10];
    assert_eq!(post("multipart/form-data; boundary=b", &format!("early\r\n{body}")), irregular);
    assert_eq!(post("multipart/form-data; boundary=b", &format!("{body}late")), irregular);
    assert_eq!(post("multipart/form-data; boundary=b", &body.replace("\r\n", "\n")), irregular);
    assert!(post("multipart/form-data; boundary=b", body.trim_end_matches("--b--\r\n")).starts_with(&[200_002, 200_003]));
    assert_eq!(post("multipart/form-data", body), [200_002, 200_003]);
}

#[test]
fn forms_and_what_is_no_form() {
    assert_eq!(post("application/x-www-form-urlencoded; charset=utf-8", "field=value&x=evil+%C3%A9%2F"), [2, 9, 11]);
    assert_eq!(post("text/plain", "field=value"), [0; 0], "without a processor a body is not read");
    let program = program(
        "SecAction \"id:99,phase:1,pass,nolog,ctl:forceRequestBodyVariable=On\"\nSecRule REQUEST_BODY \"@streq plain\" \"id:1,pass\"",
    );
    assert_eq!(ids(&judge(&program, "POST", "/", &[("Content-Type", "text/plain")], b"plain")), [1]);
}
