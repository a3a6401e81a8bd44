//! Guard rules on templates: what fails is found at its line, SAM's own resources and those it stands for alike.
#![cfg(feature = "guard")]
#![allow(clippy::unwrap_used)]

use sekisho_rules::{Judged, RuleFile, check, judge};
use std::fs;

const TEMPLATE: &str = "Transform: AWS::Serverless-2016-10-31
Parameters:
  Insight: {Type: String}
Resources:
  Handle:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: 'exports.handler = async () => 1;'
      MemorySize: 4096
  Plain:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      Role: arn:aws:iam::123456789012:role/r
      Code: {ZipFile: 'exports.handler = async () => 1;'}
      MemorySize: 2048
  Store:
    Type: AWS::S3::Bucket
    Properties:
      Tags:
        - {Key: team, Value: a}
        - {Key: stage, Value: !Ref Insight}
";

const RULES: &str = "let functions = Resources.*[ Type == 'AWS::Lambda::Function' ]
rule SMALL when %functions !empty {
  %functions.Properties.MemorySize <= 1024
  <<
    Violation: functions are small
    Fix: set MemorySize to 1024 or less
  >>
}
rule IN_VPC when %functions !empty {
  %functions.Properties.VpcConfig.SubnetIds !empty
}
rule SERVERLESS_TRACED {
  Resources.*[ Type == 'AWS::Serverless::Function' ].Properties.Tracing == 'Active'
}
rule TEAM_A {
  Resources.*[ Type == 'AWS::S3::Bucket' ].Properties.Tags[ Key == 'team' ].Value == 'b'
}
rule NO_QUEUE {
  Resources.*[ Type == 'AWS::SQS::Queue' ] empty
}
";

fn judged(template: &str, rules: &str) -> Judged {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("template.yaml"), template).unwrap();
    let app = read::application(folder.path(), &read::Options::default());
    judge(&app, &[RuleFile { name: "own.guard".to_owned(), text: rules.to_owned() }])
}

#[test]
fn at_the_lines_of_the_template() {
    let judged = judged(TEMPLATE, RULES);
    assert_eq!(judged.not_assessed, []);
    assert_eq!(judged.rules.len(), 5);
    let mut found: Vec<_> =
        judged.findings.iter().map(|f| (f.risk, f.resource.rsplit('/').next().unwrap(), f.place.line, f.title.as_str())).collect();
    found.sort_unstable();
    let small = "functions are small";
    assert_eq!(
        found,
        [
            ("guard:IN_VPC", "Handle", 5, "the rule IN_VPC does not hold: `VpcConfig.SubnetIds` is missing"),
            ("guard:IN_VPC", "Plain", 14, "the rule IN_VPC does not hold: `VpcConfig.SubnetIds` is missing"),
            ("guard:SERVERLESS_TRACED", "Handle", 7, "the rule SERVERLESS_TRACED does not hold: `Tracing` is missing"),
            ("guard:SMALL", "Handle", 11, small),
            ("guard:SMALL", "Plain", 19, small),
            ("guard:TEAM_A", "Store", 24, "the rule TEAM_A does not hold: `Value` is not as the rule wants it (==)"),
        ]
    );
    assert!(judged.findings.iter().any(|f| f.path.iter().any(|step| step.says.contains("Fix: set MemorySize"))));
}

#[test]
fn what_cannot_be_read_is_said_at_its_line() {
    let file = |text: &str| RuleFile { name: "own.guard".to_owned(), text: text.to_owned() };
    assert_eq!(check(&file(RULES)), Ok(()));
    let trouble = check(&file("rule A {\n  Resources exists\n}\nrule B {\n  Resources ===\n}\n")).unwrap_err();
    assert_eq!((&*trouble.place.file, trouble.place.line), ("own.guard", 5), "{trouble:?}");
}
