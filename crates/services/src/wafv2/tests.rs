//! AWS WAF's API: what it needs, what it makes, what it refuses.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::testing::{self, Memory, body, json_request};
use model::{Metric, SampledRequest, Store, Time};

const STAGE: &str = "arn:aws:apigateway:us-east-1::/restapis/api1234567/stages/dev";

fn app() -> App {
    let api = testing::resource("Api", "AWS::ApiGateway::RestApi", "api1234567", None, json!({ "Name": "Rides", "Body": { "paths": {} } }));
    let stage = testing::resource("Stage", "AWS::ApiGateway::Stage", "dev", None, json!({ "RestApiId": "api1234567", "StageName": "dev" }));
    testing::app([api, stage])
}

fn visible(name: &str) -> Value {
    json!({ "SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": name })
}

/// The application after an operation, and its answer.
fn after(app: &App, operation: &str, p: &Value) -> Result<(App, Value), ServiceError> {
    let request = json_request(&format!("AWSWAF_20190729.{operation}"), p);
    let (_, done) = testing::call(&Wafv2, app, &Memory::default(), &request)?;
    let next = done.changes.iter().fold(app.clone(), |app, change| app.apply(change).unwrap());
    Ok((next, body(&done)))
}

fn code(app: &App, operation: &str, p: &Value) -> String {
    after(app, operation, p).unwrap_err().code
}

fn acl(name: &str, rules: Value) -> Value {
    json!({ "Name": name, "Scope": "REGIONAL", "DefaultAction": { "Allow": {} }, "VisibilityConfig": visible(name), "Rules": rules })
}

fn block(statement: Value) -> Value {
    json!({ "Name": "r", "Priority": 1, "Action": { "Block": {} }, "VisibilityConfig": visible("r"), "Statement": statement })
}

fn needs(app: &App, operation: &str, p: &Value) -> Vec<(String, String)> {
    let asked = Wafv2.asks(app, &json_request(&format!("AWSWAF_20190729.{operation}"), p)).unwrap();
    asked.needs.into_iter().map(|need| (need.action, need.resource)).collect()
}

/// Service Authorization Reference, "AWS WAF V2"; associating asks the stage too.
#[test]
fn what_each_operation_needs() {
    let own = |rest: &str| format!("arn:aws:wafv2:us-east-1:123456789012:{rest}");
    let pair = |action: &str, resource: &str| (action.to_owned(), resource.to_owned());
    let app = app();
    let set = own("regional/ipset/a/1");
    let made = acl("web", json!([block(json!({ "IPSetReferenceStatement": { "ARN": set } }))]));
    assert_eq!(
        needs(&app, "CreateWebACL", &made),
        [pair("wafv2:CreateWebACL", &own("regional/webacl/web/*")), pair("wafv2:CreateWebACL", &set)]
    );
    let acl = own("regional/webacl/web/1");
    let both = json!({ "WebACLArn": acl, "ResourceArn": STAGE });
    assert_eq!(needs(&app, "AssociateWebACL", &both), [pair("wafv2:AssociateWebACL", &acl), pair("apigateway:SetWebACL", STAGE)]);
    assert_eq!(needs(&app, "DisassociateWebACL", &both), [pair("apigateway:SetWebACL", STAGE)]);
    assert_eq!(needs(&app, "GetWebACL", &json!({ "ARN": acl })), [pair("wafv2:GetWebACL", &acl)]);
    let global = json!({ "Name": "n", "Scope": "CLOUDFRONT", "Id": "i" });
    assert_eq!(needs(&app, "GetRuleGroup", &global), [pair("wafv2:GetRuleGroup", &own("global/rulegroup/n/i"))]);
    assert_eq!(needs(&app, "ListIPSets", &json!({ "Scope": "REGIONAL" })), [pair("wafv2:ListIPSets", "*")]);
    let unknown = Wafv2.asks(&app, &json_request("AWSWAF_20190729.CreateAPIKey", &json!({}))).unwrap_err();
    assert_eq!(unknown.code, "UnknownOperationException");
}

#[test]
fn a_set_from_creation_to_its_end() {
    let set =
        json!({ "Name": "words", "Scope": "REGIONAL", "Description": "two words", "RegularExpressionList": [{ "RegexString": "^a+$" }] });
    let (app, made) = after(&app(), "CreateRegexPatternSet", &set).unwrap();
    let summary = made["Summary"].clone();
    assert_eq!(code(&app, "CreateRegexPatternSet", &set), "WAFDuplicateItemException");
    let named = json!({ "Name": "words", "Scope": "REGIONAL", "Id": summary["Id"] });
    let (app, got) = after(&app, "GetRegexPatternSet", &named).unwrap();
    assert_eq!(got["RegexPatternSet"]["RegularExpressionList"], set["RegularExpressionList"]);
    assert_eq!((&got["LockToken"], &got["RegexPatternSet"]["ARN"]), (&summary["LockToken"], &summary["ARN"]));
    let with = |token: &Value| {
        let mut p = named.clone();
        p["LockToken"] = token.clone();
        p["RegularExpressionList"] = json!([{ "RegexString": "b" }]);
        p
    };
    let (app, updated) = after(&app, "UpdateRegexPatternSet", &with(&summary["LockToken"])).unwrap();
    assert_eq!(code(&app, "UpdateRegexPatternSet", &with(&summary["LockToken"])), "WAFOptimisticLockException");
    let rule = block(json!({ "RegexPatternSetReferenceStatement": { "ARN": summary["ARN"], "FieldToMatch": { "UriPath": {} },
        "TextTransformations": [{ "Priority": 0, "Type": "NONE" }] } }));
    let (used, _) = after(&app, "CreateWebACL", &acl("web", json!([rule]))).unwrap();
    assert_eq!(code(&used, "DeleteRegexPatternSet", &with(&updated["NextLockToken"])), "WAFAssociatedItemException");
    let (gone, _) = after(&app, "DeleteRegexPatternSet", &with(&updated["NextLockToken"])).unwrap();
    assert_eq!(code(&gone, "GetRegexPatternSet", &named), "WAFNonexistentItemException");
    let (_, list) = after(&app, "ListRegexPatternSets", &json!({ "Scope": "REGIONAL" })).unwrap();
    assert_eq!(list["RegexPatternSets"].as_array().unwrap().len(), 1);
    let (_, list) = after(&app, "ListRegexPatternSets", &json!({ "Scope": "CLOUDFRONT" })).unwrap();
    assert_eq!(list, json!({ "RegexPatternSets": [] }));
}

#[test]
fn what_aws_refuses() {
    let app = app();
    let one = |rules: Value| code(&app, "CreateWebACL", &acl("web", rules));
    assert_eq!(one(json!([block(json!({ "MagicStatement": {} }))])), "WAFInvalidParameterException");
    assert_eq!(one(json!([block(json!({ "GeoMatchStatement": { "CountryCodes": [], "Extra": 1 } }))])), "WAFInvalidParameterException");
    let nobodys = "arn:aws:wafv2:us-east-1:123456789012:regional/ipset/none/00000000-0000-4000-8000-000000000000";
    assert_eq!(one(json!([block(json!({ "IPSetReferenceStatement": { "ARN": nobodys } }))])), "WAFNonexistentItemException");
    assert_eq!(code(&app, "CreateWebACL", &acl("no name", json!([]))), "ValidationException");
    assert_eq!(code(&app, "CreateWebACL", &json!({ "Name": "a", "Scope": "EVERYWHERE" })), "ValidationException");
    assert_eq!(code(&app, "CreateWebACL", &json!({ "Name": "a", "Scope": "REGIONAL" })), "ValidationException");
    let group = |capacity: u64| {
        let xss = block(
            json!({ "XssMatchStatement": { "FieldToMatch": { "UriPath": {} }, "TextTransformations": [{ "Priority": 0, "Type": "URL_DECODE" }] } }),
        );
        json!({ "Name": "g", "Scope": "REGIONAL", "Capacity": capacity, "VisibilityConfig": visible("g"), "Rules": [xss] })
    };
    assert_eq!(code(&app, "CreateRuleGroup", &group(49)), "WAFLimitsExceededException");
    let (_, made) = after(&app, "CreateRuleGroup", &group(50)).unwrap();
    assert_eq!(made["Summary"]["Name"], "g");
    let error =
        after(&app, "CreateIPSet", &json!({ "Name": "s", "Scope": "REGIONAL", "IPAddressVersion": "IPV4", "Addresses": ["0.0.0.0/0"] }))
            .unwrap_err();
    assert_eq!(error.code, "WAFInvalidParameterException");
    assert_eq!(error.members["Field"], "IP_SET");
    let search = json!({ "ByteMatchStatement": { "FieldToMatch": { "UriPath": {} }, "PositionalConstraint": "CONTAINS", "SearchString": "not base64!",
        "TextTransformations": [{ "Priority": 0, "Type": "NONE" }] } });
    assert_eq!(one(json!([block(search)])), "WAFInvalidParameterException");
}

#[test]
fn associations_logging_and_tags() {
    let (app, first) = after(&app(), "CreateWebACL", &acl("first", json!([]))).unwrap();
    let (app, second) = after(&app, "CreateWebACL", &acl("second", json!([]))).unwrap();
    let arn = |made: &Value| made["Summary"]["ARN"].as_str().unwrap().to_owned();
    let with = |made: &Value| json!({ "WebACLArn": arn(made), "ResourceArn": STAGE });
    let stage_acl = |app: &App| app.aws().rest_apis[0].stages[0].web_acl.clone();
    let (app, _) = after(&app, "AssociateWebACL", &with(&first)).unwrap();
    assert_eq!(stage_acl(&app), Some(arn(&first)));
    let (app, _) = after(&app, "AssociateWebACL", &with(&second)).unwrap();
    assert_eq!(stage_acl(&app), Some(arn(&second)), "a resource has one web ACL");
    let mut elsewhere = with(&first);
    elsewhere["ResourceArn"] = json!("arn:aws:apigateway:us-east-1::/restapis/api1234567/stages/none");
    assert_eq!(code(&app, "AssociateWebACL", &elsewhere), "WAFNonexistentItemException");
    elsewhere["ResourceArn"] = json!("arn:aws:apigateway:us-east-1::/apis/http123456/stages/dev");
    assert_eq!(code(&app, "AssociateWebACL", &elsewhere), "WAFInvalidParameterException", "HTTP APIs have no web ACL");
    let (app, _) = after(&app, "DisassociateWebACL", &json!({ "ResourceArn": STAGE })).unwrap();
    let (_, none) = after(&app, "GetWebACLForResource", &json!({ "ResourceArn": STAGE })).unwrap();
    assert_eq!((stage_acl(&app), none), (None, json!({})));

    let log = |destination: &str| json!({ "LoggingConfiguration": { "ResourceArn": arn(&first), "LogDestinationConfigs": [destination] } });
    assert_eq!(
        code(&app, "PutLoggingConfiguration", &log("arn:aws:logs:us-east-1:123456789012:log-group:mine")),
        "WAFInvalidParameterException"
    );
    let (app, _) = after(&app, "PutLoggingConfiguration", &log("arn:aws:s3:::aws-waf-logs-mine")).unwrap();
    let (app, got) = after(&app, "GetLoggingConfiguration", &json!({ "ResourceArn": arn(&first) })).unwrap();
    assert_eq!(got["LoggingConfiguration"]["LogDestinationConfigs"], json!(["arn:aws:s3:::aws-waf-logs-mine"]));
    let (_, all) = after(&app, "ListLoggingConfigurations", &json!({ "Scope": "REGIONAL" })).unwrap();
    assert_eq!(all["LoggingConfigurations"].as_array().unwrap().len(), 1);
    let (app, _) = after(&app, "DeleteLoggingConfiguration", &json!({ "ResourceArn": arn(&first) })).unwrap();
    assert_eq!(code(&app, "GetLoggingConfiguration", &json!({ "ResourceArn": arn(&first) })), "WAFNonexistentItemException");

    let tag = json!({ "ResourceARN": arn(&first), "Tags": [{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }] });
    let (app, _) = after(&app, "TagResource", &tag).unwrap();
    let (app, _) = after(&app, "UntagResource", &json!({ "ResourceARN": arn(&first), "TagKeys": ["a"] })).unwrap();
    let (_, tags) = after(&app, "ListTagsForResource", &json!({ "ResourceARN": arn(&first) })).unwrap();
    assert_eq!(tags["TagInfoForResource"]["TagList"], json!([{ "Key": "b", "Value": "2" }]));
}

#[test]
fn managed_groups_are_listed_and_described() {
    let app = app();
    let (_, list) = after(&app, "ListAvailableManagedRuleGroups", &json!({ "Scope": "REGIONAL" })).unwrap();
    let listed = list["ManagedRuleGroups"].as_array().unwrap();
    assert!(listed.iter().any(|group| group["Name"] == "AWSManagedRulesCommonRuleSet" && group["VendorName"] == "AWS"), "{list}");
    let named = |name: &str| json!({ "Scope": "REGIONAL", "VendorName": "AWS", "Name": name });
    let (_, common) = after(&app, "DescribeManagedRuleGroup", &named("AWSManagedRulesCommonRuleSet")).unwrap();
    assert_eq!(common["Capacity"], 700);
    let rule = common["Rules"].as_array().unwrap().iter().find(|rule| rule["Name"] == "NoUserAgent_HEADER");
    assert_eq!(rule.unwrap()["Action"], json!({ "Block": {} }));
    let label = json!({ "Name": "awswaf:managed:aws:core-rule-set:NoUserAgent_Header" });
    assert!(common["AvailableLabels"].as_array().unwrap().contains(&label), "{common}");
    assert_eq!(code(&app, "DescribeManagedRuleGroup", &named("AWSManagedRulesNone")), "WAFNonexistentItemException");
}

#[test]
fn pages_of_a_list() {
    let mut app = app();
    for name in ["c", "a", "b"] {
        let set = json!({ "Name": name, "Scope": "REGIONAL", "IPAddressVersion": "IPV4", "Addresses": [] });
        app = after(&app, "CreateIPSet", &set).unwrap().0;
    }
    let (_, first) = after(&app, "ListIPSets", &json!({ "Scope": "REGIONAL", "Limit": 2 })).unwrap();
    assert_eq!((first["IPSets"].as_array().unwrap().len(), &first["NextMarker"]), (2, &json!("b")));
    let (_, rest) = after(&app, "ListIPSets", &json!({ "Scope": "REGIONAL", "Limit": 2, "NextMarker": "b" })).unwrap();
    assert_eq!((&rest["IPSets"][0]["Name"], rest.get("NextMarker")), (&json!("c"), None));
}

/// A world with sampled requests.
struct Sampled(Memory);

impl World for Sampled {
    fn now(&self) -> Time {
        self.0.now()
    }
    fn random(&self, bytes: &mut [u8]) {
        self.0.random(bytes);
    }
    fn store(&self, service: &str) -> &dyn Store {
        self.0.store(service)
    }
    fn log(&self, event: model::Event) {
        self.0.log(event);
    }
    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }
    fn sampled_requests(&self, _: &str) -> Vec<SampledRequest> {
        let metric = |number: i64| if number % 2 == 0 { "even" } else { "odd" }.to_owned();
        let one = |number: i64| SampledRequest {
            time: Time(self.now().0 - 10_000 + number),
            metric: metric(number),
            sample: json!({ "Action": "BLOCK" }),
        };
        (0..1000).map(one).collect()
    }
}

#[test]
fn samples_cover_the_window_and_say_how_many_there_were() {
    let (app, made) = after(&app(), "CreateWebACL", &acl("web", json!([]))).unwrap();
    let now = Memory::default().now().seconds();
    let ask = |metric: &str, most: u64, start: i64| {
        let window = json!({ "StartTime": start, "EndTime": now + 1 });
        let p = json!({ "WebAclArn": made["Summary"]["ARN"], "RuleMetricName": metric, "Scope": "REGIONAL", "TimeWindow": window, "MaxItems": most });
        let (_, done) =
            testing::call(&Wafv2, &app, &Sampled(Memory::default()), &json_request("AWSWAF_20190729.GetSampledRequests", &p)).unwrap();
        body(&done)
    };
    let even = ask("even", 100, now - 3600);
    assert_eq!((even["SampledRequests"].as_array().unwrap().len(), &even["PopulationSize"]), (100, &json!(500)));
    assert_eq!(even["SampledRequests"][0]["Weight"], 5);
    assert_eq!(ask("ALL", 500, 0)["PopulationSize"], 1000);
    assert_eq!(ask("ALL", 500, now)["PopulationSize"], 0);
    assert_eq!(ask("ALL", 500, 0)["TimeWindow"]["StartTime"], (now - 3 * 3600) as f64, "no further back than three hours");
}
