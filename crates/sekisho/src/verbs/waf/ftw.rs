//! `sekisho waf ftw`: runs go-ftw tests directly on the engine, over any rule set's folder.

use crate::cli::Format;
use crate::exit::Exit;
use crate::output;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::{fs, io};
use waf::seclang::ftw::{self, Report};
use waf::seclang::{EngineMode, Files, Program};

/// `waf ftw`.
#[derive(Args)]
pub struct Ftw {
    /// Folders with test files, or test files.
    #[arg(required = true, value_name = "TESTS")]
    pub tests: Vec<PathBuf>,
    /// Folder of the rule set: a release of the OWASP Core Rule Set, or Debian's /usr/share/modsecurity-crs.
    #[arg(long, value_name = "DIR")]
    pub crs: PathBuf,
    /// The rule set's setup file; beside the rules, above them, or Debian's by default.
    #[arg(long, value_name = "FILE")]
    pub setup: Option<PathBuf>,
    /// Paranoia level the rules run at.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub paranoia: u8,
    /// Let the rules decide, rather than only say what they would.
    #[arg(long)]
    pub enforce: bool,
}

/// Runs the tests; exit code 1 when one fails.
pub fn run(arguments: &Ftw, format: Format) -> Exit {
    let files = match rules(&arguments.crs, arguments.setup.as_deref()) {
        Ok(files) => files,
        Err(error) => return output::unfinished(&format!("{}: {error}", arguments.crs.display())),
    };
    let mode = if arguments.enforce { EngineMode::On } else { EngineMode::DetectionOnly };
    let program = match ftw::program(&files, arguments.paranoia, mode) {
        Ok(program) => program,
        Err(problems) => {
            problems.iter().for_each(|problem| output::error(&problem.to_string()));
            return Exit::Unfinished;
        }
    };
    let mut names = Vec::new();
    for path in &arguments.tests {
        if let Err(error) = test_files(path, &mut names) {
            return output::unfinished(&format!("{}: {error}", path.display()));
        }
    }
    names.sort();
    let mut reports = Vec::new();
    let mut unread = Vec::new();
    for name in &names {
        match cases(name) {
            Ok(cases) => reports.extend(cases.iter().map(|case| ftw::run(&program, case))),
            Err(says) => unread.push(format!("{}: {says}", name.display())),
        }
    }
    for (id, operator) in program.not_assessed() {
        output::error(&format!(
            "rule {id} never matches: @{operator} asks the outside, which is not asked here; test what it stops elsewhere"
        ));
    }
    show(&reports, &unread, &program, format);
    if reports.is_empty() && unread.is_empty() {
        output::error("no test was found");
        return Exit::Nothing;
    }
    match (unread.is_empty(), reports.iter().all(|report| report.failed.is_none())) {
        (false, _) => Exit::Unfinished,
        (true, true) => Exit::Clean,
        (true, false) => Exit::Found,
    }
}

fn show(reports: &[Report], unread: &[String], program: &Program, format: Format) {
    let rules = program.rule_count();
    let passed = reports.iter().filter(|report| report.failed.is_none()).count();
    match format {
        Format::Json => {
            let tests: Vec<_> = reports
                .iter()
                .map(|report| json!({"id": report.id, "passed": report.failed.is_none(), "why": report.failed, "matched": report.logged}))
                .collect();
            let result = json!({"version": 1, "rules": rules, "passed": passed, "failed": reports.len() - passed, "notRead": unread,
                "notAssessed": program.not_assessed().iter().map(|(id, operator)| json!({"rule": id, "operator": operator})).collect::<Vec<_>>(), "tests": tests});
            output::line(&result.to_string());
        }
        Format::Terminal => {
            for report in reports {
                if let Some(why) = &report.failed {
                    output::line(&format!("failed  {}  {why}", report.id));
                }
            }
            unread.iter().for_each(|says| output::line(&format!("not read  {says}")));
            let (failed, outside) = (reports.len() - passed, program.not_assessed().len());
            output::line(&format!(
                "{rules} rules ({outside} not assessed), {passed} passed, {failed} failed, {} files not read",
                unread.len()
            ));
        }
    }
}

fn cases(path: &Path) -> Result<Vec<ftw::Case>, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    let name = path.to_string_lossy();
    let (documents, troubles) = read::document(&name, &text);
    if let Some(trouble) = troubles.first() {
        return Err(format!("{}: {}", trouble.place, trouble.says));
    }
    let mut cases = Vec::new();
    for document in &documents {
        cases.extend(ftw::cases(&name, document)?);
    }
    Ok(cases)
}

fn test_files(path: &Path, names: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_file() {
        names.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            test_files(&entry.path(), names)?;
        } else if kind.is_file() && entry.path().extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            names.push(entry.path());
        }
    }
    Ok(())
}

/// A rule set's files: `*.conf`, `*.data` and the setup, of the folder and of its `rules`.
pub fn rules(folder: &Path, setup: Option<&Path>) -> io::Result<Files> {
    let mut files = Files::default();
    let mut found_setup = false;
    for folder in [folder.to_owned(), folder.join("rules")] {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
            let is_setup = name.starts_with("crs-setup.conf");
            let wanted = (is_setup && setup.is_none()) || (!is_setup && (name.ends_with(".conf") || name.ends_with(".data")));
            if wanted && path.is_file() {
                found_setup |= is_setup;
                files.insert(name, fs::read(&path)?);
            }
        }
    }
    if files.iter().next().is_none() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "no rule file is there"));
    }
    if !found_setup {
        let above = folder.parent().map(|above| above.join("crs-setup.conf"));
        let example = folder.parent().map(|above| above.join("crs-setup.conf.example"));
        let debian = Some(PathBuf::from("/etc/modsecurity/crs/crs-setup.conf"));
        let named = setup.map(Path::to_owned);
        let chosen = named.or_else(|| [above, example, debian].into_iter().flatten().find(|path| path.is_file()));
        let chosen = chosen.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "crs-setup.conf is missing: name it with --setup"))?;
        files.insert("crs-setup.conf", fs::read(chosen)?);
    }
    Ok(files)
}
