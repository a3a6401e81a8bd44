//! A web ACL that lets pass what it is there to stop.

mod aim;

use crate::{Attack, Profile, Risk};
use aim::{Shot, shots};
use model::attack::{Outcome, PlantAt};
use model::aws::RestApi;
use model::{App, Confidence, Edit, Finding, Fix, Foothold, Node, Resource, Segment, Severity, Status, Step, Target, Trouble};
use waf::classic;
use waf::coverage::{Hole, Subject, Witness, assess};
use waf::managed;
use waf::wafv2::{Library, ResourceType, WebAcl, associations};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
    detections: &[("web_acl_ineffective/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "web-acl-ineffective";

/// Holes that say a rule does not do what it is there for. That nobody looks at a component is coverage, not a fault.
const FAULTS: [&str; 7] = [
    "allow-on-client-data",
    "counts-only",
    "forwarded-address",
    "json-fallback",
    "label-never-added",
    "missing-decode",
    "oversize-continue",
];

fn check(app: &App) -> Vec<Finding> {
    // The managed groups are hundreds of patterns to compile.
    if web_acls(app).next().is_none() {
        return Vec::new();
    }
    let library = library(app);
    let faults = web_acls(app).flat_map(|resource| match read(app, resource, &library) {
        Ok(acl) => holes(app, resource, &acl, &library).into_iter().map(|hole| finding(resource, hole)).collect(),
        Err(troubles) => vec![not_assessed(resource, &troubles)],
    });
    faults.chain(ways_around(app)).collect()
}

/// Types of web ACLs; the second are those of AWS WAF Classic.
const TYPES: [&str; 2] = ["AWS::WAFv2::WebACL", "AWS::WAFRegional::WebACL"];

fn web_acls(app: &App) -> impl Iterator<Item = &Resource> {
    TYPES.iter().flat_map(|kind| app.of_kind(kind))
}

fn read(app: &App, resource: &Resource, library: &Library) -> Result<WebAcl, Vec<Trouble>> {
    match is_classic(resource) {
        true => classic::from_cloudformation(app, resource),
        false => WebAcl::from_cloudformation(app, resource, library),
    }
}

fn is_classic(resource: &Resource) -> bool {
    resource.kind == TYPES[1]
}

/// What associations name a web ACL by: its ARN, or Classic's id.
fn name(acl: &Resource) -> Option<&str> {
    if is_classic(acl) { Some(&acl.physical_id) } else { acl.arn.as_deref() }
}

fn library(app: &App) -> Library {
    Library { account: app.account.clone(), managed: managed::groups(None), ..Library::default() }
}

/// The APIs and stages that a web ACL stands before.
fn behind<'a>(app: &'a App, acl: &'a Resource) -> impl Iterator<Item = (&'a RestApi, &'a str)> {
    let stages = app.aws().rest_apis.iter().flat_map(|api| api.stages.iter().map(move |stage| (api, stage)));
    stages
        .filter(|(_, stage)| stage.web_acl.is_some() && stage.web_acl.as_deref() == name(acl))
        .map(|(api, stage)| (api, stage.name.as_str()))
}

/// Stages on the internet that a regional web ACL of the application does not stand before: whoever finds the other stage
/// goes around it.
fn ways_around(app: &App) -> Vec<Finding> {
    let regional = |acl: &&Resource| is_classic(acl) || acl.properties.get("Scope").and_then(Node::str) == Some("REGIONAL");
    let Some(acl) = web_acls(app).find(regional) else { return Vec::new() };
    let stages = app.aws().rest_apis.iter().flat_map(|api| api.stages.iter().map(move |stage| (api, stage)));
    let open = stages.filter(|(_, stage)| stage.web_acl.is_none());
    open.map(|(api, stage)| Finding {
        risk: SLUG,
        title: format!("{} does not stand before stage {} of {}", acl.id.logical, stage.name, api.id.logical),
        severity: Severity::High,
        confidence: Confidence::High,
        resource: api.id.to_string(),
        place: stage.place.clone(),
        path: vec![Step { says: format!("anyone may send any request to stage {}", stage.name), place: stage.place.clone() }],
        maps: Vec::new(),
        fingerprint: String::new(),
        profile: Profile::Default,
        status: Status::Found,
        symbol: format!("stage {}", stage.name),
        condition: None,
        fix: None,
    })
    .collect()
}

/// The faults of a web ACL, in front of what it is associated with.
fn holes(app: &App, resource: &Resource, acl: &WebAcl, library: &Library) -> Vec<Hole> {
    let again = |node: &Node| {
        let changed = Resource { properties: node.clone(), ..resource.clone() };
        WebAcl::from_cloudformation(app, &changed, library).ok()
    };
    // Classic's conditions are resources of their own: no edit of the web ACL changes them.
    let source = (!is_classic(resource)).then_some((&resource.properties, &again as &dyn Fn(&Node) -> Option<WebAcl>));
    let assessment = assess(&Subject { acl, resource: protects(app, resource), source });
    let reported = |hole: &Hole| FAULTS.contains(&hole.kind) && (hole.is_proven() || says_itself(hole));
    assessment.holes.into_iter().filter(reported).collect()
}

/// Holes that the document shows without a request.
fn says_itself(hole: &Hole) -> bool {
    matches!(hole.kind, "counts-only" | "forwarded-address" | "label-never-added" | "allow-on-client-data")
}

/// What the web ACL stands before: the limit of inspected bodies depends on it.
fn protects(app: &App, acl: &Resource) -> ResourceType {
    let mine = |(_, arn, _): &(String, String, model::Place)| name(acl) == Some(arn) || arn.ends_with(&*acl.id.logical);
    let of = |arn: &str| match arn.split(':').nth(2) {
        Some("elasticloadbalancing") => ResourceType::ApplicationLoadBalancer,
        Some("appsync") => ResourceType::AppSync,
        Some("cognito-idp") => ResourceType::CognitoUserPool,
        _ => ResourceType::ApiGateway,
    };
    associations(app).iter().find(|found| mine(found)).map_or(ResourceType::ApiGateway, |(protected, _, _)| of(protected))
}

fn finding(resource: &Resource, hole: Hole) -> Finding {
    let mut path = Vec::new();
    if let Some(witness) = &hole.witness {
        path.push(Step { says: format!("anyone may send {}", shown(witness)), place: hole.place.clone() });
        path.push(Step { says: "the web ACL lets it pass to the API".into(), place: resource.place.clone() });
    }
    // What a managed rule's own patterns would say is not documented.
    let condition = (hole.witness.is_some() && !hole.depends.is_empty()).then(|| format!("depends on {}", hole.depends.join(", ")));
    Finding {
        risk: SLUG,
        title: hole.says.clone(),
        severity: if hole.is_proven() { Severity::High } else { Severity::Medium },
        confidence: if hole.is_proven() { Confidence::High } else { Confidence::Medium },
        resource: resource.id.to_string(),
        place: hole.place.clone(),
        path,
        maps: Vec::new(),
        fingerprint: String::new(),
        profile: Profile::Default,
        status: Status::Found,
        symbol: format!("{} {}", hole.kind, hole.rule),
        condition,
        fix: hole.fix.as_ref().map(|change| fix(resource, change)),
    }
}

/// `POST / with a JSON string with \u escapes that holds <script>`.
fn shown(witness: &Witness) -> String {
    let name = witness.component.name();
    format!("{} {} with a {name} that holds {}", witness.request.method, witness.request.path, witness.payload)
}

fn fix(resource: &Resource, change: &waf::coverage::Fix) -> Fix {
    let begin = ["Resources", &resource.id.logical, "Properties"].map(Segment::from);
    let edit = |(path, operation): &(Vec<Segment>, model::Operation)| {
        Edit::document(resource.place.file.clone(), begin.iter().chain(path).cloned(), operation.clone())
    };
    // Requests that pass today will be stopped: that is what it is for.
    Fix { says: change.says.clone(), safe: false, edits: change.edits.iter().map(edit).collect(), then: None }
}

/// A web ACL that cannot be read is not a web ACL that protects.
fn not_assessed(resource: &Resource, troubles: &[Trouble]) -> Finding {
    let why: Vec<&str> = troubles.iter().map(|trouble| trouble.says.as_str()).collect();
    Finding {
        risk: SLUG,
        title: format!("{} could not be assessed: {}", resource.id.logical, why.join("; ")),
        severity: Severity::Low,
        confidence: Confidence::Low,
        resource: resource.id.to_string(),
        place: troubles.first().map_or_else(|| resource.place.clone(), |trouble| trouble.place.clone()),
        path: Vec::new(),
        maps: Vec::new(),
        fingerprint: String::new(),
        profile: Profile::Default,
        status: Status::Found,
        symbol: "not assessed".into(),
        condition: Some("the web ACL is read as AWS would read it".into()),
        fix: None,
    }
}

/// Customers keep it: an answer that holds it came from the handler.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    if shots(app, findings).is_empty() {
        return Err("no route behind the web ACL takes a request that would show it".into());
    }
    Ok(PlantAt::Traffic)
}

/// Sends the smallest request of each hole to the routes behind the web ACL.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    for Shot { api, witness, mut request, closed } in shots(app, findings) {
        if closed {
            let Ok(token) = target.user_token() else { continue };
            request.headers.push(("Authorization".into(), format!("Bearer {token}")));
        }
        match target.http(&api.id.to_string(), &request) {
            Ok(answer) => {
                let says = if outcome.took(&answer) { "passed the web ACL and was answered" } else { "was not answered" };
                let holds = format!("a {} with {}", witness.component.name(), witness.payload);
                outcome.steps.push(format!("{} {} with {holds} {says}: {}", request.method, request.path, answer.status));
            }
            Err(error) => outcome.failed(&error),
        }
    }
}
