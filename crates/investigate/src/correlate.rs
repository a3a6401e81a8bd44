//! Correlations over a stream: counts, distinct values, rules that come together, rules in order. Holds for
//! each group no more than what can still decide, whatever the number of events.

use crate::alert::Found;
use crate::field;
use crate::rule::{Correlation, CorrelationKind, Field, Member};
use model::{Event, Time};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// A rule or correlation that fired.
#[derive(Clone, Debug)]
pub struct Occurrence {
    pub member: Member,
    pub time: Time,
    pub events: Vec<Rc<Event>>,
    /// The values it was grouped by, when it is a correlation.
    keys: Vec<(String, Option<String>)>,
}

/// A correlation that fired: which, and with what.
pub struct Fired {
    pub correlation: usize,
    pub events: Vec<Rc<Event>>,
    pub found: Found,
}

type Group = Vec<Option<String>>;

/// The windows of one correlation.
#[derive(Default)]
pub struct Windows {
    groups: HashMap<Group, Window>,
    pushes: u32,
}

#[derive(Default)]
struct Window {
    /// Newest last; at most as many as the condition needs.
    seen: VecDeque<Seen>,
    /// How far an ordered sequence has come, by number of rules.
    stages: Vec<Option<(Time, Vec<Rc<Event>>)>>,
    fired: Option<Time>,
    newest: Time,
}

struct Seen {
    time: Time,
    position: usize,
    value: Option<String>,
    events: Vec<Rc<Event>>,
}

impl Occurrence {
    /// A match of a rule.
    pub fn of_rule(rule: usize, event: Rc<Event>) -> Self {
        Self { member: Member::Rule(rule), time: event.time, events: vec![event], keys: Vec::new() }
    }

    /// A correlation that fired, as an input to others.
    pub fn of_correlation(fired: &Fired, correlation: &Correlation) -> Option<Self> {
        let time = fired.events.iter().map(|event| event.time).max()?;
        let last = fired.events.last()?;
        let keys = correlation.group_by.iter().map(|name| (name.clone(), lookup(correlation, None, name, last)));
        Some(Self { member: Member::Correlation(fired.correlation), time, events: fired.events.clone(), keys: keys.collect() })
    }

    fn value(&self, correlation: &Correlation, name: &str) -> Option<String> {
        if let Some((_, value)) = self.keys.iter().find(|(key, _)| key == name) {
            return value.clone();
        }
        self.events.last().and_then(|event| lookup(correlation, Some(self.member), name, event))
    }
}

/// The value of a field or alias in an event.
fn lookup(correlation: &Correlation, member: Option<Member>, name: &str, event: &Event) -> Option<String> {
    let alias = correlation.aliases.iter().find(|(alias, _)| alias == name).map(|(_, fields)| fields);
    match alias {
        None => field::text(&event.record, &Field::new(name)),
        Some(fields) => fields
            .iter()
            .filter(|(of, _)| member.is_none_or(|member| *of == member))
            .find_map(|(_, field)| field::text(&event.record, field)),
    }
}

impl Windows {
    /// Takes an occurrence of one of the correlation's rules.
    pub fn push(&mut self, at: usize, correlation: &Correlation, occurrence: &Occurrence) -> Option<Fired> {
        self.pushes = self.pushes.wrapping_add(1);
        let oldest = Time(occurrence.time.0 - correlation.timespan);
        if self.pushes.is_multiple_of(4096) {
            self.groups.retain(|_, window| window.newest >= oldest);
        }
        let group: Group = correlation.group_by.iter().map(|name| occurrence.value(correlation, name)).collect();
        let window = self.groups.entry(group.clone()).or_default();
        window.newest = window.newest.max(occurrence.time);
        let mut positions = correlation.of.iter().enumerate().filter(|(_, member)| **member == occurrence.member).map(|(at, _)| at);
        let events = match &correlation.kind {
            CorrelationKind::TemporalOrdered => window.ordered(correlation, positions.rev(), occurrence, oldest),
            kind => window.counted(kind, correlation, positions.next_back()?, occurrence, oldest),
        }?;
        // While it goes on, only what is new is told.
        let goes_on = window.fired.is_some_and(|fired| fired >= oldest);
        window.fired = Some(occurrence.time);
        let events = if goes_on { occurrence.events.clone() } else { events };
        let values = match &correlation.kind {
            CorrelationKind::ValueCount { field, .. } if goes_on => occurrence.value(correlation, &field.name).into_iter().collect(),
            CorrelationKind::ValueCount { .. } => window.seen.iter().filter_map(|seen| seen.value.clone()).collect(),
            _ => Vec::new(),
        };
        let counted = match &correlation.kind {
            CorrelationKind::ValueCount { field, .. } => Some(field.name.to_string()),
            _ => None,
        };
        let group =
            correlation.group_by.iter().zip(&group).map(|(name, value)| format!("{name} {}", value.as_deref().unwrap_or("unknown")));
        let found =
            Found { group: group.collect::<Vec<_>>().join(", "), timespan: correlation.timespan, counted, values, together: Vec::new() };
        Some(Fired { correlation: at, events, found })
    }
}

impl Window {
    /// The events in the window, when there are enough of them.
    fn counted(
        &mut self,
        kind: &CorrelationKind,
        correlation: &Correlation,
        position: usize,
        occurrence: &Occurrence,
        oldest: Time,
    ) -> Option<Vec<Rc<Event>>> {
        let mut seen = Seen { time: occurrence.time, position, value: None, events: occurrence.events.clone() };
        let needed = match kind {
            CorrelationKind::EventCount { at_least } => *at_least,
            CorrelationKind::ValueCount { field, at_least } => {
                // An absent value is no value.
                let value = occurrence.value(correlation, &field.name)?;
                self.seen.retain(|old| old.value.as_ref() != Some(&value));
                seen.value = Some(value);
                *at_least
            }
            CorrelationKind::Temporal { at_least } => {
                self.seen.retain(|old| old.position != position);
                *at_least
            }
            CorrelationKind::TemporalOrdered => return None,
        };
        self.seen.push_back(seen);
        while self.seen.len() > needed.max(correlation.of.len()) || self.seen.front().is_some_and(|old| old.time < oldest) {
            self.seen.pop_front();
        }
        (self.seen.len() >= needed).then(|| self.seen.iter().flat_map(|seen| seen.events.iter().cloned()).collect())
    }

    /// The events of the sequence, when this one ends it.
    fn ordered(
        &mut self,
        correlation: &Correlation,
        positions: impl Iterator<Item = usize>,
        occurrence: &Occurrence,
        oldest: Time,
    ) -> Option<Vec<Rc<Event>>> {
        self.stages.resize(correlation.of.len(), None);
        // From the last position down, so that one event does not take two steps.
        for position in positions {
            let next = match position.checked_sub(1) {
                None => Some((occurrence.time, occurrence.events.clone())),
                Some(before) => match self.stages.get(before) {
                    Some(Some((start, events))) if *start >= oldest => {
                        Some((*start, events.iter().chain(&occurrence.events).cloned().collect()))
                    }
                    _ => None,
                },
            };
            if let (Some(slot), Some(next)) = (self.stages.get_mut(position), next) {
                *slot = Some(next);
                if position + 1 == correlation.of.len() {
                    return slot.as_ref().map(|(_, events)| events.clone());
                }
            }
        }
        None
    }
}
