//! Pages with normal traffic are run: the vulnerable blocks are an application that `up` starts, the attack must bring the canary
//! back, and where the page has a fix the same attack must then be stopped while the traffic still passes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use model::Proof;
use risks::{Page, Proved};
use std::fs;

#[test]
fn pages_with_traffic_fall_to_their_attacks() {
    for risk in risks::all() {
        let page = Page::read(risk.page).unwrap();
        if page.role("traffic").next().is_none() {
            continue;
        }
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("page");
        for block in page.role("vulnerable").chain(page.role("traffic")) {
            let path = root.join(block.file.unwrap());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, block.text).unwrap();
        }
        let options = sekisho_prove::Options { root, read: read::Options::default(), offline: false, risks: vec![risk.slug.into()] };
        let proved = sekisho_prove::prove(&options, &|says| println!("{}: {says}", risk.slug));
        let rows = &proved.ledger.ledger;
        assert_eq!(rows.len(), 1, "{}: {rows:?}", risk.slug);
        for row in rows {
            assert_eq!(row.exploited, Proof::Yes, "{}: {:?}", risk.slug, row.evidence);
            if risk.without(Proved::Blocked).is_none() {
                assert_eq!(row.blocked, Proof::Yes, "{}: {:?}", risk.slug, row.evidence);
            }
        }
    }
}
