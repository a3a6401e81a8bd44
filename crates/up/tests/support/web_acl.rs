//! An API of mocks with a web ACL on its stage: the workshop "How to secure your serverless applications", module 6.

use sekisho_up::Running;

/// A template whose API `Api` has these routes at stage `dev`, each answered 200 by a mock: `("/socks", &["get"])`. Further
/// resources may follow.
pub fn api(routes: &[(&str, &[&str])]) -> String {
    const ANSWER: &str = "{x-amazon-apigateway-integration: {type: mock, responses: {default: {statusCode: '200'}}}}";
    let route = |(path, methods): &(&str, &[&str])| {
        let methods: Vec<String> = methods.iter().map(|method| format!("{method}: {ANSWER}")).collect();
        format!("          {path}: {{{}}}\n", methods.join(", "))
    };
    let routes: String = routes.iter().map(route).collect();
    format!(
        "
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: dev
      DefinitionBody:
        swagger: '2.0'
        info: {{title: Unicorns, version: '1'}}
        paths:
{routes}"
    )
}

/// Resources: the web ACL `ProtectUnicorn` with these rules, on stage `dev` of `Api`.
fn acl(rules: &str) -> String {
    format!(
        "
  ProtectUnicorn:
    Type: AWS::WAFv2::WebACL
    Properties:
      Name: ProtectUnicorn
      Scope: REGIONAL
      DefaultAction: {{Allow: {{}}}}
      VisibilityConfig: {{SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: ProtectUnicorn}}
      Rules:
{rules}
  Protection:
    Type: AWS::WAFv2::WebACLAssociation
    Properties:
      WebACLArn: !GetAtt ProtectUnicorn.Arn
      ResourceArn: !Sub 'arn:aws:apigateway:${{AWS::Region}}::/restapis/${{Api}}/stages/dev'
"
    )
}

/// Module 6's web ACL: bodies over 3,000 bytes, SQL injection, floods. `flood` is what is done to those: `Block`, `Count`.
pub fn module_six(flood: &str) -> String {
    acl(&RULES.replace("FLOOD", flood))
}

const RULES: &str = "
        - Name: LargeBodyMatchRule
          Priority: 1
          Action: {Block: {}}
          VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: LargeBodyMatchRule}
          Statement:
            SizeConstraintStatement:
              {FieldToMatch: {Body: {OversizeHandling: MATCH}}, ComparisonOperator: GT, Size: 3000, TextTransformations: [{Priority: 0, Type: NONE}]}
        - Name: SQLinjectionRule
          Priority: 2
          Action: {Block: {}}
          VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: SQLinjectionRule}
          Statement:
            OrStatement:
              Statements:
                - SqliMatchStatement: {FieldToMatch: {Body: {OversizeHandling: CONTINUE}}, TextTransformations: [{Priority: 0, Type: NONE}]}
                - SqliMatchStatement: {FieldToMatch: {Body: {OversizeHandling: CONTINUE}}, TextTransformations: [{Priority: 0, Type: URL_DECODE}]}
                - SqliMatchStatement: {FieldToMatch: {UriPath: {}}, TextTransformations: [{Priority: 0, Type: URL_DECODE}]}
                - SqliMatchStatement: {FieldToMatch: {QueryString: {}}, TextTransformations: [{Priority: 0, Type: URL_DECODE}]}
        - Name: RequestFloodRule
          Priority: 3
          Action: {FLOOD: {}}
          VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: RequestFloodRule}
          Statement: {RateBasedStatement: {Limit: 2000, AggregateKeyType: IP}}
";

/// One rule: no body holds this word, as far as it is inspected.
pub fn no_body_holds(word: &str) -> String {
    acl(&format!(
        "
        - Name: Word
          Priority: 1
          Action: {{Block: {{}}}}
          VisibilityConfig: {{SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: Word}}
          Statement:
            ByteMatchStatement:
              {{FieldToMatch: {{Body: {{OversizeHandling: CONTINUE}}}}, PositionalConstraint: CONTAINS, SearchString: {word}, TextTransformations: [{{Priority: 0, Type: NONE}}]}}
"
    ))
}

/// Resources: the web ACL's log, without tokens.
pub const LOGGING: &str = "
  Logging:
    Type: AWS::WAFv2::LoggingConfiguration
    DependsOn: Protection
    Properties:
      ResourceArn: !GetAtt ProtectUnicorn.Arn
      LogDestinationConfigs: [!Sub 'arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:aws-waf-logs-unicorns']
      RedactedFields: [{SingleHeader: {Name: authorization}}]
";

/// Where stage `dev` is, below the endpoint.
pub fn stage(running: &Running) -> String {
    running.apis().into_iter().find(|api| api.stage == "dev").unwrap().url.strip_prefix(&running.endpoint()).unwrap().to_owned()
}
