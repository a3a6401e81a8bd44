//! Blast radii: what a principal could have done, one block each, with what of it the logs show.

use super::paragraph;
use crate::Style;
use crate::escape::escape;
use crate::lines::{count, hanging};
use model::radius::Radius;
use std::io::{self, Write};

/// Grants, stores and calls shown for one principal.
const SHOWN: usize = 8;

/// Writes the radii after the timeline.
pub fn radii(out: &mut dyn Write, radii: &[Radius], style: &Style) -> io::Result<()> {
    for radius in radii {
        writeln!(out)?;
        writeln!(out, "{}", style.bold(&format!("blast radius of {}", escape(&radius.principal))))?;
        if let Some(place) = &radius.place {
            writeln!(out, "  {}", style.place(place))?;
        }
        if radius.administrator {
            paragraph(out, style, 2, "it has every permission: everything in the account is within its reach")?;
        }
        let could: Vec<String> = radius
            .could
            .iter()
            .map(|could| {
                let bound = if could.conditions.is_empty() { String::new() } else { format!(" if {}", could.conditions.join(" and ")) };
                let used = if could.used { "used" } else { "not seen used" };
                format!("{} on {}{bound} ({used}; {})", could.actions, could.resources.join(", "), could.place)
            })
            .collect();
        list(out, style, "it could", &could)?;
        for path in &radius.escalations {
            let steps: Vec<String> = path.iter().map(|step| format!("{} ({})", step.says, step.place)).collect();
            list(out, style, "it could become an administrator", &steps)?;
        }
        let stores: Vec<String> = radius
            .stores
            .iter()
            .map(|store| {
                let seen = if store.seen.is_empty() { "no use seen".to_owned() } else { format!("seen: {}", store.seen.join(", ")) };
                let steps = if store.steps > 1 { format!(", {}", count(store.steps, "step")) } else { String::new() };
                format!("{} ({seen}{steps})", store.arn)
            })
            .collect();
        list(out, style, "data within its reach", &stores)?;
        let did: Vec<String> = radius
            .did
            .iter()
            .map(|did| {
                let on = did.resource.as_ref().map(|arn| format!(" on {arn}")).unwrap_or_default();
                format!("{}{on}: {} succeeded, {} refused", did.action, did.succeeded, did.refused)
            })
            .collect();
        list(out, style, "the logs show", &did)?;
        list(out, style, "not known", &radius.gaps)?;
    }
    Ok(())
}

fn list(out: &mut dyn Write, style: &Style, title: &str, items: &[String]) -> io::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {}", style.dim(&format!("{title}:")))?;
    for item in items.iter().take(SHOWN) {
        writeln!(out, "{}", hanging("    ", 6, &escape(item), style.width))?;
    }
    if items.len() > SHOWN {
        writeln!(out, "    {}", style.dim(&format!("and {} more", items.len() - SHOWN)))?;
    }
    Ok(())
}
