//! A request to a stage of a REST API: one file per phase. Each says one sentence and names the place of the
//! control it looked at, or of its absence.

pub(crate) mod api_key;
pub(crate) mod authorizer;
pub(crate) mod integration;
pub mod request;
pub(crate) mod resource_policy;
pub(crate) mod route;
mod schema;
pub(crate) mod usage_plan;
pub(crate) mod validation;
pub(crate) mod waf;

use crate::walk::{Said, Walk};
use model::aws::{RestApi, Route, Stage};
use model::{App, Ask, Invoke, Place};

/// What the first phases found: the API, its stage and the route.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    pub invoke: &'a Invoke,
    pub api: &'a RestApi,
    pub stage: &'a Stage,
    pub route: &'a Route,
}

/// The API and the stage a request is for; `Err` is what AWS answers when there is no such stage.
pub(crate) fn stage_of<'a>(walk: &Walk<'a>) -> Result<(&'a Invoke, &'a RestApi, &'a Stage), Said> {
    let Ask::Invoke(invoke) = &walk.call.ask else { return Err(Said::lost()) };
    let none = |says: String, place: Option<Place>| Said::stop(crate::walk::stop(403, "FORBIDDEN", "Forbidden"), says, place);
    let api = walk.app.aws().rest_apis.iter().find(|api| api.id == invoke.api);
    let api = api.ok_or_else(|| none(format!("there is no REST API {}", invoke.api), None))?;
    let stage = api.stages.iter().find(|stage| stage.name == invoke.stage);
    let stage = stage.ok_or_else(|| none(format!("{} has no stage `{}`", api.name, invoke.stage), Some(api.place.clone())))?;
    Ok((invoke, api, stage))
}

/// ARN of a method as callers and policies name it:
/// `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/path` (API Gateway Developer Guide, "Control access for
/// invoking an API").
pub fn method_arn(app: &App, api: &RestApi, stage: &str, method: &str, path: &str) -> String {
    let App { partition, region, account, .. } = app;
    format!("arn:{partition}:execute-api:{region}:{account}:{}/{stage}/{method}/{}", api.api_id, path.trim_start_matches('/'))
}

impl Found<'_> {
    /// ARN of the method that this request asks for, with the path as it was requested.
    pub fn method_arn(&self, app: &App) -> String {
        method_arn(app, self.api, &self.stage.name, &self.invoke.request.method, &self.invoke.request.path)
    }

    /// `POST /customizations`, for sentences.
    pub fn name(&self) -> String {
        format!("{} {}", self.route.method, self.route.path)
    }
}
