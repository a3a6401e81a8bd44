//! Events of EventBridge: rules with a schedule or a pattern, and EventBridge Scheduler's schedules.

use super::Work;
use super::events::queue_policy;
use super::function::Target;
use super::make::{Put as _, attribute, list, map, policy, reference, text, trust};
use model::{Node, Place};

impl Work<'_> {
    pub(super) fn schedule_rule(&mut self, id: &str, target: &Target, p: &Node, place: &Place) {
        let mut rule = map([], place);
        rule.put_some("ScheduleExpression", p.get("Schedule").cloned());
        for key in ["Name", "Description"] {
            rule.put_some(key, p.get(key).cloned());
        }
        self.rule(id, target, p, rule, place);
    }

    pub(super) fn event_rule(&mut self, id: &str, target: &Target, p: &Node, place: &Place) {
        let mut rule = map([], place);
        rule.put_some("EventBusName", p.get("EventBusName").cloned());
        rule.put_some("EventPattern", p.get("Pattern").cloned());
        rule.put_some("Name", p.get("RuleName").cloned());
        self.rule(id, target, p, rule, place);
    }

    fn rule(&mut self, id: &str, target: &Target, p: &Node, mut rule: Node, place: &Place) {
        rule.put_some("State", p.get("State").cloned());
        if let Some(enabled) = p.get("Enabled").and_then(Node::bool) {
            rule.put("State", text(if enabled { "ENABLED" } else { "DISABLED" }, place));
        }
        let suffix = "LambdaTarget";
        let name: String = id.chars().take(64 - suffix.len()).collect();
        let target_id = p.at(&["Target", "Id"]).cloned().unwrap_or_else(|| text(format!("{name}{suffix}"), place));
        let mut goal = map([("Arn", target.arn.clone()), ("Id", target_id)], place);
        for key in ["Input", "InputPath", "RetryPolicy", "InputTransformer"] {
            goal.put_some(key, p.get(key).cloned());
        }
        if let Some(dead) = p.get("DeadLetterConfig") {
            let arn = dead.get("Arn").cloned().unwrap_or_else(|| self.dead_letters(id, dead, true, place));
            goal.put("DeadLetterConfig", map([("Arn", arn)], place));
        }
        rule.put("Targets", list(vec![goal], place));
        self.generate(id, "AWS::Events::Rule", rule, place);
        self.permit(id, target, "events.amazonaws.com", Some(attribute(id, "Arn", place)), place);
    }

    /// A queue for what could not be delivered; a rule needs a policy to send there.
    fn dead_letters(&mut self, id: &str, config: &Node, with_policy: bool, place: &Place) -> Node {
        let queue = config.get("QueueLogicalId").and_then(Node::scalar).unwrap_or_else(|| format!("{id}Queue"));
        self.generate(&queue, "AWS::SQS::Queue", map([], place), place);
        let arn = attribute(&queue, "Arn", place);
        if with_policy {
            let condition = map([("ArnEquals", map([("aws:SourceArn", attribute(id, "Arn", place))], place))], place);
            let policy = queue_policy(arn.clone(), reference(&queue, place), Some("events.amazonaws.com"), condition, place);
            self.generate(&format!("{id}QueuePolicy"), "AWS::SQS::QueuePolicy", policy, place);
        }
        arn
    }

    pub(super) fn schedule(&mut self, id: &str, target: &Target, p: &Node, place: &Place) {
        let mut schedule = map([], place);
        for key in
            ["ScheduleExpression", "State", "Description", "StartDate", "EndDate", "ScheduleExpressionTimezone", "GroupName", "KmsKeyArn"]
        {
            schedule.put_some(key, p.get(key).cloned());
        }
        if p.get("OmitName").and_then(Node::bool) != Some(true) {
            schedule.put("Name", p.get("Name").cloned().unwrap_or_else(|| text(id, place)));
        }
        let off = || map([("Mode", text("OFF", place))], place);
        schedule.put("FlexibleTimeWindow", p.get("FlexibleTimeWindow").cloned().unwrap_or_else(off));
        let dead =
            p.get("DeadLetterConfig").map(|dead| dead.get("Arn").cloned().unwrap_or_else(|| self.dead_letters(id, dead, false, place)));
        let role = p.get("RoleArn").cloned().unwrap_or_else(|| {
            let mut policies = vec![policy(&format!("{id}LambdaPolicy"), "lambda:InvokeFunction", target.arn.clone(), place)];
            policies.extend(dead.clone().map(|queue| policy(&format!("{id}SQSPolicy"), "sqs:SendMessage", queue, place)));
            let mut role =
                map([("AssumeRolePolicyDocument", trust("scheduler.amazonaws.com", place)), ("Policies", list(policies, place))], place);
            role.put_some("PermissionsBoundary", p.get("PermissionsBoundary").cloned());
            self.generate(&format!("{id}Role"), "AWS::IAM::Role", role, place);
            attribute(&format!("{id}Role"), "Arn", place)
        });
        let mut goal = map([("Arn", target.arn.clone()), ("RoleArn", role)], place);
        for key in ["Input", "RetryPolicy"] {
            goal.put_some(key, p.get(key).cloned());
        }
        goal.put_some("DeadLetterConfig", dead.map(|arn| map([("Arn", arn)], place)));
        schedule.put("Target", goal);
        self.generate(id, "AWS::Scheduler::Schedule", schedule, place);
    }
}
