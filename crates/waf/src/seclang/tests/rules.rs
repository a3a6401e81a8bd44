//! What rules do.

use super::super::{BASE, EngineMode, Facts, Files, Program, Request, Scratch, Stored, Transaction};
use super::{get, ids, judge, program, set};
use std::sync::Arc;

#[test]
fn variables_selectors_counts_and_exclusions() {
    let program = program(
        r#"
        SecRule ARGS "@contains evil" "id:1,pass"
        SecRule ARGS:b "@streq evil" "id:2,pass"
        SecRule ARGS|!ARGS:b "@contains evil" "id:3,pass"
        SecRule ARGS:/^x_/ "@rx ." "id:4,pass"
        SecRule &ARGS "@eq 2" "id:5,pass"
        SecRule &ARGS:nothing "@eq 0" "id:6,pass"
        SecRule REQUEST_COOKIES:THEME "@streq dark" "id:7,pass"
        SecRule REQUEST_HEADERS_NAMES "@streq Cookie" "id:8,pass"
        SecRule REQUEST_FILENAME "@endsWith /a b" "id:9,pass"
        SecRule REQUEST_BASENAME "@streq a b" "id:10,pass"
        SecRule QUERY_STRING "@beginsWith b=" "id:11,pass"
        SecRule REQUEST_LINE "@rx ^GET /p/a%20b.b=evil&x_y=1 HTTP/1[.]1$" "id:12,pass"
        SecRule ARGS_COMBINED_SIZE "@eq 9" "id:13,pass"
        SecRule &REQUEST_BODY "@eq 1" "id:14,pass"
        "#,
    );
    assert_eq!(get(&program, "/p/a%20b?b=evil&x_y=1"), [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
}

#[test]
fn operators() {
    let program = program(
        r#"
        SecRule ARGS:a "@pm zebra UNION|20|select" "id:1,pass"
        SecRule ARGS:a "@pmFromFile words.data" "id:2,pass"
        SecRule ARGS:a "!@rx ^[a-z]+$" "id:3,pass"
        SecRule ARGS:n "@gt 9" "id:4,pass"
        SecRule ARGS:n "@within 9 10 11" "id:5,pass"
        SecRule ARGS:n "@ne 10" "id:6,pass"
        SecRule REMOTE_ADDR "@ipMatch 10.0.0.0/8,127.0.0.0/8" "id:7,pass"
        SecRule ARGS:a "@detectSQLi" "id:8,pass"
        SecRule ARGS:h "@detectXSS" "id:9,pass"
        SecRule QUERY_STRING "@validateUrlEncoding" "id:10,pass"
        SecRule ARGS:u "@validateUtf8Encoding" "id:11,pass"
        SecRule ARGS:u "@validateByteRange 32-126" "id:12,pass"
        SecRule ARGS:a "@containsWord union" "id:13,pass"
        SecRule ARGS:a "@unconditionalMatch" "id:14,pass"
        SecRule ARGS:a "@noMatch" "id:15,pass"
        SecRule ARGS:n "@strmatch 1" "id:16,pass"
        SecRule ARGS:n "@le 10" "id:17,pass"
        "#,
    );
    let matched = get(&program, "/?a=1'+union+select+1--&n=10&h=%3Cscript%3E&u=%ff&bad=%zz");
    assert_eq!(matched, [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17]);
}

#[test]
fn chains_captures_and_templates() {
    let program = program(
        r#"
        SecRule ARGS "@rx ^(\w+):(\w+)$" "id:1,pass,capture,msg:'%{TX.1} and %{tx.2}',logdata:'%{MATCHED_VAR_NAME}=%{MATCHED_VAR}',\
            chain,setvar:'tx.user_%{MATCHED_VAR_NAME}=%{tx.1}'"
            SecRule TX:1 "@streq adam" "chain"
            SecRule MATCHED_VARS "@streq adam:eve" "t:none"
        SecRule TX:/^user_/ "@streq adam" "id:2,pass"
        SecRule TX:USER_ARGS:B "@streq adam" "id:3,pass"
        "#,
    );
    let outcome = judge(&program, "GET", "/?a=x&b=adam:eve", &[], b"");
    assert_eq!(ids(&outcome), [1, 2, 3]);
    assert_eq!(outcome.matched[0].message, b"adam and eve");
    assert_eq!(outcome.matched[0].data, b"MATCHED_VARS:ARGS:b=adam:eve");
    assert_eq!(get(&program, "/?b=adam:bob"), [2, 3], "a chain's first links act though the chain fails, as in both references");
}

#[test]
fn multi_match_sees_every_station() {
    let program = program(
        r#"
        SecRule ARGS "@rx %41" "id:1,pass,multiMatch,t:none,t:urlDecodeUni,t:lowercase"
        SecRule ARGS "@rx A" "id:2,pass,multiMatch,t:none,t:urlDecodeUni,t:lowercase"
        SecRule ARGS "@rx A" "id:3,pass,t:none,t:urlDecodeUni,t:lowercase"
        SecRule ARGS "@rx ^3$" "id:4,pass,t:length"
        "#,
    );
    assert_eq!(get(&program, "/?a=%2541"), [1, 2, 4]);
}

#[test]
fn scores_markers_and_blocking() {
    let text = r#"
        SecDefaultAction "phase:2,log,deny,status:406"
        SecAction "id:1,phase:1,nolog,pass,setvar:tx.score=0,setvar:tx.level=2"
        SecRule TX:level "@lt 2" "id:2,phase:2,nolog,pass,skipAfter:END"
        SecRule ARGS "@rx bad" "id:3,phase:2,pass,setvar:tx.score=+5"
        SecMarker END
        SecRule TX:level "@ge 2" "id:4,phase:2,nolog,pass,skipAfter:LATER"
        SecRule ARGS "@rx bad" "id:5,phase:2,pass"
        SecMarker "LATER"
        SecRule TX:score "@ge %{tx.limit}" "id:6,phase:2,block,msg:'score %{tx.score}'"
        SecRule ARGS "@rx bad" "id:7,phase:2,pass"
    "#;
    let program = program(&format!("SecAction \"id:9,phase:1,nolog,pass,setvar:tx.limit=10\"\n{text}"));
    let outcome = judge(&program, "GET", "/?a=bad&b=bad", &[], b"");
    assert_eq!(ids(&outcome), [3, 6], "each matched value adds, the deny ends the phase");
    assert_eq!(outcome.matched[1].message, b"score 10");
    let interruption = outcome.interruption.unwrap();
    assert_eq!((interruption.rule, interruption.status, interruption.phase), (6, 406, 2));
    assert_eq!(get(&program, "/?a=bad"), [3, 7]);
    let detecting = program.in_mode(EngineMode::DetectionOnly);
    let outcome = judge(&detecting, "GET", "/?a=bad&b=bad", &[], b"");
    assert_eq!(ids(&outcome), [3, 6, 7]);
    assert!(outcome.interruption.is_none());
    assert_eq!(outcome.would.unwrap().rule, 6);
}

#[test]
fn controls_and_updates() {
    let program = program(
        r#"
        SecRule ARGS:off "@streq 1" "id:1,phase:1,pass,nolog,ctl:ruleRemoveById=10-11"
        SecRule ARGS:tag "@streq 1" "id:2,phase:1,pass,nolog,ctl:ruleRemoveByTag=own"
        SecRule ARGS:target "@streq 1" "id:3,phase:1,pass,nolog,ctl:ruleRemoveTargetById=12;ARGS:a,ctl:ruleRemoveTargetByTag=own;ARGS"
        SecRule ARGS:engine "@streq 1" "id:4,phase:1,pass,nolog,ctl:ruleEngine=Off"
        SecRule ARGS "@rx bad" "id:10,pass"
        SecRule ARGS "@rx bad" "id:11,pass,tag:own"
        SecRule ARGS|REQUEST_URI "@rx bad" "id:12,pass"
        SecRule ARGS "@rx bad" "id:13,pass"
        SecRule ARGS "@rx bad" "id:14,pass"
        SecRuleUpdateTargetById 13 "!ARGS:a"
        SecRuleUpdateActionById 14 "nolog"
        SecRule ARGS "@rx bad" "id:15,pass"
        SecRuleRemoveById 15
        "#,
    );
    assert_eq!(get(&program, "/?a=bad"), [10, 11, 12]);
    assert_eq!(get(&program, "/?b=bad"), [10, 11, 12, 13]);
    assert_eq!(get(&program, "/?a=bad&off=1"), [12]);
    assert_eq!(get(&program, "/?a=bad&tag=1"), [10, 12]);
    assert_eq!(get(&program, "/?a=bad&target=1"), [10, 12], "12 still sees the URI");
    assert_eq!(get(&program, "/?a=bad&engine=1"), [0; 0]);
}

#[test]
fn allow_skip_and_phases() {
    let program = program(
        r#"
        SecRule ARGS:a "@streq all" "id:1,phase:1,allow,nolog"
        SecRule ARGS:a "@streq phase" "id:2,phase:1,allow:phase,nolog"
        SecRule ARGS:a "@streq request" "id:3,phase:1,allow:request,nolog"
        SecRule ARGS:a "@streq skip" "id:4,phase:1,pass,nolog,skip:1"
        SecAction "id:10,phase:1,pass"
        SecAction "id:11,phase:1,pass"
        SecAction "id:20,phase:2,pass"
        SecRule RESPONSE_BODY "@rx ORA-\d+" "id:40,phase:4,pass"
        SecRule RESPONSE_STATUS "@streq 200" "id:30,phase:3,pass"
        SecAction "id:50,phase:5,pass"
        "#,
    );
    assert_eq!(get(&program, "/"), [10, 11, 20, 30, 40, 50]);
    assert_eq!(get(&program, "/?a=all"), [50]);
    assert_eq!(get(&program, "/?a=phase"), [20, 30, 40, 50]);
    assert_eq!(get(&program, "/?a=request"), [30, 40, 50]);
    assert_eq!(get(&program, "/?a=skip"), [11, 20, 30, 40, 50]);
}

#[test]
fn who_asks_the_outside_is_named() {
    let text = r#"
        SecRule REMOTE_ADDR "@rbl dnsbl.example" "id:1,phase:1,deny"
        SecRule ARGS "@rx bad" "id:2,deny"
        SecRule ARGS "@rx bad" "id:3,pass,chain"
            SecRule REMOTE_ADDR "@geoLookup" "setvar:tx.seen=1"
    "#;
    assert_eq!(set(text).not_assessed(), [(1, "rbl"), (3, "geoLookup")]);
    assert_eq!(program(text).not_assessed(), [(1, "rbl"), (3, "geoLookup")]);
    assert_eq!(get(&program(text), "/?a=good"), [0; 0]);
}

#[test]
fn collections_outlive_a_request() {
    let program = program(
        r#"
        SecAction "id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR},setvar:ip.seen=+1,expirevar:ip.seen=60"
        SecRule IP:SEEN "@gt 2" "id:2,phase:1,deny,status:429"
        "#,
    );
    let mut stored = Stored::default();
    let mut answers = Vec::new();
    for epoch in [0, 1, 2, 3, 100] {
        let facts = Facts { epoch, ..Facts::default() };
        let mut transaction = Transaction::with(&program, facts, stored, Scratch::default());
        answers.push(
            transaction.request(&Request { method: b"GET", uri: b"/", version: b"HTTP/1.1", ..Request::default() }).map(|stop| stop.status),
        );
        stored = transaction.finish().1;
        stored.expire(epoch);
    }
    assert_eq!(answers, [None, None, Some(429), Some(429), None]);
}

#[test]
fn a_body_over_the_limit_is_not_let_pass() {
    let program = program("SecRequestBodyLimit 10\n");
    let outcome = judge(&program, "POST", "/", &[("Content-Type", "text/plain")], b"eleven byte");
    assert_eq!(outcome.interruption.unwrap().status, 413);
    let program = super::program(
        "SecRequestBodyLimit 10\nSecRequestBodyLimitAction ProcessPartial\nSecRule INBOUND_DATA_ERROR \"@eq 1\" \"id:1,pass\"",
    );
    let outcome = judge(&program, "POST", "/", &[("Content-Type", "text/plain")], b"eleven byte");
    assert_eq!(ids(&outcome), [1]);
}

/// Equal files are compiled once; whatever could change an answer makes another program.
#[test]
fn programs_are_kept_by_content() {
    let files = |own: &str, words: &str| {
        let mut files = Files::default();
        files.insert("base.conf", BASE);
        files.insert("own.conf", own);
        files.insert("words.data", words);
        files
    };
    const RULE: &str = "SecRule ARGS \"@pmFromFile words.data\" \"id:77001,phase:2,deny\"";
    let order = ["base.conf", "own.conf"];
    let first = Program::of(&files(RULE, "kept"), &order, None).unwrap();
    assert!(Arc::ptr_eq(&first, &Program::of(&files(RULE, "kept"), &order, None).unwrap()), "equal bytes, one program");
    for (files, order, mode) in [
        (files(&RULE.replace("77001", "77002"), "kept"), &order[..], None),
        (files(RULE, "kepT "), &order, None),
        (files(RULE, "kept"), &["own.conf", "base.conf"], None),
        (files(RULE, "kept"), &order, Some(EngineMode::DetectionOnly)),
    ] {
        assert!(!Arc::ptr_eq(&first, &Program::of(&files, order, mode).unwrap()));
    }
    assert!(Program::of(&files("SecNonsense", ""), &order, None).is_err());
    assert_eq!(get(&first, "/?a=kept"), [77001]);
}
