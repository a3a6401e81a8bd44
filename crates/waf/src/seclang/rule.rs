//! A rule set as it was read.

use super::action::{Actions, EngineMode};
use super::operator::Operator;
use super::place::Place;
use super::variable::Targets;
use std::collections::BTreeMap;

/// One condition of a rule; a chain has several.
#[derive(Clone, Debug)]
pub struct Link {
    /// Where it stands.
    pub place: Place,
    /// What it looks at.
    pub targets: Targets,
    /// What it asks; none for `SecAction`.
    pub operator: Option<Operator>,
    /// The answer is turned round.
    pub negated: bool,
    /// What it does.
    pub actions: Actions,
}

/// A rule: its first link's id, phase and disruptive action count for the whole chain.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `id`.
    pub id: u32,
    /// `phase`: 1 and 2 for the request, 3 and 4 for the response, 5 afterwards.
    pub phase: u8,
    /// The conditions, in order.
    pub links: Vec<Link>,
}

impl Rule {
    /// Where it stands.
    pub fn place(&self) -> &Place {
        // A rule has a link: nothing builds one without.
        &self.links[0].place
    }

    /// The first link's actions.
    pub fn actions(&self) -> &Actions {
        &self.links[0].actions
    }

    /// Whether it carries the tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.actions().tags.iter().any(|own| own == tag)
    }
}

/// Rules and markers, in order.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A rule.
    Rule(Box<Rule>),
    /// `SecMarker`.
    Marker(String),
}

/// What configuration directives set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `SecRuleEngine`.
    pub engine: EngineMode,
    /// `SecRequestBodyAccess`.
    pub request_body: bool,
    /// `SecResponseBodyAccess`.
    pub response_body: bool,
    /// `SecResponseBodyMimeType`.
    pub response_types: Vec<String>,
    /// `SecRequestBodyLimit`.
    pub request_limit: usize,
    /// `SecRequestBodyLimitAction Reject`, rather than to look at what fits.
    pub request_reject: bool,
    /// `SecResponseBodyLimit`.
    pub response_limit: usize,
    /// `SecResponseBodyLimitAction Reject`.
    pub response_reject: bool,
    /// `SecRequestBodyJsonDepthLimit`.
    pub json_depth: usize,
    /// `SecArgumentSeparator`.
    pub separator: u8,
    /// `SecWebAppId`.
    pub webapp: String,
}

impl Default for Settings {
    /// ModSecurity's recommended configuration, with the rules deciding.
    fn default() -> Self {
        Self {
            engine: EngineMode::On,
            request_body: true,
            response_body: true,
            response_types: ["text/plain", "text/html", "text/xml"].map(str::to_owned).into(),
            request_limit: 13_107_200,
            request_reject: true,
            response_limit: 524_288,
            response_reject: false,
            json_depth: 512,
            separator: b'&',
            webapp: String::new(),
        }
    }
}

/// A rule set.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// Rules and markers, in order.
    pub entries: Vec<Entry>,
    /// Settings.
    pub settings: Settings,
    /// `SecDefaultAction`, by phase.
    pub defaults: BTreeMap<u8, Actions>,
}

impl RuleSet {
    /// Every rule, in order.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Rule(rule) => Some(rule.as_ref()),
            Entry::Marker(_) => None,
        })
    }

    /// Rules that ask the outside (`@rbl`, `@geoLookup`), with the operator: nothing is asked here, and they never match.
    pub fn not_assessed(&self) -> Vec<(u32, &'static str)> {
        let outside = |link: &Link| match link.operator {
            Some(Operator::Outside(name)) => Some(name),
            _ => None,
        };
        self.rules().filter_map(|rule| Some((rule.id, rule.links.iter().find_map(outside)?))).collect()
    }

    pub(super) fn rules_mut(&mut self) -> impl Iterator<Item = &mut Rule> {
        self.entries.iter_mut().filter_map(|entry| match entry {
            Entry::Rule(rule) => Some(rule.as_mut()),
            Entry::Marker(_) => None,
        })
    }
}
