//! The graph: paths where the preconditions hold, none where they do not, and cuts that close them all.
#![allow(clippy::unwrap_used)]

use sekisho_iam::account::Account;
use sekisho_iam::paths::{Graph, primitives};
use serde_json::{Value, json};

const ACCOUNT: &str = "arn:aws:iam::123456789012";

fn allow(actions: Value, resource: Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

fn user(name: &str, statements: Value) -> Value {
    json!({"Arn": format!("{ACCOUNT}:user/{name}"), "UserName": name, "GroupList": [], "AttachedManagedPolicies": [],
        "UserPolicyList": [{"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]})
}

fn role(name: &str, trusted: Value, statements: Value) -> Value {
    json!({"Arn": format!("{ACCOUNT}:role/{name}"), "RoleName": name, "AttachedManagedPolicies": [],
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}},
        "RolePolicyList": [{"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]})
}

fn account(users: Vec<Value>, roles: Vec<Value>) -> Account {
    let text = json!({"UserDetailList": users, "RoleDetailList": roles, "GroupDetailList": [], "Policies": []}).to_string();
    Account::of_authorization_details("account.json", &text).unwrap()
}

/// `user/a -lambda-create-invoke-> role/admin`
fn shown(graph: &Graph<'_>) -> Vec<String> {
    let short = |arn: &str| arn.rsplit(':').next().unwrap().to_owned();
    let path = |path: sekisho_iam::paths::Path| {
        let steps: Vec<String> = path.steps.iter().map(|s| format!("{} -{}-> {}", short(&s.from), s.primitive.id, short(&s.to))).collect();
        steps.join(", ")
    };
    graph.paths_to_admin().into_iter().map(path).collect()
}

fn paths(users: Vec<Value>, roles: Vec<Value>) -> Vec<String> {
    shown(&Graph::of(&account(users, roles)))
}

fn admin() -> Value {
    role("admin", json!({"Service": "lambda.amazonaws.com"}), allow(json!("*"), json!("*")))
}

#[test]
fn passing_a_role_needs_every_precondition() {
    let create = json!(["lambda:CreateFunction", "lambda:InvokeFunction"]);
    let pass = |resource: &str| allow(json!("iam:PassRole"), json!(resource));
    let to = |service: &str| {
        let mut statement = pass("*");
        statement["Condition"] = json!({"StringEquals": {"iam:PassedToService": service}});
        statement
    };
    let own = |statement: Value| user("a", json!([allow(create.clone(), json!("*")), statement]));
    let path = vec!["user/a -lambda-create-invoke-> role/admin".to_owned()];
    assert_eq!(paths(vec![own(pass("*"))], vec![admin()]), path);
    assert_eq!(paths(vec![own(pass("arn:aws:iam::123456789012:role/admin"))], vec![admin()]), path);
    assert_eq!(paths(vec![own(pass("arn:aws:iam::*:role/a*"))], vec![admin()]), path);
    assert_eq!(paths(vec![own(to("lambda.amazonaws.com"))], vec![admin()]), path);
    // Another role, another service, a role that does not trust the service, a denial.
    assert!(paths(vec![own(pass("arn:aws:iam::123456789012:role/other"))], vec![admin()]).is_empty());
    assert!(paths(vec![own(to("ec2.amazonaws.com"))], vec![admin()]).is_empty());
    let ec2 = role("admin", json!({"Service": "ec2.amazonaws.com"}), allow(json!("*"), json!("*")));
    assert!(paths(vec![own(pass("*"))], vec![ec2]).is_empty());
    let denied = json!([allow(create.clone(), json!("*")), pass("*"), {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"}]);
    assert!(paths(vec![user("a", denied)], vec![admin()]).is_empty());
    assert!(paths(vec![user("a", pass("*"))], vec![admin()]).is_empty());
    // A function's role that is no more than what the caller has.
    let plain = role("plain", json!({"Service": "lambda.amazonaws.com"}), allow(json!("s3:GetObject"), json!("*")));
    assert!(paths(vec![own(pass("*"))], vec![plain]).is_empty());
}

#[test]
fn a_boundary_holds() {
    let mut bounded = user("a", allow(json!("iam:PutUserPolicy"), json!("*")));
    assert_eq!(paths(vec![bounded.clone()], vec![admin()]), ["user/a -iam-put-user-policy-> administrator"]);
    bounded["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": format!("{ACCOUNT}:policy/limit")});
    let limit = json!({"Arn": format!("{ACCOUNT}:policy/limit"), "PolicyVersionList": [{"IsDefaultVersion": true,
        "Document": {"Version": "2012-10-17", "Statement": allow(json!(["iam:*", "s3:*"]), json!("*"))}}]});
    let text = json!({"UserDetailList": [bounded], "RoleDetailList": [admin()], "Policies": [limit]}).to_string();
    let bounded = Account::of_authorization_details("account.json", &text).unwrap();
    // It can still take over what has no boundary, but not lift its own by attaching policies to itself.
    assert!(shown(&Graph::of(&bounded)).is_empty());
}

#[test]
fn trust_alone_and_chains() {
    let named = role("admin", json!({"AWS": format!("{ACCOUNT}:role/middle")}), allow(json!("*"), json!("*")));
    let middle = role("middle", json!({"AWS": "123456789012"}), allow(json!("s3:GetObject"), json!("*")));
    let a = user("a", allow(json!("sts:AssumeRole"), json!(format!("{ACCOUNT}:role/middle"))));
    let b = user("b", allow(json!("s3:GetObject"), json!("*")));
    let found = paths(vec![a, b], vec![named, middle]);
    assert_eq!(
        found,
        ["user/a -sts-assume-role-> role/middle, role/middle -sts-assume-role-> role/admin", "role/middle -sts-assume-role-> role/admin"]
    );
}

#[test]
fn a_cut_closes_every_path() {
    let pass = allow(json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]), json!("*"));
    let assume = |name: &str| user(name, allow(json!("sts:AssumeRole"), json!(format!("{ACCOUNT}:role/deploy"))));
    let deploy = role("deploy", json!({"AWS": "123456789012"}), pass);
    let account = account(vec![assume("a"), assume("b"), assume("c")], vec![deploy, admin()]);
    let graph = Graph::of(&account);
    assert_eq!(graph.paths_to_admin().len(), 4);
    let cut = graph.cut().unwrap();
    assert!(cut.smallest);
    assert_eq!(cut.statements.iter().map(|(policy, _)| &**policy).collect::<Vec<_>>(), ["deploy"]);
}

/// One user for each primitive of the graph that holds exactly its permissions reaches an administrator by some primitive.
#[test]
fn every_primitive_is_found_by_its_own_permissions() {
    let services: Vec<&str> =
        primitives().iter().filter_map(|p| p.target.service.as_deref()).filter(|s| s.ends_with(".amazonaws.com")).collect();
    let holders = primitives().iter().filter(|p| p.target.kind == "holder").filter_map(|p| p.target.service.as_deref());
    let mut trusted: Vec<String> = services.iter().map(|s| (*s).to_owned()).chain(holders.map(|s| format!("{s}.amazonaws.com"))).collect();
    trusted.extend(["ecs-tasks.amazonaws.com".to_owned(), "tasks.apprunner.amazonaws.com".to_owned()]);
    let target = role("admin", json!({"Service": trusted, "Federated": "cognito-identity.amazonaws.com"}), allow(json!("*"), json!("*")));
    let mut missing = Vec::new();
    for primitive in primitives().iter().filter(|p| p.source == "principal" && !p.needs.is_empty()) {
        let graph_kind =
            matches!(primitive.target.kind.as_str(), "role-trusting" | "role-trusting-federated" | "holder" | "user" | "role-any");
        if !graph_kind
            || !matches!(primitive.gains, sekisho_iam::paths::Gain::Target | sekisho_iam::paths::Gain::Admin)
            || primitive.id.contains("policy-version")
        {
            continue;
        }
        let actions: Vec<&String> = primitive.needs.iter().map(|n| &n.any_of[0]).collect();
        let a = user("a", allow(json!(actions), json!("*")));
        let administrator = user("root-like", allow(json!("*"), json!("*")));
        let account = account(vec![a, administrator], vec![target.clone()]);
        let found = shown(&Graph::with_assumptions(&account));
        if !found.iter().any(|path| path.starts_with("user/a ")) {
            missing.push(&primitive.id);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
