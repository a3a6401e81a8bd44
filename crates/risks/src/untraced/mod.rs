//! Requests whose way through the application nobody can follow.

use crate::Risk;
use crate::setting;
use model::{App, Edit, Finding, Node, Resource, Severity};
use serde_json::json;

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "untraced";

fn check(app: &App) -> Vec<Finding> {
    setting::each(
        app,
        SLUG,
        Severity::Low,
        &["AWS::ApiGateway::Stage", "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine"],
        |resource| {
            let name = &resource.id.logical;
            let on = "pass each request on to X-Ray";
            Some(match resource.kind.as_str() {
                "AWS::ApiGateway::Stage" => {
                    let key = &["TracingEnabled"];
                    let edit = setting::set(resource, key, Some(key), true.into());
                    (setting::on(resource, key), format!("the stage {name} leaves no traces"), setting::fix(on, true, [edit]))
                }
                "AWS::StepFunctions::StateMachine" => {
                    let edit = setting::set(resource, &["TracingConfiguration", "Enabled"], Some(&["Tracing", "Enabled"]), true.into());
                    let told = setting::on(resource, &["TracingConfiguration", "Enabled"]);
                    (told, format!("{name} leaves no traces"), setting::fix(on, true, [edit]))
                }
                _ => {
                    let told = setting::told(resource, &["TracingConfig", "Mode"], |mode| mode.str() == Some("Active"));
                    (told, format!("{name} leaves no traces"), function(app, resource))
                }
            })
        },
    )
}

/// SAM gives the role it makes what X-Ray needs; a role that is written out must be given it.
fn function(app: &App, function: &Resource) -> Option<model::Fix> {
    let edit = setting::set(function, &["TracingConfig", "Mode"], Some(&["Tracing"]), "Active".into());
    let role = function.properties.get("Role").and_then(Node::scalar).and_then(|arn| app.aws().role_by_arn(&arn));
    let role = role.and_then(|role| app.resource(&role.id));
    let mut edits = vec![edit];
    if let Some(role) = role.filter(|role| role.generated_from.is_none() && !may_trace(app, role)) {
        edits.push(allow(role));
    }
    setting::fix("pass each request on to X-Ray", true, edits)
}

/// What `AWSXRayDaemonWriteAccess` says, as a policy of the role's own.
fn allow(role: &Resource) -> Option<Edit> {
    let actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];
    let statement = json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]);
    let policy = json!({"PolicyName": "Tracing", "PolicyDocument": {"Version": "2012-10-17", "Statement": statement}});
    let path = ["Resources", &role.id.logical, "Properties", "Policies"].map(model::Segment::from);
    Some(Edit::document(role.place.file.clone(), path, model::Operation::Append(policy)))
}

fn may_trace(app: &App, role: &Resource) -> bool {
    let Some(view) = app.aws().roles.get(&role.id) else { return false };
    let principal = iam::Principal::Session { arn: format!("{}/x", view.arn), role_arn: view.arn.clone() };
    let request = iam::Request::new(principal, "xray:PutTraceSegments", "*").owned_by(&*app.account);
    iam::decide(&request, &iam::app::stack_of_role(app, view)).allowed()
}
