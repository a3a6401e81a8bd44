//! Results on stdout, talk on stderr.

use crate::cli::Color;
use crate::exit::Exit;
use report::{Links, Style};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// How stdout is written to.
pub fn style(color: Color) -> Style {
    let terminal = io::stdout().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(100);
    Style {
        color: match color {
            Color::Auto => terminal && !no_color,
            Color::Always => true,
            Color::Never => false,
        },
        width: usize::clamp(width, 60, 120),
        ..Style::plain()
    }
}

/// Places become links where stdout is a terminal.
pub fn linked(style: Style, root: &Path) -> Style {
    let root = root.canonicalize().ok().filter(|_| style.color && io::stdout().is_terminal());
    let links = root.map(|root| Links { root: root.to_string_lossy().into_owned(), host: String::new() });
    Style { links, ..style }
}

/// One line of a result.
pub fn line(text: &str) {
    // A closed pipe ends the output, not the program with a panic.
    let _ = writeln!(io::stdout(), "{text}");
}

/// Says what is being done.
pub fn says(text: &str) {
    let _ = writeln!(io::stderr(), "{}", report::escape(text));
}

/// Says what is wrong.
pub fn error(text: &str) {
    let _ = writeln!(io::stderr(), "sekisho: {}", report::escape(text));
}

/// Says why it could not finish.
pub fn unfinished(why: &dyn Display) -> Exit {
    error(&why.to_string());
    Exit::Unfinished
}

/// The exit after a result was written; a closed pipe (`| head`) is no failure.
pub fn written(result: io::Result<()>, exit: Exit) -> Exit {
    match result.and_then(|()| io::stdout().flush()) {
        Ok(()) => exit,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit,
        Err(error) => unfinished(&error),
    }
}

/// Writes a file whole or not at all: a temporary file beside it, then a rename.
///
/// # Errors
/// When the file system fails; the file is then as it was.
pub fn write_file(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it is no file name"))?.to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.sekisho-{}", std::process::id()));
    let result = std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, path));
    if result.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    result
}
