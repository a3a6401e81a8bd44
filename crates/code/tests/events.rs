//! Events of every trigger, and sinks of every kind, in JavaScript.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use support::{flows, lines};

fn found(body: &str) -> Vec<String> {
    let text = format!("exports.handler = async (event, context, callback) => {{\n{body}\n}};\n");
    lines(&flows("index.handler", &[("index.js", &text)])).into_iter().map(|l| l.replace(" handler index.js:", " :")).collect()
}

/// Runs whatever `x` is as a command.
fn source_of(read: &str) -> Vec<String> {
    found(&format!("const x = {read};\nrequire('child_process').execSync(`run ${{x}}`);"))
}

#[test]
fn triggers() {
    for (read, expected) in [
        ("event.Records[0].s3.object.key", "S3.key"),
        ("decodeURIComponent(event.Records[0].s3.object.key.replace(/\\+/g, ' '))", "S3.key"),
        ("event.Records[0].body", "Sqs."),
        ("JSON.parse(event.Records[0].body).order.id", "Sqs.order.id"),
        ("event.Records[0].messageAttributes.Name.stringValue", "Sqs.messageAttributes.Name.stringValue"),
        ("JSON.parse(event.Records[0].Sns.Message).id", "Sns.id"),
        ("event.Records[0].Sns.Subject", "Sns.Subject"),
        ("event.detail.user.name", "EventBridge.user.name"),
        ("event.Records[0].dynamodb.NewImage.name.S", "DynamoDb.name"),
        ("JSON.parse(Buffer.from(event.Records[0].kinesis.data, 'base64').toString()).id", "Kinesis.id"),
        ("JSON.parse(Buffer.from(event.records[0].data, 'base64').toString()).id", "Firehose.id"),
        ("event.request.userAttributes['custom:name']", "Cognito.userAttributes.custom:name"),
        ("event.userName", "Cognito.userName"),
        ("event.arguments.input.id", "AppSync.input.id"),
        ("event.temperature", "field.temperature"),
        ("event.rawQueryString", "query."),
        ("event.requestContext.http.userAgent", "header.User-Agent"),
        ("event.cookies[0]", "header.cookie"),
        ("event.authorizationToken", "header.Authorization"),
        ("JSON.parse(event.body).a", "body.a"),
        ("event.multiValueQueryStringParameters.a[0]", "query.a"),
    ] {
        assert_eq!(source_of(read), [format!("Shell {expected} :3")], "{read}");
    }
    for read in [
        "event.Records[0].s3.bucket.name",
        "event.Records[0].eventSourceARN",
        "event.detail.bucket.name",
        "event.requestContext.authorizer.claims.sub",
        "event.requestContext.requestId",
        "event.ResourceProperties.Name",
        "event.triggerSource",
        "event.identity.sub",
        "process.env.NAME",
    ] {
        assert_eq!(source_of(read), Vec::<String>::new(), "{read}");
    }
}

#[test]
fn content_of_the_object_that_started_the_function() {
    let run = "require('child_process').execSync(`run ${x}`);";
    for (body, expected) in [
        (
            format!(
                "const {{ S3Client, GetObjectCommand }} = require('@aws-sdk/client-s3');\nconst r = await new S3Client().send(new GetObjectCommand({{ Bucket: 'b', Key: event.Records[0].s3.object.key }}));\nconst x = await r.Body.transformToString();\n{run}"
            ),
            "Shell S3.Body",
        ),
        (
            format!(
                "const AWS = require('aws-sdk');\nconst r = await new AWS.S3().getObject({{ Bucket: 'b', Key: event.detail.object.key }}).promise();\nconst x = r.Body.toString('utf8');\n{run}"
            ),
            "Shell S3.Body",
        ),
        (
            format!(
                "const AWS = require('aws-sdk');\nconst r = await new AWS.S3().getObject({{ Bucket: 'b', Key: 'settings.json' }}).promise();\nconst x = r.Body.toString('utf8');\n{run}"
            ),
            "",
        ),
    ] {
        let found: Vec<String> = found(&body).into_iter().filter(|l| !l.starts_with("S3Key")).collect();
        let found: Vec<&str> = found.iter().map(|l| l.rsplit_once(" :").map_or(&**l, |(head, _)| head)).collect();
        assert_eq!(found.join(","), expected, "{body}");
    }
}

#[test]
fn sinks() {
    for (body, expected) in [
        ("require('js-yaml').load(event.body);", "Deserialize body :2"),
        ("const s = require('node-serialize'); s.unserialize(Buffer.from(event.body, 'base64').toString());", "Deserialize body :2"),
        ("require('libxmljs').parseXml(event.body, { noent: true });", "Xml body :2"),
        ("require('handlebars').compile('Hi ' + event.body)({});", "Template body :2"),
        ("require('ejs').render(event.body);", "Template body :2"),
        ("require('vm').runInNewContext(event.body);", "Eval body :2"),
        ("new (require('vm').Script)(event.body);", "Eval body :2"),
        (
            "const { Client } = require('pg'); await new Client().query('SELECT * FROM t WHERE a = ' + event.pathParameters.id);",
            "Sql path.id :2",
        ),
        ("const knex = require('knex')({}); await knex.raw(`SELECT * FROM t WHERE a = ${event.pathParameters.id}`);", "Sql path.id :2"),
        (
            "const { Sequelize } = require('sequelize'); await new Sequelize('').query(`SELECT * FROM t WHERE a = ${event.pathParameters.id}`);",
            "Sql path.id :2",
        ),
        (
            "const { DynamoDBClient, ExecuteStatementCommand } = require('@aws-sdk/client-dynamodb'); await new DynamoDBClient().send(new ExecuteStatementCommand({ Statement: `SELECT * FROM T WHERE a = '${event.body}'` }));",
            "PartiQl body :2",
        ),
        (
            "const { DynamoDBClient, ScanCommand } = require('@aws-sdk/client-dynamodb'); await new DynamoDBClient().send(new ScanCommand({ TableName: 'T', FilterExpression: `a = ${event.body}` }));",
            "NoSql body :2",
        ),
        (
            "const AWS = require('aws-sdk'); await new AWS.DynamoDB.DocumentClient().query(JSON.parse(event.body).params).promise();",
            "NoSql body.params :2",
        ),
        (
            "const { MongoClient } = require('mongodb'); const b = JSON.parse(event.body); await new MongoClient('').db('d').collection('u').findOne({ name: b.name });",
            "NoSql body.name :2",
        ),
        ("require('axios').get(JSON.parse(event.body).url);", "Url body.url :2"),
        ("require('http').get(event.queryStringParameters.url);", "Url query.url :2"),
        (
            "return { statusCode: 200, headers: { 'content-type': 'text/html' }, body: `<p>${event.queryStringParameters.n}</p>` };",
            "Html query.n :2",
        ),
        (
            "callback(null, { headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: event.queryStringParameters.n });",
            "Html query.n :2",
        ),
    ] {
        assert_eq!(found(body), [expected], "{body}");
    }
}

#[test]
fn keys_of_objects() {
    let sdk = "const { S3Client, GetObjectCommand } = require('@aws-sdk/client-s3');";
    for (body, expected) in [
        (format!("{sdk} await new S3Client().send(new GetObjectCommand({{ Bucket: 'b', Key: event.pathParameters.k }}));"), vec!["S3Key path.k :2"]),
        (
            format!("{sdk} const {{ getSignedUrl }} = require('@aws-sdk/s3-request-presigner'); return getSignedUrl(new S3Client(), new GetObjectCommand({{ Bucket: 'b', Key: `${{event.pathParameters.k}}` }}));"),
            vec!["S3Key path.k :2", "Presign path.k :2"],
        ),
        (
            "const { createPresignedPost } = require('@aws-sdk/s3-presigned-post'); return createPresignedPost({}, { Bucket: 'b', Key: event.body, Conditions: [['content-length-range', 0, 9]] });".to_owned(),
            vec!["PostPolicy body :2"],
        ),
        (
            "const AWS = require('aws-sdk'); return new AWS.S3().getSignedUrl('putObject', { Bucket: 'b', Key: event.body });".to_owned(),
            vec!["S3Key body :2", "Presign body :2"],
        ),
    ] {
        let mut found = found(&body);
        found.sort();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(found, expected, "{body}");
    }
}

#[test]
fn what_is_clean() {
    for body in [
        "require('libxmljs').parseXml(event.body);",
        "require('handlebars').compile('Hi {{name}}')({ name: event.body });",
        "const { DynamoDBClient, ScanCommand } = require('@aws-sdk/client-dynamodb'); await new DynamoDBClient().send(new ScanCommand({ TableName: 'T', FilterExpression: 'a = :a', ExpressionAttributeValues: { ':a': { S: event.body } } }));",
        "const { MongoClient } = require('mongodb'); await new MongoClient('').db('d').collection('u').findOne({ name: String(JSON.parse(event.body).name) + '' });",
        "const { MongoClient } = require('mongodb'); await new MongoClient('').db('d').collection('u').findOne({ name: event.pathParameters.name });",
        "return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ n: event.queryStringParameters.n }) };",
        "return { statusCode: 200, headers: { 'content-type': 'text/html' }, body: '<p>hello</p>' };",
        "require('js-yaml').safeLoad(event.body);",
    ] {
        assert_eq!(found(body), Vec::<String>::new(), "{body}");
    }
}
