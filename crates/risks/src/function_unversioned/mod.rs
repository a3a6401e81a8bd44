//! Callers of a function who get whatever was deployed last.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Resource, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "function-unversioned";

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::Lambda::Function"], |function| {
        let of = |version: &Resource| version.properties.get("FunctionName").is_some_and(|node| setting::names(node, function));
        let versioned = ["AWS::Lambda::Version", "AWS::Lambda::Alias"].iter().any(|kind| app.of_kind(kind).any(of));
        // With an alias SAM lets its callers call the alias alone; an API whose body names the function itself would be refused.
        let named = |api: &Resource| {
            let api_kind = matches!(api.kind.as_str(), "AWS::ApiGateway::RestApi" | "AWS::ApiGatewayV2::Api");
            api_kind && api.id.stack == function.id.stack && !api.id.logical.starts_with("Serverless")
        };
        let alone = !app.resources().any(named);
        let publish =
            setting::set(function, &[], Some(&["AutoPublishAlias"]), "live".into()).filter(|_| alone && function.generated_from.is_some());
        let fix = setting::fix_then(
            "publish a version at each deployment",
            [publish],
            "callers that name the function by its ARN go on to call $LATEST; point them to the alias",
        );
        let title = format!("{} has no version to go back to", function.id.logical);
        (!versioned).then(|| (Told::Wrong(function.place.clone()), title, fix))
    })
}
