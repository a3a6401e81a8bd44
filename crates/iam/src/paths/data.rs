//! What holds data, and who can read it: by identity policies, by the resource's own policy, from outside.

use super::build::Builder;
use super::node::{ANY_ACCOUNT, NodeKind};
use super::outside::{STRANGER, nowhere, own_account};
use super::reach::{Evidence, evidence};
use super::surface::outside;
use crate::account::MemberKind;
use crate::app;
use crate::policy::Policy;
use crate::principal::Principal;
use crate::request::{Context, Request};
use crate::stack::Stack;
use model::App;
use std::sync::Arc;

/// CloudFormation type, primitive, the actions that read, what follows the ARN in an object's.
const STORES: [(&str, &str, &[&str], &str); 9] = [
    ("AWS::DynamoDB::Table", "table-read", &["dynamodb:Scan", "dynamodb:Query", "dynamodb:GetItem"], ""),
    ("AWS::DynamoDB::GlobalTable", "table-read", &["dynamodb:Scan", "dynamodb:Query", "dynamodb:GetItem"], ""),
    ("AWS::S3::Bucket", "object-read", &["s3:GetObject"], "/object"),
    ("AWS::SecretsManager::Secret", "secret-read", &["secretsmanager:GetSecretValue"], ""),
    ("AWS::SSM::Parameter", "parameter-read", &["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"], ""),
    ("AWS::SQS::Queue", "queue-read", &["sqs:ReceiveMessage"], ""),
    ("AWS::SNS::Topic", "topic-read", &["sns:Subscribe"], ""),
    ("AWS::RDS::DBCluster", "cluster-read", &["rds-data:ExecuteStatement"], ""),
    ("AWS::KMS::Key", "key-decrypt", &["kms:Decrypt"], ""),
];

/// Who may do something to a resource.
pub(super) struct Able {
    /// The node.
    pub from: usize,
    /// Whether it comes from outside the account, by the resource's own policy alone.
    pub outsider: bool,
    pub evidence: Evidence,
}

impl Builder<'_> {
    pub(super) fn data(&mut self, app: &App) {
        for (kind, primitive, actions, suffix) in STORES {
            for resource in app.of_kind(kind) {
                let Some(arn) = &resource.arn else { continue };
                let to = self.node(arn, NodeKind::Data, &resource.place);
                for able in self.able(actions, &format!("{arn}{suffix}"), app::resource_policy(app, arn)) {
                    let primitive = if able.outsider { "resource-policy-open" } else { primitive };
                    self.link(able.from, to, primitive, able.evidence);
                }
            }
        }
    }

    /// Everyone who may do one of the actions on a resource: members, sessions that are less than their role, outsiders.
    pub(super) fn able(&mut self, actions: &[&str], resource: &str, policy: Option<Arc<Policy>>) -> Vec<Able> {
        let account = self.graph.account;
        let asks = |principal: &Principal, context: Context, stack: &Stack| -> Option<Evidence> {
            actions.iter().find_map(|action| {
                let request = Request::new(principal.clone(), *action, resource).with_context(context.clone());
                evidence(&request.owned_by(&*account.id), stack)
            })
        };
        let members = account.members.iter().enumerate().filter(|(_, m)| m.kind != MemberKind::Group);
        let members = members.chain(self.sessions.iter().map(|(at, member)| (*at, member)));
        let mut out: Vec<Able> = members
            .filter_map(|(from, member)| {
                let stack = Stack { resource: policy.clone(), ..member.stack.clone() };
                Some(Able { from, outsider: false, evidence: asks(&member.principal, Context::open(), &stack)? })
            })
            .collect();
        let Some(policy) = policy else { return out };
        if let Some(evidence) = asks(&Principal::Anonymous, outside(), &Stack::default().with_resource(Some(policy.clone()))) {
            out.push(Able { from: self.internet(), outsider: true, evidence });
        }
        let stranger = Principal::User { arn: format!("arn:aws:iam::{STRANGER}:user/anyone") };
        let context = outside().with("aws:PrincipalOrgID", "o-stranger");
        if let Some(mut evidence) = asks(&stranger, context, &own_account(Some(policy.clone()))) {
            evidence.by.retain(|(name, _)| policy.name == *name);
            out.push(Able { from: self.node(ANY_ACCOUNT, NodeKind::Account, &nowhere()), outsider: true, evidence });
        }
        out
    }
}
