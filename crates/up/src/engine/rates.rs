//! Requests counted by rate-based rules (AWS WAF Developer Guide, "Rate-based rule statement"): every ten seconds WAF looks
//! back over the window, and until the next look it limits those that were above the limit. A restart forgets the counts.

use model::Time;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Seconds from one look to the next.
const LOOK: i64 = 10;
/// Aggregation instances of one rule at most: WAF limits no more than this many.
const INSTANCES: usize = 10_000;

/// The counts.
#[derive(Default)]
pub(crate) struct Rates(Mutex<HashMap<String, Rule>>);

/// What a rule's counts belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Requests in a window.
    pub limit: u64,
    /// Seconds.
    pub window: u64,
}

struct Rule {
    setting: Setting,
    instances: HashMap<String, Looks>,
}

/// Requests by the ten seconds they came in, oldest first.
type Looks = VecDeque<(i64, u64)>;

fn look(now: Time) -> i64 {
    now.seconds().div_euclid(LOOK)
}

impl Setting {
    /// The first ten seconds that a look takes in.
    fn begins(self, look: i64) -> i64 {
        look - i64::try_from(self.window).unwrap_or(i64::MAX) / LOOK
    }
}

impl Rates {
    /// Counts one request. A rule whose setting changed begins anew.
    pub fn count(&self, rule: &str, instance: &str, setting: Setting, now: Time) {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = rules.entry(rule.to_owned()).or_insert_with(|| Rule { setting, instances: HashMap::new() });
        if counts.setting != setting {
            *counts = Rule { setting, instances: HashMap::new() };
        }
        let (instances, now) = (&mut counts.instances, look(now));
        if instances.len() >= INSTANCES && !instances.contains_key(instance) {
            make_room(instances, setting.begins(now));
        }
        let looks = instances.entry(instance.to_owned()).or_default();
        while looks.front().is_some_and(|(at, _)| *at < setting.begins(now)) {
            looks.pop_front();
        }
        match looks.back_mut() {
            // A clock that went back counts into the latest.
            Some((at, count)) if *at >= now => *count += 1,
            _ => looks.push_back((now, 1)),
        }
    }

    /// Whether an instance was above the limit at the last look.
    pub fn limited(&self, rule: &str, instance: &str, now: Time) -> bool {
        let rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Rule { setting, instances }) = rules.get(rule) else { return false };
        let now = look(now);
        let seen = instances.get(instance).into_iter().flatten().filter(|(at, _)| (setting.begins(now)..now).contains(at));
        seen.map(|(_, count)| count).sum::<u64>() > setting.limit
    }
}

/// Forgets instances that were not seen for a window, else the one with the fewest requests: never one near its limit.
fn make_room(instances: &mut HashMap<String, Looks>, begins: i64) {
    instances.retain(|_, looks| looks.back().is_some_and(|(at, _)| *at >= begins));
    if instances.len() >= INSTANCES {
        let total = |looks: &Looks| looks.iter().map(|(_, count)| count).sum::<u64>();
        let fewest = instances.iter().min_by_key(|(_, looks)| total(looks)).map(|(instance, _)| instance.clone());
        fewest.and_then(|instance| instances.remove(&instance));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTING: Setting = Setting { limit: 3, window: 60 };

    fn at(second: i64) -> Time {
        Time(second * 1000)
    }

    #[test]
    fn a_look_limits_and_the_window_lets_go() {
        let rates = Rates::default();
        let limited = |second| rates.limited("r", "a", at(second));
        for second in [0, 0, 9, 9] {
            rates.count("r", "a", SETTING, at(second));
        }
        assert_eq!([9, 10, 60, 69, 70].map(limited), [false, true, true, true, false]);
        assert!(!rates.limited("r", "b", at(10)) && !rates.limited("s", "a", at(10)));
        rates.count("r", "a", Setting { limit: 2, ..SETTING }, at(11));
        assert!(!limited(20), "another setting begins anew");
    }

    #[test]
    fn the_busiest_are_kept() {
        let rates = Rates::default();
        (0..4).for_each(|_| rates.count("r", "a", SETTING, at(0)));
        (0..INSTANCES + 50).for_each(|number| rates.count("r", &number.to_string(), SETTING, at(1)));
        assert!(rates.limited("r", "a", at(10)));
    }
}
