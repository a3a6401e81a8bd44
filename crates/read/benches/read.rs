//! Reading an application against only parsing its templates: `cargo bench -p sekisho-read`. The folder is
//! `apps/wild-rydes`, or the one that `SEKISHO_BENCH` names.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::Files as _;
use sekisho_read::{Folder, Options, application, document};
use std::path::PathBuf;

fn main() {
    divan::main();
}

fn root() -> PathBuf {
    std::env::var_os("SEKISHO_BENCH").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../apps/wild-rydes"), PathBuf::from)
}

/// The templates' texts.
fn templates() -> Vec<String> {
    let files = Folder::new(&root());
    let paths = files.list("").unwrap_or_default();
    let texts = paths.iter().filter(|path| path.ends_with(".yaml") || path.ends_with(".yml")).filter_map(|path| files.read(path).ok());
    texts.filter_map(|bytes| String::from_utf8(bytes).ok()).collect()
}

#[divan::bench]
fn only_parsing(bencher: divan::Bencher) {
    let texts = templates();
    bencher.bench(|| texts.iter().map(|text| document("t", text).0.len()).sum::<usize>());
}

#[divan::bench]
fn the_whole_application(bencher: divan::Bencher) {
    let (root, options) = (root(), Options::default());
    bencher.bench(|| application(&root, &options).resources().count());
}
