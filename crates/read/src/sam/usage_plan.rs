//! `Auth.UsagePlan` of an API: a usage plan with an API key, for this API or shared by all.

use super::Work;
use super::make::{Put as _, boolean, is_map, list, map, reference, set, text};
use model::{Member, Node, Place};
use std::collections::BTreeSet;

/// Properties of the plan that are taken over.
const SAME: [&str; 5] = ["UsagePlanName", "Description", "Quota", "Tags", "Throttle"];
const CONDITION: &str = "SharedUsagePlanCondition";

/// What the APIs that share a plan have said so far.
#[derive(Default)]
pub(super) struct Shared {
    apis: Vec<String>,
    stages: Vec<Node>,
    conditions: BTreeSet<String>,
    /// An API without a condition: the plan has none.
    is_unconditional: bool,
    deletion: Option<Member>,
    replacement: Option<Member>,
}

impl Work<'_> {
    pub(super) fn usage_plan(&mut self, logical: &str, stage: &str, p: &Node) {
        let Some(plan) = p.get("Auth").and_then(|auth| super::make::given(auth, "UsagePlan")) else { return };
        let place = &plan.place;
        if !is_map(plan) {
            return self.refuse(format!("UsagePlan of {logical} must be a mapping"), place);
        }
        if plan.members().iter().any(|member| member.key != "CreateUsagePlan" && !SAME.contains(&member.key.as_str())) {
            self.refuse(format!("UsagePlan of {logical} has a member that is not known"), place);
        }
        let covered = map([("ApiId", reference(logical, place)), ("Stage", reference(stage, place))], place);
        match plan.get("CreateUsagePlan").and_then(Node::str) {
            Some("PER_API") => {
                let id = format!("{logical}UsagePlan");
                self.plan_and_key((&id, &format!("{logical}ApiKey"), &format!("{id}Key")), plan, &[covered], &[logical.to_owned()], place);
                for (name, id) in [("UsagePlan", id.clone()), ("ApiKey", format!("{logical}ApiKey")), ("UsagePlanKey", format!("{id}Key"))]
                {
                    self.references.insert(format!("{logical}.{name}"), id);
                }
            }
            Some("SHARED") => {
                self.share(logical, covered);
                let shared = self.shared_attributes(place);
                let attributes = std::mem::replace(&mut self.attributes, shared);
                let (stages, apis) = (self.shared_plan.stages.clone(), self.shared_plan.apis.clone());
                self.plan_and_key(("ServerlessUsagePlan", "ServerlessApiKey", "ServerlessUsagePlanKey"), plan, &stages, &apis, place);
                self.attributes = attributes;
                for name in ["UsagePlan", "ApiKey", "UsagePlanKey"] {
                    self.references.insert(format!("{logical}.{name}"), format!("Serverless{name}"));
                }
            }
            Some("NONE") => {}
            _ => self.refuse("the usage plan is not understood: CreateUsagePlan must be PER_API, SHARED or NONE", place),
        }
    }

    /// An API joins the shared plan.
    fn share(&mut self, logical: &str, covered: Node) {
        let condition = self.condition();
        let attribute = |attributes: &[Member], key: &str| attributes.iter().find(|member| member.key == key).cloned();
        let (deletion, replacement) = (attribute(&self.attributes, "DeletionPolicy"), attribute(&self.attributes, "UpdateReplacePolicy"));
        let shared = &mut self.shared_plan;
        shared.apis.push(logical.to_owned());
        shared.stages.push(covered);
        stronger(&mut shared.deletion, deletion, &[]);
        stronger(&mut shared.replacement, replacement, &["Snapshot"]);
        match condition {
            _ if shared.is_unconditional => {}
            Some(condition) => {
                shared.conditions.insert(condition);
            }
            None => shared.is_unconditional = true,
        }
        let (names, is_unconditional) = (shared.conditions.clone(), shared.is_unconditional);
        let place = Place::new(self.file, 1, 1);
        match names.len() {
            _ if is_unconditional => self.conditions.retain(|member| member.key != CONDITION),
            0 => {}
            1 => self.add_condition(CONDITION, text(names.first().cloned().unwrap_or_default(), &place)),
            _ => {
                let parts = names.iter().map(|name| map([("Condition", text(name.as_str(), &place))], &place)).collect();
                self.add_condition(CONDITION, map([("Fn::Or", list(parts, &place))], &place));
            }
        }
    }

    fn shared_attributes(&self, place: &Place) -> Vec<Member> {
        let shared = &self.shared_plan;
        let mut all: Vec<Member> = [&shared.deletion, &shared.replacement].into_iter().flatten().cloned().collect();
        if !shared.is_unconditional && !shared.conditions.is_empty() {
            all.extend(map([("Condition", text(CONDITION, place))], place).members().to_vec());
        }
        all
    }

    fn plan_and_key(&mut self, ids: (&str, &str, &str), plan: &Node, stages: &[Node], apis: &[String], place: &Place) {
        let (id, key, plan_key) = ids;
        let stage_key = |stage: &Node| {
            let mut node = map([], place);
            node.put_some("RestApiId", stage.get("ApiId").cloned());
            node.put_some("StageName", stage.get("Stage").cloned());
            node
        };
        let keys = list(stages.iter().map(stage_key).collect(), place);
        let mut properties = map([("ApiStages", list(stages.to_vec(), place))], place);
        for same in SAME {
            properties.put_some(same, set(plan, same).cloned());
        }
        self.generate_after(id, "AWS::ApiGateway::UsagePlan", properties, apis, place);
        let properties = map([("Enabled", boolean(true, place)), ("StageKeys", keys)], place);
        self.generate_after(key, "AWS::ApiGateway::ApiKey", properties, &[id.to_owned()], place);
        let properties =
            map([("KeyId", reference(key, place)), ("KeyType", text("API_KEY", place)), ("UsagePlanId", reference(id, place))], place);
        self.generate_after(plan_key, "AWS::ApiGateway::UsagePlanKey", properties, &[key.to_owned()], place);
    }
}

/// The policy that keeps more: `Retain` wins over all, and what `over_delete` names over `Delete`.
fn stronger(known: &mut Option<Member>, new: Option<Member>, over_delete: &[&str]) {
    let Some(new) = new else { return };
    let value = new.value.str().unwrap_or_default();
    let wins = match known.as_ref().and_then(|known| known.value.str()) {
        None => true,
        Some(old) => value == "Retain" || over_delete.contains(&value) && old == "Delete",
    };
    if wins {
        *known = Some(new);
    }
}
