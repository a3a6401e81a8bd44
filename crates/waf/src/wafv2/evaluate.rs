//! A web ACL asked about one request, rule by rule.
//!
//! The order, the actions, labels, overrides, rates and tokens are here. Whether a match statement matches is asked of a
//! [`Look`]: [`Plain`] is the obvious one, `program.rs` has the fast one, and they must agree.

use super::address;
use super::ast::{Action, GroupReference, Rule, RuleAction, Statement, Tier, WebAcl};
use super::component::Forwarded;
use super::judgement::{GroupRecord, Judgement, MatchDetail, Outcome, RateRecord, Response, RuleMatch, RuleType, Terminating, Unassessed};
use super::labels;
use super::look::{Found, Look};
use super::state::{State, Token};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// The run of a web ACL over one request.
pub(super) struct Evaluation<'a, L> {
    pub acl: &'a WebAcl,
    pub forwarded: &'a Forwarded<'a>,
    pub state: &'a dyn State,
    pub look: L,
    pub out: Judgement,
}

/// What a rule gathers while its statement is evaluated.
pub(super) struct Gathered<'a> {
    /// The rule's context for labels.
    pub prefix: &'a str,
    /// The group rule's name, where the rule stands in a group, and the rule's own.
    names: (&'a str, &'a str),
    pub details: Vec<MatchDetail>,
    pub inferred: Option<&'static str>,
    /// Labels of geographic statements; added whether the rule matches or not.
    pub geo: Vec<String>,
    pub rate: Option<RateRecord>,
}

impl Gathered<'_> {
    /// Rule names on the way, for rates and messages.
    pub fn path(&self) -> String {
        match self.names {
            ("", rule) => rule.to_owned(),
            (parent, rule) => format!("{parent}/{rule}"),
        }
    }
}

/// What applying an action came to.
enum Applied {
    Goes(Option<u64>),
    Ends(Outcome, Option<&'static str>),
}

impl<'a, L: Look> Evaluation<'a, L> {
    pub fn new(acl: &'a WebAcl, forwarded: &'a Forwarded<'a>, state: &'a dyn State, look: L) -> Self {
        let out = Judgement {
            outcome: Outcome::Allow,
            terminating: None,
            non_terminating: Vec::new(),
            groups: Vec::new(),
            rates: Vec::new(),
            counted: Vec::new(),
            labels: Vec::new(),
            oversize: BTreeSet::new(),
            body_inspected: forwarded.body.len(),
            inserted: Vec::new(),
            response: None,
            unassessed: Vec::new(),
        };
        Self { acl, forwarded, state, look, out }
    }

    /// Runs the rules in order, then the default action.
    pub fn run(mut self) -> (Judgement, L) {
        let acl = self.acl;
        for rule in &acl.rules {
            let flow = match &rule.statement {
                Statement::Group(reference) => self.group(rule, reference),
                _ => self.plain(rule),
            };
            if let ControlFlow::Break((outcome, terminating, action, bodies)) = flow {
                self.out.outcome = outcome;
                self.out.response = response(outcome, action, bodies, &acl.bodies);
                self.out.terminating = Some(terminating);
                return self.finished();
            }
        }
        self.insert(&acl.default_action);
        self.out.outcome = if matches!(acl.default_action, Action::Block(_)) { Outcome::Block } else { Outcome::Allow };
        self.out.response = response(self.out.outcome, &acl.default_action, &acl.bodies, &acl.bodies);
        self.finished()
    }

    fn finished(mut self) -> (Judgement, L) {
        // "AWS WAF inserts custom headers into a web request when it finishes inspecting", and only into one that goes on.
        if self.out.outcome != Outcome::Allow {
            self.out.inserted.clear();
        }
        self.out.unassessed.sort();
        self.out.unassessed.dedup();
        (self.out, self.look)
    }

    /// A rule of the web ACL that runs no group.
    fn plain(&mut self, rule: &'a Rule) -> Flow<'a> {
        let acl = self.acl;
        let RuleAction::Act(action) = &rule.action else { return ControlFlow::Continue(()) };
        let Some(gathered) = self.matches(rule, &acl.label_prefix, "") else { return ControlFlow::Continue(()) };
        let kind = if matches!(rule.statement, Statement::RateBased(_)) { RuleType::RateBased } else { RuleType::Regular };
        let mut matched = record(rule, action, gathered);
        match self.apply(action, rule) {
            Applied::Goes(solved) => {
                matched.solved = solved;
                self.out.non_terminating.push(matched);
                ControlFlow::Continue(())
            }
            Applied::Ends(outcome, failure) => {
                let terminating = Terminating { rule: rule.name.clone(), kind, matched, failure };
                ControlFlow::Break((outcome, terminating, action, &acl.bodies))
            }
        }
    }

    /// A rule of the web ACL that runs a group.
    fn group(&mut self, rule: &'a Rule, reference: &'a GroupReference) -> Flow<'a> {
        let acl = self.acl;
        if let Some(scope) = &reference.scope_down {
            let mut gathered = gathered(&acl.label_prefix, ("", &rule.name));
            let inside = self.forwarded_headers_there(scope) && self.statement(scope, &mut gathered);
            self.label(gathered.geo);
            if !inside {
                return ControlFlow::Continue(());
            }
        }
        let Some(group) = &reference.group else {
            self.unassessed(&rule.name, format!("managed rule group {} is not simulated", reference.id));
            return ControlFlow::Continue(());
        };
        let mut found = GroupRecord { id: reference.id.clone(), terminating: None, non_terminating: Vec::new() };
        let mut end = None;
        for inner in &group.rules {
            let RuleAction::Act(own) = &inner.action else { continue };
            let Some(gathered) = self.matches(inner, &group.label_prefix, &rule.name) else { continue };
            const COUNT: &Action = &Action::Count(Vec::new());
            let (action, overridden, excluded) = match reference.overrides.get(&inner.name) {
                Some(action) => (action, Some(own.name()), false),
                None if reference.excluded.contains(&inner.name) => (COUNT, None, true),
                None => (own, None, false),
            };
            let mut matched = RuleMatch { overridden, excluded, ..record(inner, action, gathered) };
            match self.apply(action, inner) {
                Applied::Goes(solved) => {
                    matched.solved = solved;
                    found.non_terminating.push(matched);
                }
                Applied::Ends(outcome, failure) => {
                    found.terminating = Some(matched.clone());
                    end = Some((outcome, matched, failure, action));
                    break;
                }
            }
        }
        self.out.groups.push(found);
        let Some((outcome, matched, failure, action)) = end else { return ControlFlow::Continue(()) };
        if rule.action == (RuleAction::Group { count: true }) {
            // "The result of the rule group evaluation is only a Count action."
            let counted = RuleMatch {
                rule: rule.name.clone(),
                action: "COUNT",
                overridden: None,
                details: Vec::new(),
                place: rule.place.clone(),
                ..matched
            };
            self.out.non_terminating.push(counted);
            return ControlFlow::Continue(());
        }
        let kind = if reference.managed { RuleType::ManagedRuleGroup } else { RuleType::Group };
        ControlFlow::Break((outcome, Terminating { rule: rule.name.clone(), kind, matched, failure }, action, &group.bodies))
    }

    /// Whether a rule matches; its labels are added after it.
    fn matches(&mut self, rule: &'a Rule, prefix: &'a str, parent: &'a str) -> Option<Gathered<'a>> {
        if !self.forwarded_headers_there(&rule.statement) {
            return None;
        }
        let mut gathered = gathered(prefix, (parent, &rule.name));
        let matched = self.statement(&rule.statement, &mut gathered);
        self.label(std::mem::take(&mut gathered.geo));
        if !matched {
            return None;
        }
        self.label(rule.labels.iter().map(|label| format!("{prefix}{label}")));
        self.out.rates.extend(gathered.rate.take());
        Some(gathered)
    }

    fn label(&mut self, labels: impl IntoIterator<Item = String>) {
        for label in labels {
            if !self.out.labels.contains(&label) {
                self.out.labels.push(label);
            }
        }
    }

    pub fn unassessed(&mut self, rule: &str, why: impl Into<String>) {
        self.out.unassessed.push(Unassessed { rule: rule.to_owned(), why: why.into() });
    }

    /// "If the header that you specify isn't present in a request, AWS WAF doesn't apply the rule to the request at all."
    fn forwarded_headers_there(&self, statement: &Statement) -> bool {
        let there = |header: &str| self.forwarded.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(header));
        match statement {
            Statement::GeoMatch { forwarded: Some(forwarded), .. }
            | Statement::AsnMatch { forwarded: Some(forwarded), .. }
            | Statement::IpSet { forwarded: Some((forwarded, _)), .. } => there(&forwarded.header),
            Statement::RateBased(rate) => {
                rate.scope_down.as_ref().is_none_or(|scope| self.forwarded_headers_there(scope))
                    && rate.forwarded.as_ref().is_none_or(|forwarded| there(&forwarded.header))
            }
            Statement::And(all) | Statement::Or(all) => all.iter().all(|statement| self.forwarded_headers_there(statement)),
            Statement::Not(statement) => self.forwarded_headers_there(statement),
            _ => true,
        }
    }

    /// Whether a statement matches. Inner statements are asked in the order they were written, as far as needed.
    pub fn statement(&mut self, statement: &'a Statement, gathered: &mut Gathered<'a>) -> bool {
        match statement {
            Statement::And(all) => all.iter().all(|statement| self.statement(statement, gathered)),
            Statement::Or(any) => any.iter().any(|statement| self.statement(statement, gathered)),
            Statement::Not(inner) => {
                let (details, inferred) = (gathered.details.len(), gathered.inferred);
                let matched = self.statement(inner, gathered);
                gathered.details.truncate(details);
                gathered.inferred = inferred;
                !matched
            }
            Statement::LabelMatch { namespace, key } => {
                self.out.labels.iter().any(|label| labels::matches(label, key, *namespace, gathered.prefix))
            }
            Statement::GeoMatch { countries, forwarded } => address::geo(self, countries, forwarded.as_ref(), gathered),
            Statement::AsnMatch { asns, forwarded } => address::asn(self, asns, forwarded.as_ref(), gathered),
            Statement::IpSet { set, forwarded } => address::ip_set(self, set, forwarded.as_ref(), gathered),
            Statement::RateBased(rate) => super::rated::matches(self, rate, gathered),
            Statement::HeaderAbsent(name) => !self.forwarded.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)),
            Statement::NotSimulated => {
                self.unassessed(&gathered.path(), "the rule is not simulated");
                false
            }
            // Groups stand only at the top and are run there.
            Statement::Group(_) => false,
            _ => {
                let Found { matched, oversize, detail, inferred } = self.look.look(statement, self.forwarded);
                self.out.oversize.extend(oversize);
                if matched {
                    gathered.details.extend(detail);
                    gathered.inferred = gathered.inferred.or(inferred);
                }
                matched
            }
        }
    }

    fn insert(&mut self, action: &Action) {
        for (name, value) in action.inserts() {
            // "To avoid confusion with the headers that are already in the request"; a later rule's header wins.
            let name = format!("x-amzn-waf-{name}");
            self.out.inserted.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
            self.out.inserted.push((name, value.clone()));
        }
    }

    fn apply(&mut self, action: &Action, rule: &Rule) -> Applied {
        let (is_captcha, outcome) = match action {
            Action::Count(_) => {
                self.insert(action);
                return Applied::Goes(None);
            }
            Action::Allow(_) => {
                self.insert(action);
                return Applied::Ends(Outcome::Allow, None);
            }
            Action::Block(_) => return Applied::Ends(Outcome::Block, None),
            Action::Monetize => return Applied::Ends(Outcome::Monetize, None),
            Action::Captcha(_) => (true, Outcome::Captcha),
            Action::Challenge(_) => (false, Outcome::Challenge),
        };
        let (own, general) = if is_captcha {
            (rule.captcha_immunity, self.acl.captcha_immunity)
        } else {
            (rule.challenge_immunity, self.acl.challenge_immunity)
        };
        let failure = match self.state.token(self.forwarded.request) {
            Token::Missing => "TOKEN_MISSING",
            Token::Invalid => "TOKEN_INVALID",
            Token::DomainMismatch => "TOKEN_DOMAIN_MISMATCH",
            Token::Present { captcha, challenge } => {
                let solved = if is_captcha { captcha } else { challenge };
                match solved {
                    // "If the result is greater than the configured immunity time, the timestamp is expired."
                    Some(solved) if self.state.now().saturating_sub(solved) <= own.unwrap_or(general) => {
                        self.insert(action);
                        return Applied::Goes(Some(solved));
                    }
                    _ => "TOKEN_EXPIRED",
                }
            }
        };
        Applied::Ends(outcome, Some(failure))
    }
}

type Flow<'a> = ControlFlow<(Outcome, Terminating, &'a Action, &'a BTreeMap<String, super::ast::ResponseBody>)>;

fn gathered<'a>(prefix: &'a str, names: (&'a str, &'a str)) -> Gathered<'a> {
    Gathered { prefix, names, details: Vec::new(), inferred: None, geo: Vec::new(), rate: None }
}

fn record(rule: &Rule, action: &Action, gathered: Gathered<'_>) -> RuleMatch {
    let inferred = gathered
        .inferred
        .or((rule.tier == Some(Tier::Approximation)).then_some("our approximation of a rule whose patterns AWS withholds"));
    RuleMatch {
        rule: rule.name.clone(),
        action: action.name(),
        overridden: None,
        excluded: false,
        details: gathered.details,
        tier: rule.tier,
        inferred,
        solved: None,
        place: rule.place.clone(),
    }
}

/// "Custom responses for Block actions"; "CAPTCHA and Challenge action behavior".
fn response(
    outcome: Outcome,
    action: &Action,
    bodies: &BTreeMap<String, super::ast::ResponseBody>,
    acl_bodies: &BTreeMap<String, super::ast::ResponseBody>,
) -> Option<Response> {
    let plain = |status: u16, headers: Vec<(String, String)>| Response { status, headers, body: None, custom: false };
    let waf_action = |value: &str| vec![("x-amzn-waf-action".to_owned(), value.to_owned())];
    Some(match (outcome, action) {
        (Outcome::Allow, _) => return None,
        (Outcome::Block, Action::Block(Some(custom))) => {
            // An override names a body of the web ACL, a group's own rule one of the group.
            let body = custom.body.as_ref().and_then(|key| bodies.get(key).or_else(|| acl_bodies.get(key))).cloned();
            Response { status: custom.status, headers: custom.headers.clone(), body, custom: true }
        }
        (Outcome::Block, _) => plain(403, Vec::new()),
        (Outcome::Captcha, _) => plain(405, waf_action("captcha")),
        (Outcome::Challenge, _) => plain(202, waf_action("challenge")),
        (Outcome::Monetize, _) => plain(402, Vec::new()),
    })
}
