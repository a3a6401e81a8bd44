//! The risks of buckets, databases, functions, logs and distributions, judged from the resource graph: for each several forms in
//! which it stands, none of them its page's, and well-built twins on which it is silent.
use crate::judged::*;

crate::tests!(buckets, plain_http, databases, who_connects_to_a_database, functions, what_goes_with_its_stack, watching, distributions);

fn buckets() {
    property(
        "bucket-unversioned",
        "S3::Bucket",
        &["BucketName: a", "VersioningConfiguration: {Status: Suspended}", "VersioningConfiguration: {}"],
        &["VersioningConfiguration: {Status: Enabled}"],
    );
    judged(
        "bucket-unversioned",
        &[
            r#"{"Resources":{"B":{"Type":"AWS::S3::Bucket"}}}"#,
            "Parameters: {V: {Type: String}}\nResources: {B: {Type: 'AWS::S3::Bucket', Properties: {VersioningConfiguration: {Status: !Ref V}}}}\n",
        ],
        &[r#"{"Resources":{"B":{"Type":"AWS::S3::Bucket","Properties":{"VersioningConfiguration":{"Status":"Enabled"}}}}}"#],
    );
    property(
        "bucket-mfa-delete",
        "S3::Bucket",
        &[
            "VersioningConfiguration: {Status: Enabled}",
            "BucketName: b, VersioningConfiguration: {Status: Enabled}",
            "ObjectLockEnabled: false, VersioningConfiguration: {Status: Enabled}",
        ],
        &["BucketName: b", "ObjectLockEnabled: true, VersioningConfiguration: {Status: Enabled}"],
    );
    let all = "PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}";
    property(
        "bucket-opens-public-access",
        "S3::Bucket",
        &[
            "PublicAccessBlockConfiguration: {BlockPublicAcls: false}",
            "PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: true}",
            "PublicAccessBlockConfiguration: {RestrictPublicBuckets: 'false'}",
        ],
        &["BucketName: b", all],
    );
    property(
        "public-bucket-acl",
        "S3::Bucket",
        &[
            "AccessControl: PublicRead",
            "AccessControl: AuthenticatedRead",
            "AccessControl: PublicReadWrite, OwnershipControls: {Rules: [{ObjectOwnership: BucketOwnerPreferred}]}",
        ],
        &[
            "AccessControl: Private",
            "AccessControl: LogDeliveryWrite",
            "AccessControl: PublicRead, PublicAccessBlockConfiguration: {IgnorePublicAcls: true}",
            "AccessControl: PublicRead, OwnershipControls: {Rules: [{ObjectOwnership: BucketOwnerEnforced}]}",
        ],
    );
    property(
        "guessable-bucket",
        "S3::Bucket",
        &["BucketName: acme-prod", "BucketName: backup.acme", "BucketName: !Sub 'shop-${AWS::Region}-assets'"],
        &["BucketName: !Sub 'acme-prod-${AWS::AccountId}'", "BucketName: acme-prod-8f3k2j9d", "Tags: []", "BucketName: acme"],
    );
    property("bucket-unclassified", "S3::Bucket", &["BucketName: a", "Tags: []", "VersioningConfiguration: {Status: Enabled}"], &[]);
    judged(
        "bucket-unclassified",
        &["Resources: {B: {Type: 'AWS::S3::Bucket'}, M: {Type: 'AWS::Macie::Session', Properties: {Status: PAUSED}}}\n"],
        &[
            "Resources: {B: {Type: 'AWS::S3::Bucket'}, M: {Type: 'AWS::Macie::Session', Properties: {}}}\n",
            "Resources: {Q: {Type: 'AWS::SQS::Queue'}}\n",
        ],
    );
}

fn plain_http() {
    let policy = |statement: &str| {
        format!(
            "Resources:\n  B: {{Type: 'AWS::S3::Bucket'}}\n  P: {{Type: 'AWS::S3::BucketPolicy', Properties: {{Bucket: !Ref B, PolicyDocument: {{Version: '2012-10-17', Statement: [{statement}]}}}}}}\n"
        )
    };
    let deny = |condition: &str| {
        policy(&format!(
            "{{Effect: Deny, Principal: '*', Action: 's3:*', Resource: [!GetAtt B.Arn, !Sub '${{B.Arn}}/*'], Condition: {condition}}}"
        ))
    };
    judged(
        "bucket-plain-http",
        &[
            &one("S3::Bucket", "BucketName: a"),
            &policy("{Effect: Allow, Principal: {Service: cloudfront.amazonaws.com}, Action: 's3:GetObject', Resource: !Sub '${B.Arn}/*'}"),
            &deny("{Bool: {'aws:SecureTransport': 'true'}}"),
            // Only writes are refused.
            &policy(
                "{Effect: Deny, Principal: '*', Action: 's3:PutObject', Resource: !Sub '${B.Arn}/*', Condition: {Bool: {'aws:SecureTransport': 'false'}}}",
            ),
        ],
        &[
            &deny("{Bool: {'aws:SecureTransport': 'false'}}"),
            &deny("{BoolIfExists: {'aws:SecureTransport': false}}"),
            &policy(
                "{Effect: Deny, NotPrincipal: {Service: x.amazonaws.com}, NotAction: 's3:ListBucket', Resource: '*', Condition: {StringEquals: {'aws:SecureTransport': 'false'}}}",
            ),
        ],
    );
}

fn databases() {
    property(
        "database-unencrypted",
        "RDS::DBInstance",
        &["Engine: mysql", "Engine: postgres, StorageEncrypted: false", "Engine: mysql, DBSnapshotIdentifier: s"],
        &["Engine: mysql, StorageEncrypted: true", "Engine: aurora-mysql, DBClusterIdentifier: c"],
    );
    property("database-unencrypted", "DocDB::DBCluster", &["MasterUsername: a"], &["StorageEncrypted: 'true'"]);
    property("database-unencrypted", "RDS::DBCluster", &["Engine: aurora-mysql"], &["Engine: aurora, EngineMode: serverless"]);
    property(
        "database-upgrades-off",
        "RDS::DBInstance",
        &["AutoMinorVersionUpgrade: false", "AutoMinorVersionUpgrade: 'false'", "Engine: mysql, AutoMinorVersionUpgrade: no"],
        &["Engine: mysql", "AutoMinorVersionUpgrade: true"],
    );
    property(
        "database-backup-short",
        "RDS::DBInstance",
        &["Engine: mysql", "BackupRetentionPeriod: 0", "BackupRetentionPeriod: '1'"],
        &["BackupRetentionPeriod: 7", "BackupRetentionPeriod: '35'", "DBClusterIdentifier: c"],
    );
    property(
        "database-single-zone",
        "RDS::DBInstance",
        &["Engine: mysql", "Engine: postgres, MultiAZ: false", "Engine: mariadb, MultiAZ: 'false'"],
        &["Engine: mysql, MultiAZ: true", "Engine: aurora-mysql, DBClusterIdentifier: c"],
    );
    let cluster = |instances: usize| {
        let each: String = (0..instances)
            .map(|n| {
                format!("  I{n}: {{Type: 'AWS::RDS::DBInstance', Properties: {{Engine: aurora-mysql, DBClusterIdentifier: !Ref C}}}}\n")
            })
            .collect();
        format!("Resources:\n  C: {{Type: 'AWS::RDS::DBCluster', Properties: {{Engine: aurora-mysql}}}}\n{each}")
    };
    judged("database-single-zone", &[&cluster(1), &cluster(0)], &[&cluster(2)]);
    property(
        "database-public",
        "RDS::DBInstance",
        &["Engine: mysql, PubliclyAccessible: true", "Engine: mysql", "DBSubnetGroupName: g, PubliclyAccessible: 'true'"],
        &["PubliclyAccessible: false", "DBSubnetGroupName: g", "DBClusterIdentifier: c"],
    );
    let subscription = |properties: &str| {
        format!(
            "Resources:\n  D: {{Type: 'AWS::RDS::DBInstance', Properties: {{Engine: mysql}}}}\n  S: {{Type: 'AWS::RDS::EventSubscription', Properties: {{SnsTopicArn: 'arn:aws:sns:us-east-1:123456789012:t'{properties}}}}}\n"
        )
    };
    judged(
        "database-events-unwatched",
        &[&one("RDS::DBCluster", "Engine: aurora-mysql"), &subscription(", SourceType: db-instance"), &subscription(", Enabled: false")],
        &[&subscription(""), "Resources: {Q: {Type: 'AWS::SQS::Queue'}}\n"],
    );
}

/// A database behind a group, a function in another, and the rule between them.
fn network(rule: &str, apart: &str) -> String {
    format!(
        "Resources:
  Functions: {{Type: 'AWS::EC2::SecurityGroup', Properties: {{GroupDescription: f, VpcId: vpc-1}}}}
  Data: {{Type: 'AWS::EC2::SecurityGroup', Properties: {{GroupDescription: d, VpcId: vpc-1{rule}}}}}
{apart}  D: {{Type: 'AWS::RDS::DBInstance', Properties: {{Engine: mysql, EngineVersion: '8.0.39', VPCSecurityGroups: [!GetAtt Data.GroupId]}}}}
  F: {{Type: 'AWS::Lambda::Function', Properties: {{{FUNCTION}, VpcConfig: {{SecurityGroupIds: [!GetAtt Functions.GroupId], SubnetIds: [subnet-1]}}, Environment: {{Variables: {{DB: !GetAtt D.Endpoint.Address}}}}}}}}
"
    )
}

fn who_connects_to_a_database() {
    let inline = |rule: &str| network(&format!(", SecurityGroupIngress: [{{IpProtocol: tcp, FromPort: 3306, ToPort: 3306, {rule}}}]"), "");
    let apart = |rule: &str| {
        network(
            "",
            &format!(
                "  R: {{Type: 'AWS::EC2::SecurityGroupIngress', Properties: {{GroupId: !Ref Data, IpProtocol: tcp, FromPort: 3306, ToPort: 3306, {rule}}}}}\n"
            ),
        )
    };
    judged(
        "database-open-network",
        &[&inline("CidrIp: 10.0.0.0/16"), &apart("CidrIp: 0.0.0.0/0"), &inline("CidrIpv6: '::/0'"), &apart("CidrIp: 172.16.0.0/12")],
        &[
            &inline("SourceSecurityGroupId: !GetAtt Functions.GroupId"),
            &apart("SourceSecurityGroupId: !Ref Functions"),
            &inline("CidrIp: 10.0.7.4/32"),
            &network("", ""),
        ],
    );
    let groups = |parameters: &str| {
        inline("SourceSecurityGroupId: !Ref Functions").replace("Engine: mysql", "Engine: mysql, DBParameterGroupName: !Ref P")
            + &format!(
                "  P: {{Type: 'AWS::RDS::DBParameterGroup', Properties: {{Family: mysql8.0, Description: p, Parameters: {{{parameters}}}}}}}\n"
            )
    };
    judged(
        "database-plain-connection",
        &[
            &inline("CidrIp: 10.0.0.0/16"),
            &groups("max_connections: 100"),
            &groups("require_secure_transport: 'OFF'"),
            &inline("CidrIp: 10.0.0.0/8").replace("mysql, EngineVersion: '8.0.39'", "postgres, EngineVersion: '14.9'"),
        ],
        &[
            &groups("require_secure_transport: 1"),
            &groups("require_secure_transport: 'ON'"),
            &inline("CidrIp: 10.0.0.0/8").replace("8.0.39", "8.4.3"),
            &inline("CidrIp: 10.0.0.0/8").replace("mysql, EngineVersion: '8.0.39'", "postgres, EngineVersion: '16.4'"),
        ],
    );
    let role = |action: &str| {
        network("", "").replace("'arn:aws:iam::123456789012:role/r'", "!GetAtt Own.Arn")
            + &format!(
                "  Own: {{Type: 'AWS::IAM::Role', Properties: {{AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: 'sts:AssumeRole'}}]}}, Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{{Effect: Allow, Action: [{action}], Resource: '*'}}]}}}}]}}}}\n"
            )
    };
    judged(
        "database-password-unmanaged",
        &[&role("'logs:*'"), &role("'s3:GetObject', 'secretsmanager:ListSecrets'"), &role("'ssm:GetParameter'")],
        &[
            &one("Lambda::Function", FUNCTION),
            &role("'secretsmanager:GetSecretValue'"),
            &role("'secretsmanager:*'"),
            &role("'rds-db:connect'"),
        ],
    );
}

fn functions() {
    let properties = |more: &str| format!("{FUNCTION}{more}");
    let own = |risk: &str, bad: &[&str], good: &[&str]| {
        let (bad, good): (Vec<String>, Vec<String>) =
            (bad.iter().map(|p| properties(p)).collect(), good.iter().map(|p| properties(p)).collect());
        property(
            risk,
            "Lambda::Function",
            &bad.iter().map(String::as_str).collect::<Vec<_>>(),
            &good.iter().map(String::as_str).collect::<Vec<_>>(),
        );
    };
    own(
        "function-code-unsigned",
        &["", ", MemorySize: 256", ", Layers: ['arn:aws:lambda:us-east-1:1:layer:x:1']"],
        &[", CodeSigningConfigArn: 'arn:aws:lambda:us-east-1:123456789012:code-signing-config:c'"],
    );
    own(
        "function-without-insights",
        &["", ", Layers: ['arn:aws:lambda:us-east-1:1:layer:x:1']", ", Layers: []"],
        &[", Layers: ['arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension:53']"],
    );
    own(
        "environment-default-key",
        &[
            ", Environment: {Variables: {A: b}}",
            ", Environment: {Variables: {A: !Ref 'AWS::Region', B: c}}",
            ", Timeout: 3, Environment: {Variables: {X: '1'}}",
        ],
        &["", ", Environment: {Variables: {A: b}}, KmsKeyArn: 'arn:aws:kms:us-east-1:123456789012:key/k'"],
    );
    let runtime = |name: &str| one("Lambda::Function", &FUNCTION.replace("python3.13", name));
    judged(
        "runtime-end-of-life",
        &[
            &runtime("nodejs14.x"),
            &runtime("python3.8"),
            &runtime("java8"),
            &format!(
                "{SAM}Globals: {{Function: {{Runtime: nodejs16.x}}}}\nResources: {{F: {{Type: 'AWS::Serverless::Function', Properties: {{Handler: index.handler, InlineCode: 'exports.handler = async () => 1'}}}}}}\n"
            ),
        ],
        &[&runtime("nodejs22.x"), &runtime("provided.al2023"), &runtime("!Ref 'AWS::NoValue'")],
    );
    let sam = |more: &str| {
        format!(
            "{SAM}Resources: {{F: {{Type: 'AWS::Serverless::Function', Properties: {{Runtime: nodejs22.x, Handler: index.handler, InlineCode: 'exports.handler = async () => 1'{more}}}}}}}\n"
        )
    };
    judged(
        "function-unversioned",
        &[&sam(""), &one("Lambda::Function", FUNCTION), &sam(", Tracing: Active")],
        &[
            &sam(", AutoPublishAlias: live"),
            &format!(
                "{}  V: {{Type: 'AWS::Lambda::Version', Properties: {{FunctionName: !Ref Thing}}}}\n",
                one("Lambda::Function", FUNCTION)
            ),
        ],
    );
    judged(
        "untraced",
        &[
            &sam(""),
            &one("Lambda::Function", &properties(", TracingConfig: {Mode: PassThrough}")),
            &one("StepFunctions::StateMachine", "RoleArn: r, DefinitionString: '{}'"),
        ],
        &[
            &sam(", Tracing: Active"),
            &format!("{SAM}Globals: {{Function: {{Tracing: Active}}}}\n{}", sam("").replace(SAM, "")),
            &one("StepFunctions::StateMachine", "RoleArn: r, DefinitionString: '{}', TracingConfiguration: {Enabled: true}"),
        ],
    );
    let logged =
        |group: &str| format!("{}  L: {{Type: 'AWS::Logs::LogGroup', Properties: {{{group}}}}}\n", one("Lambda::Function", FUNCTION));
    judged(
        "log-retention",
        &[
            &sam(""),
            &one("Logs::LogGroup", "LogGroupName: x"),
            &logged("LogGroupName: !Sub '/aws/lambda/${Thing}'"),
            &logged("LogGroupName: other, RetentionInDays: 5"),
        ],
        &[&logged("LogGroupName: !Sub '/aws/lambda/${Thing}', RetentionInDays: 30"), &one("Logs::LogGroup", "RetentionInDays: 7")],
    );
    let role = |service: &str| {
        format!(
            "Resources:\n  R: {{Type: 'AWS::IAM::Role', Properties: {{AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Principal: {{Service: {service}}}, Action: 'sts:AssumeRole'}}]}}}}}}\n  F: {{Type: 'AWS::Lambda::Function', Properties: {{{}}}}}\n",
            FUNCTION.replace("'arn:aws:iam::123456789012:role/r'", "!GetAtt R.Arn")
        )
    };
    judged(
        "function-role-unusable",
        &[&role("ec2.amazonaws.com"), &role("[apigateway.amazonaws.com]"), &one("Lambda::Function", FUNCTION)],
        &[&role("lambda.amazonaws.com"), &role("[edgelambda.amazonaws.com, lambda.amazonaws.com]"), &sam("")],
    );
    let mount = |point: &str, more: &str| {
        format!(
            "Resources:\n  P: {{Type: 'AWS::EFS::AccessPoint', Properties: {{FileSystemId: fs-1{point}}}}}\n  F: {{Type: 'AWS::Lambda::Function', Properties: {{{FUNCTION}, FileSystemConfigs: [{{Arn: !GetAtt P.Arn, LocalMountPath: /mnt/f}}]}}}}\n{more}"
        )
    };
    let safe = ", RootDirectory: {Path: /own}, PosixUser: {Uid: '1001', Gid: '1001'}";
    let second = format!(
        "  G: {{Type: 'AWS::Lambda::Function', Properties: {{{FUNCTION}, FileSystemConfigs: [{{Arn: !GetAtt P.Arn, LocalMountPath: /mnt/f}}]}}}}\n"
    );
    judged(
        "shared-file-system",
        &[&mount("", ""), &mount(", RootDirectory: {Path: /}", ""), &mount(safe, &second)],
        &[&mount(safe, ""), &sam("")],
    );
}

fn what_goes_with_its_stack() {
    let kept = |kind: &str, attributes: &str, properties: &str| {
        format!("Resources:\n  T: {{Type: 'AWS::{kind}'{attributes}, Properties: {{{properties}}}}}\n")
    };
    judged(
        "data-lost-with-stack",
        &[
            &kept("DynamoDB::Table", "", ""),
            &kept("Cognito::UserPool", ", DeletionPolicy: Delete", ""),
            &kept("RDS::DBInstance", ", DeletionPolicy: Delete", "Engine: mysql"),
            &format!("{SAM}Resources: {{T: {{Type: 'AWS::Serverless::SimpleTable'}}}}\n"),
        ],
        &[
            &kept("DynamoDB::Table", ", DeletionPolicy: Retain", ""),
            &kept("DynamoDB::Table", "", "DeletionProtectionEnabled: true"),
            &kept("Cognito::UserPool", "", "DeletionProtection: ACTIVE"),
            &kept("RDS::DBInstance", "", "Engine: mysql"),
            &kept("SQS::Queue", "", ""),
        ],
    );
}

fn watching() {
    let trail = |properties: &str, more: &str| {
        format!(
            "Resources:\n  B: {{Type: 'AWS::S3::Bucket'{more}}}\n  T: {{Type: 'AWS::CloudTrail::Trail', Properties: {{IsLogging: true, S3BucketName: !Ref B{properties}}}}}\n"
        )
    };
    judged(
        "trail-bucket-unlogged",
        &[&trail("", ""), &trail(", TrailName: t", ", Properties: {BucketName: x}"), &one("CloudTrail::Trail", "S3BucketName: elsewhere")],
        &[&trail("", ", Properties: {LoggingConfiguration: {DestinationBucketName: logs}}")],
    );
    let data = |kind: &str| {
        format!(", EventSelectors: [{{ReadWriteType: {kind}, DataResources: [{{Type: 'AWS::S3::Object', Values: [!Sub '${{B.Arn}}/']}}]}}]")
    };
    let advanced = ", AdvancedEventSelectors: [{FieldSelectors: [{Field: eventCategory, Equals: [Data]}, {Field: resources.type, Equals: ['AWS::S3::Object']}]}]";
    judged(
        "object-events-unrecorded",
        &[
            &trail("", ""),
            &trail(&data("WriteOnly"), ""),
            &trail(&advanced.replace("S3::Object", "Lambda::Function"), ""),
            &one("S3::Bucket", "BucketName: b"),
        ],
        &[&trail(&data("All"), ""), &trail(advanced, ""), "Resources: {Q: {Type: 'AWS::SQS::Queue'}}\n"],
    );
    let watch = |second: &str, actions: &str| {
        let filter = |name: &str, pattern: &str| {
            format!(
                "  F{name}: {{Type: 'AWS::Logs::MetricFilter', Properties: {{LogGroupName: !Ref L, FilterPattern: '{pattern}', MetricTransformations: [{{MetricName: {name}, MetricNamespace: N, MetricValue: '1'}}]}}}}\n  A{name}: {{Type: 'AWS::CloudWatch::Alarm', Properties: {{MetricName: {name}, Namespace: N{actions}}}}}\n"
            )
        };
        format!(
            "Resources:\n  L: {{Type: 'AWS::Logs::LogGroup'}}\n  T: {{Type: 'AWS::CloudTrail::Trail', Properties: {{IsLogging: true, S3BucketName: b, CloudWatchLogsLogGroupArn: !GetAtt L.Arn}}}}\n{}{}",
            filter("Refused", "{ $.errorCode = \"*UnauthorizedOperation\" }"),
            filter("Policy", second)
        )
    };
    let to = ", AlarmActions: ['arn:aws:sns:us-east-1:123456789012:t']";
    judged(
        "account-changes-unwatched",
        &[
            &trail("", ""),
            &watch("{ $.eventName = PutBucketPolicy }", ""),
            &watch("{ $.eventName = CreateUser }", to),
            &one("Lambda::Function", FUNCTION),
        ],
        &[&watch("{ $.eventName = PutBucketPolicy }", to), "Resources: {Q: {Type: 'AWS::SQS::Queue'}}\n"],
    );
    let config = |group: &str| {
        format!(
            "{}  C: {{Type: 'AWS::Config::ConfigurationRecorder', Properties: {{RoleARN: r{group}}}}}\n",
            one("Lambda::Function", FUNCTION)
        )
    };
    judged(
        "config-unrecorded",
        &[
            &one("Lambda::Function", FUNCTION),
            &config(", RecordingGroup: {ResourceTypes: ['AWS::S3::Bucket']}"),
            &config(", RecordingGroup: {ExclusionByResourceTypes: {ResourceTypes: ['AWS::Lambda::Function']}}"),
        ],
        &[
            &config(""),
            &config(", RecordingGroup: {AllSupported: true}"),
            &config(", RecordingGroup: {ResourceTypes: ['AWS::Lambda::Function']}"),
        ],
    );
    property(
        "alarm-unheard",
        "CloudWatch::Alarm",
        &["MetricName: m", "AlarmActions: []", "ActionsEnabled: false, AlarmActions: ['arn:aws:sns:us-east-1:1:t']"],
        &[
            "AlarmActions: ['arn:aws:sns:us-east-1:1:t']",
            "AlarmActions: !Split [',', 'arn:aws:sns:us-east-1:1:t,arn:aws:sns:us-east-1:1:u']",
        ],
    );
    property(
        "alarm-unheard",
        "AutoScaling::AutoScalingGroup",
        &["MinSize: '1', MaxSize: '2'"],
        &["MinSize: '1', MaxSize: '2', NotificationConfigurations: [{TopicARN: t, NotificationTypes: [x]}]"],
    );
    let door = one("ApiGatewayV2::Api", "Name: a, ProtocolType: HTTP");
    judged(
        "incident-unprepared",
        &[
            &door,
            &one("AppSync::GraphQLApi", "Name: a, AuthenticationType: AWS_IAM"),
            &format!(
                "{door}  R: {{Type: 'AWS::Events::Rule', Properties: {{EventPattern: {{source: [aws.s3]}}, Targets: [{{Id: a, Arn: b}}]}}}}\n"
            ),
        ],
        &[
            &format!(
                "{door}  R: {{Type: 'AWS::Events::Rule', Properties: {{EventPattern: {{source: [aws.guardduty]}}, Targets: [{{Id: a, Arn: b}}]}}}}\n"
            ),
            &one("SQS::Queue", ""),
        ],
    );
    property(
        "stage-unlogged",
        "ApiGateway::Stage",
        &[
            "StageName: a, RestApiId: b",
            "StageName: a, RestApiId: b, AccessLogSetting: {Format: x}",
            "StageName: a, RestApiId: b, TracingEnabled: true",
        ],
        &["StageName: a, RestApiId: b, AccessLogSetting: {DestinationArn: x}"],
    );
}

fn distributions() {
    let distribution = |viewer: &str, origin: &str, more: &str| {
        one(
            "CloudFront::Distribution",
            &format!(
                "DistributionConfig: {{Enabled: true, DefaultCacheBehavior: {{TargetOriginId: o, ViewerProtocolPolicy: {viewer}}}, Origins: [{{Id: o, DomainName: {origin}}}]{more}}}"
            ),
        )
    };
    let s3 = "b.s3.amazonaws.com, S3OriginConfig: {OriginAccessIdentity: ''}";
    let site = "b.s3-website-us-east-1.amazonaws.com, CustomOriginConfig: {OriginProtocolPolicy: http-only}";
    judged(
        "cloudfront-plain-http",
        &[
            &distribution("allow-all", s3, ""),
            &distribution("https-only", "a.example.com, CustomOriginConfig: {OriginProtocolPolicy: match-viewer}", ""),
            &distribution("https-only", s3, ", CacheBehaviors: [{PathPattern: '/a', TargetOriginId: o, ViewerProtocolPolicy: allow-all}]"),
        ],
        &[
            &distribution("redirect-to-https", s3, ""),
            &distribution("https-only", site, ""),
            &distribution("https-only", "a.example.com, CustomOriginConfig: {OriginProtocolPolicy: https-only}", ""),
        ],
    );
    let with = |more: &str| distribution("https-only", s3, more);
    judged(
        "cloudfront-unlogged",
        &[&with(""), &with(", Comment: x"), &with(", PriceClass: PriceClass_100")],
        &[
            &with(", Logging: {Bucket: l.s3.amazonaws.com}"),
            &(with("")
                + "  S: {Type: 'AWS::Logs::DeliverySource', Properties: {Name: s, ResourceArn: !Sub 'arn:aws:cloudfront::${AWS::AccountId}:distribution/${Thing}', LogType: ACCESS_LOGS}}\n"),
        ],
    );
    judged(
        "cloudfront-everywhere",
        &[&with(""), &with(", Restrictions: {GeoRestriction: {RestrictionType: none}}"), &with(", Restrictions: {}")],
        &[&with(", Restrictions: {GeoRestriction: {RestrictionType: whitelist, Locations: [JP]}}")],
    );
}
