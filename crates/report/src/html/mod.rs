//! A scan as one page: the architecture drawn, the findings with their paths, what was not assessed. One file that
//! loads nothing, runs no script and can be sent to anyone; a finding that is opened lights up its way in the drawing.

mod drawing;
mod escape;
mod svg;

use crate::lines::count;
use crate::mask::{mask, mask_quoted};
use crate::sarif::Card;
use crate::style::severity_name;
use drawing::Drawing;
use escape::html;
use model::{App, Finding, Place, Severity, Status, Trouble};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Everything a page is made of.
pub struct Page<'a> {
    /// The application that was scanned.
    pub app: &'a App,
    /// The scan's findings, worst first.
    pub findings: &'a [Finding],
    /// What was not assessed.
    pub not_assessed: &'a [Trouble],
    /// Pages of the risks.
    pub cards: &'a [Card],
    /// Name of the application: its folder.
    pub name: &'a str,
}

/// Lines quoted before and after the one a finding stands at.
const AROUND: usize = 2;
/// Longer lines are cut.
const LONGEST: usize = 300;

/// Writes the page.
pub fn scan(out: &mut dyn Write, page: &Page<'_>) -> io::Result<()> {
    let open: Vec<&Finding> = page.findings.iter().filter(|finding| finding.status == Status::Found).collect();
    let drawing = Drawing::of(page.app);
    let touched: Vec<BTreeSet<usize>> = open.iter().map(|finding| drawing.touched(page.app, finding)).collect();
    let mut worst: BTreeMap<usize, Severity> = BTreeMap::new();
    for (finding, touched) in open.iter().zip(&touched) {
        for at in touched.iter().filter(|at| **at != 0) {
            let slot = worst.entry(*at).or_insert(finding.severity);
            *slot = (*slot).max(finding.severity);
        }
    }
    let worst = worst.into_iter().map(|(at, severity)| (at, severity_name(severity))).collect();
    let mut text = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    text.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    text.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    let name = html(page.name);
    let _ = writeln!(
        text,
        "<title>sekisho: {name}</title>\n<style>\n{}{}</style>\n</head>",
        include_str!("page.css"),
        lights(&drawing, &touched)
    );
    let _ = writeln!(text, "<body>\n<header><h1>{name}</h1>\n<p>{}</p></header>", sums(&open, page));
    if drawing.boxes.len() > 1 {
        let _ = writeln!(text, "<section class=\"drawing\">\n{}</section>", svg::svg(&drawing, &worst));
    }
    text.push_str("<main>\n");
    for (at, finding) in open.iter().enumerate() {
        card(&mut text, at, finding, page);
    }
    if open.is_empty() {
        text.push_str("<p class=\"good\">No open findings.</p>\n");
    }
    accepted(&mut text, page.findings);
    troubles(&mut text, page.not_assessed);
    text.push_str("</main>\n</body>\n</html>\n");
    out.write_all(text.as_bytes())
}

fn sums(open: &[&Finding], page: &Page<'_>) -> String {
    let mut parts = Vec::new();
    for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
        let (number, name) = (open.iter().filter(|finding| finding.severity == severity).count(), severity_name(severity));
        if number > 0 {
            parts.push(format!("<span class=\"tag {name}\">{number} {name}</span>"));
        }
    }
    let accepted = page.findings.len() - open.len();
    let mut line = format!("{} {}", count(open.len(), "finding"), parts.join(" "));
    for (number, what) in [(accepted, "accepted"), (page.not_assessed.len(), "not assessed")] {
        if number > 0 {
            let _ = write!(line, " · {number} {what}");
        }
    }
    let _ = write!(line, " · {}", count(page.app.resources().count(), "resource"));
    line
}

/// Style rules: a finding that the address names dims the drawing but for its own way.
fn lights(drawing: &Drawing, touched: &[BTreeSet<usize>]) -> String {
    let mut rules = String::new();
    for (finding, touched) in touched.iter().enumerate() {
        let mut lit: Vec<String> = touched.iter().map(|at| format!("#b{at}")).collect();
        for (at, arrow) in drawing.arrows.iter().enumerate() {
            if touched.contains(&arrow.from) && touched.contains(&arrow.to) {
                lit.push(format!("#a{at}"));
                lit.push(format!("#l{at}"));
            }
        }
        if !lit.is_empty() {
            let _ = writeln!(rules, "body:has(#f{finding}:target) :is({}){{opacity:1;stroke-width:2.5}}", lit.join(","));
        }
    }
    rules
}

fn card(text: &mut String, at: usize, finding: &Finding, page: &Page<'_>) {
    let severity = severity_name(finding.severity);
    let (title, risk, place) = (html(&finding.title), html(finding.risk), html(&finding.place.to_string()).into_owned());
    let _ = writeln!(
        text,
        "<article id=\"f{at}\" class=\"{severity}\">\n<h2><a href=\"#f{at}\"><span class=\"tag {severity}\">{severity}</span> {title}</a></h2>\n\
         <p class=\"where\"><code>{risk}</code> · {} · <code>{place}</code></p>",
        html(&finding.resource)
    );
    quote(text, finding, page);
    if !finding.path.is_empty() {
        text.push_str("<ol>\n");
        for step in &finding.path {
            let _ = writeln!(text, "<li>{} <code>{}</code></li>", html(&step.says), html(&step.place.to_string()));
        }
        text.push_str("</ol>\n");
    }
    if let Some(condition) = &finding.condition {
        let _ = writeln!(text, "<p>If {}.</p>", html(condition));
    }
    if let Some(fix) = &finding.fix {
        let with = if fix.safe { "--fix" } else { "--fix=unsafe" };
        let _ = writeln!(text, "<p class=\"fix\"><b>Fix:</b> {} <code>sekisho scan {with}</code></p>", html(&fix.says));
    }
    let _ = writeln!(text, "<p class=\"maps\">{}</p>", html(&finding.maps.join(" · ")));
    if let Some(card) = page.cards.iter().find(|card| card.id == finding.risk) {
        let _ = writeln!(text, "<details><summary>{}</summary>\n{}</details>", html(&card.title), prose(&card.help));
    }
    text.push_str("</article>\n");
}

/// The lines around a place, secrets masked.
fn quote(text: &mut String, finding: &Finding, page: &Page<'_>) {
    let Place { file, line, .. } = &finding.place;
    let Some(source) = page.app.sources.get(file) else { return };
    let line = *line as usize;
    let secret = finding.risk == "hard-coded-credential";
    text.push_str("<pre>");
    let start = line.saturating_sub(AROUND + 1);
    for (at, quoted) in source.text.lines().enumerate().skip(start).take(AROUND * 2 + 1) {
        let here = at + 1 == line;
        let safe = if secret && here { mask_quoted(quoted) } else { mask(quoted) };
        let cut: String = safe.replace('\t', "    ").chars().take(LONGEST).collect();
        let tag = if here { "b" } else { "span" };
        let _ = writeln!(text, "<{tag}><i>{:>4}</i> {}</{tag}>", at + 1, html(&cut));
    }
    text.push_str("</pre>\n");
}

/// The sections of a risk's page as paragraphs; its example stays in `sekisho explain`.
fn prose(markdown: &str) -> String {
    let before_example = markdown.split("\n## Example").next().unwrap_or_default();
    let mut text = String::new();
    for block in before_example.split("\n\n") {
        for part in block.trim().split_inclusive('\n').collect::<Vec<_>>().chunk_by(|a, b| a.starts_with('#') == b.starts_with('#')) {
            let joined = part.concat();
            match joined.trim().trim_start_matches('#') {
                _ if joined.starts_with("# ") || joined.trim().is_empty() || joined.starts_with("```") => {}
                heading if joined.starts_with("##") => drop(writeln!(text, "<h3>{}</h3>", html(heading.trim()))),
                words => drop(writeln!(text, "<p>{}</p>", html(&words.replace('\n', " ")))),
            }
        }
    }
    text
}

fn accepted(text: &mut String, findings: &[Finding]) {
    let accepted: Vec<&Finding> = findings.iter().filter(|finding| finding.status != Status::Found).collect();
    if accepted.is_empty() {
        return;
    }
    let _ = writeln!(text, "<details><summary>{} accepted</summary>\n<ul>", accepted.len());
    for finding in accepted {
        let why = if finding.status == Status::Known { "known to the baseline" } else { "allowed" };
        let (title, place) = (html(&finding.title), html(&finding.place.to_string()).into_owned());
        let _ = writeln!(text, "<li>{title} <code>{place}</code> ({why})</li>");
    }
    text.push_str("</ul></details>\n");
}

fn troubles(text: &mut String, troubles: &[Trouble]) {
    if troubles.is_empty() {
        return;
    }
    let _ = writeln!(text, "<details open><summary>{} not assessed</summary>\n<ul>", troubles.len());
    for trouble in troubles {
        let (place, says, help) = (html(&trouble.place.to_string()).into_owned(), html(&trouble.says), html(&trouble.help));
        let _ = writeln!(text, "<li><code>{place}</code> {says}; {help}</li>");
    }
    text.push_str("</ul></details>\n");
}
