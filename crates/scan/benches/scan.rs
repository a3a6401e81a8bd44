//! Scanning an application against only parsing its files, in the same run: `cargo bench -p sekisho-scan`.
//! `SEKISHO_BENCH_APP=FOLDER` measures another application than the sample.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::SourceType;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const ROUNDS: usize = 60;

fn main() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("apps/wild-rydes");
    let root = std::env::var_os("SEKISHO_BENCH_APP").map_or(sample, PathBuf::from);
    let app = read::application(&root, &read::Options::default());
    let files: Vec<(String, String)> = app.sources.values().map(|source| (source.path.to_string(), source.text.to_string())).collect();
    let (mut parsing, mut scanning) = (Vec::new(), Vec::new());
    // In turn, so that a machine whose speed drifts treats both alike.
    for _ in 0..ROUNDS {
        parsing.push(time(|| parse(&files)));
        scanning.push(time(|| {
            let app = read::application(&root, &read::Options::default());
            black_box(sekisho_scan::scan(&app));
        }));
    }
    let (parse, scan) = (median(parsing), median(scanning));
    println!("{} files, {} resources", files.len(), app.resources().count());
    println!("parse only  {parse:>10.2?}");
    println!("whole scan  {scan:>10.2?}   {:.1} x parsing", scan.as_secs_f64() / parse.as_secs_f64());
}

fn parse(files: &[(String, String)]) {
    for (path, text) in files {
        if path.ends_with(".js") || path.ends_with(".mjs") {
            let allocator = Allocator::default();
            black_box(Parser::new(&allocator, text, SourceType::from_path(path).unwrap_or_default()).parse());
        } else if [".yaml", ".yml", ".json"].iter().any(|ending| path.ends_with(ending)) {
            black_box(read::document(path, text));
        }
    }
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
