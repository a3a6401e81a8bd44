//! A scan in the form that was asked for.

use super::arguments::{Catalogue, Form, Scan};
use crate::output;
use edit::Changed;
use model::{App, Edit, Fix, Span};
use report::sarif::{self, Card, Sarif};
use report::{Style, html, json, junit, markdown, ocsf, terminal};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

/// Writes the scan.
pub fn write(out: &mut dyn Write, arguments: &Scan, app: &App, scanned: &scan::Scan, style: Style, root: &Path) -> io::Result<()> {
    let (findings, not_assessed) = (&*scanned.findings, &*scanned.not_assessed);
    if let Some(catalogue) = arguments.by {
        return terminal::by(out, findings, &items(catalogue), &style);
    }
    match arguments.format {
        Form::Terminal => terminal::scan(out, findings, not_assessed, scanned.summary.unasked, &app.sources, &output::linked(style, root)),
        Form::Json => json::scan(out, findings, not_assessed, &scanned.summary),
        Form::Sarif => {
            let edits = |fix: &Fix| {
                edit::apply(&super::text_of(app), &[fix]).map(|changed| changed.iter().map(as_text).collect()).unwrap_or_default()
            };
            let (cards, version) = (cards(), env!("CARGO_PKG_VERSION"));
            sarif::scan(
                out,
                &Sarif { findings, not_assessed, outside: &scanned.outside, cards: &cards, sources: &app.sources, edits: &edits, version },
            )
        }
        Form::Junit => junit::scan(out, findings, not_assessed, &risks::all().iter().map(|risk| risk.slug).collect::<Vec<_>>()),
        Form::Markdown => markdown::scan(out, findings, not_assessed),
        Form::Ocsf => ocsf::scan(out, findings, crate::clock::now(), env!("CARGO_PKG_VERSION")),
        Form::Html => {
            let name = root.canonicalize().ok().and_then(|root| Some(root.file_name()?.to_string_lossy().into_owned()));
            let name = name.unwrap_or_else(|| root.display().to_string());
            html::scan(out, &html::Page { app, findings, not_assessed, cards: &cards(), name: &name })
        }
    }
}

/// The ids of a catalogue that risks map to, with those risks.
fn items(catalogue: Catalogue) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut items: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for risk in risks::all() {
        let page = risks::Page::read(risk.page);
        for id in page.iter().flat_map(|page| &page.maps).filter(|id| id.starts_with(catalogue.prefix())) {
            items.entry(id).or_default().insert(risk.slug);
            // The Lens is read by its areas and layers.
            for heading in risks::lens::headings(id) {
                items.entry(heading).or_default().insert(risk.slug);
            }
        }
    }
    // Layers have their headings; the ids behind them say no more.
    items.retain(|id, _| !id.starts_with("WA-LAYER-"));
    items
}

/// The pages of all risks.
fn cards() -> Vec<Card> {
    let card = |risk: &risks::Risk| {
        let page = risks::Page::read(risk.page).ok()?;
        Some(Card { id: risk.slug.into(), title: page.title.into(), help: page.text.into(), url: None })
    };
    risks::all().iter().filter_map(card).collect()
}

/// A changed file as one replacement, for SARIF: everything between what stayed at the beginning and at the end.
fn as_text(changed: &Changed) -> Edit {
    let before = changed.before.as_deref().unwrap_or_default();
    let after = &changed.after;
    let start = before
        .char_indices()
        .zip(after.chars())
        .find(|((_, old), new)| old != new)
        .map_or(before.len().min(after.len()), |((at, _), _)| at);
    let (old, new) = (before.get(start..).unwrap_or_default(), after.get(start..).unwrap_or_default());
    let kept: usize = old.chars().rev().zip(new.chars().rev()).take_while(|(old, new)| old == new).map(|(old, _)| old.len_utf8()).sum();
    let with = new.get(..new.len() - kept).unwrap_or_default().to_owned();
    Edit::Text { file: changed.file.clone().into(), span: Span { start: start as u32, end: (before.len() - kept) as u32 }, with }
}
