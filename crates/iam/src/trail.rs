//! From a CloudTrail record to the IAM action and resource its call needed (Service Authorization Reference; CloudTrail
//! User Guide, "CloudTrail record contents"). Event names are mostly the action's own; the exceptions are a table.
//! A record that says no resource gives none: nothing is guessed.

use crate::catalogue::catalogue;
use crate::sets::Observed;
use serde_json::Value;

/// `eventSource`, `eventName` (without a date or version at its end), IAM action; where the names differ. For Amazon S3 this
/// is "Required permissions for Amazon S3 API operations" (Amazon S3 User Guide).
const ACTIONS: [(&str, &str, &str); 79] = [
    ("lambda", "Invoke", "lambda:InvokeFunction"),
    ("lambda", "InvokeExecution", "lambda:InvokeFunction"),
    ("lambda", "InvokeWithResponseStream", "lambda:InvokeFunction"),
    ("lambda", "GetLayerVersionByArn", "lambda:GetLayerVersion"),
    ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
    ("s3", "ListDirectoryBuckets", "s3express:ListAllMyDirectoryBuckets"),
    ("s3", "CreateSession", "s3express:CreateSession"),
    ("s3", "ListObjects", "s3:ListBucket"),
    ("s3", "ListObjectsV2", "s3:ListBucket"),
    ("s3", "ListObjectVersions", "s3:ListBucketVersions"),
    ("s3", "ListMultipartUploads", "s3:ListBucketMultipartUploads"),
    ("s3", "HeadObject", "s3:GetObject"),
    ("s3", "SelectObjectContent", "s3:GetObject"),
    ("s3", "HeadBucket", "s3:ListBucket"),
    ("s3", "CopyObject", "s3:PutObject"),
    ("s3", "DeleteObjects", "s3:DeleteObject"),
    ("s3", "CreateMultipartUpload", "s3:PutObject"),
    ("s3", "UploadPart", "s3:PutObject"),
    ("s3", "UploadPartCopy", "s3:PutObject"),
    ("s3", "CompleteMultipartUpload", "s3:PutObject"),
    ("s3", "ListParts", "s3:ListMultipartUploadParts"),
    ("s3", "WriteGetObjectResponse", "s3-object-lambda:WriteGetObjectResponse"),
    ("s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    ("s3", "PutBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("s3", "DeleteBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("s3", "GetBucketLifecycle", "s3:GetLifecycleConfiguration"),
    ("s3", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
    ("s3", "PutBucketLifecycle", "s3:PutLifecycleConfiguration"),
    ("s3", "PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    ("s3", "DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"),
    ("s3", "GetBucketReplication", "s3:GetReplicationConfiguration"),
    ("s3", "PutBucketReplication", "s3:PutReplicationConfiguration"),
    ("s3", "DeleteBucketReplication", "s3:PutReplicationConfiguration"),
    ("s3", "GetBucketCors", "s3:GetBucketCORS"),
    ("s3", "PutBucketCors", "s3:PutBucketCORS"),
    ("s3", "DeleteBucketCors", "s3:PutBucketCORS"),
    ("s3", "DeleteBucketTagging", "s3:PutBucketTagging"),
    ("s3", "DeleteBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
    ("s3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("s3", "PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("s3", "DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("s3", "DeleteBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("s3", "GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration"),
    ("s3", "PutBucketAccelerateConfiguration", "s3:PutAccelerateConfiguration"),
    ("s3", "GetBucketNotificationConfiguration", "s3:GetBucketNotification"),
    ("s3", "PutBucketNotificationConfiguration", "s3:PutBucketNotification"),
    ("s3", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
    ("s3", "PutObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration"),
    ("s3", "CreateBucketMetadataConfiguration", "s3:CreateBucketMetadataTableConfiguration"),
    ("s3", "GetBucketMetadataConfiguration", "s3:GetBucketMetadataTableConfiguration"),
    ("s3", "DeleteBucketMetadataConfiguration", "s3:DeleteBucketMetadataTableConfiguration"),
    ("s3", "GetBucketAnalyticsConfiguration", "s3:GetAnalyticsConfiguration"),
    ("s3", "ListBucketAnalyticsConfigurations", "s3:GetAnalyticsConfiguration"),
    ("s3", "PutBucketAnalyticsConfiguration", "s3:PutAnalyticsConfiguration"),
    ("s3", "DeleteBucketAnalyticsConfiguration", "s3:PutAnalyticsConfiguration"),
    ("s3", "GetBucketInventoryConfiguration", "s3:GetInventoryConfiguration"),
    ("s3", "ListBucketInventoryConfigurations", "s3:GetInventoryConfiguration"),
    ("s3", "PutBucketInventoryConfiguration", "s3:PutInventoryConfiguration"),
    ("s3", "DeleteBucketInventoryConfiguration", "s3:PutInventoryConfiguration"),
    ("s3", "GetBucketMetricsConfiguration", "s3:GetMetricsConfiguration"),
    ("s3", "ListBucketMetricsConfigurations", "s3:GetMetricsConfiguration"),
    ("s3", "PutBucketMetricsConfiguration", "s3:PutMetricsConfiguration"),
    ("s3", "DeleteBucketMetricsConfiguration", "s3:PutMetricsConfiguration"),
    ("s3", "GetBucketIntelligentTieringConfiguration", "s3:GetIntelligentTieringConfiguration"),
    ("s3", "ListBucketIntelligentTieringConfigurations", "s3:GetIntelligentTieringConfiguration"),
    ("s3", "PutBucketIntelligentTieringConfiguration", "s3:PutIntelligentTieringConfiguration"),
    ("s3", "DeleteBucketIntelligentTieringConfiguration", "s3:PutIntelligentTieringConfiguration"),
    ("sqs", "SendMessageBatch", "sqs:SendMessage"),
    ("sqs", "DeleteMessageBatch", "sqs:DeleteMessage"),
    ("sqs", "ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility"),
    ("sns", "PublishBatch", "sns:Publish"),
    // API Gateway's actions are the methods of its control API.
    ("apigateway", "GenerateClientCertificate", "apigateway:POST"),
    ("apigateway", "PutRestApi", "apigateway:PUT"),
    ("apigateway", "ReimportApi", "apigateway:PUT"),
    ("apigateway", "ImportApi", "apigateway:PUT"),
    ("apigateway", "ImportDocumentationParts", "apigateway:PUT"),
    ("apigateway", "TagResource", "apigateway:PUT"),
    ("apigateway", "RejectDomainNameAccessAssociation", "apigateway:POST"),
    ("apigateway", "ExportApi", "apigateway:GET"),
];

/// How the operations of API Gateway begin, and the method of its control API they use.
const METHODS: [(&str, &str); 11] = [
    ("Get", "apigateway:GET"),
    ("Create", "apigateway:POST"),
    ("Import", "apigateway:POST"),
    ("TestInvoke", "apigateway:POST"),
    ("Put", "apigateway:PUT"),
    ("Update", "apigateway:PATCH"),
    ("Delete", "apigateway:DELETE"),
    ("Flush", "apigateway:DELETE"),
    ("Reset", "apigateway:DELETE"),
    ("Untag", "apigateway:DELETE"),
    ("Reject", "apigateway:POST"),
];

/// Operations of several actions.
const SEVERAL: [(&str, &str, &[&str]); 6] = [
    ("dynamodb", "TransactWriteItems", &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"]),
    ("dynamodb", "TransactGetItems", &["dynamodb:GetItem"]),
    ("dynamodb", "ExecuteStatement", &PARTIQL),
    ("dynamodb", "BatchExecuteStatement", &PARTIQL),
    ("dynamodb", "ExecuteTransaction", &PARTIQL),
    ("kms", "ReEncrypt", &["kms:ReEncryptFrom", "kms:ReEncryptTo"]),
];

/// What a PartiQL statement may need: the record does not always show the statement.
const PARTIQL: [&str; 4] = ["dynamodb:PartiQLSelect", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete"];

/// `requestParameters` members that hold a role which the call passes (IAM User Guide, "Grant a user permissions to pass
/// a role to an AWS service"): the caller needs `iam:PassRole` on it too.
const PASSED: [(&str, &str); 13] = [
    ("lambda", "role"),
    ("states", "roleArn"),
    ("scheduler", "target/roleArn"),
    ("events", "roleArn"),
    ("pipes", "roleArn"),
    ("cloudformation", "roleARN"),
    ("apigateway", "credentials"),
    ("apigateway", "putIntegrationInput/credentials"),
    ("logs", "roleArn"),
    ("cloudtrail", "cloudWatchLogsRoleArn"),
    ("cognito-identity", "roles/authenticated"),
    ("cognito-identity", "roles/unauthenticated"),
    ("ssm", "serviceRoleArn"),
];

/// Endpoint names of CloudTrail that are not the prefix of the actions.
const PREFIXES: [(&str, &str); 4] = [("monitoring", "cloudwatch"), ("tagging", "tag"), ("email", "ses"), ("xray-daemon", "xray")];

/// `requestParameters` member, service, and the resource it names (`{}` the value, `{r}` region, `{a}` account).
const RESOURCES: [(&str, &str, &str); 20] = [
    ("dynamodb", "tableName", "arn:aws:dynamodb:{r}:{a}:table/{}"),
    ("lambda", "functionName", "arn:aws:lambda:{r}:{a}:function:{}"),
    ("sns", "topicArn", "{}"),
    ("states", "stateMachineArn", "{}"),
    ("states", "executionArn", "{}"),
    ("kms", "keyId", "arn:aws:kms:{r}:{a}:key/{}"),
    ("ssm", "name", "arn:aws:ssm:{r}:{a}:parameter/{}"),
    ("logs", "logGroupName", "arn:aws:logs:{r}:{a}:log-group:{}"),
    ("events", "eventBusName", "arn:aws:events:{r}:{a}:event-bus/{}"),
    ("cognito-idp", "userPoolId", "arn:aws:cognito-idp:{r}:{a}:userpool/{}"),
    ("cognito-identity", "identityPoolId", "arn:aws:cognito-identity:{r}:{a}:identitypool/{}"),
    ("iam", "roleName", "arn:aws:iam::{a}:role/{}"),
    ("iam", "userName", "arn:aws:iam::{a}:user/{}"),
    ("iam", "groupName", "arn:aws:iam::{a}:group/{}"),
    ("iam", "policyArn", "{}"),
    ("sts", "roleArn", "{}"),
    ("cloudformation", "stackName", "arn:aws:cloudformation:{r}:{a}:stack/{}/*"),
    ("rds", "dBClusterIdentifier", "arn:aws:rds:{r}:{a}:cluster:{}"),
    ("rds", "dBInstanceIdentifier", "arn:aws:rds:{r}:{a}:db:{}"),
    ("cloudtrail", "name", "arn:aws:cloudtrail:{r}:{a}:trail/{}"),
];

/// Who made the call: the ARN of the user, or of the role whose session it was. `None` for services and anonymous calls.
pub fn caller(record: &Value) -> Option<&str> {
    let identity = record.get("userIdentity")?;
    let issuer = identity.pointer("/sessionContext/sessionIssuer/arn");
    issuer.or_else(|| identity.get("arn")).and_then(Value::as_str)
}

/// The IAM actions that a record's call needed, each with its resource where the record says it. Empty when the record
/// names no event, or one whose action the catalogue does not know.
pub fn observed(record: &Value) -> Vec<Observed> {
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
    let source = text("eventSource").trim_end_matches(".amazonaws.com");
    let service = PREFIXES.iter().find(|(own, _)| *own == source).map_or(source, |(_, prefix)| prefix);
    let actions = actions(service, bare(text("eventName")));
    let all = catalogue();
    let mut out = Vec::new();
    for action in actions.iter().filter_map(|action| all.action(action)) {
        let types: Vec<String> = {
            let service = all.service_of(action);
            action.resource_types.iter().map(|(at, _)| service.resource_types[usize::from(*at)].pattern()).collect()
        };
        let full = action.full(all);
        if types.is_empty() {
            out.push(Observed { action: full, resource: Some("*".into()) });
            continue;
        }
        let fits = |arn: &String| types.iter().any(|kind| crate::glob::Glob::plain(kind).matches(arn));
        let named: Vec<String> = resources(record, service).into_iter().filter(fits).collect();
        if named.is_empty() {
            out.push(Observed { action: full, resource: None });
        } else {
            out.extend(named.into_iter().map(|arn| Observed { action: full.clone(), resource: Some(arn) }));
        }
    }
    out.extend(beside(record, service));
    out
}

/// The IAM actions that an API operation needs, by the service's IAM prefix and the operation's name: `s3`, `ListObjectsV2` gives
/// `s3:ListBucket`. An operation that no table names needs the action of its own name.
pub fn actions(service: &str, operation: &str) -> Vec<String> {
    if let Some((.., actions)) = SEVERAL.iter().find(|(own, name, _)| *own == service && *name == operation) {
        return actions.iter().map(|action| (*action).to_owned()).collect();
    }
    let known = ACTIONS.iter().find(|(own, name, _)| *own == service && *name == operation).map(|(.., action)| *action);
    let method = || METHODS.iter().find(|(start, _)| service == "apigateway" && operation.starts_with(start)).map(|(_, action)| *action);
    vec![known.or_else(method).map_or_else(|| format!("{service}:{operation}"), str::to_owned)]
}

/// What the call needed beside its own action: to pass a role, to read the object it copies.
fn beside(record: &Value, service: &str) -> Vec<Observed> {
    let parameter = |path: &str| record.pointer(&format!("/requestParameters/{path}")).and_then(Value::as_str);
    let passed = PASSED.iter().filter(|(own, _)| *own == service).filter_map(|(_, path)| parameter(path));
    let roles = passed.filter(|arn| arn.contains(":iam:") && arn.contains(":role/"));
    let mut out: Vec<Observed> = roles.map(|arn| Observed { action: "iam:PassRole".into(), resource: Some(arn.to_owned()) }).collect();
    if service == "s3"
        && let Some(source) = parameter("x-amz-copy-source")
    {
        let source = source.trim_start_matches('/').split('?').next().unwrap_or_default();
        out.push(Observed { action: "s3:GetObject".into(), resource: Some(format!("arn:aws:s3:::{source}")) });
    }
    out
}

/// The event's name without the API version that Lambda and CloudFront put at its end: `CreateFunction20150331v2`.
fn bare(name: &str) -> &str {
    let stem = name.rsplit_once('v').filter(|(_, v)| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit() || b == b'_'));
    let stem = stem.map_or(name, |(stem, _)| stem);
    let cut = stem.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
    if stem.len() - cut.len() >= 8 { cut } else { name }
}

fn resources(record: &Value, service: &str) -> Vec<String> {
    let listed = record.get("resources").and_then(Value::as_array).into_iter().flatten();
    let mut out: Vec<String> = listed.filter_map(|r| r.get("ARN").or_else(|| r.get("arn"))?.as_str().map(str::to_owned)).collect();
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
    let parameter = |key: &str| record.pointer(&format!("/requestParameters/{key}")).and_then(Value::as_str);
    let (region, account) = (text("awsRegion"), text("recipientAccountId"));
    if service == "s3"
        && let Some(bucket) = parameter("bucketName")
    {
        out.push(format!("arn:aws:s3:::{bucket}"));
        out.extend(parameter("key").map(|key| format!("arn:aws:s3:::{bucket}/{key}")));
    }
    if service == "secretsmanager" {
        // Only the full ARN says the six random characters.
        out.extend(parameter("secretId").filter(|id| id.starts_with("arn:")).map(str::to_owned));
    }
    if service == "sqs"
        && let Some(queue) = parameter("queueUrl").and_then(|url| url.rsplit('/').next())
    {
        out.push(format!("arn:aws:sqs:{region}:{account}:{queue}"));
    }
    for (_, key, template) in RESOURCES.iter().filter(|(own, ..)| *own == service) {
        if let Some(value) = parameter(key) {
            let filled = template.replace("{r}", region).replace("{a}", account).replace("{}", value.trim_start_matches('/'));
            out.push(if value.starts_with("arn:") { value.to_owned() } else { filled });
        }
    }
    out.sort();
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::{caller, observed};
    use serde_json::json;

    #[test]
    fn records() {
        let rows = [
            ("dynamodb", "GetItem", json!({"tableName": "rides"}), "dynamodb:GetItem arn:aws:dynamodb:us-east-1:123456789012:table/rides"),
            (
                "lambda",
                "CreateFunction20150331",
                json!({"functionName": "f"}),
                "lambda:CreateFunction arn:aws:lambda:us-east-1:123456789012:function:f",
            ),
            (
                "lambda",
                "UpdateFunctionCode20150331v2",
                json!({"functionName": "f"}),
                "lambda:UpdateFunctionCode arn:aws:lambda:us-east-1:123456789012:function:f",
            ),
            ("lambda", "Invoke", json!({"functionName": "f"}), "lambda:InvokeFunction arn:aws:lambda:us-east-1:123456789012:function:f"),
            ("s3", "ListBuckets", json!(null), "s3:ListAllMyBuckets *"),
            ("s3", "GetObject", json!({"bucketName": "b", "key": "k"}), "s3:GetObject arn:aws:s3:::b/k"),
            (
                "sqs",
                "SendMessageBatch",
                json!({"queueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q"}),
                "sqs:SendMessage arn:aws:sqs:us-east-1:123456789012:q",
            ),
            ("secretsmanager", "GetSecretValue", json!({"secretId": "db"}), "secretsmanager:GetSecretValue ?"),
            ("apigateway", "UpdateStage", json!({"restApiId": "a"}), "apigateway:PATCH ?"),
            ("kms", "CreateGrant", json!({"keyId": "k"}), "kms:CreateGrant arn:aws:kms:us-east-1:123456789012:key/k"),
            ("iam", "PutRolePolicy", json!({"roleName": "r"}), "iam:PutRolePolicy arn:aws:iam::123456789012:role/r"),
        ];
        for (source, name, parameters, expected) in rows {
            let record = json!({"eventSource": format!("{source}.amazonaws.com"), "eventName": name, "awsRegion": "us-east-1",
                "recipientAccountId": "123456789012", "requestParameters": parameters});
            let found = observed(&record);
            let shown: Vec<String> = found.iter().map(|o| format!("{} {}", o.action, o.resource.as_deref().unwrap_or("?"))).collect();
            assert_eq!(shown, [expected], "{name}");
        }
        assert!(observed(&json!({"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin"})).is_empty());
        assert!(observed(&json!({})).is_empty());
    }

    #[test]
    fn what_a_call_needs_beside_its_action() {
        let rows = [
            (
                "lambda",
                "CreateFunction20150331",
                json!({"functionName": "f", "role": "arn:aws:iam::123456789012:role/r"}),
                "iam:PassRole arn:aws:iam::123456789012:role/r",
            ),
            ("s3", "CopyObject", json!({"bucketName": "b", "key": "k", "x-amz-copy-source": "/a/x"}), "s3:GetObject arn:aws:s3:::a/x"),
            ("kms", "ReEncrypt", json!({}), "kms:ReEncryptTo ?"),
        ];
        for (source, name, parameters, expected) in rows {
            let record = json!({"eventSource": format!("{source}.amazonaws.com"), "eventName": name, "awsRegion": "us-east-1",
                "recipientAccountId": "123456789012", "requestParameters": parameters});
            let found = observed(&record);
            assert_eq!(found.len(), 2, "{name}");
            let last = found.last().map(|o| format!("{} {}", o.action, o.resource.as_deref().unwrap_or("?")));
            assert_eq!(last.as_deref(), Some(expected), "{name}");
        }
    }

    /// Every action the tables name is one that the catalogue lists.
    #[test]
    fn only_real_actions() {
        let all = crate::catalogue::catalogue();
        let own = super::ACTIONS.iter().map(|(.., action)| *action).chain(super::METHODS.iter().map(|(_, action)| *action));
        let several = super::SEVERAL.iter().flat_map(|(.., actions)| actions.iter().copied());
        let unknown: Vec<&str> = own.chain(several).filter(|action| all.action(action).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn the_role_behind_a_session() {
        let record = json!({"userIdentity": {"arn": "arn:aws:sts::1:assumed-role/r/s", "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::1:role/r"}}}});
        assert_eq!(caller(&record), Some("arn:aws:iam::1:role/r"));
    }
}
