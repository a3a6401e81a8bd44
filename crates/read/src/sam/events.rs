//! Event sources that call a function ("EventSource" of the AWS SAM Developer Guide): each gets the permission that its
//! service needs, and the resource that makes it call.

use super::function::Target;
use super::make::{Put as _, attribute, boolean, list, logical_id, map, reference, sub, sub_with, text};
use super::{Route, Work, alphanumeric_id};
use model::{Kind, Member, Node, Place};

/// The logical id of the API that SAM makes for events which name none.
pub(super) const IMPLICIT_REST: &str = "ServerlessRestApi";
/// The same for HTTP APIs.
pub(super) const IMPLICIT_HTTP: &str = "ServerlessHttpApi";

impl Work<'_> {
    /// One event of a function. `role` is the role that SAM made for it.
    pub(super) fn event(&mut self, function: &str, target: &Target, role: Option<&str>, event: &Member) {
        let id = format!("{function}{}", event.key);
        let place = &event.key_place;
        let empty = map([], place);
        let p = event.value.get("Properties").unwrap_or(&empty);
        match event.value.get("Type").and_then(Node::str).unwrap_or_default() {
            "Api" => self.rest_event(&id, function, target, p, place),
            "HttpApi" => self.http_event(&id, function, target, p, place),
            "Schedule" => self.schedule_rule(&id, target, p, place),
            "ScheduleV2" => self.schedule(&id, target, p, place),
            "CloudWatchEvent" | "EventBridgeRule" => self.event_rule(&id, target, p, place),
            "S3" => self.bucket_event(&id, target, p, place),
            "SNS" => self.topic_event(&id, target, role, p, place),
            "CloudWatchLogs" => self.log_event(&id, target, p, place),
            "IoTRule" => self.iot_event(&id, target, p, place),
            "AlexaSkill" => {
                let mut permission = permission(target, "alexa-appkit.amazon.com", None, place);
                permission.put_some("EventSourceToken", p.get("SkillId").cloned());
                self.generate(&format!("{id}Permission"), "AWS::Lambda::Permission", permission, place);
            }
            "Cognito" => self.pool_event(function, target, p, place),
            kind => self.pull_event(&id, kind, target, role, p, place),
        }
    }

    /// A permission for a service to call the function.
    pub(super) fn permit(&mut self, id: &str, target: &Target, service: &str, source: Option<Node>, place: &Place) {
        self.generate(&format!("{id}Permission"), "AWS::Lambda::Permission", permission(target, service, source, place), place);
    }

    fn rest_event(&mut self, id: &str, function: &str, target: &Target, p: &Node, place: &Place) {
        let api = p.get("RestApiId").and_then(logical_id).unwrap_or(IMPLICIT_REST).to_owned();
        let stage = match self.root.at(&["Resources", &api]) {
            Some(declared) => match declared.at(&["Properties", "StageName"]) {
                Some(stage) => stage.scalar().unwrap_or_else(|| "Stage".to_owned()),
                None => "Stage".to_owned(),
            },
            None if api == IMPLICIT_REST => "Prod".to_owned(),
            None => "AllStages".to_owned(),
        };
        let (method, path) = route(p);
        let verb = if method.eq_ignore_ascii_case("any") { "*".to_owned() } else { method.to_uppercase() };
        let source = sub_with(
            format!(
                "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{verb}{}",
                in_arn(&path)
            ),
            [("__ApiId__", api_reference(p.get("RestApiId"), IMPLICIT_REST, place)), ("__Stage__", text("*", place))],
            place,
        );
        let permission = permission(target, "apigateway.amazonaws.com", Some(source), place);
        self.generate(&alphanumeric_id(&format!("{id}Permission"), &stage, ""), "AWS::Lambda::Permission", permission, place);
        self.route(api, method, path, p, function, target, place);
    }

    fn http_event(&mut self, id: &str, function: &str, target: &Target, p: &Node, place: &Place) {
        let api = p.get("ApiId").and_then(logical_id).unwrap_or(IMPLICIT_HTTP).to_owned();
        let (method, path) = match p.get("Path") {
            None if p.get("Method").is_none() => ("x-amazon-apigateway-any-method".to_owned(), "$default".to_owned()),
            _ => route(p),
        };
        let is_any = method.eq_ignore_ascii_case("any") || method == "x-amazon-apigateway-any-method";
        let verb = if is_any { "*".to_owned() } else { method.to_uppercase() };
        let end = if path == "$default" { String::new() } else { in_arn(&path) };
        let source = sub_with(
            format!("arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{verb}{end}"),
            [("__ApiId__", api_reference(p.get("ApiId"), IMPLICIT_HTTP, place)), ("__Stage__", text("*", place))],
            place,
        );
        self.permit(id, target, "apigateway.amazonaws.com", Some(source), place);
        self.route(api, method, path, p, function, target, place);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one route, used twice")]
    fn route(&mut self, api: String, method: String, path: String, event: &Node, function: &str, target: &Target, place: &Place) {
        let function = if target.logical == function { function.to_owned() } else { target.logical.clone() };
        let condition = self.condition();
        self.routes.push(Route { api, path, method, event: event.clone(), function, condition, place: place.clone() });
    }

    fn bucket_event(&mut self, id: &str, target: &Target, p: &Node, place: &Place) {
        let mut permission = permission(target, "s3.amazonaws.com", None, place);
        permission.put("SourceAccount", reference("AWS::AccountId", place));
        self.generate(&format!("{id}Permission"), "AWS::Lambda::Permission", permission, place);
        let Some(bucket) = p.get("Bucket").and_then(logical_id).map(str::to_owned) else { return };
        let condition = self.condition();
        let Some(node) = self.output(&bucket) else { return };
        let Some(configurations) = node.entry("Properties").entry("NotificationConfiguration").items_mut("LambdaConfigurations") else {
            return;
        };
        for kind in p.get("Events").map(Node::one_or_many).unwrap_or_default() {
            let mut configuration = map([("Event", kind.clone()), ("Function", target.arn.clone())], place);
            configuration.put_some("Filter", p.get("Filter").cloned());
            configurations.push(when(condition.as_deref(), configuration, place));
        }
    }

    fn topic_event(&mut self, id: &str, target: &Target, role: Option<&str>, p: &Node, place: &Place) {
        let Some(topic) = p.get("Topic").cloned() else { return };
        let mut subscription = map([("TopicArn", topic.clone())], place);
        for key in ["Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"] {
            subscription.put_some(key, p.get(key).cloned());
        }
        let through_queue = p.get("SqsSubscription").filter(|queue| queue.bool() != Some(false));
        let Some(queue) = through_queue else {
            subscription.put("Protocol", text("lambda", place));
            subscription.put("Endpoint", target.arn.clone());
            self.generate(id, "AWS::SNS::Subscription", subscription, place);
            return self.permit(id, target, "sns.amazonaws.com", Some(topic), place);
        };
        let own = format!("{id}Queue");
        let (arn, url) = match (queue.get("QueueArn"), queue.get("QueueUrl")) {
            (Some(arn), Some(url)) => (arn.clone(), url.clone()),
            _ => {
                self.generate(&own, "AWS::SQS::Queue", map([], place), place);
                (attribute(&own, "Arn", place), reference(&own, place))
            }
        };
        subscription.put("Protocol", text("sqs", place));
        subscription.put("Endpoint", arn.clone());
        self.generate(id, "AWS::SNS::Subscription", subscription, place);
        let condition = map([("ArnEquals", map([("aws:SourceArn", topic)], place))], place);
        let policy = queue_policy(arn.clone(), url, None, condition, place);
        let policy_id = queue.get("QueuePolicyLogicalId").and_then(Node::scalar).unwrap_or_else(|| format!("{id}QueuePolicy"));
        self.generate(&policy_id, "AWS::SQS::QueuePolicy", policy, place);
        let batch = queue.get("BatchSize").cloned().unwrap_or_else(|| Node::new(Kind::Number("10".to_owned()), place.clone()));
        let mapping = map([("Queue", arn), ("BatchSize", batch), ("Enabled", boolean(true, place))], place);
        self.pull_event(&format!("{id}EventSourceMapping"), "SQS", target, role, &mapping, place);
    }

    fn log_event(&mut self, id: &str, target: &Target, p: &Node, place: &Place) {
        let Some(group) = p.get("LogGroupName").cloned() else { return };
        let arn = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${__LogGroupName__}:*";
        let source = sub_with(arn, [("__LogGroupName__", group.clone())], place);
        self.permit(id, target, "logs.amazonaws.com", Some(source), place);
        let mut filter = map([("LogGroupName", group), ("DestinationArn", target.arn.clone())], place);
        filter.put_some("FilterPattern", p.get("FilterPattern").cloned());
        self.generate(id, "AWS::Logs::SubscriptionFilter", filter, place);
    }

    fn iot_event(&mut self, id: &str, target: &Target, p: &Node, place: &Place) {
        let arn = "arn:${AWS::Partition}:iot:${AWS::Region}:${AWS::AccountId}:rule/${RuleName}";
        let mut permission =
            permission(target, "iot.amazonaws.com", Some(sub_with(arn, [("RuleName", reference(id, place))], place)), place);
        permission.put("SourceAccount", sub("${AWS::AccountId}", place));
        self.generate(&format!("{id}Permission"), "AWS::Lambda::Permission", permission, place);
        let action = map([("Lambda", map([("FunctionArn", target.arn.clone())], place))], place);
        let mut payload = map([("RuleDisabled", boolean(false, place)), ("Actions", list(vec![action], place))], place);
        payload.put_some("Sql", p.get("Sql").cloned());
        payload.put_some("AwsIotSqlVersion", p.get("AwsIotSqlVersion").cloned());
        self.generate(id, "AWS::IoT::TopicRule", map([("TopicRulePayload", payload)], place), place);
    }

    fn pool_event(&mut self, function: &str, target: &Target, p: &Node, place: &Place) {
        let Some(pool) = p.get("UserPool").and_then(logical_id).map(str::to_owned) else { return };
        let source = attribute(&pool, "Arn", place);
        self.permit(&format!("{function}Cognito"), target, "cognito-idp.amazonaws.com", Some(source), place);
        let Some(node) = self.output(&pool) else { return };
        let config = node.entry("Properties").entry("LambdaConfig");
        for trigger in p.get("Trigger").map(Node::one_or_many).unwrap_or_default() {
            config.put(trigger.str().unwrap_or_default(), target.arn.clone());
        }
    }
}

/// The properties of a permission.
fn permission(target: &Target, service: &str, source: Option<Node>, place: &Place) -> Node {
    let action = text("lambda:InvokeFunction", place);
    let mut node = map([("Action", action), ("FunctionName", target.name.clone()), ("Principal", text(service, place))], place);
    node.put_some("SourceArn", source);
    node
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

/// A value that exists only under a condition.
pub(super) fn when(condition: Option<&str>, node: Node, place: &Place) -> Node {
    match condition {
        Some(condition) => {
            let parts = vec![text(condition, place), node, reference("AWS::NoValue", place)];
            map([("Fn::If", list(parts, place))], place)
        }
        None => node,
    }
}

/// Method and path of an API event.
fn route(p: &Node) -> (String, String) {
    let part = |key: &str| p.get(key).and_then(Node::scalar).unwrap_or_default();
    (part("Method").to_lowercase(), part("Path"))
}

/// A path as the ARN of a permission has it: without trailing slash, `*` for `{proxy+}` and for each parameter.
pub(super) fn in_arn(path: &str) -> String {
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let mut out = String::new();
    for part in path.split('/').skip(usize::from(path.starts_with('/'))) {
        out.push('/');
        match (part.find('{'), part.rfind('}')) {
            (Some(open), Some(close)) if open < close => {
                out.push_str(part.get(..open).unwrap_or_default());
                out.push('*');
                out.push_str(part.get(close + 1..).unwrap_or_default());
            }
            _ => out.push_str(part),
        }
    }
    out
}

fn api_reference(written: Option<&Node>, implicit: &str, place: &Place) -> Node {
    written.cloned().unwrap_or_else(|| reference(implicit, place))
}
