//! One pass over the events: index, test, correlate, tell. What could not be told is part of the answer.

use crate::alert::Alerts;
use crate::correlate::{Occurrence, Windows};
use crate::load::{Linked, Rules};
use crate::matching::{Truth, matches};
use crate::rule::{CorrelationKind, Member, Rule, Test, Value};
use model::{Alert, Event, LogKind, Time, Trouble};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

/// Matches that wait for a list to be complete; more than these are not held.
const MAX_DEFERRED: usize = 200_000;

/// What the logs show.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order of their first event.
    pub alerts: Vec<Alert>,
    /// Rules that could not be told, with the reason; rules that could not be read.
    pub not_assessed: Vec<Trouble>,
    /// What was looked at.
    pub counts: Counts,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events by Sigma's name of their log.
    pub events: BTreeMap<&'static str, u64>,
    /// Events that came twice with the same id, left out.
    pub duplicates: u64,
    /// Rules and correlations that were run.
    pub rules: usize,
    /// Times of the first and the last event.
    pub first: Option<Time>,
    /// See `first`.
    pub last: Option<Time>,
}

/// Runs the rules over events in the order of time.
///
/// Correlations need that order; [`read::log::open`] gives it. Memory is bounded by the alerts and by what
/// the correlations' windows need, not by the number of events.
pub fn run(events: impl Iterator<Item = Event>, rules: &Rules) -> Report {
    let mut run = Run::new(rules.link());
    for event in events {
        run.take(event);
    }
    run.finish()
}

struct Run {
    linked: Linked,
    windows: Vec<Windows>,
    /// Correlations that need a rule which waits for a list: they are run when it is complete.
    late: Vec<bool>,
    waiting: Vec<Occurrence>,
    deferred: Vec<(usize, Rc<Event>)>,
    dropped: u64,
    alerts: Alerts,
    counts: Counts,
    now: Time,
    /// Ids of the events at this very time: deliveries repeat records.
    ids_now: HashSet<String>,
    access_fields: BTreeSet<String>,
}

impl Run {
    fn new(linked: Linked) -> Self {
        let mut late: Vec<bool> = Vec::new();
        for correlation in &linked.correlations {
            let waits = |member: &Member| match member {
                Member::Rule(at) => linked.rules.get(*at).is_some_and(|rule| !placeholders(rule).is_empty()),
                Member::Correlation(at) => late.get(*at).copied().unwrap_or(false),
            };
            late.push(correlation.of.iter().any(waits));
        }
        Self {
            windows: linked.correlations.iter().map(|_| Windows::default()).collect(),
            late,
            counts: Counts { rules: linked.rules.len() + linked.correlations.len(), ..Counts::default() },
            linked,
            waiting: Vec::new(),
            deferred: Vec::new(),
            dropped: 0,
            alerts: Alerts::default(),
            now: Time(i64::MIN),
            ids_now: HashSet::new(),
            access_fields: BTreeSet::new(),
        }
    }

    fn take(&mut self, event: Event) {
        if event.log == LogKind::Cloudtrail && self.is_repeated(&event) {
            self.counts.duplicates += 1;
            return;
        }
        *self.counts.events.entry(event.log.service()).or_default() += 1;
        self.counts.first = Some(self.counts.first.map_or(event.time, |first| first.min(event.time)));
        self.counts.last = self.counts.last.max(Some(event.time));
        if event.log == LogKind::ApiGateway {
            for key in event.record.as_object().into_iter().flat_map(|record| record.keys()) {
                if !self.access_fields.contains(key) {
                    self.access_fields.insert(key.clone());
                }
            }
        }
        self.linked.facts.learn(&event);
        let test = |at: usize| self.linked.rules.get(at).map(|rule| matches(&rule.test, &event.record, &self.linked.facts));
        let verdicts = self.linked.index.candidates(&event).filter_map(|at| test(at).filter(|truth| *truth != Truth::No).map(|t| (at, t)));
        let verdicts: Vec<(usize, Truth)> = verdicts.collect();
        if verdicts.is_empty() {
            return;
        }
        let event = Rc::new(event);
        for (rule, truth) in verdicts {
            if truth == Truth::Yes {
                self.hit(rule, &event);
            } else if self.deferred.len() < MAX_DEFERRED {
                self.deferred.push((rule, event.clone()));
            } else {
                self.dropped += 1;
            }
        }
    }

    fn is_repeated(&mut self, event: &Event) -> bool {
        if event.time != self.now {
            self.now = event.time;
            self.ids_now.clear();
        }
        !self.ids_now.insert(event.id.clone())
    }

    fn hit(&mut self, rule: usize, event: &Rc<Event>) {
        if let Some(Rule { about, alone: true, .. }) = self.linked.rules.get(rule) {
            self.alerts.matched(Member::Rule(rule), about, event);
        }
        if !self.linked.correlations.is_empty() {
            self.correlate(Occurrence::of_rule(rule, event.clone()), false);
        }
    }

    /// Hands an occurrence to the correlations, and what these yield to theirs.
    fn correlate(&mut self, occurrence: Occurrence, complete: bool) {
        let mut queue = vec![occurrence];
        while let Some(occurrence) = queue.pop() {
            let mut waits = false;
            for (at, correlation) in self.linked.correlations.iter().enumerate() {
                let late = self.late.get(at).copied().unwrap_or(false);
                if !correlation.of.contains(&occurrence.member) || (complete && !late) {
                    continue;
                }
                if late && !complete {
                    waits = true;
                    continue;
                }
                let Some(mut fired) = self.windows.get_mut(at).and_then(|w| w.push(at, correlation, &occurrence)) else { continue };
                if matches!(correlation.kind, CorrelationKind::Temporal { .. } | CorrelationKind::TemporalOrdered) {
                    fired.found.together = correlation.of.iter().filter_map(|member| self.linked.name(*member)).collect();
                }
                queue.extend(Occurrence::of_correlation(&fired, correlation));
                if correlation.alone {
                    self.alerts.correlated(Member::Correlation(at), &correlation.about, &fired.events, fired.found);
                }
            }
            if waits {
                self.waiting.push(occurrence);
            }
        }
    }

    fn finish(mut self) -> Report {
        self.linked.facts.close();
        let mut unknown: BTreeMap<usize, (Box<str>, u64)> = BTreeMap::new();
        for (at, event) in std::mem::take(&mut self.deferred) {
            let Some(rule) = self.linked.rules.get(at) else { continue };
            if let Some(name) = placeholders(rule).into_iter().find(|name| !self.linked.facts.known(name)) {
                unknown.entry(at).or_insert((name, 0)).1 += 1;
            } else if matches(&rule.test, &event.record, &self.linked.facts) == Truth::Yes {
                self.hit(at, &event);
            }
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by_key(|occurrence| occurrence.time);
        for occurrence in waiting {
            self.correlate(occurrence, true);
        }
        let mut not_assessed = std::mem::take(&mut self.linked.troubles);
        for (at, (name, count)) in unknown {
            not_assessed.extend(self.linked.rules.get(at).map(|rule| no_list(rule, &name, count)));
        }
        not_assessed.extend(self.silent_logs());
        not_assessed.extend(self.linked.rules.iter().filter_map(|rule| self.absent_field(rule)));
        if self.dropped > 0 {
            not_assessed.extend(self.linked.rules.iter().find(|rule| !placeholders(rule).is_empty()).map(|rule| Trouble {
                says: format!("{} events beyond {MAX_DEFERRED} waited for a list of this rule and were not judged", self.dropped),
                place: rule.about.place.clone(),
                help: "give the logs in parts, each with the CloudTrail records of its time".into(),
            }));
        }
        Report { alerts: self.alerts.finish(), not_assessed, counts: self.counts }
    }

    /// Rules whose log was not among the inputs, one trouble for each log.
    fn silent_logs(&self) -> Vec<Trouble> {
        let mut silent: BTreeMap<LogKind, Vec<&Rule>> = BTreeMap::new();
        for rule in self.linked.rules.iter().filter(|rule| !self.counts.events.contains_key(rule.log.service())) {
            silent.entry(rule.log).or_default().push(rule);
        }
        let say = |(log, rules): (LogKind, Vec<&Rule>)| {
            let first = rules.first()?;
            let more = if rules.len() > 1 { format!(" and {} more", rules.len() - 1) } else { String::new() };
            Some(Trouble {
                says: format!("no {} log is among the inputs, so rule “{}”{more} had nothing to look at", log.service(), first.about.title),
                place: first.about.place.clone(),
                help: format!("add the {} log of the same time to the command", log.service()),
            })
        };
        silent.into_iter().filter_map(say).collect()
    }

    /// An access log's format is the user's own: a rule over a field that no line has can see nothing.
    fn absent_field(&self, rule: &Rule) -> Option<Trouble> {
        if rule.log != LogKind::ApiGateway || self.access_fields.is_empty() {
            return None;
        }
        let mut items = Vec::new();
        rule.test.items(&mut items);
        let needs = |value: &Value| !matches!(value, Value::Exists(_) | Value::Null);
        let absent = items.into_iter().find(|item| {
            item.values.iter().any(needs) && item.field.path.first().is_some_and(|name| !self.access_fields.contains(&**name))
        })?;
        Some(Trouble {
            says: format!("rule “{}” reads `{}`, which no line of the access log has", rule.about.title, absent.field.name),
            place: rule.about.place.clone(),
            help: format!("add \"{}\" to the stage's AccessLogSetting.Format", absent.field.name),
        })
    }
}

impl Linked {
    fn name(&self, member: Member) -> Option<String> {
        match member {
            Member::Rule(at) => self.rules.get(at).map(|rule| rule.about.title.clone()),
            Member::Correlation(at) => self.correlations.get(at).map(|correlation| correlation.about.title.clone()),
        }
    }
}

fn no_list(rule: &Rule, name: &str, count: u64) -> Trouble {
    let help = if name == crate::facts::LAMBDA_ENI_ADDRESSES {
        "add the CloudTrail files with the CreateNetworkInterface records that lambda.amazonaws.com made".to_owned()
    } else {
        format!("give the values of %{name}%")
    };
    Trouble {
        says: format!("rule “{}” was not run on {count} events: the logs do not tell %{name}%", rule.about.title),
        place: rule.about.place.clone(),
        help,
    }
}

/// The lists a rule needs.
fn placeholders(rule: &Rule) -> BTreeSet<Box<str>> {
    fn walk(test: &Test, found: &mut BTreeSet<Box<str>>) {
        let mut items = Vec::new();
        test.items(&mut items);
        for value in items.into_iter().flat_map(|item| &item.values) {
            if let Value::Placeholder(name, _) = value {
                found.insert(name.clone());
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&rule.test, &mut found);
    found
}
