//! The cut: the fewest edits after which no path from outside leads to data or privilege. What an edit closes is not guessed from
//! its words: the application is scanned as it would be with it. Reads and writes nothing itself.

use model::cut::{Closing, Cut};
use model::{Finding, Fix, Severity, Status};
use std::collections::BTreeSet;

/// Fixes that are tried one by one.
const MOST_FIXES: usize = 64;
/// Fixes of which every set is tried.
const MOST_EXACT: usize = 18;

/// Finds the cut of the findings that are at least so severe. `scanned` gives the findings of the application with some fixes made, `None` when they
/// cannot be made together.
pub fn cut<'a>(findings: &'a [Finding], least: Severity, scanned: &dyn Fn(&[&Fix]) -> Option<Vec<Finding>>) -> Cut<'a> {
    let mut known = BTreeSet::new();
    let paths: Vec<&Finding> = findings.iter().filter(|finding| is_path(finding, least) && known.insert(about(finding))).collect();
    let mut fixes: Vec<(&Finding, &Fix)> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.status == Status::Found) {
        if let Some(fix) = finding.fix.as_ref().filter(|fix| !fixes.iter().any(|(_, known)| known.edits == fix.edits)) {
            fixes.push((finding, fix));
        }
    }
    let untried = fixes.len().saturating_sub(MOST_FIXES);
    fixes.truncate(MOST_FIXES);
    let ends = |after: &[Finding]| -> BTreeSet<usize> {
        let open: BTreeSet<_> = after.iter().filter(|finding| is_path(finding, least)).map(about).collect();
        (0..paths.len()).filter(|at| !open.contains(&about(paths[*at]))).collect()
    };
    let tried = fixes.iter().filter_map(|(of, fix)| {
        let ended = ends(&scanned(&[fix])?);
        (!ended.is_empty()).then_some(Candidate { of, fix, ended })
    });
    let candidates = without_lesser(tried.collect());
    let smallest = untried == 0 && candidates.len() <= MOST_EXACT && paths.len() <= u128::BITS as usize;
    let chosen = if smallest { fewest(&candidates) } else { greedy(&candidates) };
    let made: Vec<&Fix> = chosen.iter().map(|candidate| candidate.fix).collect();
    let after = scanned(&made).map(|after| ends(&after));
    let together = after.is_some();
    let closed: BTreeSet<usize> = match after {
        Some(after) => after,
        None => chosen.iter().flat_map(|candidate| candidate.ended.iter().copied()).collect(),
    };
    let mut edits: Vec<Closing<'a>> = chosen
        .iter()
        .map(|candidate| Closing { of: candidate.of, fix: candidate.fix, closes: candidate.ended.iter().map(|at| paths[*at]).collect() })
        .collect();
    edits.sort_by_key(|closing| std::cmp::Reverse(closing.closes.len()));
    let left = paths.iter().enumerate().filter(|(at, _)| !closed.contains(at)).map(|(_, path)| *path).collect();
    Cut { paths: paths.len(), edits, left, smallest, together, untried }
}

/// Data or privilege within reach: of anyone on the internet when it is critical, of whoever has a foothold when it is high
/// (see [`Severity`]).
fn is_path(finding: &Finding, least: Severity) -> bool {
    finding.status == Status::Found && finding.severity >= least
}

/// What a finding is about: the same before and after an edit elsewhere.
fn about(finding: &Finding) -> (&str, String, String) {
    (finding.risk, finding.resource.clone(), finding.symbol.clone())
}

#[derive(Clone)]
struct Candidate<'a> {
    of: &'a Finding,
    fix: &'a Fix,
    ended: BTreeSet<usize>,
}

impl Candidate<'_> {
    /// What it costs: a fix that callers notice costs more than one that they do not, and many edits more than few.
    fn cost(&self) -> (usize, usize) {
        (usize::from(!self.fix.safe), self.fix.edits.len())
    }
}

/// Without those that end nothing more than a cheaper one does.
fn without_lesser(candidates: Vec<Candidate<'_>>) -> Vec<Candidate<'_>> {
    let lesser = |at: usize| {
        let one = &candidates[at];
        candidates.iter().enumerate().any(|(other, by)| {
            let order = (by.cost(), other).cmp(&(one.cost(), at));
            other != at && one.ended.is_subset(&by.ended) && (order.is_lt() || one.ended.len() < by.ended.len() && by.cost() <= one.cost())
        })
    };
    (0..candidates.len()).filter(|at| !lesser(*at)).map(|at| candidates[at].clone()).collect()
}

/// The smallest set that ends whatever all of them end; of several the cheapest. Tries every set.
fn fewest<'a>(candidates: &[Candidate<'a>]) -> Vec<Candidate<'a>> {
    let ended: Vec<u128> = candidates.iter().map(|candidate| candidate.ended.iter().fold(0, |bits, at| bits | 1 << at)).collect();
    let all = ended.iter().fold(0, |all, bits| all | bits);
    let of = |set: u32| (0..candidates.len()).filter(move |at| set & (1 << at) != 0);
    let cost = |set: u32| {
        let costs = of(set).map(|at| candidates[at].cost());
        (set.count_ones(), costs.fold((0, 0), |sum, cost| (sum.0 + cost.0, sum.1 + cost.1)), set)
    };
    let sets = (0u32..1 << candidates.len()).filter(|set| of(*set).fold(0, |bits, at| bits | ended[at]) == all);
    let best = sets.min_by_key(|set| cost(*set)).unwrap_or_default();
    of(best).map(|at| candidates[at].clone()).collect()
}

/// The one that ends most of what is left, again and again.
fn greedy<'a>(candidates: &[Candidate<'a>]) -> Vec<Candidate<'a>> {
    let (mut chosen, mut ended) = (Vec::new(), BTreeSet::new());
    loop {
        let more = |candidate: &Candidate<'_>| candidate.ended.difference(&ended).count();
        let best = candidates.iter().max_by_key(|candidate| (more(candidate), std::cmp::Reverse(candidate.cost())));
        match best.filter(|candidate| more(candidate) > 0) {
            Some(candidate) => {
                ended.extend(candidate.ended.iter().copied());
                chosen.push(candidate.clone());
            }
            None => return chosen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Edit, Place};
    use proptest::prelude::*;

    /// A finding whose fix is the edit with this number, when it has one.
    fn finding(number: usize, severity: Severity, fix: Option<(usize, bool)>) -> Finding {
        let edit = |number: usize| Edit::Create { file: format!("{number}").into(), text: String::new() };
        Finding {
            risk: "sql-injection",
            title: String::new(),
            severity,
            confidence: model::Confidence::High,
            resource: format!("app/F{number}"),
            place: Place::new("a", 1, 1),
            path: Vec::new(),
            maps: Vec::new(),
            fingerprint: String::new(),
            status: Status::Found,
            symbol: String::new(),
            profile: model::Profile::Default,
            condition: None,
            fix: fix.map(|(number, safe)| Fix { says: number.to_string(), safe, edits: vec![edit(number)], then: None }),
        }
    }

    /// An application in which edit `n` closes the paths of `closes[n]`.
    fn scanned(findings: &[Finding], closes: &[Vec<usize>], made: &[&Fix]) -> Option<Vec<Finding>> {
        let closed: BTreeSet<usize> = made.iter().flat_map(|fix| closes[fix.says.parse::<usize>().unwrap()].clone()).collect();
        Some(findings.iter().enumerate().filter(|(at, _)| !closed.contains(at)).map(|(_, finding)| finding.clone()).collect())
    }

    #[test]
    fn one_edit_at_the_door_beats_three_inside() {
        let inside = |number| finding(number, Severity::Critical, Some((number, true)));
        // The door is of low severity itself, and its edit closes what lies behind it.
        let findings = [inside(0), inside(1), inside(2), finding(3, Severity::Low, Some((3, false))), finding(4, Severity::High, None)];
        let closes = [vec![0], vec![1], vec![2], vec![0, 1, 2, 3], vec![]];
        let cut = cut(&findings, Severity::High, &|made| scanned(&findings, &closes, made));
        assert_eq!((cut.paths, cut.edits.len(), cut.smallest, cut.together), (4, 1, true, true));
        assert_eq!((cut.edits[0].of.resource.as_str(), cut.edits[0].closes.len()), ("app/F3", 3));
        assert_eq!(cut.left.iter().map(|left| left.resource.as_str()).collect::<Vec<_>>(), ["app/F4"]);
    }

    #[test]
    fn an_edit_that_cannot_be_made_closes_nothing() {
        let findings = [finding(0, Severity::Critical, Some((0, true)))];
        let cut = cut(&findings, Severity::High, &|made| made.is_empty().then(|| findings.to_vec()));
        assert_eq!((cut.edits.len(), cut.left.len(), cut.together), (0, 1, true));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        /// The cut closes whatever any edits close, and no smaller set does.
        #[test]
        fn no_smaller_set_closes_as_much(closes in prop::collection::vec(prop::collection::vec(0usize..6, 0..4), 6)) {
            let findings: Vec<Finding> = (0..6).map(|number| finding(number, Severity::High, Some((number, true)))).collect();
            let cut = cut(&findings, Severity::High, &|made| scanned(&findings, &closes, made));
            let of = |set: u32| -> BTreeSet<usize> {
                (0..6).filter(|at| set & (1 << at) != 0).flat_map(|at| closes[at].clone()).collect()
            };
            let all = of(63);
            prop_assert_eq!(cut.left.len(), 6 - all.len());
            let fewest = (0u32..64).filter(|set| of(*set) == all).map(u32::count_ones).min().unwrap();
            prop_assert_eq!(cut.edits.len() as u32, fewest);
        }
    }
}
