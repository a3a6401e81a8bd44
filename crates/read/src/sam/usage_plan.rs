//! `Auth.UsagePlan` of an API: a usage plan with an API key, for this API or shared by all.

use super::Work;
use super::make::{Put as _, boolean, list, map, reference, text};
use model::{Node, Place};

/// Properties of the plan that are taken over.
const SAME: [&str; 5] = ["UsagePlanName", "Description", "Quota", "Tags", "Throttle"];

impl Work<'_> {
    pub(super) fn usage_plan(&mut self, logical: &str, stage: &str, p: &Node) {
        let Some(plan) = p.at(&["Auth", "UsagePlan"]) else { return };
        let place = &plan.place;
        let covered = map([("ApiId", reference(logical, place)), ("Stage", reference(stage, place))], place);
        match plan.get("CreateUsagePlan").and_then(Node::str) {
            Some("PER_API") => self.plan_and_key(&format!("{logical}UsagePlan"), &format!("{logical}ApiKey"), plan, vec![covered], place),
            Some("SHARED") => {
                let (stages, known) = self.shared_plan.get_or_insert_with(|| (list(Vec::new(), place), plan.clone()));
                let mut items = stages.items().to_vec();
                items.push(covered);
                *stages = list(items, place);
                for key in SAME {
                    known.put_some(key, plan.get(key).cloned());
                }
            }
            Some("NONE") => {}
            _ => self.trouble(
                "the usage plan is not understood: CreateUsagePlan must be PER_API, SHARED or NONE".to_owned(),
                place,
                "correct it",
            ),
        }
    }

    /// The plan that several APIs share, once all are known.
    pub(super) fn shared_usage_plan(&mut self) {
        let Some((stages, plan)) = self.shared_plan.take() else { return };
        self.attributes.clear();
        let place = plan.place.clone();
        self.plan_and_key("ServerlessUsagePlan", "ServerlessApiKey", &plan, stages.items().to_vec(), &place);
    }

    fn plan_and_key(&mut self, id: &str, key: &str, plan: &Node, stages: Vec<Node>, place: &Place) {
        let stage_key = |stage: &Node| {
            let mut node = map([], place);
            node.put_some("RestApiId", stage.get("ApiId").cloned());
            node.put_some("StageName", stage.get("Stage").cloned());
            node
        };
        let keys = list(stages.iter().map(stage_key).collect(), place);
        let mut properties = map([("ApiStages", list(stages, place))], place);
        for same in SAME {
            properties.put_some(same, plan.get(same).cloned());
        }
        self.generate(id, "AWS::ApiGateway::UsagePlan", properties, place);
        self.generate(key, "AWS::ApiGateway::ApiKey", map([("Enabled", boolean(true, place)), ("StageKeys", keys)], place), place);
        let properties =
            map([("KeyId", reference(key, place)), ("KeyType", text("API_KEY", place)), ("UsagePlanId", reference(id, place))], place);
        self.generate(&format!("{id}Key"), "AWS::ApiGateway::UsagePlanKey", properties, place);
    }
}
