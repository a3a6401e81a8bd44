//! Is one set of policies within another? With a request that shows that it is not (the question of Access Analyzer's
//! `CheckNoNewAccess`). Every witness is decided by the engine itself before it is given.

use super::actions::ActionSet;
use super::candidates::{Candidate, candidates, context};
use super::formula::{Formula, resource};
use super::language::{self, TooLarge};
use crate::catalogue::catalogue;
use crate::condition::Condition;
use crate::decide::{Outcome, decide_layers};
use crate::glob::{Token, closed_tokens};
use crate::policy::Policy;
use crate::principal::Principal;
use crate::principals::Who;
use crate::request::{Context, Request, View};
use crate::statement::{Effect, Statement};
use crate::truth::Truth;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// Policies that together allow a set of requests: what every layer allows and none denies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Side {
    /// Layers: identity policies, then perhaps a boundary, ...; a request must be allowed by each.
    pub layers: Vec<Vec<Arc<Policy>>>,
}

/// A request that one side allows and the other does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// The request, with all its context.
    pub request: Request,
    /// The condition keys it needs: a key, and its values (none: the key is absent).
    pub keys: Vec<(String, Vec<String>)>,
}

/// How two sides relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// They allow the same.
    Equivalent,
    /// The first allows less.
    Narrower,
    /// The first allows more.
    Wider,
    /// Each allows something the other does not.
    Incomparable,
}

/// A comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// How they relate.
    pub relation: Relation,
    /// A request that only the first allows.
    pub only_first: Option<Witness>,
    /// A request that only the second allows.
    pub only_second: Option<Witness>,
    /// Whether the answer is exact. Otherwise a relation without a witness may have missed one: policy variables,
    /// unknown values, or more classes of values than are tried.
    pub exact: bool,
}

/// Something a change allows that was not allowed before.
#[derive(Clone, Debug, PartialEq)]
pub struct NewlyAllowed {
    /// The actions concerned.
    pub actions: Vec<String>,
    /// One request of them.
    pub witness: Witness,
}

impl Side {
    /// One policy.
    pub fn policy(policy: Arc<Policy>) -> Self {
        Self { layers: vec![vec![policy]] }
    }

    /// Identity-based policies, limited by a boundary if there is one.
    pub fn of_stack(stack: &crate::Stack) -> Self {
        let limits = [&stack.boundary, &stack.session].into_iter().filter(|layer| !layer.is_empty()).cloned();
        let control = stack.service_control.iter().map(|level| level.policies.clone());
        Self { layers: std::iter::once(stack.identity.clone()).chain(limits).chain(control).collect() }
    }

    fn statements(&self) -> impl Iterator<Item = (usize, &Statement)> {
        self.layers.iter().enumerate().flat_map(|(n, layer)| layer.iter().flat_map(move |p| p.statements.iter().map(move |s| (n, s))))
    }
}

/// Compares two sides.
pub fn compare(first: &Side, second: &Side) -> Comparison {
    let mut exact = true;
    let search = Search::new(first, second, &mut exact);
    let back = search.turned();
    let only_first = search.first(&mut exact);
    let only_second = back.first(&mut exact);
    let relation = match (&only_first, &only_second) {
        (None, None) => Relation::Equivalent,
        (None, Some(_)) => Relation::Narrower,
        (Some(_), None) => Relation::Wider,
        (Some(_), Some(_)) => Relation::Incomparable,
    };
    Comparison { relation, only_first, only_second, exact }
}

/// What `new` allows that `old` did not, one entry for each group of actions that behave alike; and whether that is exact.
pub fn newly_allowed(old: &Side, new: &Side) -> (Vec<NewlyAllowed>, bool) {
    let mut exact = true;
    let search = Search::new(new, old, &mut exact);
    let mut out: Vec<NewlyAllowed> = Vec::new();
    for group in &search.groups {
        let mut found: Option<NewlyAllowed> = None;
        let mut gave_up = false;
        search.in_group(group, language::STEPS, &mut gave_up, &mut exact, &mut |witness, actions| {
            let entry = found.get_or_insert_with(|| NewlyAllowed { actions: Vec::new(), witness });
            entry.actions.extend(actions.iter().filter(|action| !entry.actions.contains(action)).cloned().collect::<Vec<_>>());
            false
        });
        exact &= !gave_up;
        out.extend(found);
    }
    (out, exact)
}

/// Actions that no statement tells apart.
struct Group {
    /// One of them.
    action: String,
    /// By resource type: the pattern of its ARN, and the actions that take it.
    types: Vec<(Vec<Token>, Vec<String>)>,
}

/// One combination of key values and caller, with what it makes of each statement.
struct Combination {
    request: Request,
    picks: Vec<usize>,
    truths: Vec<Truth>,
}

/// The search for a request that `a` allows and `b` does not.
struct Search<'a> {
    a: &'a Side,
    b: &'a Side,
    keys: Vec<(String, Vec<Candidate>)>,
    principals: Vec<Principal>,
    groups: Vec<Group>,
}

/// Combinations of key values tried for one class of actions.
const COMBINATIONS: usize = 4096;

impl<'a> Search<'a> {
    fn new(a: &'a Side, b: &'a Side, exact: &mut bool) -> Self {
        let statements: Vec<&Statement> = a.statements().chain(b.statements()).map(|(_, s)| s).collect();
        let conditions = statements.iter().flat_map(|s| s.conditions.iter());
        let variables = statements.iter().flat_map(|s| variables(s));
        *exact &= statements.iter().all(|s| s.unknown.is_none() && s.effect != Effect::Unknown && known(s));
        let keys = candidates(conditions, variables, exact);
        Self { a, b, keys, principals: principals(&statements), groups: groups(a, &statements) }
    }

    /// The same question the other way round: keys and callers are those of both sides.
    fn turned(&self) -> Self {
        let (a, b) = (self.b, self.a);
        let statements: Vec<&Statement> = a.statements().chain(b.statements()).map(|(_, s)| s).collect();
        Self { a, b, keys: self.keys.clone(), principals: self.principals.clone(), groups: groups(a, &statements) }
    }

    fn first(&self, exact: &mut bool) -> Option<Witness> {
        let mut open: Vec<&Group> = self.groups.iter().collect();
        // Most witnesses are near: what is far is looked for only when nothing near was found.
        for most in [language::STEPS / 200, language::STEPS] {
            let mut large = Vec::new();
            for group in open {
                let (mut out, mut gave_up) = (None, false);
                self.in_group(group, most, &mut gave_up, exact, &mut |witness, _| {
                    out = Some(witness);
                    true
                });
                if out.is_some() {
                    return out;
                }
                large.extend(gave_up.then_some(group));
            }
            open = large;
        }
        *exact &= open.is_empty();
        None
    }

    /// Hands each resource type's witness, with the actions that take the type, to `found`, until it says stop.
    /// `most`: steps of one search; `gave_up` becomes true where they did not suffice.
    fn in_group(
        &self,
        group: &Group,
        most: usize,
        gave_up: &mut bool,
        exact: &mut bool,
        found: &mut dyn FnMut(Witness, &[String]) -> bool,
    ) {
        let probe = Request::new(Principal::Anonymous, &*group.action, "*");
        let speaks = |side: &'a Side| -> Vec<(usize, &'a Statement)> {
            let view = View { request: &probe };
            side.statements().filter(|(_, s)| s.unknown.is_some() || s.speaks_of_action(&view) != Truth::No).collect()
        };
        let (own, other) = (speaks(self.a), speaks(self.b));
        // Only the keys that these statements ask for are varied; the rest are absent.
        let used: BTreeSet<String> = own
            .iter()
            .chain(&other)
            .flat_map(|(_, s)| s.conditions.iter().map(|c: &Condition| c.key_lower.to_string()).chain(variables(s)))
            .collect();
        let keys: Vec<(String, Vec<Candidate>)> = self.keys.iter().filter(|(key, _)| used.contains(key)).cloned().collect();
        let combinations = self.combinations(&group.action, &keys, &own, &other, exact);
        for (pattern, actions) in &group.types {
            let witness = combinations.iter().find_map(|combination| {
                let view = View { request: &combination.request };
                let (own_truths, other_truths) = combination.truths.split_at(own.len());
                let a = Formula { layers: self.a.layers.len(), of: &own, truths: own_truths };
                let b = Formula { layers: self.b.layers.len(), of: &other, truths: other_truths };
                match resource(&view, pattern, &a, &b, most) {
                    Ok(found) => self.checked(combination, actions.first()?, &found?, &keys),
                    Err(TooLarge) => {
                        *gave_up = true;
                        None
                    }
                }
            });
            if let Some(witness) = witness
                && found(witness, actions)
            {
                return;
            }
        }
    }

    /// Combinations that make a difference to some statement.
    fn combinations(
        &self,
        action: &str,
        keys: &[(String, Vec<Candidate>)],
        own: &[(usize, &'a Statement)],
        other: &[(usize, &'a Statement)],
        exact: &mut bool,
    ) -> Vec<Combination> {
        // With variables the patterns themselves change, so every context counts.
        let shared = own.iter().chain(other).all(|(_, s)| variables(s).is_empty());
        let (mut picks, mut tried, mut out) = (vec![0usize; keys.len()], 0, Vec::new());
        let mut seen: HashSet<Vec<Truth>> = HashSet::new();
        loop {
            let context = context(keys, &picks);
            for principal in &self.principals {
                let request = Request::new(principal.clone(), action, "*").with_context(context.clone());
                let truths: Vec<Truth> = own.iter().chain(other).map(|(_, s)| holds(s, &View { request: &request })).collect();
                if !shared || seen.insert(truths.clone()) {
                    out.push(Combination { request, picks: picks.clone(), truths });
                }
            }
            tried += 1;
            if tried >= COMBINATIONS {
                *exact = false;
                return out;
            }
            if !advance(&mut picks, keys) {
                return out;
            }
        }
    }

    /// The witness, if the engine decides it as the search did; with plainer names where they serve as well.
    fn checked(&self, of: &Combination, action: &str, resource: &str, keys: &[(String, Vec<Candidate>)]) -> Option<Witness> {
        let shows = |resource: &str| {
            let asked = Request::new(of.request.principal.clone(), action, resource).with_context(of.request.context.clone());
            let by = |side: &Side| decide_layers(&asked, &side.layers);
            (by(self.a) == Outcome::Allowed && by(self.b) != Outcome::Allowed).then_some(asked)
        };
        let request = shows(&plainer(resource)).or_else(|| shows(resource))?;
        let keys = keys
            .iter()
            .zip(&of.picks)
            .map(|((key, candidates), pick)| match &candidates[*pick] {
                Candidate::Absent => (key.clone(), Vec::new()),
                Candidate::One(value) => (key.clone(), vec![value.clone()]),
                Candidate::Many(values) => (key.clone(), values.clone()),
            })
            .collect();
        Some(Witness { request, keys })
    }
}

/// Counts through all combinations.
fn advance(picks: &mut [usize], keys: &[(String, Vec<Candidate>)]) -> bool {
    for (pick, (_, candidates)) in picks.iter_mut().zip(keys) {
        *pick += 1;
        if *pick < candidates.len() {
            return true;
        }
        *pick = 0;
    }
    false
}

fn holds(statement: &Statement, view: &View<'_>) -> Truth {
    if statement.unknown.is_some() {
        return Truth::Depends;
    }
    let reach = if statement.principals.is_some() { statement.reach(view, false).matched } else { Truth::Yes };
    // An action that is written so that nobody knows what it means is matched perhaps.
    let doubt = if known(statement) { Truth::Yes } else { statement.speaks_of_action(view) };
    reach.and(doubt).and(Truth::all(statement.conditions.iter().map(|condition| condition.holds(view))))
}

/// Whether it is known which actions and resources it means.
fn known(statement: &Statement) -> bool {
    let resources = statement.resources.iter().flat_map(|r| r.any_of.iter());
    statement.actions.any_of.iter().chain(resources).all(|pattern| pattern.text.unknown.is_none())
}

fn variables(statement: &Statement) -> Vec<String> {
    let patterns = statement.resources.iter().flat_map(|r| r.any_of.iter().map(|p| &p.text));
    let values = statement.conditions.iter().flat_map(|c| c.values.iter().map(|v| &v.text));
    patterns.chain(values).flat_map(|text| text.variable_keys().map(str::to_owned)).collect()
}

/// Callers that the policies tell apart: those they name, a stranger, and nobody.
fn principals(statements: &[&Statement]) -> Vec<Principal> {
    let mut out = vec![Principal::User { arn: "arn:aws:iam::111122223333:user/somebody".into() }];
    let named = statements.iter().filter_map(|s| s.principals.as_ref()).flat_map(|set| set.any_of.iter());
    let mut resource_based = false;
    for named in named {
        resource_based = true;
        let principal = match &named.who {
            Who::Account(account) => Some(Principal::User { arn: format!("arn:aws:iam::{account}:user/somebody") }),
            Who::Arn(text) | Who::Service(text) | Who::Federated(text) => Principal::parse(text),
            _ => None,
        };
        out.extend(principal.filter(|principal| !out.contains(principal)));
    }
    if resource_based {
        out.push(Principal::Anonymous);
    }
    out
}

/// Groups the actions that `a` may allow by the statements that cover them.
fn groups(a: &Side, statements: &[&Statement]) -> Vec<Group> {
    let sets: Vec<ActionSet> = statements.iter().map(|s| ActionSet::of(&s.actions)).collect();
    let own: HashSet<*const Statement> = a.statements().map(|(_, s)| std::ptr::from_ref(s)).collect();
    let allows = statements.iter().zip(&sets).filter(|(s, _)| s.effect != Effect::Deny && own.contains(&std::ptr::from_ref(**s)));
    let wanted = allows.fold(ActionSet::default(), |all, (s, set)| if s.unknown.is_some() { ActionSet::all() } else { all.union(set) });
    let mut cuts: Vec<u32> = sets.iter().flat_map(ActionSet::cuts).chain(wanted.cuts()).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let all = catalogue();
    let partitions = partitions(statements);
    let mut by_vector: BTreeMap<Vec<bool>, BTreeMap<&str, Vec<u32>>> = BTreeMap::new();
    for pair in cuts.windows(2) {
        let &[start, end] = pair else { continue };
        if !wanted.contains(start) {
            continue;
        }
        let types = by_vector.entry(sets.iter().map(|set| set.contains(start)).collect()).or_default();
        for id in start..end {
            let Some(action) = all.at(id) else { continue };
            let service = all.service_of(action);
            if action.resource_types.is_empty() {
                // Asked for with a literal star.
                types.entry("*").or_default().push(id);
            }
            for (at, _) in &action.resource_types {
                types.entry(&service.resource_types[usize::from(*at)].arn).or_default().push(id);
            }
        }
    }
    let full = |id: u32| all.at(id).map(|action| action.full(all)).unwrap_or_default();
    let mut groups: Vec<Group> = by_vector
        .into_values()
        .map(|types| {
            let action = types.values().flatten().next().copied().map(full).unwrap_or_default();
            let kinds = types.into_iter().flat_map(|(arn, ids)| {
                let names: Vec<String> = ids.into_iter().map(full).collect();
                patterns_of(arn, &partitions).into_iter().map(move |pattern| (pattern, names.clone()))
            });
            Group { action, types: kinds.collect() }
        })
        .collect();
    // An action that is written out but not in the catalogue may exist all the same.
    let listed: BTreeSet<&str> = statements.iter().flat_map(|s| s.actions.any_of.iter().map(|p| &*p.text.text)).collect();
    for text in listed.into_iter().filter(|text| !text.contains(['*', '?']) && text.contains(':') && all.action(text).is_none()) {
        groups.push(Group { action: text.to_owned(), types: vec![(vec![Token::Star { colon: true }], vec![text.to_owned()])] });
    }
    groups
}

/// The partitions the statements speak of; `aws` when they name none.
fn partitions(statements: &[&Statement]) -> BTreeSet<String> {
    let texts = statements.iter().filter_map(|s| s.resources.as_ref()).flat_map(|r| r.any_of.iter().map(|p| &p.text.text));
    let named = texts.filter_map(|text| text.strip_prefix("arn:")?.split(':').next().map(str::to_owned));
    named.filter(|partition| !partition.contains(['*', '?', '$'])).chain(["aws".to_owned()]).collect()
}

/// The pattern of a resource type in each partition; a literal star for actions without resources.
fn patterns_of(arn: &str, partitions: &BTreeSet<String>) -> Vec<Vec<Token>> {
    if arn == "*" {
        return vec![vec![Token::Byte(b'*')]];
    }
    let pattern = |partition: &String| {
        let (mut out, mut rest) = (String::new(), arn);
        while let Some((head, tail)) = rest.split_once("${") {
            let (name, after) = tail.split_once('}').unwrap_or((tail, ""));
            out.push_str(head);
            out.push_str(if name == "Partition" { partition } else { "*" });
            rest = after;
        }
        closed_tokens(&(out + rest))
    };
    partitions.iter().map(pattern).collect()
}

/// The same resource with an ordinary partition, region and account where the search left them short.
fn plainer(resource: &str) -> String {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, service, region, account, rest] => {
            let pick = |own: &str, plain: &'static str, short: usize| if own.len() <= short { plain } else { "" };
            let partition = if partition.len() <= 1 { "aws" } else { partition };
            let region = Some(pick(region, "us-east-1", 1))
                .filter(|plain| !plain.is_empty() && *service != "s3" && *service != "iam")
                .unwrap_or(region);
            let account = Some(pick(account, "111122223333", 1)).filter(|plain| !plain.is_empty() && *service != "s3").unwrap_or(account);
            let rest = if rest.is_empty() || rest.ends_with('/') { format!("{rest}example") } else { (*rest).to_owned() };
            format!("arn:{partition}:{service}:{region}:{account}:{rest}")
        }
        _ => resource.to_owned(),
    }
}

/// The context of a witness as the case format writes it.
impl Witness {
    /// A sentence: "s3:GetObject on arn:aws:s3:::b/k with aws:SourceVpc absent".
    pub fn says(&self) -> String {
        let mut out = format!("{} on {}", self.request.action, self.request.resource);
        if self.request.principal != (Principal::User { arn: "arn:aws:iam::111122223333:user/somebody".into() }) {
            out = format!("{out} by {}", self.request.principal.name());
        }
        for (key, values) in &self.keys {
            let values = if values.is_empty() { "absent".to_owned() } else { values.join(", ") };
            out = format!("{out}, {key} = {values}");
        }
        out
    }

    /// Its context.
    pub fn context(&self) -> &Context {
        &self.request.context
    }
}
