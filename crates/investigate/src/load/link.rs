//! Names in correlations to the rules they mean, once all rules are known. A correlation of a rule that is
//! not there, or of itself, is not assessed.

use super::Rules;
use super::about::not_assessed;
use super::correlation::{Draft, DraftKind};
use crate::facts::Facts;
use crate::index::Index;
use crate::rule::{About, Correlation, CorrelationKind, Member, Rule};
use model::Trouble;
use std::collections::BTreeMap;

/// Everything a run needs.
pub(crate) struct Linked {
    pub rules: Vec<Rule>,
    /// A correlation comes after those it is about.
    pub correlations: Vec<Correlation>,
    pub index: Index,
    pub facts: Facts,
    pub troubles: Vec<Trouble>,
}

impl Rules {
    /// Resolves names.
    pub(crate) fn link(&self) -> Linked {
        let mut troubles = self.troubles.clone();
        let mut rules = self.rules.clone();
        let mut names: BTreeMap<String, Member> = BTreeMap::new();
        for (at, rule) in rules.iter().enumerate() {
            name(&mut names, &rule.about, Member::Rule(at));
        }
        let mut correlations: Vec<Correlation> = Vec::new();
        let mut waiting: Vec<&Draft> = self.drafts.iter().collect();
        // Each round takes those whose rules are all known; what is left after a round without one has a
        // name that nobody has, or runs in a circle.
        while !waiting.is_empty() {
            let before = waiting.len();
            waiting.retain(|draft| {
                let Some(correlation) = resolve(draft, &names) else { return true };
                name(&mut names, &draft.about, Member::Correlation(correlations.len()));
                correlations.push(correlation);
                false
            });
            if waiting.len() == before {
                break;
            }
        }
        // A correlation of rules for other products is one for other products.
        waiting.retain(|draft| !draft.of.iter().all(|(name, _)| self.foreign_names.contains(name)));
        for draft in waiting {
            let missing = draft.of.iter().find(|(name, _)| !names.contains_key(name)).or(draft.of.first());
            let (name, place) = missing.map_or(("", &draft.about.place), |(name, place)| (name, place));
            troubles.push(not_assessed(&draft.about.title, &format!("there is no rule `{name}` that was loaded"), place));
        }
        let generates: Vec<(Vec<Member>, bool)> = self.used(&correlations);
        for (members, generate) in generates {
            for member in members.iter().filter(|_| !generate) {
                match member {
                    Member::Rule(at) => rules.get_mut(*at).into_iter().for_each(|rule| rule.alone = false),
                    Member::Correlation(at) => correlations.get_mut(*at).into_iter().for_each(|c| c.alone = false),
                }
            }
        }
        Linked { index: Index::of(&rules), rules, correlations, facts: Facts::new(&self.placeholders), troubles }
    }

    /// The members of each correlation that was resolved, and whether they alert by themselves as well.
    fn used(&self, correlations: &[Correlation]) -> Vec<(Vec<Member>, bool)> {
        let generate = |about: &About| self.drafts.iter().any(|d| d.generate && d.about.place == about.place);
        correlations.iter().map(|c| (c.of.clone(), generate(&c.about))).collect()
    }
}

fn name(names: &mut BTreeMap<String, Member>, about: &About, member: Member) {
    names.entry(about.name.clone()).or_insert(member);
    if let Some(id) = &about.id {
        names.insert(id.clone(), member);
    }
}

fn resolve(draft: &Draft, names: &BTreeMap<String, Member>) -> Option<Correlation> {
    let of: Vec<Member> = draft.of.iter().map(|(name, _)| names.get(name).copied()).collect::<Option<_>>()?;
    let kind = match &draft.kind {
        DraftKind::EventCount(at_least) => CorrelationKind::EventCount { at_least: *at_least },
        DraftKind::ValueCount(field, at_least) => CorrelationKind::ValueCount { field: field.clone(), at_least: *at_least },
        DraftKind::Temporal(at_least) => CorrelationKind::Temporal { at_least: at_least.unwrap_or(of.len()) },
        DraftKind::TemporalOrdered => CorrelationKind::TemporalOrdered,
    };
    let member = |name: &String| names.get(name).copied();
    let aliases = draft.aliases.iter().map(|(alias, fields)| {
        let fields = fields.iter().filter_map(|(rule, field)| member(rule).map(|member| (member, field.clone())));
        (alias.clone(), fields.collect())
    });
    Some(Correlation {
        about: draft.about.clone(),
        kind,
        of,
        group_by: draft.group_by.clone(),
        timespan: draft.timespan,
        aliases: aliases.collect(),
        alone: true,
    })
}
