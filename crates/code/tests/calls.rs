//! Calls of the AWS SDK as service, operation and the variable that names the resource.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

fn calls(text: &str) -> Vec<String> {
    let (code, troubles) = support::facts("a.h", &[("a.js", text)]);
    let handler = code.handlers.values().next().unwrap_or_else(|| panic!("{troubles:?}"));
    let show = |c: &model::code::AwsCall| {
        format!("{}:{} {}", c.service, c.operation.as_deref().unwrap_or("?"), c.resource_from_environment.as_deref().unwrap_or("-"))
    };
    handler.aws_calls.iter().map(show).collect()
}

#[test]
fn both_versions_of_the_sdk() {
    for (text, expected) in [
        (
            "const AWS = require('aws-sdk');\nconst db = new AWS.DynamoDB.DocumentClient();\nexports.h = async () => db.put({ TableName: process.env.T, Item: {} }).promise();",
            "dynamodb:PutItem T",
        ),
        (
            "const { DynamoDB } = require('aws-sdk');\nconst table = process.env['T'];\nexports.h = () => new DynamoDB().getItem({ TableName: table }, () => {});",
            "dynamodb:GetItem T",
        ),
        (
            "const S3 = require('aws-sdk/clients/s3');\nconst s3 = new S3();\nexports.h = () => s3.upload({ Bucket: process.env.B }).promise();",
            "s3:PutObject B",
        ),
        (
            "const xray = require('aws-xray-sdk');\nconst AWS = xray.captureAWS(require('aws-sdk'));\nexports.h = () => new AWS.SQS().sendMessage({ QueueUrl: process.env.Q }).promise();",
            "sqs:SendMessage Q",
        ),
        (
            "const { SQSClient, SendMessageCommand: Send } = require('@aws-sdk/client-sqs');\nconst c = new SQSClient({});\nexports.h = () => c.send(new Send({ QueueUrl: process.env.Q }));",
            "sqs:SendMessage Q",
        ),
        (
            "const { DynamoDBDocument } = require('@aws-sdk/lib-dynamodb'); const { DynamoDB } = require('@aws-sdk/client-dynamodb');\nconst d = DynamoDBDocument.from(new DynamoDB({}));\nexports.h = () => d.query({ TableName: process.env.T });",
            "dynamodb:Query T",
        ),
        (
            "const { DynamoDBDocumentClient, BatchWriteCommand } = require('@aws-sdk/lib-dynamodb');\nconst T = process.env.T;\nexports.h = () => DynamoDBDocumentClient.from({}).send(new BatchWriteCommand({ RequestItems: { [T]: [] } }));",
            "dynamodb:BatchWriteItem T",
        ),
        (
            "const { EventBridgeClient, PutEventsCommand } = require('@aws-sdk/client-eventbridge');\nexports.h = () => new EventBridgeClient().send(new PutEventsCommand({ Entries: [{ EventBusName: process.env.BUS }] }));",
            "events:PutEvents BUS",
        ),
        (
            "const { S3 } = require('aws-sdk');\nexports.h = () => new S3().getSignedUrl('getObject', { Bucket: process.env.B });",
            "s3:GetObject B",
        ),
        ("const { S3 } = require('aws-sdk');\nexports.h = (e) => new S3().getSignedUrl(e.op, {});", "s3:? -"),
        ("const AWS = require('aws-sdk');\nconst db = new AWS.DynamoDB();\nexports.h = (e) => db[e.op]({}).promise();", "dynamodb:? -"),
        (
            "const sdk = require('@aws-sdk/client-s3');\nconst c = new sdk.S3Client({});\nexports.h = (e) => c.send(new sdk[`${e.op}Command`]({}));",
            "s3:? -",
        ),
        ("import { SSM } from '@aws-sdk/client-ssm';\nconst c = new SSM({});\nexport const h = (e) => c[e.op]({ Name: 'a' });", "ssm:? -"),
        (
            "const { paginateScan } = require('@aws-sdk/client-dynamodb');\nexports.h = async () => { for await (const p of paginateScan({ client: 1 }, { TableName: process.env.T })) p; };",
            "dynamodb:Scan T",
        ),
        // Called through what is not followed: its name is met, so it counts.
        (
            "const { SNS } = require('aws-sdk'); const sns = new SNS();\nfunction notify() { return sns.publish({ TopicArn: process.env.A }).promise(); }\nexports.h = (e) => e.steps.map((s) => steps[s]()); const steps = { notify };\nsteps[process.argv[2]] = 1;\nfunction unused() { notify; }\nexports.h.notify = notify;",
            "sns:Publish A",
        ),
    ] {
        assert_eq!(calls(text), [expected], "{text}");
    }
}

#[test]
fn another_handlers_calls_are_not_this_ones() {
    let text = "const { SQSClient, SendMessageCommand, DeleteMessageCommand } = require('@aws-sdk/client-sqs');\nconst c = new SQSClient({});\nexports.h = () => c.send(new SendMessageCommand({}));\nexports.other = () => c.send(new DeleteMessageCommand({}));\n";
    assert_eq!(calls(text), ["sqs:SendMessage -"]);
}
