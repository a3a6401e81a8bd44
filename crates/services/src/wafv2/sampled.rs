//! GetSampledRequests: requests of the last three hours that a rule, or the default action, was applied to.

use super::entity::WEB_ACL;
use super::{Parameters, error, text};
use crate::ServiceError;
use model::{App, Time, World};
use serde_json::{Value, json};

/// How far back a sample may reach.
const HOURS: i64 = 3 * 3600;
/// "From among the first 5,000 requests".
const POPULATION: usize = 5000;

/// GetSampledRequests.
pub(super) fn get(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let web_acl = WEB_ACL.by_arn(app, text(p, "WebAclArn")?)?;
    let metric = text(p, "RuleMetricName")?;
    let most = match p.get("MaxItems").and_then(Value::as_u64) {
        Some(most @ 1..=500) => usize::try_from(most).unwrap_or(500),
        Some(other) => return Err(error::pattern("MaxItems", &other.to_string(), "Member must be between 1 and 500")),
        None => return Err(error::missing("MaxItems")),
    };
    let Some(Value::Object(window)) = p.get("TimeWindow") else { return Err(error::missing("TimeWindow")) };
    let seconds = |key: &str| window.get(key).and_then(Value::as_f64).ok_or_else(|| error::missing(key));
    let start = seconds("StartTime")?.max((world.now().seconds() - HOURS) as f64);
    let end = seconds("EndTime")?;
    if end < start {
        return Err(error::invalid("The time window is not valid.", "FILTER_CONDITION", "TimeWindow"));
    }
    // The console asks for `ALL`.
    let of_rule = |own: &model::SampledRequest| metric == "ALL" || own.metric == metric;
    let inside = |time: Time| (start..=end).contains(&(time.0 as f64 / 1000.0));
    let all: Vec<_> =
        world.sampled_requests(web_acl.arn).into_iter().filter(|own| of_rule(own) && inside(own.time)).take(POPULATION).collect();
    let population = all.len();
    // Every nth of them, so that the sample covers the whole window.
    let step = population.div_ceil(most).max(1);
    let sampled: Vec<_> = all
        .into_iter()
        .step_by(step)
        .take(most)
        .map(|own| {
            let mut sample = own.sample;
            sample["Weight"] = json!(step);
            sample["Timestamp"] = json!(own.time.0 as f64 / 1000.0);
            sample
        })
        .collect();
    Ok(json!({ "SampledRequests": sampled, "PopulationSize": population, "TimeWindow": { "StartTime": start, "EndTime": end } }))
}
