//! Rules that AWS documents, each with the title of the document beside it (`data/documented.json`, in the shape that
//! `sekisho iam decide` reads).
#![allow(clippy::unwrap_used)]

use sekisho_iam::cases;

#[test]
fn every_documented_rule() {
    let text = include_str!("data/documented.json");
    let cases = cases::read("documented.json", text).unwrap();
    assert!(cases.len() >= 170, "{}", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let outcome = case.decide().outcome.name();
            (Some(outcome) != case.expected.as_deref()).then(|| format!("{}: {outcome}, not {:?}", case.name, case.expected))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_names_its_document() {
    let cases: serde_json::Value = serde_json::from_str(include_str!("data/documented.json")).unwrap();
    assert!(cases.as_array().unwrap().iter().all(|case| case["document"].as_str().is_some_and(|title| title.len() > 10)));
}

#[test]
fn a_denial_names_its_statement_and_place() {
    let text = include_str!("data/documented.json");
    for case in cases::read("documented.json", text).unwrap() {
        let decision = case.decide();
        match case.expected.as_deref() {
            Some("ExplicitlyDenied") => assert!(decision.matched.iter().all(|m| m.statement.place.line > 1), "{}", case.name),
            Some("ImplicitlyDenied") => assert!(!decision.lacking.is_empty(), "{}", case.name),
            Some("Depends") => assert!(!decision.residual.is_empty(), "{}", case.name),
            _ => {}
        }
    }
}
