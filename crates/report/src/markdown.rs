//! Findings as Markdown, for the comment of a pull request or the summary of a job. What the application wrote cannot
//! become a link, an image, a mention or HTML.

use crate::lines::count;
use crate::style::severity_name;
use model::{Finding, Severity, Status, Trouble};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes a scan: the sums, a row for each open finding, its path folded below, what was not assessed.
pub fn scan(out: &mut dyn Write, findings: &[Finding], not_assessed: &[Trouble]) -> io::Result<()> {
    let open: Vec<&Finding> = findings.iter().filter(|finding| finding.status == Status::Found).collect();
    let mut text = String::from("## sekisho\n\n");
    let _ = writeln!(text, "{}\n", sums(&open, findings, not_assessed.len()));
    if !open.is_empty() {
        text.push_str("| severity | risk | where | what |\n|---|---|---|---|\n");
        for finding in &open {
            let (severity, place, title) = (severity_name(finding.severity), code(&finding.place.to_string()), plain(&finding.title));
            let _ = writeln!(text, "| {severity} | {} | {place} | {title} |", code(finding.risk));
        }
        text.push('\n');
    }
    for finding in open.iter().filter(|finding| !finding.path.is_empty() || finding.fix.is_some()) {
        let _ = writeln!(text, "<details><summary>{} at {}</summary>\n", finding.risk, plain(&finding.place.to_string()));
        for (at, step) in finding.path.iter().enumerate() {
            let _ = writeln!(text, "{}. {} {}", at + 1, plain(&step.says), code(&step.place.to_string()));
        }
        if let Some(condition) = &finding.condition {
            let _ = writeln!(text, "\nIf {}.", plain(condition));
        }
        if let Some(fix) = &finding.fix {
            let with = if fix.safe { "--fix" } else { "--fix=unsafe" };
            let _ = writeln!(text, "\nFix: {} ({})", plain(&fix.says), code(&format!("sekisho scan {with}")));
        }
        text.push_str("\n</details>\n\n");
    }
    if !not_assessed.is_empty() {
        let _ = writeln!(text, "<details><summary>{} not assessed</summary>\n", not_assessed.len());
        for trouble in not_assessed {
            let _ = writeln!(text, "- {} {}; {}", code(&trouble.place.to_string()), plain(&trouble.says), plain(&trouble.help));
        }
        text.push_str("\n</details>\n");
    }
    out.write_all(text.as_bytes())
}

fn sums(open: &[&Finding], all: &[Finding], not_assessed: usize) -> String {
    let of = |severity| open.iter().filter(|finding| finding.severity == severity).count();
    let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let parts: Vec<String> = severities.iter().filter(|s| of(**s) > 0).map(|s| format!("{} {}", of(*s), severity_name(*s))).collect();
    let mut line = format!("**{}**", count(open.len(), "finding"));
    if !parts.is_empty() {
        line += &format!(": {}", parts.join(", "));
    }
    let with = |status| all.iter().filter(|finding| finding.status == status).count();
    for (number, what) in [(with(Status::Suppressed), "allowed"), (with(Status::Known), "known"), (not_assessed, "not assessed")] {
        if number > 0 {
            line += &format!(" · {number} {what}");
        }
    }
    line
}

/// Text in which nothing is markup: CommonMark section 2.4, "Backslash escapes"; HTML by entities.
fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in crate::escape(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\n' | '\r' => safe.push(' '),
            // A mention or a link made from bare text.
            '@' => safe.push_str("&#64;"),
            ':' => safe.push_str("&#58;"),
            c if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | '-' | '/' | '\'' | '"' | '=' | ';' | '?' | '%' | '+' | '$' | '^') => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
    safe
}

/// A code span: CommonMark section 6.1; a table cell still ends at `|`.
fn code(text: &str) -> String {
    format!("`{}`", crate::escape(text).replace('`', "'").replace('|', "\\|").replace('\n', " "))
}
