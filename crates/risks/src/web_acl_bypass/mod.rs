//! A stage that a web ACL of the application does not stand before, where others answer the same requests behind one.

use crate::setting;
use crate::web_acl::{self, Shot, behind, is_classic, library, read, stages, web_acls};
use crate::{Attack, Profile, Proved, Reason, Risk, blank};
use model::attack::{Outcome, PlantAt};
use model::aws::{RestApi, Stage};
use model::{App, Finding, Fix, Foothold, Node, Resource, Severity, Step, Target};
use serde_json::json;
use waf::coverage;
use waf::wafv2::{self, ResourceType};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
    detections: &[],
    // The web ACL's log has the requests that came to it; these do not.
    without: &[(Proved::Detected, Reason::NoLog)],
};

const SLUG: &str = "web-acl-bypass";

fn check(app: &App) -> Vec<Finding> {
    let Some(first) = web_acls(app).find(regional) else { return Vec::new() };
    let open = stages(app).filter(|(_, stage)| stage.web_acl.is_none());
    open.map(|(api, stage)| finding(app, (api, stage), guard(app, api).unwrap_or(first))).collect()
}

fn regional(acl: &&Resource) -> bool {
    is_classic(acl) || acl.properties.get("Scope").and_then(Node::str) == Some("REGIONAL")
}

/// The web ACL that stands before another stage of the API.
fn guard<'a>(app: &'a App, api: &RestApi) -> Option<&'a Resource> {
    web_acls(app).find(|acl| behind(app, acl).any(|(own, _)| own.id == api.id))
}

fn finding(app: &App, (api, stage): (&RestApi, &Stage), acl: &Resource) -> Finding {
    Finding {
        title: format!("{} does not stand before stage {} of {}", acl.id.logical, stage.name, api.id.logical),
        severity: Severity::High,
        path: vec![Step { says: format!("anyone may send any request to stage {}", stage.name), place: stage.place.clone() }],
        symbol: stage.name.clone(),
        fix: fix(app, (api, stage), acl),
        ..blank(SLUG, api.id.to_string(), stage.place.clone())
    }
}

/// The stage that SAM makes beside the one that was asked for goes; any other gets the web ACL too (AWS SAM Developer Guide,
/// "AWS::Serverless::Api", `OpenApiVersion`; AWS CloudFormation User Guide, "AWS::WAFv2::WebACLAssociation").
fn fix(app: &App, (api, stage): (&RestApi, &Stage), acl: &Resource) -> Option<Fix> {
    let text = |resource: &Resource, key: &str| resource.properties.get(key).and_then(Node::scalar);
    let of_api = |resource: &&Resource| text(resource, "RestApiId").as_deref() == Some(&*api.api_id);
    let declared = app.of_kind("AWS::ApiGateway::Stage").filter(of_api).find(|one| text(one, "StageName").as_deref() == Some(&*stage.name));
    let resource = app.resource(&api.id)?;
    let Some(declared) = declared else {
        let edit = resource.generated_from.is_some().then(|| setting::set(resource, &[], Some(&["OpenApiVersion"]), json!("3.0.1")));
        return setting::fix_then("let SAM make no second stage", [edit?], "see that nobody calls the stage that goes");
    };
    if declared.id.stack != acl.id.stack {
        return None;
    }
    let [api_id, stage_id] = [&*api.id.logical, &*declared.id.logical];
    let arn = format!("arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::/restapis/${{{api_id}}}/stages/${{{stage_id}}}");
    let association = match is_classic(acl) {
        true => json!({"Type": "AWS::WAFRegional::WebACLAssociation", "Properties": {
            "ResourceArn": {"Fn::Sub": arn}, "WebACLId": {"Ref": &*acl.id.logical}}}),
        false => json!({"Type": "AWS::WAFv2::WebACLAssociation", "Properties": {
            "ResourceArn": {"Fn::Sub": arn}, "WebACLArn": {"Fn::GetAtt": [&*acl.id.logical, "Arn"]}}}),
    };
    let name = format!("{stage_id}WebAclAssociation");
    let edits = [setting::add(app, acl, &name, association)];
    setting::fix_then(
        &format!("put {} before the stage too", acl.id.logical),
        edits,
        "look at its sampled requests: what it stops should be no customer",
    )
}

/// A request on its way around the web ACL.
struct Around<'a> {
    shot: Shot<'a>,
    /// A stage behind the web ACL, where there is one.
    guarded: Option<&'a str>,
    open: String,
}

/// What the web ACL stops of the requests that read, at the routes of an API that take it.
fn ways<'a>(app: &'a App, findings: &[&Finding]) -> Vec<Around<'a>> {
    let library = library(app);
    let mut ways = Vec::new();
    for finding in findings {
        let Some(api) = app.aws().rest_apis.iter().find(|api| api.id.to_string() == finding.resource) else { continue };
        let Some(resource) = guard(app, api).or_else(|| web_acls(app).find(regional)) else { continue };
        let Ok(acl) = read(app, resource, &library) else { continue };
        let guarded = behind(app, resource).find(|(own, _)| own.id == api.id).map(|(_, stage)| stage);
        for witness in coverage::stopped(&acl, ResourceType::ApiGateway).into_iter().filter(|witness| !witness.component.is_body()) {
            let shots = web_acl::shots((api, &finding.symbol), &acl, &witness, wafv2::Outcome::Block).into_iter().take(web_acl::MOST);
            ways.extend(shots.map(|shot| Around { shot, guarded, open: finding.symbol.clone() }));
        }
    }
    ways.sort_by_key(|way| way.shot.closed);
    ways
}

/// Customers keep it: an answer that holds it came from the handler.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    if ways(app, findings).is_empty() {
        return Err("no route takes a request without a body that the web ACL would stop".into());
    }
    Ok(PlantAt::Traffic)
}

/// Sends what the web ACL stops where it stands, and where it does not.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    for Around { shot: Shot { api, witness, mut request, closed }, guarded, open } in ways(app, findings) {
        if closed {
            let Ok(token) = target.user_token() else { continue };
            request.headers.push(("Authorization".into(), format!("Bearer {token}")));
        }
        let api = api.id.to_string();
        let holds = format!("{} {} with a {} with {}", request.method, request.path, witness.component.name(), witness.payload);
        if let Some(guarded) = guarded {
            match target.http_at(&api, guarded, &request) {
                // What passes there needs no other way.
                Ok(answer) if (200..300).contains(&answer.status) => continue,
                Ok(answer) => outcome.steps.push(format!("{holds} to stage {guarded}: {}", answer.status)),
                Err(error) => return outcome.failed(&error),
            }
        }
        match target.http_at(&api, &open, &request) {
            Ok(answer) => {
                let says = if outcome.took(&answer) { "answered" } else { "not answered" };
                outcome.steps.push(format!("the same to stage {open} was {says}: {}", answer.status));
            }
            Err(error) => return outcome.failed(&error),
        }
    }
}
