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
//!  "FunctionUrlAuthType": "AWS_IAM",
//!  "RequestParameters": {"bucketPolicy": {"Version": "2012-10-17", "Statement": []}}}
//! ```
//!
//! `RequestParameters` is what the request itself carries, in CloudTrail's shape: `bucketPolicy` of `PutBucketPolicy`,
//! `AccessControlPolicy` of `PutBucketAcl` and `PutObjectAcl`. Canned ACLs are condition keys: `s3:x-amz-acl`.

use crate::policy::Policy;
use crate::principal::Principal;
use crate::request::{Context, Lookup, Request, View};
use crate::sets::is_public;
use crate::stack::Stack;
use model::{Kind, Node};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Adds what the settings of the request's resource say to the stack, and the condition keys they make to the request.
/// The resource's policy must be in the stack already: whether it is public decides what Block Public Access does.
/// Gives the further requests that AWS authorises for the same call.
pub fn apply(settings: &Node, request: &mut Request, stack: &mut Stack) -> Vec<Request> {
    public_access(settings, request, stack);
    public_puts(settings, request, stack);
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
        if request.action_lower == "lambda:invokefunctionurl" {
            return vec![invoked_via_url(request)];
        }
    }
    Vec::new()
}

/// The two requests that Lambda authorises for a call of a function URL (Lambda Developer Guide, "Control access to Lambda
/// function URLs": since October 2025 `lambda:InvokeFunctionUrl` and `lambda:InvokeFunction`; the exception for accounts that
/// had URLs before ended in November 2026).
pub fn function_url_requests(principal: Principal, function_arn: &str, auth_type: &str) -> [Request; 2] {
    let context = Context::new().with("lambda:FunctionUrlAuthType", auth_type);
    let first = Request::new(principal, "lambda:InvokeFunctionUrl", function_arn).with_context(context);
    let second = invoked_via_url(&first);
    [first, second]
}

fn invoked_via_url(first: &Request) -> Request {
    let context = first.context.clone().with("lambda:InvokedViaFunctionUrl", "true");
    let second = Request::new(first.principal.clone(), "lambda:InvokeFunction", &*first.resource).with_context(context);
    Request { resource_account: first.resource_account.clone(), ..second }
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

/// Block Public Access on what a request would set: `BlockPublicPolicy` refuses a bucket policy that is public,
/// `BlockPublicAcls` an ACL that grants to everyone (Amazon S3 API Reference, "PublicAccessBlockConfiguration").
fn public_puts(settings: &Node, request: &Request, stack: &mut Stack) {
    let Some(block) = settings.get("PublicAccessBlockConfiguration") else { return };
    let set = |key: &str| block.get(key).and_then(Node::scalar).as_deref() == Some("true");
    let parameters = settings.get("RequestParameters");
    let deny = |action: &str, condition: Value| json!([{"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*", "Condition": condition}]);
    if set("BlockPublicPolicy") && request.action_lower == "s3:putbucketpolicy" {
        let name = "BlockPublicPolicy";
        match parameters.and_then(|p| p.get("bucketPolicy")) {
            Some(document) => {
                let put = Arc::new(Policy::parse("the bucket policy of the request", document));
                if put.statements.iter().any(|statement| statement.unknown.is_some()) {
                    stack
                        .settings
                        .push(perhaps(policy(name, deny("s3:PutBucketPolicy", json!({})), block), "the bucket policy cannot be read"));
                } else if is_public(&put).iter().any(|exposure| !exposure.guarded) {
                    stack.settings.push(policy(name, deny("s3:PutBucketPolicy", json!({})), block));
                }
            }
            None => {
                let why = "the bucket policy in the request is not known";
                stack.settings.push(perhaps(policy(name, deny("s3:PutBucketPolicy", json!({})), block), why));
            }
        }
    }
    const HEADERS: [&str; 5] = ["read", "write", "read-acp", "write-acp", "full-control"];
    const WITH_ACL: [&str; 5] = ["s3:putbucketacl", "s3:putobjectacl", "s3:putobjectversionacl", "s3:putobject", "s3:createbucket"];
    if !set("BlockPublicAcls") || !WITH_ACL.contains(&&*request.action_lower) {
        return;
    }
    let groups = ["*/groups/global/AllUsers*", "*/groups/global/AuthenticatedUsers*"];
    let canned = json!({"StringEquals": {"s3:x-amz-acl": ["public-read", "public-read-write", "authenticated-read"]}});
    stack.settings.push(policy("BlockPublicAcls", deny(&request.action, canned), block));
    for header in HEADERS {
        let condition = json!({"StringLike": {format!("s3:x-amz-grant-{header}"): groups}});
        stack.settings.push(policy("BlockPublicAcls", deny(&request.action, condition), block));
    }
    let body = parameters.and_then(|p| p.get("AccessControlPolicy"));
    let list = body.and_then(|body| body.get("AccessControlList")).and_then(|list| list.get("Grant").or(Some(list)));
    let grants = list.map(Node::one_or_many).unwrap_or_default();
    let uri = |grant: &Node| grant.get("Grantee").and_then(|grantee| grantee.get("URI")).and_then(Node::scalar).unwrap_or_default();
    if grants.iter().any(|grant| uri(grant).ends_with("/AllUsers") || uri(grant).ends_with("/AuthenticatedUsers")) {
        stack.settings.push(policy("BlockPublicAcls", deny(&request.action, json!({})), block));
    }
    let view = View { request };
    let sent = |key: &str| !matches!(view.lookup(key), Lookup::Absent);
    let by_header = sent("s3:x-amz-acl") || HEADERS.iter().any(|header| sent(&format!("s3:x-amz-grant-{header}")));
    // An ACL is set by its body or by a header; without either, nobody knows what it says.
    if body.is_none() && !by_header && request.action_lower.ends_with("acl") {
        let why = "the access control list in the request is not known";
        stack.settings.push(perhaps(policy("BlockPublicAcls", deny(&request.action, json!({})), block), why));
    }
}

/// The same policy, of which it is not known whether it applies.
fn perhaps(policy: Arc<Policy>, why: &str) -> Arc<Policy> {
    let mut policy = (*policy).clone();
    policy.statements.iter_mut().for_each(|statement| statement.unknown = Some(why.into()));
    Arc::new(policy)
}

/// "Mapping of ACL permissions and access policy permissions", for the bucket or the object that is asked for.
fn acl_actions(permission: &str, resource: &str) -> Vec<&'static str> {
    const BUCKET: [(&str, &[&str]); 4] = [
        ("READ", &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]),
        ("WRITE", &["s3:PutObject"]),
        ("READ_ACP", &["s3:GetBucketAcl"]),
        ("WRITE_ACP", &["s3:PutBucketAcl"]),
    ];
    const OBJECT: [(&str, &[&str]); 4] = [
        // No list of an object has it: it is that of the bucket in which an object is to be made.
        ("WRITE", &["s3:PutObject"]),
        ("READ", &["s3:GetObject", "s3:GetObjectVersion"]),
        ("READ_ACP", &["s3:GetObjectAcl", "s3:GetObjectVersionAcl"]),
        ("WRITE_ACP", &["s3:PutObjectAcl", "s3:PutObjectVersionAcl"]),
    ];
    let table: &[(&str, &[&str])] = if resource.contains('/') { &OBJECT } else { &BUCKET };
    let full = |name: &str| permission == "FULL_CONTROL" && !(name == "WRITE" && resource.contains('/'));
    let rows = table.iter().filter(|(name, _)| full(name) || *name == permission);
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
