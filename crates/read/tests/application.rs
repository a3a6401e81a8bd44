//! Folders to applications: functions resolved, SAM expanded, stacks joined; and input that tries to do harm.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::{App, Files as _, Node, Resource};
use sekisho_read::{Folder, Options, application};
use std::fs;
use std::path::Path;

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

fn find<'a>(app: &'a App, logical: &str) -> &'a Resource {
    app.resources().find(|resource| &*resource.id.logical == logical).unwrap_or_else(|| panic!("no {logical}"))
}

fn property<'a>(app: &'a App, logical: &str, path: &[&str]) -> &'a Node {
    find(app, logical).properties.at(path).unwrap_or_else(|| panic!("no {path:?} in {logical}"))
}

#[test]
fn functions_of_templates() {
    let table = [
        ("!Sub '${AWS::StackName}-${P}-${!X}-${Q.Arn}'", r#""app-pv-${X}-arn:aws:sqs:us-east-1:123456789012:named""#),
        ("!Join ['-', [a, !Ref P, !Ref AWS::Region]]", r#""a-pv-us-east-1""#),
        ("!Select [1, !Split [',', 'x,y,z']]", r#""y""#),
        ("!Select [0, !GetAZs '']", r#""us-east-1a""#),
        ("!FindInMap [M, us-east-1, k]", r#""v""#),
        ("!If [IsYes, a, b]", r#""a""#),
        ("!If [IsNo, {x: 1}, [!Ref L]]", r#"[["p","q"]]"#),
        ("[a, !If [IsNo, b, !Ref AWS::NoValue]]", r#"["a"]"#),
        ("!Base64 hi", r#""aGk=""#),
        ("!Cidr [10.0.0.0/16, 2, 8]", r#"["10.0.0.0/24","10.0.1.0/24"]"#),
        ("!ImportValue 'shared'", r#""from another stack""#),
        ("Fn::GetAtt: Q.QueueName", r#""named""#),
        ("!Ref Q", r#""https://sqs.us-east-1.amazonaws.com/123456789012/named""#),
        ("'{{resolve:secretsmanager:x:SecretString:y}}'", r#""{{resolve:secretsmanager:x:SecretString:y}}""#),
    ];
    for (written, expected) in table {
        let value = if written.starts_with("Fn::") { format!("\n        {written}") } else { written.to_owned() };
        let template = format!(
            "Parameters:\n  P: {{Type: String, Default: pv}}\n  L: {{Type: CommaDelimitedList, Default: 'p, q'}}\nMappings: {{M: {{us-east-1: {{k: v}}}}}}\nConditions:\n  IsYes: !Equals [!Ref P, pv]\n  IsNo: !Not [!Condition IsYes]\nResources:\n  Q: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: named}}}}\n  T:\n    Type: Custom::T\n    Properties:\n      V: {value}\n"
        );
        let other = "Resources: {B: {Type: 'AWS::S3::Bucket'}}\nOutputs: {O: {Value: from another stack, Export: {Name: shared}}}\n";
        let app = read(&[("template.yaml", &template), ("other.yaml", other)]);
        assert_eq!(property(&app, "T", &["V"]).json().to_string(), expected, "{written}");
        assert!(app.troubles.is_empty(), "{written}: {:?}", app.troubles);
    }
}

#[test]
fn what_is_not_known_stays_unknown_and_says_why() {
    let template = "Parameters:\n  P: {Type: String}\n  S: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /x}\nConditions:\n  C: !Equals [!Ref P, x]\n  D: !And [!Condition C, !Equals [a, b]]\n  E: !Or [!Condition C, !Equals [a, a]]\nResources:\n  T:\n    Type: Custom::T\n    Condition: C\n    Properties:\n      A: !Sub 'arn:aws:s3:::${P}/x'\n      B: !If [C, 1, 2]\n      C: !Ref S\n      D: !If [D, 1, 2]\n      E: !If [E, 1, 2]\n      F: !GetAtt T.Unheard\n      G: !ImportValue nowhere\n      H: !Join ['/', [a, !Ref P, b]]\n";
    let app = read(&[("template.yaml", template)]);
    let table = [
        ("A", "parameter P has no default", Some("arn:aws:s3:::*/x")),
        ("B", "condition C is not known", None),
        ("C", "SSM parameter store", None),
        ("F", "known only once it is deployed", None),
        ("G", "not in the templates read", None),
        ("H", "parameter P", Some("a/*/b")),
    ];
    for (key, why, pattern) in table {
        let unknown = property(&app, "T", &[key]).unknown().unwrap_or_else(|| panic!("{key} is known"));
        assert!(unknown.why.contains(why), "{key}: {}", unknown.why);
        assert_eq!(unknown.pattern.as_deref(), pattern, "{key}");
    }
    assert_eq!(property(&app, "T", &["D"]).scalar().as_deref(), Some("2"));
    assert_eq!(property(&app, "T", &["E"]).scalar().as_deref(), Some("1"));
    assert_eq!(find(&app, "T").condition.as_deref(), Some("C"));
    assert!(app.troubles.iter().any(|trouble| trouble.says.contains("nowhere") && trouble.place.to_string() == "template.yaml:19:10"));
}

const SAM: &str = "Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: nodejs20.x
    Environment: {Variables: {A: '1'}}
Resources:
  Table:
    Type: AWS::Serverless::SimpleTable
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: dev
      Cors: \"'*'\"
      Auth:
        DefaultAuthorizer: Pool
        AddDefaultAuthorizerToCorsPreflight: false
        Authorizers:
          Pool: {UserPoolArn: !GetAtt Users.Arn}
  Users:
    Type: AWS::Cognito::UserPool
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: index.handler
      Environment: {Variables: {B: !Ref Table}}
      Policies:
        - DynamoDBReadPolicy: {TableName: !Ref Table}
        - AdministratorAccess
        - Statement: {Effect: Allow, Action: 's3:*', Resource: '*'}
      Events:
        Get: {Type: Api, Properties: {Path: '/a/{id}', Method: get, RestApiId: !Ref Api}}
        Open: {Type: Api, Properties: {Path: /open, Method: any, RestApiId: !Ref Api, Auth: {Authorizer: NONE}}}
        Own: {Type: Api, Properties: {Path: /own, Method: post}}
";

#[test]
fn sam_expands_as_the_transform_does() {
    let app = read(&[("template.yaml", SAM), ("src/index.js", "exports.handler = async () => ({})")]);
    let names: Vec<&str> = app.resources().map(|resource| &*resource.id.logical).filter(|name| !name.contains("Deployment")).collect();
    assert_eq!(
        names,
        [
            "Api",
            "ApidevStage",
            "F",
            "FGetPermissiondev",
            "FOpenPermissiondev",
            "FOwnPermissionProd",
            "FRole",
            "ServerlessRestApi",
            "ServerlessRestApiProdStage",
            "Table",
            "Users"
        ]
    );
    let function = app.aws().functions.values().next().unwrap();
    assert_eq!((function.code.as_deref(), function.runtime.as_str(), function.environment.len()), (Some("src"), "nodejs20.x", 2));
    let role = find(&app, "FRole");
    assert_eq!(function.role_arn, role.arn);
    assert_eq!(&*role.generated_from.as_ref().unwrap().logical, "F");
    let policies = role.properties.get("Policies").unwrap();
    assert_eq!(policies.items().len(), 2);
    let table = find(&app, "Table").arn.clone().unwrap();
    let granted = policies.items()[0].at(&["PolicyDocument", "Statement"]).unwrap().items()[0].get("Resource").unwrap().json();
    assert_eq!(granted, serde_json::json!([table, format!("{table}/index/*")]));
    assert_eq!(policies.items()[0].get("PolicyDocument").unwrap().place.to_string(), "template.yaml:28:11");
    assert!(
        role.properties
            .get("ManagedPolicyArns")
            .unwrap()
            .items()
            .iter()
            .any(|arn| arn.str() == Some("arn:aws:iam::aws:policy/AdministratorAccess"))
    );
    let paths = property(&app, "Api", &["Body", "paths"]);
    let security = |path: &str, method: &str| paths.at(&[path, method, "security"]).map(Node::json);
    assert_eq!(security("/a/{id}", "get"), Some(serde_json::json!([{"Pool": []}])));
    assert_eq!(security("/a/{id}", "options"), None);
    assert_eq!(security("/open", "x-amazon-apigateway-any-method"), Some(serde_json::json!([{"NONE": []}])));
    assert!(property(&app, "FGetPermissiondev", &["SourceArn"]).str().unwrap().ends_with("/*/GET/a/*"));
    assert!(app.troubles.is_empty(), "{:?}", app.troubles);
}

#[test]
fn two_readings_give_the_same_and_the_root_does_not_matter() {
    let files = [("template.yaml", SAM), ("src/index.js", "exports.handler = 1")];
    let (one, two) = (read(&files), read(&files));
    assert!(one.resources().eq(two.resources()));
}

#[test]
fn the_stack_whose_exports_are_imported_gets_the_name_that_fits() {
    let exporter = "Resources:\n  V: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: 10.0.0.0/16}}\nOutputs:\n  V: {Value: !Ref V, Export: {Name: !Sub '${AWS::StackName}-Vpc'}}\n";
    let importer = "Parameters: {Network: {Type: String, Default: Shared-Net}}\nResources:\n  G: {Type: 'AWS::EC2::SecurityGroup', Properties: {VpcId: {'Fn::ImportValue': !Sub '${Network}-Vpc'}}}\n";
    let app = read(&[("a.yaml", importer), ("net.yaml", exporter)]);
    assert_eq!(&*find(&app, "V").id.stack, "Shared-Net");
    assert_eq!(property(&app, "G", &["VpcId"]).str(), Some(find(&app, "V").physical_id.as_str()));
}

#[test]
fn given_names_and_parameters_win() {
    let root = folder(&[(
        "t.yaml",
        "Parameters: {P: {Type: String, NoEcho: true}}\nResources: {T: {Type: Custom::T, Properties: {V: !Sub '${AWS::StackName}/${P}'}}}\n",
    )]);
    let mut options = Options::default();
    options.stacks.insert("t.yaml".to_owned(), "mine".to_owned());
    options.parameters.insert((Some("mine".to_owned()), "P".to_owned()), "given".to_owned());
    let app = application(&root.path().join("t.yaml"), &options);
    assert_eq!(property(&app, "T", &["V"]).str(), Some("mine/given"));
}

#[test]
fn bad_input_is_a_trouble_with_its_place_and_the_rest_goes_on() {
    let good = "Resources: {B: {Type: 'AWS::S3::Bucket'}}\n";
    let function = |code: &str| {
        format!(
            "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {{CodeUri: {code}, Handler: a.b, Runtime: nodejs20.x}}\n"
        )
    };
    let conditions: String = (0..3000).map(|n| format!("  C{}: !And [!Condition C{n}, !Condition C{n}]\n", n + 1)).collect();
    let bomb = format!("Conditions:\n  C0: !Equals [a, a]\n{conditions}Resources:\n  T: {{Type: Custom::T, Condition: C3000}}\n");
    let subs = (0..60).fold("x".to_owned(), |inner, _| format!("{{'Fn::Sub': ['${{a}}${{a}}', {{a: {inner}}}]}}"));
    let doubled = format!("Resources: {{T: {{Type: Custom::T, Properties: {{V: {subs}}}}}}}\n");
    let table: Vec<(String, &str, &str)> = vec![
        ("Resources: {A: [\n".to_owned() + "AWSTemplateFormatVersion", "not valid YAML", "bad.yaml:"),
        (function("../../etc"), "leads outside", "bad.yaml:4:27"),
        (function("/etc"), "leads outside", "bad.yaml:4:27"),
        (function("missing/"), "does not exist", "bad.yaml:4:27"),
        (function("link/"), "does not exist", "bad.yaml:4:27"),
        (bomb, "nested too deeply", "bad.yaml:"),
        (doubled, "", ""),
        (
            "Resources:\n  A: {Properties: {}}\n  B: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Ref B}}\n".to_owned(),
            "has no Type",
            "bad.yaml:2:3",
        ),
        (
            "Resources: {A: {Type: 'AWS::SNS::Topic', Properties: {TopicName: !Ref Nobody}}}\n".to_owned(),
            "neither a parameter nor a resource",
            "bad.yaml:1:66",
        ),
    ];
    for (bad, says, at) in table {
        let root = folder(&[("bad.yaml", &bad), ("good.yaml", good)]);
        std::os::unix::fs::symlink("/etc", root.path().join("link")).unwrap();
        let app = application(root.path(), &Options::default());
        let shown: String = bad.chars().take(80).collect();
        assert!(app.resources().any(|resource| &*resource.id.logical == "B"), "{shown}");
        assert!(
            says.is_empty() || app.troubles.iter().any(|t| t.says.contains(says) && t.place.to_string().starts_with(at)),
            "{shown}: {:?}",
            app.troubles
        );
    }
    let root = folder(&[("good.yaml", good)]);
    fs::write(root.path().join("template.yaml"), [0u8, 159, 146, 150, 0, 1]).unwrap();
    let app = application(root.path(), &Options::default());
    assert_eq!(app.troubles.len(), 1);
    assert!(app.troubles[0].says.contains("not UTF-8"));
    assert_eq!(application(Path::new("/no/such/folder"), &Options::default()).troubles.len(), 1);
}

#[test]
fn a_template_of_megabytes_is_read() {
    let queues: String = (0..20_000)
        .map(|n| {
            format!(
                "  Queue{n}:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: name-of-the-queue-{n}\n      DelaySeconds: 5\n"
            )
        })
        .collect();
    let app = read(&[("template.yaml", &format!("Resources:\n{queues}"))]);
    assert_eq!(app.resources().count(), 20_000);
}

#[test]
fn the_opener_stays_below_its_root() {
    let root = folder(&[("a/b.txt", "x"), ("node_modules/c.js", "y"), (".git/d", "z")]);
    std::os::unix::fs::symlink("/etc/passwd", root.path().join("a/passwd")).unwrap();
    std::os::unix::fs::symlink("/etc", root.path().join("etc")).unwrap();
    let files = Folder::new(root.path());
    assert_eq!(files.list("").unwrap(), ["a/b.txt"]);
    assert_eq!(files.read("a/b.txt").unwrap(), b"x");
    for bad in ["../x", "/etc/passwd", "a/passwd", "etc/passwd", "a", "a/../../x", "nothing"] {
        assert!(files.read(bad).is_err(), "{bad}");
    }
}
