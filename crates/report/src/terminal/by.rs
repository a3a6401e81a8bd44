//! A scan by the items of a catalogue: for each item of OWASP, CSA, CIS or Well-Architected that a risk maps to, what
//! was found. An item without a risk is not in the table: nothing is said about it.

use crate::Style;
use crate::escape::escape;
use crate::lines::{count, pad};
use model::{Finding, Severity, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Writes the table. `items` are the ids of the catalogue with the risks (slugs) that map to them.
pub fn by(out: &mut dyn Write, findings: &[Finding], items: &BTreeMap<&str, BTreeSet<&str>>, style: &Style) -> io::Result<()> {
    let width = items.keys().map(|item| item.len()).max().unwrap_or(0) + 2;
    for (item, risks) in items {
        let open: Vec<&Finding> =
            findings.iter().filter(|finding| finding.status == Status::Found && risks.contains(finding.risk)).collect();
        let worst = open.iter().map(|finding| finding.severity).max();
        let said = match worst {
            None => style.good("clean"),
            Some(worst) => style.severity(worst, &count(open.len(), "finding")),
        };
        writeln!(out, "{}{said}", style.bold(&pad(item, width)))?;
        for risk in risks {
            let of: Vec<&&Finding> = open.iter().filter(|finding| finding.risk == *risk).collect();
            let lines: Vec<String> = of.iter().map(|finding| escape(&finding.place.to_string()).into_owned()).collect();
            let more = if lines.len() > SHOWN { format!(" and {} more", lines.len() - SHOWN) } else { String::new() };
            let places = lines.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
            writeln!(out, "{}{risk}{}{places}{more}", " ".repeat(width), if places.is_empty() { "" } else { ": " })?;
        }
    }
    let open = |least: Severity| findings.iter().filter(|f| f.status == Status::Found && f.severity >= least).count();
    writeln!(out, "\n{} in {}", count(open(Severity::Low), "finding"), count(items.len(), "item"))
}

/// Places shown for one risk.
const SHOWN: usize = 3;
