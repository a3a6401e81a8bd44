//! `sekisho iam`: questions about policies. One JSON document a result (`decide`: one line a case).

pub(super) mod input;
mod show;
mod terminal;

use crate::cli::Format;
use crate::exit::Exit;
use crate::output;
use clap::{Args, Subcommand};
use iam::paths::Graph;
use iam::sets::{self, Population, Relation, Side};
use iam::{Attached, Outcome, Principal, Stack};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// `iam`.
#[derive(Args)]
pub struct Iam {
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
    /// Decide cases: request and policies in one JSON document.
    Decide {
        /// Files with one case or an array of cases.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Say which statements spoke, and the smallest grant that would change a denial.
        #[arg(long)]
        explain: bool,
    },
    /// Who can perform an action on a resource.
    WhoCan {
        /// `dynamodb:GetItem`
        action: String,
        /// ARN, or `*` for actions without resources.
        resource: String,
        /// Folder with templates, or the JSON of `aws iam get-account-authorization-details`.
        path: PathBuf,
    },
    /// What a principal can do.
    Can {
        /// ARN, name or logical id of a user or role, or a function (its role is meant).
        principal: String,
        /// Folder with templates, or the JSON of `aws iam get-account-authorization-details`.
        path: PathBuf,
    },
    /// Paths by which somebody becomes an administrator, or reaches a principal or resource.
    Paths {
        /// Folder with templates, or the JSON of `aws iam get-account-authorization-details`.
        path: PathBuf,
        /// Only paths of this principal, or `internet`.
        #[arg(long)]
        from: Option<String>,
        /// `admin`, or the ARN or logical id of a principal or a resource.
        #[arg(long, default_value = "admin")]
        to: String,
        /// Also paths that take something for granted which no policy shows.
        #[arg(long)]
        assume: bool,
    },
    /// Compare two policies, with a request that tells them apart.
    Compare {
        /// A policy document.
        a: PathBuf,
        /// Another.
        b: PathBuf,
    },
    /// What a change newly allows; exit code 1 when it is anything.
    Diff {
        /// The policy as it was.
        old: PathBuf,
        /// The policy as it is to be.
        new: PathBuf,
    },
    /// What is wrong with a policy; exit code 1 when anything is.
    Lint {
        /// A policy document.
        file: PathBuf,
        /// What it is attached to.
        #[arg(long, value_enum, default_value_t = Kind::Identity)]
        attached: Kind,
    },
    /// The least policy that allows what a trail shows, and nothing that the current policies do not.
    LeastPrivilege {
        /// Folder with CloudTrail logs.
        #[arg(long)]
        trail: PathBuf,
        /// ARN, name or logical id of a user or role, or a function (its role is meant).
        #[arg(long)]
        principal: String,
        /// Folder with templates, or the JSON of `aws iam get-account-authorization-details`.
        #[arg(default_value = ".")]
        path: PathBuf,
    },
}

/// What a policy is attached to.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// To an identity.
    Identity,
    /// To a resource.
    Resource,
    /// To a role, as its trust policy.
    Trust,
    /// To an organisation.
    Organisation,
}

/// Answers a question.
pub fn run(arguments: &Iam) -> Exit {
    let (answer, people): (Answer, fn(&Value)) = match &arguments.question {
        Question::Decide { files, explain } => return decide(files, *explain, arguments.format),
        Question::WhoCan { action, resource, path } => (who_can(action, resource, path), terminal::who),
        Question::Can { principal, path } => (can(principal, path), terminal::can),
        Question::Paths { path, from, to, assume } => (paths(path, from.as_deref(), to, *assume), terminal::paths),
        Question::Compare { a, b } => (compare(a, b), terminal::comparison),
        Question::Diff { old, new } => (diff(old, new), terminal::diff),
        Question::Lint { file, attached } => (lint(file, *attached), terminal::lints),
        Question::LeastPrivilege { trail, principal, path } => (least(trail, principal, path), terminal::least),
    };
    match answer {
        Ok((value, exit)) => {
            match arguments.format {
                Format::Json => output::line(&value.to_string()),
                Format::Terminal => people(&value),
            }
            exit
        }
        Err(exit) => exit,
    }
}

type Answer = Result<(Value, Exit), Exit>;

fn decide(files: &[PathBuf], explain: bool, format: Format) -> Exit {
    let mut exit = Exit::Clean;
    for file in files {
        let name = file.to_string_lossy();
        let read = input::text(file).and_then(|text| Ok((input::parsed(iam::cases::read(&name, &text))?, text)));
        let (cases, text) = match read {
            Ok(read) => read,
            Err(failed) => {
                exit = exit.max(failed);
                continue;
            }
        };
        for case in cases {
            let value = show::decision(&case, explain, (&name, &text));
            match format {
                Format::Json => output::line(&value.to_string()),
                Format::Terminal => terminal::decision(&value),
            }
        }
    }
    exit
}

fn who_can(action: &str, resource: &str, path: &Path) -> Answer {
    let read = input::account(path)?;
    if iam::catalogue::catalogue().action(action).is_none() {
        output::says(&format!("note: the catalogue lists no action {action}"));
    }
    let policy = read.app.as_ref().and_then(|app| iam::app::resource_policy(app, resource));
    let members = read.account.members.iter().filter(|m| m.kind != iam::account::MemberKind::Group);
    let population = Population::new(members.map(|m| (m.principal.clone(), m.stack.clone())).collect());
    let owner = resource.split(':').nth(4).filter(|owner| !owner.is_empty()).unwrap_or(&read.account.id);
    let found = population.who_can(action, resource, owner, policy.as_ref());
    let who: Vec<Value> = found.iter().map(show::who).collect();
    Ok((json!({"version": 1, "action": action, "resource": resource, "who": who}), Exit::Clean))
}

fn can(principal: &str, path: &Path) -> Answer {
    let read = input::account(path)?;
    let member = member(&read, principal)?;
    let can: Vec<Value> = sets::can(&read.account.members[member].stack).iter().map(show::can).collect();
    Ok((json!({"version": 1, "principal": read.account.members[member].arn, "can": can}), Exit::Clean))
}

/// Who is meant: a user, role or group by ARN, name or logical id, a session of a role, or the role of a function.
fn member(read: &input::Read, name: &str) -> Result<usize, Exit> {
    let account = &read.account;
    let declared = |name: &str| {
        let app = read.app.as_ref()?;
        let function = app.aws().functions.values().find(|f| f.name == name || f.arn == name || *f.id.logical == *name);
        let role = app.resources().find(|r| *r.id.logical == *name).and_then(|r| r.arn.clone());
        account.find(&function.and_then(|f| f.role_arn.clone()).or(role)?)
    };
    account.find(name).or_else(|| declared(name)).ok_or_else(|| {
        let mut known: Vec<&str> = account.members.iter().map(|m| m.arn.as_str()).take(SUGGESTED + 1).collect();
        let more = if known.len() > SUGGESTED {
            known.truncate(SUGGESTED);
            ", ..."
        } else {
            ""
        };
        output::error(&match known.is_empty() {
            true => format!("no user or role is called {name}: there is none at all"),
            false => format!("no user, role or function is called {name}: give the ARN or name of one of {}{more}", known.join(", ")),
        });
        Exit::Usage
    })
}

/// Principals that are named when the one that was given is not found.
const SUGGESTED: usize = 8;

fn paths(path: &Path, from: Option<&str>, to: &str, assume: bool) -> Answer {
    let read = input::account(path)?;
    let graph = match &read.app {
        Some(app) => Graph::of_application(app, &read.account, assume),
        None if assume => Graph::with_assumptions(&read.account),
        None => Graph::of(&read.account),
    };
    let from = match from {
        Some("internet") => Some("internet"),
        Some(name) if graph.nodes().iter().any(|node| node.name == name) => Some(name),
        Some(name) => Some(read.account.members[member(&read, name)?].arn.as_str()),
        None => None,
    };
    let declared = read.app.as_ref().and_then(|app| app.resources().find(|resource| *resource.id.logical == *to)?.arn.clone());
    let to = declared.as_deref().unwrap_or(to);
    let mut found = match to {
        "admin" => graph.paths_to_admin(),
        to => graph.paths_to_node(to).unwrap_or_else(|| graph.paths_to(&goals(&read, to))),
    };
    if let Some(from) = from {
        found.retain(|path| path.steps.first().is_some_and(|step| step.from == *from));
    }
    let cut = if to == "admin" && !found.is_empty() { graph.cut() } else { None };
    let administrators: Vec<&str> = graph.administrators().map(|m| m.arn.as_str()).collect();
    let exit = if found.is_empty() { Exit::Clean } else { Exit::Found };
    let shown: Vec<Value> = found.iter().map(show::path).collect();
    Ok((json!({"version": 1, "to": to, "administrators": administrators, "paths": shown, "cut": cut.as_ref().map(show::cut)}), exit))
}

/// The principals meant: one by its ARN, or those that can act on a resource.
fn goals(read: &input::Read, to: &str) -> BTreeSet<usize> {
    if let Some(member) = read.account.find(to) {
        return BTreeSet::from([member]);
    }
    let service = to.split(':').nth(2).unwrap_or_default();
    let all = iam::catalogue::catalogue();
    let actions: Vec<String> = all.service(service).map(|s| all.actions_of(s).iter().map(|a| a.full(all)).collect()).unwrap_or_default();
    let reaches = |stack: &Stack, principal: &Principal| {
        actions.iter().any(|action| {
            let request = iam::Request::new(principal.clone(), action, to).with_context(iam::Context::open()).owned_by(&*read.account.id);
            iam::decide(&request, stack).outcome == Outcome::Allowed
        })
    };
    let members = read.account.members.iter().enumerate();
    members.filter(|(_, m)| reaches(&m.stack, &m.principal)).map(|(at, _)| at).collect()
}

fn compare(a: &Path, b: &Path) -> Answer {
    let (first, second) = (Side::policy(input::policy(a)?), Side::policy(input::policy(b)?));
    let found = sets::compare(&first, &second);
    let relation = match found.relation {
        Relation::Equivalent => "equivalent",
        Relation::Narrower => "narrower",
        Relation::Wider => "wider",
        Relation::Incomparable => "incomparable",
    };
    let witness = |w: &Option<sets::Witness>| w.as_ref().map(show::witness);
    let value = json!({"version": 1, "a": a.to_string_lossy(), "b": b.to_string_lossy(), "relation": relation, "only_a": witness(&found.only_first), "only_b": witness(&found.only_second),
        "exact": found.exact});
    Ok((value, Exit::Clean))
}

fn diff(old: &Path, new: &Path) -> Answer {
    let (old, new) = (Side::policy(input::policy(old)?), Side::policy(input::policy(new)?));
    let (found, exact) = sets::newly_allowed(&old, &new);
    let exit = if found.is_empty() { Exit::Clean } else { Exit::Found };
    let shown: Vec<Value> = found.iter().map(|n| json!({"actions": n.actions, "witness": show::witness(&n.witness)})).collect();
    Ok((json!({"version": 1, "newly_allowed": shown, "exact": exact}), exit))
}

fn lint(file: &Path, attached: Kind) -> Answer {
    let policy = input::policy(file)?;
    let attached = match attached {
        Kind::Identity => Attached::Identity,
        Kind::Resource => Attached::Resource,
        Kind::Trust => Attached::Trust,
        Kind::Organisation => Attached::Organisation,
    };
    let found = iam::lint(&policy, attached);
    let exit = if found.is_empty() { Exit::Clean } else { Exit::Found };
    let shown: Vec<Value> = found.iter().map(|l| json!({"code": l.code, "says": l.says, "place": l.place, "help": l.help})).collect();
    Ok((json!({"version": 1, "file": file.to_string_lossy(), "lints": shown}), exit))
}

fn least(trail: &Path, principal: &str, path: &Path) -> Answer {
    let read = input::account(path)?;
    let at = member(&read, principal)?;
    let member = &read.account.members[at];
    let (observed, events) = input::observed(trail, &member.arn)?;
    match sets::least_privilege(&member.principal, &member.stack, &observed) {
        Ok(least) => {
            let left: Vec<Value> = least.not_allowed.iter().map(|o| json!({"action": o.action, "resource": o.resource})).collect();
            let value = json!({"version": 1, "principal": member.arn, "events": events, "policy": least.policy, "not_allowed": left,
                "exact": least.exact});
            Ok((value, Exit::Clean))
        }
        Err(error) => {
            output::error(&match error {
                sets::LeastError::Unknown(policy, why) => format!("{policy} is not known ({why}): nothing can be proved about it"),
                sets::LeastError::Wider(witness) => format!("the policy would also allow {}", witness.says()),
                sets::LeastError::Misses(event) => format!("the policy would not allow {}", event.action),
            });
            Err(Exit::Unfinished)
        }
    }
}
