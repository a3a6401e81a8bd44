//! Real AWS clients drive a web ACL: boto3 makes it, associates it and looks at samples and metrics; the AWS CLI lists it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::process::Command;
use support::web_acl::api;
use support::{Fixture, aws, run};

const SCRIPT: &str = r#"
import boto3, datetime, sys, urllib.error, urllib.request
from botocore.exceptions import ClientError

endpoint, api = sys.argv[1:]
waf = boto3.client('wafv2', endpoint_url=endpoint, region_name='us-east-1')
cloudwatch = boto3.client('cloudwatch', endpoint_url=endpoint, region_name='us-east-1')
visible = lambda name: {'SampledRequestsEnabled': True, 'CloudWatchMetricsEnabled': True, 'MetricName': name}
stage = f'arn:aws:apigateway:us-east-1::/restapis/{api}/stages/dev'

def status(path, **headers):
    try:
        return urllib.request.urlopen(urllib.request.Request(f'{endpoint}/restapis/{api}/dev/_user_request_{path}', headers=headers)).status
    except urllib.error.HTTPError as error:
        return error.code

def fails(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response['Error']['Code']

rules = [
    {'Name': 'colour', 'Priority': 0, 'Action': {'Block': {}}, 'VisibilityConfig': visible('colour'), 'Statement': {'ByteMatchStatement': {
        'SearchString': b'red', 'FieldToMatch': {'SingleHeader': {'Name': 'x-colour'}}, 'PositionalConstraint': 'CONTAINS',
        'TextTransformations': [{'Priority': 0, 'Type': 'NONE'}]}}},
    {'Name': 'common', 'Priority': 1, 'OverrideAction': {'None': {}}, 'VisibilityConfig': visible('common'),
     'Statement': {'ManagedRuleGroupStatement': {'VendorName': 'AWS', 'Name': 'AWSManagedRulesSQLiRuleSet'}}},
]
acl = dict(Name='made', Scope='REGIONAL', DefaultAction={'Allow': {}}, VisibilityConfig=visible('made'), Rules=rules)
assert waf.check_capacity(Scope='REGIONAL', Rules=rules)['Capacity'] > 0
made = waf.create_web_acl(**acl)['Summary']
assert fails(waf.create_web_acl, **acl) == 'WAFDuplicateItemException'
waf.associate_web_acl(WebACLArn=made['ARN'], ResourceArn=stage)
assert waf.get_web_acl_for_resource(ResourceArn=stage)['WebACL']['Rules'][0]['Statement']['ByteMatchStatement']['SearchString'] == b'red'
assert (status('/socks', **{'X-Colour': 'infrared'}), status('/socks', **{'X-Colour': 'blue'})) == (403, 200)

now = datetime.datetime.now(datetime.timezone.utc)
window = {'StartTime': now - datetime.timedelta(hours=1), 'EndTime': now + datetime.timedelta(minutes=1)}
sampled = waf.get_sampled_requests(WebAclArn=made['ARN'], RuleMetricName='colour', Scope='REGIONAL', TimeWindow=window, MaxItems=10)
assert [one['Action'] for one in sampled['SampledRequests']] == ['BLOCK'], sampled
dimensions = [{'Name': 'WebACL', 'Value': 'made'}, {'Name': 'Rule', 'Value': 'ALL'}, {'Name': 'Region', 'Value': 'us-east-1'}]
metric = lambda name: {'Namespace': 'AWS/WAFV2', 'MetricName': name, 'Dimensions': dimensions}
points = cloudwatch.get_metric_statistics(**metric('BlockedRequests'), Statistics=['Sum'], Period=60, **window)['Datapoints']
assert sum(point['Sum'] for point in points) == 1 and abs((points[0]['Timestamp'] - now).total_seconds()) < 120, points
data = cloudwatch.get_metric_data(MetricDataQueries=[{'Id': 'a', 'MetricStat': {'Metric': metric('AllowedRequests'), 'Period': 60, 'Stat': 'Sum'}}], **window)
assert data['MetricDataResults'][0]['Values'] == [1.0], data
assert len(cloudwatch.list_metrics(Namespace='AWS/WAFV2', MetricName='BlockedRequests')['Metrics']) == 2

got = waf.get_web_acl(Name='made', Scope='REGIONAL', Id=made['Id'])
update = dict(acl, Id=made['Id'], Rules=[], LockToken=got['LockToken'])
waf.update_web_acl(**update)
assert fails(waf.update_web_acl, **update) == 'WAFOptimisticLockException'
assert status('/socks', **{'X-Colour': 'red'}) == 200
print('good')
"#;

#[tokio::test(flavor = "multi_thread")]
async fn boto3_and_the_cli() {
    let fixture = Fixture::new(&api(&[("/socks", &["get"])]), &[]);
    let running = fixture.start().await;
    let api = running.app().aws().rest_apis[0].api_id.clone();
    let mut command = Command::new("python3");
    command.args(["-c", SCRIPT, &running.endpoint(), &api]).env("AWS_SHARED_CREDENTIALS_FILE", running.credentials_file());
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_CONFIG_FILE", "/nonexistent");
    if let Some(output) = run(command).await {
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if said.contains("No module named 'boto3'") {
            return eprintln!("SKIPPED: boto3 is not installed; this test needs it");
        }
        assert_eq!(said.trim(), "good");
        let list = aws(&running.endpoint(), running.credentials_file(), &["wafv2", "list-web-acls", "--scope", "REGIONAL"]);
        if let Some(list) = run(list).await {
            let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
            assert_eq!(list["WebACLs"][0]["Name"], "made");
        }
    }
    running.stop().await;
}
