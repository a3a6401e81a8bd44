//! Findings about how code connects to a database: one for each place where the options stand, however many functions use it.

use crate::blank;
use crate::review;
use model::code::{Review, ReviewKind};
use model::{App, Finding, RiskId, Severity, Step};
use std::collections::BTreeMap;

/// One finding a place, with the functions that connect so; `says` makes the title of what was seen.
pub fn findings(app: &App, slug: RiskId, kind: ReviewKind, says: fn(&Review) -> &'static str) -> Vec<Finding> {
    let mut places: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for reviewed in review::handlers(app) {
        for review in reviewed.handler.reviews.iter().filter(|review| review.kind == kind) {
            places.entry((review.place.clone(), review.name.clone())).or_default().push((reviewed.resource.clone(), review));
        }
    }
    let finding = |((place, name), users): (_, Vec<(String, &Review)>)| {
        let (resource, review) = users.first()?.clone();
        let path =
            users.iter().map(|(user, review)| Step { says: format!("{user} connects so: {}", review.says), place: review.place.clone() });
        Some(Finding {
            title: says(review).to_owned(),
            severity: Severity::Medium,
            path: path.collect(),
            symbol: name,
            ..blank(slug, resource, place)
        })
    };
    places.into_iter().filter_map(finding).collect()
}
