//! The risks that ask the IAM engine: several forms in which each stands, and well-built twins on which it is silent.
use crate::support::saw;
use std::fs;
use std::path::Path;

crate::tests!(
    privilege_escalation,
    an_account_without_templates,
    a_role_is_passed_to_the_schedule_it_was_made_for,
    over_privileged_role,
    unused_grants_where_code_is_injected,
    managed_policies,
    shared_role,
    public_resource_policy,
    a_function_url_is_one_finding,
    cross_account_access,
    confused_deputy
);

const TRUST: &str =
    "{Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}";

/// Titles of the findings of one risk in a template.
fn found(risk: &str, name: &str, template: &str) -> Vec<String> {
    findings(risk, name, template).into_iter().map(|finding| finding.title).collect()
}

fn findings(risk: &str, name: &str, template: &str) -> Vec<model::Finding> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{risk}-{name}"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("template.yaml"), template).unwrap();
    let app = read::application(&folder, &read::Options::default());
    assert_eq!(app.troubles.iter().filter(|t| !t.says.contains("code")).count(), 0, "{:?}", app.troubles);
    let findings = sekisho_scan::scan(&app).findings.into_iter().filter(|finding| finding.risk == risk);
    findings.inspect(|finding| saw(finding.risk, &template)).collect()
}

/// A function with a role of these statements (flow mappings) and more resources.
fn function(statements: &str, more: &str) -> String {
    format!(
        "Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: own
      AssumeRolePolicyDocument: {TRUST}
      Policies: [{{PolicyName: p, PolicyDocument: {{Version: '2012-10-17', Statement: [{statements}]}}}}]
  Handle:
    Type: AWS::Lambda::Function
    Properties: {{FunctionName: handle, Runtime: nodejs20.x, Handler: index.handler, Role: !GetAtt Role.Arn, Code: {{ZipFile: 'exports.handler = async () => 1'}}}}
{more}"
    )
}

fn queue(statement: &str) -> String {
    format!(
        "Resources:
  Orders: {{Type: AWS::SQS::Queue}}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Orders]
      PolicyDocument: {{Version: '2012-10-17', Statement: [{statement}]}}
"
    )
}

fn bucket(block: &str, statement: &str) -> String {
    format!(
        "Resources:
  Files:
    Type: AWS::S3::Bucket
    Properties: {{BucketName: some-files{block}}}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Files
      PolicyDocument: {{Version: '2012-10-17', Statement: [{statement}]}}
"
    )
}

fn permission(rest: &str) -> String {
    let permission = format!(
        "  Permission:\n    Type: AWS::Lambda::Permission\n    Properties: {{Action: lambda:InvokeFunction, FunctionName: !GetAtt Handle.Arn, {rest}}}\n"
    );
    function("{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*'}", &permission)
}

fn privilege_escalation() {
    let of = |name: &str, statements: &str, more: &str| found("privilege-escalation", name, &function(statements, more)).len();
    let allow = |actions: &str, resource: &str| format!("{{Effect: Allow, Action: [{actions}], Resource: '{resource}'}}");
    let pass = "'iam:PassRole', 'lambda:CreateFunction', 'lambda:InvokeFunction'";
    assert_eq!(of("put", &allow("'iam:PutRolePolicy'", "*"), ""), 1);
    assert_eq!(of("pass", &allow(pass, "*"), ""), 1);
    assert_eq!(of("key", &allow("'iam:CreateAccessKey'", "arn:aws:iam::*:user/*"), ""), 1);
    let admin = format!(
        "  Deployer:
    Type: AWS::IAM::Role
    Properties: {{RoleName: deployer, AssumeRolePolicyDocument: {TRUST}, ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess']}}
  Deploy:
    Type: AWS::Lambda::Function
    Properties: {{FunctionName: deploy, Runtime: nodejs20.x, Handler: index.handler, Role: !GetAtt Deployer.Arn, Code: {{ZipFile: 'exports.handler = async () => 1'}}}}
"
    );
    let code = allow("'lambda:UpdateFunctionCode'", "arn:aws:lambda:*:*:function:deploy");
    assert_eq!(of("code", &code, &admin), 1);
    // The same on another function, on a role that does not trust the service, under a denial, on its own tables.
    assert_eq!(of("other", &allow("'lambda:UpdateFunctionCode'", "arn:aws:lambda:*:*:function:other"), &admin), 0);
    assert_eq!(of("unpassed", &allow(pass, "arn:aws:iam::*:role/reader"), ""), 0);
    let denied = format!("{}, {{Effect: Deny, Action: 'iam:*', Resource: '*'}}", allow("'iam:PutRolePolicy'", "*"));
    assert_eq!(of("denied", &denied, ""), 0);
    let service =
        "{Effect: Allow, Action: 'iam:PassRole', Resource: '*', Condition: {StringEquals: {'iam:PassedToService': ecs.amazonaws.com}}}";
    assert_eq!(of("service", &format!("{service}, {}", allow("'lambda:CreateFunction', 'lambda:InvokeFunction'", "*")), ""), 0);
    assert_eq!(of("plain", &allow("'dynamodb:PutItem', 'states:StartExecution'", "*"), ""), 0);
}

/// What `aws iam get-account-authorization-details` prints, with one user of these statements and a role that Lambda may take.
fn details(statements: &str) -> String {
    format!(
        r#"{{"UserDetailList": [{{"UserName": "ann", "Arn": "arn:aws:iam::111122223333:user/ann",
  "UserPolicyList": [{{"PolicyName": "own", "PolicyDocument": {{"Version": "2012-10-17", "Statement": [{statements}]}}}}]}}],
"RoleDetailList": [{{"RoleName": "ops", "Arn": "arn:aws:iam::111122223333:role/ops",
  "AssumeRolePolicyDocument": {{"Statement": {{"Effect": "Allow", "Principal": {{"Service": "lambda.amazonaws.com"}}, "Action": "sts:AssumeRole"}}}},
  "AttachedManagedPolicies": [{{"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}}]}}]}}"#
    )
}

fn an_account_without_templates() {
    let may =
        |actions: &str, resource: &str| details(&format!(r#"{{"Effect": "Allow", "Action": [{actions}], "Resource": "{resource}"}}"#));
    for (name, account) in [
        ("pass", may(r#""iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction""#, "*")),
        ("key", may(r#""iam:AttachUserPolicy""#, "arn:aws:iam::111122223333:user/ann")),
        ("trust", may(r#""iam:UpdateAssumeRolePolicy", "sts:AssumeRole""#, "*")),
    ] {
        let found = findings("privilege-escalation", &format!("account-{name}"), &account);
        let told: Vec<_> = found.iter().map(|f| (f.resource.as_str(), f.place.line, f.fix.is_some())).collect();
        assert_eq!(told, [("app/user/ann", 2, false)], "{name}");
    }
    let quiet = may(r#""s3:GetObject", "lambda:InvokeFunction""#, "*");
    assert_eq!(found("privilege-escalation", "account-quiet", &quiet), Vec::<String>::new());
}

fn a_role_is_passed_to_the_schedule_it_was_made_for() {
    let more = "  Sender:
    Type: AWS::IAM::Role
    Properties:
      RoleName: sender
      AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: scheduler.amazonaws.com}, Action: sts:AssumeRole}]}
      Policies: [{PolicyName: p, PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'ses:SendEmail', Resource: '*'}]}}]
";
    let named = "{Effect: Allow, Action: 'scheduler:CreateSchedule', Resource: '*'}, {Effect: Allow, Action: 'iam:PassRole', Resource: !GetAtt Sender.Arn}";
    assert!(found("privilege-escalation", "named", &function(named, more)).is_empty());
    let any = "{Effect: Allow, Action: ['scheduler:CreateSchedule', 'iam:PassRole'], Resource: '*'}";
    assert_eq!(found("privilege-escalation", "any", &function(any, more)).len(), 1);
}

fn over_privileged_role() {
    let of = |name: &str, statements: &str| found("over-privileged-role", name, &function(statements, "")).len();
    assert_eq!(of("star", "{Effect: Allow, Action: 'dynamodb:*', Resource: '*'}"), 1);
    assert_eq!(of("all", "{Effect: Allow, Action: '*', Resource: ['arn:aws:s3:::b', '*']}"), 1);
    assert_eq!(of("buckets", "{Effect: Allow, Action: ['s3:*'], Resource: 'arn:aws:s3:::*'}"), 1);
    assert_eq!(of("but", "{Effect: Allow, NotAction: 'iam:*', Resource: '*'}"), 1);
    assert_eq!(of("tls", "{Effect: Allow, Action: 's3:*', Resource: '*', Condition: {Bool: {'aws:SecureTransport': 'true'}}}"), 1);
    // Denied, bounded, bound to a condition that a function cannot choose, on one resource, only some actions.
    assert_eq!(of("denied", "{Effect: Allow, Action: 's3:*', Resource: '*'}, {Effect: Deny, Action: 's3:*', Resource: '*'}"), 0);
    assert_eq!(of("endpoint", "{Effect: Allow, Action: 's3:*', Resource: '*', Condition: {StringEquals: {'aws:SourceVpce': vpce-1}}}"), 0);
    assert_eq!(of("one", "{Effect: Allow, Action: 's3:*', Resource: ['arn:aws:s3:::b', 'arn:aws:s3:::b/*']}"), 0);
    assert_eq!(of("some", "{Effect: Allow, Action: ['logs:CreateLogGroup', 'xray:PutTraceSegments'], Resource: '*'}"), 0);
    let bounded = function("{Effect: Allow, Action: 's3:*', Resource: '*'}", "").replace(
        "RoleName: own",
        "RoleName: own\n      PermissionsBoundary: !Ref Limit",
    ) + "  Limit:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*'}]}}
";
    assert_eq!(found("over-privileged-role", "bounded", &bounded).len(), 0);
}

/// What the code never calls is told where somebody's data becomes code, and only there.
fn unused_grants_where_code_is_injected() {
    let risk = "over-privileged-role";
    let titles = |name: &str, code: &str, policies: &str| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{risk}-{name}"));
        fs::create_dir_all(folder.join("src")).unwrap();
        fs::write(folder.join("src/index.js"), code).unwrap();
        let template = format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  Table: {{Type: AWS::Serverless::SimpleTable}}\n  Handle:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: nodejs20.x\n      Handler: index.handler\n      CodeUri: src/\n      Environment: {{Variables: {{TABLE: !Ref Table}}}}\n      Policies: [{policies}]\n      Events: {{Get: {{Type: Api, Properties: {{Path: /, Method: get}}}}}}\n"
        );
        found(risk, name, &template)
    };
    let crud = "{DynamoDBCrudPolicy: {TableName: !Ref Table}}";
    let put = "new AWS.DynamoDB.DocumentClient().put({TableName: process.env.TABLE, Item: {id: 1}})";
    let code = |work: &str| {
        format!(
            "const AWS = require('aws-sdk'); const {{ execSync }} = require('child_process');\nexports.handler = async (event) => {{ await {put}.promise(); {work} }};\n"
        )
    };
    let injected = code("return execSync(`curl ${event.queryStringParameters.url}`).toString();");
    let says = titles("injected", &injected, crud);
    assert_eq!(says.len(), 1, "{says:?}");
    assert!(says[0].starts_with("Handle may dynamodb:Scan, dynamodb:Query, dynamodb:DeleteItem and "), "{says:?}");
    // Nothing is injected; the grant is what the code calls; the operation is chosen at run time.
    assert!(titles("quiet", &code("return execSync('date').toString();"), crud).is_empty());
    let only = "{Statement: [{Effect: Allow, Action: dynamodb:PutItem, Resource: !GetAtt Table.Arn}]}";
    assert!(titles("only", &injected, only).is_empty());
    let chosen = injected.replace("return exec", "await new AWS.DynamoDB().makeRequest(event.op, {}).promise(); return exec");
    assert!(titles("chosen", &chosen, crud).is_empty());
}

/// Whole services by the documents of AWS managed policies; a policy that nobody here knows is said.
fn managed_policies() {
    let with = |policies: &str, more: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  Handle:\n    Type: AWS::Serverless::Function\n    Properties: {{Runtime: nodejs20.x, Handler: index.handler, InlineCode: 'exports.handler = async () => 1', Policies: [{policies}]{more}}}\n"
        )
    };
    let titles = |name: &str, policies: &str, more: &str| found("over-privileged-role", name, &with(policies, more));
    // By its document: no FullAccess in its name.
    let says = ["Handle has the managed policy AmazonCognitoPowerUser"];
    assert_eq!(titles("power", "'arn:aws:iam::aws:policy/AmazonCognitoPowerUser'", ""), says);
    assert_eq!(titles("full", "AmazonSNSFullAccess", "").len(), 1);
    assert_eq!(titles("narrow", "AWSLambdaRole, AmazonSQSReadOnlyAccess", "").len(), 0);
    let bound = ", PermissionsBoundary: 'arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess'";
    assert_eq!(titles("bound", "AmazonSNSFullAccess", bound).len(), 0);

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("managed-unknown");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("template.yaml"), with("'arn:aws:iam::999988887777:policy/Elsewhere', AmazonSNSReadOnlyAccess", "")).unwrap();
    let scan = sekisho_scan::scan(&read::application(&folder, &read::Options::default()));
    let said: Vec<&str> = scan.not_assessed.iter().map(|t| t.says.as_str()).filter(|says| says.contains("the document of")).collect();
    let says = "the document of arn:aws:iam::999988887777:policy/Elsewhere is not known: what app/HandleRole may do by it is not assessed";
    assert_eq!(said, [says]);
}

fn shared_role() {
    let twin = |role: &str| {
        format!(
            "  Second:\n    Type: AWS::Lambda::Function\n    Properties: {{Runtime: nodejs20.x, Handler: index.handler, Role: {role}, Code: {{ZipFile: 'exports.handler = async () => 1'}}}}\n"
        )
    };
    let read = "{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*'}";
    assert_eq!(found("shared-role", "two", &function(read, &twin("!GetAtt Role.Arn"))).len(), 1);
    assert_eq!(found("shared-role", "sub", &function(read, &twin("!Sub '${Role.Arn}'"))).len(), 1);
    let managed = function("{Effect: Allow, Action: 'dynamodb:*', Resource: '*'}", &twin("!GetAtt Role.Arn"));
    assert_eq!(found("shared-role", "wide", &managed).len(), 1);
    // One function, and two that only write logs.
    assert_eq!(found("shared-role", "one", &function(read, "")).len(), 0);
    let logs = "{Effect: Allow, Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '*'}";
    assert_eq!(found("shared-role", "logs", &function(logs, &twin("!GetAtt Role.Arn"))).len(), 0);
}

fn public_resource_policy() {
    let risk = "public-resource-policy";
    let to =
        |condition: &str| format!("{{Effect: Allow, Principal: '*', Action: 'sqs:SendMessage', Resource: !GetAtt Orders.Arn{condition}}}");
    assert_eq!(found(risk, "queue", &queue(&to(""))).len(), 1);
    assert_eq!(found(risk, "aws", &queue(&to("").replace("'*'", "{AWS: '*'}"))).len(), 1);
    assert_eq!(found(risk, "wide", &queue(&to(", Condition: {IpAddress: {'aws:SourceIp': 0.0.0.0/0}}"))).len(), 1);
    let chosen = queue(&to(", Condition: {StringLike: {'aws:UserAgent': 'our-*'}}"));
    assert_eq!(found(risk, "chosen", &chosen).len(), 1);
    assert_eq!(found(risk, "function", &permission("Principal: '*'")).len(), 1);
    let open = ", PublicAccessBlockConfiguration: {BlockPublicPolicy: false, RestrictPublicBuckets: false}";
    let read = |condition: &str| {
        format!("{{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: !Sub '${{Files.Arn}}/*'{condition}}}")
    };
    assert_eq!(found(risk, "bucket", &bucket(open, &read(""))).len(), 1);
    let secret = "Resources:
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {Name: s}}
  Policy:
    Type: AWS::SecretsManager::ResourcePolicy
    Properties: {SecretId: !Ref Secret, ResourcePolicy: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*'}]}}
";
    assert_eq!(found(risk, "secret", secret).len(), 1);
    let key = |condition: &str| {
        format!(
            "Resources:\n  Key:\n    Type: AWS::KMS::Key\n    Properties: {{KeyPolicy: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Principal: '*', Action: 'kms:Decrypt', Resource: '*'{condition}}}]}}}}\n"
        )
    };
    assert_eq!(found(risk, "key", &key("")).len(), 1);
    // What holds strangers out.
    for (name, condition) in [
        ("organisation", "StringEquals: {'aws:PrincipalOrgID': o-own}"),
        ("topic", "ArnEquals: {'aws:SourceArn': 'arn:aws:sns:us-east-1:123456789012:t'}"),
        ("account", "StringEquals: {'aws:SourceAccount': !Ref AWS::AccountId}"),
        ("endpoint", "StringEquals: {'aws:SourceVpce': vpce-1}"),
        ("network", "IpAddress: {'aws:SourceIp': 203.0.113.0/24}"),
        ("principal", "ArnLike: {'aws:PrincipalArn': !Sub 'arn:aws:iam::${AWS::AccountId}:role/*'}"),
    ] {
        assert_eq!(found(risk, name, &queue(&to(&format!(", Condition: {{{condition}}}")))), Vec::<String>::new());
    }
    let denied = format!(
        "{}, {{Effect: Deny, Principal: '*', Action: 'sqs:*', Resource: '*', Condition: {{StringNotEquals: {{'aws:PrincipalOrgID': o-own}}}}}}",
        to("")
    );
    assert_eq!(found(risk, "denied", &queue(&denied)).len(), 0);
    let blocked = ", PublicAccessBlockConfiguration: {BlockPublicPolicy: true, RestrictPublicBuckets: true}";
    assert_eq!(found(risk, "blocked", &bucket(blocked, &read(""))).len(), 0);
    let tls = "{Effect: Deny, Principal: '*', Action: 's3:*', Resource: '*', Condition: {Bool: {'aws:SecureTransport': 'false'}}}";
    assert_eq!(found(risk, "tls", &bucket(open, tls)).len(), 0);
    assert_eq!(
        found(risk, "point", &bucket(open, &read(", Condition: {StringEquals: {'s3:DataAccessPointAccount': !Ref AWS::AccountId}}"))).len(),
        0
    );
    let own = ", Condition: {StringEquals: {'kms:CallerAccount': !Ref AWS::AccountId, 'kms:ViaService': sqs.us-east-1.amazonaws.com}}";
    assert_eq!(found(risk, "via", &key(own)).len(), 0);
}

fn a_function_url_is_one_finding() {
    let url = |auth: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  Handle:\n    Type: AWS::Serverless::Function\n    Properties: {{Runtime: nodejs20.x, Handler: index.handler, InlineCode: 'exports.handler = async () => 1', FunctionUrlConfig: {{AuthType: {auth}}}}}\n"
        )
    };
    let titles = found("public-resource-policy", "url", &url("NONE"));
    assert_eq!(titles, ["anyone on the internet may lambda:InvokeFunctionUrl on Handle"]);
    assert_eq!(found("public-resource-policy", "signed", &url("AWS_IAM")).len(), 0);
    // Written by hand, with the first of the two permissions that Lambda asks for since October 2025, and with both.
    let by_url = |more: &str| {
        let first = "  ByUrl:\n    Type: AWS::Lambda::Permission\n    Properties: {Action: lambda:InvokeFunctionUrl, FunctionName: !GetAtt Handle.Arn, Principal: '*', FunctionUrlAuthType: NONE}\n";
        function("{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*'}", &format!("{first}{more}"))
    };
    let condition = |name: &str, template: &str| findings("public-resource-policy", name, template)[0].condition.clone();
    assert!(condition("one", &by_url("")).unwrap().contains("asks for lambda:InvokeFunction too"));
    let second = "  Invoke:\n    Type: AWS::Lambda::Permission\n    Properties: {Action: lambda:InvokeFunction, FunctionName: !GetAtt Handle.Arn, Principal: '*', InvokedViaFunctionUrl: true}\n";
    assert_eq!(condition("both", &by_url(second)), None);
}

fn cross_account_access() {
    let risk = "cross-account-access";
    let role = |principal: &str, condition: &str| {
        format!(
            "Resources:\n  Partner:\n    Type: AWS::IAM::Role\n    Properties: {{AssumeRolePolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Principal: {{AWS: {principal}}}, Action: sts:AssumeRole{condition}}}]}}}}\n"
        )
    };
    assert_eq!(found(risk, "account", &role("'999988887777'", "")).len(), 1);
    assert_eq!(found(risk, "root", &role("'arn:aws:iam::999988887777:root'", "")).len(), 1);
    assert_eq!(found(risk, "everyone", &role("'*'", "")).len(), 1);
    let to = "{Effect: Allow, Principal: {AWS: '999988887777'}, Action: 'sqs:SendMessage', Resource: !GetAtt Orders.Arn}";
    assert_eq!(found(risk, "queue", &queue(to)).len(), 1);
    assert_eq!(found(risk, "function", &permission("Principal: '999988887777'")).len(), 1);
    // One's own account, an external id, an organisation, AWS's own log delivery, a service.
    assert_eq!(found(risk, "own", &role("!Sub 'arn:aws:iam::${AWS::AccountId}:root'", "")).len(), 0);
    assert_eq!(found(risk, "id", &role("'999988887777'", ", Condition: {StringEquals: {'sts:ExternalId': x}}")).len(), 0);
    assert_eq!(found(risk, "org", &role("'*'", ", Condition: {StringEquals: {'aws:PrincipalOrgID': o-own}}")).len(), 0);
    let logs =
        "{Effect: Allow, Principal: {AWS: 'arn:aws:iam::127311923021:root'}, Action: 's3:PutObject', Resource: !Sub '${Files.Arn}/*'}";
    assert_eq!(found(risk, "logs", &bucket("", logs)).len(), 0);
    assert_eq!(found(risk, "service", &permission("Principal: sns.amazonaws.com")).len(), 0);
}

fn confused_deputy() {
    let risk = "confused-deputy";
    assert_eq!(found(risk, "topic", &permission("Principal: sns.amazonaws.com")).len(), 1);
    assert_eq!(found(risk, "api", &permission("Principal: apigateway.amazonaws.com")).len(), 1);
    let to = |service: &str, condition: &str| {
        format!("{{Effect: Allow, Principal: {{Service: {service}}}, Action: 'sqs:SendMessage', Resource: !GetAtt Orders.Arn{condition}}}")
    };
    assert_eq!(found(risk, "bucket", &queue(&to("s3.amazonaws.com", ""))).len(), 1);
    let tls = ", Condition: {Bool: {'aws:SecureTransport': 'true'}}";
    assert_eq!(found(risk, "tls", &queue(&to("sns.amazonaws.com", tls))).len(), 1);
    // What says for whom; a value that is not known says it too; services that ask the caller itself.
    assert_eq!(found(risk, "arn", &permission("Principal: sns.amazonaws.com, SourceArn: 'arn:aws:sns:us-east-1:123456789012:t'")).len(), 0);
    assert_eq!(found(risk, "account", &permission("Principal: s3.amazonaws.com, SourceAccount: !Ref AWS::AccountId")).len(), 0);
    assert_eq!(found(risk, "skill", &permission("Principal: alexa-appkit.amazon.com, EventSourceToken: amzn1.ask.skill.x")).len(), 0);
    let source = ", Condition: {ArnEquals: {'aws:SourceArn': !ImportValue topic}}";
    let unknown = queue(&to("sns.amazonaws.com", source)).replace("!ImportValue topic", "'arn:aws:sns:us-east-1:123456789012:t'");
    assert_eq!(found(risk, "source", &unknown).len(), 0);
    assert_eq!(found(risk, "edge", &permission("Principal: secretsmanager.amazonaws.com")).len(), 0);
}
