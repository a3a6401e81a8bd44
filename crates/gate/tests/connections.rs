//! Connections out of functions and hosts: names, ways, security groups.
#![allow(clippy::unwrap_used, clippy::panic)]

mod stand;

use model::call::Origin;
use model::{Answer, App, Phase, ResourceId};
use sekisho_gate::decide;
use serde_json::json;
use stand::{Memory, app, connect, node, unknown, with, without};

const DATABASE: &str = "app-cluster.cluster-abcdefghijkl.us-east-1.rds.amazonaws.com";

fn function(logical: &str) -> Origin {
    Origin::Function(ResourceId::new("app", logical))
}

/// Where it leads, or the phase that stopped it, or `None` when it depends.
fn leads(app: &App, from: Origin, host: &str, port: u16) -> Result<String, Option<Phase>> {
    let verdict = decide(app, &connect(from, host, port), &Memory::default());
    let phase = verdict.reason().unwrap().phase;
    match verdict.answer {
        Answer::Pass(grant) => Ok(grant.destination.unwrap()),
        Answer::Stop(_) => Err(Some(phase)),
        _ => Err(None),
    }
}

#[test]
fn names() {
    let app = app();
    for (host, destination) in
        [(DATABASE, "cluster:app/Cluster"), ("app-cluster.cluster-ro-abcdefghijkl.us-east-1.rds.amazonaws.com.", "cluster:app/Cluster")]
    {
        assert_eq!(leads(&app, function("Rides"), host, 3306), Ok(destination.into()), "{host}");
    }
    for (host, destination) in [
        ("dynamodb.us-east-1.amazonaws.com", "aws:dynamodb"),
        ("123456789012.ddb.us-east-1.amazonaws.com", "aws:dynamodb"),
        ("Cognito-IDP.us-east-1.amazonaws.com", "aws:cognito-idp"),
        ("sts.amazonaws.com", "aws:sts"),
        ("my.bucket.s3.us-east-1.amazonaws.com", "aws:s3"),
        ("rides.auth.us-east-1.amazoncognito.com", "cognito-domain:rides"),
        ("api1234567.execute-api.us-east-1.amazonaws.com", "api:api1234567"),
    ] {
        assert_eq!(leads(&app, function("Rides"), host, 443), Ok(destination.into()), "{host}");
        assert_eq!(leads(&app, function("Authorizer"), host, 443), Ok(destination.into()), "{host}");
    }
    for host in [
        "example.com",
        "10.0.3.7",
        "169.254.169.254",
        "localhost",
        "dynamodb.eu-west-1.amazonaws.com",
        "other12345.execute-api.us-east-1.amazonaws.com",
        "ec2-198-51-100-7.compute-1.amazonaws.com",
        "evilamazonaws.com",
        "dynamodb.us-east-1.amazonaws.com.evil.example",
        "other.cluster-abcdefghijkl.us-east-1.rds.amazonaws.com",
        "",
    ] {
        assert_eq!(leads(&app, function("Rides"), host, 443), Err(Some(Phase::Dns)), "{host}");
    }
}

#[test]
fn ways() {
    let all = app();
    // Outside of the VPC the database cannot be reached; inside, public endpoints only through a NAT gateway.
    assert_eq!(leads(&all, function("Authorizer"), DATABASE, 3306), Err(Some(Phase::Route)));
    let closed = without(&all, "Out");
    assert_eq!(leads(&closed, function("Rides"), "sts.us-east-1.amazonaws.com", 443), Err(Some(Phase::Route)));
    assert_eq!(leads(&closed, function("Rides"), DATABASE, 3306), Ok("cluster:app/Cluster".into()));
    assert_eq!(leads(&without(&all, "Subnet"), function("Rides"), "sts.us-east-1.amazonaws.com", 443), Err(None));
    assert_eq!(leads(&with(&all, "Rides", &["VpcConfig"], unknown()), function("Rides"), DATABASE, 3306), Err(None));
    let elsewhere = with(&all, "FunctionGroup", &["VpcId"], node(json!("vpc-2")));
    assert_eq!(leads(&elsewhere, function("Rides"), DATABASE, 3306), Err(Some(Phase::Route)));
    assert_eq!(leads(&all, function("Nobody"), DATABASE, 3306), Err(Some(Phase::Route)));
}

#[test]
fn security_groups() {
    let app = app();
    let stopped = Err(Some(Phase::SecurityGroup));
    let passes = Ok("cluster:app/Cluster".to_owned());
    assert_eq!(leads(&app, function("Rides"), DATABASE, 3306), passes);
    assert_eq!(leads(&app, function("Rides"), DATABASE, 22), stopped);
    let host = || Origin::Host { address: "10.0.3.9".into() };
    assert_eq!(leads(&app, host(), DATABASE, 3306), stopped);
    let ingress = |rule: serde_json::Value| with(&app, "DatabaseGroup", &["SecurityGroupIngress"], node(json!([rule])));
    let tcp = |cidr: &str| json!({"IpProtocol": "tcp", "FromPort": 3300, "ToPort": 3310, "CidrIp": cidr});
    for (cidr, expected) in [("10.0.0.0/16", passes.clone()), ("0.0.0.0/0", passes.clone()), ("10.1.0.0/16", stopped.clone())] {
        assert_eq!(leads(&ingress(tcp(cidr)), host(), DATABASE, 3306), expected, "{cidr}");
        assert_eq!(leads(&ingress(tcp(cidr)), function("Rides"), DATABASE, 3306), expected, "{cidr}");
    }
    // Half of the function's subnet: which address it has is not known.
    assert_eq!(leads(&ingress(tcp("10.0.3.0/25")), function("Rides"), DATABASE, 3306), Err(None));
    assert_eq!(
        leads(&ingress(json!({"IpProtocol": "udp", "FromPort": 3306, "ToPort": 3306, "CidrIp": "0.0.0.0/0"})), host(), DATABASE, 3306),
        stopped
    );
    assert_eq!(leads(&with(&app, "DatabaseGroup", &["SecurityGroupIngress"], unknown()), host(), DATABASE, 3306), Err(None));
    let egress = |rules: serde_json::Value| with(&app, "FunctionGroup", &["SecurityGroupEgress"], node(rules));
    let https = json!([{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}]);
    assert_eq!(leads(&egress(https.clone()), function("Rides"), DATABASE, 3306), stopped);
    assert_eq!(leads(&egress(https), function("Rides"), "sts.us-east-1.amazonaws.com", 443), Ok("aws:sts".into()));
    let to_database = json!([{"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "DestinationSecurityGroupId": "sg-database"}]);
    assert_eq!(leads(&egress(to_database.clone()), function("Rides"), DATABASE, 3306), passes);
    assert_eq!(leads(&egress(to_database), function("Rides"), "sts.us-east-1.amazonaws.com", 443), stopped);
    assert_eq!(leads(&without(&app, "FunctionGroup"), function("Rides"), DATABASE, 3306), Err(None));
}
