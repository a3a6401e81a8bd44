//! The output of `aws iam get-account-authorization-details` as a template: users, groups, roles and customer managed policies as the
//! resources that CloudFormation knows them by, each value at its own place (IAM API Reference, "GetAccountAuthorizationDetails").
//! What AWS itself keeps in an account, service-linked roles and AWS managed policies, is left out. Judges nothing.

use crate::document::trouble;
use model::{Kind, Member, Node, Place, Trouble};
use percent_encoding::percent_decode_str;

/// The lists of principals: list, CloudFormation type, the name's key, the inline policies' key, what an ARN calls it.
const LISTS: [[&str; 5]; 3] = [
    ["UserDetailList", "AWS::IAM::User", "UserName", "UserPolicyList", "user"],
    ["GroupDetailList", "AWS::IAM::Group", "GroupName", "GroupPolicyList", "group"],
    ["RoleDetailList", "AWS::IAM::Role", "RoleName", "RolePolicyList", "role"],
];

/// A first look at a text, before it is parsed.
pub(crate) fn may_be(text: &str) -> bool {
    text.contains("DetailList\"")
}

/// Whether a document is such an output.
pub(crate) fn is_account(root: &Node) -> bool {
    root.get("Resources").is_none() && LISTS.iter().any(|[list, ..]| root.get(list).is_some_and(|list| matches!(list.kind, Kind::List(_))))
}

/// The account's number, by the first ARN that has one.
pub(crate) fn number(root: &Node) -> Option<String> {
    let owners = LISTS.iter().flat_map(|[list, ..]| items(root, list));
    let mut numbers = owners.filter_map(|owner| owner.get("Arn")?.str()?.split(':').nth(4));
    numbers.find(|number| number.len() == 12 && number.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned)
}

/// The template, with what of the output could not be read.
pub(crate) fn template(root: &Node) -> (Node, Vec<Trouble>) {
    let (mut resources, mut troubles) = (Vec::new(), Vec::new());
    let mut unnamed = |node: &Node, what: &str| {
        let help = "give the output as `aws iam get-account-authorization-details` prints it";
        troubles.push(trouble(format!("an entry of {what} has no name: it is not assessed"), node.place.clone(), help));
    };
    for [list, kind, name, inline, called] in LISTS {
        for owner in items(root, list) {
            if text(owner, "Path").is_some_and(|path| path.starts_with("/aws-service-role/")) {
                continue;
            }
            let Some(own) = owner.get(name).and_then(|node| Some((node.str()?, &node.place))) else {
                unnamed(owner, list);
                continue;
            };
            let policies = items(owner, inline).iter().map(|policy| {
                let written = ["PolicyName", "PolicyDocument"].into_iter().filter_map(|key| Some(member(key, document(policy.get(key)?))));
                Node::new(Kind::Map(written.collect()), policy.place.clone())
            });
            let attached = items(owner, "AttachedManagedPolicies").iter().filter_map(|policy| policy.get("PolicyArn").cloned());
            let properties = [
                Some(member("Policies", Node::new(Kind::List(policies.collect()), owner.place.clone()))),
                Some(member("ManagedPolicyArns", Node::new(Kind::List(attached.collect()), owner.place.clone()))),
                owner.get(name).map(|node| member(name, node.clone())),
                owner.get("Path").map(|node| member("Path", node.clone())),
                owner.get("Tags").map(|node| member("Tags", node.clone())),
                owner.get("GroupList").map(|node| member("Groups", node.clone())),
                owner.get("AssumeRolePolicyDocument").map(|node| member("AssumeRolePolicyDocument", document(node))),
                owner.at(&["PermissionsBoundary", "PermissionsBoundaryArn"]).map(|node| member("PermissionsBoundary", node.clone())),
            ];
            resources.push(resource(format!("{called}/{}", own.0), kind, properties.into_iter().flatten().collect(), own.1));
        }
    }
    for policy in items(root, "Policies") {
        if text(policy, "Arn").is_some_and(|arn| arn.contains(":iam::aws:policy/")) {
            continue;
        }
        let versions = items(policy, "PolicyVersionList");
        let default = versions.iter().find(|version| version.get("IsDefaultVersion").and_then(Node::bool) == Some(true));
        let (Some(name), Some(written)) = (policy.get("PolicyName"), default.and_then(|version| version.get("Document"))) else {
            unnamed(policy, "Policies");
            continue;
        };
        let path = policy.get("Path").map(|node| member("Path", node.clone()));
        let own = [member("ManagedPolicyName", name.clone()), member("PolicyDocument", document(written))];
        let called = format!("policy/{}", name.str().unwrap_or_default());
        resources.push(resource(called, "AWS::IAM::ManagedPolicy", own.into_iter().chain(path).collect(), &name.place));
    }
    if root.get("IsTruncated").and_then(Node::bool) == Some(true) {
        let says = "the account's details are one page of several: what stands on the others is not assessed";
        troubles.push(trouble(says, root.place.clone(), "let the AWS CLI read them all: without --no-paginate and --max-items"));
    }
    (Node::new(Kind::Map(vec![member("Resources", Node::new(Kind::Map(resources), root.place.clone()))]), root.place.clone()), troubles)
}

fn items<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.get(key).map(Node::items).unwrap_or_default()
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key).and_then(Node::str)
}

fn member(key: &str, value: Node) -> Member {
    Member { key: key.to_owned(), key_place: value.place.clone(), value }
}

fn resource(name: String, kind: &str, properties: Vec<Member>, place: &Place) -> Member {
    let properties = Node::new(Kind::Map(properties), place.clone());
    let parts = vec![member("Type", Node::string(kind, place.clone())), member("Properties", properties)];
    Member { key: name, key_place: place.clone(), value: Node::new(Kind::Map(parts), place.clone()) }
}

/// A policy document: the object that the AWS CLI prints, or the percent-encoded text that the API gives (RFC 3986, section 2.1).
fn document(node: &Node) -> Node {
    match node.str() {
        Some(text) => Node::string(percent_decode_str(text).decode_utf8_lossy(), node.place.clone()),
        None => node.clone(),
    }
}
