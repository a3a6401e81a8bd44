//! Forms in which a risk stands that no page shows and no other test of this room has: other files, idioms, languages, resources
//! and formats. Each must be found.
use crate::support::saw;
use std::fs;
use std::path::Path;

crate::tests!(
    several_statements_in_one,
    connections_without_a_look_at_the_certificate,
    stages_without_a_web_acl,
    rules_that_stop_nothing,
    authorizers_that_allow_too_much,
    routes_without_an_authorizer,
    secrets_in_code,
    packages,
    memory_that_the_next_request_finds
);

/// One file of an application: its path and its text.
type File<'a> = (&'a str, &'a str);

const JS: &str = "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {Runtime: nodejs22.x, Handler: index.handler, CodeUri: app/, Events: {E: {Type: Api, Properties: {Path: /a, Method: post}}}}\n";
const PY: &str = "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {Runtime: python3.13, Handler: main.handler, CodeUri: app/, Events: {E: {Type: Api, Properties: {Path: /a, Method: post}}}}\n";
/// CloudFormation without SAM, in JSON.
const JSON: &str = r#"{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "nodejs22.x", "Handler": "lib/entry.run",
  "Code": "./app", "Role": "arn:aws:iam::123456789012:role/r"}}}}"#;
const GLOBALS: &str = "Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {Runtime: nodejs22.x, CodeUri: app/}}\nResources:\n  F: {Type: 'AWS::Serverless::Function', Properties: {Handler: index.handler}}\n";

/// Every place at which the risk is found, `file:line`.
fn found(risk: &str, files: &[File<'_>]) -> Vec<String> {
    let number = files
        .iter()
        .flat_map(|(file, text)| file.bytes().chain(text.bytes()))
        .fold(7u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("variants").join(format!("{risk}-{number:x}"));
    let _ = fs::remove_dir_all(&folder);
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let app = read::application(&folder, &read::Options::default());
    let findings = sekisho_scan::scan(&app).findings.into_iter().filter(|finding| finding.risk == risk);
    findings.inspect(|finding| saw(finding.risk, &files)).map(|finding| format!("{}:{}", finding.place.file, finding.place.line)).collect()
}

/// Each application has the risk at one place, each good one at none.
fn stands(risk: &str, bad: &[(&[File<'_>], &str)], good: &[&[File<'_>]]) {
    assert!(bad.len() >= 3, "{risk}: too few variants");
    let mut wrong = Vec::new();
    for (at, (files, place)) in bad.iter().enumerate() {
        let found = found(risk, files);
        if found != [*place] {
            wrong.push(format!("{risk}: bad {at}: {found:?} and not {place}"));
        }
    }
    for (at, files) in good.iter().enumerate() {
        let found = found(risk, files);
        if !found.is_empty() {
            wrong.push(format!("{risk}: good {at}: {found:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

fn several_statements_in_one() {
    let pool = "import { createPool } from 'mysql2';\nconst pool = createPool({\n  uri: process.env.URL,\n  ssl: { ca: 'x' },\n  multipleStatements: true,\n});\nexport const handler = async () => pool.promise().query('SELECT 1');\n";
    let options = "const options = { host: process.env.HOST, ssl: 'Amazon RDS', multipleStatements: true };\nmodule.exports = options;\n";
    let entry = "const mysql = require('mysql');\nconst options = require('./options');\nexports.run = (event, context, done) => {\n  const db = mysql.createConnection(options);\n  db.query('SELECT 1', done);\n};\n";
    let typed = "import mysql, { type ConnectionOptions } from 'mysql2/promise';\nconst access: ConnectionOptions = {\n  host: process.env.HOST,\n  ssl: {},\n  multipleStatements: true,\n};\nexport const handler = async (): Promise<unknown> => (await mysql.createConnection(access)).query('SELECT 1');\n";
    let python = "import os\nimport pymysql\nfrom pymysql.constants import CLIENT\n\n\ndef handler(event, context):\n    db = pymysql.connect(host=os.environ['H'], ssl={'ca': 'x'}, client_flag=CLIENT.MULTI_STATEMENTS)\n    return db.cursor().execute('SELECT 1')\n";
    stands(
        "multiple-statements",
        &[
            (&[("template.yaml", GLOBALS), ("app/index.mjs", pool)], "app/index.mjs:5"),
            (&[("template.json", JSON), ("app/lib/entry.js", entry), ("app/lib/options.js", options)], "app/lib/options.js:1"),
            (&[("template.yaml", JS), ("app/index.ts", typed)], "app/index.ts:5"),
            (&[("template.yaml", PY), ("app/main.py", python)], "app/main.py:7"),
        ],
        &[&[("template.yaml", GLOBALS), ("app/index.mjs", &pool.replace("multipleStatements: true", "multipleStatements: false"))]],
    );
}

fn connections_without_a_look_at_the_certificate() {
    let python = "import os\nimport pymysql\n\n\ndef handler(event, context):\n    db = pymysql.connect(host=os.environ['H'], user='app')\n    return db.cursor().execute('SELECT 1')\n";
    let loose = "import pg from 'pg';\nconst client = new pg.Client({ host: process.env.HOST, ssl: { rejectUnauthorized: false } });\nexport const handler = async () => client.query('SELECT 1');\n";
    let moved = "const mysql = require('mysql2');\nmodule.exports = () => mysql.createPool({ host: process.env.HOST, user: 'app' });\n";
    let entry = "const pool = require('./db/pool')();\nexports.run = async () => pool.query('SELECT 1');\n";
    let checked = "import pg from 'pg';\nconst client = new pg.Client({ host: process.env.HOST, ssl: { rejectUnauthorized: true } });\nexport const handler = async () => client.query('SELECT 1');\n";
    stands(
        "unverified-database-connection",
        &[
            (&[("template.yaml", PY), ("app/main.py", python)], "app/main.py:6"),
            (&[("template.yaml", GLOBALS), ("app/index.mjs", loose)], "app/index.mjs:2"),
            (&[("template.json", JSON), ("app/lib/entry.js", entry), ("app/lib/db/pool.js", moved)], "app/lib/db/pool.js:2"),
        ],
        &[&[("template.yaml", GLOBALS), ("app/index.mjs", checked)]],
    );
}

/// A REST API in plain CloudFormation, with a stage and whatever more.
fn rest(more: &str) -> String {
    format!(
        "Resources:
  Api: {{Type: 'AWS::ApiGateway::RestApi', Properties: {{Name: shop}}}}
  Item: {{Type: 'AWS::ApiGateway::Resource', Properties: {{RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: item}}}}
  Get: {{Type: 'AWS::ApiGateway::Method', Properties: {{RestApiId: !Ref Api, ResourceId: !Ref Item, HttpMethod: GET, AuthorizationType: NONE, Integration: {{Type: AWS_PROXY, IntegrationHttpMethod: POST, Uri: !Sub 'arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{F.Arn}}/invocations'}}}}}}
  Live: {{Type: 'AWS::ApiGateway::Stage', Properties: {{RestApiId: !Ref Api, DeploymentId: !Ref Now, StageName: live}}}}
  Now: {{Type: 'AWS::ApiGateway::Deployment', DependsOn: Get, Properties: {{RestApiId: !Ref Api}}}}
  F: {{Type: 'AWS::Lambda::Function', Properties: {{Runtime: nodejs22.x, Handler: a.b, Role: 'arn:aws:iam::123456789012:role/r', Code: {{ZipFile: '1'}}}}}}
{more}"
    )
}

fn stages_without_a_web_acl() {
    let acl = |protects: &str| {
        format!(
            "  Acl: {{Type: 'AWS::WAFv2::WebACL', Properties: {{Scope: REGIONAL, DefaultAction: {{Allow: {{}}}}, VisibilityConfig: {{SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: m}}}}}}\n  Before: {{Type: 'AWS::WAFv2::WebACLAssociation', Properties: {{WebACLArn: !GetAtt Acl.Arn, ResourceArn: !Sub 'arn:aws:apigateway:${{AWS::Region}}::/restapis/{protects}'}}}}\n"
        )
    };
    let json = r#"{"Transform": "AWS::Serverless-2016-10-31", "Resources": {
"Shop": {"Type": "AWS::Serverless::Api", "Properties": {
  "StageName": "v1"}},
"F": {"Type": "AWS::Serverless::Function", "Properties": {"Runtime": "nodejs22.x", "Handler": "a.b", "InlineCode": "1",
  "Events": {"E": {"Type": "Api", "Properties": {"RestApiId": {"Ref": "Shop"}, "Path": "/a", "Method": "get"}}}}}}}"#;
    // One for CloudFront stands before no stage.
    let edge = acl("${Api}/stages/beta").replace("Scope: REGIONAL", "Scope: CLOUDFRONT");
    let (bare, other) = (rest(""), rest(&edge));
    stands(
        "unfiltered-stage",
        &[
            (&[("template.yaml", &bare)], "template.yaml:5"),
            (&[("infrastructure/api.yml", &other)], "infrastructure/api.yml:5"),
            (&[("template.json", json)], "template.json:3"),
        ],
        &[&[("template.yaml", &rest(&acl("${Api}/stages/live")))]],
    );
    let second = "  Test: {Type: 'AWS::ApiGateway::Stage', Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Now, StageName: test}}\n";
    let two = rest(&(acl("${Api}/stages/live") + second));
    let astray = rest(&acl("${Api}/stages/beta"));
    let behind = r#", "Acl": {"Type": "AWS::WAFv2::WebACL", "Properties": {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}},
  "VisibilityConfig": {"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"}}},
"Before": {"Type": "AWS::WAFv2::WebACLAssociation", "Properties": {"WebACLArn": {"Fn::GetAtt": ["Acl", "Arn"]},
  "ResourceArn": {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}::/restapis/${Shop}/stages/v1"}}}}}"#;
    let implied = json.strip_suffix("}}").unwrap().to_owned() + behind;
    let (whole, one) =
        (implied.replace(r#""StageName": "v1"}"#, r#""StageName": "v1", "OpenApiVersion": "3.0.1"}"#), rest(&acl("${Api}/stages/live")));
    stands(
        "web-acl-bypass",
        &[
            (&[("template.yaml", &two)], "template.yaml:10"),
            (&[("deploy/stack.yaml", &astray)], "deploy/stack.yaml:5"),
            (&[("template.json", &implied)], "template.json:2"),
        ],
        &[&[("template.json", &whole)], &[("template.yaml", &one)], &[("template.yaml", &bare)]],
    );
}

fn rules_that_stop_nothing() {
    let metric = "VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: m}";
    let acl = |rules: &str| {
        format!(
            "Resources:\n  Acl:\n    Type: AWS::WAFv2::WebACL\n    Properties:\n      Scope: REGIONAL\n      DefaultAction: {{Allow: {{}}}}\n      {metric}\n      Rules:\n{rules}"
        )
    };
    let counted = acl(&format!(
        "        - {{Name: managed, Priority: 0, OverrideAction: {{Count: {{}}}}, {metric}, Statement: {{ManagedRuleGroupStatement: {{VendorName: AWS, Name: AWSManagedRulesCommonRuleSet}}}}}}\n"
    ));
    let own = acl(&format!(
        "        - {{Name: sql, Priority: 0, Action: {{Count: {{}}}}, {metric}, Statement: {{SqliMatchStatement: {{FieldToMatch: {{Body: {{OversizeHandling: MATCH}}}}, TextTransformations: [{{Priority: 0, Type: NONE}}]}}}}}}\n"
    ));
    let json = format!(
        "{{\"Resources\": {{\"Acl\": {{\"Type\": \"AWS::WAFv2::WebACL\", \"Properties\": {{\"Scope\": \"REGIONAL\", \"DefaultAction\": {{\"Allow\": {{}}}},\n\"VisibilityConfig\": {0},\n\"Rules\": [\n{{\"Name\": \"rate\", \"Priority\": 1, \"Action\": {{\"Count\": {{}}}}, \"VisibilityConfig\": {0}, \"Statement\": {{\"RateBasedStatement\": {{\"Limit\": 100, \"AggregateKeyType\": \"IP\"}}}}}}]}}}}}}}}",
        "{\"SampledRequestsEnabled\": true, \"CloudWatchMetricsEnabled\": true, \"MetricName\": \"m\"}"
    );
    let beside = rest(
        "  Acl: {Type: 'AWS::WAFv2::WebACL', Properties: {Scope: REGIONAL, DefaultAction: {Allow: {}}, VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: m}}}\n",
    );
    // A web ACL has many ways to stop nothing, each a finding of its own.
    for (risk, file, text, place) in [
        ("web-acl-ineffective", "template.yaml", &counted, "template.yaml:9"),
        ("web-acl-ineffective", "waf/acl.yaml", &own, "waf/acl.yaml:9"),
        ("web-acl-ineffective", "template.json", &json, "template.json:4"),
        ("web-acl-bypass", "template.yaml", &beside, "template.yaml:5"),
    ] {
        let found = found(risk, &[(file, text)]);
        assert!(found.iter().any(|at| at == place), "{place}: {found:?}");
    }
}

fn authorizers_that_allow_too_much() {
    let sam = |runtime: &str, handler: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  Api:\n    Type: AWS::Serverless::Api\n    Properties: {{StageName: p, Auth: {{DefaultAuthorizer: A, Authorizers: {{A: {{FunctionArn: !GetAtt Guard.Arn}}}}}}}}\n  Guard:\n    Type: AWS::Serverless::Function\n    Properties: {{Runtime: {runtime}, Handler: {handler}, CodeUri: app/}}\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {{Runtime: nodejs22.x, Handler: a.b, InlineCode: '1', Events: {{E: {{Type: Api, Properties: {{RestApiId: !Ref Api, Path: /a, Method: get}}}}}}}}\n"
        )
    };
    let (node, python) = (sam("nodejs22.x", "guard.handler"), sam("python3.13", "guard.handler"));
    let verifier = "import { CognitoJwtVerifier } from 'aws-jwt-verify';\nconst verifier = CognitoJwtVerifier.create({ userPoolId: 'eu-west-1_example', tokenUse: 'access', clientId: 'shop' });\n";
    let all = format!(
        "{verifier}export const handler = async (event) => {{\n  const claims = await verifier.verify(event.authorizationToken);\n  return policy(claims.sub, 'Allow', 'arn:aws:execute-api:*:*:*');\n}};\nfunction policy(principalId, Effect, Resource) {{\n  return {{ principalId, policyDocument: {{ Version: '2012-10-17', Statement: [{{ Action: 'execute-api:Invoke', Effect, Resource }}] }} }};\n}}\n"
    );
    let stage = format!(
        "{verifier}export async function handler(event) {{\n  const {{ sub }} = await verifier.verify(event.authorizationToken);\n  const [api, stage] = event.methodArn.split('/');\n  const Resource = `${{api}}/${{stage}}/*/*`;\n  return {{ principalId: sub, policyDocument: {{ Version: '2012-10-17', Statement: [{{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource }}] }} }};\n}}\n"
    );
    let py = "import os\nimport jwt\n\n\ndef handler(event, context):\n    claims = jwt.decode(event['authorizationToken'], os.environ['KEY'], algorithms=['RS256'], audience='shop', issuer='https://id.example')\n    statement = {'Action': 'execute-api:Invoke', 'Effect': 'Allow', 'Resource': '*'}\n    return {'principalId': claims['sub'], 'policyDocument': {'Version': '2012-10-17', 'Statement': [statement]}}\n";
    let own = stage.replace("`${api}/${stage}/*/*`", "event.methodArn");
    let bad: [(&[File<'_>], &str); 3] = [
        (&[("template.yaml", &node), ("app/guard.mjs", &all)], "app/guard.mjs:8"),
        (&[("template.yaml", &node), ("app/guard.mjs", &stage)], "app/guard.mjs:7"),
        (&[("template.yaml", &python), ("app/guard.py", py)], "app/guard.py:7"),
    ];
    stands("wide-authorizer-policy", &bad, &[&[("template.yaml", &node), ("app/guard.mjs", &own)]]);
}

fn routes_without_an_authorizer() {
    let sam = |auth: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31\nGlobals: {{Api: {{Auth: {{DefaultAuthorizer: A, Authorizers: {{A: {{UserPoolArn: !GetAtt U.Arn}}}}}}}}}}\nResources:\n  U: {{Type: 'AWS::Cognito::UserPool'}}\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: nodejs22.x\n      Handler: a.b\n      InlineCode: '1'\n      Events:\n        Closed: {{Type: Api, Properties: {{Path: /a, Method: get}}}}\n        Open: {{Type: Api, Properties: {{Path: /b, Method: delete{auth}}}}}\n"
        )
    };
    let json = r#"{"Resources": {
"U": {"Type": "AWS::Cognito::UserPool"},
"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {"/x": {
"put": {"x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${F.Arn}/invocations"}}}}}}}},
"Now": {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "live"}},
"F": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "nodejs22.x", "Handler": "a.b", "Role": "arn:aws:iam::123456789012:role/r", "Code": {"ZipFile": "1"}}}}}"#;
    stands(
        "unauthenticated-route",
        &[
            (&[("template.yaml", &sam(", Auth: {Authorizer: NONE}"))], "template.yaml:13"),
            (&[("template.yaml", &rest("  U: {Type: 'AWS::Cognito::UserPool'}\n"))], "template.yaml:4"),
            (&[("deploy/template.json", json)], "deploy/template.json:4"),
        ],
        &[&[("template.yaml", &sam(""))]],
    );
}

fn secrets_in_code() {
    let typed = "import axios from 'axios';\nconst client = axios.create({ headers: { Authorization: 'Bearer sk_live_51HqLyjWDarjtT1zdp7dc4Xw9' } });\nexport const handler = async (): Promise<unknown> => client.get('https://api.example.com');\n";
    let python = "import pymysql\n\nSETTINGS = {'user': 'app', 'password': 'kestrel-42-Harbour'}\n\n\ndef handler(event, context):\n    return pymysql.connect(host='db.example.com', ssl={'ca': 'x'}, **SETTINGS)\n";
    let key = "const AWS = require('aws-sdk');\nconst s3 = new AWS.S3({\n  accessKeyId: 'AKIAQ3EGRIPQJVZ7TXUA',\n  secretAccessKey: 'hT5v/3JxGq0wZr8nLk2YpBd7mSfC1uEaR9oXiW4j',\n});\nexports.run = async () => s3.listBuckets().promise();\n";
    let found = |files: &[File<'_>]| found("hard-coded-credential", files);
    assert_eq!(found(&[("template.yaml", JS), ("app/index.ts", typed)]), ["app/index.ts:2"]);
    assert_eq!(found(&[("template.yaml", PY), ("app/main.py", python)]), ["app/main.py:3"]);
    assert!(found(&[("template.json", JSON), ("app/lib/entry.js", key)]).contains(&"app/lib/entry.js:4".to_owned()));
    let read = python.replace("'kestrel-42-Harbour'", "os.environ['PASSWORD']").replace("import pymysql", "import os, pymysql");
    assert_eq!(found(&[("template.yaml", PY), ("app/main.py", &read)]), Vec::<String>::new());
}

fn packages() {
    let uses = |name: &str| format!("import x from '{name}';\nexport const handler = async () => x;\n");
    let lock = |name: &str, version: &str| {
        format!(
            "{{\"name\": \"a\", \"lockfileVersion\": 3, \"packages\": {{\n\"\": {{\"dependencies\": {{\"{name}\": \"{version}\"}}}},\n\"node_modules/{name}\": {{\"version\": \"{version}\"}}}}}}"
        )
    };
    let manifest = |name: &str, version: &str| format!("{{\n\"dependencies\": {{\n\"{name}\": \"{version}\"}}}}");
    let python = "import requests\n\n\ndef handler(event, context):\n    return requests.get('https://api.example.com', timeout=3).text\n";
    let pipfile = "[[source]]\nurl = \"https://pypi.example\"\n\n[packages]\nrequests = \"*\"\n";
    let (old, any) = (manifest("minimatch", "2.0.10"), manifest("minimatch", "*"));
    let (uses_old, locked) = (uses("minimatch"), lock("minimatch", "2.0.10"));
    stands(
        "vulnerable-dependency",
        &[
            (&[("template.yaml", JS), ("app/index.mjs", &uses_old), ("app/package.json", &old)], "app/package.json:3"),
            (
                &[("template.yaml", JS), ("app/index.mjs", &uses_old), ("app/package.json", &old), ("app/package-lock.json", &locked)],
                "app/package-lock.json:3",
            ),
            (&[("template.yaml", PY), ("app/main.py", python), ("app/requirements.txt", "requests==2.19.1\n")], "app/requirements.txt:1"),
        ],
        &[&[("template.yaml", PY), ("app/main.py", python), ("app/requirements.txt", "requests==2.32.4\n")]],
    );
    stands(
        "floating-dependency",
        &[
            (&[("template.yaml", JS), ("app/index.mjs", &uses_old), ("app/package.json", &any)], "app/package.json:3"),
            (&[("template.yaml", PY), ("app/main.py", python), ("app/requirements.txt", "# prices\nrequests\n")], "app/requirements.txt:2"),
            (&[("template.yaml", PY), ("app/main.py", python), ("app/Pipfile", pipfile)], "app/Pipfile:5"),
        ],
        &[&[("template.yaml", PY), ("app/main.py", python), ("app/requirements.txt", "requests==2.32.4\n")]],
    );
    let both = "{\n\"dependencies\": {\n\"minimatch\": \"9.0.5\",\n\"left-pad\": \"1.3.0\"}}";
    let two = "requests==2.32.4\npyyaml==6.0.2\n";
    let poetry = "[tool.poetry.dependencies]\npython = \"^3.13\"\nrequests = \"2.32.4\"\npyyaml = \"6.0.2\"\n";
    stands(
        "unused-dependency",
        &[
            (&[("template.yaml", JS), ("app/index.mjs", &uses_old), ("app/package.json", both)], "app/package.json:4"),
            (&[("template.yaml", PY), ("app/main.py", python), ("app/requirements.txt", two)], "app/requirements.txt:2"),
            (&[("template.yaml", PY), ("app/main.py", python), ("app/pyproject.toml", poetry)], "app/pyproject.toml:4"),
        ],
        &[&[("template.yaml", PY), ("app/main.py", python), ("app/requirements.txt", "requests==2.32.4\n")]],
    );
    let (none, deep) = ("{\"dependencies\": {}}", "const x = require('minimatch/lib/path');\nexports.handler = async () => x;\n");
    stands(
        "missing-dependency",
        &[
            (&[("template.yaml", JS), ("app/index.mjs", &uses_old), ("app/package.json", none)], "app/index.mjs:1"),
            (&[("template.yaml", JS), ("app/index.js", deep), ("app/package.json", none)], "app/index.js:1"),
            (&[("template.yaml", PY), ("app/main.py", python), ("app/requirements.txt", "pyyaml==6.0.2\n")], "app/main.py:1"),
        ],
        &[&[("template.yaml", JS), ("app/index.mjs", &uses_old), ("app/package.json", &manifest("minimatch", "9.0.5"))]],
    );
}

fn memory_that_the_next_request_finds() {
    // The first caller's name stays.
    let first = "let user;\nexport const handler = async (event) => {\n  user ??= JSON.parse(event.body).user;\n  return { statusCode: 200, body: `Hello ${user}` };\n};\n";
    // An object for all answers, which an error leaves as it was.
    let answer = "const answer = { statusCode: 200, body: '' };\nasync function work(event) {\n  const { id } = JSON.parse(event.body);\n  answer.body = JSON.stringify({ id });\n}\nexports.handler = async (event) => {\n  try {\n    await work(event);\n  } catch (error) {\n    answer.statusCode = 500;\n  }\n  return answer;\n};\n";
    let python = "import json\n\nITEMS = []\n\n\ndef handler(event, context):\n    ITEMS.append(json.loads(event['body'])['item'])\n    return {'statusCode': 200, 'body': json.dumps(ITEMS)}\n";
    let typed = "const state: { email?: string } = {};\nexport const handler = async (event: { body: string; httpMethod: string }) => {\n  if (event.httpMethod === 'POST') {\n    state.email = JSON.parse(event.body).email;\n  }\n  return { statusCode: 200, body: JSON.stringify(state) };\n};\n";
    // Set anew for each request, kept by a key, never answered with, made of nothing that a request brought.
    let anew = "let user;\nexport const handler = async (event) => {\n  user = JSON.parse(event.body).user;\n  return { statusCode: 200, body: greet() };\n};\nconst greet = () => `Hello ${user}`;\n";
    let keyed = "const cache = {};\nexport const handler = async (event) => {\n  const { id, text } = JSON.parse(event.body);\n  cache[id] ??= text;\n  return { statusCode: 200, body: cache[id] };\n};\n";
    let counted = "const seen = [];\nexport const handler = async (event) => {\n  seen.push(JSON.parse(event.body).user);\n  return { statusCode: 200, body: String(seen.length) };\n};\n";
    let client = "import { Client } from 'pg';\nlet client;\nexport const handler = async (event) => {\n  client ??= new Client({ host: process.env.HOST });\n  const { rows } = await client.query('SELECT 1 WHERE $1', [JSON.parse(event.body).user]);\n  return { statusCode: 200, body: JSON.stringify(rows) };\n};\n";
    let answered =
        anew.replace("let user;\n", "let user;\nconst headers = { 'x-a': 'b' };\n").replace("statusCode: 200", "statusCode: 200, headers");
    stands(
        "cross-execution-persistency",
        &[
            (&[("template.yaml", JS), ("app/index.mjs", first)], "app/index.mjs:3"),
            (&[("template.yaml", JS), ("app/index.js", answer)], "app/index.js:3"),
            (&[("template.yaml", PY), ("app/main.py", python)], "app/main.py:7"),
            (&[("template.yaml", JS), ("app/index.ts", typed)], "app/index.ts:4"),
        ],
        &[
            &[("template.yaml", JS), ("app/index.mjs", anew)],
            &[("template.yaml", JS), ("app/index.mjs", keyed)],
            &[("template.yaml", JS), ("app/index.mjs", counted)],
            &[("template.yaml", JS), ("app/index.mjs", client)],
            &[("template.yaml", JS), ("app/index.mjs", &answered)],
        ],
    );
}
