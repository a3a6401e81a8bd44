//! What AWS calls a resource once it exists, by type: `Ref`, ARN and `Fn::GetAtt` attributes as the CloudFormation
//! "Resource and property types reference" documents their form. Data only.
//!
//! `{name}` is the name the template gives or the generated one, `{id}` what `Ref` gives; `{hex17}`, `{alnum10}`,
//! `{upper12}`, `{digits12}` are letters drawn from a hash of stack and logical id; `{regional12}` is drawn from account
//! and region; `{uuid}`; `{p:Property=default}` is a property's value.

/// One resource type.
#[derive(Debug)]
pub(super) struct Row {
    /// CloudFormation type.
    pub kind: &'static str,
    /// The property that names it, when there is one.
    pub name: &'static str,
    /// What `Ref` gives.
    pub id: &'static str,
    /// Its ARN; empty when it has none.
    pub arn: &'static str,
    /// Attribute and value; `Arn` is implied where there is an ARN.
    pub attributes: &'static [(&'static str, &'static str)],
}

const fn row(
    kind: &'static str,
    name: &'static str,
    id: &'static str,
    arn: &'static str,
    attributes: &'static [(&'static str, &'static str)],
) -> Row {
    Row { kind, name, id, arn, attributes }
}

/// Every type whose identifiers are known.
#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    row("AWS::ApiGateway::ApiKey", "", "{alnum10}", "arn:{partition}:apigateway:{region}::/apikeys/{id}", &[("APIKeyId", "{id}")]),
    row("AWS::ApiGateway::Account", "", "{alnum10}", "", &[("Id", "{id}")]),
    row("AWS::ApiGateway::Authorizer", "", "{alnum6}", "", &[("AuthorizerId", "{id}")]),
    row("AWS::ApiGateway::BasePathMapping", "", "{p:DomainName=}|{p:BasePath=(none)}", "", &[]),
    row("AWS::ApiGateway::Deployment", "", "{alnum6}", "", &[("DeploymentId", "{id}")]),
    row("AWS::ApiGateway::DomainName", "DomainName", "{name}", "arn:{partition}:apigateway:{region}::/domainnames/{id}", &[
        ("RegionalDomainName", "d-{alnum10}.execute-api.{region}.amazonaws.com"), ("RegionalHostedZoneId", "Z{upper13}"),
        ("DistributionDomainName", "d{alnum13}.cloudfront.net"), ("DistributionHostedZoneId", "Z2FDTNDATAQYW2"), ("DomainNameArn", "{arn}")]),
    row("AWS::ApiGateway::GatewayResponse", "", "{alnum10}", "", &[("Id", "{id}")]),
    row("AWS::ApiGateway::Method", "", "{alnum16}", "", &[]),
    row("AWS::ApiGateway::Model", "Name", "{name}", "", &[]),
    row("AWS::ApiGateway::RequestValidator", "", "{alnum6}", "", &[("RequestValidatorId", "{id}")]),
    row("AWS::ApiGateway::Resource", "", "{alnum6}", "", &[("ResourceId", "{id}")]),
    row("AWS::ApiGateway::RestApi", "", "{alnum10}", "arn:{partition}:apigateway:{region}::/restapis/{id}", &[
        ("RootResourceId", "{root10}"), ("RestApiId", "{id}")]),
    row("AWS::ApiGateway::Stage", "StageName", "{name}", "arn:{partition}:apigateway:{region}::/restapis/{p:RestApiId=unknown}/stages/{id}", &[]),
    row("AWS::ApiGateway::UsagePlan", "", "{alnum6}", "arn:{partition}:apigateway:{region}::/usageplans/{id}", &[("Id", "{id}")]),
    row("AWS::ApiGateway::UsagePlanKey", "", "{alnum10}:{alnum6}", "", &[("Id", "{id}")]),
    row("AWS::ApiGateway::VpcLink", "", "{alnum6}", "", &[("VpcLinkId", "{id}")]),
    row("AWS::ApiGatewayV2::Api", "", "{alnum10}", "arn:{partition}:apigateway:{region}::/apis/{id}", &[
        ("ApiEndpoint", "https://{id}.execute-api.{region}.{suffix}"), ("ApiId", "{id}")]),
    row("AWS::ApiGatewayV2::Authorizer", "", "{alnum6}", "", &[("AuthorizerId", "{id}")]),
    row("AWS::ApiGatewayV2::Deployment", "", "{alnum6}", "", &[("DeploymentId", "{id}")]),
    row("AWS::ApiGatewayV2::Integration", "", "{alnum7}", "", &[("IntegrationId", "{id}")]),
    row("AWS::ApiGatewayV2::Route", "", "{alnum7}", "", &[("RouteId", "{id}")]),
    row("AWS::ApiGatewayV2::Stage", "StageName", "{name}", "arn:{partition}:apigateway:{region}::/apis/{p:ApiId=unknown}/stages/{id}", &[]),
    row("AWS::AppSync::GraphQLApi", "", "arn:{partition}:appsync:{region}:{account}:apis/{alnum26}", "{id}", &[
        ("ApiId", "{alnum26}"), ("GraphQLUrl", "https://{alnum26}.appsync-api.{region}.{suffix}/graphql")]),
    row("AWS::CertificateManager::Certificate", "", "arn:{partition}:acm:{region}:{account}:certificate/{uuid}", "{id}", &[]),
    row("AWS::CloudFront::Distribution", "", "E{upper13}", "arn:{partition}:cloudfront::{account}:distribution/{id}", &[
        ("DomainName", "d{alnum13}.cloudfront.net"), ("Id", "{id}")]),
    row("AWS::CloudFront::CloudFrontOriginAccessIdentity", "", "E{upper13}", "", &[("S3CanonicalUserId", "{hex64}"), ("Id", "{id}")]),
    row("AWS::CloudFront::OriginAccessControl", "", "E{upper13}", "", &[("Id", "{id}")]),
    row("AWS::CloudTrail::Trail", "TrailName", "{name}", "arn:{partition}:cloudtrail:{region}:{account}:trail/{id}", &[]),
    row("AWS::CloudWatch::Alarm", "AlarmName", "{name}", "arn:{partition}:cloudwatch:{region}:{account}:alarm:{id}", &[]),
    row("AWS::CodeBuild::Project", "Name", "{name}", "arn:{partition}:codebuild:{region}:{account}:project/{id}", &[]),
    row("AWS::CodeDeploy::Application", "ApplicationName", "{name}", "", &[]),
    row("AWS::CodeDeploy::DeploymentGroup", "DeploymentGroupName", "{name}", "", &[]),
    row("AWS::Cognito::IdentityPool", "", "{region}:{uuid}", "", &[("Name", "{p:IdentityPoolName={logical}}")]),
    row("AWS::Cognito::UserPool", "", "{region}_{alnum9}", "arn:{partition}:cognito-idp:{region}:{account}:userpool/{id}", &[
        ("ProviderName", "cognito-idp.{region}.{suffix}/{id}"), ("ProviderURL", "https://cognito-idp.{region}.{suffix}/{id}"), ("UserPoolId", "{id}")]),
    row("AWS::Cognito::UserPoolClient", "", "{alnum26}", "", &[("Name", "{p:ClientName={logical}}"), ("ClientId", "{id}"), ("ClientSecret", "{alnum52}")]),
    row("AWS::Cognito::UserPoolDomain", "Domain", "{name}", "", &[("CloudFrontDistribution", "d{alnum13}.cloudfront.net")]),
    row("AWS::Cognito::UserPoolGroup", "GroupName", "{name}", "", &[]),
    row("AWS::Cognito::UserPoolResourceServer", "Identifier", "{name}", "", &[]),
    row("AWS::DynamoDB::GlobalTable", "TableName", "{name}", "arn:{partition}:dynamodb:{region}:{account}:table/{id}", &[("TableId", "{uuid}"),
        ("StreamArn", "arn:{partition}:dynamodb:{region}:{account}:table/{id}/stream/2024-01-01T00:00:00.000")]),
    row("AWS::DynamoDB::Table", "TableName", "{name}", "arn:{partition}:dynamodb:{region}:{account}:table/{id}", &[
        ("StreamArn", "arn:{partition}:dynamodb:{region}:{account}:table/{id}/stream/2024-01-01T00:00:00.000")]),
    row("AWS::EC2::EIP", "", "198.51.100.{octet}", "", &[("AllocationId", "eipalloc-{hex17}"), ("PublicIp", "{id}")]),
    row("AWS::EC2::FlowLog", "", "fl-{hex17}", "", &[("Id", "{id}")]),
    row("AWS::EC2::Instance", "", "i-{hex17}", "arn:{partition}:ec2:{region}:{account}:instance/{id}", &[
        ("InstanceId", "{id}"), ("PrivateIp", "10.0.0.{octet}"), ("PublicIp", "198.51.100.{octet}"), ("AvailabilityZone", "{region}a"),
        ("PrivateDnsName", "ip-10-0-0-{octet}.ec2.internal"), ("PublicDnsName", "ec2-198-51-100-{octet}.compute-1.amazonaws.com")]),
    row("AWS::EC2::InternetGateway", "", "igw-{hex17}", "", &[("InternetGatewayId", "{id}")]),
    row("AWS::EC2::LaunchTemplate", "", "lt-{hex17}", "", &[("LatestVersionNumber", "1"), ("DefaultVersionNumber", "1"), ("LaunchTemplateId", "{id}")]),
    row("AWS::EC2::NatGateway", "", "nat-{hex17}", "", &[("NatGatewayId", "{id}")]),
    row("AWS::EC2::NetworkAcl", "", "acl-{hex17}", "", &[("Id", "{id}")]),
    row("AWS::EC2::NetworkInterface", "", "eni-{hex17}", "", &[("Id", "{id}"), ("PrimaryPrivateIpAddress", "10.0.0.{octet}")]),
    row("AWS::EC2::RouteTable", "", "rtb-{hex17}", "", &[("RouteTableId", "{id}")]),
    row("AWS::EC2::SecurityGroup", "", "sg-{hex17}", "arn:{partition}:ec2:{region}:{account}:security-group/{id}", &[
        ("GroupId", "{id}"), ("Id", "{id}"), ("VpcId", "{p:VpcId=}")]),
    row("AWS::EC2::SecurityGroupEgress", "", "sgr-{hex17}", "", &[("Id", "{id}")]),
    row("AWS::EC2::SecurityGroupIngress", "", "sgr-{hex17}", "", &[("Id", "{id}")]),
    row("AWS::EC2::Subnet", "", "subnet-{hex17}", "arn:{partition}:ec2:{region}:{account}:subnet/{id}", &[
        ("SubnetId", "{id}"), ("AvailabilityZone", "{p:AvailabilityZone={region}a}"), ("VpcId", "{p:VpcId=}"), ("CidrBlock", "{p:CidrBlock=}")]),
    row("AWS::EC2::SubnetRouteTableAssociation", "", "rtbassoc-{hex17}", "", &[("Id", "{id}")]),
    row("AWS::EC2::VPC", "", "vpc-{hex17}", "arn:{partition}:ec2:{region}:{account}:vpc/{id}", &[
        ("VpcId", "{id}"), ("CidrBlock", "{p:CidrBlock=}"), ("DefaultSecurityGroup", "sg-{hex17}"), ("DefaultNetworkAcl", "acl-{hex17}")]),
    row("AWS::EC2::VPCEndpoint", "", "vpce-{hex17}", "", &[("Id", "{id}")]),
    row("AWS::ECR::Repository", "RepositoryName", "{name:lower}", "arn:{partition}:ecr:{region}:{account}:repository/{id}", &[
        ("RepositoryUri", "{account}.dkr.ecr.{region}.{suffix}/{id}")]),
    row("AWS::ECS::Cluster", "ClusterName", "{name}", "arn:{partition}:ecs:{region}:{account}:cluster/{id}", &[]),
    row("AWS::ECS::TaskDefinition", "", "arn:{partition}:ecs:{region}:{account}:task-definition/{name}:1", "{id}", &[("TaskDefinitionArn", "{id}")]),
    row("AWS::EFS::AccessPoint", "", "fsap-{hex17}", "arn:{partition}:elasticfilesystem:{region}:{account}:access-point/{id}", &[("AccessPointId", "{id}")]),
    row("AWS::EFS::FileSystem", "", "fs-{hex17}", "arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{id}", &[("FileSystemId", "{id}")]),
    row("AWS::EFS::MountTarget", "", "fsmt-{hex17}", "", &[("Id", "{id}")]),
    row("AWS::Events::Archive", "ArchiveName", "{name}", "arn:{partition}:events:{region}:{account}:archive/{id}", &[]),
    row("AWS::Events::EventBus", "Name", "{name}", "arn:{partition}:events:{region}:{account}:event-bus/{id}", &[("Name", "{id}")]),
    row("AWS::Events::Rule", "Name", "{name}", "arn:{partition}:events:{region}:{account}:rule/{id}", &[]),
    row("AWS::IAM::AccessKey", "", "AKIA{upper16}", "", &[("SecretAccessKey", "{alnum40}")]),
    row("AWS::IAM::Group", "GroupName", "{name}", "arn:{partition}:iam::{account}:group/{id}", &[]),
    row("AWS::IAM::InstanceProfile", "InstanceProfileName", "{name}", "arn:{partition}:iam::{account}:instance-profile/{id}", &[]),
    row("AWS::IAM::ManagedPolicy", "ManagedPolicyName", "arn:{partition}:iam::{account}:policy{p:Path=/}{name}", "{id}", &[("PolicyArn", "{id}")]),
    row("AWS::IAM::Policy", "PolicyName", "{name}", "", &[("Id", "{id}")]),
    row("AWS::IAM::Role", "RoleName", "{name:64}", "arn:{partition}:iam::{account}:role{p:Path=/}{id}", &[("RoleId", "AROA{upper16}")]),
    row("AWS::IAM::User", "UserName", "{name:64}", "arn:{partition}:iam::{account}:user{p:Path=/}{id}", &[]),
    row("AWS::KMS::Alias", "AliasName", "{name}", "arn:{partition}:kms:{region}:{account}:{id}", &[]),
    row("AWS::KMS::Key", "", "{uuid}", "arn:{partition}:kms:{region}:{account}:key/{id}", &[("KeyId", "{id}")]),
    row("AWS::Kinesis::Stream", "Name", "{name}", "arn:{partition}:kinesis:{region}:{account}:stream/{id}", &[]),
    row("AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName", "{name:64}", "arn:{partition}:firehose:{region}:{account}:deliverystream/{id}", &[]),
    row("AWS::Lambda::Alias", "", "{p:FunctionName=unknown:arn}:{p:Name=unknown}", "{id}", &[("AliasArn", "{id}")]),
    row("AWS::Lambda::CodeSigningConfig", "", "arn:{partition}:lambda:{region}:{account}:code-signing-config:csc-{hex17}", "{id}", &[("CodeSigningConfigArn", "{id}")]),
    row("AWS::Lambda::EventInvokeConfig", "", "{uuid}", "", &[]),
    row("AWS::Lambda::EventSourceMapping", "", "{uuid}", "arn:{partition}:lambda:{region}:{account}:event-source-mapping:{id}", &[("EventSourceMappingArn", "{arn}"), ("Id", "{id}")]),
    row("AWS::Lambda::Function", "FunctionName", "{name:64}", "arn:{partition}:lambda:{region}:{account}:function:{id}", &[]),
    row("AWS::Lambda::LayerVersion", "", "arn:{partition}:lambda:{region}:{account}:layer:{p:LayerName={logical}}:1", "{id}", &[("LayerVersionArn", "{id}")]),
    row("AWS::Lambda::Permission", "", "{name}", "", &[("Id", "{id}")]),
    row("AWS::Lambda::Url", "", "{p:TargetFunctionArn=unknown:arn}", "", &[("FunctionUrl", "https://{alnum32}.lambda-url.{region}.on.aws/"), ("FunctionArn", "{id}")]),
    row("AWS::Lambda::Version", "", "{p:FunctionName=unknown:arn}:1", "{id}", &[("Version", "1"), ("FunctionArn", "{id}")]),
    row("AWS::Logs::LogGroup", "LogGroupName", "{name}", "arn:{partition}:logs:{region}:{account}:log-group:{id}:*", &[]),
    row("AWS::RDS::DBCluster", "DBClusterIdentifier", "{name:lower}", "arn:{partition}:rds:{region}:{account}:cluster:{id}", &[
        ("DBClusterArn", "{arn}"), ("DBClusterResourceId", "cluster-{upper26}"), ("Endpoint.Address", "{id}.cluster-{regional12}.{region}.rds.{suffix}"),
        ("Endpoint.Port", "{p:Port=3306}"), ("ReadEndpoint.Address", "{id}.cluster-ro-{regional12}.{region}.rds.{suffix}"),
        ("MasterUserSecret.SecretArn", "arn:{partition}:secretsmanager:{region}:{account}:secret:rds!cluster-{uuid}-{alnum6}")]),
    row("AWS::RDS::DBInstance", "DBInstanceIdentifier", "{name:lower}", "arn:{partition}:rds:{region}:{account}:db:{id}", &[
        ("DBInstanceArn", "{arn}"), ("DbiResourceId", "db-{upper26}"), ("Endpoint.Address", "{id}.{regional12}.{region}.rds.{suffix}"), ("Endpoint.Port", "{p:Port=3306}"),
        ("MasterUserSecret.SecretArn", "arn:{partition}:secretsmanager:{region}:{account}:secret:rds!db-{uuid}-{alnum6}")]),
    row("AWS::RDS::DBProxy", "DBProxyName", "{name:lower}", "arn:{partition}:rds:{region}:{account}:db-proxy:prx-{hex17}", &[
        ("DBProxyArn", "{arn}"), ("Endpoint", "{id}.proxy-{regional12}.{region}.rds.{suffix}")]),
    row("AWS::RDS::DBSubnetGroup", "DBSubnetGroupName", "{name:lower}", "arn:{partition}:rds:{region}:{account}:subgrp:{id}", &[]),
    row("AWS::S3::Bucket", "BucketName", "{name:bucket}", "arn:{partition}:s3:::{id}", &[
        ("DomainName", "{id}.s3.{suffix}"), ("RegionalDomainName", "{id}.s3.{region}.{suffix}"),
        ("DualStackDomainName", "{id}.s3.dualstack.{region}.{suffix}"), ("WebsiteURL", "http://{id}.s3-website-{region}.{suffix}")]),
    row("AWS::S3::BucketPolicy", "", "{p:Bucket=unknown}", "", &[]),
    row("AWS::SES::ConfigurationSet", "Name", "{name}", "", &[]),
    row("AWS::SNS::Subscription", "", "{p:TopicArn=unknown}:{uuid}", "", &[]),
    row("AWS::SNS::Topic", "TopicName", "arn:{partition}:sns:{region}:{account}:{name}", "{id}", &[("TopicArn", "{id}"), ("TopicName", "{name}")]),
    row("AWS::SQS::Queue", "QueueName", "https://sqs.{region}.{suffix}/{account}/{name}", "arn:{partition}:sqs:{region}:{account}:{name}", &[
        ("QueueName", "{name}"), ("QueueUrl", "{id}")]),
    row("AWS::SSM::Parameter", "Name", "{name}", "arn:{partition}:ssm:{region}:{account}:parameter/{name:bare}", &[("Type", "{p:Type=String}"), ("Value", "{p:Value=}")]),
    row("AWS::Scheduler::Schedule", "Name", "{name}", "arn:{partition}:scheduler:{region}:{account}:schedule/{p:GroupName=default}/{id}", &[]),
    row("AWS::Scheduler::ScheduleGroup", "Name", "{name}", "arn:{partition}:scheduler:{region}:{account}:schedule-group/{id}", &[]),
    row("AWS::SecretsManager::RotationSchedule", "", "{p:SecretId=unknown}", "", &[]),
    row("AWS::SecretsManager::Secret", "Name", "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{Alnum6}", "{id}", &[("Id", "{id}")]),
    row("AWS::SecretsManager::SecretTargetAttachment", "", "{p:SecretId=unknown}", "", &[("Id", "{id}")]),
    row("AWS::StepFunctions::StateMachine", "StateMachineName", "arn:{partition}:states:{region}:{account}:stateMachine:{name}", "{id}", &[("Name", "{name}")]),
    row("AWS::VerifiedPermissions::PolicyStore", "", "{Alnum22}", "arn:{partition}:verifiedpermissions::{account}:policy-store/{id}", &[("PolicyStoreId", "{id}")]),
    row("AWS::WAFv2::IPSet", "Name", "{name}|{uuid}|{p:Scope=REGIONAL}", "arn:{partition}:wafv2:{region}:{account}:regional/ipset/{name}/{uuid}", &[("Id", "{uuid}")]),
    row("AWS::WAFv2::LoggingConfiguration", "", "{p:ResourceArn=unknown}", "", &[]),
    row("AWS::WAFv2::RegexPatternSet", "Name", "{name}|{uuid}|{p:Scope=REGIONAL}", "arn:{partition}:wafv2:{region}:{account}:regional/regexpatternset/{name}/{uuid}", &[("Id", "{uuid}")]),
    row("AWS::WAFv2::RuleGroup", "Name", "{name}|{uuid}|{p:Scope=REGIONAL}", "arn:{partition}:wafv2:{region}:{account}:regional/rulegroup/{name}/{uuid}", &[("Id", "{uuid}")]),
    row("AWS::WAFv2::WebACL", "Name", "{name}|{uuid}|{p:Scope=REGIONAL}", "arn:{partition}:wafv2:{region}:{account}:regional/webacl/{name}/{uuid}", &[("Id", "{uuid}"), ("Capacity", "1")]),
    row("AWS::WAFv2::WebACLAssociation", "", "{p:WebACLArn=unknown}|{p:ResourceArn=unknown}", "", &[]),
    row("AWS::XRay::Group", "", "arn:{partition}:xray:{region}:{account}:group/{p:GroupName=group}/{upper26}", "{id}", &[("GroupARN", "{id}")]),
    row("AWS::XRay::SamplingRule", "", "arn:{partition}:xray:{region}:{account}:sampling-rule/{logical}", "{id}", &[("RuleARN", "{id}")]),
];

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn types_are_sorted_by_service_and_unique() {
        let mut kinds: Vec<_> = TABLE.iter().map(|row| row.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), TABLE.len());
    }
}
