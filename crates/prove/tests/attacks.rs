//! Pages with normal traffic are run: the vulnerable blocks are an application that `up` starts, the attack must bring the canary
//! back, and where the page has a fix the same attack must then be stopped while the traffic still passes. So are the pages of
//! attacks from another account, and what such a caller may not do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use model::{Foothold, Ledger, Proof};
use risks::{Page, Proved};
use std::fs;

#[test]
fn pages_with_traffic_fall_to_their_attacks() {
    for risk in risks::all() {
        let page = Page::read(risk.page).unwrap();
        let outside = risk.attack.as_ref().is_ok_and(|attack| attack.foothold == Foothold::OtherAccount);
        if page.role("traffic").next().is_none() && !outside {
            continue;
        }
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("page");
        for block in page.role("vulnerable").chain(page.role("traffic")) {
            let path = root.join(block.file.unwrap());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, block.text).unwrap();
        }
        let options = sekisho_prove::Options { root, read: read::Options::default(), offline: false, risks: vec![risk.slug.into()] };
        let proved = sekisho_prove::prove(&options, &|says| println!("{}: {says}", risk.slug));
        let rows = &proved.ledger.ledger;
        assert_eq!(rows.len(), 1, "{}: {rows:?}", risk.slug);
        for row in rows {
            assert_eq!(row.exploited, Proof::Yes, "{}: {:?}", risk.slug, row.evidence);
            if outside {
                assert_eq!(row.detected, Proof::Yes, "{}: {:?}", risk.slug, row.evidence);
            }
            if risk.without(Proved::Blocked).is_none() {
                assert_eq!(row.blocked, Proof::Yes, "{}: {:?}", risk.slug, row.evidence);
            }
        }
    }
}

/// What the prover makes of one risk in a template.
fn ledger(risk: &str, template: &str) -> Ledger {
    let scratch = tempfile::tempdir().unwrap();
    fs::write(scratch.path().join("template.yaml"), template).unwrap();
    let root = scratch.path().to_path_buf();
    let options = sekisho_prove::Options { root, read: read::Options::default(), offline: false, risks: vec![risk.into()] };
    sekisho_prove::prove(&options, &|_| {}).ledger
}

const TABLE: &str = "
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
";

#[test]
fn a_table_shared_by_its_own_policy_is_read_from_the_other_account() {
    let shared = |principal: &str, rest: &str| {
        let policy = format!("{{Effect: Allow, Principal: {{AWS: '{principal}'}}, Action: 'dynamodb:Scan', Resource: '*'{rest}}}");
        format!("{TABLE}      ResourcePolicy: {{PolicyDocument: {{Version: '2012-10-17', Statement: [{policy}]}}}}\n")
    };
    for who in ["999988887777", "arn:aws:iam::999988887777:user/ann", "arn:aws:iam::999988887777:role/ci"] {
        let rows = ledger("cross-account-access", &shared(who, "")).ledger;
        assert_eq!(rows.len(), 1, "{who}");
        assert_eq!((rows[0].exploited, rows[0].detected), (Proof::Yes, Proof::Yes), "{who}: {:?}", rows[0].evidence);
    }
    // A condition that the caller does not meet: found, for nobody knows where the partner calls from, and refused here.
    let rows = ledger("cross-account-access", &shared("999988887777", ", Condition: {IpAddress: {'aws:SourceIp': 203.0.113.0/24}}")).ledger;
    assert_eq!((rows.len(), rows[0].exploited), (1, Proof::No), "{:?}", rows[0].evidence);
}

#[test]
fn a_role_that_anyone_may_take_is_taken() {
    let role = |trust: &str, action: &str| {
        format!(
            "{TABLE}  Wide:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{Version: '2012-10-17', Statement: [{trust}]}}
      Policies:
        - PolicyName: p
          PolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Action: '{action}', Resource: '*'}}]}}
"
        )
    };
    let wide = "{Effect: Allow, Principal: {AWS: '*'}, Action: 'sts:AssumeRole'}";
    let rows = ledger("cross-account-access", &role(wide, "dynamodb:*")).ledger;
    assert_eq!((rows.len(), rows[0].exploited, rows[0].detected), (1, Proof::Yes, Proof::Yes), "{:?}", rows[0].evidence);
    // Nothing that can be planted behind it: nothing is claimed.
    let rows = ledger("cross-account-access", &role(wide, "sqs:*")).ledger;
    assert_eq!((rows.len(), rows[0].exploited), (1, Proof::NotAssessed), "{:?}", rows[0].evidence);
    // A denial that the scan of the trust policy does not follow stops the attack.
    let denied = format!(
        "{wide}, {{Effect: Deny, Principal: '*', Action: 'sts:AssumeRole', Condition: {{Bool: {{'aws:SecureTransport': 'false'}}}}}}"
    );
    let rows = ledger("cross-account-access", &role(&denied, "dynamodb:*")).ledger;
    assert_eq!((rows.len(), rows[0].exploited), (1, Proof::No), "{:?}", rows[0].evidence);
}
