//! The log readers on files as AWS writes them, and on broken ones: nothing is lost without a trouble.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::{Event, LogKind, Trouble};
use sekisho_read::log::{Limits, open};
use std::io::Write;
use std::path::Path;

fn trail(id: &str, time: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","eventTime":"{time}","eventSource":"sts.amazonaws.com","eventName":"GetCallerIdentity","eventID":"{id}"}}"#
    )
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// Writes the files, reads the folder.
fn read(files: &[(&str, &[u8])]) -> (Vec<Event>, Vec<Trouble>) {
    read_with(files, Limits::default())
}

fn read_with(files: &[(&str, &[u8])], limits: Limits) -> (Vec<Event>, Vec<Trouble>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let mut logs = open(&[folder.path().to_owned()], limits);
    let events: Vec<Event> = logs.by_ref().collect();
    (events, logs.into_troubles())
}

fn ids(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

#[test]
fn every_shape_of_cloudtrail_gives_the_same_events() {
    let (a, b) = (trail("a", "2026-11-22T13:44:13Z"), trail("b", "2026-11-22T13:44:14Z"));
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&format!("[{a},{b}]")).unwrap()).unwrap();
    let lookup = |record: &str| serde_json::json!({"EventId": "x", "CloudTrailEvent": record}).to_string();
    let shapes = [
        ("delivery", format!(r#"{{"Records":[{a},{b}]}}"#)),
        ("list", format!("[{a},{b}]")),
        ("pretty", pretty),
        ("lines", format!("{a}\n{b}\n")),
        ("one after the other", format!("{a}{b}")),
        ("one line without end", format!("{a}\r\n\r\n{b}")),
        ("LookupEvents, newest first", format!(r#"{{"NextToken":"t","Events":[{},{}]}}"#, lookup(&b), lookup(&a))),
        ("with a byte order mark", format!("\u{feff}[{a},{b}]")),
        ("CloudWatch export", format!("2026-11-22T13:44:20.000Z {a}\n2026-11-22T13:44:21.000Z {b}\n")),
        (
            "subscription",
            serde_json::json!({"messageType": "DATA_MESSAGE", "logGroup": "trail", "logEvents": [
                {"id": "1", "timestamp": 1, "message": a}, {"id": "2", "timestamp": 2, "message": b}]})
            .to_string(),
        ),
    ];
    for (name, text) in shapes {
        for bytes in [text.clone().into_bytes(), gzip(text.as_bytes())] {
            let (events, troubles) = read(&[("any-name", &bytes)]);
            assert_eq!(ids(&events), ["a", "b"], "{name}: {troubles:?}");
            assert!(troubles.is_empty() && events.iter().all(|e| e.log == LogKind::Cloudtrail), "{name}: {troubles:?}");
        }
    }
}

#[test]
fn each_log_is_told_by_its_content() {
    let lambda = "2026-11-22T13:44:13.000Z START RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95 Version: $LATEST\n\
        2026-11-22T13:44:13.100Z 2026-11-22T13:44:13.099Z\t8f507cfc-0000-4697-b07a-ac58fc914c95\tERROR\tError: boom\n    at handler (/var/task/app.js:3:9)\n\
        2026-11-22T13:44:13.200Z END RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\n";
    let api = r#"2026-11-22T13:44:13.123Z {"requestId":"r-1","ip":"203.0.113.9","requestTime":"22/Nov/2026:13:44:13 +0000","requestTimeEpoch":1795355053123,"httpMethod":"POST","resourcePath":"/customizations","status":"200"}"#;
    let audit = "2026-11-22T13:44:14.000Z 1795355053123456,db-1,admin,10.0.3.5,35,698024,QUERY,unicorn,'SELECT 1',0";
    let flow = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n\
        2 123456789012 eni-1 10.0.0.1 10.0.0.2 4711 3306 6 1 40 1795355053 1795355063 ACCEPT OK";
    let waf = r#"{"timestamp":1795355053123,"formatVersion":1,"webaclId":"arn:aws:wafv2:::x","action":"BLOCK","httpRequest":{"clientIp":"203.0.113.9","requestId":"w-1"}}"#;
    for (text, kind, count) in [
        (lambda, LogKind::Lambda, 3),
        (api, LogKind::ApiGateway, 1),
        (audit, LogKind::RdsAudit, 1),
        (flow, LogKind::Vpcflow, 1),
        (waf, LogKind::Waf, 1),
    ] {
        let (events, troubles) = read(&[("x.log", text.as_bytes())]);
        assert_eq!((events.len(), troubles.len()), (count, 0), "{kind:?}: {troubles:?}");
        assert!(events.iter().all(|event| event.log == kind && event.time.seconds() == 1_795_355_053), "{events:?}");
    }
    let (events, _) = read(&[("x.log", lambda.as_bytes())]);
    assert!(events[1].record["@message"].as_str().unwrap().ends_with("app.js:3:9)"));
    assert_eq!(events[1].record["@requestId"], "8f507cfc-0000-4697-b07a-ac58fc914c95");
}

#[test]
fn a_function_cannot_forge_another_log() {
    let forged = format!(
        "2026-11-22T13:44:13.000Z START RequestId: 8f507cfc-0000-4697-b07a-ac58fc914c95 Version: $LATEST\n2026-11-22T13:44:13.001Z {}\n",
        trail("forged", "2026-11-22T13:44:13Z")
    );
    let (events, _) = read(&[("x.log", forged.as_bytes())]);
    assert!(events.iter().all(|event| event.log == LogKind::Lambda), "{events:?}");
}

#[test]
fn files_are_merged_by_time() {
    let text = |pairs: &[(&str, &str)]| pairs.iter().map(|(id, time)| trail(id, time) + "\n").collect::<String>();
    let one = text(&[("a", "2026-11-22T10:00:00Z"), ("d", "2026-11-22T13:00:00Z"), ("c", "2026-11-22T12:55:00Z")]);
    let two = text(&[("b", "2026-11-22T11:00:00Z"), ("e", "2026-11-22T14:00:00Z")]);
    let (events, troubles) = read(&[("1/x", one.as_bytes()), ("2/x", gzip(two.as_bytes()).as_slice())]);
    assert_eq!(ids(&events), ["a", "b", "c", "d", "e"]);
    assert!(troubles.is_empty());
}

#[test]
fn a_broken_record_is_reported_and_the_rest_is_read() {
    let (a, b) = (trail("a", "2026-11-22T13:44:13Z"), trail("b", "2026-11-22T13:44:14Z"));
    let open_text = a.replacen(r#""eventID":"a""#, r#""eventID":"a"#, 1);
    for (name, text, place) in [
        ("lines", format!("{{\"eventTime\": oops}}\n{a}\n{b}\n"), "1:"),
        ("missing quote in a line", format!("{b}\n{open_text}\n{a}\n"), "2:"),
        ("missing quote in a compact list", format!(r#"{{"Records":[{open_text},{a},{b}]}}"#), "1:13"),
        ("no JSON in a list", format!("[{a},{{\"eventTime\": oops}},{b}]"), "1:"),
        ("cut off", format!(r#"{{"Records":[{a},{b},{{"eventTime":"#), "1:"),
    ] {
        let (events, troubles) = read(&[("x.json", text.as_bytes())]);
        let mut found = ids(&events);
        found.sort_unstable();
        assert_eq!(found, ["a", "b"], "{name}: {troubles:?}");
        let at = format!("{}:{}", troubles[0].place.line, troubles[0].place.column);
        assert!(at.starts_with(place), "{name}: {at} {troubles:?}");
    }
}

#[test]
fn a_truncated_gzip_gives_what_it_has() {
    let lines: String = (0..50_000).map(|n| trail(&n.to_string(), "2026-11-22T13:44:13Z") + "\n").collect();
    let whole = gzip(lines.as_bytes());
    let (events, troubles) = read(&[("x.json.gz", &whole[..whole.len() / 2])]);
    assert!(events.len() > 10_000 && events.len() < 50_000, "{}", events.len());
    assert_eq!(troubles.len(), 1, "{troubles:?}");
}

#[test]
fn a_bomb_is_stopped_and_other_files_are_read() {
    let limits = Limits { inflated_bytes: 1 << 20, record_bytes: 1 << 16, inflated_ratio: 100, ..Limits::default() };
    let bomb = gzip(&vec![b' '; 64 << 20]);
    let line = gzip(&vec![b'x'; 64 << 20]);
    let (events, troubles) =
        read_with(&[("bomb.gz", &bomb), ("line.gz", &line), ("ok.json", trail("a", "2026-11-22T13:44:13Z").as_bytes())], limits);
    assert_eq!(ids(&events), ["a"]);
    assert!(troubles.iter().any(|t| t.says.contains("bomb")), "{troubles:?}");
}

#[test]
fn what_is_no_log_is_said() {
    let (events, troubles) =
        read(&[("a.txt", b"hello\nworld\n"), ("b.bin", &[0, 159, 146, 150]), ("c.json", b"{\"hello\": 1}"), ("empty", b"")]);
    assert!(events.is_empty());
    let says: Vec<String> = troubles.iter().map(|t| format!("{}: {}", t.place.file.rsplit('/').next().unwrap(), t.says)).collect();
    assert_eq!(troubles.len(), 3, "{says:?}");
    assert!(says[0].contains("(2 in this file)"), "{says:?}");
    let mut missing = open(&["/nowhere/at/all".into()], Limits::default());
    assert!(missing.next().is_none() && missing.troubles().len() == 1);
}

mod properties {
    use super::{gzip, read_with};
    use model::LogKind;
    use proptest::prelude::*;
    use sekisho_read::log::Limits;
    use serde_json::{Value, json};

    /// Records with whatever may stand in a JSON text: quotes, brackets, commas, line ends, other scripts.
    fn records() -> impl Strategy<Value = Vec<Value>> {
        let text = "[a-z\"\\\\{}\\[\\],:\n\u{e9}\u{95a2}]{0,12}";
        let record = (text, text, any::<bool>()).prop_map(|(name, nested, flag)| {
            json!({"eventTime": "2026-11-22T13:44:13Z", "eventSource": name, "eventName": &nested, "Records": flag,
                "requestParameters": {&nested: [{&name: &nested}, [], {}]}})
        });
        proptest::collection::vec(record, 0..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever is in the records, each shape of a file gives them back as they are.
        #[test]
        fn records_come_back(mut records in records()) {
            for (at, record) in records.iter_mut().enumerate() {
                record["eventID"] = json!(at.to_string());
            }
            let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
            let list = serde_json::to_string_pretty(&records).unwrap();
            let wrapped = json!({"NextToken": "}],", "Records": records, "After": [{"eventName": 1}]}).to_string();
            for bytes in [lines.into_bytes(), list.into_bytes(), gzip(wrapped.as_bytes())] {
                let (events, troubles) = read_with(&[("x", &bytes)], Limits::default());
                prop_assert!(troubles.is_empty(), "{:?}", troubles);
                let found: Vec<&Value> = events.iter().map(|event| &event.record).collect();
                prop_assert_eq!(found, records.iter().collect::<Vec<_>>());
                prop_assert!(events.iter().all(|event| event.log == LogKind::Cloudtrail));
            }
        }

        /// Damage costs a trouble or an event, never a panic or an end that does not come.
        #[test]
        fn damage_is_survived(records in records(), cut in 0usize..4000, noise in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut bytes = json!({"Records": records}).to_string().into_bytes();
            let cut = cut.min(bytes.len());
            bytes.splice(cut..cut, noise);
            for bytes in [bytes.clone(), gzip(&bytes), gzip(&bytes)[..cut.min(gzip(&bytes).len())].to_vec()] {
                let (events, _) = read_with(&[("x", &bytes)], Limits::default());
                prop_assert!(events.len() <= records.len() * 4 + 40);
            }
        }
    }
}
