//! Typed views of resources. The properties stay the truth; a view is read from them anew at every change.

mod function;
mod rest_api;
mod role;
pub mod security_group;
pub mod trail;

pub use function::Function;
pub use rest_api::{Authorizer, AuthorizerKind, Integration, RestApi, Route, RouteAuth, Stage, UsagePlan, Validator};
pub use role::{PolicyDocument, Role};
pub use security_group::{Direction, RulePeer, SecurityGroupRule};

use crate::app::{Resource, ResourceId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All typed views of an application.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// REST APIs with their routes.
    pub rest_apis: Vec<RestApi>,
    /// Lambda functions.
    pub functions: BTreeMap<ResourceId, Function>,
    /// IAM roles.
    pub roles: BTreeMap<ResourceId, Role>,
    /// Usage plans with their keys.
    pub usage_plans: Vec<UsagePlan>,
    pub(crate) by_arn: BTreeMap<String, ResourceId>,
    pub(crate) by_kind: BTreeMap<String, Vec<Arc<Resource>>>,
}

impl Index {
    pub(crate) fn of(resources: &BTreeMap<ResourceId, Arc<Resource>>) -> Self {
        let mut index = Self::default();
        let is_policy = |r: &&Resource| matches!(r.kind.as_str(), "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy");
        let policies: Vec<&Resource> = resources.values().map(|resource| &**resource).filter(is_policy).collect();
        for resource in resources.values() {
            index.by_kind.entry(resource.kind.clone()).or_default().push(resource.clone());
            if let Some(arn) = &resource.arn {
                index.by_arn.insert(arn.clone(), resource.id.clone());
            }
            match resource.kind.as_str() {
                "AWS::Lambda::Function" => {
                    index.functions.insert(resource.id.clone(), Function::of(resource));
                }
                "AWS::IAM::Role" => {
                    index.roles.insert(resource.id.clone(), Role::of(resource, &policies));
                }
                _ => {}
            }
        }
        index.rest_apis = rest_api::all(resources);
        index.usage_plans = rest_api::usage_plans(resources);
        index
    }

    /// The function with this ARN, with or without a qualifier (`:alias`, `:$LATEST`).
    pub fn function_by_arn(&self, arn: &str) -> Option<&Function> {
        let whole = |arn: &str| self.functions.get(self.by_arn.get(arn)?);
        whole(arn).or_else(|| whole(arn.rsplit_once(':')?.0))
    }

    /// The role with this ARN.
    pub fn role_by_arn(&self, arn: &str) -> Option<&Role> {
        self.roles.get(self.by_arn.get(arn)?)
    }
}
