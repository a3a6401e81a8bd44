//! Every risk page is its test: the vulnerable blocks are found on the marked line, the fix makes the fixed blocks
//! of them, the attack passes the gate before and not after, and the detections fire on the evidence alone. With
//! `UPDATE=1` the fixed blocks are written instead of compared.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use model::state::{AuthorizerAnswer, IssuedKey, Usage};
use model::{Answer, ApiCall, App, Ask, Call, Credential, Finding, Foothold, HttpRequest, Identity, Invoke, State, Time, Verdict};
use risks::{Block, Page, Proved, Risk};
use std::fs;
use std::path::Path;

/// What marks the line of a finding.
const MARKS: [&str; 2] = [" # found", " // found"];

struct Nothing;

impl State for Nothing {
    fn key(&self, _: &str) -> Option<IssuedKey> {
        None
    }
    fn authorizer_answer(&self, _: &str) -> Option<AuthorizerAnswer> {
        None
    }
    fn usage(&self, _: &str, _: &str) -> Usage {
        Usage::default()
    }
    fn jwks(&self, _: &str) -> Option<serde_json::Value> {
        None
    }
}

fn unmarked(text: &str) -> String {
    MARKS.iter().fold(text.to_owned(), |text, mark| text.replace(mark, ""))
}

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn findings(app: &App, risk: &Risk) -> Vec<Finding> {
    scan::scan(app).findings.into_iter().filter(|finding| finding.risk == risk.slug).collect()
}

#[test]
fn every_page_proves_itself() {
    // Every page that is wrong is named, not the first alone.
    let wrong: Vec<&str> =
        risks::all().iter().filter(|risk| std::panic::catch_unwind(|| proves_itself(risk)).is_err()).map(|r| r.slug).collect();
    assert_eq!(wrong, Vec::<&str>::new());
}

fn proves_itself(risk: &Risk) {
    let page = Page::read(risk.page).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = found_and_fixed(risk, &page, folder.path());
    // What the closed list of reasons does not excuse must be there.
    let proofs = [
        (Proved::Exploited, page.role("attack").count()),
        (Proved::Blocked, page.role("fixed").count()),
        (Proved::Detected, page.role("evidence").count()),
    ];
    for (proof, blocks) in proofs {
        // These need a database; their attacks are made in wild_rydes.rs. A page with traffic, or of an attack
        // from another account, is run in attacks.rs. An attack that
        // is not written says so in the ledger, and claims nothing.
        let outside = risk.attack.as_ref().is_ok_and(|attack| attack.foothold == Foothold::OtherAccount);
        let running = ["hard-coded-credential", "sql-injection"].contains(&risk.slug) || page.role("traffic").next().is_some() || outside;
        let running = proof == Proved::Exploited && (running || risk.attack.is_err());
        assert!(blocks > 0 || running || risk.without(proof).is_some(), "{}: neither {proof:?} nor a reason", risk.slug);
    }
    for block in page.role("attack") {
        assert!(asks(&before, block).passes(), "{}: the attack `{}` does not pass before the fix", risk.slug, block.text.trim());
        let verdict = asks(&after, block);
        assert!(
            matches!(verdict.answer, Answer::Stop(_) | Answer::Needs(_)),
            "{}: the attack passes after the fix: {verdict:?}",
            risk.slug
        );
    }
    for block in page.role("needed") {
        let verdict = asks(&after, block);
        assert!(verdict.passes(), "{}: what is needed is denied after the fix: {verdict:?}", risk.slug);
    }
    let unseen = risk.without(Proved::Detected).is_some();
    assert_eq!(alerts(risk, &page, "evidence").is_empty(), unseen, "{}: no detection fires on the evidence", risk.slug);
    assert_eq!(alerts(risk, &page, "silent"), Vec::<String>::new(), "{}: a detection fires on what is harmless", risk.slug);
}

/// The application before and after the fix.
fn found_and_fixed(risk: &Risk, page: &Page<'_>, root: &Path) -> (App, App) {
    let slug = risk.slug;
    for block in page.role("vulnerable") {
        // The mark stays in the file as a comment, so that lines agree with the page.
        write(root, block.file.unwrap_or("template.yaml"), block.text);
    }
    let before = read::application(root, &read::Options::default());
    let found = findings(&before, risk);
    let mut expected: Vec<(String, u32)> = Vec::new();
    for block in page.role("vulnerable") {
        let marked = block.text.lines().enumerate().filter(|(_, line)| MARKS.iter().any(|mark| line.ends_with(mark)));
        expected.extend(marked.map(|(index, _)| (block.file.unwrap_or("template.yaml").to_owned(), index as u32 + 1)));
    }
    let places: Vec<(String, u32)> = found.iter().map(|finding| (finding.place.file.to_string(), finding.place.line)).collect();
    assert_eq!(places, expected, "{slug}: found elsewhere than marked; troubles: {:?}", before.troubles);

    if risk.without(Proved::Blocked).is_some() {
        assert!(found.iter().all(|finding| finding.fix.is_none()), "{slug}: a fix, and a reason for none");
        for block in page.role("fixed") {
            write(root, block.file.unwrap_or("template.yaml"), block.text);
        }
        if page.role("fixed").next().is_some() {
            let mended = read::application(root, &read::Options::default());
            assert_eq!(findings(&mended, risk), [], "{slug}: still found after the fix by hand");
        }
        return (before.clone(), before);
    }
    let fixes: Vec<&model::Fix> = found.iter().map(|finding| finding.fix.as_ref().unwrap_or_else(|| panic!("{slug}: no fix"))).collect();
    let changed = edit::apply(&|file| fs::read_to_string(root.join(file)).ok(), &fixes).unwrap();
    edit::write(root, &changed).unwrap();
    for block in page.role("fixed") {
        let text = fs::read_to_string(root.join(block.file.unwrap_or("template.yaml"))).unwrap();
        if std::env::var_os("UPDATE").is_some() {
            update(slug, block.text, &unmarked(&text));
            continue;
        }
        assert_eq!(unmarked(&text), block.text, "{slug}: the fix makes something else of {:?}", block.file);
    }
    let after = read::application(root, &read::Options::default());
    assert_eq!(findings(&after, risk), [], "{slug}: still found after the fix");
    (before, after)
}

/// Puts what the fix makes into the page's block; for the author to read before it is kept.
fn update(slug: &str, was: &str, is: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../risks/src").join(slug.replace('-', "_")).join("risk.md");
    let (head, tail) = {
        let text = fs::read_to_string(&page).unwrap();
        let at = text.find(" fixed ").unwrap();
        (text[..at].to_owned(), text[at..].replacen(was, is, 1))
    };
    fs::write(&page, head + &tail).unwrap();
}

/// Asks the gate what an attack block asks.
fn asks(app: &App, block: &Block<'_>) -> Verdict {
    let (credential, ask) = match block.language {
        "http" => invoke(app, block.text.trim()),
        "aws" => api(app, block.text.trim()),
        other => panic!("attack in {other}"),
    };
    let call = Call { id: "1".into(), time: Time(1_795_355_053_000), source_ip: "203.0.113.9".into(), tls: true, credential, ask };
    gate::decide(app, &call, &Nothing)
}

fn invoke(app: &App, line: &str) -> (Credential, Ask) {
    let (method, path) = line.split_once(' ').unwrap();
    let api = app.aws().rest_apis.first().unwrap();
    let request = HttpRequest { method: method.into(), path: path.into(), ..HttpRequest::default() };
    let stage = api.stages.first().unwrap().name.clone();
    (Credential::None, Ask::Invoke(Invoke { api: api.id.clone(), stage, request, beyond: 0 }))
}

/// `WHO ACTION RESOURCE`, where WHO is a function, `account:999988887777` for the root user of an account, or
/// `service:sns.amazonaws.com:ARN` for a service that acts for a resource.
fn api(app: &App, line: &str) -> (Credential, Ask) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let by_logical = |logical: &str| app.resources().find(|resource| &*resource.id.logical == logical).unwrap();
    let identity = match words[0].split_once(':') {
        Some(("account", account)) => Identity::Root { account: account.into() },
        Some(("service", rest)) => {
            let (name, arn) = rest.split_once(':').unwrap();
            Identity::Service { name: name.into(), source_arn: Some(arn.into()), source_account: arn.split(':').nth(4).map(str::to_owned) }
        }
        _ => {
            let function = &app.aws().functions[&by_logical(words[0]).id];
            Identity::AssumedRole {
                role_arn: function.role_arn.clone().unwrap(),
                session_name: function.name.clone(),
                issued_to: Some(function.arn.clone()),
                session: model::Session::default(),
            }
        }
    };
    let call = ApiCall {
        action: words[1].into(),
        resource: by_logical(words[2]).arn.clone().unwrap(),
        resource_account: app.account.clone(),
        ..ApiCall::default()
    };
    (Credential::Proved(identity), Ask::Api(call))
}

/// Names of the rules that fire on the blocks with a role.
fn alerts(risk: &Risk, page: &Page<'_>, role: &'static str) -> Vec<String> {
    let logs = tempfile::tempdir().unwrap();
    for (index, block) in page.role(role).enumerate() {
        write(logs.path(), &format!("{index}.log"), block.text);
    }
    let mut rules = investigate::Rules::new();
    for (file, text) in risk.detections {
        rules.add(file, text, Some(risk.slug));
    }
    let mut events = read::log::open(&[logs.path().to_owned()], read::log::Limits::default());
    let report = investigate::run(&mut events, &rules);
    assert_eq!(events.troubles(), [], "{}: a log line is not understood", risk.slug);
    report.alerts.into_iter().map(|alert| alert.rule).collect()
}
