//! A function whose execution role is not there, or does not let Lambda in.

use crate::Risk;
use crate::setting::{self, Told};
use iam::{Context, Outcome, Principal, Request, Stack};
use model::aws::Role;
use model::{App, Finding, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "function-role-unusable";

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::Lambda::Function"], |function| {
        let node = function.properties.get("Role")?;
        let named = match (node.unknown(), node.scalar()) {
            (Some(unknown), _) => Told::Open(unknown.why.clone(), node.place.clone()),
            (None, Some(arn)) => match app.aws().role_by_arn(&arn) {
                Some(role) if trusts_lambda(app, role) => Told::Right,
                Some(role) => Told::Wrong(role.place.clone()),
                None => Told::Open(
                    "the role is not declared in these templates: whether it still exists, they cannot say".into(),
                    node.place.clone(),
                ),
            },
            (None, None) => Told::Wrong(node.place.clone()),
        };
        Some((named, format!("the role of {} cannot be used by Lambda", function.id.logical), None))
    })
}

/// Whether the role's trust policy lets Lambda assume it. A condition that cannot be decided here lets it.
fn trusts_lambda(app: &App, role: &Role) -> bool {
    let request = Request::new(Principal::Service { name: "lambda.amazonaws.com".into() }, "sts:AssumeRole", role.arn.clone())
        .with_context(Context::open())
        .owned_by(&*app.account);
    let stack = Stack::default().with_resource(iam::app::trust_policy(role));
    !matches!(iam::decide(&request, &stack).outcome, Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied)
}
