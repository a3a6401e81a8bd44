//! The ledger: risks against the four proofs, then the evidence for each cell and the reason for each that is
//! not a yes.

use super::{next, troubles};
use crate::Style;
use crate::escape::{escape, escape_lines};
use crate::lines::{hanging, pad};
use model::{Ledger, Proof, Row, Trouble};
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

const PROOFS: [&str; 4] = ["found", "exploited", "blocked", "detected"];
const CELL: usize = 14;

/// Writes the ledger.
pub fn prove(out: &mut dyn Write, ledger: &Ledger, not_assessed: &[Trouble], style: &Style) -> io::Result<()> {
    let rows = &ledger.ledger;
    let risk = rows.iter().map(|row| row.risk.width()).chain([4]).max().unwrap_or(4) + 2;
    let resource = rows.iter().map(|row| escape(&row.resource).width()).chain([8]).max().unwrap_or(8) + 2;
    let heads: String = PROOFS.iter().map(|proof| pad(proof, CELL)).collect();
    writeln!(out, "{}", style.dim(format!("{}{}{heads}", pad("risk", risk), pad("resource", resource)).trim_end()))?;
    for row in rows {
        let [found, exploited, blocked, detected] = proofs(row).map(|proof| cell(proof, style));
        let cells = [pad_painted(&found), pad_painted(&exploited), pad_painted(&blocked), detected.0];
        writeln!(out, "{}{}{}", pad(&escape(&row.risk), risk), pad(&escape(&row.resource), resource), cells.concat())?;
    }
    writeln!(out)?;
    for row in rows {
        evidence(out, row, style)?;
    }
    troubles(out, not_assessed, style)?;
    let all: Vec<Proof> = rows.iter().flat_map(proofs).collect();
    writeln!(out, "{}", sums(&all, style))?;
    next(out, style, &steps(rows, &all))
}

fn proofs(row: &Row) -> [Proof; 4] {
    [row.found, row.exploited, row.blocked, row.detected]
}

/// Mark and word, painted, with the width it has: the word alone says it.
fn cell(proof: Proof, style: &Style) -> (String, usize) {
    let text = match proof {
        Proof::Yes => format!("{} yes", style.glyph("✓", "+")),
        Proof::No => format!("{} no", style.glyph("✗", "!")),
        Proof::NotApplicable => format!("{} n/a", style.glyph("–", "-")),
        Proof::NotAssessed => "? unassessed".to_owned(),
    };
    let painted = match proof {
        Proof::Yes => style.good(&text),
        Proof::No => style.bad(&text),
        Proof::NotApplicable => style.dim(&text),
        Proof::NotAssessed => style.paint("33", &text),
    };
    (painted, text.width())
}

fn pad_painted((painted, width): &(String, usize)) -> String {
    format!("{painted}{}", " ".repeat(CELL.saturating_sub(*width)))
}

fn evidence(out: &mut dyn Write, row: &Row, style: &Style) -> io::Result<()> {
    if row.evidence.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}  {}", style.bold(&escape(&row.risk)), escape(&row.resource))?;
    for one in &row.evidence {
        let name = pad(&escape(&one.proof), 11);
        writeln!(out, "{}", hanging(&format!("  {name}"), 13, &escape(&one.says), style.width))?;
        for place in &one.places {
            writeln!(out, "{}{}", " ".repeat(13), style.place(place))?;
        }
        for line in one.snippet.iter().flat_map(|snippet| snippet.lines()).take(6) {
            let line: String = escape_lines(line).chars().take(style.width.saturating_sub(17).max(20)).collect();
            writeln!(out, "{}{}", " ".repeat(13), style.dim(&format!("{} {line}", style.glyph("│", "|"))))?;
        }
    }
    writeln!(out)
}

fn sums(all: &[Proof], style: &Style) -> String {
    let number = |proof| all.iter().filter(|one| **one == proof).count();
    if all.is_empty() {
        return "no risk was found, so there is nothing to prove".into();
    }
    let mut line = style.bold(&format!("{} of {} proofs are yes", number(Proof::Yes), all.len() - number(Proof::NotApplicable)));
    for (proof, words) in [(Proof::No, "no"), (Proof::NotAssessed, "not assessed"), (Proof::NotApplicable, "not applicable")] {
        if number(proof) > 0 {
            line += &format!(" {} {} {words}", style.glyph("·", "-"), number(proof));
        }
    }
    line
}

fn steps(rows: &[Row], all: &[Proof]) -> Vec<String> {
    let open = rows.iter().find(|row| proofs(row).contains(&Proof::No));
    if let Some(row) = open {
        let (_, name) = proofs(row).into_iter().zip(PROOFS).find(|(proof, _)| *proof == Proof::No).unwrap_or((Proof::No, "found"));
        let why = match name {
            "exploited" => "a finding that no attack confirms: look whether another control stops it",
            "blocked" => "the fix does not hold: read the evidence above",
            "detected" => "nobody would notice: add the log or the rule",
            _ => "read the evidence above",
        };
        return vec![format!("sekisho explain {}   {why}", escape(&row.risk))];
    }
    if all.contains(&Proof::NotAssessed) {
        return vec!["add what is missing above and run sekisho prove again".into()];
    }
    if all.is_empty() {
        return vec!["sekisho scan   says what was looked at".into()];
    }
    vec!["sekisho scan --fix   applies the fixes that were just proved".into()]
}
