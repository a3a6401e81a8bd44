//! The rows that the product answers for, as data, and the page that says by what: `docs/coverage.md`. Never claims a row for a
//! risk whose page does not name it.

use crate::{Page, Proved, Risk, all};
use model::Profile;
use std::fmt::Write;

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// `C1-2.1.4`.
    pub id: &'static str,
    /// In words.
    pub words: &'static str,
    /// The verb that carries it, where no risk can.
    pub carrier: Option<&'static str>,
}

impl Row {
    /// The risks whose pages name it.
    pub fn risks(&self) -> impl Iterator<Item = &'static Risk> {
        let id = self.id;
        all().iter().filter(move |risk| Page::read(risk.page).is_ok_and(|page| page.rows.contains(&id)))
    }
}

/// Every row, in the order of the list.
pub fn rows() -> impl Iterator<Item = Row> {
    let lines = include_str!("rows.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut cells = line.split('\t');
        Some(Row { id: cells.next()?, words: cells.next()?, carrier: cells.next() })
    })
}

/// The coverage page: for each row its risks, and for each of those its proofs.
pub fn coverage() -> String {
    let mut page = "# Coverage\n\nWritten by `UPDATE=1 cargo test -p sekisho-risks --test coverage` from the pages of the risks. \
        **F** found by `scan`, **X** exploited by `attack`, **B** blocked with the fix, **D** detected in the logs; a small letter is a \
        proof that the risk cannot have, for the reason that the ledger names. *Hygiene* is asked for with `--hygiene`.\n\n\
        | row | what | risk | proofs |\n|---|---|---|---|\n"
        .to_owned();
    for row in rows() {
        let mut first = true;
        let mut line = |risk: &str, proofs: &str| {
            let (id, words) = if std::mem::take(&mut first) { (row.id, row.words) } else { ("", "") };
            let _ = writeln!(page, "| {id} | {words} | {risk} | {proofs} |");
        };
        for risk in row.risks() {
            let folder = risk.slug.replace('-', "_");
            let hygiene = if risk.profile == Profile::Hygiene { ", hygiene" } else { "" };
            line(&format!("[{}](../crates/risks/src/{folder}/risk.md){hygiene}", risk.slug), &proofs(risk));
        }
        if let Some(carrier) = row.carrier {
            line(&format!("`sekisho {carrier}`"), "");
        }
    }
    page
}

/// `F X B d`.
fn proofs(risk: &Risk) -> String {
    let letter = |proof, letter: char| if risk.without(proof).is_some() { letter.to_ascii_lowercase() } else { letter };
    let exploited = match (risk.without(Proved::Exploited), &risk.attack) {
        (None, Ok(_)) => 'X',
        _ => 'x',
    };
    format!("F {exploited} {} {}", letter(Proved::Blocked, 'B'), letter(Proved::Detected, 'D'))
}
