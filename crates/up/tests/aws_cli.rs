//! Real AWS clients with real signatures: the AWS CLI and boto3.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use model::ResourceId;
use sekisho_up as up;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use support::{Fixture, aws, credentials_file, run};

const TEMPLATE: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: riders
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      CodeUri: src/
      Policies:
        - Statement:
            - {Effect: Allow, Action: 'dynamodb:GetItem', Resource: !GetAtt Table.Arn}
";
const CODE: [(&str, &str); 1] = [("src/index.js", "exports.handler = async () => ({ statusCode: 200 });\n")];

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", words(output)))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_user_by_the_credentials_file() {
    let fixture = Fixture::new(TEMPLATE, &CODE);
    let running = fixture.start().await;
    let endpoint = running.endpoint();
    let credentials = running.credentials_file().to_path_buf();
    let call = |arguments: &[&str]| run(aws(&endpoint, &credentials, arguments));
    let Some(who) = call(&["sts", "get-caller-identity"]).await else { return running.stop().await };
    assert_eq!(json(&who)["Arn"], "arn:aws:iam::123456789012:root");
    let item = r#"{"id":{"S":"1"},"name":{"S":"O'Hara"}}"#;
    let put = call(&["dynamodb", "put-item", "--table-name", "riders", "--item", item]).await.unwrap();
    assert!(put.status.success(), "{}", words(&put));
    let got = call(&["dynamodb", "get-item", "--table-name", "riders", "--key", r#"{"id":{"S":"1"}}"#]).await.unwrap();
    assert_eq!(json(&got)["Item"]["name"]["S"], "O'Hara");
    let gone = call(&["dynamodb", "describe-table", "--table-name", "nobody"]).await.unwrap();
    assert!(words(&gone).contains("ResourceNotFoundException"), "{}", words(&gone));
    let create = ["dynamodb", "create-table", "--table-name", "made", "--billing-mode", "PAY_PER_REQUEST"];
    let keys = ["--attribute-definitions", "AttributeName=k,AttributeType=S", "--key-schema", "AttributeName=k,KeyType=HASH"];
    let made = call(&[&create[..], &keys].concat()).await.unwrap();
    assert!(made.status.success(), "{}", words(&made));
    running.stop().await;
    // What was stored is there after a second start.
    let running = fixture.start().await;
    let again = aws(&running.endpoint(), running.credentials_file(), &["dynamodb", "scan", "--table-name", "riders"]);
    assert_eq!(json(&run(again).await.unwrap())["Count"], 1);
    let list = aws(&running.endpoint(), running.credentials_file(), &["dynamodb", "list-tables"]);
    assert_eq!(json(&run(list).await.unwrap())["TableNames"], serde_json::json!(["made", "riders"]));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_and_a_missing_permission_are_refused_in_awss_words() {
    let fixture = Fixture::new(TEMPLATE, &CODE);
    let running = fixture.start().await;
    let endpoint = running.endpoint();
    let file = fixture.folder.path().join("session");
    let reader = ResourceId::new(stack(&running), "Reader");
    let mut session = running.function_credentials(&reader).unwrap();
    let table = "arn:aws:dynamodb:us-east-1:123456789012:table/riders";
    let scan = ["dynamodb", "scan", "--table-name", "riders"];
    let get = ["dynamodb", "get-item", "--table-name", "riders", "--key", r#"{"id":{"S":"1"}}"#];

    credentials_file(&file, &session);
    let Some(denied) = run(aws(&endpoint, &file, &scan)).await else { return running.stop().await };
    let says = words(&denied);
    assert!(
        says.contains("AccessDeniedException") && says.contains("assumed-role/") && says.contains("dynamodb:Scan") && says.contains(table),
        "{says}"
    );
    let allowed = run(aws(&endpoint, &file, &get)).await.unwrap();
    assert!(allowed.status.success(), "{}", words(&allowed));

    session.secret_access_key.replace_range(0..1, if session.secret_access_key.starts_with('A') { "B" } else { "A" });
    credentials_file(&file, &session);
    let wrong = words(&run(aws(&endpoint, &file, &["sts", "get-caller-identity"])).await.unwrap());
    assert!(wrong.contains("SignatureDoesNotMatch"), "{wrong}");
    let wrong = words(&run(aws(&endpoint, &file, &get)).await.unwrap());
    assert!(wrong.contains("InvalidSignatureException"), "{wrong}");
    session.access_key_id = "ASIAAAAAAAAAAAAAAAAA".into();
    credentials_file(&file, &session);
    let unknown = words(&run(aws(&endpoint, &file, &["sts", "get-caller-identity"])).await.unwrap());
    assert!(unknown.contains("InvalidClientTokenId"), "{unknown}");

    running.flush_logs();
    let trail = trail(running.logs());
    let denied: Vec<_> = trail.iter().filter(|record| record["errorCode"] == "AccessDeniedException").collect();
    assert_eq!(denied.len(), 1, "{trail:?}");
    let function = "arn:aws:lambda:us-east-1:123456789012:function:";
    assert!(denied[0]["userIdentity"]["inScopeOf"]["credentialsIssuedTo"].as_str().unwrap().starts_with(function));
    assert_eq!((&denied[0]["eventName"], &denied[0]["sourceIPAddress"]), (&Value::from("Scan"), &Value::from("127.0.0.1")));
    assert!(denied[0]["userAgent"].as_str().unwrap().contains("aws-cli"));
    let all = format!("{trail:?}{}{}", std::fs::read_to_string(running.journal()).unwrap(), fixture.said());
    for secret in [&session.secret_access_key[1..], session.session_token.as_deref().unwrap()] {
        assert!(!all.contains(secret), "a secret was written");
    }
    assert!(fixture.said().contains("dynamodb:Scan"), "{}", fixture.said());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_signs_and_reads() {
    let fixture = Fixture::new(TEMPLATE, &CODE);
    let running = fixture.start().await;
    let script = "
import boto3, sys
from botocore.exceptions import ClientError
table = boto3.resource('dynamodb', endpoint_url=sys.argv[1], region_name='us-east-1').Table('riders')
table.put_item(Item={'id': 'é', 'n': 3})
assert table.get_item(Key={'id': 'é'})['Item']['n'] == 3
try:
    table.put_item(Item={'no': 'key'})
except ClientError as e:
    print(e.response['Error']['Code'])
";
    let mut command = Command::new("python3");
    command.args(["-c", script, &running.endpoint()]).env("AWS_SHARED_CREDENTIALS_FILE", running.credentials_file());
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_CONFIG_FILE", "/nonexistent");
    if let Some(output) = run(command).await {
        let said = words(&output);
        if said.contains("No module named 'boto3'") {
            eprintln!("SKIPPED: boto3 is not installed; this test needs it");
        } else {
            assert_eq!(said.trim(), "ValidationException");
        }
    }
    running.stop().await;
}

fn stack(running: &up::Running) -> String {
    running.app().resources().next().unwrap().id.stack.to_string()
}

/// Every CloudTrail record below a folder.
fn trail(folder: &Path) -> Vec<Value> {
    let mut records = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            records.extend(trail(&entry));
        } else if entry.to_string_lossy().ends_with(".json.gz") {
            let file = flate2::read::GzDecoder::new(std::fs::File::open(entry).unwrap());
            let delivered: Value = serde_json::from_reader(file).unwrap();
            records.extend(delivered["Records"].as_array().unwrap().iter().cloned());
        }
    }
    records
}

const CHAIN: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: riders
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
  Starter:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      CodeUri: src/
      Policies: [{Statement: [{Effect: Allow, Action: ['sts:AssumeRole', 'sts:TagSession'], Resource: '*'}]}]
  First:
    Type: AWS::IAM::Role
    Properties:
      RoleName: first
      Tags: [{Key: Team, Value: none}]
      AssumeRolePolicyDocument: &trust
        Version: '2012-10-17'
        Statement:
          - {Effect: Allow, Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}, Action: 'sts:AssumeRole'}
          - Effect: Allow
            Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}
            Action: sts:TagSession
            Condition: {'ForAllValues:StringEquals': {'sts:TransitiveTagKeys': [Team]}}
      Policies: &policies
        - PolicyName: p
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - {Effect: Allow, Action: ['sts:AssumeRole', 'sts:TagSession'], Resource: '*'}
              - Effect: Allow
                Action: dynamodb:Scan
                Resource: '*'
                Condition: {StringEquals: {'aws:PrincipalTag/Team': riders}}
  Second:
    Type: AWS::IAM::Role
    Properties: {RoleName: second, Tags: [{Key: Team, Value: none}], AssumeRolePolicyDocument: *trust, Policies: *policies}
  Untagged:
    Type: AWS::IAM::Role
    Properties:
      RoleName: untagged
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}, Action: 'sts:AssumeRole'}]
";

/// IAM User Guide, "Pass session tags in AWS STS", Chaining roles with session tags.
#[tokio::test(flavor = "multi_thread")]
async fn session_tags_go_down_a_chain_of_roles() {
    let fixture = Fixture::new(CHAIN, &CODE);
    let running = fixture.start().await;
    let (endpoint, folder) = (running.endpoint(), fixture.folder.path());
    let start = folder.join("start");
    credentials_file(&start, &running.function_credentials(&ResourceId::new(stack(&running), "Starter")).unwrap());
    let assume = |file: &Path, role: &str, more: &[&str]| {
        let arn = format!("arn:aws:iam::123456789012:role/{role}");
        let call = ["sts", "assume-role", "--role-session-name", "chain", "--role-arn", arn.as_str()];
        run(aws(&endpoint, file, &[&call[..], more].concat()))
    };
    let keep = |name: &str, output: &Output| {
        let (file, answer) = (folder.join(name), json(output));
        let part = |name: &str| answer["Credentials"][name].as_str().unwrap().to_owned();
        let (id, secret, token) = (part("AccessKeyId"), part("SecretAccessKey"), part("SessionToken"));
        std::fs::write(&file, format!("[default]\naws_access_key_id={id}\naws_secret_access_key={secret}\naws_session_token={token}\n"))
            .unwrap();
        file
    };
    let scan = async |file: &Path| {
        let output = run(aws(&endpoint, file, &["dynamodb", "scan", "--table-name", "riders"])).await.unwrap();
        if output.status.success() { String::new() } else { words(&output) }
    };
    let tags = ["--tags", "Key=team,Value=riders", "Key=Place,Value=tokyo", "--transitive-tag-keys", "Team"];
    let Some(tagged) = assume(&start, "first", &tags).await else { return running.stop().await };
    let first = keep("first", &tagged);
    assert_eq!(scan(&first).await, "", "the session's tag comes over the role's");
    let plain = keep("plain", &assume(&start, "first", &[]).await.unwrap());
    assert!(scan(&plain).await.contains("AccessDenied"), "the role's own tag does not allow it");
    let second = keep("second", &assume(&first, "second", &[]).await.unwrap());
    assert_eq!(scan(&second).await, "", "the tag is inherited");
    for (file, role, more, says) in [
        (&first, "untagged", &[][..], "sts:TagSession"),
        (&first, "second", &["--tags", "Key=TEAM,Value=drivers"][..], "conflicts with a transitive tag key from the calling session"),
        (&start, "first", &["--tags", "Key=Place,Value=x", "--transitive-tag-keys", "Place"][..], "sts:TagSession"),
        (&start, "first", &["--tags", "Key=a,Value=x", "Key=A,Value=y"][..], "Duplicate tag keys found"),
        (
            &running.credentials_file().to_owned(),
            "first",
            &[][..],
            "(AccessDenied) when calling the AssumeRole operation: Roles may not be assumed by root accounts.",
        ),
    ] {
        let refused = words(&assume(file, role, more).await.unwrap());
        assert!(refused.contains(says), "{role} {more:?}: {refused}");
    }
    assert!(assume(&plain, "untagged", &[]).await.unwrap().status.success(), "without tags it needs no more than AssumeRole");
    let session_policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let narrowed = keep("narrowed", &assume(&start, "first", &[&tags[..], &["--policy", session_policy]].concat()).await.unwrap());
    assert!(scan(&narrowed).await.contains("no session policy allows"), "{}", scan(&narrowed).await);

    running.flush_logs();
    let trail = trail(running.logs());
    // The same role is assumed without tags too, and records of one second have no order.
    let assumed = |role: &str, tagged: bool| {
        let arn = format!("arn:aws:iam::123456789012:role/{role}");
        let is = |r: &&Value| r["eventName"] == "AssumeRole" && r["errorCode"].is_null() && r["requestParameters"]["roleArn"] == *arn;
        trail.iter().filter(is).find(|r| r["requestParameters"]["tags"].is_array() == tagged).unwrap()
    };
    let first = &assumed("first", true)["requestParameters"];
    assert_eq!(first["tags"][1], serde_json::json!({"key": "team", "value": "riders"}));
    assert_eq!(first["transitiveTagKeys"], serde_json::json!(["Team"]));
    assert_eq!(assumed("second", false)["requestParameters"]["incomingTransitiveTags"], serde_json::json!({"team": "riders"}));
    let journal = std::fs::read_to_string(running.journal()).unwrap();
    assert!(!journal.contains("SecretAccessKey"));
    running.stop().await;
}

const USERS: &str = "
Resources:
  Users:
    Type: AWS::Cognito::UserPool
    Properties:
      AutoVerifiedAttributes: [email]
      Schema: [{Name: role, AttributeDataType: String, Mutable: true}]
  Web:
    Type: AWS::Cognito::UserPoolClient
    Properties: {UserPoolId: !Ref Users, ExplicitAuthFlows: [ALLOW_USER_PASSWORD_AUTH], WriteAttributes: [email, name]}
";

/// A person signs up, gets a code by mail, signs in and changes what the app client lets them: no key of AWS is needed for it.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_up() {
    let fixture = Fixture::new(USERS, &CODE);
    let running = fixture.start().await;
    let endpoint = running.endpoint();
    let nobody = fixture.folder.path().join("nobody");
    std::fs::write(&nobody, "").unwrap();
    let client = running.app().of_kind("AWS::Cognito::UserPoolClient").next().unwrap().physical_id.clone();
    let call = |arguments: &[&str]| run(aws(&endpoint, &nobody, &[&["cognito-idp"], arguments].concat()));
    let who = ["--client-id", client.as_str(), "--username", "ann"];
    let made = ["--password", "Correct-horse-1", "--user-attributes", "Name=email,Value=ann@example.com"];
    let Some(signed_up) = call(&[&["sign-up"], &who[..], &made].concat()).await else { return running.stop().await };
    assert_eq!(json(&signed_up)["CodeDeliveryDetails"]["AttributeName"], "email", "{}", words(&signed_up));
    let mail = running.mailbox("ann@example.com");
    let code = mail.trim().rsplit(' ').next().unwrap();
    let confirmed = call(&[&["confirm-sign-up"], &who[..], &["--confirmation-code", code]].concat()).await.unwrap();
    assert!(confirmed.status.success(), "{}", words(&confirmed));
    let flow = ["--auth-flow", "USER_PASSWORD_AUTH", "--auth-parameters", "USERNAME=ann,PASSWORD=Correct-horse-1"];
    let signed_in = call(&[&["initiate-auth", "--client-id", client.as_str()], &flow[..]].concat()).await.unwrap();
    let token = json(&signed_in)["AuthenticationResult"]["AccessToken"].as_str().unwrap().to_owned();
    let got = json(&call(&["get-user", "--access-token", &token]).await.unwrap());
    assert_eq!(got["Username"], "ann");
    let write = async |attribute: &str| {
        words(&call(&["update-user-attributes", "--access-token", &token, "--user-attributes", attribute]).await.unwrap())
    };
    assert!(!write("Name=name,Value=Ann").await.contains("error"));
    let refused = write("Name=custom:role,Value=admin").await;
    let says =
        "(NotAuthorizedException) when calling the UpdateUserAttributes operation: A client attempted to write unauthorized attribute";
    assert!(refused.contains(says), "{refused}");
    let pool = running.app().of_kind("AWS::Cognito::UserPool").next().unwrap().physical_id.clone();
    let admin = call(&["admin-get-user", "--user-pool-id", &pool, "--username", "ann"]).await.unwrap();
    assert!(!admin.status.success(), "without credentials nobody is an administrator: {}", words(&admin));

    running.flush_logs();
    let trail = trail(running.logs());
    let record = |name: &str| trail.iter().find(|record| record["eventName"] == name).unwrap_or_else(|| panic!("{name}: {trail:?}"));
    assert_eq!(record("SignUp")["userIdentity"], serde_json::json!({"type": "Unknown", "principalId": "Anonymous"}));
    assert_eq!(record("UpdateUserAttributes")["requestParameters"]["userAttributes"][0]["name"], "name");
    let text = serde_json::to_string(&trail).unwrap();
    assert!(!text.contains("Correct-horse") && !text.contains(&token) && !text.contains(code));
    running.stop().await;
}
