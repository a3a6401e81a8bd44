//! Documents of a few AWS managed policies (AWS Managed Policy Reference Guide). One that is not here is unknown.

use crate::policy::Policy;
use model::Place;
use serde_json::{Value, json};

/// The AWS managed policy with this ARN, if its document is known here; `place` is where it is attached.
pub(crate) fn policy(arn: &str, place: &Place) -> Option<Policy> {
    let name = arn.strip_prefix("arn:").and_then(|rest| rest.split_once(":iam::aws:policy/"))?.1;
    let name = name.rsplit('/').next()?;
    let allow = |actions: &[&str]| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    let document: Value = match name {
        "AdministratorAccess" => allow(&["*"]),
        "AWSLambdaBasicExecutionRole" => allow(&LOGS),
        "AWSLambdaVPCAccessExecutionRole" => allow(&[&LOGS[..], &INTERFACES[..]].concat()),
        "AWSLambdaENIManagementAccess" => {
            allow(&INTERFACES.into_iter().filter(|action| *action != "ec2:DescribeSubnets").collect::<Vec<_>>())
        }
        "AWSXRayDaemonWriteAccess" | "AWSXrayWriteOnlyAccess" => allow(&TRACES),
        "AWSLambdaSQSQueueExecutionRole" => {
            allow(&[&["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], &LOGS[..]].concat())
        }
        "AWSLambdaDynamoDBExecutionRole" => allow(
            &[&["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"], &LOGS[..]].concat(),
        ),
        "AmazonAPIGatewayPushToCloudWatchLogs" => allow(&[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            "logs:GetLogEvents",
            "logs:FilterLogEvents",
        ]),
        "AmazonS3FullAccess" => allow(&["s3:*", "s3-object-lambda:*"]),
        "AmazonSQSFullAccess" => allow(&["sqs:*"]),
        "IAMFullAccess" => allow(&[
            "iam:*",
            "organizations:DescribeAccount",
            "organizations:DescribeOrganization",
            "organizations:DescribeOrganizationalUnit",
            "organizations:DescribePolicy",
            "organizations:ListChildren",
            "organizations:ListParents",
            "organizations:ListPoliciesForTarget",
            "organizations:ListRoots",
            "organizations:ListPolicies",
            "organizations:ListTargetsForPolicy",
        ]),
        _ => return None,
    };
    Some(Policy::from_json(name, &document, place))
}

const LOGS: [&str; 3] = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];

const INTERFACES: [&str; 6] = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
];

const TRACES: [&str; 5] = [
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:GetSamplingStatisticSummaries",
];
