//! Pages with normal traffic are run: the vulnerable blocks are an application that `up` starts, the attack must bring the canary
//! back, and the fix, the page's own where there is no automatic one, must stop the same attack while the traffic still passes.
//! Where the logs can show it, the application stands behind a web ACL that logs, and the detections must find it there. So are the
//! pages of attacks from another account, and what such a caller may not do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use model::{Foothold, Ledger, Proof};
use risks::{Page, Proved, Risk};
use sekisho_prove::Options;
use std::fs;
use std::path::Path;

/// A web ACL that stops nothing and logs every request, before the implicit API of the page.
const FIREWALL: &str = "
  Firewall:
    Type: AWS::WAFv2::WebACL
    Properties:
      Scope: REGIONAL
      DefaultAction: {Allow: {}}
      VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: firewall}
  FirewallLog:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: aws-waf-logs-page}
  FirewallLogging:
    Type: AWS::WAFv2::LoggingConfiguration
    Properties: {ResourceArn: !GetAtt Firewall.Arn, LogDestinationConfigs: [!GetAtt FirewallLog.Arn]}
  FirewallBefore:
    Type: AWS::WAFv2::WebACLAssociation
    Properties:
      ResourceArn: !Sub 'arn:aws:apigateway:${AWS::Region}::/restapis/${ServerlessRestApi}/stages/${ServerlessRestApi.Stage}'
      WebACLArn: !GetAtt Firewall.Arn
";

/// A trail that records what is done with objects.
const TRAIL: &str = "
  PageTrail:
    Type: AWS::CloudTrail::Trail
    Properties:
      IsLogging: true
      S3BucketName: trails-of-the-account
      EventSelectors: [{ReadWriteType: All, DataResources: [{Type: 'AWS::S3::Object', Values: ['arn:aws:s3']}]}]
";

#[test]
fn pages_with_traffic_fall_to_their_attacks() {
    let only = std::env::var("ONLY").ok();
    for risk in risks::all().iter().filter(|risk| only.as_deref().is_none_or(|only| only == risk.slug)) {
        let page = Page::read(risk.page).unwrap();
        let outside = risk.attack.as_ref().is_ok_and(|attack| attack.foothold == Foothold::OtherAccount);
        if page.role("traffic").next().is_some() || outside {
            falls(risk, &page, outside);
        }
    }
}

fn falls(risk: &Risk, page: &Page<'_>, outside: bool) {
    let slug = risk.slug;
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("page");
    for block in page.role("vulnerable").chain(page.role("traffic")) {
        write(&root, block.file.unwrap(), block.text);
    }
    let template = fs::read_to_string(root.join("template.yaml")).unwrap();
    // What comes from another account does not come through the API. A page about web ACLs has its own.
    if risk.without(Proved::Detected).is_none() && !outside && !template.contains("AWS::WAFv2::WebACL") {
        let trail = if template.contains("AWS::S3::Bucket") { TRAIL } else { "" };
        write(&root, "template.yaml", &(template.trim_end().to_owned() + FIREWALL + trail));
    }
    let options = Options { root: root.clone(), read: read::Options::default(), offline: false, risks: vec![slug.into()] };
    let says = |says: &str| println!("{slug}: {says}");
    let proved = sekisho_prove::prove(&options, &says);
    let rows = &proved.ledger.ledger;
    assert_eq!(rows.len(), 1, "{slug}: {rows:?}");
    for row in rows {
        let proofs = [(Proved::Exploited, row.exploited), (Proved::Blocked, row.blocked), (Proved::Detected, row.detected)];
        for (proof, shown) in proofs {
            let expected = if risk.without(proof).is_some() { Proof::NotApplicable } else { Proof::Yes };
            assert_eq!(shown, expected, "{slug}: {proof:?}: {:?}", row.evidence);
        }
    }
    if risk.without(Proved::Blocked).is_some() && !outside {
        mended_by_hand(&options, page, slug);
    }
}

/// The page's fixed blocks in the place of the vulnerable ones.
fn mended_by_hand(options: &Options, page: &Page<'_>, slug: &str) {
    assert!(page.role("fixed").next().is_some(), "{slug}: no fix, and none by hand");
    let mended = options.root.with_file_name("mended").join("page");
    for block in page.role("vulnerable").chain(page.role("traffic")).chain(page.role("fixed")) {
        write(&mended, block.file.unwrap(), block.text);
    }
    let app = read::application(&options.root, &options.read);
    let findings = scan::scan(&app).findings;
    let mut subjects = attack::subjects(&findings);
    subjects.retain(|subject| subject.risk.slug == slug);
    let says = |says: &str| println!("{slug}, mended: {says}");
    let staged = sekisho_prove::attack_state(options, (&app, &subjects), &mended, &says).unwrap();
    assert_eq!(staged.unserved, Vec::<String>::new(), "{slug}: normal traffic");
    for attacked in &staged.attacked {
        let outcome = attacked.outcome.as_ref().unwrap();
        assert!(!attacked.took_canary, "{slug}: {:?}", outcome.steps);
        assert!(outcome.refused.is_some() && outcome.broke.is_none(), "{slug}: {outcome:?}");
    }
}

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A stage that is declared beside the one behind the web ACL is gone through, and gets the web ACL too.
#[test]
fn a_second_stage_is_a_way_around_the_web_acl() {
    let page = Page::read(risks::by_slug("web-acl-bypass").unwrap().page).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("page");
    for block in page.role("vulnerable").chain(page.role("traffic")) {
        write(&root, block.file.unwrap(), block.text);
    }
    let template = fs::read_to_string(root.join("template.yaml")).unwrap();
    let one = template.replace("      StageName: prod\n", "      StageName: prod\n      OpenApiVersion: 3.0.1\n");
    let alpha = "  AlphaStage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Api.Deployment, StageName: alpha}\n";
    write(&root, "template.yaml", &(one + alpha));
    let options = Options { root, read: read::Options::default(), offline: false, risks: vec!["web-acl-bypass".into()] };
    let rows = sekisho_prove::prove(&options, &|_| {}).ledger.ledger;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].exploited, rows[0].blocked), (Proof::Yes, Proof::Yes), "{:?}", rows[0].evidence);
    assert!(rows[0].evidence[1].says.contains("to stage prod: 403; the same to stage alpha was answered: 200"), "{:?}", rows[0].evidence);
}

/// The workshop's own case: the body says which company an order is for. One customer's order turns up at another.
#[test]
fn a_record_is_left_in_another_customers_place() {
    let page = Page::read(risks::by_slug("tenant-override").unwrap().page).unwrap();
    let handler = |company: &str| {
        format!(
            "const orders = require(\"./orders\");

exports.handler = async (event) => {{
  let company = event.requestContext.authorizer?.claims?.client_id;
  if (event.httpMethod === \"GET\") {{
    return {{ statusCode: 200, body: JSON.stringify(await orders.of(company)) }};
  }}
  const request = JSON.parse(event.body);
  {company}
  await orders.keep(company, event.requestContext.requestId, request.text);
  return {{ statusCode: 201, body: \"\" }};
}};
"
        )
    };
    let scratch = tempfile::tempdir().unwrap();
    let [root, mended] = ["is", "mended"].map(|name| scratch.path().join(name).join("page"));
    for (root, line) in [(&root, "if (\"company\" in request) company = request.company;"), (&mended, "")] {
        for block in page.role("vulnerable").chain(page.role("traffic")) {
            write(root, block.file.unwrap(), block.text);
        }
        write(root, "src/index.js", &handler(line));
    }
    let options = Options { root, read: read::Options::default(), offline: false, risks: vec!["tenant-override".into()] };
    let rows = sekisho_prove::prove(&options, &|_| {}).ledger.ledger;
    assert_eq!((rows.len(), rows[0].exploited), (1, Proof::Yes), "{rows:?}");
    let app = read::application(&options.root, &options.read);
    let findings = scan::scan(&app).findings;
    let mut subjects = attack::subjects(&findings);
    subjects.retain(|subject| subject.risk.slug == "tenant-override");
    let staged = sekisho_prove::attack_state(&options, (&app, &subjects), &mended, &|_| {}).unwrap();
    let [attacked] = &staged.attacked[..] else { panic!("{:?}", staged.attacked) };
    let outcome = attacked.outcome.as_ref().unwrap();
    assert!(!attacked.took_canary && outcome.refused.is_some() && outcome.broke.is_none() && staged.unserved.is_empty(), "{outcome:?}");
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

#[test]
fn a_bucket_whose_policy_lets_in_everyone_is_read_by_nobody_in_particular() {
    let template = |block: &str| {
        format!(
            "
Resources:
  Exports:
    Type: AWS::S3::Bucket
    Properties: {block}
  ExportsPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Exports
      PolicyDocument:
        Version: '2012-10-17'
        Statement: [{{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: !Sub '${{Exports.Arn}}/*'}}]
{TRAIL}"
        )
    };
    let open = "{PublicAccessBlockConfiguration: {BlockPublicAcls: true, IgnorePublicAcls: true}}";
    let rows = ledger("public-resource-policy", &template(open)).ledger;
    assert_eq!((rows.len(), rows[0].exploited, rows[0].detected), (1, Proof::Yes, Proof::Yes), "{:?}", rows[0].evidence);
    // Block Public Access is on where a template does not say otherwise: found with that condition, and refused.
    let rows = ledger("public-resource-policy", &template("{}")).ledger;
    assert_eq!((rows.len(), rows[0].exploited), (1, Proof::No), "{:?}", rows[0].evidence);
}
