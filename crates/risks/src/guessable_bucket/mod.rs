//! A bucket whose name can be guessed.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Kind, Severity};
use serde_json::json;

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "guessable-bucket";

/// Words that lists of bucket names are made with.
const WORDS: [&str; 16] = [
    "dev",
    "devel",
    "stg",
    "staging",
    "stage",
    "test",
    "testing",
    "qa",
    "uat",
    "prod",
    "production",
    "backup",
    "backups",
    "assets",
    "data",
    "logs",
];

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::S3::Bucket"], |bucket| {
        let node = bucket.properties.get("BucketName")?;
        let name = node.scalar()?;
        // Twelve digits of an account, or a part that no list holds, make a name that must be known.
        let long = |part: &str| part.len() >= 8 && part.chars().any(|c| c.is_ascii_digit()) && part.chars().any(char::is_alphabetic);
        let known = name.contains(&app.account) || name.split(['-', '.']).any(long);
        let word = name.split(['-', '.', '_']).find(|part| WORDS.contains(part));
        let title = format!("{name} can be guessed from lists of names with {}", word.unwrap_or_default());
        let edit = model::Edit::Value {
            place: node.place.clone(),
            operation: model::Operation::Set(json!({"Fn::Sub": format!("{name}-${{AWS::AccountId}}")})),
        };
        let literal = matches!(node.kind, Kind::String(_));
        let then = "a bucket with another name is another bucket: copy what it holds";
        let fix = setting::fix_then("put the account's number into the name", [literal.then_some(edit)], then);
        (!known && word.is_some()).then(|| (Told::Wrong(node.place.clone()), title, fix))
    })
}
