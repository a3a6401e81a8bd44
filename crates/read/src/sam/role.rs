//! The execution role that SAM makes for a function ("Generated AWS CloudFormation resources": `<function>Role`).

use super::make::{Put as _, given, list, map, policy, set, text, trust};
use super::policies::{self, Policy};
use super::{Work, tags};
use model::{Kind, Node, Place};

impl Work<'_> {
    /// The role of a function; `destinations` are the policies that its invoke configuration needs.
    pub(super) fn function_role(&mut self, logical: &str, p: &Node, destinations: Vec<Node>, place: &Place) {
        let durable = set(p, "DurableConfig").is_some();
        let basic = if durable { "AWSLambdaBasicDurableExecutionRolePolicy" } else { "AWSLambdaBasicExecutionRole" };
        let mut arns = vec![self.managed_policy(&format!("service-role/{basic}"), place)];
        if let Some(tracing) = self.tracing(p) {
            arns.push(self.xray_policy(&tracing.place));
        }
        if set(p, "VpcConfig").is_some() {
            arns.push(self.managed_policy("service-role/AWSLambdaVPCAccessExecutionRole", place));
        }
        let mut documents = Vec::new();
        if let Some(queue) = set(p, "DeadLetterQueue") {
            let action = if queue.get("Type").and_then(Node::str) == Some("SNS") { "sns:Publish" } else { "sqs:SendMessage" };
            let target = queue.get("TargetArn").cloned().unwrap_or_else(|| queue.clone());
            let mut letters = policy("DeadLetterQueuePolicy", action, target, &queue.place);
            letters.entry("PolicyDocument").put("Version", text("2012-10-17", &queue.place));
            documents.push(letters);
        }
        documents.extend(destinations);
        let trust = given(p, "AssumeRolePolicyDocument").cloned().unwrap_or_else(|| trust("lambda.amazonaws.com", place));
        let all_tags = tags::created("lambda:createdBy", p.get("Tags"), place);
        self.role(logical, trust, p, (arns, documents), all_tags, place);
    }

    /// The managed policy for X-Ray; other partitions have only the newer one.
    pub(super) fn xray_policy(&self, place: &Place) -> Node {
        self.managed_policy(if self.partition == "aws" { "AWSXrayWriteOnlyAccess" } else { "AWSXRayDaemonWriteAccess" }, place)
    }

    /// A role with the policies that a SAM resource declares beside those given.
    pub(super) fn role(
        &mut self,
        logical: &str,
        trust: Node,
        p: &Node,
        given_policies: (Vec<Node>, Vec<Node>),
        all_tags: Vec<Node>,
        place: &Place,
    ) {
        let role = format!("{logical}Role");
        let (mut arns, mut documents) = given_policies;
        for (at, entry) in set(p, "Policies").map(policy_entries).unwrap_or_default().iter().enumerate() {
            match policies::policy(entry, self.partition) {
                Policy::Managed(arn) if arns.iter().any(|known| known.json() == arn.json()) => {}
                Policy::Managed(arn) => arns.push(arn),
                Policy::Document(document) => documents.push(named(&format!("{role}Policy{at}"), document)),
                Policy::Unknown(says) => {
                    let says = format!("{says}: what it grants is not assessed");
                    self.refuse(says.clone(), &entry.place);
                    // Unknown must not look like "grants nothing".
                    let unknown = Kind::unknown(says, None);
                    documents.push(named(&format!("{role}Policy{at}"), Node::new(unknown, entry.place.clone())));
                }
            }
        }
        let mut properties = map([("AssumeRolePolicyDocument", trust), ("ManagedPolicyArns", list(arns, place))], place);
        if !documents.is_empty() {
            properties.put("Policies", list(documents, place));
        }
        properties.put_some("Path", given(p, "RolePath").cloned());
        properties.put_some("PermissionsBoundary", given(p, "PermissionsBoundary").cloned());
        properties.put("Tags", list(all_tags, place));
        self.generate(&role, "AWS::IAM::Role", properties, place);
    }
}

/// The entries of `Policies`: one, or several.
fn policy_entries(policies: &Node) -> &[Node] {
    policies.one_or_many()
}

/// An inline policy; `Fn::If` stays outermost, around policies rather than documents.
fn named(name: &str, document: Node) -> Node {
    let place = document.place.clone();
    let wrap = |document: Node| {
        let place = document.place.clone();
        map([("PolicyName", text(name, &place)), ("PolicyDocument", document)], &place)
    };
    match super::make::branches(&document) {
        Some((condition, yes, no)) => {
            let part = |node: &Node| if super::make::is_no_value(node) { node.clone() } else { wrap(node.clone()) };
            map([("Fn::If", list(vec![condition.clone(), part(yes), part(no)], &place))], &place)
        }
        None => wrap(document),
    }
}
