//! What a function's role may do suffices to become more than it is; of an account whose details were read, what any user or role
//! may do.

mod fix;

use crate::{Profile, Risk, blank};
use iam::account::{Account, Member, MemberKind};
use iam::paths::{Graph, Path, primitives};
use iam::sets::{self, Side};
use iam::{Policy, Principal, Stack};
use model::aws::Function;
use model::{App, Confidence, Finding, Place, ResourceId, Severity, Step};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("the services that up runs do not change roles or functions while the application runs"),
    detections: &[("privilege_escalation/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "privilege-escalation";

/// A role and a user that no template declares: every account has administrators, by names nobody can guess. Only who may
/// act on any role or user reaches them.
const UNDECLARED: &str = "an-administrator-of-the-account-6f1c";

/// Applications whose roles are compared pair by pair.
const MOST_ROLES: usize = 60;

fn check(app: &App) -> Vec<Finding> {
    let mut users: BTreeMap<&str, Vec<&Function>> = BTreeMap::new();
    for function in app.aws().functions.values() {
        users.entry(function.role_arn.as_deref().unwrap_or_default()).or_default().push(function);
    }
    let mut account = Account::of_app(app);
    let declared = account.members.len();
    account.members.extend(undeclared(app));
    let graph = Graph::of(&account);
    let mut found: BTreeMap<String, (Path, bool)> = BTreeMap::new();
    for path in graph.paths_to_admin() {
        let from = path.steps.first().map(|step| step.from.clone()).unwrap_or_default();
        found.insert(from, (path, true));
    }
    if declared <= MOST_ROLES {
        for at in 0..declared {
            sideways(&account, &graph, at, &mut found);
        }
    }
    let mut out = Vec::new();
    for (from, (path, admin)) in &found {
        let functions = users.get(from.as_str()).into_iter().flatten().map(|function| Who::of_function(function));
        // A template's other roles are for people and machines that it does not know; those of an account are who there is.
        let member = account.members.iter().find(|member| member.arn == *from && app.observed.contains(&member.place.file));
        let member = member.filter(|member| member.kind != MemberKind::Group).and_then(|member| Who::of_member(app, member));
        out.extend(functions.chain(member).map(|who| finding(app, &who, path, *admin)));
    }
    out
}

/// Paths to another declared role that may do what the starting one may not.
fn sideways(account: &Account, graph: &Graph<'_>, at: usize, found: &mut BTreeMap<String, (Path, bool)>) {
    let Some(target) = account.members.get(at).filter(|member| member.kind == MemberKind::Role) else { return };
    for path in graph.paths_to(&BTreeSet::from([at])) {
        let Some(first) = path.steps.first() else { continue };
        let Some(own) = account.members.iter().find(|member| member.arn == first.from) else { continue };
        if path.steps.iter().all(|step| handed(own, step)) {
            continue;
        }
        if found.contains_key(&first.from) {
            continue;
        }
        let newly = sets::compare(&Side::of_stack(&target.stack), &Side::of_stack(&own.stack)).only_first;
        if newly.is_some() {
            found.insert(first.from.clone(), (path, false));
        }
    }
}

/// Whether the step is what somebody wrote down: to take a role that trusts the caller, to pass the one role that is named.
fn handed(own: &Member, step: &iam::paths::Step) -> bool {
    let names = |policy: &Arc<Policy>| {
        let by = |place: &Place| step.by.iter().any(|(_, own)| own == place);
        policy.statements.iter().filter(|s| by(&s.place)).any(|statement| {
            let passes = statement.actions.any_of.iter().any(|p| p.text.text.eq_ignore_ascii_case("iam:PassRole"));
            passes && statement.resources.iter().filter(|r| !r.not).flat_map(|r| &*r.any_of).any(|p| *p.text.text == *step.to)
        })
    };
    step.primitive.id == "sts-assume-role" || own.stack.identity.iter().any(names)
}

fn undeclared(app: &App) -> [Member; 2] {
    let nowhere = Place::new("", 0, 0);
    let every = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let every = Arc::new(Policy::from_json("an administrator's policy", &every, &nowhere));
    let services: BTreeSet<&str> =
        primitives().iter().filter(|p| p.target.kind == "role-trusting").filter_map(|p| p.target.service.as_deref()).collect();
    let trust =
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}});
    let member = |kind: MemberKind, name: &str| {
        let arn = format!("arn:{}:iam::{}:{name}/{UNDECLARED}", app.partition, app.account);
        Member {
            principal: Principal::parse(&arn).unwrap_or(Principal::User { arn: arn.clone() }),
            arn,
            kind,
            stack: Stack::identity([every.clone()]),
            trust: (kind == MemberKind::Role).then(|| Arc::new(Policy::from_json("its trust policy", &trust, &nowhere))),
            groups: Vec::new(),
            managed: Vec::new(),
            place: nowhere.clone(),
        }
    };
    [member(MemberKind::Role, "role"), member(MemberKind::User, "user")]
}

/// Who escalates.
struct Who<'a> {
    id: &'a ResourceId,
    place: &'a Place,
    function: Option<&'a Function>,
}

impl<'a> Who<'a> {
    fn of_function(function: &'a Function) -> Self {
        Self { id: &function.id, place: &function.place, function: Some(function) }
    }

    fn of_member(app: &'a App, member: &'a Member) -> Option<Self> {
        Some(Self { id: &app.by_arn(&member.arn)?.id, place: &member.place, function: None })
    }

    /// How its rights come to it.
    fn step(&self) -> Step {
        let place = self.function.and_then(|function| function.role_place.as_ref()).unwrap_or(self.place).clone();
        let says = if self.function.is_some() { "runs with this role" } else { "is a principal of the account" };
        Step { says: format!("{} {says}", self.id.logical), place }
    }
}

fn finding(app: &App, who: &Who<'_>, path: &Path, admin: bool) -> Finding {
    let name = &who.id.logical;
    let mut steps = vec![who.step()];
    for step in &path.steps {
        let written = step.by.iter().map(|(_, place)| place).filter(|place| place.line > 0);
        let place = written.clone().next().unwrap_or(who.place).clone();
        steps.push(Step { says: format!("{}: it reaches {}", step.primitive.title, shown(&step.to)), place });
    }
    let place = path.steps.iter().flat_map(|step| &step.by).map(|(_, place)| place).find(|place| place.line > 0);
    let how: Vec<&str> = path.steps.iter().map(|step| step.primitive.id.as_str()).collect();
    let sure = path.steps.iter().all(|step| step.sure && step.assumes.is_none());
    let guessed = path.steps.iter().any(|step| step.to.ends_with(UNDECLARED));
    let end = path.steps.last().map(|step| shown(&step.to)).unwrap_or_default();
    let title = match path.steps.as_slice() {
        [only] => format!("{name} can become {end}: {}", lowered(&only.primitive.title)),
        steps => format!("{name} can become {end} in {} steps", steps.len()),
    };
    let unsure = path.steps.iter().filter(|step| !step.sure).map(|step| format!("{} depends on conditions", step.primitive.id));
    Finding {
        title,
        severity: if admin { Severity::Critical } else { Severity::Medium },
        confidence: if !sure || guessed { Confidence::Medium } else { Confidence::High },
        path: steps,
        symbol: how.join(" "),
        condition: (!sure).then(|| unsure.collect::<Vec<_>>().join("; ")).filter(|says| !says.is_empty()),
        fix: path.steps.first().and_then(|step| fix::without(app, who.function?, step)),
        ..blank(SLUG, who.id.to_string(), place.unwrap_or(who.place).clone())
    }
}

fn shown(arn: &str) -> String {
    match arn.rsplit('/').next().unwrap_or(arn) {
        UNDECLARED => "any administrator of the account".into(),
        "administrator" => "an administrator".into(),
        name => name.to_owned(),
    }
}

fn lowered(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
