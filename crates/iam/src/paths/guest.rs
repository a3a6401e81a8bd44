//! The session of a guest of an identity pool in the enhanced flow: Amazon Cognito limits it to some services by a session
//! policy of its own. Sources: Amazon Cognito Developer Guide, "IAM roles", section "Access policies" (the list of services);
//! AWS Managed Policy Reference Guide, "AmazonCognitoUnAuthedIdentitiesSessionPolicy".

use super::outside::nowhere;
use crate::policy::Policy;
use crate::statement::Statement;
use serde_json::json;
use std::sync::Arc;

/// What the documents list.
const LISTED: [&str; 39] = [
    "appsync:*",
    "cloudwatch:*",
    "cognito-identity:*",
    "cognito-sync:*",
    "comprehend:*",
    "dynamodb:*",
    "firehose:*",
    "gamelift:*",
    "geo:*",
    "iot:*",
    "kinesis:*",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "lambda:*",
    "lex:*",
    "machinelearning:*",
    "mobileanalytics:*",
    "mobiletargeting:*",
    "personalize:*",
    "polly:*",
    "rekognition:*",
    "rum:PutRumEvents",
    "s3:*",
    "sagemaker:InvokeEndpoint",
    "sdb:*",
    "ses:*",
    "sns:*",
    "sqs:*",
    "sumerian:View*",
    "textract:AnalyzeDocument",
    "textract:DetectDocumentText",
    "transcribe:*",
    "translate:*",
];
/// What they do not list, and applications with guests call all the same: it may pass.
const PERHAPS: [&str; 2] = ["execute-api:*", "logs:*"];

/// The session policy.
pub(super) fn scope_down() -> Arc<Policy> {
    let allow = |actions: &[&str]| json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [allow(&LISTED), allow(&PERHAPS)]});
    let mut policy = Policy::from_json("the session policy of guests", &document, &nowhere());
    let why = "Amazon Cognito's documents do not list the service";
    policy.statements.iter_mut().skip(1).for_each(|statement| doubt(statement, why));
    Arc::new(policy)
}

fn doubt(statement: &mut Statement, why: &str) {
    for pattern in &mut *statement.actions.any_of {
        pattern.text.unknown = Some(why.into());
    }
}
