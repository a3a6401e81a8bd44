//! What `read` makes of a collection of templates, each read by itself as a user would name it: figures for a report.

use model::Files as _;
use read::{Folder, Options};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Reads every template below `folder`; gives templates, resources, troubles by class and what went wrong.
pub fn collect(folder: &Path) -> Result<String, String> {
    let files = Folder::new(folder);
    let paths = files.list("").map_err(|trouble| trouble.says)?;
    let (mut templates, mut resources, mut panics) = (0usize, 0usize, Vec::new());
    let (mut classes, mut unread): (BTreeMap<String, usize>, Vec<String>) = (BTreeMap::new(), Vec::new());
    let (mut functions, mut troubled) = (0usize, 0usize);
    for path in paths.iter().filter(|path| is_template(&files, path)) {
        templates += 1;
        let read = catch_unwind(AssertUnwindSafe(|| read::application(&folder.join(path), &Options::default())));
        let Ok(app) = read else {
            panics.push(path.clone());
            continue;
        };
        resources += app.resources().count();
        functions += app.aws().functions.len();
        troubled += usize::from(!app.troubles.is_empty());
        for trouble in &app.troubles {
            *classes.entry(class(&trouble.says)).or_default() += 1;
            if trouble.says.starts_with("not valid YAML") {
                unread.push(format!("{path}: {}", trouble.says));
            }
        }
    }
    let mut lines = vec![format!(
        "{templates} templates, {resources} resources, {functions} functions, {troubled} templates with troubles, {} panics",
        panics.len()
    )];
    let mut sorted: Vec<_> = classes.into_iter().collect();
    sorted.sort_by_key(|(class, count)| (usize::MAX - count, class.clone()));
    lines.extend(sorted.into_iter().map(|(class, count)| format!("{count:6}  {class}")));
    lines.extend(unread.into_iter().map(|says| format!("unread: {says}")));
    lines.extend(panics.into_iter().map(|path| format!("panic: {path}")));
    Ok(lines.join("\n"))
}

/// Whether a file looks like a template.
pub fn is_template(files: &Folder, path: &str) -> bool {
    if ![".yaml", ".yml", ".json", ".template"].iter().any(|ending| path.ends_with(ending)) {
        return false;
    }
    let text = files.read(path).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    text.contains("Resources") && text.contains("::") && (text.contains("AWSTemplateFormatVersion") || text.contains("Type"))
}

/// A trouble's words without names: what stands in quotes, between slashes or in capitals is `…`.
fn class(says: &str) -> String {
    let is_name =
        |word: &str| word.chars().any(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "/\"'._:".contains(c)) && word.len() > 1;
    let words: Vec<&str> = says.split(' ').map(|word| if is_name(word) && word != "SAM" { "…" } else { word }).collect();
    words.join(" ")
}
