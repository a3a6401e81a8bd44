//! What a scan makes of a collection of templates, each scanned by itself as a user would name it: findings a resource.

use crate::figures::is_template;
use model::{Files as _, Profile};
use read::{Folder, Options};
use scan::Terms;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Scans every template below `folder`; gives findings a resource by profile, by risk, and what went wrong.
pub fn measure(folder: &Path) -> Result<String, String> {
    let files = Folder::new(folder);
    let paths = files.list("").map_err(|trouble| trouble.says)?;
    let (mut templates, mut resources, mut not_assessed, mut panics) = (0usize, 0usize, 0usize, Vec::new());
    let mut by_risk: BTreeMap<(Profile, &str), usize> = BTreeMap::new();
    for path in paths.iter().filter(|path| is_template(&files, path)) {
        templates += 1;
        let scanned = catch_unwind(AssertUnwindSafe(|| {
            let app = read::application(&folder.join(path), &Options::default());
            scan::scan_on(&app, risks::all(), &Terms { hygiene: true, ..Terms::default() })
        }));
        let Ok(scanned) = scanned else {
            panics.push(path.clone());
            continue;
        };
        resources += scanned.summary.resources;
        not_assessed += scanned.not_assessed.len();
        for finding in &scanned.findings {
            *by_risk.entry((finding.profile, finding.risk)).or_default() += 1;
        }
    }
    let mut lines = vec![format!(
        "{templates} templates, {resources} resources, {not_assessed} things not assessed (each named), {} panics",
        panics.len()
    )];
    for (profile, name) in [(Profile::Default, "default"), (Profile::Hygiene, "hygiene")] {
        let found: usize = by_risk.iter().filter(|((of, _), _)| *of == profile).map(|(_, number)| number).sum();
        lines.push(format!("{name}: {found} findings, {:.2} a resource", found as f64 / resources.max(1) as f64));
        let mut sorted: Vec<_> = by_risk.iter().filter(|((of, _), _)| *of == profile).collect();
        sorted.sort_by_key(|((_, risk), number)| (usize::MAX - **number, *risk));
        lines.extend(sorted.into_iter().map(|((_, risk), number)| format!("{number:6}  {risk}")));
    }
    lines.extend(panics.into_iter().map(|path| format!("panic: {path}")));
    Ok(lines.join("\n"))
}
