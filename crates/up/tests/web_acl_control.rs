//! AWS WAF's own API against the running application: what it makes is enforced at once, by whoever may make it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::signed::Signer;
use support::web_acl::{api, stage};
use support::{Fixture, http};

/// Resources: a function that may use the API.
const GUARD: &str = "
  Guard:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      CodeUri: src/
      Policies: [{Statement: [{Effect: Allow, Action: ['wafv2:*'], Resource: '*'}]}]
";

fn template() -> String {
    format!("{}{GUARD}", api(&[("/socks", &["get"])]))
}

fn visible(name: &str) -> Value {
    json!({ "SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": name })
}

/// A rule that blocks a header's value; the API's blobs are base64.
fn rule(name: &str, search: &str, action: Value) -> Value {
    json!({ "Name": name, "Priority": 0, "Action": action, "VisibilityConfig": visible(name), "Statement": { "ByteMatchStatement": {
        "FieldToMatch": { "SingleHeader": { "Name": "x-colour" } }, "PositionalConstraint": "EXACTLY", "SearchString": search,
        "TextTransformations": [{ "Priority": 0, "Type": "LOWERCASE" }] } } })
}

fn acl(rules: Value) -> Value {
    json!({ "Name": "made", "Scope": "REGIONAL", "DefaultAction": { "Allow": {} }, "VisibilityConfig": visible("made"), "Rules": rules })
}

async fn socks(running: &sekisho_up::Running, header: &str) -> (u16, String) {
    http(&running.endpoint(), "GET", &format!("{}/socks", stage(running)), &[header], "").await
}

fn error(answer: &(u16, Value)) -> &str {
    answer.1["__type"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_makes_is_enforced() {
    let fixture = Fixture::new(&template(), &[("src/index.js", "exports.handler = async () => ({});\n")]);
    let running = match sekisho_up::start(fixture.app(), fixture.options(), |_| {}).await {
        Ok(running) => running,
        Err(error @ sekisho_up::UpError::Missing { .. }) => return eprintln!("SKIPPED: {error}"),
        Err(error) => panic!("{error}"),
    };
    let root = Signer::root(&running);
    let api = running.app().aws().rest_apis[0].api_id.clone();
    let stage = format!("arn:aws:apigateway:us-east-1::/restapis/{api}/stages/dev");

    // red, in base64.
    let red = json!([rule("red", "cmVk", json!({ "Block": {} }))]);
    let (_, capacity) = root.waf("CheckCapacity", &json!({ "Scope": "REGIONAL", "Rules": red })).await;
    assert_eq!(capacity, json!({ "Capacity": 12 }));
    let (status, made) = root.waf("CreateWebACL", &acl(red.clone())).await;
    assert_eq!(status, 200, "{made}");
    let (arn, id) = (made["Summary"]["ARN"].as_str().unwrap(), made["Summary"]["Id"].as_str().unwrap());
    assert_eq!(socks(&running, "X-Colour: RED").await.0, 200, "not associated yet");
    assert_eq!(error(&root.waf("CreateWebACL", &acl(red)).await), "WAFDuplicateItemException");
    let nonsense = json!([{ "Name": "n", "Priority": 0, "Action": { "Block": {} }, "VisibilityConfig": visible("n"), "Statement": { "MagicStatement": {} } }]);
    let mut other = acl(nonsense);
    other["Name"] = json!("other");
    assert_eq!(error(&root.waf("CreateWebACL", &other).await), "WAFInvalidParameterException");

    // The function may use all of WAF, but not set the web ACL of a stage.
    let guard = running.app().aws().functions.keys().next().unwrap().clone();
    let guard = Signer::session(&running, &running.function_credentials(&guard).unwrap());
    let associate = json!({ "WebACLArn": arn, "ResourceArn": stage });
    assert_eq!(error(&guard.waf("AssociateWebACL", &associate).await), "AccessDeniedException");
    assert_eq!(root.waf("AssociateWebACL", &associate).await.0, 200);
    assert_eq!(socks(&running, "X-Colour: RED").await.0, 403);
    assert_eq!(socks(&running, "X-Colour: blue").await.0, 200);
    let (_, of_stage) = guard.waf("GetWebACLForResource", &json!({ "ResourceArn": stage })).await;
    assert_eq!(of_stage["WebACL"]["Name"], "made");
    let (_, resources) = root.waf("ListResourcesForWebACL", &json!({ "WebACLArn": arn, "ResourceType": "API_GATEWAY" })).await;
    assert_eq!(resources["ResourceArns"], json!([stage]));

    // A custom response, by a rule that was changed under the right lock token and no other.
    let named = json!({ "Name": "made", "Scope": "REGIONAL", "Id": id });
    let (_, got) = root.waf("GetWebACL", &named).await;
    assert_eq!(got["WebACL"]["Rules"][0]["Statement"]["ByteMatchStatement"]["SearchString"], "cmVk");
    let teapot = json!({ "Block": { "CustomResponse": { "ResponseCode": 405, "CustomResponseBodyKey": "no",
        "ResponseHeaders": [{ "Name": "x-why", "Value": "colour" }] } } });
    let mut update = acl(json!([rule("red", "cmVk", teapot)]));
    update["CustomResponseBodies"] = json!({ "no": { "ContentType": "TEXT_PLAIN", "Content": "not red" } });
    update["Id"] = json!(id);
    update["LockToken"] = json!("00000000-0000-4000-8000-000000000000");
    assert_eq!(error(&root.waf("UpdateWebACL", &update).await), "WAFOptimisticLockException");
    update["LockToken"] = got["LockToken"].clone();
    let (status, updated) = root.waf("UpdateWebACL", &update).await;
    assert_eq!(status, 200, "{updated}");
    let (status, answer) = socks(&running, "X-Colour: red").await;
    assert_eq!((status, answer.ends_with("not red"), answer.contains("x-why: colour")), (405, true, true), "{answer}");

    let mut delete = named.clone();
    delete["LockToken"] = updated["NextLockToken"].clone();
    assert_eq!(error(&root.waf("DeleteWebACL", &delete).await), "WAFAssociatedItemException");
    running.stop().await;

    // A second start resumes what the API made.
    let running = fixture.start().await;
    let root = Signer::root(&running);
    assert_eq!(socks(&running, "X-Colour: red").await.0, 405);
    assert_eq!(root.waf("DisassociateWebACL", &json!({ "ResourceArn": stage })).await.0, 200);
    assert_eq!(socks(&running, "X-Colour: red").await.0, 200);
    let (status, deleted) = root.waf("DeleteWebACL", &delete).await;
    assert_eq!(status, 200, "{deleted}");
    assert_eq!(error(&root.waf("GetWebACL", &named).await), "WAFNonexistentItemException");
    running.stop().await;
}

/// Sets and groups that a web ACL refers to: a change of the set is a change of what is stopped.
#[tokio::test(flavor = "multi_thread")]
async fn sets_and_groups_are_followed() {
    let fixture = Fixture::new(&api(&[("/socks", &["get"])]), &[]);
    let running = fixture.start().await;
    let root = Signer::root(&running);
    let api = running.app().aws().rest_apis[0].api_id.clone();
    let stage = format!("arn:aws:apigateway:us-east-1::/restapis/{api}/stages/dev");
    let set = json!({ "Name": "people", "Scope": "REGIONAL", "IPAddressVersion": "IPV4", "Addresses": ["203.0.113.0/24"] });
    let (_, people) = root.waf("CreateIPSet", &set).await;
    let people = people["Summary"].clone();
    let block = json!({ "Name": "people", "Priority": 1, "Action": { "Block": {} }, "VisibilityConfig": visible("people"),
        "Statement": { "IPSetReferenceStatement": { "ARN": people["ARN"] } } });
    let group = json!({ "Name": "group", "Scope": "REGIONAL", "Capacity": 10, "VisibilityConfig": visible("group"), "Rules": [block] });
    let (status, group) = root.waf("CreateRuleGroup", &group).await;
    assert_eq!(status, 200, "{group}");
    let missing = json!([{ "Name": "g", "Priority": 1, "OverrideAction": { "None": {} }, "VisibilityConfig": visible("g"),
        "Statement": { "RuleGroupReferenceStatement": { "ARN": "arn:aws:wafv2:us-east-1:123456789012:regional/rulegroup/none/00000000-0000-4000-8000-000000000000" } } }]);
    assert_eq!(error(&root.waf("CreateWebACL", &acl(missing)).await), "WAFNonexistentItemException");
    let rules = json!([{ "Name": "g", "Priority": 1, "OverrideAction": { "None": {} }, "VisibilityConfig": visible("g"),
        "Statement": { "RuleGroupReferenceStatement": { "ARN": group["Summary"]["ARN"] } } }]);
    let (_, made) = root.waf("CreateWebACL", &acl(rules)).await;
    assert_eq!(root.waf("AssociateWebACL", &json!({ "WebACLArn": made["Summary"]["ARN"], "ResourceArn": stage })).await.0, 200);
    assert_eq!(socks(&running, "X-A: b").await.0, 200);
    let update = json!({ "Name": "people", "Scope": "REGIONAL", "Id": people["Id"], "LockToken": people["LockToken"], "Addresses": ["127.0.0.1/32"] });
    assert_eq!(root.waf("UpdateIPSet", &update).await.0, 200);
    let (status, answer) = socks(&running, "X-A: b").await;
    assert!(status == 403 && answer.contains("people"), "{answer}");
    let (_, now) = root.waf("GetIPSet", &json!({ "Name": "people", "Scope": "REGIONAL", "Id": people["Id"] })).await;
    let delete = json!({ "Name": "people", "Scope": "REGIONAL", "Id": people["Id"], "LockToken": now["LockToken"] });
    assert_eq!(error(&root.waf("DeleteIPSet", &delete).await), "WAFAssociatedItemException");
    let tag = json!({ "ResourceARN": people["ARN"], "Tags": [{ "Key": "team", "Value": "blue" }] });
    assert_eq!(root.waf("TagResource", &tag).await.0, 200);
    let (_, tags) = root.waf("ListTagsForResource", &json!({ "ResourceARN": people["ARN"] })).await;
    assert_eq!(tags["TagInfoForResource"]["TagList"], json!([{ "Key": "team", "Value": "blue" }]));
    running.stop().await;
}
