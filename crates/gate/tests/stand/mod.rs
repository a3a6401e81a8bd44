//! The test stand: an application with every control on, written as resources, and a State in memory.
#![allow(dead_code, clippy::unwrap_used)]

pub mod tokens;

use model::call::Origin;
use model::{
    ApiCall, App, Ask, AuthorizerAnswer, Call, Change, Connect, Credential, HttpRequest, Identity, Invoke, IssuedKey, Kind, Node, Place,
    Resource, ResourceId, State, Time, Usage,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub const ACCOUNT: &str = "123456789012";
pub const NOW: Time = Time(1_795_355_053_000);
pub const KEY: &str = "0123456789abcdefghijKLMN";
pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:app-Rides";
pub const AUTHORIZER: &str = "arn:aws:lambda:us-east-1:123456789012:function:app-Authorizer";
pub const ROLE: &str = "arn:aws:iam::123456789012:role/app-RidesRole";
pub const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/app-Rides";
pub const POOL: &str = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Stand0001";

pub fn resource(line: u32, logical: &str, kind: &str, physical: &str, arn: Option<&str>, properties: Value) -> Resource {
    let place = Place::new("template.yaml", line, 3);
    Resource {
        id: ResourceId::new("app", logical),
        kind: kind.into(),
        properties: Node::from_json(&properties, &Place::new("template.yaml", line, 5)),
        place,
        physical_id: physical.into(),
        arn: arn.map(str::to_owned),
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    }
}

fn uri(function: &str) -> String {
    format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations")
}

pub fn body() -> Value {
    let proxy = json!({"type": "aws_proxy", "httpMethod": "POST", "uri": uri(FUNCTION)});
    json!({
        "swagger": "2.0",
        "securityDefinitions": {
            "Custom": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
                "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": uri(AUTHORIZER), "authorizerResultTtlInSeconds": 60}},
            "ByRequest": {"type": "apiKey", "name": "Unused", "in": "header", "x-amazon-apigateway-authtype": "custom",
                "x-amazon-apigateway-authorizer": {"type": "request", "authorizerUri": uri(AUTHORIZER), "authorizerResultTtlInSeconds": 0,
                    "identitySource": "method.request.header.X-Token, method.request.querystring.key"}},
            "Pool": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools",
                "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [POOL]}},
            "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
            "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}
        },
        "x-amazon-apigateway-request-validators": {"All": {"validateRequestBody": true, "validateRequestParameters": true}, "None": {}},
        "definitions": {
            "Ride": {"type": "object", "required": ["name", "color"], "properties": {
                "name": {"type": "string"}, "color": {"$ref": "#/definitions/Color"},
                "imageUrl": {"type": "string", "pattern": "^https?:\\/\\/[-a-zA-Z0-9@:%_+.~#?&//=]+$"}}},
            "Color": {"type": "integer", "minimum": 0, "exclusiveMinimum": true}
        },
        "paths": {
            "/rides": {
                "get": {"security": [{"Custom": []}], "x-amazon-apigateway-integration": proxy},
                "post": {"security": [{"Custom": []}, {"api_key": []}], "x-amazon-apigateway-request-validator": "All",
                    "parameters": [{"in": "body", "name": "Ride", "schema": {"$ref": "#/definitions/Ride"}}],
                    "x-amazon-apigateway-integration": proxy},
                "options": {"x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\":200}"},
                    "responses": {"default": {"statusCode": "200"}}}}
            },
            "/rides/{id}": {
                "get": {"security": [{"Custom": []}], "x-amazon-apigateway-integration": proxy},
                "delete": {"x-amazon-apigateway-request-validator": "All", "x-amazon-apigateway-integration": proxy,
                    "parameters": [{"in": "query", "name": "why", "required": true}, {"in": "header", "name": "X-Who", "required": true}]}
            },
            "/rides/special": {"get": {"x-amazon-apigateway-integration": proxy}},
            "/pool": {"get": {"security": [{"Pool": []}], "x-amazon-apigateway-integration": proxy},
                      "post": {"security": [{"Pool": ["rides/write"]}], "x-amazon-apigateway-integration": proxy}},
            "/signed": {"get": {"security": [{"sigv4": []}], "x-amazon-apigateway-integration": proxy}},
            "/by-request": {"get": {"security": [{"ByRequest": []}], "x-amazon-apigateway-integration": proxy}},
            "/files/{proxy+}": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": proxy}},
            "/open": {"get": {"x-amazon-apigateway-integration": proxy}}
        }
    })
}

fn permission(line: u32, logical: &str, function: &str, source: &str) -> Resource {
    let source = format!("arn:aws:execute-api:us-east-1:{ACCOUNT}:api1234567/{source}");
    let properties =
        json!({"Action": "lambda:InvokeFunction", "FunctionName": function, "Principal": "apigateway.amazonaws.com", "SourceArn": source});
    resource(line, logical, "AWS::Lambda::Permission", logical, None, properties)
}

pub fn resources() -> Vec<Resource> {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let policy = json!([{"PolicyName": "Read", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": TABLE},
        {"Effect": "Deny", "Action": "dynamodb:DeleteTable", "Resource": "*"},
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": format!("arn:aws:execute-api:us-east-1:{ACCOUNT}:api1234567/dev/GET/signed")}
    ]}}]);
    let vpc = json!({"SecurityGroupIds": ["sg-function"], "SubnetIds": ["subnet-1"]});
    let limits = json!({"ApiStages": [{"ApiId": "api1234567", "Stage": "dev"}], "Throttle": {"RateLimit": 1, "BurstLimit": 2}, "Quota": {"Limit": 3, "Period": "DAY"}});
    vec![
        resource(10, "Api", "AWS::ApiGateway::RestApi", "api1234567", None, json!({"Name": "Rides", "Body": body()})),
        resource(20, "Stage", "AWS::ApiGateway::Stage", "dev", None, json!({"RestApiId": "api1234567", "StageName": "dev"})),
        resource(30, "Rides", "AWS::Lambda::Function", "app-Rides", Some(FUNCTION), json!({"Role": ROLE, "VpcConfig": vpc})),
        resource(40, "Authorizer", "AWS::Lambda::Function", "app-Authorizer", Some(AUTHORIZER), json!({"Role": ROLE})),
        permission(50, "RidesPermission", "app-Rides", "*"),
        permission(51, "AuthorizerPermission", AUTHORIZER, "authorizers/*"),
        resource(
            60,
            "RidesRole",
            "AWS::IAM::Role",
            "app-RidesRole",
            Some(ROLE),
            json!({"AssumeRolePolicyDocument": trust, "Policies": policy}),
        ),
        resource(70, "Table", "AWS::DynamoDB::Table", "app-Rides", Some(TABLE), json!({})),
        resource(80, "Plan", "AWS::ApiGateway::UsagePlan", "plan01", None, limits),
        resource(81, "Key", "AWS::ApiGateway::ApiKey", "key01", None, json!({"Value": KEY, "Enabled": true})),
        resource(
            82,
            "PlanKey",
            "AWS::ApiGateway::UsagePlanKey",
            "pk",
            None,
            json!({"KeyId": "key01", "KeyType": "API_KEY", "UsagePlanId": "plan01"}),
        ),
        resource(90, "FunctionGroup", "AWS::EC2::SecurityGroup", "sg-function", None, json!({"VpcId": "vpc-1"})),
        resource(
            91,
            "DatabaseGroup",
            "AWS::EC2::SecurityGroup",
            "sg-database",
            None,
            json!({"VpcId": "vpc-1", "SecurityGroupIngress":
            [{"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "SourceSecurityGroupId": "sg-function"}]}),
        ),
        resource(92, "Subnet", "AWS::EC2::Subnet", "subnet-1", None, json!({"CidrBlock": "10.0.3.0/24"})),
        resource(
            93,
            "SubnetTable",
            "AWS::EC2::SubnetRouteTableAssociation",
            "a",
            None,
            json!({"SubnetId": "subnet-1", "RouteTableId": "rtb-1"}),
        ),
        resource(
            94,
            "Out",
            "AWS::EC2::Route",
            "r",
            None,
            json!({"RouteTableId": "rtb-1", "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}),
        ),
        resource(
            95,
            "Cluster",
            "AWS::RDS::DBCluster",
            "app-cluster",
            None,
            json!({"VpcSecurityGroupIds": ["sg-database"], "DBSubnetGroupName": "app-subnets"}),
        ),
        resource(96, "Subnets", "AWS::RDS::DBSubnetGroup", "app-subnets", None, json!({"SubnetIds": ["subnet-1"]})),
    ]
}

pub fn app() -> App {
    App::new(ACCOUNT, "us-east-1", resources())
}

/// The application with one property set.
pub fn with(app: &App, logical: &str, path: &[&str], value: Node) -> App {
    let path = path.iter().map(|key| (*key).to_owned()).collect();
    app.apply(&Change::Set { resource: ResourceId::new("app", logical), path, value }).unwrap()
}

pub fn node(value: Value) -> Node {
    Node::from_json(&value, &Place::new("template.yaml", 7, 7))
}

pub fn unknown() -> Node {
    Node::new(Kind::unknown("parameter P has no value", None), Place::new("template.yaml", 99, 9))
}

/// The application without one resource.
pub fn without(app: &App, logical: &str) -> App {
    app.apply(&Change::Remove(ResourceId::new("app", logical))).unwrap()
}

#[derive(Clone, Default)]
pub struct Memory {
    pub keys: BTreeMap<String, IssuedKey>,
    pub answers: BTreeMap<String, AuthorizerAnswer>,
    pub usage: Usage,
    pub jwks: Option<Value>,
}

impl State for Memory {
    fn key(&self, id: &str) -> Option<IssuedKey> {
        self.keys.get(id).cloned()
    }
    fn authorizer_answer(&self, key: &str) -> Option<AuthorizerAnswer> {
        self.answers.get(key).cloned()
    }
    fn usage(&self, _: &str, _: &str) -> Usage {
        self.usage
    }
    fn jwks(&self, issuer: &str) -> Option<Value> {
        self.jwks.clone().filter(|_| issuer == "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Stand0001")
    }
    fn marker_key(&self) -> [u8; 32] {
        [7; 32]
    }
}

pub fn invoke(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Call {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let request = HttpRequest {
        method: method.into(),
        path: path.into(),
        query: query.into(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.as_bytes().to_vec(),
    };
    call(Credential::None, Ask::Invoke(Invoke { api: ResourceId::new("app", "Api"), stage: "dev".into(), request, beyond: 0 }))
}

pub fn call(credential: Credential, ask: Ask) -> Call {
    Call { id: "5f4c7e6a-2a58-4a86-9d0c-0123456789ab".into(), time: NOW, source_ip: "198.51.100.7".into(), tls: true, credential, ask }
}

pub fn api_call(identity: Identity, action: &str, resource: &str) -> Call {
    let api = ApiCall { action: action.into(), resource: resource.into(), resource_account: ACCOUNT.into(), ..ApiCall::default() };
    call(Credential::Proved(identity), Ask::Api(api))
}

pub fn session() -> Identity {
    Identity::AssumedRole {
        role_arn: ROLE.into(),
        session_name: "app-Rides".into(),
        issued_to: Some(FUNCTION.into()),
        session: model::Session::default(),
    }
}

pub fn connect(from: Origin, host: &str, port: u16) -> Call {
    call(Credential::None, Ask::Connect(Connect { from, host: host.into(), port, protocol: "tcp".into() }))
}

/// What a good authorizer answers.
pub fn allow() -> Value {
    let arn = format!("arn:aws:execute-api:us-east-1:{ACCOUNT}:api1234567/dev/*/rides*");
    json!({"principalId": "client-1", "context": {"CompanyID": 2, "admin": true}, "policyDocument":
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": [arn]}]}})
}

/// The State in which the authorizer of this call has answered.
pub fn answered(app: &App, call: &Call, result: Result<Value, String>) -> Memory {
    let mut memory = Memory::default();
    let verdict = sekisho_gate::decide(app, call, &memory);
    let model::Answer::Needs(needed) = verdict.answer else { panic!("the authorizer is not asked: {verdict:?}") };
    let Ask::Api(ApiCall { invocation: Some(invocation), .. }) = needed.ask else { panic!("no invocation") };
    memory.answers.insert(invocation.cache_key, AuthorizerAnswer { at: call.time, result });
    memory
}
