//! A route that anyone on the internet may call.

use crate::route::{self, FunctionRoute};
use crate::{Attack, Profile, Risk, setting};
use model::attack::{Outcome, PlantAt};
use model::aws::RouteAuth;
use model::{App, Confidence, Edit, Finding, Fix, Foothold, HttpRequest, Operation, Resource, Segment, Severity, Status, Step, Target};
use serde_json::{Value, json};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
    detections: &[("unauthenticated_route/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "unauthenticated-route";

/// Ids tried on a route with a path parameter. Enough to reach what a young application keeps, few enough to
/// harm nobody.
const IDS: std::ops::RangeInclusive<u32> = 1..=12;

fn check(app: &App) -> Vec<Finding> {
    route::all(app)
        .filter_map(|found| {
            let (confidence, condition) = match &found.route.auth {
                RouteAuth::None => (Confidence::High, None),
                RouteAuth::Unknown { why, .. } => (Confidence::Low, Some(why.clone())),
                RouteAuth::Iam { .. } | RouteAuth::Authorizer { .. } => return None,
            };
            if found.refuses_anyone(app) {
                return None;
            }
            Some(finding(app, &found, confidence, condition))
        })
        .collect()
}

fn finding(app: &App, found: &FunctionRoute<'_>, confidence: Confidence, condition: Option<String>) -> Finding {
    let mut path = found.steps(format!("anyone on the internet may send {}", found.name()));
    let reaches_data = data_step(app, found);
    let severity = if reaches_data.is_some() { Severity::Critical } else { Severity::High };
    path.extend(reaches_data);
    Finding {
        risk: SLUG,
        title: format!("{} of {} has no authorizer", found.name(), found.api.id.logical),
        severity,
        confidence,
        resource: found.api.id.to_string(),
        place: found.route.place.clone(),
        path,
        maps: Vec::new(),
        fingerprint: String::new(),
        profile: Profile::Default,
        status: Status::Found,
        symbol: found.name(),
        condition,
        fix: fix(app, found),
    }
}

/// What the function can reach: a database in its network, or AWS data through its role.
fn data_step(app: &App, found: &FunctionRoute<'_>) -> Option<Step> {
    if !found.function.security_groups.is_empty()
        && let Some(cluster) = app.of_kind("AWS::RDS::DBCluster").next()
    {
        let says = format!("{} reaches the database {}", found.function.id.logical, cluster.id.logical);
        return Some(Step { says, place: cluster.place.clone() });
    }
    let call = app.code.handlers.get(&found.function.id)?.aws_calls.first()?;
    let operation = call.operation.as_deref().unwrap_or("operations chosen at run time");
    Some(Step { says: format!("{} calls {} {operation}", found.function.id.logical, call.service), place: call.place.clone() })
}

/// Attaches an authorizer: one that the API declares, else a function of the application that answers as one,
/// else the user pool.
fn fix(app: &App, found: &FunctionRoute<'_>) -> Option<Fix> {
    let resource = app.resource(&found.api.id)?;
    let body_place = found.api.body_place.as_ref()?;
    // A body that SAM makes of the functions' events is written nowhere: its routes follow the API's default authorizer.
    if resource.generated_from.is_some() && *body_place == resource.place {
        return by_default(app, found, resource);
    }
    let file = found.route.place.file.clone();
    // SAM writes the body under `DefinitionBody`, CloudFormation under `Body`.
    let body = if resource.generated_from.is_some() { "DefinitionBody" } else { "Body" };
    let at = |keys: &[&str]| -> Vec<Segment> {
        ["Resources", &found.api.id.logical, "Properties", body].iter().chain(keys).map(|key| Segment::from(*key)).collect()
    };
    let method = if found.route.method == "ANY" { "x-amazon-apigateway-any-method".to_owned() } else { found.route.method.to_lowercase() };
    let (name, mut edits) = match found.api.authorizers.keys().next() {
        Some(name) => (name.clone(), Vec::new()),
        None => declare_authorizer(app, found, &file, &at)?,
    };
    edits.push(Edit::document(file, at(&["paths", &found.route.path, &method, "security"]), Operation::Set(json!([{ name.clone(): [] }]))));
    Some(Fix {
        says: format!("ask the authorizer {name} before {}", found.name()),
        // Callers that send no token today will be refused.
        safe: false,
        edits,
        then: None,
    })
}

/// The API's default authorizer in SAM's words (AWS SAM Developer Guide, "ApiAuth"): every event without an `Auth` of its own.
fn by_default(app: &App, found: &FunctionRoute<'_>, api: &Resource) -> Option<Fix> {
    let set = |keys: &[&str], value: Value| setting::set(api, &[], Some(keys), value);
    let same_stack = |id: &model::ResourceId| id.stack == api.id.stack;
    let (name, mut edits) = match found.api.authorizers.keys().next() {
        Some(name) => (name.clone(), Vec::new()),
        None => {
            let asks = app.code.handlers.iter().find(|(id, handler)| handler.is_authorizer && same_stack(id));
            let (name, declared) = match asks {
                Some((id, _)) => (
                    id.logical.strip_suffix("Function").unwrap_or(&id.logical).to_owned(),
                    json!({"FunctionArn": {"Fn::GetAtt": [&*id.logical, "Arn"]}}),
                ),
                None => {
                    let pool = app.of_kind("AWS::Cognito::UserPool").find(|pool| same_stack(&pool.id))?;
                    (format!("{}Authorizer", pool.id.logical), json!({"UserPoolArn": {"Fn::GetAtt": [&*pool.id.logical, "Arn"]}}))
                }
            };
            let edit = set(&["Auth", "Authorizers", &name], declared)?;
            (name, vec![edit])
        }
    };
    edits.push(set(&["Auth", "DefaultAuthorizer"], json!(name))?);
    // Browsers send preflights without credentials.
    edits.push(set(&["Auth", "AddDefaultAuthorizerToCorsPreflight"], json!(false))?);
    Some(Fix {
        says: format!("ask the authorizer {name} before every route of {} that names none", found.api.id.logical),
        safe: false,
        edits,
        then: None,
    })
}

/// Edits that declare an authorizer in the body, and its name.
fn declare_authorizer(
    app: &App,
    found: &FunctionRoute<'_>,
    file: &std::sync::Arc<str>,
    at: &dyn Fn(&[&str]) -> Vec<Segment>,
) -> Option<(String, Vec<Edit>)> {
    let api = &found.api.id;
    let same_stack = |id: &model::ResourceId| id.stack == api.stack;
    let asks_function =
        app.code.handlers.iter().find(|(id, handler)| handler.is_authorizer && same_stack(id)).map(|(id, _)| id.logical.to_string());
    let base = json!({"type": "apiKey", "name": "Authorization", "in": "header"});
    let definition = |kind: &str, authorizer: Value| {
        let mut definition = base.clone();
        definition["x-amazon-apigateway-authtype"] = json!(kind);
        definition["x-amazon-apigateway-authorizer"] = authorizer;
        definition
    };
    if let Some(function) = asks_function {
        let name = function.strip_suffix("Function").unwrap_or(&function).to_owned();
        let uri = format!("arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{function}.Arn}}/invocations");
        let declared =
            definition("custom", json!({"type": "token", "authorizerUri": {"Fn::Sub": uri}, "authorizerResultTtlInSeconds": 60}));
        let permission = json!({
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": {"Fn::GetAtt": [function, "Arn"]},
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": {"Fn::Sub": format!("arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{}}}/authorizers/*", api.logical)},
            },
        });
        let edits = vec![
            Edit::document(file.clone(), at(&["securityDefinitions", &name]), Operation::Set(declared)),
            Edit::document(
                file.clone(),
                [Segment::from("Resources"), Segment::Key(format!("{name}Permission"))],
                Operation::Set(permission),
            ),
        ];
        return Some((name, edits));
    }
    let pool = app.of_kind("AWS::Cognito::UserPool").find(|pool| same_stack(&pool.id))?;
    let name = format!("{}Authorizer", pool.id.logical);
    let declared = definition(
        "cognito_user_pools",
        json!({"type": "cognito_user_pools", "providerARNs": [{"Fn::GetAtt": [&*pool.id.logical, "Arn"]}]}),
    );
    Some((name.clone(), vec![Edit::document(file.clone(), at(&["securityDefinitions", &name]), Operation::Set(declared))]))
}

fn plant(_: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    if findings.iter().any(|finding| finding.symbol.starts_with("GET ")) {
        Ok(PlantAt::Traffic)
    } else {
        Err("no open route reads anything; writing to the application is left alone".into())
    }
}

/// Reads every open GET route, and counts through the ids of those that take one.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    for finding in findings {
        let Some(found) = route::all(app).find(|found| found.name() == finding.symbol && found.api.id.to_string() == finding.resource)
        else {
            continue;
        };
        if found.route.method != "GET" {
            continue;
        }
        let paths: Vec<String> = if found.route.path.contains('{') {
            IDS.map(|id| route::fill(&found.route.path, &id.to_string())).collect()
        } else {
            vec![found.route.path.clone()]
        };
        let asked = paths.len();
        let mut answered = 0;
        for path in paths {
            let request = HttpRequest { method: "GET".into(), path, ..HttpRequest::default() };
            match target.http(&finding.resource, &request) {
                Ok(response) => answered += usize::from(outcome.took(&response)),
                Err(error) => outcome.failed(&error),
            }
        }
        outcome.steps.push(format!("{} without a credential: {answered} of {asked} answered", finding.symbol));
    }
}
