//! The graph: paths where the preconditions hold, none where they do not, and cuts that close them all.
#![allow(clippy::unwrap_used)]

use sekisho_iam::account::Account;
use sekisho_iam::paths::{Graph, primitives};
use serde_json::{Value, json};
use std::collections::BTreeSet;

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
    assert!(cut.smallest && cut.checked);
    assert_eq!(cut.statements.iter().map(|(policy, _)| &**policy).collect::<Vec<_>>(), ["deploy"]);
}

#[test]
fn a_group_acts_through_who_is_added() {
    let add = user("a", allow(json!("iam:AddUserToGroup"), json!(format!("{ACCOUNT}:group/sre"))));
    let other = user("b", allow(json!("iam:AddUserToGroup"), json!(format!("{ACCOUNT}:group/other"))));
    let group = json!({"Arn": format!("{ACCOUNT}:group/sre"), "GroupName": "sre", "AttachedManagedPolicies": [], "GroupPolicyList": [
        {"PolicyName": "sre", "PolicyDocument": {"Version": "2012-10-17", "Statement": allow(json!("iam:*"), json!("*"))}}]});
    let text = json!({"UserDetailList": [add, other], "RoleDetailList": [], "GroupDetailList": [group]}).to_string();
    let account = Account::of_authorization_details("account.json", &text).unwrap();
    let found = shown(&Graph::of(&account));
    assert!(found.len() == 1 && found[0].starts_with("user/a -iam-add-user-to-group-> group/sre, group/sre -iam-"), "{found:?}");
}

#[test]
fn an_older_version_counts_only_where_it_gives_more() {
    let of = |older: Value| {
        let arn = format!("{ACCOUNT}:policy/p");
        let version = |default: bool, statement: Value| json!({"IsDefaultVersion": default, "Document": {"Version": "2012-10-17", "Statement": statement}});
        let policy = json!({"Arn": arn, "PolicyVersionList": [version(true, allow(json!("iam:SetDefaultPolicyVersion"), json!("*"))), version(false, older)]});
        let mut a = user("a", json!([]));
        a["AttachedManagedPolicies"] = json!([{"PolicyArn": arn}]);
        let text = json!({"UserDetailList": [a], "RoleDetailList": [], "Policies": [policy]}).to_string();
        shown(&Graph::of(&Account::of_authorization_details("account.json", &text).unwrap()))
    };
    assert_eq!(of(allow(json!("*"), json!("*"))), ["user/a -iam-set-default-version-> administrator"]);
    assert!(of(allow(json!("s3:GetObject"), json!("*"))).is_empty());
}

#[test]
fn a_date_that_cannot_come_is_no_path() {
    let with = |operator: &str, date: &str| {
        let mut statement = allow(json!("iam:PutUserPolicy"), json!("*"));
        statement["Condition"] = json!({operator: {"aws:TokenIssueTime": date}});
        paths(vec![user("a", statement)], vec![admin()]).len()
    };
    assert_eq!(with("DateLessThan", "2020-01-01T00:00:01Z"), 0);
    assert_eq!(with("DateEquals", "2020-01-01T00:00:01Z"), 0);
    assert_eq!(with("DateGreaterThan", "2020-01-01T00:00:01Z"), 1);
    assert_eq!(with("DateLessThan", "2090-01-01T00:00:01Z"), 1);
    assert_eq!(with("DateGreaterThan", "2090-01-01T00:00:01Z"), 1);
    assert_eq!(with("DateEquals", "2090-01-01T00:00:01Z"), 1);
}

#[test]
fn outsiders_come_in_where_trust_lets_them() {
    let starts = |trusted: Value, action: &str, condition: Value| {
        let mut statement = json!({"Effect": "Allow", "Principal": trusted, "Action": action});
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        let mut open = admin();
        open["AssumeRolePolicyDocument"]["Statement"] = statement;
        let account = account(vec![], vec![open]);
        Graph::of(&account).paths_to_admin().iter().map(|p| (p.steps[0].from.clone(), p.steps[0].sure)).collect::<Vec<_>>()
    };
    let assume = "sts:AssumeRole";
    assert_eq!(starts(json!("*"), assume, Value::Null), [("any AWS account".to_owned(), true)]);
    assert_eq!(starts(json!({"AWS": "999988887777"}), assume, Value::Null), [("account 999988887777".to_owned(), true)]);
    let id = json!({"StringEquals": {"sts:ExternalId": "x"}});
    assert_eq!(starts(json!({"AWS": "999988887777"}), assume, id), [("account 999988887777".to_owned(), false)]);
    let org = json!({"StringEquals": {"aws:PrincipalOrgID": "o-own"}});
    assert!(starts(json!("*"), assume, org).is_empty());
    let web = "sts:AssumeRoleWithWebIdentity";
    let pool = json!({"Federated": "cognito-identity.amazonaws.com"});
    let any = json!({"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "unauthenticated"}});
    assert_eq!(starts(pool.clone(), web, any), [("internet".to_owned(), true)]);
    assert!(starts(pool, web, json!({"StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:own"}})).is_empty());
    let provider = json!({"Federated": format!("{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com")});
    let sub = |pattern: &str| json!({"StringLike": {"token.actions.githubusercontent.com:sub": pattern}});
    assert_eq!(starts(provider.clone(), web, sub("repo:*")), [("internet".to_owned(), true)]);
    assert!(starts(provider, web, sub("repo:own/*")).is_empty());
}

/// Every statement of the document that is not in `removed`, counted in order.
fn strip(value: &mut Value, removed: &[usize], at: &mut usize) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if key == "Statement" {
                    let all = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                    let kept = all.into_iter().enumerate().filter(|(n, _)| !removed.contains(&(*at + n)));
                    let (before, kept): (usize, Vec<Value>) = (value.as_array().map_or(1, Vec::len), kept.map(|(_, s)| s).collect());
                    *at += before;
                    *value = kept.into();
                } else {
                    strip(value, removed, at);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, removed, at)),
        _ => {}
    }
}

/// The cut is compared with every smaller set of statements, each tried.
#[test]
fn no_smaller_cut_exists() {
    let pass = |role: &str| allow(json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]), json!(["*", role]));
    let assume = |name: &str, role: &str| user(name, allow(json!("sts:AssumeRole"), json!(format!("{ACCOUNT}:role/{role}"))));
    let trusting = |name: &str, statements: Value| role(name, json!({"AWS": "123456789012"}), statements);
    // Two ways from one role; from the other a way that two statements grant.
    let one = trusting("one", json!([pass("x"), allow(json!("iam:CreateAccessKey"), json!("*"))]));
    let two = trusting("two", json!([pass("y"), pass("z")]));
    let boss = user("boss", allow(json!("*"), json!("*")));
    let document = json!({"UserDetailList": [assume("a", "one"), assume("b", "one"), assume("c", "two"), boss],
        "RoleDetailList": [one, two, admin()], "GroupDetailList": [], "Policies": []});
    let open = |removed: &[usize]| {
        let (mut left, mut at) = (document.clone(), 0);
        strip(&mut left, removed, &mut at);
        let account = Account::of_authorization_details("account.json", &left.to_string()).unwrap();
        let administrators = Graph::of(&account).administrators().count();
        (administrators == 2 && Graph::of(&account).paths_to_admin().is_empty(), at)
    };
    let account = Account::of_authorization_details("account.json", &document.to_string()).unwrap();
    let cut = Graph::of(&account).cut().unwrap();
    assert!(cut.smallest && cut.checked, "{cut:?}");
    let statements = open(&[]).1;
    assert_eq!(statements, 12);
    for a in 0..statements {
        for b in a..statements {
            for c in b..statements {
                let closed = open(&[a, b, c]).0;
                assert!(!closed || cut.statements.len() <= BTreeSet::from([a, b, c]).len(), "{a} {b} {c} is enough: {cut:?}");
            }
        }
    }
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
