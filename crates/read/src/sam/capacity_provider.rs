//! `AWS::Serverless::CapacityProvider` (AWS SAM Developer Guide), and the configuration with which a function uses one.

use super::make::{Put as _, attribute, copy, given, list, map, set, text, trust};
use super::{Work, tags};
use model::{Member, Node};

/// `CapacityProviderConfig` of a function as Lambda has it.
pub(super) fn of_function(config: &Node) -> Node {
    let place = &config.place;
    let mut inner = map([], place);
    inner.put_some("CapacityProviderArn", given(config, "Arn").cloned());
    copy(&mut inner, config, &["PerExecutionEnvironmentMaxConcurrency", "ExecutionEnvironmentMemoryGiBPerVCpu"]);
    map([("LambdaManagedInstancesCapacityProviderConfig", inner)], place)
}

impl Work<'_> {
    pub(super) fn capacity_provider(&mut self, member: &Member, p: &Node) {
        let (logical, place) = (member.key.as_str(), &member.key_place);
        let mut properties = map([], &p.place);
        properties.put_some("CapacityProviderName", set(p, "CapacityProviderName").cloned());
        if let Some(network) = set(p, "VpcConfig") {
            let mut config = map([], place);
            copy(&mut config, network, &["SubnetIds", "SecurityGroupIds"]);
            if given(network, "SubnetIds").is_none() {
                self.refuse(format!("VpcConfig of {logical} wants SubnetIds"), &network.place);
            }
            properties.put("VpcConfig", config);
        }
        let role = set(p, "OperatorRole").cloned().unwrap_or_else(|| {
            let id = format!("{logical}OperatorRole");
            let arn = self.managed_policy("AWSLambdaManagedEC2ResourceOperator", place);
            let role = map(
                [
                    ("AssumeRolePolicyDocument", trust("lambda.amazonaws.com", place)),
                    ("ManagedPolicyArns", list(vec![arn], place)),
                    ("Tags", list(tags::created("lambda:createdBy", None, place), place)),
                ],
                place,
            );
            self.generate(&id, "AWS::IAM::Role", role, place);
            attribute(&id, "Arn", place)
        });
        properties.put("PermissionsConfig", map([("CapacityProviderOperatorRoleArn", role)], place));
        properties.put("Tags", list(tags::created("lambda:createdBy", p.get("Tags"), place), place));
        if let Some(written) = set(p, "InstanceRequirements") {
            let mut requirements = map([], place);
            for (from, to) in
                [("Architectures", "Architectures"), ("AllowedTypes", "AllowedInstanceTypes"), ("ExcludedTypes", "ExcludedInstanceTypes")]
            {
                requirements.put_some(to, given(written, from).cloned());
            }
            if given(written, "AllowedTypes").is_some() && given(written, "ExcludedTypes").is_some() {
                self.refuse(format!("AllowedTypes and ExcludedTypes of {logical} exclude each other"), place);
            }
            properties.put("InstanceRequirements", requirements);
        }
        if let Some(written) = set(p, "ScalingConfig") {
            let mut scaling = map([], place);
            copy(&mut scaling, written, &["MaxVCpuCount"]);
            match given(written, "AverageCPUUtilization") {
                Some(target) => {
                    let metric = text("LambdaCapacityProviderAverageCPUUtilization", place);
                    let policy = map([("PredefinedMetricType", metric), ("TargetValue", target.clone())], place);
                    scaling.put("ScalingMode", text("Manual", place));
                    scaling.put("ScalingPolicies", list(vec![policy], place));
                }
                None => scaling.put("ScalingMode", text("Auto", place)),
            }
            properties.put("CapacityProviderScalingConfig", scaling);
        }
        properties.put_some("KmsKeyArn", set(p, "KmsKeyArn").cloned());
        self.replace(&member.value, logical, "AWS::Lambda::CapacityProvider", properties, place);
    }
}
