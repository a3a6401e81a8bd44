//! How a terminal is written to: colour, links, width, line drawing. The caller decides by `NO_COLOR`,
//! `--color` and whether stdout is a terminal; nothing here looks. Colour never carries meaning alone.

use crate::escape::escape;
use annotate_snippets::Renderer;
use annotate_snippets::renderer::DecorStyle;
use model::{Place, Severity};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::borrow::Cow;

/// How to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub color: bool,
    /// Lines drawn with Unicode's box characters; else ASCII.
    pub unicode: bool,
    /// Columns to stay within.
    pub width: usize,
    /// Hyperlinks (OSC 8) on places.
    pub links: Option<Links>,
}

/// Where relative paths start, for links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// The root's absolute path, with `/`.
    pub root: String,
    /// The machine's name, as `file:` links carry it; may be empty.
    pub host: String,
}

/// RFC 3986's unreserved characters and `/`.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

impl Default for Style {
    fn default() -> Self {
        Self::plain()
    }
}

impl Style {
    /// No colour, no links, 100 columns.
    pub fn plain() -> Self {
        Self { color: false, unicode: true, width: 100, links: None }
    }

    pub(crate) fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(crate) fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(crate) fn good(&self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(crate) fn bad(&self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub(crate) fn severity(&self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Critical => "1;31",
            Severity::High => "31",
            Severity::Medium => "33",
            Severity::Low => "36",
        };
        self.paint(code, text)
    }

    /// `✓` or its ASCII fallback.
    pub(crate) fn glyph(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }

    /// A place, linked where links are wanted.
    pub(crate) fn place(&self, place: &Place) -> String {
        let shown = shown(place);
        self.link(&place.file, &shown)
    }

    /// `shown` as a link to a file under the root.
    pub(crate) fn link(&self, file: &str, shown: &str) -> String {
        match &self.links {
            Some(links) => {
                let absolute = if file.starts_with('/') { Cow::Borrowed(file) } else { Cow::Owned(format!("{}/{file}", links.root)) };
                let (host, path) = (utf8_percent_encode(&links.host, PATH), utf8_percent_encode(&absolute, PATH));
                format!("\x1b]8;;file://{host}{path}\x1b\\{shown}\x1b]8;;\x1b\\")
            }
            None => shown.to_owned(),
        }
    }

    pub(crate) fn renderer(&self) -> Renderer {
        let renderer = if self.color { Renderer::styled() } else { Renderer::plain() };
        renderer.term_width(self.width).decor_style(if self.unicode { DecorStyle::Unicode } else { DecorStyle::Ascii })
    }
}

/// `template.yaml:41:9`; the file alone where that is all that is known.
pub(crate) fn shown(place: &Place) -> String {
    let file = escape(&place.file);
    match (place.line, place.column) {
        (0, _) | (1, 1) => file.into_owned(),
        (line, column) => format!("{file}:{line}:{column}"),
    }
}

/// `critical`, `high`, `medium`, `low`.
pub(crate) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
    }
}

#[cfg(test)]
mod tests {
    use super::{Links, Style};
    use model::Place;

    #[test]
    fn links_cannot_be_broken_out_of() {
        let place = Place::new("a b\x1b]8;;evil\x07.yaml", 3, 4);
        let plain = Style::plain();
        assert_eq!(plain.place(&place), r"a b\x1b]8;;evil\x07.yaml:3:4");
        let linked = Style { links: Some(Links { root: "/home/me".into(), host: String::new() }), ..plain };
        assert_eq!(
            linked.place(&place),
            "\x1b]8;;file:///home/me/a%20b%1B%5D8%3B%3Bevil%07.yaml\x1b\\a b\\x1b]8;;evil\\x07.yaml:3:4\x1b]8;;\x1b\\"
        );
    }
}
