//! Paths from the internet through an application: only where each step holds.
#![allow(clippy::unwrap_used)]

use model::{App, Node, Place, Resource, ResourceId};
use sekisho_iam::account::Account;
use sekisho_iam::paths::Graph;
use serde_json::{Value, json};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:rides";
const ROLE: &str = "arn:aws:iam::123456789012:role/rides";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/rides";
const BUCKET: &str = "arn:aws:s3:::rides";

fn resource(logical: &str, kind: &str, physical: &str, arn: Option<&str>, properties: Value) -> Resource {
    let place = Place::new("template.yaml", 7, 3);
    Resource {
        id: ResourceId::new("app", logical),
        kind: kind.into(),
        properties: Node::from_json(&properties, &place),
        place,
        physical_id: physical.into(),
        arn: arn.map(Into::into),
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    }
}

fn role(trust: Value, actions: Value) -> Resource {
    let allow = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}});
    let properties = json!({"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": trust},
        "Policies": [{"PolicyName": "own", "PolicyDocument": allow}]});
    resource("Role", "AWS::IAM::Role", "rides", Some(ROLE), properties)
}

fn lambda() -> Value {
    json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
}

fn function() -> Resource {
    resource("Rides", "AWS::Lambda::Function", "rides", Some(FUNCTION), json!({"Role": ROLE}))
}

fn api(security: Value, policy: Value) -> Resource {
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations");
    let mut method = json!({"x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}});
    let mut body = json!({"swagger": "2.0", "info": {"title": "a", "version": "1"}});
    if !security.is_null() {
        method["security"] = json!([{"users": []}]);
        body["securityDefinitions"] = json!({"users": {"type": "apiKey", "name": "Authorization", "in": "header",
            "x-amazon-apigateway-authtype": "cognito_user_pools", "x-amazon-apigateway-authorizer": security}});
    }
    body["paths"] = json!({"/rides": {"get": method}});
    let mut properties = json!({"Name": "Api", "Body": body});
    if !policy.is_null() {
        properties["Policy"] = policy;
    }
    resource("Api", "AWS::ApiGateway::RestApi", "abcdef", None, properties)
}

/// Each path as `internet -api-open-> GET/rides, ...`.
fn paths(resources: Vec<Resource>, to: &str, assume: bool) -> Vec<String> {
    let app = App::new("123456789012", "us-east-1", resources);
    let account = Account::of_app(&app);
    let graph = Graph::of_application(&app, &account, assume);
    let short = |name: &str| name.rsplit(':').next().unwrap().to_owned();
    let found = graph.paths_to_node(to).unwrap_or_default();
    let path = |path: &sekisho_iam::paths::Path| {
        let steps = path
            .steps
            .iter()
            .map(|s| format!("{} -{}{}-> {}", short(&s.from), s.primitive.id, if s.sure { "" } else { "?" }, short(&s.to)));
        steps.collect::<Vec<_>>().join(", ")
    };
    found.iter().filter(|path| !path.steps[0].from.contains(":role/")).map(path).collect()
}

#[test]
fn from_the_internet_through_a_route_to_a_table() {
    let table = || resource("Table", "AWS::DynamoDB::Table", "rides", Some(TABLE), json!({}));
    let app = |security: Value, policy: Value| vec![api(security, policy), function(), role(lambda(), json!("dynamodb:GetItem")), table()];
    let whole = "internet -api-open-> abcdef/*/GET/rides, abcdef/*/GET/rides -api-integration-> rides, \
        rides -function-ssrf-> role/rides, role/rides -table-read-> table/rides";
    assert_eq!(paths(app(Value::Null, Value::Null), TABLE, true), [whole]);
    // Without taking a flaw for granted the function stands in between.
    assert!(paths(app(Value::Null, Value::Null), TABLE, false).is_empty());
    assert_eq!(paths(app(Value::Null, Value::Null), FUNCTION, false).len(), 1);
    // A resource policy that lets nobody in from outside; one that lets everybody in.
    let policy = |condition: Value| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
            "Resource": "execute-api:/*", "Condition": condition}})
    };
    assert!(paths(app(Value::Null, policy(json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}))), FUNCTION, false).is_empty());
    assert_eq!(paths(app(Value::Null, policy(json!({}))), FUNCTION, false).len(), 1);
}

#[test]
fn a_user_pool_that_signs_up_anybody_is_no_door() {
    let pool_arn = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a";
    let app = |own: Value, client: Value| {
        let authorizer = json!({"type": "cognito_user_pools", "providerARNs": [pool_arn]});
        vec![
            api(authorizer, Value::Null),
            function(),
            role(lambda(), json!("s3:ListBucket")),
            resource("Pool", "AWS::Cognito::UserPool", "us-east-1_a", Some(pool_arn), own),
            resource("Client", "AWS::Cognito::UserPoolClient", "c", None, client),
        ]
    };
    let client = json!({"UserPoolId": "us-east-1_a"});
    let secret = json!({"UserPoolId": "us-east-1_a", "GenerateSecret": true});
    let closed = json!({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}});
    let found = paths(app(json!({}), client.clone()), FUNCTION, false);
    assert_eq!(found, ["internet -cognito-sign-up-> abcdef/*/GET/rides, abcdef/*/GET/rides -api-integration-> rides"]);
    assert!(paths(app(closed, client), FUNCTION, false).is_empty());
    assert!(paths(app(json!({}), secret), FUNCTION, false).is_empty());
}

#[test]
fn guests_of_an_identity_pool() {
    let app = |guests: bool, audience: &str, amr: &str| {
        let condition = json!({"StringEquals": {"cognito-identity.amazonaws.com:aud": audience},
            "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": amr}});
        let trust = json!({"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"},
            "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition});
        vec![
            role(trust, json!("s3:GetObject")),
            resource("Bucket", "AWS::S3::Bucket", "rides", Some(BUCKET), json!({})),
            resource("Pool", "AWS::Cognito::IdentityPool", "us-east-1:1", None, json!({"AllowUnauthenticatedIdentities": guests})),
            resource(
                "Roles",
                "AWS::Cognito::IdentityPoolRoleAttachment",
                "r",
                None,
                json!({"IdentityPoolId": "us-east-1:1", "Roles": {"unauthenticated": ROLE}}),
            ),
        ]
    };
    // In the enhanced flow the guests have what Cognito's own session policy leaves of the role.
    let whole = "internet -identity-pool-guest-> app/Pool (guests), app/Pool (guests) -object-read-> rides";
    assert_eq!(paths(app(true, "us-east-1:1", "unauthenticated"), BUCKET, false), [whole]);
    assert!(paths(app(false, "us-east-1:1", "unauthenticated"), BUCKET, false).is_empty());
    assert!(paths(app(true, "us-east-1:2", "unauthenticated"), BUCKET, false).is_empty());
    assert!(paths(app(true, "us-east-1:1", "authenticated"), BUCKET, false).is_empty());
}

#[test]
fn a_bucket_policy_lets_outsiders_in() {
    let app = |condition: Value| {
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": format!("{BUCKET}/*"), "Condition": condition});
        let policy = json!({"Bucket": "rides", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}});
        vec![
            resource("Bucket", "AWS::S3::Bucket", "rides", Some(BUCKET), json!({})),
            resource("Policy", "AWS::S3::BucketPolicy", "p", None, policy),
        ]
    };
    let found = paths(app(json!({})), BUCKET, false);
    assert_eq!(found, ["internet -resource-policy-open-> rides", "any AWS account -resource-policy-open-> rides"]);
    assert!(paths(app(json!({"StringEquals": {"aws:PrincipalOrgID": "o-own"}})), BUCKET, false).is_empty());
    assert!(paths(app(json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}})), BUCKET, false).is_empty());
    let address = paths(app(json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})), BUCKET, false);
    assert_eq!(address[0], "internet -resource-policy-open?-> rides");
}

#[test]
fn a_function_url() {
    let by_url = "lambda:InvokeFunctionUrl";
    let app = |auth: &str, principal: &str, first: &str| {
        vec![
            function(),
            role(lambda(), json!("s3:GetObject")),
            resource(
                "Invoke",
                "AWS::Lambda::Permission",
                "q",
                None,
                json!({"FunctionName": FUNCTION, "Action": "lambda:InvokeFunction", "Principal": principal, "InvokedViaFunctionUrl": true}),
            ),
            resource("Url", "AWS::Lambda::Url", "u", None, json!({"TargetFunctionArn": FUNCTION, "AuthType": auth})),
            resource(
                "Permission",
                "AWS::Lambda::Permission",
                "p",
                None,
                json!({"FunctionName": FUNCTION, "Action": first, "Principal": principal, "FunctionUrlAuthType": auth}),
            ),
        ]
    };
    assert_eq!(paths(app("NONE", "*", by_url), FUNCTION, false), ["internet -function-url-open-> rides"]);
    assert!(paths(app("AWS_IAM", "*", by_url), FUNCTION, false).is_empty());
    assert!(paths(app("NONE", "999988887777", by_url), FUNCTION, false).is_empty());
    // Since October 2025 one of the two permissions opens nothing.
    assert!(paths(app("NONE", "*", "lambda:GetFunction"), FUNCTION, false).is_empty());
}

#[test]
fn the_enhanced_flow_limits_guests_to_the_documented_services() {
    const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/1";
    const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rides";
    let app = |classic: Value| {
        let condition = json!({"StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:1"},
            "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "unauthenticated"}});
        let trust = json!({"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"},
            "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition});
        let mut pool = json!({"AllowUnauthenticatedIdentities": true});
        if !classic.is_null() {
            pool["AllowClassicFlow"] = classic;
        }
        let delegates = json!({"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "kms:*", "Resource": "*"}});
        vec![
            role(trust, json!("*")),
            resource("Secret", "AWS::SecretsManager::Secret", SECRET, Some(SECRET), json!({})),
            resource("Key", "AWS::KMS::Key", "1", Some(KEY), json!({"KeyPolicy": delegates})),
            resource("Pool", "AWS::Cognito::IdentityPool", "us-east-1:1", None, pool),
            resource(
                "Roles",
                "AWS::Cognito::IdentityPoolRoleAttachment",
                "r",
                None,
                json!({"IdentityPoolId": "us-east-1:1", "Roles": {"unauthenticated": ROLE}}),
            ),
        ]
    };
    let decrypts = "internet -identity-pool-guest-> app/Pool (guests), app/Pool (guests) -key-decrypt-> key/1";
    assert_eq!(paths(app(Value::Null), KEY, false), [decrypts]);
    assert!(paths(app(json!(false)), SECRET, false).is_empty());
    let whole = "internet -identity-pool-guest-> app/Pool (guests), app/Pool (guests) -identity-pool-guest-> role/rides, \
        role/rides -secret-read-> rides";
    assert_eq!(paths(app(json!(true)), SECRET, false), [whole]);
}

#[test]
fn routes_of_http_apis() {
    let api = |security: Value| {
        let integration = json!({"type": "aws_proxy", "uri":
            format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations")});
        let mut method = json!({"x-amazon-apigateway-integration": integration});
        if !security.is_null() {
            method["security"] = json!([{"users": []}]);
        }
        let body = json!({"openapi": "3.0.1", "paths": {"/rides": {"get": method}},
            "components": {"securitySchemes": {"users": {"type": "oauth2", "x-amazon-apigateway-authorizer": security}}}});
        vec![
            function(),
            role(lambda(), json!("s3:GetObject")),
            resource("Http", "AWS::ApiGatewayV2::Api", "abc", None, json!({"Body": body, "ProtocolType": "HTTP"})),
            resource("Pool", "AWS::Cognito::UserPool", "us-east-1_a", None, json!({})),
            resource("Client", "AWS::Cognito::UserPoolClient", "c", None, json!({"UserPoolId": "us-east-1_a"})),
        ]
    };
    let open = "internet -api-open-> abc/*/GET/rides, abc/*/GET/rides -api-integration-> rides";
    assert_eq!(paths(api(Value::Null), FUNCTION, false), [open]);
    let jwt = |pool: &str| json!({"type": "jwt", "jwtConfiguration": {"issuer": format!("https://cognito-idp.us-east-1.amazonaws.com/{pool}"), "audience": ["c"]}});
    assert_eq!(paths(api(jwt("us-east-1_a")), FUNCTION, false), [open.replace("api-open", "cognito-sign-up")]);
    assert!(paths(api(jwt("us-east-1_b")), FUNCTION, false).is_empty());
    assert!(paths(api(json!({"type": "request"})), FUNCTION, false).is_empty());
    assert_eq!(paths(api(json!({"type": "other"})), FUNCTION, false), [open.replace("api-open", "api-open?")]);

    let apart = |kind: &str| {
        vec![
            function(),
            role(lambda(), json!("s3:GetObject")),
            resource("Http", "AWS::ApiGatewayV2::Api", "abc", None, json!({"ProtocolType": "HTTP"})),
            resource("Integration", "AWS::ApiGatewayV2::Integration", "i1", None, json!({"ApiId": "abc", "IntegrationUri": FUNCTION})),
            resource(
                "Route",
                "AWS::ApiGatewayV2::Route",
                "r1",
                None,
                json!({"ApiId": "abc", "RouteKey": "GET /rides", "Target": "integrations/i1", "AuthorizationType": kind}),
            ),
        ]
    };
    assert_eq!(paths(apart("NONE"), FUNCTION, false), [open]);
    assert!(paths(apart("AWS_IAM"), FUNCTION, false).is_empty());
}

#[test]
fn who_may_send_to_a_queue_reaches_its_function() {
    const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:jobs";
    const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:news";
    let app = |enabled: bool, principal: Value| {
        let policy = json!({"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": QUEUE}});
        vec![
            function(),
            role(lambda(), json!("sns:Publish")),
            resource("Jobs", "AWS::SQS::Queue", "jobs", Some(QUEUE), json!({})),
            resource("JobsPolicy", "AWS::SQS::QueuePolicy", "p", None, json!({"Queues": ["jobs"], "PolicyDocument": policy})),
            resource("News", "AWS::SNS::Topic", TOPIC, Some(TOPIC), json!({})),
            resource("ToJobs", "AWS::SNS::Subscription", "s", None, json!({"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE})),
            resource(
                "Mapping",
                "AWS::Lambda::EventSourceMapping",
                "m",
                None,
                json!({"EventSourceArn": QUEUE, "FunctionName": "rides", "Enabled": enabled}),
            ),
        ]
    };
    let open = "internet -event-injection-queue-> jobs (events), jobs (events) -event-source-> rides";
    let found = paths(app(true, json!("*")), FUNCTION, false);
    assert_eq!(found[0], open);
    assert!(paths(app(false, json!("*")), FUNCTION, false).is_empty());
    assert!(paths(app(true, json!({"AWS": "123456789012"})), FUNCTION, false).is_empty());
    // Who publishes to the topic reaches the function through the queue.
    let own = App::new("123456789012", "us-east-1", app(true, json!({"AWS": "123456789012"})));
    let account = Account::of_app(&own);
    let graph = Graph::of_application(&own, &account, false);
    let path = graph.paths_to_node(FUNCTION).unwrap().remove(0);
    let ids: Vec<&str> = path.steps.iter().map(|step| step.primitive.id.as_str()).collect();
    assert_eq!(ids, ["event-injection-topic", "event-source", "event-source"]);
}

/// No policy alone suffices: the user creates functions, one group passes roles, the other calls functions.
#[test]
fn a_user_and_its_two_groups_together() {
    let allow = |action: &str| json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}});
    let own = |name: &str, action: &str| json!([{"PolicyName": name, "PolicyDocument": allow(action)}]);
    let app = |second: bool| {
        let mut out = vec![
            role(lambda(), json!("*")),
            resource(
                "Dev",
                "AWS::IAM::User",
                "dev",
                Some("arn:aws:iam::123456789012:user/dev"),
                json!({"Policies": own("create", "lambda:CreateFunction"), "Groups": ["pass"]}),
            ),
            resource(
                "Pass",
                "AWS::IAM::Group",
                "pass",
                Some("arn:aws:iam::123456789012:group/pass"),
                json!({"Policies": own("pass", "iam:PassRole")}),
            ),
            resource("Call", "AWS::IAM::Group", "call", Some("arn:aws:iam::123456789012:group/call"), json!({})),
            resource(
                "Calls",
                "AWS::IAM::Policy",
                "calls",
                None,
                json!({"PolicyDocument": allow("lambda:InvokeFunction"), "Groups": ["call"]}),
            ),
        ];
        if second {
            out.push(resource("Add", "AWS::IAM::UserToGroupAddition", "add", None, json!({"GroupName": "call", "Users": ["dev"]})));
        }
        App::new("123456789012", "us-east-1", out)
    };
    let found = |app: &App| {
        let account = Account::of_app(app);
        let paths = Graph::of(&account).paths_to_admin();
        paths.into_iter().map(|path| format!("{} {}", path.steps[0].from, path.steps[0].primitive.id)).collect::<Vec<_>>()
    };
    assert_eq!(found(&app(true)), ["arn:aws:iam::123456789012:user/dev lambda-create-invoke"]);
    assert!(found(&app(false)).is_empty());
}

/// Which role an identity pool gives to users who signed up themselves.
#[test]
fn roles_of_an_identity_pools_users() {
    let app = |mappings: Value| {
        let condition = json!({"StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:1"}});
        let trust = json!({"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"},
            "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition});
        let mut roles = json!({"IdentityPoolId": "us-east-1:1", "Roles": {"authenticated": "arn:aws:iam::123456789012:role/other"}});
        if mappings.is_array() {
            roles["Roles"]["authenticated"] = json!(ROLE);
            if let Some(mapping) = mappings.get(0) {
                roles["RoleMappings"] = json!({"Users": mapping});
            }
        } else {
            roles["RoleMappings"] = json!({"Users": mappings});
        }
        vec![
            role(trust, json!("s3:GetObject")),
            resource("Bucket", "AWS::S3::Bucket", "rides", Some(BUCKET), json!({})),
            resource("Users", "AWS::Cognito::UserPool", "us-east-1_a", None, json!({})),
            resource("Client", "AWS::Cognito::UserPoolClient", "c", None, json!({"UserPoolId": "us-east-1_a"})),
            resource(
                "Pool",
                "AWS::Cognito::IdentityPool",
                "us-east-1:1",
                None,
                json!({"CognitoIdentityProviders": [{"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_a"}]}),
            ),
            resource("Roles", "AWS::Cognito::IdentityPoolRoleAttachment", "r", None, roles),
        ]
    };
    let path = |sure: &str| {
        format!(
            "internet -cognito-sign-up-> app/Pool (signed-in users), app/Pool (signed-in users) -identity-pool-user{sure}-> role/rides, \
             role/rides -object-read-> rides"
        )
    };
    let found = |mappings: Value| paths(app(mappings), BUCKET, false);
    assert_eq!(found(json!([])), [path("")]);
    assert_eq!(found(json!([{"Type": "Token", "AmbiguousRoleResolution": "AuthenticatedRole"}])), [path("")]);
    // Nobody signs up into a group.
    assert!(found(json!([{"Type": "Token", "AmbiguousRoleResolution": "Deny"}])).is_empty());
    let rule = json!({"Claim": "custom:role", "MatchType": "Equals", "Value": "admin", "RoleARN": ROLE});
    let rules = json!({"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": {"Rules": [rule]}});
    assert_eq!(found(rules), [path("?")]);
}
