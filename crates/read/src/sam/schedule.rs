//! Events of EventBridge: rules with a schedule or a pattern, and EventBridge Scheduler's schedules.

use super::Work;
use super::events::queue_policy;
use super::function::Target;
use super::make::{Put as _, attribute, copy, given, list, map, policy, reference, set, text, trust};
use model::{Node, Place};

impl Work<'_> {
    /// A rule that calls a function.
    pub(super) fn rule(&mut self, id: &str, kind: &str, target: &Target, p: &Node, place: &Place) {
        let mut goal = map([("Arn", target.arn.clone()), ("Id", target_id(id, "LambdaTarget", p, kind != "Schedule", place))], place);
        let keys: &[&str] =
            if kind == "Schedule" { &["Input", "RetryPolicy"] } else { &["Input", "InputPath", "RetryPolicy", "InputTransformer"] };
        copy(&mut goal, p, keys);
        self.rule_with(id, kind, goal, p, true, place);
        self.permit(id, target, "events.amazonaws.com", Some(attribute(id, "Arn", place)), place);
    }

    /// The rule itself, with its one target. `Enabled` is only known where functions are called, or by a schedule.
    pub(super) fn rule_with(&mut self, id: &str, kind: &str, mut goal: Node, p: &Node, has_enabled: bool, place: &Place) {
        let mut rule = map([], place);
        if kind == "Schedule" {
            rule.put_some("ScheduleExpression", given(p, "Schedule").cloned());
            copy(&mut rule, p, &["Name", "Description"]);
        } else {
            rule.put_some("EventBusName", given(p, "EventBusName").cloned());
            rule.put_some("EventPattern", given(p, "Pattern").cloned());
            rule.put_some("Name", given(p, "RuleName").cloned());
        }
        rule.put_some("State", set(p, "State").cloned());
        if let Some(enabled) = given(p, "Enabled").filter(|_| has_enabled) {
            if set(p, "State").is_some() {
                self.refuse("State and Enabled exclude each other", place);
            }
            rule.put("State", text(if super::make::is_truthy(enabled) { "ENABLED" } else { "DISABLED" }, place));
        }
        if let Some(dead) = given(p, "DeadLetterConfig").cloned() {
            let arn = given(&dead, "Arn").cloned().unwrap_or_else(|| self.dead_letters(id, &dead, true, place));
            goal.put("DeadLetterConfig", map([("Arn", arn)], place));
        }
        rule.put("Targets", list(vec![goal], place));
        self.generate(id, "AWS::Events::Rule", rule, place);
    }

    /// A queue for what could not be delivered; a rule needs a policy to send there.
    fn dead_letters(&mut self, id: &str, config: &Node, with_policy: bool, place: &Place) -> Node {
        let queue = set(config, "QueueLogicalId").and_then(Node::str).map_or_else(|| format!("{id}Queue"), str::to_owned);
        self.generate(&queue, "AWS::SQS::Queue", map([], place), place);
        let arn = attribute(&queue, "Arn", place);
        if with_policy {
            let condition = map([("ArnEquals", map([("aws:SourceArn", attribute(id, "Arn", place))], place))], place);
            let policy = queue_policy(arn.clone(), reference(&queue, place), Some("events.amazonaws.com"), condition, place);
            self.generate(&format!("{id}QueuePolicy"), "AWS::SQS::QueuePolicy", policy, place);
        }
        arn
    }

    /// A schedule of EventBridge Scheduler; `starts` is the policy that lets its role start the target.
    pub(super) fn schedule(&mut self, id: &str, target: &Node, starts: Node, p: &Node, place: &Place) {
        let mut schedule = map([], place);
        let same = ["ScheduleExpression", "Description", "StartDate", "EndDate", "ScheduleExpressionTimezone", "GroupName", "KmsKeyArn"];
        copy(&mut schedule, p, &same);
        schedule.put_some("State", set(p, "State").cloned());
        match set(p, "OmitName") {
            Some(_) if set(p, "Name").is_some() => self.refuse("Name and OmitName exclude each other", place),
            Some(_) => {}
            None => schedule.put("Name", set(p, "Name").cloned().unwrap_or_else(|| text(id, place))),
        }
        let off = || map([("Mode", text("OFF", place))], place);
        schedule.put("FlexibleTimeWindow", set(p, "FlexibleTimeWindow").cloned().unwrap_or_else(off));
        let dead = given(p, "DeadLetterConfig").cloned();
        let dead = dead.map(|dead| given(&dead, "Arn").cloned().unwrap_or_else(|| self.dead_letters(id, &dead, false, place)));
        let role = set(p, "RoleArn").cloned().unwrap_or_else(|| {
            let mut policies = vec![starts];
            policies.extend(dead.clone().map(|queue| policy(&format!("{id}SQSPolicy"), "sqs:SendMessage", queue, place)));
            let trust = trust("scheduler.amazonaws.com", place);
            let mut role = map([("AssumeRolePolicyDocument", trust), ("Policies", list(policies, place))], place);
            role.put_some("PermissionsBoundary", set(p, "PermissionsBoundary").cloned());
            self.generate(&format!("{id}Role"), "AWS::IAM::Role", role, place);
            attribute(&format!("{id}Role"), "Arn", place)
        });
        let mut goal = map([("Arn", target.clone()), ("RoleArn", role)], place);
        copy(&mut goal, p, &["Input", "RetryPolicy"]);
        goal.put_some("DeadLetterConfig", dead.map(|arn| map([("Arn", arn)], place)));
        schedule.put("Target", goal);
        self.generate(id, "AWS::Scheduler::Schedule", schedule, place);
    }
}

/// The id of a rule's target: 64 letters at most.
pub(super) fn target_id(id: &str, suffix: &str, p: &Node, may_choose: bool, place: &Place) -> Node {
    let own = set(p, "Target").and_then(|target| target.get("Id")).filter(|_| may_choose);
    let made = || {
        let kept: String = id.chars().take(64 - suffix.len()).collect();
        text(format!("{kept}{suffix}"), place)
    };
    own.cloned().unwrap_or_else(made)
}

/// What is wrong with a `DeadLetterConfig`.
pub(super) fn dead_letter_faults(config: &Node) -> Option<&'static str> {
    match (config.get("Arn"), config.get("Type")) {
        (Some(_), Some(_)) => Some("DeadLetterConfig has either Arn or Type"),
        (None, None) => Some("DeadLetterConfig wants Arn or Type"),
        (None, Some(kind)) if kind.str() != Some("SQS") => Some("the Type of DeadLetterConfig must be SQS"),
        (None, _) if given(config, "QueueLogicalId").is_some_and(|id| id.str().is_none()) => Some("QueueLogicalId must be a text"),
        _ => None,
    }
}
