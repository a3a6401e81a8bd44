//! What holds data, and who can read it: by identity policies, by the resource's own policy, from outside.

use super::build::Builder;
use super::node::{ANY_ACCOUNT, NodeKind};
use super::outside::{STRANGER, nowhere, own_account};
use super::reach::{Evidence, evidence};
use super::surface::outside;
use crate::account::MemberKind;
use crate::app;
use crate::principal::Principal;
use crate::request::{Context, Request};
use crate::stack::Stack;
use model::App;

/// CloudFormation type, primitive, the actions that read, what follows the ARN in an object's.
const STORES: [(&str, &str, &[&str], &str); 7] = [
    ("AWS::DynamoDB::Table", "table-read", &["dynamodb:Scan", "dynamodb:Query", "dynamodb:GetItem"], ""),
    ("AWS::DynamoDB::GlobalTable", "table-read", &["dynamodb:Scan", "dynamodb:Query", "dynamodb:GetItem"], ""),
    ("AWS::S3::Bucket", "object-read", &["s3:GetObject"], "/object"),
    ("AWS::SecretsManager::Secret", "secret-read", &["secretsmanager:GetSecretValue"], ""),
    ("AWS::SQS::Queue", "queue-read", &["sqs:ReceiveMessage"], ""),
    ("AWS::SNS::Topic", "topic-read", &["sns:Subscribe"], ""),
    ("AWS::RDS::DBCluster", "cluster-read", &["rds-data:ExecuteStatement"], ""),
];

impl Builder<'_> {
    pub(super) fn data(&mut self, app: &App) {
        let account = self.graph.account;
        for (kind, primitive, actions, suffix) in STORES {
            for resource in app.of_kind(kind) {
                let Some(arn) = &resource.arn else { continue };
                let to = self.node(arn, NodeKind::Data, &resource.place);
                let object = format!("{arn}{suffix}");
                let policy = app::resource_policy(app, arn);
                let asks = |principal: &Principal, context: Context, stack: &Stack| -> Option<Evidence> {
                    actions.iter().find_map(|action| {
                        let request = Request::new(principal.clone(), *action, &*object).with_context(context.clone());
                        evidence(&request.owned_by(&*account.id), stack)
                    })
                };
                for (at, member) in account.members.iter().enumerate().filter(|(_, m)| m.kind != MemberKind::Group) {
                    let stack = Stack { resource: policy.clone(), ..member.stack.clone() };
                    if let Some(found) = asks(&member.principal, Context::open(), &stack) {
                        self.link(at, to, primitive, found);
                    }
                }
                if policy.is_none() {
                    continue;
                }
                let anonymous = asks(&Principal::Anonymous, outside(), &Stack::default().with_resource(policy.clone()));
                if let Some(found) = anonymous {
                    let from = self.internet();
                    self.link(from, to, "resource-policy-open", found);
                }
                let stranger = Principal::User { arn: format!("arn:aws:iam::{STRANGER}:user/anyone") };
                let context = outside().with("aws:PrincipalOrgID", "o-stranger");
                if let Some(mut found) = asks(&stranger, context, &own_account(policy.clone())) {
                    found.by.retain(|(name, _)| policy.as_ref().is_some_and(|policy| policy.name == *name));
                    let from = self.node(ANY_ACCOUNT, NodeKind::Account, &nowhere());
                    self.link(from, to, "resource-policy-open", found);
                }
            }
        }
    }
}
