//! AWS API calls: the function's role decides, in AWS's words.
#![allow(clippy::unwrap_used, clippy::panic)]

mod stand;

use model::{Answer, Call, Credential, Identity, Phase, Session};
use sekisho_gate::decide;
use serde_json::json;
use stand::{Memory, TABLE, api_call, app, node, session, unknown, with};

fn stopped(call: &Call) -> (u16, String, String) {
    match decide(&app(), call, &Memory::default()).answer {
        Answer::Stop(stop) => (stop.status, stop.code, stop.message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_role_allows_passes() {
    let verdict = decide(&app(), &api_call(session(), "dynamodb:GetItem", TABLE), &Memory::default());
    assert!(verdict.passes());
    assert_eq!(verdict.why[1].place.as_ref().unwrap().to_string(), "template.yaml:60:5");
    assert!(verdict.why[1].says.starts_with("statement 0 of Read allows dynamodb:GetItem"));
    let Answer::Pass(grant) = verdict.answer else { unreachable!() };
    assert_eq!(grant.identity, Some(session()));
}

#[test]
fn refusals_in_aws_words() {
    let who = "arn:aws:sts::123456789012:assumed-role/app-RidesRole/app-Rides";
    let implicit = |action: &str, resource: &str, quote: &str| {
        format!(
            "User: {who} is not authorized to perform: {action} on resource: {quote}{resource}{quote} because no identity-based policy allows \
             the {action} action"
        )
    };
    let denied = |status: u16, code: &str, message: String| (status, code.to_owned(), message);
    let call = |action: &str, resource: &str| stopped(&api_call(session(), action, resource));
    assert_eq!(call("dynamodb:Scan", TABLE), denied(400, "AccessDeniedException", implicit("dynamodb:Scan", TABLE, "")));
    let function = stand::FUNCTION;
    assert_eq!(call("lambda:GetFunction", function), denied(403, "AccessDeniedException", implicit("lambda:GetFunction", function, "")));
    assert_eq!(call("iam:ListRoles", "*"), denied(403, "AccessDenied", implicit("iam:ListRoles", "*", "")));
    let object = "arn:aws:s3:::bucket/key";
    assert_eq!(call("s3:GetObject", object), denied(403, "AccessDenied", implicit("s3:GetObject", object, "\"")));
    let explicit = format!(
        "User: {who} is not authorized to perform: dynamodb:DeleteTable on resource: {TABLE} with an explicit deny in an identity-based policy"
    );
    assert_eq!(call("dynamodb:DeleteTable", TABLE), denied(400, "AccessDeniedException", explicit));
}

#[test]
fn nobody_and_the_refused_stay_outside() {
    let get = api_call(session(), "dynamodb:GetItem", TABLE);
    for credential in [Credential::None, Credential::Proved(Identity::Anonymous)] {
        let (status, code, message) = stopped(&Call { credential, ..get.clone() });
        assert_eq!(
            (status, code.as_str(), message.as_str()),
            (400, "MissingAuthenticationTokenException", "Request is missing Authentication Token")
        );
    }
    let stop = model::Stop { status: 403, code: "X".into(), message: "Y".into(), response: None };
    assert_eq!(stopped(&Call { credential: Credential::Refused(stop), ..get }).1, "X");
}

/// The same call, the role with and without the statement.
#[test]
fn iam_is_what_stops_it() {
    let scan = api_call(session(), "dynamodb:Scan", TABLE);
    let app = app();
    assert_eq!(decide(&app, &scan, &Memory::default()).reason().unwrap().phase, Phase::Iam);
    let wide = json!([{"PolicyName": "Wide", "PolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}}}]);
    assert!(decide(&with(&app, "RidesRole", &["Policies"], node(wide)), &scan, &Memory::default()).passes());
    // What is not known is neither.
    let verdict = decide(&with(&app, "RidesRole", &["Policies"], unknown()), &scan, &Memory::default());
    assert!(matches!(verdict.answer, Answer::Depends(_)), "{verdict:?}");
    let stranger = Identity::AssumedRole {
        role_arn: "arn:aws:iam::123456789012:role/Other".into(),
        session_name: "s".into(),
        issued_to: None,
        session: Session::default(),
    };
    assert!(!decide(&app, &api_call(stranger, "dynamodb:GetItem", TABLE), &Memory::default()).passes());
}

/// IAM User Guide, "Switch to an IAM role (AWS CLI)": not when you are signed in as the root user, who may do all else.
#[test]
fn the_root_user_assumes_no_role() {
    let app = app();
    let root = Identity::Root { account: app.account.clone() };
    let verdict = decide(&app, &api_call(root.clone(), "sts:AssumeRole", stand::ROLE), &Memory::default());
    let Answer::Stop(stop) = verdict.answer else { panic!("{verdict:?}") };
    assert_eq!((stop.status, &*stop.code, &*stop.message), (403, "AccessDenied", "Roles may not be assumed by root accounts."));
    assert!(decide(&app, &api_call(root, "dynamodb:Scan", TABLE), &Memory::default()).passes());
}

/// IAM User Guide, "Cross-account policy evaluation logic": both sides must allow; what the other account allows is its own affair.
#[test]
fn of_another_accounts_users_the_resources_policy_decides() {
    let stranger = Identity::User { arn: "arn:aws:iam::999988887777:user/ann".into() };
    let passes = |app: &model::App, action: &str, resource: &str| {
        decide(app, &api_call(stranger.clone(), action, resource), &Memory::default()).passes()
    };
    let app = app();
    for (action, resource) in [
        ("dynamodb:GetItem", TABLE),
        ("dynamodb:ListTables", "*"),
        ("sts:AssumeRole", stand::ROLE),
        ("lambda:InvokeFunction", stand::FUNCTION),
    ] {
        assert!(!passes(&app, action, resource), "{action} on {resource}");
    }
    let shared = |who: &str| {
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": who}, "Action": "dynamodb:GetItem", "Resource": TABLE}]});
        with(&app, "Table", &["ResourcePolicy"], node(json!({"PolicyDocument": policy})))
    };
    assert!(passes(&shared("999988887777"), "dynamodb:GetItem", TABLE));
    assert!(!passes(&shared("999988887777"), "dynamodb:Scan", TABLE));
    assert!(!passes(&shared("111122223333"), "dynamodb:GetItem", TABLE));
}
