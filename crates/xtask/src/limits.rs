//! The times of a scan beside the limits that the product promises, in the same run: of one template, started cold; of a template
//! whose conditions are nested deeply; and of an application that is named. CPU time, as in [`crate::peer`].

use crate::peer::{Cost, release, runs};
use std::fmt::Write as _;
use std::path::Path;

/// One template, from the start of the program to its end.
const COLD: f64 = 0.040;
/// A template of nested conditions that are all open.
const NESTED: f64 = 1.0;
/// A whole application with its code.
const APPLICATION: f64 = 0.3;
/// Conditions that are nested in the second.
const DEPTH: usize = 24;

/// Measures each beside its limit.
///
/// # Errors
/// When the release build is missing, ends with an error, or a folder for the templates cannot be made.
pub fn measure(application: Option<&Path>) -> Result<String, String> {
    let folder = std::env::temp_dir().join(format!("sekisho-limits-{}", std::process::id()));
    let text = |error: std::io::Error| format!("{}: {error}", folder.display());
    let made = [("one", one()), ("nested", nested())];
    for (name, template) in &made {
        std::fs::create_dir_all(folder.join(name)).map_err(text)?;
        std::fs::write(folder.join(name).join("template.yaml"), template).map_err(text)?;
    }
    let measured = (|| {
        let mut out = line("one template, cold", &runs(release(&folder.join("one"))?, 20)?, COLD);
        out.push_str(&line(&format!("{DEPTH} nested open conditions"), &runs(release(&folder.join("nested"))?, 5)?, NESTED));
        if let Some(application) = application {
            out.push_str(&line(&application.display().to_string(), &runs(release(application)?, 10)?, APPLICATION));
        }
        Ok(out)
    })();
    std::fs::remove_dir_all(&folder).map_err(text)?;
    measured
}

fn line(what: &str, cost: &Cost, limit: f64) -> String {
    let held = if cost.seconds <= limit { "held" } else { "NOT HELD" };
    format!("{:7.1} CPU ms of {:6.0}  {:6.1} MiB  {held:8}  {what}\n", cost.seconds * 1e3, limit * 1e3, cost.mebibytes)
}

/// A function with a table and a route.
fn one() -> String {
    "AWSTemplateFormatVersion: '2010-09-09'\nTransform: AWS::Serverless-2016-10-31\nResources:\n  Orders:\n    Type: AWS::Serverless::SimpleTable\n  \
     Api:\n    Type: AWS::Serverless::Api\n    Properties: {StageName: live}\n  Function:\n    Type: AWS::Serverless::Function\n    \
     Properties:\n      Runtime: nodejs22.x\n      Handler: index.handler\n      CodeUri: .\n      Policies:\n        \
     - DynamoDBCrudPolicy: {TableName: !Ref Orders}\n      Events:\n        All:\n          Type: Api\n          \
     Properties: {RestApiId: !Ref Api, Path: /orders, Method: post}\n"
        .to_owned()
}

/// Conditions each of which needs the one before, and values that hang on all of them.
fn nested() -> String {
    let mut text = "AWSTemplateFormatVersion: '2010-09-09'\nParameters:\n".to_owned();
    let mut add = |line: String| {
        let _ = writeln!(text, "{line}");
    };
    (0..DEPTH).for_each(|at| add(format!("  P{at}: {{Type: String}}")));
    add("Conditions:\n  C0: !Equals [!Ref P0, 'yes']".into());
    (1..DEPTH).for_each(|at| add(format!("  C{at}: !And [!Condition C{}, !Or [!Condition C{0}, !Equals [!Ref P{at}, 'yes']]]", at - 1)));
    add("Resources:".into());
    for at in 0..DEPTH {
        let value = (0..DEPTH).rev().fold("none".to_owned(), |inner, at| format!("{{'Fn::If': [C{at}, !Ref P{at}, {inner}]}}"));
        add(format!("  Bucket{at}:\n    Type: AWS::S3::Bucket\n    Condition: C{at}\n    Properties:\n      BucketName: {value}"));
    }
    text
}
