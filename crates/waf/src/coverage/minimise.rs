//! Delta debugging: the smallest draft that still does what it is to do.

use super::attack::Draft;

/// Makes a draft smaller while `holds` is true of it. It is true of the draft given.
pub(super) fn minimise(draft: Draft, holds: &dyn Fn(&Draft) -> bool) -> Draft {
    let mut best = draft;
    let headers = smaller(&best.headers.clone(), &mut |headers| holds(&Draft { headers: headers.to_vec(), ..best.clone() }));
    best.headers = headers;
    let characters: Vec<char> = best.payload.chars().collect();
    let kept = smaller(&characters, &mut |kept| holds(&Draft { payload: kept.iter().collect(), ..best.clone() }));
    best.payload = kept.into_iter().collect();
    // The least padding: what holds with some holds with more, so halving finds it.
    let (mut low, mut high) = (0, best.padding);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(&Draft { padding: middle, ..best.clone() }) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    best.padding = high;
    best
}

/// Zeller's ddmin: a part of `items` from which no single item can be left out.
fn smaller<T: Clone>(items: &[T], holds: &mut dyn FnMut(&[T]) -> bool) -> Vec<T> {
    let mut current = items.to_vec();
    let mut parts = 2;
    while !current.is_empty() {
        let size = current.len().div_ceil(parts);
        let without = |from: usize| -> Vec<T> {
            let to = (from + size).min(current.len());
            current[..from].iter().chain(&current[to..]).cloned().collect()
        };
        match (0..current.len()).step_by(size).map(without).find(|rest| holds(rest)) {
            Some(rest) => {
                current = rest;
                parts = (parts - 1).max(2);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(current.len()),
        }
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Component;

    #[test]
    fn one_item_less_does_not_do() {
        let items: Vec<u32> = (0..100).collect();
        let kept = smaller(&items, &mut |kept| [3, 50, 51, 99].iter().all(|need| kept.contains(need)));
        assert_eq!(kept, [3, 50, 51, 99]);
        assert_eq!(smaller(&items, &mut |_| true), [0; 0]);
        assert_eq!(smaller(&items, &mut |kept| kept.len() == 100).len(), 100);
    }

    #[test]
    fn headers_payload_and_padding_shrink() {
        let draft = Draft::new(Component::BeyondLimit, "xx1'yy", 5000);
        let small = minimise(draft, &|draft| draft.payload.contains("1'") && draft.padding >= 77);
        assert_eq!((small.payload.as_str(), small.padding, small.headers.len()), ("1'", 77, 0));
    }
}
