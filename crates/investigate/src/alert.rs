//! Matches to alerts: one for each rule, principal and source, as long as they do not pause for long.
//! Composes the one sentence; never decides what matches.

use crate::rule::{About, Member};
use crate::says;
use model::{Alert, Event, Place, Time};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// A pause after which the same thing is told again, in milliseconds.
const QUIET: i64 = 3_600_000;
/// Places and examples kept for one alert; ids are kept all.
const EXAMPLES: usize = 100;

/// What makes two matches the same alert.
pub type Key = (Member, String, String);

/// What a correlation found, to be put into words.
#[derive(Clone, Debug)]
pub struct Found {
    /// `ip 203.0.113.9`.
    pub group: String,
    pub timespan: i64,
    /// The field whose values were counted.
    pub counted: Option<String>,
    /// The value of that field in the newest events.
    pub values: Vec<String>,
    /// Names of the rules that came together.
    pub together: Vec<String>,
}

/// Alerts being put together.
#[derive(Default)]
pub struct Alerts {
    open: HashMap<Key, usize>,
    all: Vec<Building>,
}

struct Building {
    about: About,
    who: BTreeSet<String>,
    whence: BTreeSet<String>,
    what: Vec<String>,
    refused: u64,
    count: u64,
    first: Time,
    last: Time,
    ids: Vec<String>,
    seen: BTreeSet<String>,
    places: Vec<Place>,
    values: BTreeSet<String>,
    found: Option<Found>,
}

impl Alerts {
    /// Adds one match of a rule.
    pub fn matched(&mut self, member: Member, about: &About, event: &Rc<Event>) {
        let facts = says::facts(event);
        self.add((member, facts.who, facts.whence), QUIET, about, std::slice::from_ref(event), None);
    }

    /// Adds what a correlation found.
    pub fn correlated(&mut self, member: Member, about: &About, events: &[Rc<Event>], found: Found) {
        self.add((member, found.group.clone(), String::new()), found.timespan, about, events, Some(found));
    }

    fn add(&mut self, key: Key, pause: i64, about: &About, events: &[Rc<Event>], found: Option<Found>) {
        let Some(time) = events.iter().map(|event| event.time).max() else { return };
        let open = self.open.get(&key).copied().and_then(|at| self.all.get_mut(at)).filter(|open| time.0 - open.last.0 <= pause);
        if let Some(building) = open {
            building.extend(events, found.as_ref());
            return;
        }
        let mut building = Building::new(about, time);
        building.extend(events, found.as_ref());
        building.found = found;
        self.open.insert(key, self.all.len());
        self.all.push(building);
    }

    /// The alerts in the order of time.
    pub fn finish(self) -> Vec<Alert> {
        let mut alerts: Vec<(Time, Alert)> = self.all.into_iter().map(|building| (building.first, building.finish())).collect();
        alerts.sort_by(|(a_first, a), (b_first, b)| (a_first, &a.rule, &a.principal).cmp(&(b_first, &b.rule, &b.principal)));
        alerts.into_iter().map(|(_, alert)| alert).collect()
    }
}

impl Building {
    fn new(about: &About, time: Time) -> Self {
        Self {
            about: about.clone(),
            who: BTreeSet::new(),
            whence: BTreeSet::new(),
            what: Vec::new(),
            refused: 0,
            count: 0,
            first: time,
            last: time,
            ids: Vec::new(),
            seen: BTreeSet::new(),
            places: Vec::new(),
            values: BTreeSet::new(),
            found: None,
        }
    }

    fn extend(&mut self, events: &[Rc<Event>], found: Option<&Found>) {
        for event in events {
            if !self.seen.insert(event.id.clone()) {
                continue;
            }
            let facts = says::facts(event);
            self.count += 1;
            self.ids.push(event.id.clone());
            self.first = self.first.min(event.time);
            self.last = self.last.max(event.time);
            self.refused += u64::from(facts.refused.is_some());
            if self.places.len() < EXAMPLES {
                self.places.push(event.place.clone());
                self.who.insert(facts.who);
                self.whence.extend(Some(facts.whence).filter(|w| !w.is_empty()));
                if !self.what.contains(&facts.what) {
                    self.what.push(facts.what);
                }
            }
        }
        self.values.extend(found.into_iter().flat_map(|found| found.values.iter().cloned()));
    }

    fn finish(self) -> Alert {
        let says = self.says();
        let principal = match (&self.found, self.who.len()) {
            (Some(found), 2..) => found.group.clone(),
            _ => self.who.first().cloned().unwrap_or_default(),
        };
        Alert {
            rule: self.about.name,
            risk: self.about.risk,
            severity: self.about.severity,
            time: self.last,
            principal,
            event_ids: self.ids,
            attack: self.about.attack,
            says,
            places: self.places,
        }
    }

    /// "Objects enumerated: 203.0.113.9 did GET /a, GET /b and 6 more, 8 times within 12 s".
    fn says(&self) -> String {
        let who = self.who.first().map(String::as_str).unwrap_or_default();
        let who = if self.who.len() > 1 { format!("{} callers", self.who.len()) } else { who.to_owned() };
        let mut says = format!("{}: {who}", self.about.title);
        if let Some(whence) = self.whence.first().filter(|w| self.whence.len() == 1 && **w != who) {
            says += &format!(" from {whence}");
        } else if self.whence.len() > 1 {
            says += &format!(" from {} addresses", self.whence.len());
        }
        says += &format!(" did {}", listed(&self.what));
        match &self.found {
            Some(Found { counted: Some(field), .. }) => says += &format!(", {} different values of {field}", self.values.len()),
            Some(Found { together, .. }) if !together.is_empty() => says += &format!(" ({})", together.join(" + ")),
            _ => {}
        }
        if self.count > 1 {
            says += &format!(", {} times{}", self.count, within(self.last.0 - self.first.0));
        }
        match self.refused {
            0 => {}
            refused if refused == self.count => says += ", refused",
            refused => says += &format!(", {refused} of them refused"),
        }
        says
    }
}

fn listed(what: &[String]) -> String {
    match what {
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
        [] => "something".into(),
    }
}

/// `90061000` to ` within 25 h`.
fn within(millis: i64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0 => " within a second".into(),
        1..120 => format!(" within {seconds} s"),
        120..7200 => format!(" within {} min", seconds / 60),
        _ => format!(" within {} h", seconds / 3600),
    }
}
