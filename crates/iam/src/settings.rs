//! Settings of services that decide beside policies, read in AWS's own shapes: S3's Block Public Access, object ownership
//! and ACL, grants of KMS keys, the authorisation type of a function URL. Each is put as a policy beside the resource's own,
//! so that a decision names it like any other statement. What cannot be read protects nothing and grants perhaps.
//!
//! ```json
//! {"PublicAccessBlockConfiguration": {"RestrictPublicBuckets": true, "IgnorePublicAcls": true},
//!  "ObjectOwnership": "ObjectWriter",
//!  "Grants": [{"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"}],
//!  "KmsGrants": [{"GrantId": "g", "GranteePrincipal": "arn:aws:iam::123456789012:role/app", "Operations": ["Decrypt"],
//!    "Constraints": {"EncryptionContextSubset": {"team": "rides"}}}],
//!  "FunctionUrlAuthType": "AWS_IAM"}
//! ```

use crate::policy::Policy;
use crate::request::{Context, Request};
use crate::sets::is_public;
use crate::stack::Stack;
use model::{Kind, Node};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Adds what the settings of the request's resource say to the stack, and the condition keys they make to the request.
/// The resource's policy must be in the stack already: whether it is public decides what Block Public Access does.
pub fn apply(settings: &Node, request: &mut Request, stack: &mut Stack) {
    public_access(settings, request, stack);
    for grant in settings.get("KmsGrants").map(Node::items).unwrap_or_default() {
        let name = grant.get("GrantId").and_then(Node::str).map_or_else(|| "grant".to_owned(), |id| format!("grant {id}"));
        stack.settings.push(policy(&name, kms_grant(grant, &request.resource), grant));
    }
    if let Some(kind) = settings.get("FunctionUrlAuthType").and_then(Node::str) {
        let context = std::mem::replace(&mut request.context, Context::new());
        request.context = context.with("lambda:FunctionUrlAuthType", kind);
        if kind == "AWS_IAM" {
            // Lambda Developer Guide, "Control access to Lambda function URLs": only authenticated users and roles.
            let deny = json!([{"Effect": "Deny", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": "*",
                "Condition": {"StringEquals": {"aws:PrincipalType": "Anonymous"}}}]);
            stack.settings.push(policy("AuthType AWS_IAM of the function URL", deny, settings));
        }
    }
}

fn policy(name: &str, statements: Value, at: &Node) -> Arc<Policy> {
    Arc::new(Policy::from_json(name, &json!({"Version": "2012-10-17", "Statement": statements}), &at.place))
}

/// Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage", "Controlling ownership of objects and
/// disabling ACLs for your bucket", "Access control list (ACL) overview".
fn public_access(settings: &Node, request: &Request, stack: &mut Stack) {
    let block = settings.get("PublicAccessBlockConfiguration");
    let set = |key: &str| block.and_then(|block| block.get(key)).and_then(Node::scalar).as_deref() == Some("true");
    let public = |policy: &Arc<Policy>| is_public(policy).iter().any(|exposure| !exposure.guarded);
    if set("RestrictPublicBuckets")
        && let (Some(owner), true) = (request.owner(), stack.resource.as_ref().is_some_and(public))
    {
        // A public policy then serves the owner's account and AWS's services only.
        let deny = json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalAccount": owner}, "Bool": {"aws:PrincipalIsAWSService": "false"}}}]);
        stack.settings.push(policy("RestrictPublicBuckets", deny, block.unwrap_or(settings)));
    }
    if settings.get("ObjectOwnership").and_then(Node::str) == Some("BucketOwnerEnforced") {
        return;
    }
    for grant in settings.get("Grants").map(Node::items).unwrap_or_default() {
        let uri = grant.get("Grantee").and_then(|grantee| grantee.get("URI")).and_then(Node::str).unwrap_or_default();
        let (principal, condition, open) = match uri.rsplit('/').next() {
            Some("AllUsers") => (json!("*"), json!({}), true),
            Some("AuthenticatedUsers") => (json!("*"), json!({"StringNotEquals": {"aws:PrincipalType": "Anonymous"}}), true),
            // Another grantee is a canonical user, of which a policy does not say whose it is.
            _ => {
                let id = grant.get("Grantee").and_then(|grantee| grantee.get("ID")).and_then(Node::str);
                (json!({"CanonicalUser": id.unwrap_or("unknown")}), json!({}), false)
            }
        };
        if open && set("IgnorePublicAcls") {
            continue;
        }
        let actions = acl_actions(grant.get("Permission").and_then(Node::str).unwrap_or("FULL_CONTROL"), &request.resource);
        let allow =
            json!([{"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": request.resource, "Condition": condition}]);
        stack.settings.push(policy("access control list", allow, grant));
    }
}

/// "Mapping of ACL permissions and access policy permissions", for the bucket or the object that is asked for.
fn acl_actions(permission: &str, resource: &str) -> Vec<&'static str> {
    const BUCKET: [(&str, &[&str]); 4] = [
        ("READ", &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]),
        ("WRITE", &["s3:PutObject"]),
        ("READ_ACP", &["s3:GetBucketAcl"]),
        ("WRITE_ACP", &["s3:PutBucketAcl"]),
    ];
    const OBJECT: [(&str, &[&str]); 3] = [
        ("READ", &["s3:GetObject", "s3:GetObjectVersion"]),
        ("READ_ACP", &["s3:GetObjectAcl", "s3:GetObjectVersionAcl"]),
        ("WRITE_ACP", &["s3:PutObjectAcl", "s3:PutObjectVersionAcl"]),
    ];
    let table: &[(&str, &[&str])] = if resource.contains('/') { &OBJECT } else { &BUCKET };
    let rows = table.iter().filter(|(name, _)| permission == "FULL_CONTROL" || *name == permission);
    rows.flat_map(|(_, actions)| actions.iter().copied()).collect()
}

/// AWS KMS Developer Guide, "Grants in AWS KMS"; AWS KMS API Reference, "GrantConstraints".
fn kms_grant(grant: &Node, key: &str) -> Value {
    let principal = match grant.get("GranteePrincipal").and_then(Node::str) {
        Some(service) if service.ends_with(".amazonaws.com") => json!({"Service": service}),
        Some(arn) => json!({"AWS": arn}),
        None => json!({"AWS": "an unknown grantee"}),
    };
    let operations = grant.get("Operations").map(Node::items).unwrap_or_default().iter().filter_map(Node::str);
    // The encryption context is no matter of these two.
    let (free, bound): (Vec<&str>, Vec<&str>) = operations.partition(|name| matches!(*name, "DescribeKey" | "RetireGrant"));
    let constraints = grant.get("Constraints");
    let pairs = |kind: &str| constraints.and_then(|c| c.get(kind)).filter(|pairs| matches!(pairs.kind, Kind::Map(_)));
    let mut equal = Map::new();
    for member in ["EncryptionContextEquals", "EncryptionContextSubset"].iter().filter_map(|kind| pairs(kind)).flat_map(Node::members) {
        equal.insert(format!("kms:EncryptionContext:{}", member.key), json!(member.value.scalar()));
    }
    let mut common = Map::new();
    if let Some(source) = constraints.and_then(|c| c.get("SourceArn")) {
        common.insert("ArnEquals".into(), json!({"aws:SourceArn": source.scalar()}));
    }
    let mut narrow = common.clone();
    if let Some(all) = pairs("EncryptionContextEquals") {
        let keys: Vec<&str> = all.members().iter().map(|member| member.key.as_str()).collect();
        narrow.insert("ForAllValues:StringEqualsIgnoreCase".into(), json!({"kms:EncryptionContextKeys": keys}));
    }
    if !equal.is_empty() {
        narrow.insert("StringEquals".into(), equal.into());
    }
    let statement = |names: Vec<&str>, condition: Map<String, Value>| {
        let actions: Vec<String> = names.iter().map(|name| format!("kms:{name}")).collect();
        json!({"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": key, "Condition": condition})
    };
    let parts = [(free, common), (bound, narrow)];
    parts.into_iter().filter(|(names, _)| !names.is_empty()).map(|(names, condition)| statement(names, condition)).collect()
}
