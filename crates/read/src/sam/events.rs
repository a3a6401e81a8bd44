//! Event sources that call a function ("EventSource" of the AWS SAM Developer Guide): each gets the permission that its
//! service needs, and the resource that makes it call.

use super::function::Target;
use super::make::{
    Put as _, attribute, boolean, choice, copy, given, is_map, list, map, number, reference, set, sub, sub_with, text, when,
};
use super::{Work, kind_of};
use model::{Kind, Member, Node, Place};

impl Work<'_> {
    /// One event of a function. `role` is the role that SAM made for it.
    pub(super) fn event(&mut self, target: &Target, role: Option<&str>, event: &Member) {
        let id = format!("{}{}", target.function, event.key);
        let place = &event.key_place;
        let empty = map([], place);
        let p = event.value.get("Properties").filter(|p| is_map(p)).unwrap_or(&empty);
        let kind = kind_of(&event.value);
        if !self.check_event("function", &event.key, kind, p, place) {
            return;
        }
        match kind {
            "Api" => self.rest_event(&id, &event.key, target, p, place),
            "HttpApi" => self.http_event(&id, &event.key, target, p, place),
            "Schedule" | "CloudWatchEvent" | "EventBridgeRule" => self.rule(&id, kind, target, p, place),
            "ScheduleV2" => {
                let policy = super::make::policy(&format!("{id}LambdaPolicy"), "lambda:InvokeFunction", target.arn.clone(), place);
                self.schedule(&id, &target.arn, policy, p, place);
            }
            "S3" => self.bucket_event(&id, target, p, place),
            "SNS" => self.topic_event(&id, target, role, p, place),
            "CloudWatchLogs" => self.log_event(&id, target, p, place),
            "IoTRule" => self.iot_event(&id, target, p, place),
            "AlexaSkill" => {
                let mut permission = target.permission("alexa-appkit.amazon.com", None, place);
                permission.put_some("EventSourceToken", given(p, "SkillId").cloned());
                self.generate(&format!("{id}Permission"), "AWS::Lambda::Permission", permission, place);
            }
            "Cognito" => self.pool_event(target, p, place),
            _ => self.pull_event(&id, kind, target, role, p, place),
        }
    }

    /// A permission for a service to call the function.
    pub(super) fn permit(&mut self, id: &str, target: &Target, service: &str, source: Option<Node>, place: &Place) {
        self.generate(&format!("{id}Permission"), "AWS::Lambda::Permission", target.permission(service, source, place), place);
    }

    fn bucket_event(&mut self, id: &str, target: &Target, p: &Node, place: &Place) {
        let mut permission = target.permission("s3.amazonaws.com", None, place);
        permission.put("SourceAccount", reference("AWS::AccountId", place));
        let permission_id = format!("{id}Permission");
        self.generate(&permission_id, "AWS::Lambda::Permission", permission, place);
        let bucket = p.get("Bucket").filter(|bucket| is_map(bucket)).and_then(super::make::named_by_ref).map(str::to_owned);
        let Some(bucket) = bucket.filter(|bucket| self.declared(bucket).is_some()) else {
            return self.refuse("S3 events want a bucket of the same template by Ref", place);
        };
        let condition = target.condition().map(str::to_owned);
        self.made.push(bucket.clone());
        let Some(node) = self.output(&bucket) else { return };
        if node.get("Properties").is_some_and(|properties| !is_map(properties) && !matches!(properties.kind, Kind::Null)) {
            return self.refuse(format!("the properties of {bucket} must be a mapping"), place);
        }
        if node.get("DependsOn").is_some_and(|ids| ids.one_or_many().iter().any(|id| id.str().is_none())) {
            return self.refuse(format!("DependsOn of {bucket} must be a text or a list of texts"), place);
        }
        let Some(node) = self.output(&bucket) else { return };
        match &condition {
            // A dependency under a condition: DependsOn cannot have one, a Ref in a tag can.
            Some(condition) => {
                let value = choice(condition, reference(&permission_id, place), text("no dependency", place), place);
                let tag = map([("Key", text(format!("sam:ConditionalDependsOn:{permission_id}"), place)), ("Value", value)], place);
                match node.entry("Properties").items_mut("Tags") {
                    Some(tags) => tags.push(tag),
                    None => return self.refuse(format!("Tags of {bucket} must be a list"), place),
                }
            }
            None => {
                let mut all = node.get("DependsOn").map(Node::one_or_many).unwrap_or_default().to_vec();
                if !all.iter().any(|id| id.str() == Some(permission_id.as_str())) {
                    all.push(text(permission_id, place));
                }
                node.put("DependsOn", list(all, place));
            }
        }
        let notification = node.entry("Properties").get("NotificationConfiguration");
        let is_bad = notification.is_some_and(|n| !matches!(n.kind, Kind::Null | Kind::Map(_)));
        let Some(configurations) =
            (!is_bad).then(|| node.entry("Properties").entry("NotificationConfiguration").items_mut("LambdaConfigurations")).flatten()
        else {
            return self.refuse(format!("the notifications of {bucket} are not understood"), place);
        };
        for kind in p.get("Events").map(Node::one_or_many).unwrap_or_default() {
            let mut configuration = map([("Event", kind.clone()), ("Function", target.arn.clone())], place);
            configuration.put_some("Filter", given(p, "Filter").cloned());
            let configuration = when(condition.as_deref(), configuration, place);
            if !configurations.iter().any(|known| known.json() == configuration.json()) {
                configurations.push(configuration);
            }
        }
    }

    fn topic_event(&mut self, id: &str, target: &Target, role: Option<&str>, p: &Node, place: &Place) {
        let Some(topic) = given(p, "Topic").cloned() else { return };
        let mut subscription = map([("TopicArn", topic.clone())], place);
        copy(&mut subscription, p, &["Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"]);
        let Some(queue) = set(p, "SqsSubscription") else {
            subscription.put("Protocol", text("lambda", place));
            subscription.put("Endpoint", target.arn.clone());
            self.generate(id, "AWS::SNS::Subscription", subscription, place);
            return self.permit(id, target, "sns.amazonaws.com", Some(topic), place);
        };
        let own = format!("{id}Queue");
        let (arn, url) = match (&queue.kind, set(queue, "QueueArn"), set(queue, "QueueUrl")) {
            (Kind::Bool(_), _, _) => {
                let fifo = super::make::logical_id(&topic).and_then(|topic| self.declared(topic)?.at(&["Properties", "FifoTopic"]));
                let fifo = fifo.map(|fifo| self.resolved(fifo)).filter(super::make::is_truthy);
                let mut properties = map([], place);
                properties.put_some("FifoQueue", fifo);
                self.generate(&own, "AWS::SQS::Queue", properties, place);
                (super::make::attribute(&own, "Arn", place), reference(&own, place))
            }
            (_, Some(arn), Some(url)) => (arn.clone(), url.clone()),
            _ => return self.refuse("SqsSubscription wants QueueArn and QueueUrl", &queue.place),
        };
        subscription.put("Protocol", text("sqs", place));
        subscription.put("Endpoint", arn.clone());
        self.generate(id, "AWS::SNS::Subscription", subscription, place);
        let condition = map([("ArnEquals", map([("aws:SourceArn", topic)], place))], place);
        let policy = queue_policy(arn.clone(), url, None, condition, place);
        let policy_id = set(queue, "QueuePolicyLogicalId").and_then(Node::scalar).unwrap_or_else(|| format!("{id}QueuePolicy"));
        self.generate(&policy_id, "AWS::SQS::QueuePolicy", policy, place);
        let batch = set(queue, "BatchSize").cloned().unwrap_or_else(|| number(10, place));
        let mapping = map([("Queue", arn), ("BatchSize", batch), ("Enabled", boolean(true, place))], place);
        self.pull_event(&format!("{id}EventSourceMapping"), "SQS", target, role, &mapping, place);
    }

    fn log_event(&mut self, id: &str, target: &Target, p: &Node, place: &Place) {
        let Some(group) = given(p, "LogGroupName").cloned() else { return };
        let arn = format!("arn:{}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:${{__LogGroupName__}}:*", self.partition);
        let source = sub_with(arn, [("__LogGroupName__", group.clone())], place);
        self.permit(id, target, "logs.amazonaws.com", Some(source), place);
        let mut filter = map([("LogGroupName", group), ("DestinationArn", target.arn.clone())], place);
        filter.put_some("FilterPattern", given(p, "FilterPattern").cloned());
        self.generate_after(id, "AWS::Logs::SubscriptionFilter", filter, &[format!("{id}Permission")], place);
    }

    fn iot_event(&mut self, id: &str, target: &Target, p: &Node, place: &Place) {
        let arn = format!("arn:{}:iot:${{AWS::Region}}:${{AWS::AccountId}}:rule/${{RuleName}}", self.partition);
        let mut permission =
            target.permission("iot.amazonaws.com", Some(sub_with(arn, [("RuleName", reference(id, place))], place)), place);
        permission.put("SourceAccount", sub("${AWS::AccountId}", place));
        self.generate(&format!("{id}Permission"), "AWS::Lambda::Permission", permission, place);
        let action = map([("Lambda", map([("FunctionArn", target.arn.clone())], place))], place);
        let mut payload = map([("RuleDisabled", boolean(false, place)), ("Actions", list(vec![action], place))], place);
        payload.put_some("Sql", given(p, "Sql").cloned());
        payload.put_some("AwsIotSqlVersion", set(p, "AwsIotSqlVersion").cloned());
        self.generate(id, "AWS::IoT::TopicRule", map([("TopicRulePayload", payload)], place), place);
    }

    fn pool_event(&mut self, target: &Target, p: &Node, place: &Place) {
        let pool = p.get("UserPool").filter(|pool| is_map(pool)).and_then(super::make::named_by_ref).map(str::to_owned);
        let Some(pool) = pool.filter(|pool| self.declared(pool).is_some()) else {
            return self.refuse("Cognito events want a user pool of the same template by Ref", place);
        };
        let source = attribute(&pool, "Arn", place);
        self.permit(&format!("{}Cognito", target.logical), target, "cognito-idp.amazonaws.com", Some(source), place);
        let Some(node) = self.output(&pool) else { return };
        if node.at(&["Properties", "LambdaConfig"]).is_some_and(|config| !matches!(config.kind, Kind::Null | Kind::Map(_))) {
            return self.refuse(format!("LambdaConfig of {pool} must be a mapping"), place);
        }
        let Some(node) = self.output(&pool) else { return };
        let config = node.entry("Properties").entry("LambdaConfig");
        let mut twice = None;
        for trigger in p.get("Trigger").map(Node::one_or_many).unwrap_or_default() {
            let name = trigger.str().unwrap_or_default();
            if config.get(name).is_some() {
                twice = Some(name.to_owned());
            }
            config.put(name, target.arn.clone());
        }
        if let Some(name) = twice {
            self.refuse(format!("the trigger {name} of {pool} is defined more than once"), place);
        }
    }
}

/// A queue policy that lets a service send under a condition.
pub(super) fn queue_policy(arn: Node, url: Node, service: Option<&str>, condition: Node, place: &Place) -> Node {
    let principal = service.map_or_else(|| text("*", place), |service| map([("Service", text(service, place))], place));
    let statement = map(
        [
            ("Effect", text("Allow", place)),
            ("Principal", principal),
            ("Action", text("sqs:SendMessage", place)),
            ("Resource", arn),
            ("Condition", condition),
        ],
        place,
    );
    let document = map([("Version", text("2012-10-17", place)), ("Statement", list(vec![statement], place))], place);
    map([("PolicyDocument", document), ("Queues", list(vec![url], place))], place)
}
