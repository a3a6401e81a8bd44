//! What people and machines see of one small application, kept as snapshots; and what strangers' names may
//! not do to a terminal.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::attack::Outcome;
use model::{
    Alert, Confidence, Edit, Evidence, Finding, Fix, Ledger, Operation, Place, Proof, Row, Severity, Source, Status, Step, Time, Trouble,
};
use sekisho_report::{Attacked, Links, Looked, Sources, Style, json, sarif, terminal};
use std::io::{self, Write};

const TEMPLATE: &str = "\
Resources:
  UnicornApi:
    Type: AWS::Serverless::Api
    Properties:
      StageName: dev
      DefinitionBody:
        paths:
          /partners:
            post:
              x-amazon-apigateway-integration: {}
          /customizations/{id}:
            get:
              x-amazon-apigateway-integration: {}
";

const CODE: &str = "\
const mysql = require('mysql2');
const config = {
\thost: 'aurora.local',
\tpassword: 'Corp123!',
};
exports.list = (event) => query(`SELECT * FROM Socks WHERE ID = ${event.pathParameters.id}`);
";

fn sources() -> Sources {
    let text = |path: &str, text: &str| (path.into(), Source { path: path.into(), text: text.into() });
    [text("template.yaml", TEMPLATE), text("src/app.js", CODE)].into()
}

/// The place of a piece of a source.
fn at(file: &str, text: &str, piece: &str) -> Place {
    let start = text.find(piece).unwrap();
    let head = &text[..start];
    let line = head.matches('\n').count() as u32 + 1;
    let column = head.rsplit('\n').next().unwrap().chars().count() as u32 + 1;
    Place::new(file, line, column).with_span(start, start + piece.len())
}

fn template(piece: &str) -> Place {
    at("template.yaml", TEMPLATE, piece)
}

fn code(piece: &str) -> Place {
    at("src/app.js", CODE, piece)
}

fn finding(risk: &'static str, title: &str, severity: Severity, resource: &str, place: Place) -> Finding {
    Finding {
        risk,
        title: title.into(),
        severity,
        confidence: Confidence::High,
        resource: resource.into(),
        place,
        path: Vec::new(),
        maps: vec!["OWASP-SLS-02".into(), "CSA-SLS-02".into()],
        fingerprint: format!("{risk}-{title}").replace(' ', "-"),
        status: Status::Found,
        symbol: String::new(),
        profile: model::Profile::Default,
        condition: None,
        fix: None,
    }
}

fn findings() -> Vec<Finding> {
    let step = |says: &str, place: Place| Step { says: says.into(), place };
    let query = "`SELECT * FROM Socks WHERE ID = ${event.pathParameters.id}`";
    let injection = Finding {
        path: vec![
            step("GET /customizations/{id} is open to anyone", template("get:")),
            step("the path parameter `id` enters list()", code("event.pathParameters.id")),
            step("it becomes part of the SQL text", code(query)),
        ],
        fix: Some(Fix {
            says: "bind the value as a parameter of the statement".into(),
            safe: true,
            edits: vec![Edit::text(&code(query), "'SELECT * FROM Socks WHERE ID = ?', [event.pathParameters.id]")],
            then: Some("deploy".into()),
        }),
        ..finding("sql-injection", "a path parameter becomes part of a SQL statement", Severity::Critical, "app/ListFunction", code(query))
    };
    let route = |title: &str, piece: &str| finding("unauthenticated-route", title, Severity::High, "app/UnicornApi", template(piece));
    let mut credential = finding(
        "hard-coded-credential",
        "the database password stands in the code",
        Severity::High,
        "app/ListFunction",
        code("'Corp123!'"),
    );
    credential.confidence = Confidence::Medium;
    credential.condition = Some("the stage is not `test`".into());
    let mut allowed = route("GET / is open to anyone", "paths:");
    allowed.status = Status::Suppressed;
    let mut partners = route("POST /partners is open to anyone", "post:");
    partners.fix = Some(Fix {
        says: "attach the authorizer".into(),
        safe: false,
        edits: vec![Edit::document("template.yaml", ["Resources".into()], Operation::Remove)],
        then: None,
    });
    vec![injection, credential, partners, route("GET /customizations/{id} is open to anyone", "get:"), allowed]
}

fn troubles() -> Vec<Trouble> {
    vec![Trouble {
        says: "parameter DbPassword has no default and none was given".into(),
        place: Place::new("template.yaml", 5, 18),
        help: "give it: --parameter DbPassword=…".into(),
    }]
}

fn shown(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn alerts() -> Vec<Alert> {
    let alert = |rule: &str, severity, seconds: i64, principal: &str, says: &str, ids: usize| Alert {
        rule: rule.into(),
        risk: (rule == "database_login_from_foreign_address").then(|| "hard-coded-credential".into()),
        severity,
        time: Time(1_795_355_053_000 + seconds * 1000),
        principal: principal.into(),
        event_ids: (0..ids).map(|n| format!("e-{n}")).collect(),
        attack: vec!["T1078.004".into()],
        says: says.into(),
        places: (0..ids.min(100)).map(|n| Place::new(".sekisho/logs/aws/rds/cluster/aurora/audit.log", n as u32 + 14, 1)).collect(),
    };
    vec![
        alert(
            "database_login_from_foreign_address",
            Severity::High,
            0,
            "admin",
            "Database log-in from an address that is no function's: admin from 10.0.9.9 did CONNECT unicorn_customization",
            1,
        ),
        alert(
            "objects_enumerated",
            Severity::Medium,
            61,
            "203.0.113.9",
            "Objects enumerated: 203.0.113.9 did GET /a and 11 more, 12 times",
            12,
        ),
        alert("late", Severity::Low, 86_400, "eve", "Something: eve did s3:ListBuckets", 1),
    ]
}

fn looked() -> Looked {
    Looked {
        events: vec![("cloudtrail".into(), 12_345), ("rds_audit".into(), 67)],
        rules: 6,
        files: 9,
        first: Some(Time(1_795_355_053_000)),
        last: Some(Time(1_795_355_953_000)),
    }
}

fn ledger() -> Ledger {
    let evidence =
        |proof: &str, says: &str, place: Place| Evidence { proof: proof.into(), says: says.into(), places: vec![place], snippet: None };
    let row = |risk: &str, resource: &str, blocked, detected| Row {
        risk: risk.into(),
        resource: resource.into(),
        found: Proof::Yes,
        exploited: Proof::Yes,
        blocked,
        detected,
        evidence: vec![
            evidence("found", "POST /partners is open to anyone", template("post:")),
            Evidence {
                snippet: Some("{\"ID\": 7, \"NAME\": \"canary-1f3a\"}".into()),
                ..evidence("exploited", "the planted row came back", code("event.pathParameters.id"))
            },
        ],
    };
    Ledger {
        ledger: vec![
            row("unauthenticated-route", "app/UnicornApi", Proof::Yes, Proof::Yes),
            row("sql-injection", "app/ListFunction", Proof::No, Proof::Yes),
            row("hard-coded-credential", "app/ListFunction", Proof::NotAssessed, Proof::NotApplicable),
        ],
    }
}

fn outcomes() -> Vec<(Outcome, bool)> {
    let mut through = Outcome::new("sql-injection", "app/ListFunction");
    through.steps = vec!["GET /customizations/1 UNION SELECT … with a quote in it".into(), "read 3 rows of Partners".into()];
    let mut refused = Outcome::new("unauthenticated-route", "app/UnicornApi");
    refused.steps = vec!["POST /partners without a token".into()];
    refused.refused = Some("401 {\"message\":\"Unauthorized\"}".into());
    let mut broke = Outcome::new("hard-coded-credential", "app/ListFunction");
    broke.broke = Some("502 {\"message\": \"Internal server error\"}".into());
    vec![(through, true), (refused, false), (broke, false)]
}

fn attacked(outcomes: &[(Outcome, bool)]) -> Vec<Attacked<'_>> {
    outcomes.iter().map(|(outcome, exploited)| Attacked { outcome, exploited: *exploited }).collect()
}

fn sarif_document() -> serde_json::Value {
    let findings = findings();
    let edits = |fix: &Fix| fix.edits.clone();
    let cards = [sarif::Card { id: "sql-injection".into(), title: "SQL injection".into(), help: "# SQL injection\n…".into(), url: None }];
    let text = shown(|out| {
        let document = sarif::Sarif {
            findings: &findings,
            not_assessed: &troubles(),
            outside: &std::collections::BTreeSet::new(),
            cards: &cards,
            sources: &sources(),
            edits: &edits,
            version: "0.1.0",
        };
        sarif::scan(out, &document)
    });
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_terminal() {
    let style = Style { width: 90, ..Style::plain() };
    insta::assert_snapshot!("scan", shown(|out| terminal::scan(out, &findings(), &troubles(), 0, &sources(), &style)));
    insta::assert_snapshot!("scan_clean", shown(|out| terminal::scan(out, &[], &[], 0, &sources(), &style)));
    insta::assert_snapshot!("attack", shown(|out| terminal::attack(out, &attacked(&outcomes()), &[], &style)));
    insta::assert_snapshot!("investigate", shown(|out| terminal::investigate(out, &alerts(), &troubles(), &looked(), &style)));
    insta::assert_snapshot!("investigate_nothing", shown(|out| terminal::investigate(out, &[], &[], &Looked::default(), &style)));
    insta::assert_snapshot!("prove", shown(|out| terminal::prove(out, &ledger(), &[], &style)));
}

#[test]
fn the_documents() {
    let summary = serde_json::json!({"high": 3});
    insta::assert_snapshot!("scan_json", shown(|out| json::scan(out, &findings(), &troubles(), &summary)));
    insta::assert_snapshot!("attack_json", shown(|out| json::attack(out, &attacked(&outcomes()), &[])));
    insta::assert_snapshot!("investigate_json", shown(|out| json::investigate(out, &alerts()[..1], &troubles(), &looked())));
    insta::assert_snapshot!("prove_json", shown(|out| json::prove(out, &ledger(), &[])));
    insta::assert_snapshot!("sarif", serde_json::to_string_pretty(&sarif_document()).unwrap());
}

#[test]
fn no_report_carries_the_password() {
    for color in [false, true] {
        let style = Style { color, ..Style::plain() };
        let text = shown(|out| terminal::scan(out, &findings(), &troubles(), 0, &sources(), &style));
        assert!(text.contains("src/app.js:4:12") && !text.contains("Corp123"), "{text}");
    }
    assert!(!sarif_document().to_string().contains("Corp123"));
}

#[test]
fn without_colour_there_is_no_escape_and_with_it_the_words_are_the_same() {
    let color = Style { color: true, links: Some(Links { root: "/app".into(), host: String::new() }), ..Style::plain() };
    for write in [
        (|out, style| terminal::scan(out, &findings(), &troubles(), 0, &sources(), style)) as fn(&mut dyn Write, &Style) -> io::Result<()>,
        |out, style| terminal::attack(out, &attacked(&outcomes()), &[], style),
        |out, style| terminal::investigate(out, &alerts(), &troubles(), &looked(), style),
        |out, style| terminal::prove(out, &ledger(), &troubles(), style),
    ] {
        let (plain, colored) = (shown(|out| write(out, &Style::plain())), shown(|out| write(out, &color)));
        assert!(!plain.contains('\x1b'));
        assert!(colored.contains("\x1b["));
        assert_eq!(plain, stripped(&colored));
    }
}

/// Takes SGR and OSC 8 sequences away.
fn stripped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = if rest.starts_with("\x1b[") { rest.find('m').unwrap() + 1 } else { rest.find("\x1b\\").unwrap() + 2 };
        rest = &rest[end..];
    }
    out + rest
}

/// Everything a stranger can write, with what a terminal would obey in it.
#[test]
fn nothing_a_stranger_wrote_reaches_the_terminal_raw() {
    let evil = "x\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}\u{2066}\r\u{8}\u{200b}";
    let place = Place::new(format!("dir/{evil}.yaml"), 1, 2);
    let source = Source { path: place.file.clone(), text: format!("a{evil}: b{evil}\n").into() };
    let sources: Sources = [(place.file.clone(), source)].into();
    let mut bad = finding("sql-injection", evil, Severity::Low, evil, place.clone());
    bad.path = vec![Step { says: evil.into(), place: place.clone() }, Step { says: evil.into(), place: Place::new(evil, 3, 3) }];
    bad.condition = Some(evil.into());
    bad.fix = Some(Fix { says: evil.into(), safe: true, edits: vec![], then: Some(evil.into()) });
    let trouble = Trouble { says: evil.into(), place: place.clone(), help: evil.into() };
    let alert = Alert {
        rule: evil.into(),
        risk: Some(evil.into()),
        severity: Severity::High,
        time: Time(0),
        principal: evil.into(),
        event_ids: vec![evil.into()],
        attack: vec![evil.into()],
        says: evil.into(),
        places: vec![place.clone()],
    };
    let mut outcome = Outcome::new("sql-injection", evil);
    outcome.steps = vec![evil.into()];
    outcome.refused = Some(evil.into());
    let evidence = Evidence { proof: evil.into(), says: evil.into(), places: vec![place], snippet: Some(evil.into()) };
    let row = Row {
        risk: evil.into(),
        resource: evil.into(),
        found: Proof::Yes,
        exploited: Proof::No,
        blocked: Proof::No,
        detected: Proof::No,
        evidence: vec![evidence],
    };
    let style = Style::plain();
    let looked = Looked { events: vec![(evil.into(), 1)], ..looked() };
    for text in [
        shown(|out| terminal::scan(out, &[bad.clone()], std::slice::from_ref(&trouble), 0, &sources, &style)),
        shown(|out| terminal::attack(out, &[Attacked { outcome: &outcome, exploited: false }], std::slice::from_ref(&trouble), &style)),
        shown(|out| terminal::investigate(out, std::slice::from_ref(&alert), std::slice::from_ref(&trouble), &looked, &style)),
        shown(|out| terminal::prove(out, &Ledger { ledger: vec![row.clone()] }, &[], &style)),
        shown(|out| json::scan(out, &[bad.clone()], std::slice::from_ref(&trouble), &())),
        shown(|out| json::investigate(out, std::slice::from_ref(&alert), &[], &looked)),
    ] {
        let left: Vec<char> = text.chars().filter(|c| *c != '\n' && (c.is_control() || "\u{202e}\u{2066}\u{200b}".contains(*c))).collect();
        assert!(left.is_empty(), "{left:?} in {text}");
    }
}

#[test]
fn a_place_whose_text_is_not_at_hand_is_named() {
    let finding = finding("sql-injection", "t", Severity::Low, "r", Place::new("elsewhere.js", 7, 3));
    let text = shown(|out| terminal::scan(out, &[finding], &[], 0, &Sources::new(), &Style::plain()));
    assert!(text.contains("elsewhere.js:7:3"), "{text}");
    // Nor does a place beyond the end of a text that changed break anything.
    let beyond = [Place::new("src/app.js", 99, 1), Place::new("src/app.js", 2, 500), Place::new("src/app.js", 1, 1).with_span(7, 100_000)];
    for place in beyond {
        let finding = self::finding("sql-injection", "t", Severity::Low, "r", place);
        let text = shown(|out| terminal::scan(out, &[finding], &[], 0, &sources(), &Style::plain()));
        assert!(text.contains("src/app.js"), "{text}");
    }
}
