//! Attacks: what each did, step by step, and how it ended.

use super::{next, paragraph, troubles};
use crate::escape::escape;
use crate::lines::{count, hanging, pad};
use crate::{Attacked, Style};
use model::Trouble;
use std::io::{self, Write};

/// Longest answer of a target that is quoted.
const QUOTE: usize = 300;
/// Width of the mark and the word of an ending.
const WORD: usize = 14;

/// Writes the attacks in the order they were made.
pub fn attack(out: &mut dyn Write, attacks: &[Attacked<'_>], not_assessed: &[Trouble], style: &Style) -> io::Result<()> {
    for attacked in attacks {
        let outcome = attacked.outcome;
        let (mark, word) = ending(attacked, style);
        writeln!(out, "{mark}  {}  {}", style.bold(outcome.risk), escape(&outcome.resource))?;
        for (at, step) in outcome.steps.iter().enumerate() {
            writeln!(out, "{}", hanging(&format!("  {}. ", at + 1), 5, &escape(step), style.width))?;
        }
        paragraph(out, style, 2, &word)?;
        writeln!(out)?;
    }
    troubles(out, not_assessed, style)?;
    let through = attacks.iter().filter(|attacked| attacked.exploited).count();
    let broke = attacks.iter().filter(|attacked| attacked.result() == "broke").count();
    let held = attacks.len() - through - broke;
    let mut sums = format!("{}: {through} got through, {held} did not", style.bold(&count(attacks.len(), "attack")));
    if broke > 0 {
        sums += &format!(", {broke} broke and prove nothing");
    }
    writeln!(out, "{sums}")?;
    let mut steps = Vec::new();
    if let Some(first) = attacks.iter().find(|attacked| attacked.exploited) {
        steps.push("sekisho scan --fix   mends what got through".into());
        steps.push(format!("sekisho explain {}", first.outcome.risk));
        steps.push("sekisho investigate .sekisho/logs   shows what the attacks left in the logs".into());
    } else if broke > 0 {
        steps.push("look at the application's own log, mend what broke, attack again".into());
    } else {
        steps.push("sekisho prove   keeps the proof: the attack, the control that stopped it, the log line".into());
    }
    next(out, style, &steps)
}

/// The mark before an attack and the sentence after its steps. The words differ, not only the colours.
fn ending(attacked: &Attacked<'_>, style: &Style) -> (String, String) {
    let outcome = attacked.outcome;
    let quoted = |text: &str| {
        let short: String = text.chars().take(QUOTE).collect();
        let dots = if short.len() < text.len() { "…" } else { "" };
        format!("{}{dots}", escape(&short))
    };
    match attacked.result() {
        "exploited" => (
            style.bad(&pad(&format!("{} got through", style.glyph("✗", "!")), WORD)),
            "got through: it brought back what was planted beyond its reach".into(),
        ),
        "broke" => (
            style.paint("33", &pad("? broke", WORD)),
            format!("broke, which proves nothing: {}", quoted(outcome.broke.as_deref().unwrap_or_default())),
        ),
        "refused" => (
            style.good(&pad(&format!("{} refused", style.glyph("✓", "+")), WORD)),
            format!("refused: {}", quoted(outcome.refused.as_deref().unwrap_or_default())),
        ),
        _ => (style.good(&pad(&format!("{} took nothing", style.glyph("✓", "+")), WORD)), "answered, but nothing planted came back".into()),
    }
}
