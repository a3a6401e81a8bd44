//! The built-in advisories: facts of OSV records (ids, packages, ranges, severity, one line) in one table.

use std::error::Error;
use std::fs;
use std::path::Path;

/// What the table says of its source; the NOTICE says more.
const NOTE: &str = "GitHub Advisory Database and PyPA Advisory Database, CC-BY-4.0";

/// Reads the OSV records (JSON, YAML) of one folder and writes the table to `to`.
pub fn generate(folder: &Path, to: &Path) -> Result<String, Box<dyn Error>> {
    let mut files: Vec<_> = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?.into_iter().map(|entry| entry.path()).collect();
    files.sort();
    let mut collection = advisories::Collection::default();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let name = file.display().to_string();
        let documents = read::document(&name, &text).0;
        let record = documents.into_iter().next().ok_or_else(|| format!("{name}: neither JSON nor YAML"))?;
        collection.add(record.json());
    }
    if let Some((why, count)) = collection.skipped.iter().next() {
        return Err(format!("{count} files gave nothing: {}; take them out of the folder", why.says()).into());
    }
    let records = collection.records;
    let table = collection.table(false, NOTE).ok_or("the folder holds no records")?;
    fs::write(to, &table)?;
    Ok(format!("{records} records, {} lines, {} bytes written to {}", table.lines().count() - 1, table.len(), to.display()))
}
