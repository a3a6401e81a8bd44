//! The replay law: every judgement in a journal, judged again with the facts it kept, gives the same verdict. And no
//! credential is in it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::Value;
use support::{Fixture, http};

const TEMPLATE: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: dev
      Auth:
        DefaultAuthorizer: Gatekeeper
        Authorizers:
          Gatekeeper: {FunctionArn: !GetAtt Gatekeeper.Arn}
  Gatekeeper:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs20.x, Handler: index.authorizer, CodeUri: src/}
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.hello
      CodeUri: src/
      Events:
        Get: {Type: Api, Properties: {RestApiId: !Ref Api, Path: '/hello/{name}', Method: get}}
        Post: {Type: Api, Properties: {RestApiId: !Ref Api, Path: '/hello/{name}', Method: post}}
";
const CODE: &str = "
exports.authorizer = async event => {
  if (event.authorizationToken === 'broken') throw new Error('error');
  if (event.authorizationToken === 'nobody') throw new Error('Unauthorized');
  const Effect = event.authorizationToken === 'friend' ? 'Allow' : 'Deny';
  const Statement = [{ Action: 'execute-api:Invoke', Effect, Resource: event.methodArn.replace(/GET.*/, 'GET/*') }];
  return { principalId: 'p-7', policyDocument: { Version: '2012-10-17', Statement }, context: { CompanyID: 2 } };
};
exports.hello = async event => {
  console.log('hello\\n\\u001b[31mred');
  if (event.queryStringParameters?.crash) process.exit(1);
  if (event.queryStringParameters?.sleep) await new Promise(done => setTimeout(done, 60_000));
  return {
    statusCode: 200,
    headers: { 'X-Seen': Object.keys(event.headers).filter(name => name.startsWith('X-Own')).join() },
    body: JSON.stringify([event.pathParameters.name, event.requestContext.authorizer, event.body]),
  };
};
";

#[tokio::test(flavor = "multi_thread")]
async fn from_the_socket_to_the_function_and_judged_again() {
    let fixture = Fixture::new(TEMPLATE, &[("src/index.js", CODE)]);
    let running = match sekisho_up::start(fixture.app(), fixture.options(), |_| {}).await {
        Ok(running) => running,
        Err(error @ sekisho_up::UpError::Missing { .. }) => return eprintln!("SKIPPED: {error}"),
        Err(error) => panic!("{error}"),
    };
    let base = running.apis().into_iter().find(|api| api.stage == "dev").unwrap().url;
    let path = base.strip_prefix(&running.endpoint()).unwrap().to_owned();
    let call = async |method: &str, path_and_query: &str, headers: &[&str]| {
        http(&running.endpoint(), method, &format!("{path}{path_and_query}"), headers, "").await
    };
    let friend = ["Authorization: friend", "X-Own-Header: 1", "x-OWN-other: 2"];
    let (status, answer) = call("GET", "/hello/O'Hara", &friend).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains(r#"["O'Hara",{"CompanyID":"2","principalId":"p-7","integrationLatency":0},null]"#), "{answer}");
    assert!(answer.contains("x-seen: X-Own-Header"), "{answer}");
    for (headers, method, path, status, body) in [
        (&[][..], "GET", "/hello/x", 401, r#"{"message":"Unauthorized"}"#),
        (&["Authorization: nobody"], "GET", "/hello/x", 401, r#"{"message":"Unauthorized"}"#),
        (&["Authorization: broken"], "GET", "/hello/x", 500, r#"{"message":null}"#),
        (
            &["Authorization: foe"],
            "GET",
            "/hello/x",
            403,
            r#"{"Message":"User is not authorized to access this resource with an explicit deny"}"#,
        ),
        (&["Authorization: friend"], "POST", "/hello/x", 403, r#"{"Message":"User is not authorized to access this resource"}"#),
        (&["Authorization: friend"], "GET", "/nothing", 403, r#"{"message":"Missing Authentication Token"}"#),
        (&["Authorization: friend"], "GET", "/hello/x?crash=1", 502, r#"{"message":"Internal server error"}"#),
        (&["Authorization: friend"], "GET", "/hello/x?sleep=1", 502, r#"{"message":"Internal server error"}"#),
    ] {
        let (got, answer) = call(method, path, headers).await;
        assert_eq!((got, answer.ends_with(body)), (status, true), "{method} {path} {headers:?}: {answer}");
        assert_eq!(got < 500 || path == "/hello/x", answer.contains("x-sekisho-why: "), "{answer}");
    }
    running.flush_logs();
    let journal = std::fs::read_to_string(running.journal()).unwrap();
    let app = running.app();
    let mut judged = 0;
    for line in journal.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|line| line.get("call").is_some()) {
        let entry: gate::Entry = serde_json::from_value(line.clone()).unwrap();
        // As the journal writes it: places without their bytes.
        assert_eq!(serde_json::to_value(entry.replay(&app)).unwrap(), line["verdict"], "{line}");
        judged += 1;
    }
    assert!(judged >= 20, "{judged}");
    for secret in ["friend", "nobody", "broken"] {
        assert!(!journal.contains(&format!("\"{secret}\"")), "a token is in the journal");
    }
    let access = std::fs::read_to_string(find(running.logs(), "dev.log")).unwrap();
    assert_eq!(access.lines().count(), 9, "{access}");
    assert!(access.lines().next().unwrap().contains(r#""principalId":"p-7""#), "{access}");
    running.stop().await;
}

fn find(folder: &std::path::Path, name: &str) -> std::path::PathBuf {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().join(name));
    entries.into_iter().find(|path| path.exists()).unwrap()
}
