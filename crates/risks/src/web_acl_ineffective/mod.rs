//! A web ACL that lets pass what it is there to stop.

use crate::web_acl::{self, Shot, behind, is_classic, library, name, read, web_acls};
use crate::{Attack, Profile, Risk};
use model::attack::{Outcome, PlantAt};
use model::{App, Confidence, Edit, Finding, Fix, Foothold, Node, Resource, Segment, Severity, Status, Step, Target, Trouble};
use waf::coverage::{Hole, Subject, Witness, assess};
use waf::wafv2::{self, Library, ResourceType, WebAcl, associations};

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
    faults.collect()
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

/// Witnesses of the web ACLs that the findings are about, at the routes behind them; those that read come first.
fn shots<'a>(app: &'a App, findings: &[&Finding]) -> Vec<Shot<'a>> {
    let library = library(app);
    let named = |acl: &&Resource| findings.iter().any(|found| found.resource == acl.id.to_string());
    let mut shots = Vec::new();
    for resource in web_acls(app).filter(named) {
        let Ok(acl) = read(app, resource, &library) else { continue };
        for witness in holes(app, resource, &acl, &library).into_iter().filter_map(|hole| hole.witness) {
            let at = behind(app, resource).flat_map(|(api, stage)| web_acl::shots((api, stage), &acl, &witness, wafv2::Outcome::Allow));
            shots.extend(at.take(web_acl::MOST));
        }
    }
    web_acl::least_harm_first(&mut shots);
    shots
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
