//! The rows of the catalogue of primitives (project specification `iam.md`, section 4), each with the ids that are its
//! data; and that each entry is whole.

use sekisho_iam::paths::{Gain, primitives};
use std::collections::BTreeSet;

/// Row by row: what the row names, as ids.
const ROWS: [(u8, &[&str]); 36] = [
    (1, &["lambda-create-invoke"]),
    (2, &["lambda-create-event-source"]),
    (3, &["lambda-create-add-permission"]),
    (4, &["lambda-create-url", "function-url-open"]),
    (5, &["lambda-update-code", "lambda-update-code-invoke", "lambda-update-code-permission"]),
    (6, &["lambda-configuration", "lambda-configuration-role"]),
    (7, &["lambda-layer", "lambda-layer-permission"]),
    (8, &["lambda-code-signing"]),
    (9, &["lambda-event-source-hijack", "lambda-alias"]),
    (10, &["lambda-add-permission"]),
    (11, &["lambda-read"]),
    (12, &["function-ssrf"]),
    (13, &["s3-deployment-cloudformation", "s3-deployment-lambda", "s3-deployment-terraform", "s3-notification"]),
    (14, &["states-create-start", "states-test", "states-update"]),
    (15, &["scheduler-create", "scheduler-update"]),
    (16, &["events-targets", "pipes-create"]),
    (17, &["identity-pool-roles", "identity-pool-open"]),
    (18, &["identity-pool-guest", "identity-pool-classic", "identity-pool-user"]),
    (
        19,
        &[
            "cognito-adminaddusertogroup",
            "cognito-group-role",
            "cognito-adminsetuserpassword",
            "cognito-adminconfirmsignup",
            "cognito-admincreateuser",
            "cognito-adminupdateuserattributes",
            "cognito-updateuserpool",
            "cognito-createuserpoolclient",
            "cognito-createidentityprovider",
            "cognito-import-job",
        ],
    ),
    (20, &["cognito-self-attribute", "cognito-sign-up"]),
    (21, &["apigateway-keys", "apigateway-authorizer", "apigateway-integration-role"]),
    (22, &["api-open", "api-integration", "api-authorizer-cache", "api-authorizer-wide"]),
    (23, &["appsync-data-source"]),
    (
        24,
        &[
            "cloudformation-create",
            "cloudformation-update",
            "cloudformation-update-role",
            "cloudformation-stack-set",
            "cloudformation-update-stack-set",
            "cloudformation-change-set",
            "cloudformation-change-set-role",
            "cloudformation-stack-policy",
        ],
    ),
    (25, &["codebuild-create", "codebuild-update", "codebuild-start", "codepipeline-create", "codestar-create", "codedeploy-deploy"]),
    (
        26,
        &[
            "glue-endpoint-create",
            "glue-endpoint-update",
            "glue-job-run",
            "glue-job-trigger",
            "glue-job-update-run",
            "glue-job-update-trigger",
            "glue-session",
        ],
    ),
    (27, &["sts-assume-role", "sts-web-identity", "sts-any-identity-pool", "sts-saml", "roles-anywhere", "sts-tag-session"]),
    (
        28,
        &[
            "iam-create-policy-version",
            "iam-set-default-version",
            "iam-put-user-policy",
            "iam-attach-user-policy",
            "iam-put-role-policy",
            "iam-attach-role-policy",
            "iam-put-group-policy",
            "iam-attach-group-policy",
            "iam-add-user-to-group",
            "iam-create-access-key",
            "iam-create-access-key-delete",
            "iam-update-access-key",
            "iam-create-login-profile",
            "iam-update-login-profile",
            "iam-update-trust",
            "iam-attach-role-assume",
            "iam-put-role-assume",
            "iam-widen-and-trust",
            "iam-policy-version-assume",
            "iam-policy-version-trust",
            "iam-put-user-create-key",
        ],
    ),
    (
        29,
        &[
            "iam-delete-boundary",
            "iam-delete-role-boundary",
            "iam-role-boundary-assume",
            "iam-remove-deny-user",
            "iam-remove-deny-role",
            "iam-tag-self",
            "iam-service-specific-credential",
            "iam-saml-provider",
            "iam-oidc-provider",
            "iam-mfa",
            "iam-sso-permission-set",
            "sso-permission-set-admin",
            "sso-permission-set-create",
        ],
    ),
    (
        30,
        &[
            "s3-self-grant",
            "kms-self-grant",
            "secretsmanager-self-grant",
            "sqs-self-grant",
            "sns-self-grant",
            "dynamodb-self-grant",
            "ecr-self-grant",
            "resource-policy-open",
        ],
    ),
    (31, &["secret-read", "parameter-read", "table-read", "logs-read", "object-read", "queue-read", "topic-read", "cluster-read"]),
    (32, &["secret-rotation"]),
    (33, &["event-injection-queue", "event-injection-topic", "event-injection-table", "event-injection-bucket", "event-injection-bus"]),
    (34, &["ssm-command", "ssm-session", "ssm-association", "ssm-document", "ssm-automation", "ssm-maintenance"]),
    (35, &["cloudfront-change", "lambda-edge"]),
    (
        36,
        &[
            "ec2-run",
            "ecs-run",
            "apprunner-create",
            "sagemaker-notebook",
            "batch-job",
            "batch-submit",
            "emr-run",
            "datapipeline",
            "bedrock-agentcore",
            "bedrock-runtime-command",
            "bedrock-runtime-create",
            "bedrock-browser",
            "bedrock-browser-create",
            "gamelift",
            "imagebuilder",
            "kinesisanalytics",
            "braket",
            "omics",
            "iot-role-alias",
        ],
    ),
];

#[test]
fn every_row_has_its_primitives() {
    let have: BTreeSet<(u8, &str)> = primitives().iter().map(|p| (p.group, p.id.as_str())).collect();
    let missing: Vec<(u8, &str)> =
        ROWS.iter().flat_map(|(row, ids)| ids.iter().map(|id| (*row, *id))).filter(|wanted| !have.contains(wanted)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(ROWS.iter().map(|(row, _)| *row).collect::<BTreeSet<_>>(), (1..=36).collect());
}

#[test]
fn every_primitive_is_whole() {
    for p in primitives() {
        assert!(!p.title.is_empty() && !p.exploit.is_empty() && !p.fix.is_empty() && !p.references.is_empty(), "{}", p.id);
        assert!(p.source == "principal" || p.source == "internet", "{}", p.id);
        // Who starts inside the account needs a permission; what leaves no event must come from outside.
        assert!(p.source == "internet" || !p.needs.is_empty(), "{}", p.id);
        assert!(p.source == "internet" || !p.cloudtrail.is_empty(), "{}", p.id);
        // What gives a role or every permission says on what: a target the engine can check, or what it takes for granted.
        let checked = p.target.kind != "none" || p.assumes.is_some() || p.id == "iam-create-and-attach";
        assert!(checked || !matches!(p.gains, Gain::Target | Gain::Admin), "{}", p.id);
    }
}
