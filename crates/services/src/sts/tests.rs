//! What STS asks for and issues.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::testing::{Memory, app, call, form_request};
use model::Session;
use std::collections::BTreeMap;

const ROLE: &str = "arn:aws:iam::123456789012:role/path/Worker";

#[test]
fn a_caller_learns_who_it_is() {
    let (asked, done) = call(&Sts, &app([]), &Memory::default(), &form_request("Action=GetCallerIdentity&Version=2011-06-15")).unwrap();
    assert_eq!(asked.needs[0].action, "sts:GetCallerIdentity");
    let answered = wire::answered("sts", done.response, "id-7");
    let text = String::from_utf8(answered.body).unwrap();
    assert!(text.contains("<Arn>arn:aws:iam::123456789012:root</Arn>") && text.contains("<Account>123456789012</Account>"), "{text}");
    assert!(text.contains("<RequestId>id-7</RequestId>"));
}

#[test]
fn a_session_is_issued_and_its_secrets_stay_out_of_the_log() {
    let form = format!("Action=AssumeRole&Version=2011-06-15&RoleArn={ROLE}&RoleSessionName=me%40x&DurationSeconds=900&ExternalId=e");
    let (asked, done) = call(&Sts, &app([]), &Memory::default(), &form_request(&form)).unwrap();
    assert_eq!((asked.needs[0].resource.as_str(), &asked.needs[0].context["sts:ExternalId"]), (ROLE, &vec!["e".to_owned()]));
    let issued = &done.issued[0];
    assert_eq!(issued.key.identity.arn().unwrap(), "arn:aws:sts::123456789012:assumed-role/Worker/me@x");
    assert_eq!(issued.key.expires, Some(Time(1_795_355_053_999 + 900_000)));
    assert!(issued.access_key_id.starts_with("ASIA") && issued.access_key_id.len() == 20);
    let text = String::from_utf8(done.response.body.clone()).unwrap();
    let token = issued.key.session_token.clone().unwrap();
    assert!(text.contains(&issued.key.secret) && text.contains(&token));
    let logged = done.response_elements.to_string();
    assert!(!logged.contains(&issued.key.secret) && !logged.contains(&token) && logged.contains(&issued.access_key_id));
}

#[test]
fn a_source_identity_needs_its_own_permission() {
    let needs = |more: &str| {
        let form = format!("Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=me{more}");
        let asked = Sts.asks(&app([]), &form_request(&form)).unwrap();
        asked.needs.into_iter().map(|need| (need.action, need.resource)).collect::<Vec<_>>()
    };
    let need = |action: &str| (action.to_owned(), ROLE.to_owned());
    assert_eq!(needs(""), [need("sts:AssumeRole")]);
    assert_eq!(needs("&SourceIdentity=ann"), [need("sts:AssumeRole"), need("sts:SetSourceIdentity")]);
}

#[test]
fn a_session_that_assumes_a_role_gets_an_hour_at_most() {
    let session = Identity::AssumedRole { role_arn: ROLE.into(), session_name: "s".into(), issued_to: None, session: Session::default() };
    let root = Identity::Root { account: "123456789012".into() };
    let assume = |seconds: u32, caller: &Identity| {
        let form = format!("Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=me&DurationSeconds={seconds}");
        let asked = Sts.asks(&app([]), &form_request(&form)).unwrap();
        Sts.carry_out(&app([]), &asked, caller, &Memory::default()).map_err(|error| error.to_string())
    };
    assert!(assume(3600, &session).is_ok() && assume(7200, &root).is_ok());
    assert!(assume(3601, &session).unwrap_err().contains("1 hour session limit for roles assumed by role chaining"));
}

#[test]
fn parameters_are_refused_in_stss_words() {
    let many = |format: &dyn Fn(usize) -> String| (1..=51).map(format).collect::<String>();
    let (long, tags) = ("k".repeat(129), many(&|i| format!("&Tags.member.{i}.Key=k{i}&Tags.member.{i}.Value=v")));
    let tag = |key: &str| format!("&Tags.member.1.Key={key}&Tags.member.1.Value=v");
    for (more, code, says) in [
        ("&RoleArn=", "ValidationError", "Value null at 'roleArn'"),
        ("&RoleArn=nothing", "ValidationError", "nothing is invalid"),
        ("&RoleSessionName=a/b", "ValidationError", "at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular"),
        (
            &format!("&RoleSessionName={}", "s".repeat(65)),
            "ValidationError",
            "at 'roleSessionName' failed to satisfy constraint: Member must have length less than or equal to 64",
        ),
        ("&DurationSeconds=1", "ValidationError", "between 900 and 43200"),
        ("&SerialNumber=GAHT12345678", "ValidationError", "SerialNumber is not supported"),
        ("&SourceIdentity=aws:x", "ValidationError", "at 'sourceIdentity'"),
        ("&Policy=%7B", "MalformedPolicyDocument", "not in the valid JSON format"),
        ("&PolicyArns.member.1.arn=me", "ValidationError", "me is invalid"),
        (&tags, "ValidationError", "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"),
        (
            &tag(&long),
            "ValidationError",
            "at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128",
        ),
        (&tag(""), "ValidationError", "length greater than or equal to 1"),
        (&tag("a*"), "ValidationError", "at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular"),
        (&tag("AWS:x"), "ValidationError", "is reserved"),
        (
            "&Tags.member.1.Key=team&Tags.member.1.Value=a&Tags.member.2.Key=Team&Tags.member.2.Value=b",
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
        (
            "&Tags.member.1.Key=team&Tags.member.1.Value=a&TransitiveTagKeys.member.1=other",
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.",
        ),
    ] {
        let form = format!("Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=me{more}");
        let error = Sts.asks(&app([]), &form_request(&form)).unwrap_err();
        assert!(error.code == code && error.message.contains(says), "{more}: {error}");
    }
    assert_eq!(Sts.asks(&app([]), &form_request("Action=Frob")).unwrap_err().code, "InvalidAction");
}

/// A session that `caller` gets by these parameters, and what was asked.
fn assumed(caller: &Identity, more: &str) -> Result<(Asked, Identity), ServiceError> {
    let form = format!("Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=me{more}");
    let mut asked = Sts.asks(&app([]), &form_request(&form))?;
    Sts.asks_as(&mut asked, caller);
    let done = Sts.carry_out(&app([]), &asked, caller, &Memory::default())?;
    Ok((asked, done.issued[0].key.identity.clone()))
}

fn actions(asked: &Asked) -> Vec<&str> {
    asked.needs.iter().map(|need| need.action.as_str()).collect()
}

/// IAM User Guide, "Pass session tags in AWS STS", Chaining roles with session tags: its three sessions.
#[test]
fn transitive_tags_go_down_the_chain_and_stay_what_they_are() {
    let user = Identity::User { arn: "arn:aws:iam::123456789012:user/ann".into() };
    let tags = "&Tags.member.1.Key=Star&Tags.member.1.Value=1&Tags.member.2.Key=Heart&Tags.member.2.Value=1&Tags.member.3.Key=Moon\
                &Tags.member.3.Value=1&TransitiveTagKeys.member.1=star&TransitiveTagKeys.member.2=Heart";
    let (asked, first) = assumed(&user, tags).unwrap();
    assert_eq!(actions(&asked), ["sts:AssumeRole", "sts:TagSession"]);
    let context = &asked.needs[1].context;
    assert_eq!(
        (&context["aws:RequestTag/Star"], &context["aws:TagKeys"]),
        (&vec!["1".to_owned()], &vec!["Heart".into(), "Moon".into(), "Star".into()])
    );
    assert_eq!(context["sts:TransitiveTagKeys"], ["star", "Heart"]);
    assert_eq!(asked.logged_parameters["tags"][2], json!({ "key": "Star", "value": "1" }));
    assert_eq!(asked.logged_parameters["transitiveTagKeys"], json!(["star", "Heart"]));
    assert_eq!(first.session().unwrap().tags.len(), 3);

    let (asked, second) = assumed(&first, "").unwrap();
    assert_eq!(actions(&asked), ["sts:AssumeRole", "sts:TagSession"]);
    assert_eq!(asked.logged_parameters["incomingTransitiveTags"], json!({ "Heart": "1", "Star": "1" }));
    let session = second.session().unwrap();
    assert_eq!(session.tags, BTreeMap::from([("Heart".into(), "1".into()), ("Star".into(), "1".into())]));

    let says =
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.";
    for key in ["Heart", "heart"] {
        let error = assumed(&second, &format!("&Tags.member.1.Key={key}&Tags.member.1.Value=3")).unwrap_err();
        assert_eq!((error.code.as_str(), error.message.as_str()), ("InvalidParameterValue", says));
    }
    let (_, third) = assumed(&second, "&Tags.member.1.Key=Moon&Tags.member.1.Value=3").unwrap();
    assert_eq!((third.session().unwrap().tags.len(), third.session().unwrap().transitive.len()), (3, 2));
    let (_, fourth) = assumed(&third, "").unwrap();
    assert_eq!(fourth.session().unwrap().tags.len(), 2);
}

#[test]
fn a_source_identity_stays_and_session_policies_do_not() {
    let user = Identity::User { arn: "arn:aws:iam::123456789012:user/ann".into() };
    let policy = "&Policy=%7B%22Statement%22%3A%5B%5D%7D&PolicyArns.member.1.arn=arn:aws:iam::aws:policy/ReadOnlyAccess";
    let (asked, first) = assumed(&user, &format!("&SourceIdentity=ann{policy}")).unwrap();
    assert_eq!(asked.logged_parameters["policyArns"], json!([{ "arn": "arn:aws:iam::aws:policy/ReadOnlyAccess" }]));
    let session = first.session().unwrap();
    assert_eq!((session.policies.len(), session.policy_arns.len()), (1, 1));
    let (asked, second) = assumed(&first, "").unwrap();
    assert_eq!(
        (actions(&asked), &asked.logged_parameters["sourceIdentity"]),
        (vec!["sts:AssumeRole", "sts:SetSourceIdentity"], &json!("ann"))
    );
    let session = second.session().unwrap();
    assert_eq!((session.source_identity.as_deref(), session.policies.len() + session.policy_arns.len()), (Some("ann"), 0));
    assert!(assumed(&second, "&SourceIdentity=ann").is_ok());
    assert_eq!(assumed(&second, "&SourceIdentity=bob").unwrap_err().code, "AccessDenied");
}

#[test]
fn dates_in_response_elements() {
    assert_eq!(trail_date(Time(1_795_355_053_999)), "Nov 22, 2026, 1:44:13 PM");
    assert_eq!(trail_date(Time(0)), "Jan 1, 1970, 12:00:00 AM");
}
