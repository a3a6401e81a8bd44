//! Questions over sets: comparison at 20 statements, who-can over 10,000 principals, the graph of 10,000 and 100,000.
#![allow(clippy::unwrap_used, missing_docs)]

use divan::{Bencher, black_box};
use sekisho_iam::account::Account;
use sekisho_iam::paths::Graph;
use sekisho_iam::sets::{Population, Relation, Side, compare};
use sekisho_iam::{Policy, Principal, Stack};
use serde_json::{Value, json};
use std::sync::Arc;

const ROOT: &str = "arn:aws:iam::123456789012";

/// By this argument the bench calls itself, to measure memory in a process that did nothing else.
const MEMORY: &str = "memory-of-10-000";

fn main() {
    if std::env::args().any(|argument| argument == MEMORY) {
        return memory();
    }
    // The catalogue is decoded once a process, on first use.
    sekisho_iam::catalogue::catalogue();
    divan::main();
}

fn policy(statements: Value) -> Arc<Policy> {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    Arc::new(Policy::from_json("p", &document, &model::Place::new("p.json", 1, 1)))
}

fn twenty(last: &str) -> Side {
    let services = ["s3", "sqs", "sns", "logs", "xray", "lambda", "events", "states", "kms", "ssm"];
    let mut statements: Vec<Value> = Vec::new();
    for service in services {
        statements.push(json!({"Effect": "Allow", "Action": [format!("{service}:Get*"), format!("{service}:List*")], "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["a", "b"]}}}));
        statements.push(
            json!({"Effect": "Allow", "Action": format!("{service}:Put*"), "Resource": format!("arn:aws:{service}:*:123456789012:app-*")}),
        );
    }
    statements[19] = json!({"Effect": "Allow", "Action": "dynamodb:*", "Resource": last});
    Side::policy(policy(statements.into()))
}

#[divan::bench]
fn compare_twenty_statements_with_a_witness(bencher: Bencher) {
    let (a, b) = (twenty("arn:aws:dynamodb:*:*:table/a*"), twenty("arn:aws:dynamodb:*:*:table/ab*"));
    let found = compare(&a, &b);
    assert!(found.relation == Relation::Wider && found.exact);
    bencher.bench_local(|| black_box(compare(black_box(&a), black_box(&b))).relation);
}

fn statements(i: usize, n: usize) -> Value {
    match i % 20 {
        0 => json!([{"Effect": "Allow", "Action": "iam:PassRole", "Resource": format!("{ROOT}:role/r{}", i % n)},
            {"Effect": "Allow", "Action": ["lambda:CreateFunction", "lambda:InvokeFunction"], "Resource": "*"}]),
        1 => json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": format!("{ROOT}:role/r{}", (i * 7) % n)}]),
        2 => json!([{"Effect": "Allow", "Action": ["lambda:*", "iam:PassRole"], "Resource": "*"}]),
        3 => json!([{"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": format!("{ROOT}:user/u{}", (i * 13) % n)}]),
        _ => json!([{"Effect": "Allow", "Action": ["s3:GetObject", "dynamodb:*"], "Resource": format!("arn:aws:s3:::b{i}/*")},
            {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]),
    }
}

/// Half users, half roles, each with a policy of its own; every fiftieth role is an administrator.
fn account(size: usize) -> Account {
    Account::of_authorization_details("account.json", &details(size)).unwrap()
}

fn details(size: usize) -> String {
    let n = size / 2;
    let (mut users, mut roles) = (Vec::new(), Vec::new());
    for i in 0..n {
        let own = |statements: Value| json!([{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]);
        users.push(json!({"Arn": format!("{ROOT}:user/u{i}"), "UserName": format!("u{i}"), "GroupList": [], "UserPolicyList": own(statements(i, n))}));
        let rights = match i % 50 {
            0 => json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]),
            1 => json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": format!("{ROOT}:role/r{}", (i * 3) % n)}]),
            _ => json!([{"Effect": "Allow", "Action": ["sqs:*", "s3:PutObject"], "Resource": format!("arn:aws:sqs:*:*:q{i}")}]),
        };
        let trusted = match i % 3 {
            0 => json!({"Service": "lambda.amazonaws.com"}),
            1 => json!({"AWS": "123456789012"}),
            _ => json!({"AWS": format!("{ROOT}:role/r{}", (i * 11) % n)}),
        };
        roles.push(json!({"Arn": format!("{ROOT}:role/r{i}"), "RolePolicyList": own(rights),
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}}}));
    }
    json!({"UserDetailList": users, "RoleDetailList": roles}).to_string()
}

/// A line of `/proc/self/status` in MB.
fn status(key: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0
}

/// What 10,000 principals take: the account with every policy compiled, who-can over it and the graph.
fn memory() {
    let text = details(10_000);
    sekisho_iam::catalogue::catalogue();
    let before = status("VmRSS");
    let account = account(10_000);
    let held = status("VmRSS") - before;
    let population = Population::new(account.members.iter().map(|m| (m.principal.clone(), m.stack.clone())).collect());
    black_box(population.who_can("s3:GetObject", "arn:aws:s3:::b9/k", "123456789012", None).len());
    let graph = Graph::of(&account);
    black_box(graph.paths_to_admin().len());
    let all = status("VmRSS") - before;
    println!(
        "10,000 principals, {:.1} MB of JSON: account {held:.1} MB, with population and graph {all:.1} MB, peak of the process {:.1} MB",
        text.len() as f64 / 1e6,
        status("VmHWM")
    );
    assert!(all <= 100.0, "more than 100 MB");
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn memory_of_10_000(bencher: Bencher) {
    bencher.bench_local(|| {
        let own = std::env::current_exe().unwrap();
        let out = std::process::Command::new(own).arg(MEMORY).output().unwrap();
        print!("{}", String::from_utf8_lossy(&out.stdout));
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    });
}

#[divan::bench]
fn who_can_over_10_000(bencher: Bencher) {
    let members: Vec<(Principal, Stack)> = account(10_000).members.into_iter().map(|m| (m.principal, m.stack)).collect();
    let population = Population::new(members);
    let ask = || population.who_can("s3:GetObject", "arn:aws:s3:::b9/k", "123456789012", None).len();
    assert!(ask() > 0);
    bencher.bench_local(|| black_box(ask()));
}

/// How the time grows with the account, in the same run: printed, and near-linear is asserted.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn growth_from_10_000_to_100_000(bencher: Bencher) {
    let time = |size: usize| {
        let account = account(size);
        let start = std::time::Instant::now();
        black_box(Graph::of(&account).paths_to_admin().len());
        start.elapsed().as_secs_f64()
    };
    bencher.bench_local(|| {
        let (small, large) = (time(10_000), time(100_000));
        let ratio = large / small;
        println!("10,000 principals {small:.2} s, 100,000 {large:.2} s: {ratio:.1} times the time for ten times the size");
        assert!(ratio < 20.0, "not near-linear");
    });
}

/// The smallest cut, exact at this size.
#[divan::bench(args = [100, 400], sample_count = 3, sample_size = 1)]
fn cut(bencher: Bencher, size: usize) {
    let account = account(size);
    let graph = Graph::of(&account);
    bencher.bench_local(|| {
        let cut = graph.cut();
        assert!(cut.as_ref().is_some_and(|cut| cut.checked));
        black_box(cut.map(|cut| (cut.statements.len(), cut.smallest)))
    });
}

/// The same where the resource's policy lets the whole account in: every member is decided, and thousands are named.
#[divan::bench]
fn who_can_over_10_000_with_a_resource_policy(bencher: Bencher) {
    let members: Vec<(Principal, Stack)> = account(10_000).members.into_iter().map(|m| (m.principal, m.stack)).collect();
    let population = Population::new(members);
    let own = policy(json!([{"Effect": "Allow", "Principal": {"AWS": format!("{ROOT}:root")}, "Action": "s3:*", "Resource": "*"}]));
    let ask = || population.who_can("s3:PutObject", "arn:aws:s3:::b9/k", "123456789012", Some(&own)).len();
    assert!(ask() > 0);
    bencher.bench_local(|| black_box(ask()));
}

#[divan::bench]
fn compile_10_000_policies_of_6_statements(bencher: Bencher) {
    let six = |i: usize| -> String {
        let all: Vec<Value> = (0..3).flat_map(|k| statements(i + k, 10_000).as_array().cloned().unwrap_or_default()).collect();
        let padded: Vec<Value> = all.iter().cycle().take(6).cloned().collect();
        json!({"Version": "2012-10-17", "Statement": padded}).to_string()
    };
    let texts: Vec<String> = (0..10_000).map(six).collect();
    bencher.bench_local(|| {
        texts.iter().map(|text| Policy::from_text("p", "p.json", black_box(text)).unwrap().statements.len()).sum::<usize>()
    });
}

#[divan::bench(args = [1_000, 10_000, 100_000], sample_count = 3, sample_size = 1)]
fn graph_and_all_paths_to_admin(bencher: Bencher, size: usize) {
    let account = account(size);
    bencher.bench_local(|| {
        let graph = Graph::of(&account);
        black_box(graph.paths_to_admin().len())
    });
}
