//! What was not assessed: said in full and counted, so that silence never looks like safety.

use crate::Style;
use crate::escape::escape;
use crate::lines::hanging;
use model::Trouble;
use std::io::{self, Write};

/// Writes the list; nothing when there is nothing.
pub fn troubles(out: &mut dyn Write, troubles: &[Trouble], style: &Style) -> io::Result<()> {
    if troubles.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", style.bold(&format!("not assessed: {}", troubles.len())))?;
    for trouble in troubles {
        writeln!(out, "  {}", style.place(&trouble.place))?;
        writeln!(out, "{}", hanging("    ", 4, &escape(&trouble.says), style.width))?;
        if !trouble.help.is_empty() {
            let arrow = style.glyph("→ ", "> ");
            writeln!(out, "{}", style.dim(&hanging(&format!("    {arrow}"), 6, &escape(&trouble.help), style.width)))?;
        }
    }
    writeln!(out)
}
