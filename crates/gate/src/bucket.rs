//! Buckets: which one a request names, and what decides about it beside policies: Block Public Access, object ownership, access
//! control lists (Amazon S3 User Guide, "Virtual hosting of general purpose buckets", "Blocking public access to your Amazon S3
//! storage", "Controlling ownership of objects and disabling ACLs for your bucket", "Canned ACL").

use model::{ApiCall, App, HttpRequest, Kind, Member, Node, Place, Resource};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// The bucket and the key that a request names, in its host or in its path; the key is decoded and may be empty. The bucket is
/// `None` where the whole service is asked.
pub fn address(request: &HttpRequest) -> (Option<String>, String) {
    let host = request.header("host").unwrap_or_default().to_ascii_lowercase();
    let host = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
    let path = request.path.strip_prefix('/').unwrap_or(&request.path);
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let named = [".amazonaws.com", ".amazonaws.com.cn", ".localhost"].iter().find_map(|end| host.strip_suffix(end));
    if let Some(name) = named {
        let labels: Vec<&str> = name.split('.').collect();
        if let Some(at) = labels.iter().rposition(|label| *label == "s3").filter(|at| *at > 0) {
            return (Some(labels.get(..at).unwrap_or_default().join(".")), decoded(path));
        }
    }
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    (Some(decoded(bucket)).filter(|bucket| !bucket.is_empty()), decoded(key))
}

/// The bucket that an ARN of a bucket or of an object names, as the application declares it.
fn declared<'a>(app: &'a App, arn: &str) -> Option<&'a Resource> {
    let name = arn.splitn(6, ':').nth(5)?.split('/').next()?;
    app.by_physical("AWS::S3::Bucket", name)
}

/// Whether access control lists count in a bucket. They do not unless its template says otherwise ("Default settings for new S3
/// buckets FAQ": since April 2023).
pub fn has_acls(bucket: &Resource) -> bool {
    ownership(bucket) != "BucketOwnerEnforced"
}

fn ownership(bucket: &Resource) -> String {
    let rule = bucket.properties.at(&["OwnershipControls", "Rules"]).and_then(|rules| rules.items().first());
    rule.and_then(|rule| rule.get("ObjectOwnership")).and_then(Node::scalar).unwrap_or_else(|| "BucketOwnerEnforced".into())
}

/// The settings that bear on a call, in the shape of [`iam::settings`]. `None`: it concerns no bucket of the application.
pub(crate) fn settings(app: &App, api: &ApiCall) -> Option<Node> {
    let bucket = declared(app, &api.resource).filter(|_| api.action.starts_with("s3:"))?;
    let place = &bucket.place;
    let block = bucket.properties.get("PublicAccessBlockConfiguration").cloned().unwrap_or_else(|| {
        let on = json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
        Node::from_json(&on, place)
    });
    let object = api.resource.contains('/');
    // Who may put a new object the bucket's list says; who may read it, the object's own.
    let listed = bucket.properties.get("AccessControl");
    let of_bucket = !object || api.action == "s3:PutObject";
    let (acl, at) = match (of_bucket, listed) {
        (true, Some(node)) => (node.scalar(), node.place.clone()),
        (true, None) => (None, place.clone()),
        (false, _) => (api.object_acl.clone(), place.clone()),
    };
    let grants = acl.as_deref().map_or(&[][..], canned).iter();
    let grants: Vec<Value> = grants
        .filter(|(_, permission)| !object || of_bucket == (*permission == "WRITE"))
        .map(|(group, permission)| json!({"Grantee": {"Type": "Group", "URI": group}, "Permission": permission}))
        .collect();
    let member = |key: &str, value: Node| Member { key: key.into(), key_place: value.place.clone(), value };
    let members = vec![
        member("PublicAccessBlockConfiguration", block),
        member("ObjectOwnership", Node::string(ownership(bucket), place.clone())),
        member("Grants", Node::from_json(&Value::Array(grants), &at)),
    ];
    Some(Node::new(Kind::Map(members), Place::clone(place)))
}

const EVERYONE: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

/// What a canned list grants beside the owner's full control, by CloudFormation's name or by that of the header.
fn canned(name: &str) -> &'static [(&'static str, &'static str)] {
    match name {
        "PublicRead" | "public-read" => &[(EVERYONE, "READ")],
        "PublicReadWrite" | "public-read-write" => &[(EVERYONE, "READ"), (EVERYONE, "WRITE")],
        "AuthenticatedRead" | "authenticated-read" => &[(AUTHENTICATED, "READ")],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_paths() {
        for (host, path, bucket, key) in [
            ("s3.us-east-1.amazonaws.com", "/", None, ""),
            ("s3.amazonaws.com", "/b", Some("b"), ""),
            ("127.0.0.1:4566", "/b/a%20b/c", Some("b"), "a b/c"),
            ("b.s3.us-east-1.amazonaws.com:443", "/k", Some("b"), "k"),
            ("my.b.s3.amazonaws.com", "/k/", Some("my.b"), "k/"),
            ("b.s3.dualstack.us-east-1.amazonaws.com", "/", Some("b"), ""),
            ("b.s3.localhost:4566", "/b/k", Some("b"), "b/k"),
            ("localhost:4566", "/b/k+l", Some("b"), "k+l"),
        ] {
            let request = HttpRequest { path: path.into(), headers: vec![("Host".into(), host.into())], ..HttpRequest::default() };
            assert_eq!(address(&request), (bucket.map(str::to_owned), key.to_owned()), "{host}{path}");
        }
    }
}
