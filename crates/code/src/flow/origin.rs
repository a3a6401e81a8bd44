//! The forms of events: API Gateway proxy events (API Gateway Developer Guide, "Input format of a Lambda function for proxy
//! integration", payload 1.0 and 2.0; "Input to an API Gateway Lambda authorizer"), function URLs and load balancers, which take the
//! same form, and the events of S3, SQS, SNS, EventBridge, DynamoDB streams, Kinesis, Firehose, Kafka, CloudWatch Logs (Lambda
//! Developer Guide, "Invoking Lambda with events from other AWS services"), Cognito (Cognito Developer Guide, "Customizing user pool
//! workflows with Lambda triggers") and AppSync (AppSync Developer Guide, "Resolver mapping template context reference").
//!
//! A form is known by its names, so that a function that several services start is read once.

use super::source::{Part, Root, Source};
use model::code::{EventSource, Trigger};
use std::sync::Arc;

/// The name in the event that an attribute of aws-lambda-powertools' data classes stands for.
pub(super) fn spelling(name: &str) -> &str {
    match name {
        "path_parameters" => "pathParameters",
        "query_string_parameters" | "resolved_query_string_parameters" => "queryStringParameters",
        "multi_value_query_string_parameters" => "multiValueQueryStringParameters",
        "multi_value_headers" | "resolved_headers_field" => "multiValueHeaders",
        "request_context" => "requestContext",
        "http_method" => "httpMethod",
        "json_body" | "decoded_body" => "body",
        "authorization_token" => "authorizationToken",
        "method_arn" => "methodArn",
        "new_image" => "NewImage",
        "old_image" => "OldImage",
        "sns_message" => "Message",
        "user_attributes" => "userAttributes",
        "client_metadata" => "clientMetadata",
        "user_name" => "userName",
        other => other,
    }
}

fn source(path: &[&str], name: &str) -> Option<Part> {
    let path = path.iter().copied().chain([name]).map(Arc::from).collect();
    Some(Part::Source(Source { root: Root::Event, path }))
}

/// What a property of the event is, where it is more than one name longer.
pub(super) fn part(path: &[&str], name: &str) -> Option<Part> {
    let identity = || Some(Part::Source(Source::of(Root::Identity)));
    match (path, name) {
        ([], "httpMethod") | (["requestContext"], "httpMethod") | (["requestContext", "http"], "method") => Some(Part::Method),
        // Lists of records are what their elements are; powertools gives them as `records`.
        (["records"], "body" | "s3" | "dynamodb" | "kinesis" | "messageAttributes") => source(&["Records"], name),
        (["records"], "sns" | "Sns") | (["Records"], "sns") => source(&["Records"], "Sns"),
        (["records"], "message_attributes") | (["Records"], "message_attributes") => source(&["Records"], "messageAttributes"),
        (["Records", "Sns"], "message") => source(path, "Message"),
        (["Records", "Sns"], "subject") => source(path, "Subject"),
        (["Records", "s3", "object"], "bucket") => Some(Part::Clean),
        (["Records", "s3"], "get_object") => source(path, "object"),
        ([], "object_key") => source(&["Records", "s3", "object"], "key"),
        ([], "bucket_name") => Some(Part::Clean),
        ([], "raw_event" | "_data") => Some(Part::Source(Source::event())),
        (["requestContext"], "authorizer") | ([], "identity") => identity(),
        (["requestContext"], "identity" | "http" | "path") => None,
        (["requestContext"], _) => Some(Part::Clean),
        (["requestContext", "identity"], "userAgent") | (["requestContext", "http"], "userAgent" | "path") => None,
        (["requestContext", _], _) => Some(Part::Clean),
        ([], "resource" | "routeKey" | "stageVariables" | "isBase64Encoded" | "version" | "type" | "identitySource")
        | ([], "ResponseURL" | "getObjectContext" | "ResourceProperties" | "OldResourceProperties" | "RequestType" | "StackId")
        | ([], "RequestId" | "LogicalResourceId" | "PhysicalResourceId" | "ServiceToken")
        | ([], "detail-type" | "detail_type" | "triggerSource" | "userPoolId" | "callerContext" | "info" | "prev" | "stash")
        | (["Records", "cf", "request"], "origin")
        | (["Records", "cf"], "config")
        | (["Records" | "records"], "eventSource" | "eventName" | "awsRegion" | "eventVersion" | "eventSourceARN" | "eventID")
        | (["Records" | "records"], "messageId" | "receiptHandle" | "md5OfBody" | "attributes" | "event_source_arn" | "message_id")
        | (["Records", "s3"], "bucket" | "configurationId" | "s3SchemaVersion")
        | (["Records", "s3", "object"], "size" | "eTag" | "sequencer" | "versionId")
        | (["Records", "dynamodb"], "SequenceNumber" | "SizeBytes" | "StreamViewType" | "ApproximateCreationDateTime")
        | (["Records", "Sns"], "TopicArn" | "MessageId" | "Timestamp" | "Type" | "SignatureVersion" | "Signature" | "SigningCertUrl")
        | (["Records", "kinesis"], "sequenceNumber" | "kinesisSchemaVersion" | "approximateArrivalTimestamp")
        | (["detail"], "bucket")
        | (["detail", "object"], "size" | "etag" | "sequencer" | "version-id") => Some(Part::Clean),
        _ => None,
    }
}

/// A path of the event as the model names it.
pub(super) fn model(path: &[&str]) -> EventSource {
    let text = |path: &[&str]| path.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
    let trigger = |trigger, path: &[&str]| EventSource::Trigger(trigger, text(path));
    match path {
        [] | ["Records" | "records"] | ["requestContext"] => EventSource::Event,
        ["body", rest @ ..] => EventSource::Body(text(rest)),
        ["pathParameters", name, ..] => EventSource::PathParameter((*name).into()),
        ["queryStringParameters" | "multiValueQueryStringParameters", name, ..] => EventSource::Query((*name).into()),
        ["headers" | "multiValueHeaders", name, ..] => EventSource::Header((*name).into()),
        ["headers" | "multiValueHeaders"] | ["queryStringParameters" | "multiValueQueryStringParameters"] | ["pathParameters"] => {
            EventSource::Event
        }
        ["rawQueryString"] => EventSource::Query(String::new()),
        ["path" | "rawPath"] => EventSource::PathParameter(String::new()),
        ["cookies", ..] => EventSource::Header("cookie".into()),
        ["authorizationToken", ..] => EventSource::Header("Authorization".into()),
        ["requestContext", _, "userAgent"] => EventSource::Header("User-Agent".into()),
        ["Records", "cf", "request", "headers", name, ..] => EventSource::Header((*name).into()),
        ["Records", "cf", "request", "querystring", ..] => EventSource::Query(String::new()),
        ["Records", "cf", "request", "uri", ..] => EventSource::PathParameter(String::new()),
        ["Records", "cf", "request", "body", ..] => EventSource::Body(Vec::new()),
        ["Records", "s3", "object", rest @ ..] => trigger(Trigger::S3, rest),
        ["Records", "s3", rest @ ..] => trigger(Trigger::S3, rest),
        ["Records", "body", rest @ ..] => trigger(Trigger::Sqs, rest),
        ["Records", "messageAttributes", ..] => trigger(Trigger::Sqs, path.get(1..).unwrap_or_default()),
        ["Records", "Sns", "Message", rest @ ..] => trigger(Trigger::Sns, rest),
        ["Records", "Sns", ..] => trigger(Trigger::Sns, path.get(2..).unwrap_or_default()),
        ["Records", "dynamodb", "NewImage" | "OldImage" | "Keys" | "keys", rest @ ..] => {
            // `NewImage.name.S`: the type of a value is no part of its name.
            let typed = rest.last().is_some_and(|t| rest.len() > 1 && matches!(*t, "S" | "N" | "B" | "M" | "L" | "BOOL" | "SS" | "NS"));
            trigger(Trigger::DynamoDb, rest.get(..rest.len() - usize::from(typed)).unwrap_or_default())
        }
        ["Records", "dynamodb", ..] => trigger(Trigger::DynamoDb, &[]),
        ["Records", "kinesis", "data", rest @ ..] => trigger(Trigger::Kinesis, rest),
        ["Records", "kinesis", ..] => trigger(Trigger::Kinesis, path.get(2..).unwrap_or_default()),
        ["records", "data", rest @ ..] => trigger(Trigger::Firehose, rest),
        ["records", .., "value"] => trigger(Trigger::Kafka, &[]),
        ["awslogs", ..] => trigger(Trigger::Logs, &[]),
        ["detail", rest @ ..] => trigger(Trigger::EventBridge, rest),
        [
            "request",
            "userAttributes" | "validationData" | "clientMetadata" | "password" | "challengeAnswer" | "privateChallengeParameters",
            ..,
        ] => trigger(Trigger::Cognito, path.get(1..).unwrap_or_default()),
        ["userName", ..] => trigger(Trigger::Cognito, path),
        ["request", "headers", name, ..] => EventSource::Header((*name).into()),
        ["arguments", rest @ ..] => trigger(Trigger::AppSync, rest),
        _ => EventSource::Field(text(path)),
    }
}

/// The payload of a service's event, in words.
pub(super) fn says(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::S3 => "the S3 object that started the function",
        Trigger::Sqs => "the SQS message that started the function",
        Trigger::Sns => "the SNS message that started the function",
        Trigger::EventBridge => "the EventBridge event that started the function",
        Trigger::DynamoDb => "the item of the DynamoDB stream that started the function",
        Trigger::Kinesis => "the Kinesis record that started the function",
        Trigger::Firehose => "the Firehose record that started the function",
        Trigger::Kafka => "the Kafka record that started the function",
        Trigger::Cognito => "what the user gave to Cognito",
        Trigger::AppSync => "the arguments of the AppSync field",
        Trigger::Logs => "the log events that started the function",
    }
}
