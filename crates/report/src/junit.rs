//! Findings as JUnit XML (the Jenkins xUnit schema), for the test page of a CI service: a suite for each risk that was
//! asked, a failed case for each open finding, a skipped one for each accepted, an error for what was not assessed.

use model::{Finding, Severity, Status, Trouble};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes a scan. `risks` are the slugs that were asked: those without findings are a passed case.
pub fn scan(out: &mut dyn Write, findings: &[Finding], not_assessed: &[Trouble], risks: &[&str]) -> io::Result<()> {
    let mut suites: BTreeMap<&str, Vec<&Finding>> = risks.iter().map(|risk| (*risk, Vec::new())).collect();
    for finding in findings {
        suites.entry(finding.risk).or_default().push(finding);
    }
    let open = findings.iter().filter(|finding| finding.status == Status::Found).count();
    let cases: usize = suites.values().map(|suite| suite.len().max(1)).sum::<usize>() + not_assessed.len();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let errors = not_assessed.len();
    let _ = writeln!(text, "<testsuites name=\"sekisho\" tests=\"{cases}\" failures=\"{open}\" errors=\"{errors}\">");
    for (risk, findings) in &suites {
        suite(&mut text, risk, findings);
    }
    if !not_assessed.is_empty() {
        let _ = writeln!(text, "  <testsuite name=\"not assessed\" tests=\"{errors}\" failures=\"0\" errors=\"{errors}\" skipped=\"0\">");
        for trouble in not_assessed {
            let (name, place) = (attribute(&trouble.says), attribute(&trouble.place.to_string()));
            let help = element(&trouble.help);
            let _ = writeln!(text, "    <testcase classname=\"not assessed\" name=\"{place} {name}\">");
            let _ = writeln!(text, "      <error message=\"{name}\">{place}: {help}</error>\n    </testcase>");
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    out.write_all(text.as_bytes())
}

fn suite(text: &mut String, risk: &str, findings: &[&Finding]) {
    let failures = findings.iter().filter(|finding| finding.status == Status::Found).count();
    let (tests, skipped, risk) = (findings.len().max(1), findings.len() - failures, attribute(risk));
    let _ = writeln!(text, "  <testsuite name=\"{risk}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">");
    if findings.is_empty() {
        let _ = writeln!(text, "    <testcase classname=\"{risk}\" name=\"{risk}\"/>");
    }
    for finding in findings {
        let (file, line, title) = (attribute(&finding.place.file), finding.place.line, attribute(&finding.title));
        let name = attribute(&format!("{} {}", finding.resource, finding.symbol));
        let _ = writeln!(text, "    <testcase classname=\"{risk}\" name=\"{}\" file=\"{file}\" line=\"{line}\">", name.trim());
        match finding.status {
            Status::Found => {
                let kind = severity(finding.severity);
                let _ = writeln!(text, "      <failure type=\"{kind}\" message=\"{title}\">{}</failure>", element(&body(finding)));
            }
            Status::Suppressed => text.push_str("      <skipped message=\"allowed\"/>\n"),
            Status::Known => text.push_str("      <skipped message=\"known to the baseline\"/>\n"),
        }
        text.push_str("    </testcase>\n");
    }
    text.push_str("  </testsuite>\n");
}

fn body(finding: &Finding) -> String {
    let mut body = format!("{}: {}", finding.place, finding.title);
    for (at, step) in finding.path.iter().enumerate() {
        let _ = write!(body, "\n{}. {} ({})", at + 1, step.says, step.place);
    }
    if let Some(condition) = &finding.condition {
        let _ = write!(body, "\nif {condition}");
    }
    if let Some(fix) = &finding.fix {
        let _ = write!(body, "\nfix: {}", fix.says);
    }
    body
}

fn severity(severity: Severity) -> &'static str {
    crate::style::severity_name(severity)
}

/// Character data: XML 1.0 section 2.2 has no place for most control characters, not even escaped.
fn element(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\t' | '\n' => safe.push(c),
            c if crate::escape::acts(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}

/// The value of an attribute between double quotes; one line.
fn attribute(text: &str) -> String {
    element(text).replace('"', "&quot;").replace(['\n', '\t'], " ")
}
