//! `EventInvokeConfig` of a function (AWS SAM Developer Guide): where results of asynchronous calls go. Queues and topics
//! that the template does not name are made, also where only one branch of `Fn::If` names them.

use super::make::{Put as _, attribute, branches, choice, copy, given, is_map, is_no_value, list, map, reference, set, text};
use super::{Work, letters};
use model::{Member, Node, Place};

impl Work<'_> {
    /// The configuration; gives the policies that the function's role needs for it.
    pub(super) fn invoke_config(&mut self, logical: &str, p: &Node, qualifier: Option<&str>, alias: Option<&str>) -> Vec<Node> {
        let Some(config) = set(p, "EventInvokeConfig").map(|config| self.resolved(config)) else { return Vec::new() };
        let place = &config.place;
        let id = format!("{logical}EventInvokeConfig");
        let qualifier = qualifier.unwrap_or("$LATEST");
        let mut properties = map([("FunctionName", reference(logical, place)), ("Qualifier", text(qualifier, place))], place);
        copy(&mut properties, &config, &["MaximumEventAgeInSeconds", "MaximumRetryAttempts"]);
        let (mut destinations, mut policies) = (map([], place), Vec::new());
        let written = set(&config, "DestinationConfig");
        if written.is_some_and(|written| !is_map(written)) {
            self.refuse(format!("DestinationConfig of {logical} must be a mapping"), place);
        }
        for key in ["OnSuccess", "OnFailure"] {
            let Some(wanted) = written.and_then(|written| given(written, key)) else { continue };
            if !is_map(wanted) {
                self.refuse(format!("{key} of {logical} must be a mapping"), &wanted.place);
                continue;
            }
            if let Some((destination, policy)) = self.destination(logical, &id, key, wanted) {
                destinations.put(key, map([("Destination", destination)], &wanted.place));
                policies.push(policy);
            }
        }
        properties.put("DestinationConfig", destinations);
        let after: Vec<String> = alias.map(str::to_owned).into_iter().collect();
        // It keeps what only the function itself has, such as metadata.
        let own: Vec<Member> = self.own_attributes();
        let passed = std::mem::replace(&mut self.attributes, own);
        self.generate_after(&id, "AWS::Lambda::EventInvokeConfig", properties, &after, place);
        self.attributes = passed;
        policies
    }

    /// All attributes of the SAM resource that is being expanded.
    pub(super) fn own_attributes(&self) -> Vec<Member> {
        let written = self.declared(&self.origin).map(Node::members).unwrap_or_default();
        let is_kept = |member: &&Member| super::KEPT.contains(&member.key.as_str()) && member.key != "DependsOn";
        written.iter().filter(is_kept).cloned().collect()
    }

    fn destination(&mut self, logical: &str, config: &str, key: &str, wanted: &Node) -> Option<(Node, Node)> {
        let place = &wanted.place;
        let kind = wanted.get("Type").and_then(Node::str).unwrap_or_default();
        if !matches!(kind, "SQS" | "SNS" | "EventBridge" | "Lambda" | "S3Bucket") {
            self.refuse(format!("Type of {key} of {logical} must be SQS, SNS, EventBridge, Lambda or S3Bucket"), place);
            return None;
        }
        let id = format!("{config}{key}");
        let written = given(wanted, "Destination");
        if written.is_some_and(|written| written.get("Fn::If").is_some() && branches(written).is_none()) {
            self.refuse(format!("Fn::If of {key} of {logical} wants a condition and two values"), place);
        }
        let condition = written.and_then(|written| self.made_under(written, config));
        let destination = match (written, &condition) {
            (Some(written), None) => written.clone(),
            _ => {
                let (resource, made, arn, name) = match kind {
                    "SQS" => {
                        let made = format!("{id}Queue");
                        let arn = attribute(&made, "Arn", place);
                        ("AWS::SQS::Queue", made, arn, "DestinationQueue")
                    }
                    "SNS" => {
                        let made = format!("{id}Topic");
                        let arn = reference(&made, place);
                        ("AWS::SNS::Topic", made, arn, "DestinationTopic")
                    }
                    _ => {
                        self.refuse(format!("Destination of {key} of {logical} is missing"), place);
                        return None;
                    }
                };
                self.made_destination(&made, resource, condition.as_ref().map(|(name, _)| name.as_str()), place);
                self.references.insert(format!("{logical}.{name}"), made);
                match condition {
                    Some((name, other)) => choice(&name, arn, other, place),
                    None => arn,
                }
            }
        };
        let policy = match kind {
            "SQS" => super::make::policy(&format!("{id}SQSPolicy"), "sqs:SendMessage", destination.clone(), place),
            "SNS" => super::make::policy(&format!("{id}SNSPolicy"), "sns:publish", destination.clone(), place),
            "EventBridge" => super::make::policy(&format!("{id}EventBridgePolicy"), "events:PutEvents", destination.clone(), place),
            "Lambda" => super::make::policy(&format!("{id}LambdaPolicy"), "lambda:InvokeFunction", destination.clone(), place),
            _ => bucket_policy(&id, &destination, place),
        };
        Some((destination, policy))
    }

    /// The queue or topic; it exists under the function's condition and that of the destination.
    fn made_destination(&mut self, id: &str, kind: &str, condition: Option<&str>, place: &Place) {
        let own = self.condition();
        let both = match (own, condition) {
            (Some(own), Some(condition)) => {
                let name = letters::logical_id(&format!("{own}AND{condition}"), &self.origin.as_str().into());
                let part = |name: &str| {
                    let inner = map([("Condition", text(name, place))], place);
                    map([("Condition", inner)], place)
                };
                self.add_condition(&name, map([("Fn::And", list(vec![part(&own), part(condition)], place))], place));
                Some(name)
            }
            (own, condition) => condition.map(str::to_owned).or(own),
        };
        let mut attributes: Vec<Member> = self.attributes.iter().filter(|member| member.key != "Condition").cloned().collect();
        if let Some(both) = both {
            attributes.extend(map([("Condition", text(both, place))], place).members().to_vec());
        }
        let passed = std::mem::replace(&mut self.attributes, attributes);
        self.generate(id, kind, map([], place), place);
        self.attributes = passed;
    }

    /// Where one branch of `Fn::If` names no destination: the condition under which one is made, and the other branch.
    fn made_under(&mut self, written: &Node, config: &str) -> Option<(String, Node)> {
        let (condition, yes, no) = branches(written)?;
        let name = condition.scalar()?;
        let place = &written.place;
        match (is_no_value(yes), is_no_value(no)) {
            (true, false) => Some((name, no.clone())),
            (false, true) => {
                let negated = letters::logical_id(&format!("NOT{name}"), &config.into());
                let not = map([("Fn::Not", list(vec![map([("Condition", text(name, place))], place)], place))], place);
                self.add_condition(&negated, not);
                Some((negated, yes.clone()))
            }
            _ => None,
        }
    }
}

/// What Lambda needs to put records into a bucket.
pub(super) fn bucket_policy(id: &str, bucket: &Node, place: &Place) -> Node {
    let inside = map([("Fn::Join", list(vec![text("/", place), list(vec![bucket.clone(), text("*", place)], place)], place))], place);
    let statements = vec![
        super::make::allow(text("s3:PutObject", place), inside, place),
        super::make::allow(text("s3:ListBucket", place), bucket.clone(), place),
    ];
    let document = map([("Statement", list(statements, place))], place);
    map([("PolicyName", text(format!("{id}S3Policy"), place)), ("PolicyDocument", document)], place)
}
