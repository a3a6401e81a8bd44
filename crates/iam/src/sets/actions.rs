//! Sets of the catalogue's actions as sorted ranges of ids. An action that the catalogue does not list is in no set.

use crate::catalogue::{Action, catalogue};
use crate::statement::Patterns;
use std::ops::Range;

/// A set of actions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionSet {
    /// Sorted, disjoint, not touching.
    ranges: Vec<Range<u32>>,
}

impl ActionSet {
    /// Every action.
    pub fn all() -> Self {
        Self::of_sorted(0..catalogue().count() as u32)
    }

    /// The actions a pattern covers.
    pub fn of_pattern(pattern: &str) -> Self {
        if pattern.trim() == "*" {
            return Self::all();
        }
        Self::of_sorted(catalogue().ids(pattern))
    }

    /// The actions that an `Action` or `NotAction` element may mean.
    pub fn of(patterns: &Patterns) -> Self {
        Self::meant(patterns, !patterns.not)
    }

    /// The actions that it means for certain: what a denial takes away.
    pub fn certain(patterns: &Patterns) -> Self {
        Self::meant(patterns, patterns.not)
    }

    fn meant(patterns: &Patterns, doubtful: bool) -> Self {
        let listed = patterns.any_of.iter().filter(|pattern| doubtful || pattern.text.unknown.is_none());
        let union = listed.fold(Self::default(), |set, pattern| set.union(&Self::of_pattern(&pattern.text.text)));
        if patterns.not { Self::all().without(&union) } else { union }
    }

    fn of_sorted(ids: impl Iterator<Item = u32>) -> Self {
        let mut ranges: Vec<Range<u32>> = Vec::new();
        for id in ids {
            match ranges.last_mut() {
                Some(last) if last.end == id => last.end += 1,
                _ => ranges.push(id..id + 1),
            }
        }
        Self { ranges }
    }

    /// Either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a || b)
    }

    /// Both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a && b)
    }

    /// The first without the second.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a && !b)
    }

    fn combine(&self, other: &Self, keep: impl Fn(bool, bool) -> bool) -> Self {
        let mut cuts: Vec<u32> = self.cuts().chain(other.cuts()).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut ranges: Vec<Range<u32>> = Vec::new();
        for pair in cuts.windows(2) {
            let &[start, end] = pair else { continue };
            if !keep(self.contains(start), other.contains(start)) {
                continue;
            }
            match ranges.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => ranges.push(start..end),
            }
        }
        Self { ranges }
    }

    /// Where the set begins and ends.
    pub(crate) fn cuts(&self) -> impl Iterator<Item = u32> {
        self.ranges.iter().flat_map(|range| [range.start, range.end])
    }

    /// Whether it holds this id.
    pub fn contains(&self, id: u32) -> bool {
        let at = self.ranges.partition_point(|range| range.end <= id);
        self.ranges.get(at).is_some_and(|range| range.start <= id)
    }

    /// How many actions it holds.
    pub fn len(&self) -> usize {
        self.ranges.iter().map(|range| (range.end - range.start) as usize).sum()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Its actions.
    pub fn iter(&self) -> impl Iterator<Item = &'static Action> {
        self.ranges.iter().flat_map(Clone::clone).filter_map(|id| catalogue().at(id))
    }
}

#[cfg(test)]
mod tests {
    use super::ActionSet;

    #[test]
    fn algebra() {
        let (s3, get) = (ActionSet::of_pattern("s3:*"), ActionSet::of_pattern("s3:Get*"));
        assert_eq!(get.without(&s3), ActionSet::default());
        assert_eq!(s3.without(&get).union(&get), s3);
        assert_eq!(s3.intersection(&get), get);
        assert_eq!(ActionSet::all().without(&s3).len() + s3.len(), ActionSet::all().len());
        assert!(get.iter().all(|action| action.name.starts_with("Get")));
        assert!(ActionSet::of_pattern("*:Get*").len() > get.len());
    }
}
