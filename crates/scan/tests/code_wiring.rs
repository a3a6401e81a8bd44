//! Data that goes on from one function into another: through queues, topics, tables, buckets, buses and calls; only where the role
//! may, the filter lets it, and the resource is the one.
#![allow(clippy::unwrap_used)]

mod support;

use model::{Finding, Severity};
use support::{folder, scan};

/// Two functions and what stands between them. `WRITER` is behind an open route; `READER` runs what it is sent.
fn wired(name: &str, between: &str, writer: (&str, &str), reader: (&str, &str)) -> Vec<Finding> {
    let template = format!(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Writer:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: writer.main
      CodeUri: .
{}
      Events:
        Call: {{Type: Api, Properties: {{Path: '/things/{{id}}', Method: post}}}}
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: reader.main
      CodeUri: .
{}
{between}",
        writer.0, reader.0
    );
    let run = format!("const {{ execSync }} = require('child_process');\nexports.main = async (event) => {{\n{}\n}};\n", reader.1);
    let write = format!("exports.main = async (event) => {{\n{}\n}};\n", writer.1);
    let found = scan(name, &[("template.yaml", &template), ("writer.js", &write), ("reader.js", &run)]);
    found.into_iter().filter(|finding| finding.risk == "command-injection").collect()
}

#[test]
fn data_goes_on_through_queues_tables_and_buckets() {
    let sqs = "const { SQSClient, SendMessageCommand } = require('@aws-sdk/client-sqs');\nawait new SQSClient({}).send(new SendMessageCommand({ QueueUrl: process.env.TO, MessageBody: JSON.stringify({ name: event.pathParameters.id, kind: 'new' }) }));";
    let queue = "  Jobs: {Type: AWS::SQS::Queue}\n";
    let queued = |more: &str| format!("      Events:\n        Job: {{Type: SQS, Properties: {{Queue: !GetAtt Jobs.Arn{more}}}}}");
    let send =
        "      Environment: {Variables: {TO: !Ref Jobs}}\n      Policies: [{SQSSendMessagePolicy: {QueueName: !GetAtt Jobs.QueueName}}]";
    let reads = "const { name } = JSON.parse(event.Records[0].body);\nexecSync('file ' + name);";

    let found = wired("sqs", queue, (send, sqs), (&queued(""), reads));
    assert_eq!((found.len(), found[0].severity, found[0].condition.clone()), (1, Severity::Critical, None));
    let says: Vec<&str> = found[0].path.iter().map(|step| step.says.as_str()).collect();
    assert_eq!(says[0], "anyone on the internet may send POST /things/{id}");
    assert!(says.contains(&"Writer sends it to Jobs") && says.contains(&"that starts Reader"), "{says:?}");

    // The other field of the message is the writer's own.
    let other =
        wired("sqs other field", queue, (send, sqs), (&queued(""), &reads.replace("{ name }", "{ kind }").replace("+ name", "+ kind")));
    assert_eq!(other[0].severity, Severity::Medium);
    // A role that may not send does not send.
    let mute = "      Environment: {Variables: {TO: !Ref Jobs}}";
    assert_eq!(wired("sqs no right", queue, (mute, sqs), (&queued(""), reads))[0].severity, Severity::Medium);
    // A filter that lets nothing of it through, and one that lets it.
    let filter = |kind: &str| queued(&format!(", FilterCriteria: {{Filters: [{{Pattern: '{{\"body\": {{\"kind\": [\"{kind}\"]}}}}'}}]}}"));
    assert_eq!(wired("sqs filter", queue, (send, sqs), (&filter("old"), reads))[0].severity, Severity::Medium);
    assert_eq!(wired("sqs filter fits", queue, (send, sqs), (&filter("new"), reads))[0].severity, Severity::Critical);

    let table = "  Things:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
";
    let put = "const { DynamoDBClient, PutItemCommand } = require('@aws-sdk/client-dynamodb');\nawait new DynamoDBClient({}).send(new PutItemCommand({ TableName: process.env.TO, Item: { id: { S: '1' }, name: { S: event.pathParameters.id } } }));";
    let writes = "      Environment: {Variables: {TO: !Ref Things}}\n      Policies: [{DynamoDBCrudPolicy: {TableName: !Ref Things}}]";
    let stream = "      Events:\n        Item: {Type: DynamoDB, Properties: {Stream: !GetAtt Things.StreamArn, StartingPosition: LATEST}}";
    let image = "execSync('file ' + event.Records[0].dynamodb.NewImage.name.S);";
    assert_eq!(wired("stream", table, (writes, put), (stream, image))[0].severity, Severity::Critical);
    assert_eq!(wired("stream key", table, (writes, put), (stream, &image.replace("name.S", "id.S")))[0].severity, Severity::Medium);

    let bucket = "  Files: {Type: AWS::S3::Bucket}\n";
    let upload = "const { S3Client, PutObjectCommand } = require('@aws-sdk/client-s3');\nawait new S3Client({}).send(new PutObjectCommand({ Bucket: process.env.TO, Key: `in/${event.pathParameters.id}`, Body: '' }));";
    let files = "      Environment: {Variables: {TO: !Ref Files}}\n      Policies: [{S3WritePolicy: {BucketName: !Ref Files}}]";
    let notified = |filter: &str| {
        format!("      Events:\n        File: {{Type: S3, Properties: {{Bucket: !Ref Files, Events: 's3:ObjectCreated:*'{filter}}}}}")
    };
    let key = "execSync('file ' + event.Records[0].s3.object.key);";
    let prefix = |text: &str| notified(&format!(", Filter: {{S3Key: {{Rules: [{{Name: prefix, Value: {text}}}]}}}}"));
    assert_eq!(wired("bucket", bucket, (files, upload), (&notified(""), key))[0].severity, Severity::Critical);
    assert_eq!(wired("bucket prefix", bucket, (files, upload), (&prefix("out/"), key))[0].severity, Severity::Medium);
    let deeper = wired("bucket deeper prefix", bucket, (files, upload), (&prefix("in/photos/"), key));
    assert!(deeper[0].severity == Severity::Critical && deeper[0].condition.as_deref().unwrap().contains("filter"), "{deeper:?}");
}

#[test]
fn data_goes_on_through_topics_buses_and_calls() {
    let topic = "  News: {Type: AWS::SNS::Topic}\n  Jobs: {Type: AWS::SQS::Queue}\n  Feed:\n    Type: AWS::SNS::Subscription\n    Properties: {TopicArn: !Ref News, Protocol: sqs, Endpoint: !GetAtt Jobs.Arn}\n";
    let publish = "const { SNSClient, PublishCommand } = require('@aws-sdk/client-sns');\nawait new SNSClient({}).send(new PublishCommand({ TopicArn: process.env.TO, Message: event.body }));";
    let may =
        "      Environment: {Variables: {TO: !Ref News}}\n      Policies: [{SNSPublishMessagePolicy: {TopicName: !GetAtt News.TopicName}}]";
    let queued = "      Events:\n        Job: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}";
    let envelope = "const { Message } = JSON.parse(event.Records[0].body);\nexecSync('file ' + Message);";
    let found = wired("topic and queue", topic, (may, publish), (queued, envelope));
    assert_eq!(found[0].severity, Severity::Critical);
    assert!(found[0].path.iter().any(|step| step.says == "which is handed on to Jobs"), "{:?}", found[0].path);

    let put = "const { EventBridgeClient, PutEventsCommand } = require('@aws-sdk/client-eventbridge');\nawait new EventBridgeClient({}).send(new PutEventsCommand({ Entries: [{ Source: 'shop', DetailType: 'order', Detail: JSON.stringify({ name: event.pathParameters.id }) }] }));";
    let may = "      Policies: [{EventBridgePutEventsPolicy: {EventBusName: default}}]";
    let rule =
        |source: &str| format!("      Events:\n        Order: {{Type: EventBridgeRule, Properties: {{Pattern: {{source: [{source}]}}}}}}");
    let detail = "execSync('file ' + event.detail.name);";
    assert_eq!(wired("bus", "", (may, put), (&rule("shop"), detail))[0].severity, Severity::Critical);
    assert_eq!(wired("bus other source", "", (may, put), (&rule("billing"), detail))[0].severity, Severity::Medium);

    let invoke = "const { LambdaClient, InvokeCommand } = require('@aws-sdk/client-lambda');\nawait new LambdaClient({}).send(new InvokeCommand({ FunctionName: process.env.TO, Payload: JSON.stringify({ name: event.pathParameters.id }) }));";
    let may = "      Environment: {Variables: {TO: !Ref Reader}}\n      Policies: [{LambdaInvokePolicy: {FunctionName: !Ref Reader}}]";
    assert_eq!(wired("invoke", "", (may, invoke), ("", "execSync('file ' + event.name);"))[0].severity, Severity::Critical);
}

/// A write to a resource that the code does not name is said once, and joined to nothing.
#[test]
fn what_is_not_followed_is_said() {
    let sqs = "const { SQSClient, SendMessageCommand } = require('@aws-sdk/client-sqs');\nawait new SQSClient({}).send(new SendMessageCommand({ QueueUrl: pick(), MessageBody: event.body }));";
    let queue = "  Jobs: {Type: AWS::SQS::Queue}\n";
    let queued = "      Events:\n        Job: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}";
    let found = wired("sqs unknown", queue, ("", sqs), (queued, "execSync('file ' + event.Records[0].body);"));
    assert_eq!(found[0].severity, Severity::Medium);
    let app = read::application(&folder("sqs unknown"), &read::Options::default());
    let said = sekisho_scan::scan(&app).not_assessed;
    assert_eq!(said.iter().filter(|trouble| trouble.says.contains("SendMessage")).count(), 1, "{said:?}");
}

/// A bucket that anyone may write to is a way in.
#[test]
fn a_world_writable_bucket_is_a_way_in() {
    let bucket = "  Files:
    Type: AWS::S3::Bucket
    Properties: {PublicAccessBlockConfiguration: {BlockPublicPolicy: false}}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Files
      PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: '*', Action: 's3:PutObject', Resource: !Sub '${Files.Arn}/*'}]}
";
    let notified = "      Events:\n        File: {Type: S3, Properties: {Bucket: !Ref Files, Events: 's3:ObjectCreated:*'}}";
    let found = wired("open bucket", bucket, ("", ""), (notified, "execSync('file ' + event.Records[0].s3.object.key);"));
    assert_eq!((found[0].severity, found[0].path[0].says.as_str()), (Severity::Critical, "anyone on the internet may write to Files"));
}

/// API Gateway itself may write to the queue: then whoever may send the request sends the message.
#[test]
fn an_api_that_writes_to_a_queue_is_a_way_in() {
    let api = |security: &str| {
        format!(
            "  Jobs: {{Type: AWS::SQS::Queue}}
  Intake:
    Type: AWS::Serverless::Api
    Properties:
      StageName: prod
      DefinitionBody:
        swagger: '2.0'
        info: {{title: intake, version: '1'}}
        securityDefinitions: {{iam: {{type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authtype: awsSigv4}}}}
        paths:
          /jobs:
            post:
{security}              x-amazon-apigateway-integration:
                type: aws
                httpMethod: POST
                credentials: arn:aws:iam::111122223333:role/intake
                uri: !Sub 'arn:aws:apigateway:${{AWS::Region}}:sqs:path/${{AWS::AccountId}}/${{Jobs.QueueName}}'
                requestTemplates: {{application/json: Action=SendMessage&MessageBody=$input.body}}
"
        )
    };
    let queued = "      Events:\n        Job: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}";
    let reads = "execSync('file ' + event.Records[0].body);";
    let open = wired("api to queue", &api(""), ("", ""), (queued, reads));
    assert_eq!((open[0].severity, open[0].path[0].says.contains("POST /jobs")), (Severity::Critical, true), "{:?}", open[0].path);
    let closed = wired("signed api to queue", &api("              security: [{iam: []}]\n"), ("", ""), (queued, reads));
    assert_eq!(closed[0].severity, Severity::High, "{:?}", closed[0].path);
}
