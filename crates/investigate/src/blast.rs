//! Blast radius: for each principal of an alert, what its policies allowed, what it could have become and reached, and
//! what of it the logs show. The account is as it is now; what changed since is not known here.

use iam::account::{Account, Member, MemberKind};
use iam::catalogue::catalogue;
use iam::paths::{Graph, NodeKind, Path};
use iam::sets::{self, ActionSet};
use iam::trail;
use model::radius::{Could, Did, Radius, Store};
use model::{Alert, App, Event, LogKind, Step};
use std::collections::{BTreeMap, BTreeSet};

/// Actions named one by one; more are counted.
const NAMED: usize = 6;

/// Action and resource, with how often it succeeded and was refused.
type Calls = BTreeMap<(String, Option<String>), (u64, u64)>;

/// What the principals of the alerts are seen to do in the logs.
#[derive(Debug, Default)]
pub struct Seen {
    /// By ARN of the member.
    calls: BTreeMap<String, Calls>,
    /// Whether any record is of a data event.
    data_events: bool,
}

impl Seen {
    /// Reads the logs once more for what these members did.
    pub fn of(events: impl Iterator<Item = Event>, members: &BTreeSet<String>) -> Self {
        let mut out = Self::default();
        for event in events.filter(|event| event.log == LogKind::Cloudtrail) {
            out.data_events |= event.record.get("eventCategory").and_then(|category| category.as_str()) == Some("Data");
            let Some(caller) = trail::caller(&event.record).map(role_of).filter(|caller| members.contains(caller)) else { continue };
            let refused = event.record.get("errorCode").is_some_and(|code| !code.is_null());
            for seen in trail::observed(&event.record) {
                let counts = out.calls.entry(caller.clone()).or_default().entry((seen.action, seen.resource)).or_default();
                if refused { counts.1 += 1 } else { counts.0 += 1 }
            }
        }
        out
    }
}

/// The members of the account that the alerts speak of, by ARN.
pub fn principals(alerts: &[Alert], account: &Account) -> BTreeSet<String> {
    let members = alerts.iter().filter_map(|alert| account.find(&alert.principal)).filter_map(|at| account.members.get(at));
    members.filter(|member| member.kind != MemberKind::Group).map(|member| member.arn.clone()).collect()
}

/// The blast radius of each of these members.
pub fn radii(account: &Account, app: Option<&App>, members: &BTreeSet<String>, seen: &Seen) -> Vec<Radius> {
    let graph = match app {
        Some(app) => Graph::of_application(app, account, false),
        None => Graph::of(account),
    };
    let escalations = graph.paths_to_admin();
    let administrators: BTreeSet<&str> = graph.administrators().map(|member| member.arn.as_str()).collect();
    let stores: Vec<(String, Vec<Path>)> = graph
        .nodes()
        .iter()
        .filter(|node| node.kind == NodeKind::Data)
        .map(|node| (node.name.clone(), graph.paths_to_node(&node.name).unwrap_or_default()))
        .collect();
    let mut out = Vec::new();
    for member in account.members.iter().filter(|member| members.contains(&member.arn)) {
        let starts = |path: &&Path| path.steps.first().is_some_and(|step| step.from == member.arn);
        let calls = seen.calls.get(&member.arn);
        let did: Vec<Did> = calls
            .into_iter()
            .flatten()
            .map(|((action, resource), (succeeded, refused))| Did {
                action: action.clone(),
                resource: resource.clone(),
                succeeded: *succeeded,
                refused: *refused,
            })
            .collect();
        let reached = stores.iter().filter_map(|(arn, paths)| Some((arn, paths.iter().find(starts)?)));
        out.push(Radius {
            principal: member.arn.clone(),
            place: (member.place.line > 0).then(|| member.place.clone()),
            administrator: administrators.contains(member.arn.as_str()),
            could: could(member, &did),
            escalations: escalations.iter().filter(starts).map(steps).collect(),
            stores: reached.map(|(arn, path)| Store { arn: arn.clone(), steps: path.steps.len(), seen: used_on(arn, &did) }).collect(),
            gaps: gaps(member, seen, app.is_some()),
            did,
        });
    }
    out
}

/// The role behind a session's ARN; any other ARN as it is.
fn role_of(arn: &str) -> String {
    match iam::Principal::parse(arn) {
        Some(iam::Principal::Session { role_arn, .. }) => role_arn,
        _ => arn.to_owned(),
    }
}

fn could(member: &Member, did: &[Did]) -> Vec<Could> {
    let all = catalogue();
    let grants = sets::can(&member.stack).into_iter();
    grants
        .map(|can| {
            let done = |did: &&Did| did.succeeded > 0 && all.id_of(&did.action).is_some_and(|id| can.actions.contains(id));
            let used =
                did.iter().filter(done).any(|did| did.resource.as_deref().is_none_or(|arn| can.resources.iter().any(|p| covers(p, arn))));
            Could { actions: named(&can.actions), resources: can.resources, conditions: can.conditions, place: can.place, used }
        })
        .collect()
}

/// Whether a resource pattern as written covers an ARN.
fn covers(pattern: &str, arn: &str) -> bool {
    if let Some(but) = pattern.strip_prefix("not ") {
        return !covers(but, arn);
    }
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return pattern == arn };
    let Some(mut rest) = arn.strip_prefix(first) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

/// Actions by name, or how many of which services.
fn named(actions: &ActionSet) -> String {
    let all = catalogue();
    if actions.len() == all.count() {
        return "*".into();
    }
    if actions.len() <= NAMED {
        return actions.iter().map(|action| action.full(all)).collect::<Vec<_>>().join(", ");
    }
    let mut services: BTreeMap<&str, usize> = BTreeMap::new();
    for action in actions.iter() {
        *services.entry(all.service_of(action).prefix.as_str()).or_default() += 1;
    }
    let count = |(service, count): (&str, usize)| match all.service(service).map(|s| all.actions_of(s).len()) {
        Some(whole) if whole == count => format!("{service}:*"),
        _ => format!("{count} actions of {service}"),
    };
    match services.len() {
        0..=NAMED => services.into_iter().map(count).collect::<Vec<_>>().join(", "),
        many => format!("{} actions of {many} services", actions.len()),
    }
}

fn steps(path: &Path) -> Vec<Step> {
    let step = |step: &iam::paths::Step| {
        let place = step.by.iter().map(|(_, place)| place).find(|place| place.line > 0);
        let last = step.to.rsplit([':', '/']).next().unwrap_or(&step.to);
        let sure = if step.sure { "" } else { ", if its conditions hold" };
        Step {
            says: format!("{}: it becomes {last}{sure}", step.primitive.title),
            place: place.cloned().unwrap_or_else(|| model::Place::new("", 0, 0)),
        }
    };
    path.steps.iter().map(step).collect()
}

/// The actions on a store, or on something in it, that the logs show.
fn used_on(arn: &str, did: &[Did]) -> Vec<String> {
    let within = |resource: &str| resource == arn || resource.strip_prefix(arn).is_some_and(|rest| rest.starts_with('/'));
    let seen = did.iter().filter(|did| did.succeeded > 0 && did.resource.as_deref().is_some_and(within));
    seen.map(|did| did.action.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn gaps(member: &Member, seen: &Seen, application: bool) -> Vec<String> {
    let policies = member.stack.identity.iter().chain(&member.stack.boundary);
    let unknown = policies.flat_map(|policy| &*policy.statements).filter_map(|s| s.unknown.as_ref());
    let mut out: Vec<String> = unknown.map(|why| format!("a policy is not known: {why}")).collect::<BTreeSet<_>>().into_iter().collect();
    if !seen.data_events {
        out.push("the logs hold no data events: that data was read or functions were invoked cannot be excluded".into());
    }
    if !application {
        out.push("the account's JSON does not list its resources: name the application's folder to see the data within reach".into());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn patterns() {
        let table = "arn:aws:dynamodb:us-east-1:123456789012:table/rides";
        assert!(
            covers("*", table)
                && covers(table, table)
                && covers("arn:aws:dynamodb:*:*:table/*", table)
                && covers("not arn:aws:s3:::b", table)
        );
        assert!(!covers("arn:aws:dynamodb:*:*:table/other*", table) && !covers("arn:aws:s3:::*", table) && !covers(&table[..20], table));
    }
}
