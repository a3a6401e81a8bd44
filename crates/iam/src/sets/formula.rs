//! Two sides on one class of actions, as tests of which resource patterns a text matches; and the search for a resource
//! that tells them apart. Knows neither actions nor condition keys.

use super::language::{self, TooLarge};
use crate::glob::Token;
use crate::request::View;
use crate::statement::{Effect, Statement};
use crate::truth::Truth;

/// A side's statements on a class of actions, with whether their conditions and principals hold.
pub(crate) struct Formula<'s, 'a> {
    /// How many layers the side has.
    pub layers: usize,
    /// Its statements, each with its layer.
    pub of: &'s [(usize, &'a Statement)],
    /// Whether each holds but for the resource.
    pub truths: &'s [Truth],
}

/// A resource of a type that the first formula allows and the second does not.
pub(crate) fn resource(
    view: &View<'_>,
    kind: &[Token],
    a: &Formula<'_, '_>,
    b: &Formula<'_, '_>,
    most: usize,
) -> Result<Option<String>, TooLarge> {
    let mut patterns: Vec<Vec<Token>> = vec![kind.to_vec()];
    let mut masks = |f: &Formula<'_, '_>| -> Vec<Mask> {
        // What only perhaps speaks grants nothing, and may deny.
        let speaks = |s: &Statement, truth: Truth| truth == Truth::Yes || (truth == Truth::Depends && s.effect != Effect::Allow);
        let holding = f.of.iter().zip(f.truths).filter(|((_, s), truth)| speaks(s, **truth));
        holding.map(|((layer, s), _)| Mask::of(*layer, s, view, &mut patterns)).collect()
    };
    let (own, other) = (masks(a), masks(b));
    let (own_layers, other_layers) = (a.layers, b.layers);
    let shows = |bits: u64| bits & 1 != 0 && allowed(&own, own_layers, bits) && !allowed(&other, other_layers, bits);
    if patterns.len() == 1 {
        // No pattern tells one resource of the type from another.
        return Ok(shows(1).then(|| example(kind)));
    }
    // A side no layer of which can allow needs no search.
    if !(0..own_layers).all(|layer| own.iter().any(|mask| !mask.deny && mask.layer == layer)) {
        return Ok(None);
    }
    if patterns.len() > 64 {
        return Err(TooLarge);
    }
    if contained(&own, own_layers, &other, other_layers) {
        return Ok(None);
    }
    let refs: Vec<&[Token]> = patterns.iter().map(Vec::as_slice).collect();
    let mut out = None;
    language::search(&refs, true, most, |bits, text| {
        let found = shows(bits);
        if found {
            out = Some(text());
        }
        found
    })?;
    Ok(out)
}

/// A text of a type.
fn example(kind: &[Token]) -> String {
    let bytes = kind.iter().map(|token| if let Token::Byte(byte) = token { *byte } else { b'a' });
    String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
}

/// A statement as a test of the truth vector of the patterns: the type's, then those that divide the type.
struct Mask {
    layer: usize,
    deny: bool,
    not: bool,
    any: u64,
}

impl Mask {
    fn of(layer: usize, statement: &Statement, view: &View<'_>, patterns: &mut Vec<Vec<Token>>) -> Self {
        let deny = statement.effect == Effect::Deny;
        let Some(resources) = &statement.resources else { return Self { layer, deny, not: true, any: 0 } };
        let (mut any, mut own) = (0, Vec::new());
        for pattern in &*resources.any_of {
            for text in std::iter::once(&pattern.text).chain(&pattern.completed) {
                // A missing variable matches nothing; an unknown part is left to the engine's own check.
                let Ok(tokens) = text.filled(view) else { continue };
                if disjoint(&tokens, &patterns[0]) {
                    continue;
                }
                if covers(&tokens, &patterns[0]) {
                    any |= 1;
                    continue;
                }
                own.push(tokens);
            }
        }
        // Of two patterns that say the same or less than each other the first is enough.
        let needed = |at: usize| {
            let within = |(n, other): (usize, &Vec<Token>)| n != at && covers(other, &own[at]) && (n < at || !covers(&own[at], other));
            any == 0 && !own.iter().enumerate().any(within)
        };
        let needed: Vec<bool> = (0..own.len()).map(needed).collect();
        for tokens in own.into_iter().zip(needed).filter_map(|(tokens, needed)| needed.then_some(tokens)) {
            let at = patterns.iter().position(|known| *known == tokens).unwrap_or_else(|| {
                patterns.push(tokens);
                patterns.len() - 1
            });
            any |= 1u64.checked_shl(at as u32).unwrap_or(0);
        }
        Self { layer, deny, not: resources.not, any }
    }

    fn covers(&self, bits: u64) -> bool {
        (bits & self.any != 0) != self.not
    }
}

/// Whether the first pattern surely matches all that the second does: it reads the second as a text whose wildcards only
/// a wildcard takes.
fn covers(pattern: &[Token], kind: &[Token]) -> bool {
    if pattern == [Token::Star { colon: true }] {
        return true;
    }
    let mut row = vec![false; kind.len() + 1];
    row[0] = true;
    for own in pattern {
        let mut next = vec![false; kind.len() + 1];
        for at in 0..=kind.len() {
            let taken = |token: Token| match (*own, token) {
                (Token::Byte(own), Token::Byte(byte)) => own == byte,
                (Token::Star { colon }, Token::Byte(byte)) => colon || byte != b':',
                (Token::Star { colon: own }, Token::Star { colon } | Token::One { colon }) => own || !colon,
                _ => false,
            };
            let here = at > 0 && taken(kind[at - 1]);
            next[at] = match own {
                Token::Star { .. } => row[at] || (here && next[at - 1]),
                _ => here && row[at - 1],
            };
        }
        row = next;
    }
    row[kind.len()]
}

/// Whether two patterns differ before either has a wildcard.
fn disjoint(a: &[Token], b: &[Token]) -> bool {
    for (a, b) in a.iter().zip(b) {
        match (a, b) {
            (Token::Byte(a), Token::Byte(b)) if a == b => {}
            (Token::Byte(_), Token::Byte(_)) => return true,
            _ => return false,
        }
    }
    false
}

/// Whether the first is within the second by its statements alone: the second denies nothing that the first does not deny,
/// and for each of its layers some layer of the first has no grant but that layer's own.
fn contained(own: &[Mask], own_layers: usize, other: &[Mask], other_layers: usize) -> bool {
    let same = |a: &Mask, b: &Mask| (a.deny, a.not, a.any) == (b.deny, b.not, b.any);
    let denials = || other.iter().filter(|mask| mask.deny);
    let grants = |layer: usize| own.iter().filter(move |mask| !mask.deny && mask.layer == layer);
    let granted = |mask: &Mask, layer: usize| other.iter().any(|theirs| theirs.layer == layer && same(theirs, mask));
    denials().all(|theirs| own.iter().any(|mask| same(mask, theirs)))
        && (0..other_layers).all(|theirs| (0..own_layers).any(|layer| grants(layer).all(|mask| granted(mask, theirs))))
}

fn allowed(masks: &[Mask], layers: usize, bits: u64) -> bool {
    !masks.iter().any(|mask| mask.deny && mask.covers(bits))
        && (0..layers).all(|layer| masks.iter().any(|mask| !mask.deny && mask.layer == layer && mask.covers(bits)))
}
