//! `sekisho waf`: questions about web ACLs. One JSON document a result.

mod acl;
mod ftw;
mod requests;
mod show;

use crate::cli::Format;
use crate::exit::Exit;
use crate::output;
use clap::{Args, Subcommand};
use requests::Asked;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use waf::wafv2::{RateTable, Replayed, ResourceType, WebAcl, replay};

/// `waf`.
#[derive(Args)]
pub struct Waf {
    /// The question.
    #[command(subcommand)]
    pub question: Question,
    /// Form of the result.
    #[arg(long, global = true, value_enum, default_value_t = Format::Terminal)]
    pub format: Format,
}

/// The questions.
#[derive(Subcommand)]
pub enum Question {
    /// Judge requests; exit code 1 when one is judged otherwise than it expects.
    Test {
        #[command(flatten)]
        acl: Acl,
        /// One JSON object a line: method, uri, headers, body, clientIp, country, asn, ja3, ja4, time, times, token, and expect:
        /// ALLOW, BLOCK, CAPTCHA or CHALLENGE, or {"action": "BLOCK", "rule": NAME}.
        #[arg(long, value_name = "FILE.jsonl")]
        requests: PathBuf,
        /// What the web ACL protects; it decides how much of a body is inspected.
        #[arg(long, value_enum, default_value_t = Protects::ApiGateway)]
        resource: Protects,
    },
    /// Say of every rule what it saw in a request, and what the transformations made of it.
    Explain {
        #[command(flatten)]
        acl: Acl,
        /// One request as JSON, as for `test`.
        #[arg(long, value_name = "FILE")]
        request: PathBuf,
        /// What the web ACL protects.
        #[arg(long, value_enum, default_value_t = Protects::ApiGateway)]
        resource: Protects,
    },
    /// Run go-ftw tests on a rule set, directly on the engine; exit code 1 when one fails.
    Ftw(ftw::Ftw),
    /// Judge logged requests anew; exit code 1 when one would be answered otherwise than the log says.
    Replay {
        #[command(flatten)]
        acl: Acl,
        /// Files with AWS WAF log records, one a line.
        #[arg(required = true, value_name = "LOGS")]
        logs: Vec<PathBuf>,
        /// Fail with exit code 4 when anything could not be assessed.
        #[arg(long)]
        strict: bool,
    },
}

/// Which web ACL.
#[derive(Args)]
pub struct Acl {
    /// The web ACL: AWS's JSON (`aws wafv2 get-web-acl`), or a CloudFormation template.
    #[arg(long, value_name = "FILE")]
    pub acl: PathBuf,
    /// Its name or logical id, where a template has several.
    #[arg(long)]
    pub name: Option<String>,
    /// Folder of a Core Rule Set: its patterns stand beside ours for those AWS does not tell of its managed rules (tier C).
    #[arg(long, value_name = "DIR")]
    pub crs: Option<PathBuf>,
    /// Value of a template parameter: NAME=VALUE.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
}

/// What a web ACL protects.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Protects {
    /// A stage of a REST API.
    ApiGateway,
    /// A load balancer.
    Alb,
    /// An AppSync API.
    Appsync,
    /// A Cognito user pool.
    Cognito,
    /// A CloudFront distribution.
    Cloudfront,
}

impl Protects {
    const fn resource(self) -> ResourceType {
        match self {
            Self::ApiGateway => ResourceType::ApiGateway,
            Self::Alb => ResourceType::ApplicationLoadBalancer,
            Self::Appsync => ResourceType::AppSync,
            Self::Cognito => ResourceType::CognitoUserPool,
            Self::Cloudfront => ResourceType::CloudFront,
        }
    }
}

/// Answers a question.
pub fn run(arguments: &Waf) -> Exit {
    let answer = match &arguments.question {
        Question::Ftw(tests) => return ftw::run(tests, arguments.format),
        Question::Test { acl, requests, resource } => test(acl, requests, resource.resource()),
        Question::Explain { acl, request, resource } => explain(acl, request, resource.resource()),
        Question::Replay { acl, logs, strict } => replayed(acl, logs, *strict),
    };
    match answer {
        Ok((value, exit)) => {
            match arguments.format {
                Format::Json => output::line(&value.to_string()),
                Format::Terminal => show::terminal(&value),
            }
            exit
        }
        Err(exit) => exit,
    }
}

type Answer = Result<(Value, Exit), Exit>;

fn test(which: &Acl, file: &Path, resource: ResourceType) -> Answer {
    let acl = acl::load(which)?;
    let asked = requests::lines(file)?;
    let mut rates = RateTable::default();
    let (mut results, mut failed, mut expected) = (Vec::new(), 0, 0);
    for one in &asked {
        let judgement = judged(&acl, one, resource, &mut rates);
        let mut result = show::judgement(&judgement);
        result["request"] = one.title().into();
        result["line"] = one.line.into();
        if let Some(expect) = &one.expect {
            expected += 1;
            let as_expected = expect.holds(&judgement);
            failed += usize::from(!as_expected);
            result["expected"] = expect.says().into();
            result["passed"] = as_expected.into();
        }
        results.push(result);
    }
    let value = json!({"version": 1, "webAcl": acl.name, "capacity": acl.capacity(), "results": results, "expectations": expected, "failed": failed});
    Ok((value, if failed == 0 { Exit::Clean } else { Exit::Found }))
}

/// Judges a request as often as it asks to, counting it each time.
fn judged(acl: &WebAcl, asked: &Asked, resource: ResourceType, rates: &mut RateTable) -> waf::wafv2::Judgement {
    let request = asked.request();
    for _ in 1..asked.times {
        rates.look(asked.time);
        let judgement = acl.judge(&request, resource, &asked.state(rates));
        judgement.counted.iter().for_each(|counted| rates.count(counted, asked.time));
    }
    rates.look(asked.time);
    let judgement = acl.judge(&request, resource, &asked.state(rates));
    judgement.counted.iter().for_each(|counted| rates.count(counted, asked.time));
    judgement
}

fn explain(which: &Acl, file: &Path, resource: ResourceType) -> Answer {
    let acl = acl::load(which)?;
    let asked = requests::one(file)?;
    let rates = RateTable::default();
    let (judgement, rules) = acl.explain(&asked.request(), resource, &asked.state(&rates));
    let mut value = show::judgement(&judgement);
    value["version"] = 1.into();
    value["webAcl"] = acl.name.as_str().into();
    value["request"] = asked.title().into();
    value["rules"] = rules.iter().map(show::rule).collect();
    Ok((value, Exit::Clean))
}

fn replayed(which: &Acl, logs: &[PathBuf], strict: bool) -> Answer {
    let acl = acl::load(which)?;
    let mut rates = RateTable::default();
    let (mut same, mut different, mut not_assessed) = (0_usize, Vec::new(), BTreeMap::<String, usize>::new());
    for path in logs {
        let name = path.display();
        for (at, line) in acl::text(path)?.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let fault = |column: usize, says: &str| {
                output::error(&format!("{name}:{}:{column}: {says}; give AWS WAF log records, one a line", at + 1));
                "no log record".to_owned()
            };
            let answer = match serde_json::from_str::<Value>(line) {
                Ok(record) => {
                    replay(&acl, &record, &mut rates).unwrap_or_else(|says| Replayed::NotAssessed(fault(1, &format!("the record {says}"))))
                }
                Err(error) => Replayed::NotAssessed(fault(error.column(), "is no JSON")),
            };
            match answer {
                Replayed::Same => same += 1,
                Replayed::NotAssessed(why) => *not_assessed.entry(why).or_default() += 1,
                Replayed::Different { logged, now, inferred } => different.push(json!({
                    "place": format!("{name}:{}", at + 1),
                    "logged": {"action": logged.0, "rule": logged.1},
                    "now": {"action": now.0, "rule": now.1},
                    "inferred": inferred,
                })),
            }
        }
    }
    let unclear: usize = not_assessed.values().sum();
    if same + different.len() + unclear == 0 {
        output::error("nothing to read: the files hold no log records");
        return Err(Exit::Nothing);
    }
    let exit = match (strict && unclear > 0, different.is_empty()) {
        (true, _) => Exit::Unfinished,
        (_, false) => Exit::Found,
        _ => Exit::Clean,
    };
    let value = json!({"version": 1, "webAcl": acl.name, "same": same, "different": different, "notAssessed": not_assessed});
    Ok((value, exit))
}
