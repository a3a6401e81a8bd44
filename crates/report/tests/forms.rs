//! The forms for other programs and for sending on: JUnit, Markdown, OCSF, HTML. What a stranger wrote stays text in
//! each of them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::{App, Confidence, Finding, Fix, Node, Place, Resource, ResourceId, Severity, Source, Status, Step, Time, Trouble};
use sekisho_report::{html, junit, markdown, ocsf};
use std::io::{self, Write};

const EVIL: &str = "x</title><script>alert(1)</script>\"'`|@team [l](http://e) ![i](//e)\u{202e}\u{1b}[2J";
const CODE: &str = "const config = {\n  password: 'Corp123!',\n};\n";

fn finding(risk: &'static str, title: &str, status: Status) -> Finding {
    let place = Place::new("src/app.js", 2, 13);
    Finding {
        risk,
        title: title.into(),
        severity: Severity::High,
        confidence: Confidence::High,
        resource: "app/List".into(),
        place: place.clone(),
        path: vec![Step { says: EVIL.into(), place: Place::new("template.yaml", 3, 3) }, Step { says: "then this".into(), place }],
        maps: vec!["OWASP-SLS-03".into()],
        fingerprint: format!("{risk}-1"),
        status,
        symbol: "password".into(),
        profile: model::Profile::Default,
        condition: Some(EVIL.into()),
        fix: Some(Fix { says: EVIL.into(), safe: true, edits: Vec::new(), then: None }),
    }
}

fn findings() -> Vec<Finding> {
    vec![
        finding("hard-coded-credential", "the password stands in the code", Status::Found),
        finding("sql-injection", EVIL, Status::Found),
        finding("sql-injection", "an allowed one", Status::Suppressed),
        finding("sql-injection", "a known one", Status::Known),
    ]
}

fn troubles() -> Vec<Trouble> {
    vec![Trouble { says: EVIL.into(), place: Place::new("a.yaml", 1, 1), help: "mend it".into() }]
}

fn resource(logical: &str, kind: &str, line: u32, properties: serde_json::Value) -> Resource {
    let place = Place::new("template.yaml", line, 3);
    Resource {
        id: ResourceId::new("app", logical),
        kind: kind.into(),
        properties: Node::from_json(&properties, &place),
        place,
        physical_id: format!("app-{logical}"),
        arn: Some(format!("arn:aws:x:us-east-1:123456789012:{logical}")),
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    }
}

fn app() -> App {
    let environment = serde_json::json!({"Environment": {"Variables": {"TABLE": "app-Things"}}});
    let mut app = App::new(
        "123456789012",
        "us-east-1",
        [resource("List", "AWS::Lambda::Function", 2, environment), resource("Things", "AWS::DynamoDB::Table", 9, serde_json::json!({}))],
    );
    app.sources.insert("src/app.js".into(), Source { path: "src/app.js".into(), text: CODE.into() });
    app
}

fn shown(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn junit_has_a_case_for_every_finding_and_every_risk_that_is_clean() {
    let text =
        shown(|out| junit::scan(out, &findings(), &troubles(), &["hard-coded-credential", "sql-injection", "unauthenticated-route"]));
    assert!(text.contains("<testsuites name=\"sekisho\" tests=\"6\" failures=\"2\" errors=\"1\">"), "{text}");
    assert!(text.contains("<testcase classname=\"unauthenticated-route\" name=\"unauthenticated-route\"/>"));
    assert_eq!(text.matches("<failure ").count(), 2);
    assert_eq!(text.matches("<skipped ").count(), 2);
    assert!(!text.contains("<script") && !text.contains('\u{1b}') && !text.contains('\u{202e}'));
    let quotes_are_closed = text.lines().filter(|line| line.contains("<testcase")).all(|line| line.matches('"').count() % 2 == 0);
    assert!(quotes_are_closed);
}

#[test]
fn markdown_stays_text() {
    let text = shown(|out| markdown::scan(out, &findings(), &troubles()));
    assert!(text.starts_with("## sekisho\n\n**2 findings**: 2 high · 1 allowed · 1 known · 1 not assessed\n"), "{text}");
    for raw in ["<script", "@team", "[l](", "![i](", "\u{1b}", "\u{202e}"] {
        assert!(!text.contains(raw), "{raw} in {text}");
    }
    let row = text.lines().find(|line| line.contains("sql-injection")).unwrap();
    assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
}

#[test]
fn ocsf_lines_are_findings() {
    let text = shown(|out| ocsf::scan(out, &findings(), Time(1_795_355_053_000), "0.1.0"));
    let events: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 4);
    assert_eq!((&events[0]["class_uid"], &events[0]["type_uid"], &events[0]["severity_id"]), (&2007.into(), &200_701.into(), &4.into()));
    assert_eq!(events[0]["time"], 1_795_355_053_000_i64);
    let status: Vec<&str> = events.iter().map(|event| event["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["New", "New", "Suppressed", "In Progress"]);
    assert!(!text.contains("Corp123"));
}

#[test]
fn the_page_draws_lights_up_and_runs_nothing() {
    let (app, findings, troubles) = (app(), findings(), troubles());
    let page = html::Page { app: &app, findings: &findings, not_assessed: &troubles, cards: &[], name: EVIL };
    let text = shown(|out| html::scan(out, &page));
    for raw in ["<script", "Corp123", "src=\"", "href=\"http", "\u{1b}", "\u{202e}"] {
        assert!(!text.contains(raw), "{raw}");
    }
    assert!(text.contains("default-src 'none'"));
    assert_eq!(text.matches("<article ").count(), 2);
    // The function, the table it names, and an arrow between them; the finding lights its function.
    assert_eq!((text.matches("<g class=\"box").count(), text.matches("class=\"arrow\"").count()), (3, 1));
    assert!(text.contains("body:has(#f0:target) :is(#b1)"), "{text}");
    assert!(text.contains("password: &#39;********&#39;"), "{text}");
}
