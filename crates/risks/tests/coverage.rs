//! No row without a risk that answers for it, or a verb that is named; no page that names what is no row; `docs/coverage.md` says so.

#![allow(clippy::unwrap_used)]

use sekisho_risks::rows::{coverage, rows};
use sekisho_risks::{Page, all, lens};
use std::collections::BTreeSet;

#[test]
fn every_row_is_carried() {
    let empty: Vec<&str> = rows().filter(|row| row.carrier.is_none() && row.risks().next().is_none()).map(|row| row.id).collect();
    assert_eq!(empty, Vec::<&str>::new(), "no risk's page names these rows, and no verb carries them");
}

#[test]
fn pages_name_rows_that_there_are() {
    let known: BTreeSet<&str> = rows().map(|row| row.id).collect();
    assert_eq!(known.len(), rows().count(), "a row stands twice in rows.tsv");
    for risk in all() {
        for row in Page::read(risk.page).unwrap().rows {
            assert!(known.contains(row), "{} names the row {row}, which is not in rows.tsv", risk.slug);
        }
    }
}

/// Every area and every layer of the Lens has a risk, and every layer that a page names is one.
#[test]
fn the_lens_is_covered() {
    let ids: BTreeSet<&str> = all().iter().flat_map(|risk| Page::read(risk.page).unwrap().maps).collect();
    for (heading, named) in lens::AREAS.iter().chain(&lens::LAYERS) {
        assert!(named.iter().any(|id| ids.contains(id)), "nothing answers for {heading}");
    }
    for id in ids.iter().filter(|id| id.starts_with("WA-LAYER-")) {
        assert!(lens::headings(id).next().is_some(), "{id} is no layer");
    }
}

/// `UPDATE=1` writes the page.
#[test]
fn the_page_is_up_to_date() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/coverage.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, coverage()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == coverage(), "docs/coverage.md is old: UPDATE=1 cargo test -p sekisho-risks --test coverage");
}
