//! What a person reads. Short lines, one block a thing, and every block ends in what to do next.

mod attack;
mod by;
mod cut;
mod investigate;
mod prove;
mod radius;
mod scan;
mod troubles;

pub use attack::attack;
pub use by::by;
pub use cut::cut;
pub use investigate::investigate;
pub use prove::prove;
pub use radius::radii;
pub use scan::scan;
pub use troubles::troubles;

use crate::Style;
use crate::lines::hanging;
use std::io::{self, Write};

/// The last lines of a report: what to do next, one command a line.
fn next(out: &mut dyn Write, style: &Style, steps: &[String]) -> io::Result<()> {
    for (at, step) in steps.iter().enumerate() {
        let head = if at == 0 { "next: " } else { "      " };
        writeln!(out, "{}{step}", style.dim(head))?;
    }
    Ok(())
}

/// A paragraph behind a margin.
fn paragraph(out: &mut dyn Write, style: &Style, margin: usize, text: &str) -> io::Result<()> {
    writeln!(out, "{}", hanging(&" ".repeat(margin), margin, text, style.width))
}
