//! Findings from what a reader of the code would point at: how tokens and identities are treated, what logs and answers give away.
//! Speaks also of authorizers that stand beside the functions and that no function names yet.

use crate::blank;
use crate::doors::Who;
use crate::entry::{Danger, Entries, Entry};
use model::code::{Disclosed, DisclosedTo, EventSource, Handler, Review, ReviewKind};
use model::{App, Finding, Place, ResourceId, RiskId, Step};

/// A handler, and the function behind which it stands if there is one.
pub struct Reviewed<'a> {
    /// The function.
    pub function: Option<&'a ResourceId>,
    /// `stack/LogicalId`, or the file of an authorizer that no function names.
    pub resource: String,
    /// Its code.
    pub handler: &'a Handler,
}

/// Every handler.
pub fn handlers(app: &App) -> impl Iterator<Item = Reviewed<'_>> {
    let named = app.code.handlers.iter().map(|(id, handler)| Reviewed { function: Some(id), resource: id.to_string(), handler });
    named.chain(app.code.unnamed.iter().map(|(path, handler)| Reviewed { function: None, resource: path.clone(), handler }))
}

impl Reviewed<'_> {
    /// How requests come to it. An authorizer that is not in use yet is judged as one that is: it is written to be asked by anyone.
    pub fn entry(&self, entries: &Entries<'_>) -> Entry {
        match self.function {
            Some(function) => entries.find(function, &EventSource::Event, &[]),
            None => {
                let says = "an authorizer that no function of the templates names yet".to_owned();
                Entry {
                    who: Who::Anyone,
                    steps: vec![Step { says, place: self.handler.place.clone() }],
                    condition: Some("once a function is made of it".into()),
                }
            }
        }
    }

    /// Whether requests come to it through a door: its events then hold a caller's headers.
    pub fn answers_requests(&self, entries: &Entries<'_>) -> bool {
        self.function.is_none_or(|function| entries.of_function(function).next().is_some())
    }

    /// Whether what it returns goes back to a caller.
    pub fn answers(&self, entries: &Entries<'_>) -> bool {
        self.function.is_some_and(|function| entries.of_function(function).any(|door| door.answers))
    }

    /// Its reviews of some kinds, by place.
    pub fn reviews(&self, kinds: &[ReviewKind]) -> Vec<(&Place, Vec<&Review>)> {
        let mut found: Vec<(&Place, Vec<&Review>)> = Vec::new();
        for review in self.handler.reviews.iter().filter(|review| kinds.contains(&review.kind)) {
            match found.iter_mut().find(|(place, _)| **place == review.place) {
                Some((_, same)) => same.push(review),
                None => found.push((&review.place, vec![review])),
            }
        }
        found
    }

    /// What it gives away there.
    pub fn gives(&self, to: DisclosedTo, what: &[Disclosed]) -> impl Iterator<Item = (&Place, Disclosed)> {
        self.handler.disclosures.iter().filter(move |d| d.to == to && what.contains(&d.what)).map(|d| (&d.place, d.what))
    }

    /// A finding about it.
    pub fn finding(&self, slug: RiskId, title: String, entry: &Entry, danger: Danger, (place, says): (&Place, String)) -> Finding {
        let mut path = entry.steps.clone();
        path.push(Step { says, place: place.clone() });
        Finding {
            title,
            severity: entry.severity(danger),
            confidence: entry.confidence(),
            path,
            condition: entry.condition.clone(),
            ..blank(slug, self.resource.clone(), place.clone())
        }
    }
}
