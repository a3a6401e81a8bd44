//! What injected code gets on top: where a caller's data runs as code or opens files, the function's credentials are the caller's,
//! and every operation that the role allows and the code never calls is a gift. Where nothing can be injected, a grant that is a
//! little too wide costs nothing and is not told.

use super::{blank, name};
use crate::entry::{Danger, Entries, Entry};
use iam::catalogue::{Level, catalogue};
use iam::{Context, Effect, Outcome, Policy, Principal, Request, Statement};
use model::aws::{Function, Role};
use model::code::{AwsCall, Handler, SinkKind};
use model::{App, Confidence, Finding, Node, Place, Step};
use std::collections::BTreeSet;

/// Services that keep data, whose operations a function's own code calls: of queues and streams Lambda itself reads.
const KEEPERS: [&str; 6] = ["cognito-idp", "dynamodb", "lambda", "s3", "secretsmanager", "ssm"];

/// Operations of these services that Lambda needs to start a function, not the function's code (AWS Lambda Developer Guide,
/// "Using AWS Lambda with Amazon DynamoDB").
const OF_LAMBDA: [&str; 4] = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"];

/// What is taken first.
const FIRST: [&str; 8] = [
    "dynamodb:Scan",
    "dynamodb:Query",
    "dynamodb:DeleteItem",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:DeleteObject",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
];
/// Operations that the title names.
const MOST_NAMED: usize = 3;

/// One finding for each function into which code can be injected, and whose role allows what its code never calls.
pub fn findings(app: &App) -> Vec<Finding> {
    let entries = Entries::of(app);
    let found = app.code.handlers.iter().filter_map(|(id, handler)| {
        let function = app.aws().functions.get(id)?;
        let entry = injected(&entries, function, handler)?;
        let role = app.aws().role_by_arn(function.role_arn.as_deref()?)?;
        finding(app, function, handler, role, &entry)
    });
    found.collect()
}

/// The widest way by which somebody's data becomes code of this function, or names a file that it opens: its environment is one.
fn injected(entries: &Entries<'_>, function: &Function, handler: &Handler) -> Option<Entry> {
    let takes = |sink| matches!(sink, SinkKind::Shell | SinkKind::Eval | SinkKind::Deserialize | SinkKind::Template | SinkKind::File);
    let flows = handler.flows.iter().filter(|flow| takes(flow.sink));
    flows.map(|flow| entries.find(&function.id, &flow.source, &flow.methods)).min_by_key(|entry| entry.who)
}

fn finding(app: &App, function: &Function, handler: &Handler, role: &Role, entry: &Entry) -> Option<Finding> {
    let principal = Principal::parse(&role.arn)?;
    let stack = iam::app::stack_of_role(app, role);
    let needed: BTreeSet<String> = handler.aws_calls.iter().flat_map(needs).collect();
    // Of a service where an operation is chosen at run time, any may be needed.
    let chosen = |service: &str| handler.aws_calls.iter().any(|call| call.service == service && call.operation.is_none());
    let may = |action: &str, resource: &str| {
        let request = Request::new(principal.clone(), action, resource).with_context(Context::open()).owned_by(&*app.account);
        iam::decide(&request, &stack).outcome == Outcome::Allowed
    };
    let (mut unused, mut at): (BTreeSet<String>, Option<Place>) = (BTreeSet::new(), None);
    for own in &role.policies {
        for statement in own_statements(own) {
            for action in kept(&statement) {
                let service = action.split(':').next().unwrap_or_default();
                if !needed.contains(&action) && !chosen(service) && objects(&statement).iter().any(|object| may(&action, object)) {
                    at.get_or_insert_with(|| statement.place.clone());
                    unused.insert(action);
                }
            }
        }
    }
    let services: BTreeSet<&str> = unused.iter().filter_map(|action| action.split(':').next()).collect();
    let mut names: Vec<&str> = unused.iter().map(String::as_str).collect();
    names.sort_by_key(|action| FIRST.iter().position(|first| first == action).unwrap_or(FIRST.len()));
    let more = names.len().saturating_sub(MOST_NAMED);
    names.truncate(MOST_NAMED);
    let mut says = names.join(", ");
    if more > 0 {
        says = format!("{says} and {more} more");
    }
    let mut path = entry.steps.clone();
    let place = at?;
    path.push(Step { says: format!("what is injected runs as {}, which may {says}", role.id.logical), place: place.clone() });
    path.extend(handler.aws_calls.iter().map(|call| Step { says: format!("its code calls {}", name(call)), place: call.place.clone() }));
    let title = format!("{} may {says}, which its code never calls and injected code would", function.id.logical);
    Some(Finding {
        severity: entry.severity(Danger::Help),
        // A library may call what the function's own source does not.
        confidence: Confidence::Medium,
        condition: entry.condition.clone(),
        symbol: format!("unused {}", services.into_iter().collect::<Vec<_>>().join(", ")),
        ..blank(function, title, path, &place)
    })
}

fn own_statements(own: &model::aws::PolicyDocument) -> Vec<Statement> {
    let policy = Policy::parse(&own.name, &own.document);
    let nodes = own.document.get("Statement").map(Node::one_or_many).unwrap_or_default();
    // All operations of a service on everything is a finding of its own.
    let own = nodes.iter().zip(&*policy.statements).filter(|(node, statement)| super::wide::wide(node, statement).is_none());
    own.map(|(_, statement)| statement.clone()).filter(|s| s.effect == Effect::Allow && s.unknown.is_none() && !s.actions.not).collect()
}

/// The operations on data that a statement allows.
fn kept(statement: &Statement) -> Vec<String> {
    let all = catalogue();
    let data = |level| matches!(level, Level::List | Level::Read | Level::Write);
    let actions = statement.actions.any_of.iter().flat_map(|pattern| all.expand(pattern.text.text.trim()));
    let names = actions.filter(|action| data(action.level) && !action.name.starts_with("Describe")).map(|action| action.full(all));
    names
        .filter(|name| KEEPERS.iter().any(|keeper| name.split(':').next() == Some(keeper)) && !OF_LAMBDA.contains(&name.as_str()))
        .collect()
}

/// One resource for each pattern of a statement.
fn objects(statement: &Statement) -> Vec<String> {
    let patterns = statement.resources.as_ref().filter(|resources| !resources.not).map(|resources| &*resources.any_of);
    patterns.unwrap_or_default().iter().map(|pattern| pattern.text.text.replace(['*', '?'], "x")).collect()
}

/// The actions that a call of the SDK needs.
fn needs(call: &AwsCall) -> Vec<String> {
    call.operation.as_deref().map(|operation| iam::trail::actions(&call.service, operation)).unwrap_or_default()
}
