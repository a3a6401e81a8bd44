//! Rate-based rules: what a request is counted under, and the counts.
//!
//! "Rate-based rule statement": AWS looks back over the window about every ten seconds, limits those above the limit until
//! the next look, and at most 10,000 of them. Judging is pure: a judgement says what to count, the caller's [`RateTable`]
//! counts it and answers who is limited.

use std::collections::{BTreeMap, BTreeSet};

/// One aggregation instance of one use of a rate-based rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RateKeyValues {
    /// The use: web ACL ARN and rule names on the way.
    pub rule: String,
    /// One value a key.
    pub values: Vec<String>,
}

/// A request that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Under what.
    pub instance: RateKeyValues,
    /// The rule's limit.
    pub limit: u64,
    /// The rule's window, in seconds.
    pub window: u64,
}

/// Seconds between two looks at the counts.
pub const LOOK: u64 = 10;
/// Most instances of a rule that are limited.
pub const MOST_LIMITED: usize = 10_000;

/// Counts of rate-based rules. A change of a rule's limit or window starts its counts anew, as AWS does it.
#[derive(Clone, Debug, Default)]
pub struct RateTable {
    rules: BTreeMap<String, Counts>,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    limit: u64,
    window: u64,
    /// Requests by instance and by the ten seconds they came in.
    requests: BTreeMap<Vec<String>, BTreeMap<u64, u64>>,
    looked: u64,
    limited: BTreeSet<Vec<String>>,
}

impl RateTable {
    /// Counts a request at a time.
    pub fn count(&mut self, counted: &Counted, now: u64) {
        let counts = self.rules.entry(counted.instance.rule.clone()).or_default();
        if (counts.limit, counts.window) != (counted.limit, counted.window) {
            *counts = Counts { limit: counted.limit, window: counted.window, looked: now / LOOK, ..Counts::default() };
        }
        *counts.requests.entry(counted.instance.values.clone()).or_default().entry(now / LOOK).or_default() += 1;
        counts.look(now / LOOK);
    }

    /// Looks at the counts, if it is time to. To be called before judging.
    pub fn look(&mut self, now: u64) {
        for counts in self.rules.values_mut() {
            counts.look(now / LOOK);
        }
    }

    /// Whether an instance was above its limit at the last look.
    pub fn is_limited(&self, instance: &RateKeyValues) -> bool {
        self.rules.get(&instance.rule).is_some_and(|counts| counts.limited.contains(&instance.values))
    }

    /// The instances of a rule that are limited: `GetRateBasedStatementManagedKeys`.
    pub fn limited(&self, rule: &str) -> impl Iterator<Item = &Vec<String>> {
        self.rules.get(rule).into_iter().flat_map(|counts| &counts.limited)
    }
}

impl Counts {
    fn look(&mut self, now: u64) {
        if now <= self.looked {
            return;
        }
        self.looked = now;
        let oldest = now.saturating_sub(self.window / LOOK);
        let mut above = Vec::new();
        self.requests.retain(|values, slots| {
            slots.retain(|slot, _| *slot >= oldest);
            let sum: u64 = slots.range(..now).map(|(_, count)| count).sum();
            if sum > self.limit {
                above.push((sum, values.clone()));
            }
            !slots.is_empty()
        });
        // "It only limits the 10,000 highest senders."
        above.sort_by(|a, b| b.cmp(a));
        self.limited = above.into_iter().take(MOST_LIMITED).map(|(_, values)| values).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(value: &str) -> Counted {
        Counted { instance: RateKeyValues { rule: "acl/r".into(), values: vec![value.into()] }, limit: 100, window: 60 }
    }

    #[test]
    fn limits_after_a_look_and_lets_go_after_the_window() {
        let mut table = RateTable::default();
        let (a, b) = (counted("10.1.1.1"), counted("127.0.0.0"));
        for _ in 0..101 {
            table.count(&a, 1000);
        }
        table.count(&b, 1000);
        assert!(!table.is_limited(&a.instance), "before the next look");
        table.look(1010);
        assert!(table.is_limited(&a.instance) && !table.is_limited(&b.instance));
        assert_eq!(table.limited("acl/r").count(), 1);
        table.look(1060);
        assert!(table.is_limited(&a.instance), "still in the window");
        table.look(1071);
        assert!(!table.is_limited(&a.instance));
    }

    #[test]
    fn other_settings_start_anew() {
        let mut table = RateTable::default();
        let mut a = counted("x");
        for _ in 0..200 {
            table.count(&a, 0);
        }
        table.look(10);
        assert!(table.is_limited(&a.instance));
        a.limit = 1000;
        table.count(&a, 11);
        assert!(!table.is_limited(&a.instance));
    }
}
