//! `sekisho db`: the local database of advisories. Fetches nothing.

use crate::exit::Exit;
use crate::{clock, output};
use advisories::{Collection, Database, Store};
use clap::{Args, Subcommand};
use model::Time;
use model::deps::{AdvisoryData, Ecosystem};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A record is a few kilobytes; this is room for the largest and none for a bomb.
const MAX_RECORD: u64 = 16 << 20;
/// Fewer records than this are a selection: that they are silent about a package says nothing.
const WHOLE: usize = 1000;
/// Days after which the data is called old.
const OLD: i64 = 30;

/// `db`.
#[derive(Args)]
pub struct Db {
    /// What to do.
    #[command(subcommand)]
    pub what: What,
}

/// What to do with the database.
#[derive(Subcommand)]
pub enum What {
    /// Write a database from a dump of OSV records: folders, zip archives or files, JSON or YAML. It takes the place of the last one.
    ///
    /// Dumps are those of osv.dev (ECOSYSTEM/all.zip), the GitHub Advisory Database and the PyPA Advisory Database. Fewer than
    /// 1,000 records count as a selection: packages that they say nothing of are not assessed.
    Import {
        /// Folders, archives, files.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Where to write it; the user's data folder by default.
        #[arg(long, value_name = "FILE")]
        db: Option<PathBuf>,
    },
    /// Say which data is used, from what day, and how much.
    Status {
        /// Another database than that of the user's data folder.
        #[arg(long, value_name = "FILE")]
        db: Option<PathBuf>,
    },
}

/// Runs it.
pub fn run(arguments: &Db) -> Exit {
    match &arguments.what {
        What::Import { paths, db } => import(paths, db.as_deref()),
        What::Status { db } => match store(db.as_deref()) {
            Ok(store) => status(&store),
            Err(exit) => exit,
        },
    }
}

/// The databases to look advisories up in: the named one, else that of the user's data folder where there is one.
///
/// # Errors
/// [`Exit::Usage`] for a file that is named and missing, or not a database, after that was said.
pub fn store(named: Option<&Path>) -> Result<Store, Exit> {
    let Some(path) = named.map(Path::to_path_buf).or_else(home) else { return Ok(Store::default()) };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => return Ok(Store::default()),
        Err(error) => {
            output::error(&format!("{} could not be read: {error}; name a database with --db, or import one", path.display()));
            return Err(Exit::Usage);
        }
    };
    match Database::read(&path.display().to_string(), text.into()) {
        Ok(database) => Ok(Store { imported: Some(Arc::new(database)) }),
        Err(error) => {
            output::error(&format!("{}: {error}; write it anew with `sekisho db import`", path.display()));
            Err(Exit::Usage)
        }
    }
}

/// The database in the user's data folder (XDG Base Directory Specification).
fn home() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = folder("XDG_DATA_HOME").or_else(|| Some(folder("HOME")?.join(".local/share")));
    Some(data?.join("sekisho/advisories.tsv"))
}

/// One line about the data that packages were held against, as old as it is at an instant.
pub fn told(data: &AdvisoryData, now: Time) -> String {
    let old = match advisories::age(&data.dated, now) {
        Some(days) if days > OLD => format!(", {days} days old: import newer ones with `sekisho db import`"),
        Some(days) => format!(", {days} days old"),
        None => String::new(),
    };
    let silent = match data.unknown {
        0 => String::new(),
        unknown => format!("; they are a selection and say nothing of {unknown}"),
    };
    format!(
        "{} packages were held against {} advisories ({}) up to {}{old}{silent}",
        data.packages, data.advisories, data.source, data.dated
    )
}

fn status(store: &Store) -> Exit {
    for ecosystem in Ecosystem::ALL {
        let line = match store.of(ecosystem) {
            Some(database) => {
                let age = advisories::age(&database.dated, clock::now()).map(|days| format!(", {days} days old")).unwrap_or_default();
                let extent = if database.is_whole { "" } else { ", a selection" };
                let (count, packages) = (database.count(ecosystem), database.packages(ecosystem));
                format!(
                    "{ecosystem}: {count} advisories about {packages} packages, up to {}{age}{extent} ({})",
                    database.dated, database.source
                )
            }
            None => format!("{ecosystem}: no data; packages of it are not assessed"),
        };
        output::line(&report::escape(&line));
    }
    Exit::Clean
}

fn import(paths: &[PathBuf], db: Option<&Path>) -> Exit {
    let Some(to) = db.map(Path::to_path_buf).or_else(home) else {
        output::error("there is no data folder: set HOME or XDG_DATA_HOME, or name a file with --db");
        return Exit::Usage;
    };
    let mut taken = Taken::default();
    for path in paths {
        if let Err(error) = taken.path(path) {
            output::error(&format!("{} could not be read: {error}; nothing was written", path.display()));
            return Exit::Usage;
        }
    }
    for (why, count) in &taken.records.skipped {
        output::says(&format!("{count} files gave nothing: {}", why.says()));
    }
    if let Some(first) = &taken.unreadable {
        output::says(&format!("{} files are neither JSON nor YAML, the first is {first}", taken.unreadable_files));
    }
    let (records, is_whole) = (taken.records.records, taken.records.records >= WHOLE);
    let Some(table) = taken.records.table(is_whole, "imported") else {
        output::error("no OSV record about npm or PyPI was found: name the folder or archive of a dump; nothing was written");
        return Exit::Nothing;
    };
    let made = to.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(Ok(()), fs::create_dir_all);
    if let Err(error) = made.and_then(|()| output::write_file(&to, &table)) {
        return output::unfinished(&format!("{} could not be written: {error}", to.display()));
    }
    output::says(&format!("{records} records written to {}{}", to.display(), if is_whole { "" } else { ", as a selection" }));
    match store(Some(&to)) {
        Ok(store) => status(&store),
        Err(exit) => exit,
    }
}

/// Records so far, and files that are none.
#[derive(Default)]
struct Taken {
    records: Collection,
    unreadable: Option<String>,
    unreadable_files: usize,
}

impl Taken {
    /// A folder with everything below it, an archive, or a file.
    fn path(&mut self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            let mut entries: Vec<PathBuf> =
                fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?.into_iter().map(|entry| entry.path()).collect();
            entries.sort();
            for entry in entries.iter().filter(|entry| !entry.is_symlink() && entry.file_name().is_none_or(|name| name != ".git")) {
                if entry.is_dir() || is_record(&entry.to_string_lossy()) {
                    self.path(entry)?;
                }
            }
            return Ok(());
        }
        if path.extension().is_some_and(|extension| extension == "zip") {
            return self.archive(path);
        }
        let mut text = String::new();
        let read = fs::File::open(path)?.take(MAX_RECORD).read_to_string(&mut text);
        self.text(&path.to_string_lossy(), read.map(|_| text).ok());
        Ok(())
    }

    fn archive(&mut self, path: &Path) -> io::Result<()> {
        let mut archive = zip::ZipArchive::new(io::BufReader::new(fs::File::open(path)?)).map_err(io::Error::other)?;
        for index in 0..archive.len() {
            let entry = archive.by_index(index).map_err(io::Error::other)?;
            let name = entry.name().map_err(io::Error::other)?.into_owned();
            if entry.is_file() && is_record(&name) {
                let mut text = String::new();
                let read = entry.take(MAX_RECORD).read_to_string(&mut text);
                self.text(&name, read.map(|_| text).ok());
            }
        }
        Ok(())
    }

    fn text(&mut self, name: &str, text: Option<String>) {
        let value = text.and_then(|text| match name.ends_with(".json") {
            true => serde_json::from_str(text.trim_start_matches('\u{feff}')).ok(),
            false => read::document(name, &text).0.into_iter().next().map(|document| document.json()),
        });
        match value {
            Some(value) => self.records.add(value),
            None => {
                self.unreadable_files += 1;
                self.unreadable.get_or_insert_with(|| name.to_owned());
            }
        }
    }
}

fn is_record(name: &str) -> bool {
    [".json", ".yaml", ".yml"].iter().any(|extension| name.ends_with(extension))
}
