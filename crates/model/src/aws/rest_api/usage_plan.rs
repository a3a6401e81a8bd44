//! `AWS::ApiGateway::UsagePlan`, `UsagePlanKey` and `ApiKey`.

use super::UsagePlan;
use crate::app::{Resource, ResourceId};
use crate::node::Node;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every usage plan among the resources.
pub(crate) fn usage_plans(all: &BTreeMap<ResourceId, Arc<Resource>>) -> Vec<UsagePlan> {
    all.values().map(|resource| &**resource).filter(|r| r.kind == "AWS::ApiGateway::UsagePlan").map(|plan| of(plan, all)).collect()
}

fn of(plan: &Resource, all: &BTreeMap<ResourceId, Arc<Resource>>) -> UsagePlan {
    let p = &plan.properties;
    let stages = p.get("ApiStages").map(Node::items).unwrap_or_default();
    let limits = [p.get("ApiStages"), p.get("Throttle"), p.get("Quota")];
    let unknown =
        limits.into_iter().flatten().find_map(Node::first_unknown).map(|(node, unknown)| (unknown.why.clone(), node.place.clone()));
    let per_method = stages.iter().find_map(|stage| stage.get("Throttle"));
    let unknown = unknown.or_else(|| per_method.map(|node| ("throttling by method is not supported yet".into(), node.place.clone())));
    let joined = all.values().map(|resource| &**resource).filter(|r| {
        r.kind == "AWS::ApiGateway::UsagePlanKey" && r.properties.get("UsagePlanId").and_then(Node::str) == Some(plan.physical_id.as_str())
    });
    let keys = joined.filter_map(|join| {
        let id = join.properties.get("KeyId")?.scalar()?;
        let key = all.values().map(|resource| &**resource).find(|r| r.kind == "AWS::ApiGateway::ApiKey" && r.physical_id == id)?;
        let value = key.properties.get("Value").and_then(Node::scalar).unwrap_or_default();
        // `Enabled` is false when it is not written (CloudFormation, `AWS::ApiGateway::ApiKey`).
        Some((id, value, key.properties.get("Enabled").and_then(Node::bool) == Some(true)))
    });
    UsagePlan {
        id: plan.id.clone(),
        plan_id: plan.physical_id.clone(),
        place: plan.place.clone(),
        stages: stages.iter().filter_map(|s| Some((s.get("ApiId")?.scalar()?, s.get("Stage")?.scalar()?))).collect(),
        rate: p.at(&["Throttle", "RateLimit"]).and_then(Node::number),
        burst: p.at(&["Throttle", "BurstLimit"]).and_then(Node::integer).and_then(|n| u64::try_from(n).ok()),
        quota: p.get("Quota").and_then(|q| {
            let limit = q.get("Limit")?.integer().and_then(|n| u64::try_from(n).ok())?;
            Some((limit, q.get("Period").and_then(Node::scalar).unwrap_or_default()))
        }),
        keys: keys.collect(),
        unknown,
    }
}
