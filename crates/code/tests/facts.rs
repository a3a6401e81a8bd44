//! What is written to other services, what is given away, and how tokens and identities are treated.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use model::code::{Disclosed, DisclosedTo, EventSource, Handler, ResourceName, ReviewKind, Trigger};
use support::{facts, python_handler};

fn handler(body: &str) -> Handler {
    let text = format!("exports.handler = async (event, context, callback) => {{\n{body}\n}};\n");
    let (code, troubles) = facts("index.handler", &[("index.js", &text)]);
    code.handlers.into_values().next().unwrap_or_else(|| panic!("{troubles:?}"))
}

fn python(body: &str) -> Handler {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    python_handler("index.handler", &[("index.py", &format!("import boto3, os, json\ndef handler(event, context):\n{body}"))])
}

#[test]
fn writes() {
    let sqs = "const { SQSClient, SendMessageCommand } = require('@aws-sdk/client-sqs');";
    let environment = |name: &str| ResourceName::Environment(name.to_owned());
    let body = |path: &[&str]| EventSource::Body(path.iter().map(|p| (*p).to_owned()).collect());
    for (handler, service, operation, resource, path, source) in [
        (
            handler(&format!(
                "{sqs} const b = JSON.parse(event.body); await new SQSClient().send(new SendMessageCommand({{ QueueUrl: process.env.Q, MessageBody: JSON.stringify({{ id: b.id, at: 1 }}) }}));"
            )),
            "sqs",
            "SendMessage",
            environment("Q"),
            vec!["MessageBody", "id"],
            body(&["id"]),
        ),
        (
            handler(
                "const AWS = require('aws-sdk'); await new AWS.S3().putObject({ Bucket: process.env.B, Key: 'in/' + event.pathParameters.name, Body: '' }).promise();",
            ),
            "s3",
            "PutObject",
            environment("B"),
            vec!["Key"],
            EventSource::PathParameter("name".into()),
        ),
        (
            handler(
                "const { DynamoDBClient } = require('@aws-sdk/client-dynamodb'); const { DynamoDBDocumentClient, PutCommand } = require('@aws-sdk/lib-dynamodb'); await DynamoDBDocumentClient.from(new DynamoDBClient()).send(new PutCommand({ TableName: 'Orders', Item: { name: JSON.parse(event.body).name } }));",
            ),
            "dynamodb",
            "PutItem",
            ResourceName::Literal("Orders".into()),
            vec!["Item", "name"],
            body(&["name"]),
        ),
        (
            handler(
                "const { SNSClient, PublishCommand } = require('@aws-sdk/client-sns'); await new SNSClient().send(new PublishCommand({ TopicArn: process.env.T, Message: event.Records[0].body }));",
            ),
            "sns",
            "Publish",
            environment("T"),
            vec!["Message"],
            EventSource::Trigger(Trigger::Sqs, Vec::new()),
        ),
        (
            handler(
                "const { EventBridgeClient, PutEventsCommand } = require('@aws-sdk/client-eventbridge'); await new EventBridgeClient().send(new PutEventsCommand({ Entries: [{ Source: 'a', Detail: JSON.stringify({ user: JSON.parse(event.body) }) }] }));",
            ),
            "events",
            "PutEvents",
            ResourceName::Literal("default".into()),
            vec!["Detail", "user"],
            body(&[]),
        ),
        (
            python("t = boto3.resource('dynamodb').Table(os.environ['T'])\nt.put_item(Item={'id': json.loads(event['body'])['id']})"),
            "dynamodb",
            "PutItem",
            environment("T"),
            vec!["Item", "id"],
            body(&["id"]),
        ),
        (
            python(
                "boto3.client('sqs').send_message(QueueUrl=os.environ['Q'], MessageBody=json.dumps({'key': event['Records'][0]['s3']['object']['key']}))",
            ),
            "sqs",
            "SendMessage",
            environment("Q"),
            vec!["MessageBody", "key"],
            EventSource::Trigger(Trigger::S3, vec!["key".into()]),
        ),
        (
            python("boto3.client('s3').upload_file('/tmp/x', os.environ['B'], event['pathParameters']['k'])"),
            "s3",
            "PutObject",
            environment("B"),
            vec!["Key"],
            EventSource::PathParameter("k".into()),
        ),
    ] {
        let [write] = handler.writes.as_slice() else { panic!("{operation}: {:?}", handler.writes) };
        assert_eq!((&*write.service, &*write.operation, &write.resource), (service, operation, &resource));
        let part = write.parts.iter().find(|p| p.path == path).unwrap_or_else(|| panic!("{path:?}: {:?}", write.parts));
        assert_eq!(part.sources, [source]);
    }
}

/// What a filter can be held against: constants, and texts whose beginning is known.
#[test]
fn texts_that_are_written() {
    let handler = handler(
        "const AWS = require('aws-sdk'); await new AWS.S3().putObject({ Bucket: 'b', Key: `in/${event.pathParameters.name}.png`, Body: event.body }).promise();",
    );
    let texts: Vec<_> = handler.writes[0].texts.iter().map(|t| (t.path.join("."), t.pattern.as_str())).collect();
    assert_eq!(texts, [("Key".to_owned(), "in/*.png")]);
    let handler = python(
        "boto3.client('events').put_events(Entries=[{'Source': 'shop', 'DetailType': 'order', 'Detail': json.dumps({'kind': 'new', 'id': event['id']})}])",
    );
    let texts: Vec<_> = handler.writes[0].texts.iter().map(|t| (t.path.join("."), t.pattern.as_str())).collect();
    let expected = [("Source", "shop"), ("DetailType", "order"), ("Detail.kind", "new")];
    for (path, pattern) in expected {
        assert!(texts.contains(&(path.to_owned(), pattern)), "{texts:?}");
    }
}

/// An authorizer that stands beside the functions; what is no authorizer is not taken for one.
#[test]
fn authorizers_that_no_function_names() {
    let authorizer = "import jwt from 'jsonwebtoken';\nexport const handler = async (event) => {\n  const p = jwt.verify(event.authorizationToken, process.env.K);\n  return { policyDocument: { Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn }] } };\n};\n";
    let files = support::Memory::of(&[
        ("guard/door.mjs", authorizer),
        ("guard/other.mjs", "export const handler = async (event) => event.methodArn; // one route of many\n"),
        ("docs/note.js", "// authorizationToken policyDocument\n"),
    ]);
    let paths: Vec<String> = files.0.keys().cloned().collect();
    let (found, _, troubles) = sekisho_code::unnamed_authorizers(&paths, &files);
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), ["guard/door.mjs"]);
    assert_eq!(troubles, []);
    assert_eq!(kinds(&found["guard/door.mjs"])[0].0, ReviewKind::NoAlgorithms);
}

#[test]
fn disclosures() {
    use Disclosed::{Environment, Error, Event, Password, Stack, Token};
    use DisclosedTo::{Log, Response};
    for (handler, expected) in [
        (handler("console.log('event', JSON.stringify(event, null, 2));"), vec![(Event, Log)]),
        (handler("console.log(event.headers.Authorization);"), vec![(Token, Log)]),
        (handler("console.log(JSON.parse(event.body).password);"), vec![(Password, Log)]),
        (handler("console.log(process.env);"), vec![(Environment, Log)]),
        (handler("try { go(); } catch (e) { return { statusCode: 500, body: e.stack }; }"), vec![(Stack, Response)]),
        (
            handler("try { go(); } catch (e) { return { statusCode: 500, body: JSON.stringify({ error: e.message }) }; }"),
            vec![(Error, Response)],
        ),
        (handler("go().catch((e) => callback(null, { statusCode: 500, body: String(e) }));"), vec![(Error, Response)]),
        (handler("try { go(); } catch (e) { console.error(e); return { statusCode: 500, body: 'failed' }; }"), vec![]),
        (
            handler(
                "const q = `SELECT * FROM t WHERE a = ${event.pathParameters.id}`;\nconsole.log('query: ' + q);\nrequire('mysql').createConnection({}).query(q);",
            ),
            vec![(Disclosed::Sql, Log)],
        ),
        (handler("console.log(`inserted values ${event.pathParameters.id} and more into the table`);"), vec![]),
        (handler("console.log('id', event.pathParameters.id, event.httpMethod);"), vec![]),
        (handler("console.log(event.headers.Authorization.split(' ')[0]);"), vec![]),
        (python("print(event)"), vec![(Event, Log)]),
        (python("import logging\nlogger = logging.getLogger()\nlogger.info('e %s', json.dumps(event))"), vec![(Event, Log)]),
        (python("try:\n    go()\nexcept Exception as e:\n    return {'statusCode': 500, 'body': str(e)}"), vec![(Error, Response)]),
        (
            python("import traceback\ntry:\n    go()\nexcept Exception:\n    return {'body': traceback.format_exc()}"),
            vec![(Stack, Response)],
        ),
        (python("return {'body': json.dumps(dict(os.environ))}"), vec![(Environment, Response)]),
        (python("print(os.environ)"), vec![(Environment, Log)]),
        (python("print(len(event['Records']))"), vec![]),
    ] {
        let found: Vec<_> = handler.disclosures.iter().map(|d| (d.what, d.to)).collect();
        assert_eq!(found, expected, "{}", handler.place);
    }
}

fn kinds(handler: &Handler) -> Vec<(ReviewKind, &str)> {
    handler.reviews.iter().map(|r| (r.kind, &*r.name)).collect()
}

#[test]
fn tokens() {
    use ReviewKind::{NoAlgorithms, NoAudience, NoIssuer, NoTokenUse, NotVerified, Substring, WidePolicy};
    let verify = "const jwt = require('jsonwebtoken');\nconst p = jwt.verify(event.authorizationToken, process.env.K";
    for (handler, expected) in [
        (
            handler(&format!("{verify});\nreturn {{ policyDocument: p.sub }};")),
            vec![(NoAlgorithms, "alg"), (NoIssuer, "iss"), (NoAudience, "aud")],
        ),
        (handler(&format!("{verify}, {{ algorithms: ['RS256'], issuer: 'i', audience: 'a' }});")), vec![]),
        (handler(&format!("{verify}, {{ algorithms: ['RS256'] }});\nif (p.iss !== 'i' || p.aud !== 'a') throw new Error();")), vec![]),
        (
            handler(&format!("// cognito\n{verify}, {{ algorithms: ['RS256'], issuer: 'i', audience: 'a' }});")),
            vec![(NoTokenUse, "token_use")],
        ),
        (
            handler(&format!(
                "{verify}, {{ algorithms: ['RS256'], issuer: 'i', audience: 'a' }});\nif (p.scope.includes('admin')) return 1;"
            )),
            vec![(Substring, "scope")],
        ),
        (
            handler(&format!(
                "{verify}, {{ algorithms: ['RS256'], issuer: 'i', audience: 'a' }});\nif (p.scope.split(' ').includes('admin')) return 1;"
            )),
            vec![],
        ),
        (
            handler("const jwt = require('jsonwebtoken');\nconst p = jwt.decode(event.headers.Authorization);\nreturn p.sub;"),
            vec![(NotVerified, "")],
        ),
        (
            handler(
                "const p = JSON.parse(Buffer.from(event.headers.Authorization.split('.')[1], 'base64').toString());\nreturn p.username;",
            ),
            vec![(NotVerified, "")],
        ),
        (
            handler(
                "const { CognitoJwtVerifier } = require('aws-jwt-verify');\nconst v = CognitoJwtVerifier.create({ userPoolId: 'p', tokenUse: 'access', clientId: 'c' });\nconst p = await v.verify(event.authorizationToken);",
            ),
            vec![],
        ),
        (
            handler(
                "const t = event.authorizationToken;\nreturn { policyDocument: { Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn.split('/')[0] + '/*/*' }] } };",
            ),
            vec![(WidePolicy, "")],
        ),
        (
            handler(
                "const t = event.authorizationToken;\nreturn { policyDocument: { Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn }] } };",
            ),
            vec![],
        ),
        (
            python("import jwt\np = jwt.decode(event['authorizationToken'], 'k')\nreturn p['sub']"),
            vec![(NoAlgorithms, "alg"), (NoIssuer, "iss"), (NoAudience, "aud")],
        ),
        (
            python(
                "from jose import jwt\np = jwt.decode(event['authorizationToken'], 'k', algorithms=['RS256'], audience='a', issuer='i')\nif 'admin' in p['scope']:\n    return 1",
            ),
            vec![(Substring, "scope")],
        ),
        (
            python("import jwt\np = jwt.decode(event['authorizationToken'], options={'verify_signature': False})\nreturn p['sub']"),
            vec![(NotVerified, "")],
        ),
        (
            python("from jose import jwt\np = jwt.get_unverified_claims(event['headers']['Authorization'])\nreturn p['sub']"),
            vec![(NotVerified, "")],
        ),
    ] {
        assert_eq!(kinds(&handler), expected, "{:?}", handler.reviews);
    }
}

#[test]
fn identities() {
    use ReviewKind::{ClientControlledTenant, IdentityOverridden, UnguardedIdentity, WidePostPolicy, WritableAttribute};
    let table = "const { DynamoDBClient, GetItemCommand } = require('@aws-sdk/client-dynamodb'); const db = new DynamoDBClient();";
    for (handler, expected) in [
        (handler("const a = event.requestContext.authorizer.principalId;"), vec![(UnguardedIdentity, "principalId")]),
        (handler("const a = event.requestContext.authorizer?.principalId;"), vec![]),
        (handler("if (event.requestContext.authorizer) { const a = event.requestContext.authorizer.principalId; }"), vec![]),
        (handler("if ('authorizer' in event.requestContext) { const a = event.requestContext.authorizer.principalId; }"), vec![]),
        (handler("const a = event.requestContext.authorizer && event.requestContext.authorizer.principalId;"), vec![]),
        (handler("try { const a = event.requestContext.authorizer.principalId; } catch (e) { return 1; }"), vec![]),
        (
            handler("const b = JSON.parse(event.body);\nconst c = b.company || event.requestContext.authorizer?.CompanyID;"),
            vec![(IdentityOverridden, "company")],
        ),
        (
            handler(
                "const b = JSON.parse(event.body);\nlet c = event.requestContext.authorizer?.CompanyID;\nif ('company' in b) { c = b.company; }\nreturn c;",
            ),
            vec![(IdentityOverridden, "company")],
        ),
        (handler("const c = event.requestContext.authorizer?.CompanyID;\nconst d = JSON.parse(event.body).company;"), vec![]),
        // Where the authorizer said nothing there is nothing to replace.
        (handler("const c = event.requestContext.authorizer?.CompanyID ?? JSON.parse(event.body).company;"), vec![]),
        (
            handler(
                "const b = JSON.parse(event.body);\nconst a = event.requestContext.authorizer?.CompanyID;\nconst c = a === undefined ? b.company : a;",
            ),
            vec![],
        ),
        (
            python(
                "c = event['requestContext'].get('authorizer', {}).get('company')\nb = json.loads(event['body'])\nif not c:\n    c = b['company']\nreturn c",
            ),
            vec![],
        ),
        (
            handler(&format!(
                "{table}\nawait db.send(new GetItemCommand({{ TableName: 'T', Key: {{ pk: {{ S: event.queryStringParameters.tenantId }} }} }}));"
            )),
            vec![(ClientControlledTenant, "tenantId")],
        ),
        (
            handler(&format!(
                "{table}\nawait db.send(new GetItemCommand({{ TableName: 'T', Key: {{ pk: {{ S: event.pathParameters.id }} }} }}));"
            )),
            vec![],
        ),
        (
            handler("if (event.requestContext.authorizer?.claims['custom:role'] === 'admin') return 1;"),
            vec![(WritableAttribute, "custom:role")],
        ),
        (
            handler("for (const a of await users()) { if (a.Name === 'custom:is_admin') return a.Value; }"),
            vec![(WritableAttribute, "custom:is_admin")],
        ),
        (
            python("if event['requestContext']['authorizer']['claims']['custom:role'] == 'admin':\n    return 1"),
            vec![(WritableAttribute, "custom:role"), (UnguardedIdentity, "claims")],
        ),
        (
            python(
                "c = event['requestContext'].get('authorizer', {}).get('company')\nb = json.loads(event['body'])\nif 'company' in b:\n    c = b['company']\nreturn c",
            ),
            vec![(IdentityOverridden, "company")],
        ),
        (
            python("return boto3.client('s3').generate_presigned_post('b', 'k', Conditions=[['starts-with', '$key', '']])"),
            vec![(WidePostPolicy, "")],
        ),
        (python("return boto3.client('s3').generate_presigned_post('b', 'k', Conditions=[['content-length-range', 1, 9]])"), vec![]),
    ] {
        let mut found = kinds(&handler);
        found.sort();
        assert_eq!(found, expected, "{:?}", handler.reviews);
    }
}

#[test]
fn connections() {
    use ReviewKind::{MultipleStatements, PlainConnection};
    let plain = (PlainConnection, "ssl");
    let mysql = "const mysql = require('mysql2/promise');\nconst config = { host: process.env.H, user: 'u',";
    for (handler, expected) in [
        (
            handler(&format!("{mysql}\n multipleStatements: true }};\nawait mysql.createConnection(config);")),
            vec![plain, (MultipleStatements, "multipleStatements")],
        ),
        (handler(&format!("{mysql} ssl: 'Amazon RDS', multipleStatements: false }};\nawait mysql.createPool(config);")), vec![]),
        (
            handler(&format!("{mysql} ssl: {{ rejectUnauthorized: false }} }};\nawait mysql.createPool(config);")),
            vec![(PlainConnection, "rejectUnauthorized")],
        ),
        // Options from elsewhere may say anything.
        (handler(&format!("{mysql} ...other() }};\nawait mysql.createPool(config);")), vec![]),
        (handler("const mysql = require('mysql');\nmysql.createConnection(process.env.URL);"), vec![]),
        // Another module and a promise on the way.
        (
            handler("const { Client } = require('pg');\nconst make = async (c) => new Client(c);\nawait make({ host: 'h', user: 'u' });"),
            vec![plain],
        ),
        (python("import pymysql\npymysql.connect(host='h', user='u')"), vec![plain]),
        (
            python(
                "import pymysql\nfrom pymysql.constants import CLIENT\npymysql.connect(host='h', ssl={'ca': 'x'}, client_flag=CLIENT.MULTI_STATEMENTS)",
            ),
            vec![(MultipleStatements, "multipleStatements")],
        ),
        (python("import pymysql\npymysql.connect(**json.loads(event['body']))"), vec![]),
    ] {
        let found: Vec<(ReviewKind, &str)> = handler.reviews.iter().map(|review| (review.kind, review.name.as_str())).collect();
        assert_eq!(found, expected, "{:?}", handler.reviews);
    }
}
