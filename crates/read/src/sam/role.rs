//! The execution role that SAM makes for a function ("Generated AWS CloudFormation resources": `<function>Role`).

use super::make::{Put as _, list, map, policy, text, trust};
use super::policies::{self, Policy};
use super::{Work, tags};
use model::{Kind, Node, Place};

impl Work<'_> {
    pub(super) fn function_role(&mut self, logical: &str, p: &Node, place: &Place) {
        let durable = p.get("DurableConfig").is_some();
        let mut managed = vec![if durable { "AWSLambdaBasicDurableExecutionRolePolicy" } else { "AWSLambdaBasicExecutionRole" }];
        let service = |name: &&str| text(format!("arn:aws:iam::aws:policy/service-role/{name}"), place);
        if p.get("VpcConfig").is_some() {
            managed.push("AWSLambdaVPCAccessExecutionRole");
        }
        let mut arns: Vec<Node> = managed.iter().map(service).collect();
        if let Some(tracing) = p.get("Tracing").filter(|tracing| self.text(tracing).as_deref() != Some("Disabled")) {
            arns.insert(1, text("arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess", &tracing.place));
        }
        let mut documents = Vec::new();
        if let Some(queue) = p.get("DeadLetterQueue") {
            let action = if queue.get("Type").and_then(Node::str) == Some("SNS") { "sns:Publish" } else { "sqs:SendMessage" };
            let target = queue.get("TargetArn").cloned().unwrap_or_else(|| queue.clone());
            let mut letters = policy("DeadLetterQueuePolicy", action, target, &queue.place);
            letters.entry("PolicyDocument").put("Version", text("2012-10-17", &queue.place));
            documents.push(letters);
        }
        documents.extend(invoke_destinations(logical, p));
        let trust = p.get("AssumeRolePolicyDocument").cloned().unwrap_or_else(|| trust("lambda.amazonaws.com", place));
        self.role(logical, trust, p, (arns, documents), place);
    }

    /// A role with the policies that a SAM resource declares beside those given.
    pub(super) fn role(&mut self, logical: &str, trust: Node, p: &Node, given: (Vec<Node>, Vec<Node>), place: &Place) {
        let role = format!("{logical}Role");
        let (mut arns, mut documents) = given;
        for (at, entry) in p.get("Policies").map(Node::one_or_many).unwrap_or_default().iter().enumerate() {
            match policies::policy(entry) {
                Policy::Managed(arn) if arns.iter().any(|known| known.str().is_some() && known.str() == arn.str()) => {}
                Policy::Managed(arn) => arns.push(arn),
                Policy::Document(document) => documents.push(named(&format!("{role}Policy{at}"), document)),
                Policy::Unknown(name) => {
                    let says = format!("{name} is not a SAM policy template that is known: what it grants is not assessed");
                    self.trouble(says.clone(), &entry.place, "write the statements out");
                    // Unknown must not look like "grants nothing".
                    let unknown = Kind::Unknown(model::Unknown { why: says, pattern: None });
                    documents.push(named(&format!("{role}Policy{at}"), Node::new(unknown, entry.place.clone())));
                }
            }
        }
        let mut properties = map([("AssumeRolePolicyDocument", trust), ("ManagedPolicyArns", list(arns, place))], place);
        if !documents.is_empty() {
            properties.put("Policies", list(documents, place));
        }
        properties.put_some("Path", p.get("RolePath").cloned());
        properties.put_some("PermissionsBoundary", p.get("PermissionsBoundary").cloned());
        let created_by =
            if p.get("DefinitionUri").or_else(|| p.get("Definition")).is_some() { "stateMachine:createdBy" } else { "lambda:createdBy" };
        let mut all_tags = vec![map([("Key", text(created_by, place)), ("Value", text("SAM", place))], place)];
        all_tags.extend(tags(p.get("Tags"), place));
        properties.put("Tags", list(all_tags, place));
        self.generate(&role, "AWS::IAM::Role", properties, place);
    }
}

/// An inline policy; `Fn::If` stays outermost, around policies rather than documents.
fn named(name: &str, document: Node) -> Node {
    let place = document.place.clone();
    let wrap = |document: Node| {
        let place = document.place.clone();
        map([("PolicyName", text(name, &place)), ("PolicyDocument", document)], &place)
    };
    match document.get("Fn::If").map(Node::items) {
        Some([condition, branches @ ..]) => {
            let is_no_value = |branch: &Node| branch.get("Ref").and_then(Node::str) == Some("AWS::NoValue");
            let branches = branches.iter().map(|branch| if is_no_value(branch) { branch.clone() } else { wrap(branch.clone()) });
            map([("Fn::If", list([condition.clone()].into_iter().chain(branches).collect(), &place))], &place)
        }
        _ => wrap(document),
    }
}

/// What `EventInvokeConfig` lets the function send to.
fn invoke_destinations(logical: &str, p: &Node) -> Vec<Node> {
    let mut documents = Vec::new();
    for key in ["OnSuccess", "OnFailure"] {
        let Some(written) = p.at(&["EventInvokeConfig", "DestinationConfig", key]) else { continue };
        let place = &written.place;
        let id = format!("{logical}EventInvokeConfig{key}");
        let (name, action, made) = match written.get("Type").and_then(Node::str) {
            Some("SQS") => ("SQSPolicy", "sqs:SendMessage", super::make::attribute(&format!("{id}Queue"), "Arn", place)),
            Some("SNS") => ("SNSPolicy", "sns:publish", super::make::reference(&format!("{id}Topic"), place)),
            Some("EventBridge") => ("EventBridgePolicy", "events:PutEvents", written.clone()),
            Some("Lambda") => ("LambdaPolicy", "lambda:InvokeFunction", written.clone()),
            _ => continue,
        };
        let resource = written.get("Destination").cloned().unwrap_or(made);
        documents.push(policy(&format!("{id}{name}"), action, resource, place));
    }
    documents
}
