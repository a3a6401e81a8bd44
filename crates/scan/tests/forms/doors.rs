//! The risks of APIs and identities, judged from the resource graph: for each several forms in
//! which it stands, none of them its page's, and well-built twins on which it is silent.
use crate::judged::*;

crate::tests!(open_doors, classic_web_acl, cognito, bodies);

fn open_doors() {
    let http = |auth: &str| {
        format!(
            "{SAM}Resources:\n  A: {{Type: 'AWS::Serverless::HttpApi', Properties: {{{auth}}}}}\n  F: {{Type: 'AWS::Serverless::Function', Properties: {{Runtime: nodejs22.x, Handler: index.handler, InlineCode: 'exports.handler = async () => 1', Events: {{E: {{Type: HttpApi, Properties: {{ApiId: !Ref A, Path: /a, Method: get}}}}}}}}}}\n"
        )
    };
    let route = |protocol: &str, key: &str, auth: &str| {
        format!(
            "Resources:\n  A: {{Type: 'AWS::ApiGatewayV2::Api', Properties: {{Name: a, ProtocolType: {protocol}}}}}\n  R: {{Type: 'AWS::ApiGatewayV2::Route', Properties: {{ApiId: !Ref A, RouteKey: '{key}'{auth}}}}}\n"
        )
    };
    let graphql = |kind: &str| one("AppSync::GraphQLApi", &format!("Name: g, AuthenticationType: {kind}"));
    let jwt = "Auth: {DefaultAuthorizer: J, Authorizers: {J: {IdentitySource: '$request.header.Authorization', JwtConfiguration: {issuer: 'https://i.example.com', audience: [a]}}}}";
    judged(
        "unauthenticated-api",
        &[
            &http(""),
            &route("HTTP", "POST /x", ""),
            &route("WEBSOCKET", "$connect", ", AuthorizationType: NONE"),
            &route("HTTP", "$default", ""),
            &graphql("API_KEY"),
            &graphql("AWS_IAM, AdditionalAuthenticationProviders: [{AuthenticationType: API_KEY}]"),
        ],
        &[
            &http(jwt),
            &route("HTTP", "POST /x", ", AuthorizationType: AWS_IAM"),
            &route("WEBSOCKET", "$connect", ", AuthorizationType: CUSTOM, AuthorizerId: a"),
            &route("WEBSOCKET", "send", ""),
            &route("HTTP", "OPTIONS /x", ""),
            &graphql("AMAZON_COGNITO_USER_POOLS"),
        ],
    );
    let rest = |stage: &str, function: &str, database: &str| {
        format!(
            "{SAM}Resources:\n  D: {{Type: 'AWS::RDS::DBInstance', Properties: {{Engine: mysql}}}}\n{database}  A: {{Type: 'AWS::Serverless::Api', Properties: {{StageName: p{stage}}}}}\n  F: {{Type: 'AWS::Serverless::Function', Properties: {{Runtime: nodejs22.x, Handler: index.handler, InlineCode: 'exports.handler = async () => 1', Timeout: 5{function}, Environment: {{Variables: {{H: !GetAtt D.Endpoint.Address}}}}, Events: {{E: {{Type: Api, Properties: {{RestApiId: !Ref A, Path: /a, Method: get}}}}}}}}}}\n"
        )
    };
    let limit = ", MethodSettings: [{HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 10}]";
    judged(
        "unthrottled-api",
        &[
            &rest("", "", ""),
            &rest(&limit.replace("'/*'", "/a"), "", ""),
            &rest(", Auth: {ApiKeyRequired: true}", "", ""),
            &rest("", ", MemorySize: 256", ""),
            // One slow request a second fills what is reserved, with or without a limit that all callers share.
            &rest("", ", ReservedConcurrentExecutions: 5", ""),
            &rest(limit, ", ReservedConcurrentExecutions: 2", ""),
        ],
        &[
            &rest(limit, "", ""),
            &rest("", ", ReservedConcurrentExecutions: 20", ""),
            &rest(limit, ", ReservedConcurrentExecutions: 0", ""),
            &(rest(limit, ", ReservedConcurrentExecutions: 5", "") + &web_acl("RateBasedStatement: {Limit: 100, AggregateKeyType: IP}")),
            &rest("", "", "  X: {Type: 'AWS::RDS::DBProxy', Properties: {DBProxyName: x}}\n"),
            &rest("", "", "").replace("H: !GetAtt D.Endpoint.Address", "H: none"),
            &rest(
                ", Auth: {ApiKeyRequired: true, UsagePlan: {CreateUsagePlan: PER_API, Throttle: {RateLimit: 10, BurstLimit: 20}}}",
                "",
                "",
            ),
        ],
    );
    let mut blunt = rest(limit, ", ReservedConcurrentExecutions: 5", "");
    blunt += &web_acl("GeoMatchStatement: {CountryCodes: [KP]}");
    judged("unthrottled-api", &[&blunt], &[]);
    let http = |settings: &str, more: &str| {
        format!(
            "{SAM}Resources:\n  D: {{Type: 'AWS::RDS::DBInstance', Properties: {{Engine: mysql, DBInstanceClass: db.t4g.micro}}}}\n  A: {{Type: 'AWS::Serverless::HttpApi', Properties: {{StageName: p{settings}}}}}\n  F: {{Type: 'AWS::Serverless::Function', Properties: {{Runtime: nodejs22.x, Handler: a.b, InlineCode: '1', Timeout: 5{more}, Environment: {{Variables: {{H: !GetAtt D.Endpoint.Address}}}}, Events: {{E: {{Type: HttpApi, Properties: {{ApiId: !Ref A, Path: /a, Method: get}}}}}}}}}}\n"
        )
    };
    let socket = |settings: &str| {
        format!(
            "Resources:\n  D: {{Type: 'AWS::RDS::DBInstance', Properties: {{Engine: mysql}}}}\n  A: {{Type: 'AWS::ApiGatewayV2::Api', Properties: {{Name: a, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}}}\n  S: {{Type: 'AWS::ApiGatewayV2::Stage', Properties: {{ApiId: !Ref A, StageName: live{settings}}}}}\n  R: {{Type: 'AWS::ApiGatewayV2::Route', Properties: {{ApiId: !Ref A, RouteKey: send, Target: !Sub 'integrations/${{I}}'}}}}\n  I: {{Type: 'AWS::ApiGatewayV2::Integration', Properties: {{ApiId: !Ref A, IntegrationType: AWS_PROXY, IntegrationUri: !Sub 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${{F.Arn}}/invocations'}}}}\n  F: {{Type: 'AWS::Lambda::Function', Properties: {{{FUNCTION}, Environment: {{Variables: {{H: !GetAtt D.Endpoint.Address}}}}}}}}\n"
        )
    };
    let default = ", DefaultRouteSettings: {ThrottlingRateLimit: 10, ThrottlingBurstLimit: 20}";
    judged(
        "unthrottled-api",
        &[
            &http("", ""),
            &http(", DefaultRouteSettings: {DetailedMetricsEnabled: true}", ""),
            &http(", RouteSettings: {'POST /a': {ThrottlingRateLimit: 10}}", ""),
            &socket(""),
        ],
        &[
            &http(default, ""),
            &http(", RouteSettings: {'GET /a': {ThrottlingRateLimit: 10}}", ""),
            &http("", ", ReservedConcurrentExecutions: 20"),
            &socket(default),
            &http("", "").replace("H: !GetAtt D.Endpoint.Address", "H: none"),
        ],
    );
    let group = |egress: &str| {
        format!(
            "Resources:\n  G: {{Type: 'AWS::EC2::SecurityGroup', Properties: {{GroupDescription: g, VpcId: vpc-1{egress}}}}}\n  F: {{Type: 'AWS::Lambda::Function', Properties: {{{FUNCTION}, VpcConfig: {{SecurityGroupIds: [!Ref G], SubnetIds: [subnet-1]}}}}}}\n"
        )
    };
    judged(
        "open-egress",
        &[
            &group(""),
            &group(", SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 0.0.0.0/0}]"),
            &group(", SecurityGroupEgress: [{IpProtocol: '-1', CidrIp: 0.0.0.0/0}]"),
            &group(", SecurityGroupEgress: [{IpProtocol: udp, FromPort: 53, ToPort: 5353, CidrIp: 0.0.0.0/0}]"),
        ],
        &[
            &group(", SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]"),
            &group(", SecurityGroupEgress: [{IpProtocol: udp, FromPort: 53, ToPort: 53, CidrIp: 0.0.0.0/0}]"),
            &group(", SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 3306, ToPort: 3306, CidrIp: 10.0.0.0/16}]"),
        ],
    );
}

/// A web ACL of one rule before the stage of `rest`.
fn web_acl(statement: &str) -> String {
    let seen = "VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: m}";
    format!(
        "  W: {{Type: 'AWS::WAFv2::WebACL', Properties: {{Scope: REGIONAL, DefaultAction: {{Allow: {{}}}}, {seen}, Rules: [{{Name: r, Priority: 0, Action: {{Block: {{}}}}, {seen}, Statement: {{{statement}}}}}]}}}}
  B: {{Type: 'AWS::WAFv2::WebACLAssociation', Properties: {{WebACLArn: !GetAtt W.Arn, ResourceArn: !Sub 'arn:aws:apigateway:${{AWS::Region}}::/restapis/${{A}}/stages/p'}}}}
"
    )
}

/// A web ACL of AWS WAF Classic is judged as one of AWS WAF is.
fn classic_web_acl() {
    let classic = |action: &str, stage: &str| {
        format!(
            "Resources:
  A: {{Type: 'AWS::ApiGateway::RestApi', Properties: {{Name: a, Body: {{swagger: '2.0', info: {{title: a}}, paths: {{/a: {{get: {{x-amazon-apigateway-integration: {{type: mock}}}}}}}}}}}}}}
  D: {{Type: 'AWS::ApiGateway::Deployment', Properties: {{RestApiId: !Ref A}}}}
  S: {{Type: 'AWS::ApiGateway::Stage', Properties: {{RestApiId: !Ref A, DeploymentId: !Ref D, StageName: p}}}}
  Q: {{Type: 'AWS::WAFRegional::SqlInjectionMatchSet', Properties: {{Name: q, SqlInjectionMatchTuples: [{{FieldToMatch: {{Type: QUERY_STRING}}, TextTransformation: URL_DECODE}}]}}}}
  R: {{Type: 'AWS::WAFRegional::Rule', Properties: {{Name: r, MetricName: r, Predicates: [{{DataId: !Ref Q, Negated: false, Type: SqlInjectionMatch}}]}}}}
  L: {{Type: 'AWS::WAFRegional::SizeConstraintSet', Properties: {{Name: l, SizeConstraints: [{{FieldToMatch: {{Type: BODY}}, ComparisonOperator: GT, Size: 3000, TextTransformation: NONE}}]}}}}
  T: {{Type: 'AWS::WAFRegional::Rule', Properties: {{Name: t, MetricName: t, Predicates: [{{DataId: !Ref L, Negated: false, Type: SizeConstraint}}]}}}}
  W: {{Type: 'AWS::WAFRegional::WebACL', Properties: {{Name: w, MetricName: w, DefaultAction: {{Type: ALLOW}}, Rules: [{{Action: {{Type: BLOCK}}, Priority: 1, RuleId: !Ref T}}, {{Action: {{Type: {action}}}, Priority: 2, RuleId: !Ref R}}]}}}}
  B: {{Type: 'AWS::WAFRegional::WebACLAssociation', Properties: {{WebACLId: !Ref W, ResourceArn: !Sub 'arn:aws:apigateway:${{AWS::Region}}::/restapis/${{A}}/stages/{stage}'}}}}
"
        )
    };
    judged("web-acl-ineffective", &[&classic("COUNT", "p")], &[&classic("BLOCK", "p")]);
    judged("web-acl-bypass", &[&classic("BLOCK", "q")], &[&classic("BLOCK", "p")]);
}

/// An identity pool whose role has one statement; `guests` may have it too.
fn identities(guests: bool, statement: &str, more: &str) -> String {
    let who = if guests { "unauthenticated" } else { "authenticated" };
    format!(
        "Resources:
  I: {{Type: 'AWS::Cognito::IdentityPool', Properties: {{AllowUnauthenticatedIdentities: {guests}, CognitoIdentityProviders: [{{ClientId: c, ProviderName: !GetAtt U.ProviderName}}]}}}}
  A: {{Type: 'AWS::Cognito::IdentityPoolRoleAttachment', Properties: {{IdentityPoolId: !Ref I, Roles: {{{who}: !GetAtt R.Arn}}}}}}
  R: {{Type: 'AWS::IAM::Role', Properties: {{AssumeRolePolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Principal: {{Federated: cognito-identity.amazonaws.com}}, Action: 'sts:AssumeRoleWithWebIdentity'}}]}}, Policies: [{{PolicyName: p, PolicyDocument: {{Version: '2012-10-17', Statement: [{statement}]}}}}]}}}}
  U: {{Type: 'AWS::Cognito::UserPool'{more}}}
  T: {{Type: 'AWS::DynamoDB::Table', Properties: {{TableName: t, AttributeDefinitions: [{{AttributeName: u, AttributeType: S}}], KeySchema: [{{AttributeName: u, KeyType: HASH}}]}}}}
  W: {{Type: 'AWS::S3::Bucket', Properties: {{BucketName: site-w, WebsiteConfiguration: {{IndexDocument: index.html}}}}}}
"
    )
}

fn cognito() {
    let allow = |action: &str, resource: &str| format!("{{Effect: Allow, Action: {action}, Resource: {resource}}}");
    let closed = ", Properties: {AdminCreateUserConfig: {AllowAdminCreateUserOnly: true}}";
    let keys = "{Effect: Allow, Action: 'dynamodb:GetItem', Resource: !GetAtt T.Arn, Condition: {'ForAllValues:StringEquals': {'dynamodb:LeadingKeys': ['${cognito-identity.amazonaws.com:sub}']}}}";
    let own = allow("['s3:GetObject', 's3:PutObject']", "'arn:aws:s3:::u/${cognito-identity.amazonaws.com:sub}/*'");
    judged(
        "wide-identity-pool",
        &[
            &identities(true, &allow("'s3:*'", "'*'"), ""),
            &identities(true, &allow("['lambda:InvokeFunction']", "'arn:aws:lambda:*:*:function:admin'"), ""),
            &identities(false, &allow("'dynamodb:*'", "!GetAtt T.Arn"), ""),
        ],
        &[
            &identities(true, &own, ""),
            &identities(true, &allow("['cognito-sync:*', 'mobileanalytics:PutEvents']", "'*'"), ""),
            &identities(false, keys, ""),
        ],
    );
    judged(
        "table-without-leading-keys",
        &[
            &identities(false, &allow("'dynamodb:*'", "'*'"), ""),
            &identities(true, &allow("['dynamodb:Query']", "!GetAtt T.Arn"), ""),
            &identities(false, &allow("'dynamodb:Put*'", "'arn:aws:dynamodb:*:*:table/t'"), ""),
        ],
        &[
            &identities(false, keys, ""),
            &identities(false, &own, ""),
            &identities(false, &allow("'dynamodb:GetItem'", "'arn:aws:dynamodb:*:*:table/other'"), ""),
        ],
    );
    judged(
        "writable-web-asset",
        &[
            &identities(true, &allow("'s3:PutObject'", "'arn:aws:s3:::*'"), ""),
            &identities(false, &allow("'s3:*'", "!Sub '${W.Arn}/*'"), ""),
            "Resources:\n  W: {Type: 'AWS::S3::Bucket', Properties: {WebsiteConfiguration: {IndexDocument: i}}}\n  P: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: !Ref W, PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: '*', Action: 's3:PutObject', Resource: !Sub '${W.Arn}/*'}]}}}\n",
        ],
        &[
            &identities(true, &allow("'s3:PutObject'", "'arn:aws:s3:::uploads/*'"), ""),
            &identities(true, &allow("'s3:GetObject'", "'*'"), ""),
            &identities(true, &allow("'s3:PutObject'", "!Sub '${W.Arn}/users/${!cognito-identity.amazonaws.com:sub}/*'"), ""),
        ],
    );
    let route = |pool: &str, scopes: &str| {
        format!(
            "{SAM}Resources:\n  U: {{Type: 'AWS::Cognito::UserPool'{pool}}}\n  A: {{Type: 'AWS::Serverless::Api', Properties: {{StageName: p, Auth: {{DefaultAuthorizer: C, Authorizers: {{C: {{UserPoolArn: !GetAtt U.Arn{scopes}}}}}}}}}}}\n  F: {{Type: 'AWS::Serverless::Function', Properties: {{Runtime: nodejs22.x, Handler: index.handler, InlineCode: 'exports.handler = async () => 1', Events: {{E: {{Type: Api, Properties: {{RestApiId: !Ref A, Path: /a, Method: get}}}}}}}}}}\n"
        )
    };
    judged(
        "open-sign-up",
        &[
            &route("", ""),
            &route(", Properties: {AdminCreateUserConfig: {AllowAdminCreateUserOnly: false}}", ""),
            &identities(false, &allow("'s3:*'", "'*'"), ""),
        ],
        &[
            &route(closed, ""),
            &route("", ", AuthorizationScopes: [a/b]"),
            &identities(false, &allow("'s3:*'", "'*'"), closed),
            &one("Cognito::UserPool", ""),
        ],
    );
    let people = |properties: &str, client: &str| {
        format!(
            "Resources:\n  U: {{Type: 'AWS::Cognito::UserPool', Properties: {{{properties}}}}}\n  C: {{Type: 'AWS::Cognito::UserPoolClient', Properties: {{UserPoolId: !Ref U{client}}}}}\n"
        )
    };
    let own = "AdminCreateUserConfig: {AllowAdminCreateUserOnly: true}";
    let long = "Policies: {PasswordPolicy: {MinimumLength: 16}}";
    judged(
        "weak-sign-in",
        &[
            &people("", ""),
            &people(&format!("MfaConfiguration: 'OFF', {own}, {long}"), ", AllowedOAuthFlows: [code]"),
            &people(&format!("MfaConfiguration: 'ON', {own}, Policies: {{PasswordPolicy: {{MinimumLength: 8}}}}"), ""),
            &people(&format!("MfaConfiguration: 'ON', {long}"), ""),
        ],
        &[&people(&format!("MfaConfiguration: OPTIONAL, {own}, {long}"), ""), &people("", ", AllowedOAuthFlows: [client_credentials]")],
    );
}

/// The body of a route goes into a query: with a model there is nothing to say, with half of one there is.
fn bodies() {
    let app = |validator: &str, method: &str| {
        format!(
            "{SAM}Resources:\n  F: {{Type: 'AWS::Serverless::Function', Properties: {{Runtime: nodejs22.x, Handler: index.handler, CodeUri: src/, Events: {{E: {{Type: Api, Properties: {{RestApiId: !Ref A, Path: /a, Method: {method}}}}}}}}}}}\n  A:\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: p\n      DefinitionBody:\n        swagger: '2.0'\n        x-amazon-apigateway-request-validators: {{both: {{validateRequestBody: true, validateRequestParameters: true}}, none: {{validateRequestBody: false}}}}\n        definitions: {{M: {{type: object}}}}\n        paths:\n          /a:\n            {method}:\n              {validator}\n              x-amazon-apigateway-integration: {{type: aws_proxy, httpMethod: POST, uri: !Sub 'arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{F.Arn}}/invocations'}}\n"
        )
    };
    let model = "parameters: [{in: body, name: M, schema: {$ref: '#/definitions/M'}}]";
    judged(
        "unvalidated-body",
        &[
            &app("operationId: a", "post"),
            &app("x-amazon-apigateway-request-validator: both", "put"),
            &app(&format!("x-amazon-apigateway-request-validator: none\n              {model}"), "patch"),
        ],
        &[&app(&format!("x-amazon-apigateway-request-validator: both\n              {model}"), "post"), &app("operationId: a", "get")],
    );
}
