//! Templates that belong together, and what CloudFormation does to a template before it is deployed: nested stacks, SSM
//! parameters, CDK's assemblies, loops, keys that stand twice, conditions that only the deployment decides.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::{App, Node, Resource};
use sekisho_read::{Options, application, reading};
use std::fs;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let full = root.path().join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, text).unwrap();
    }
    root
}

fn read(files: &[(&str, &str)]) -> App {
    application(folder(files).path(), &Options::default())
}

fn find<'a>(app: &'a App, id: &str) -> &'a Resource {
    app.resources().find(|resource| resource.id.to_string() == id).unwrap_or_else(|| {
        let all: Vec<String> = app.resources().map(|resource| resource.id.to_string()).collect();
        panic!("no {id} in {all:?}")
    })
}

fn text(app: &App, id: &str, path: &[&str]) -> String {
    find(app, id).properties.at(path).and_then(Node::scalar).unwrap_or_else(|| panic!("no {path:?} in {id}"))
}

const PARENT: &str = "Parameters: {Stage: {Type: String, Default: dev}}
Resources:
  Data: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: nested/data.yaml, Parameters: {Name: !Sub 'db-${Stage}'}}}
  More: {Type: 'AWS::Serverless::Application', Properties: {Location: ./nested/data.yaml, Parameters: {Name: more}}}
  F: {Type: Custom::F, Properties: {Table: !GetAtt Data.Outputs.Arn, Other: !GetAtt More.Outputs.Arn, No: !GetAtt Data.Outputs.Nothing}}
";
const CHILD: &str = "Parameters: {Name: {Type: String}}
Resources: {T: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: !Ref Name}}}
Outputs: {Arn: {Value: !GetAtt T.Arn}}
";

#[test]
fn nested_stacks_join() {
    for named in [false, true] {
        let root = folder(&[("main.yaml", PARENT), ("nested/data.yaml", CHILD)]);
        let path = if named { root.path().join("main.yaml") } else { root.path().to_owned() };
        let app = application(&path, &Options::default());
        assert_eq!(text(&app, "app-Data/T", &["TableName"]), "db-dev");
        assert_eq!(text(&app, "app-More/T", &["TableName"]), "more");
        assert_eq!(text(&app, "app/F", &["Table"]), find(&app, "app-Data/T").arn.clone().unwrap());
        assert!(text(&app, "app/F", &["Other"]).ends_with("table/more"));
        let said: Vec<&str> = app.troubles.iter().map(|trouble| trouble.says.as_str()).collect();
        assert_eq!(said, ["the nested stack Data has no output Nothing"]);
    }
}

#[test]
fn stacks_that_nest_themselves_end() {
    let own = "Resources: {A: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: a.yaml}}}\n";
    let (a, b) = (own.replace("a.yaml", "b.yaml"), own.to_owned());
    assert!(read(&[("a.yaml", own)]).resources().count() >= 1);
    assert!(read(&[("a.yaml", &a), ("b.yaml", &b)]).resources().count() < 100);
    let elsewhere = read(&[("a.yaml", &own.replace("a.yaml", "https://b.s3.amazonaws.com/x.yaml"))]);
    assert!(elsewhere.troubles[0].says.contains("elsewhere"), "{:?}", elsewhere.troubles);
}

#[test]
fn ssm_parameters_of_the_folder_are_known() {
    let defines = "Resources:\n  Vpc: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: 10.0.0.0/16}}\n  P: {Type: 'AWS::SSM::Parameter', Properties: {Name: /net/vpc, Type: String, Value: !Ref Vpc}}\n  L: {Type: 'AWS::SSM::Parameter', Properties: {Name: /net/subnets, Type: StringList, Value: 'a,b'}}\n";
    let reads = "Parameters:\n  V: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /net/vpc}\n  S: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /net/subnets}\nResources:\n  T: {Type: Custom::T, Properties: {A: !Ref V, B: '{{resolve:ssm:/net/vpc:1}}', C: !Join ['-', [x, '{{resolve:ssm:/net/subnets}}']], D: !Ref S, E: '{{resolve:ssm:/unheard}}', F: '{{resolve:ssm-secure:/net/vpc}}'}}\n";
    let app = read(&[("net.yaml", defines), ("use.yaml", reads)]);
    let vpc = find(&app, "net/Vpc").physical_id.clone();
    assert_eq!((text(&app, "use/T", &["A"]), text(&app, "use/T", &["B"])), (vpc.clone(), vpc));
    assert_eq!(text(&app, "use/T", &["C"]), "x-a,b");
    assert_eq!(find(&app, "use/T").properties.get("D").unwrap().json(), serde_json::json!(["a", "b"]));
    assert_eq!(text(&app, "use/T", &["E"]), "{{resolve:ssm:/unheard}}");
    assert_eq!(text(&app, "use/T", &["F"]), "{{resolve:ssm-secure:/net/vpc}}");
}

#[test]
fn loops_are_unrolled() {
    let template = "Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: 'alpha,be-ta'}}
Resources:
  'Fn::ForEach::Topics':
    - Name
    - !Ref Names
    - 'Topic&{Name}':
        Type: AWS::SNS::Topic
        Properties:
          TopicName: !Sub 'x-${Name}-${AWS::Region}'
          DisplayName: !Ref Name
          'Fn::ForEach::Tags': [Key, [p, q], {'Tag${Key}': '${Name}${Key}'}]
  'Fn::ForEach::Outer': [I, ['1', '2'], {'Fn::ForEach::Inner': [J, [a], {'Q${I}${J}': {Type: 'AWS::SQS::Queue'}}]}]
Outputs:
  'Fn::ForEach::Out': [Name, !Ref Names, {'Out&{Name}': {Value: !Ref 'Topic&{Name}'}}]
";
    let app = read(&[("template.yaml", template)]);
    assert_eq!(text(&app, "app/Topicbeta", &["TopicName"]), "x-be-ta-us-east-1");
    assert_eq!(text(&app, "app/Topicbeta", &["DisplayName"]), "be-ta");
    assert_eq!(text(&app, "app/Topicalpha", &["Tagq"]), "alphaq");
    assert_eq!((&*find(&app, "app/Q1a").kind, &*find(&app, "app/Q2a").kind), ("AWS::SQS::Queue", "AWS::SQS::Queue"));
    assert_eq!(app.outputs.len(), 2);
    assert!(app.troubles.is_empty(), "{:?}", app.troubles);
    let open = read(&[("template.yaml", &template.replace(", Default: 'alpha,be-ta'", ""))]);
    assert!(open.troubles.iter().any(|trouble| trouble.says.contains("Fn::ForEach::Topics is not understood")), "{:?}", open.troubles);
}

#[test]
fn assemblies_of_cdk_lead_to_their_code() {
    let manifest = r#"{"version":"36.0.0","artifacts":{"S":{"type":"aws:cloudformation:stack","properties":{"templateFile":"S.template.json","stackName":"prod-s","parameters":{"P":"given"}}},"T":{"type":"cdk:tree"}}}"#;
    let function = |more: &str| {
        format!(
            r#"{{"Type":"AWS::Lambda::Function","Properties":{{"Handler":"index.handler","Runtime":"nodejs20.x","Role":"r","Code":{{"S3Bucket":{{"Fn::Sub":"cdk-${{AWS::AccountId}}"}},"S3Key":"abc.zip"}}}}{more}}}"#
        )
    };
    let template = format!(
        r#"{{"Parameters":{{"P":{{"Type":"String"}}}},"Resources":{{"F":{},"G":{},"N":{{"Type":"AWS::CloudFormation::Stack","Properties":{{"TemplateURL":{{"Fn::Join":["",["https://s3.",{{"Ref":"AWS::URLSuffix"}},"/def.json"]]}},"Parameters":{{"V":{{"Ref":"P"}}}}}}}}}}}}"#,
        function(""),
        function(r#","Metadata":{"aws:asset:path":"asset.abc","aws:asset:property":"Code"}"#)
    );
    let nested =
        r#"{"Parameters":{"V":{"Type":"String"}},"Resources":{"Q":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Ref":"V"}}}}}"#;
    let assets = r#"{"version":"36.0.0","files":{"abc":{"source":{"path":"asset.abc","packaging":"zip"},"destinations":{"current":{"objectKey":"abc.zip"}}},"def":{"source":{"path":"SN.nested.template.json","packaging":"file"},"destinations":{"current":{"objectKey":"def.json"}}}}}"#;
    let app = read(&[
        ("cdk.out/manifest.json", manifest),
        ("cdk.out/S.template.json", &template),
        ("cdk.out/S.assets.json", assets),
        ("cdk.out/SN.nested.template.json", nested),
        ("cdk.out/asset.abc/index.js", "exports.handler = async () => ({})"),
    ]);
    for function in app.aws().functions.values() {
        assert_eq!(function.code.as_deref(), Some("cdk.out/asset.abc"), "{}", function.id);
    }
    assert_eq!(app.aws().functions.len(), 2);
    assert_eq!(text(&app, "prod-s-N/Q", &["QueueName"]), "given");
    assert!(app.troubles.is_empty(), "{:?}", app.troubles);
}

#[test]
fn a_key_that_stands_twice_is_named_and_the_last_counts() {
    let app = read(&[(
        "t.yaml",
        "Resources:\n  Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: a, QueueName: b}}\n  Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: c}}\n",
    )]);
    assert_eq!(app.resources().count(), 1);
    assert_eq!(text(&app, "t/Q", &["QueueName"]), "c");
    let said: Vec<String> = app.troubles.iter().map(|trouble| format!("{} at {}", trouble.says, trouble.place)).collect();
    assert_eq!(said, ["the key Q stands twice: t.yaml:2:3 is overwritten by this one at t.yaml:3:3"]);
    let json = r#"{"AWSTemplateFormatVersion":"2010-09-09","Resources":{"Q":{"Type":"AWS::SQS::Queue","Type":"AWS::SNS::Topic"}}}"#;
    let app = read(&[("t.json", json)]);
    assert_eq!(find(&app, "t/Q").kind, "AWS::SNS::Topic");
    assert_eq!(app.troubles.len(), 1);
}

#[test]
fn a_template_without_resources_is_named() {
    let app = read(&[
        ("t.yaml", "AWSTemplateFormatVersion: '2010-09-09'\nResource: {}\n"),
        ("u.yaml", "Resources: {B: {Type: 'AWS::S3::Bucket'}}\n"),
    ]);
    assert!(app.troubles.iter().any(|trouble| trouble.says.contains("has no Resources")), "{:?}", app.troubles);
}

#[test]
fn conditions_that_are_open_can_be_assumed() {
    let template = "Parameters: {Stage: {Type: String}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsTest: !Not [!Condition IsProd]
  Always: !Equals [a, a]
Resources:
  B: {Type: 'AWS::S3::Bucket', Condition: IsProd}
  Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !If [IsTest, t, p], DelaySeconds: !If [IsProd, 5, 5]}}
";
    let root = folder(&[("template.yaml", template)]);
    let open = application(root.path(), &Options::default()).undecided;
    let names: Vec<&str> = open.iter().map(|open| open.condition.as_str()).collect();
    assert_eq!(names, ["IsProd", "IsTest"]);
    assert!(open[0].why.contains("parameter Stage") && open[0].place.line == 3);
    let unknown = application(root.path(), &Options::default());
    assert_eq!(find(&unknown, "app/B").condition.as_deref(), Some("IsProd"));
    assert!(find(&unknown, "app/Q").properties.get("QueueName").unwrap().unknown().unwrap().why.contains("IsTest"));
    assert_eq!(text(&unknown, "app/Q", &["DelaySeconds"]), "5");
    for (holds, name, count) in [(true, "p", 2), (false, "t", 1)] {
        let mut options = Options::default();
        options.conditions.insert((None, "IsProd".to_owned()), holds);
        let app = application(root.path(), &options);
        assert_eq!((text(&app, "app/Q", &["QueueName"]).as_str(), app.resources().count()), (name, count));
        assert!(application(root.path(), &options).undecided.is_empty());
    }
}

#[test]
fn many_nested_conditions_take_time_in_proportion() {
    let depth = 24;
    let conditions: String = (0..depth)
        .map(|n| {
            format!("  C{}: !And [!Or [!Condition C{n}, !Equals [!Ref P{n}, x]], !Not [!And [!Condition C{n}, !Condition C{n}]]]\n", n + 1)
        })
        .collect();
    let parameters: String = (0..=depth).map(|n| format!("  P{n}: {{Type: String}}\n")).collect();
    let value = (0..depth).fold("v".to_owned(), |inner, n| format!("{{'Fn::If': [C{n}, {inner}, [{n}]]}}"));
    let template = format!(
        "Parameters:\n{parameters}Conditions:\n  C0: !Equals [!Ref P0, y]\n{conditions}Resources:\n  T: {{Type: Custom::T, Condition: C{depth}, Properties: {{V: {value}, W: {value}}}}}\n"
    );
    let app = read(&[("template.yaml", &template)]);
    assert!(find(&app, "app/T").properties.get("V").unwrap().unknown().is_some());
}

#[test]
fn bodies_come_from_local_files() {
    let openapi = "swagger: '2.0'\ninfo: {title: t, version: '1'}\npaths: {/a: {get: {responses: {}, x-amazon-apigateway-integration: {type: mock}}}}\n";
    let template = "Transform: AWS::Serverless-2016-10-31
Resources:
  A: {Type: 'AWS::Serverless::Api', Properties: {StageName: a, DefinitionUri: api.yaml}}
  B: {Type: 'AWS::Serverless::Api', Properties: {StageName: b, Cors: \"'*'\", DefinitionBody: {'Fn::Transform': {Name: 'AWS::Include', Parameters: {Location: api.yaml}}}}}
  C: {Type: 'AWS::ApiGateway::RestApi', Properties: {Body: {'Fn::Transform': {Name: 'AWS::Include', Parameters: {Location: ./api.yaml}}}}}
  D: {Type: 'AWS::Serverless::Api', Properties: {StageName: d, DefinitionUri: missing.yaml}}
";
    let app = read(&[("template.yaml", template), ("api.yaml", openapi)]);
    for id in ["app/A", "app/B", "app/C"] {
        let get = find(&app, id).properties.at(&["Body", "paths", "/a", "get"]).unwrap_or_else(|| panic!("{id}"));
        assert_eq!(get.place.to_string(), "api.yaml:3:19", "{id}");
    }
    assert!(find(&app, "app/B").properties.at(&["Body", "paths", "/a", "options"]).is_some());
    assert!(app.troubles.iter().any(|trouble| trouble.says.contains("missing.yaml could not be read")), "{:?}", app.troubles);
}

/// A branch is the application that a reading under the assumption gives, whatever ties its template has to others.
#[test]
fn a_branch_is_the_whole_reading_under_its_assumption() {
    let apart = "Parameters: {Stage: {Type: String}}
Conditions: {IsProd: !Equals [!Ref Stage, prod]}
Resources:
  B: {Type: 'AWS::S3::Bucket', Condition: IsProd}
  Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !If [IsProd, p, !Ref 'AWS::NoValue'], Tags: [{Key: a, Value: !Ref 'AWS::StackName'}]}}
Outputs:
  Name: {Value: !GetAtt Q.QueueName}
";
    let exports = format!("{apart}  Given: {{Value: !If [IsProd, yes, no], Export: {{Name: given}}}}\n");
    let imports = "Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !ImportValue given}}}\n";
    let stored = apart.replace(
        "Outputs:",
        "  S: {Type: 'AWS::SSM::Parameter', Properties: {Name: /n, Type: String, Value: !If [IsProd, a, b]}}\nOutputs:",
    );
    let reads = "Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: '{{resolve:ssm:/n}}'}}}\n";
    let parent = "Resources:
  Low: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: ./child.yaml, Parameters: {Stage: test}}}
  Open: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: ./child.yaml, Parameters: {Stage: !Ref Other}}}
Parameters: {Other: {Type: String}}
";
    let root = folder(&[
        ("a/template.yaml", apart),
        ("b/template.yaml", apart),
        ("c/template.yaml", &exports),
        ("d/template.yaml", imports),
        ("e/template.yaml", &stored),
        ("f/template.yaml", reads),
        ("g/parent.yaml", parent),
        ("g/child.yaml", apart),
    ]);
    let (read, reading) = reading(root.path(), &Options::default());
    let open = &read.undecided;
    let stacks: Vec<&str> = open.iter().map(|open| open.stack.as_str()).collect();
    assert_eq!(stacks.iter().filter(|stack| stack.starts_with("parent-")).count(), 1, "{stacks:?}");
    assert!(stacks.len() >= 5, "{stacks:?}");
    let made: Vec<_> = reading.branches(&read).collect();
    assert_eq!(made.len(), open.len() * 2);
    for (at, branch) in made.iter().enumerate() {
        let mut options = Options::default();
        options.conditions.insert((Some(open[at / 2].stack.clone()), branch.condition.clone()), branch.holds);
        let whole = application(root.path(), &options);
        assert!(branch.app.resources().eq(whole.resources()), "{} {}", open[at / 2].stack, branch.holds);
        assert_eq!(branch.app.outputs, whole.outputs);
        assert_eq!(format!("{:?}", branch.app.aws()), format!("{:?}", whole.aws()));
        assert_eq!((branch.app.version, &branch.app.account, &branch.app.partition), (whole.version, &whole.account, &whole.partition));
        assert!(!branch.app.resources().eq(read.resources()));
    }
}

/// What `aws iam get-account-authorization-details` says is read as the resources it speaks of, in its own account.
#[test]
fn an_account_s_details() {
    let details = r#"{
  "UserDetailList": [{"UserName": "ann", "Path": "/ops/", "Arn": "arn:aws:iam::111122223333:user/ops/ann", "GroupList": ["dev"],
    "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": "%7B%22Statement%22%3A%5B%5D%7D"}],
    "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/limit"}}],
  "GroupDetailList": [{"GroupName": "dev", "Path": "/", "AttachedManagedPolicies": [{"PolicyName": "r", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}],
  "RoleDetailList": [
    {"RoleName": "run", "Path": "/", "Arn": "arn:aws:iam::111122223333:role/run",
     "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}},
    {"RoleName": "AWSServiceRoleForX", "Path": "/aws-service-role/x.amazonaws.com/"},
    {"Path": "/"}],
  "Policies": [
    {"PolicyName": "limit", "Path": "/", "Arn": "arn:aws:iam::111122223333:policy/limit", "PolicyVersionList": [
      {"VersionId": "v1", "IsDefaultVersion": false, "Document": {"Statement": "old"}},
      {"VersionId": "v2", "IsDefaultVersion": true, "Document": {"Statement": "new"}}]},
    {"PolicyName": "ReadOnlyAccess", "Arn": "arn:aws:iam::aws:policy/ReadOnlyAccess", "PolicyVersionList": []}],
  "IsTruncated": true
}"#;
    let root = folder(&[("iam/details.json", details), ("other.json", &details.replace("111122223333", "444455556666"))]);
    let app = application(root.path(), &Options::default());
    assert_eq!(app.account, "111122223333");
    let names: Vec<String> = app.resources().map(|r| format!("{} {} {}", r.id, r.kind, r.arn.as_deref().unwrap_or("-"))).collect();
    assert_eq!(
        names,
        [
            "details/group/dev AWS::IAM::Group arn:aws:iam::111122223333:group/dev",
            "details/policy/limit AWS::IAM::ManagedPolicy arn:aws:iam::111122223333:policy/limit",
            "details/role/run AWS::IAM::Role arn:aws:iam::111122223333:role/run",
            "details/user/ann AWS::IAM::User arn:aws:iam::111122223333:user/ops/ann",
        ]
    );
    let ann = find(&app, "details/user/ann");
    assert_eq!(ann.place.to_string(), "iam/details.json:2:35");
    let policy = &ann.properties.get("Policies").unwrap().items()[0];
    assert_eq!(policy.get("PolicyDocument").unwrap().str(), Some(r#"{"Statement":[]}"#));
    assert_eq!(ann.properties.get("PermissionsBoundary").unwrap().str(), Some("arn:aws:iam::111122223333:policy/limit"));
    assert_eq!(find(&app, "details/policy/limit").properties.at(&["PolicyDocument", "Statement"]).unwrap().str(), Some("new"));
    let told = |says: &str| app.troubles.iter().any(|trouble| trouble.says.contains(says));
    assert!(
        told("one page of several") && told("has no name") && told("other.json holds the details of another account"),
        "{:?}",
        app.troubles
    );
    assert_eq!(app.observed.iter().map(|file| &**file).collect::<Vec<_>>(), ["iam/details.json"]);
}
