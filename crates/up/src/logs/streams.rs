//! CloudWatch-style log streams as text files: `<group>/<stream>.log`, each line `2026-11-22T13:44:13.123Z <message>`.
//!
//! Never writes outside its folder, whatever a log group or stream is called.

use model::Time;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

/// Streams kept open. More are closed and opened again when written to.
const OPEN: usize = 128;
/// Bytes of one log event (Amazon CloudWatch Logs User Guide, "CloudWatch Logs quotas": event size 256 KB).
const EVENT: usize = 256 * 1024;
/// Bytes of one stream's file. A function that prints without end must not fill the disk.
const STREAM: u64 = 64 * 1024 * 1024;

/// The files.
pub(super) struct Streams {
    folder: PathBuf,
    open: HashMap<PathBuf, (File, u64)>,
}

impl Streams {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, open: HashMap::new() }
    }

    /// Adds text to a stream. A file that cannot be written is left: logs must not stop the application.
    pub fn line(&mut self, group: &str, stream: &str, time: Time, text: &str) {
        let path = self.folder.join(relative(group)).join(relative(&format!("{stream}.log")));
        if self.open.len() >= OPEN && !self.open.contains_key(&path) {
            self.open.clear();
        }
        let Some((file, size)) = self.file(path) else { return };
        let stamp = stamp(time);
        let mut lines = String::new();
        for line in text.trim_end_matches(['\n', '\r']).split('\n') {
            let end = line.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= EVENT).last().unwrap_or(0);
            lines.push_str(&stamp);
            lines.push_str(line.get(..end).unwrap_or_default());
            lines.push('\n');
        }
        if *size < STREAM && file.write_all(lines.as_bytes()).is_ok() {
            *size += lines.len() as u64;
        }
    }

    fn file(&mut self, path: PathBuf) -> Option<&mut (File, u64)> {
        if !self.open.contains_key(&path) {
            fs::create_dir_all(path.parent()?).ok()?;
            let file = crate::folder::private(OpenOptions::new().append(true).create(true)).open(&path).ok()?;
            let size = file.metadata().map_or(0, |found| found.len());
            self.open.insert(path.clone(), (file, size));
        }
        self.open.get_mut(&path)
    }
}

/// `2026-11-22T13:44:13.123Z ` with milliseconds.
fn stamp(time: Time) -> String {
    let text = time.to_string();
    format!("{}.{:03}Z ", text.trim_end_matches('Z'), time.0.rem_euclid(1000))
}

/// A log group's or stream's name as a relative path: its own slashes make folders, anything unusual becomes `_`.
fn relative(name: &str) -> PathBuf {
    name.split('/')
        .filter(|part| !part.is_empty())
        .map(|part| match part {
            "." | ".." => "_".to_owned(),
            _ => part.chars().map(|c| if c.is_ascii_alphanumeric() || "._-#[]$".contains(c) { c } else { '_' }).take(200).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lines_cannot_be_forged_and_names_cannot_climb() {
        let folder = tempfile::tempdir().unwrap();
        let mut streams = Streams::new(folder.path().to_path_buf());
        streams.line("/aws/lambda/f", "2026/11/22/[$LATEST]ab", Time(1_795_355_053_007), "one\n2020-01-01T00:00:00.000Z two\n");
        let text = fs::read_to_string(folder.path().join("aws/lambda/f/2026/11/22/[$LATEST]ab.log")).unwrap();
        assert_eq!(text, "2026-11-22T13:44:13.007Z one\n2026-11-22T13:44:13.007Z 2020-01-01T00:00:00.000Z two\n");
        assert_eq!(relative("../../etc/\u{1b}[31m"), PathBuf::from("_/_/etc/_[31m"));
        streams.line("g", "s", Time(0), &"é".repeat(EVENT));
        let long = fs::read_to_string(folder.path().join("g/s.log")).unwrap();
        assert!(long.len() <= EVENT + 26 && long.ends_with("é\n"));
    }
}
