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

/// Bytes that wait for [`Streams::write`] at most.
const WAITING: usize = 4 * 1024 * 1024;

/// The files, by group and stream.
pub(super) struct Streams {
    folder: PathBuf,
    open: HashMap<(String, String), Stream>,
    waiting: usize,
}

/// One file and what is to be added to it.
struct Stream {
    file: File,
    size: u64,
    lines: String,
}

impl Streams {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, open: HashMap::new(), waiting: 0 }
    }

    /// Adds text to a stream; it is in the file after [`Streams::write`]. A file that cannot be written is left: logs must not
    /// stop the application.
    pub fn line(&mut self, group: String, stream: String, time: Time, text: &str) {
        let key = (group, stream);
        if self.open.len() >= OPEN && !self.open.contains_key(&key) {
            self.write();
            self.open.clear();
        }
        let Some(Stream { size, lines, .. }) = self.stream(key) else { return };
        if *size >= STREAM {
            return;
        }
        let (stamp, before) = (stamp(time), lines.len());
        for line in text.trim_end_matches(['\n', '\r']).split('\n') {
            let end = if line.len() <= EVENT {
                line.len()
            } else {
                line.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= EVENT).last().unwrap_or(0)
            };
            lines.push_str(&stamp);
            lines.push_str(line.get(..end).unwrap_or_default());
            lines.push('\n');
        }
        let added = lines.len() - before;
        *size += added as u64;
        self.waiting += added;
        if self.waiting > WAITING {
            self.write();
        }
    }

    /// Writes what waits.
    pub fn write(&mut self) {
        for stream in self.open.values_mut().filter(|stream| !stream.lines.is_empty()) {
            let _ = stream.file.write_all(stream.lines.as_bytes());
            stream.lines.clear();
        }
        self.waiting = 0;
    }

    fn stream(&mut self, key: (String, String)) -> Option<&mut Stream> {
        if !self.open.contains_key(&key) {
            let path = self.folder.join(relative(&key.0)).join(relative(&format!("{}.log", key.1)));
            fs::create_dir_all(path.parent()?).ok()?;
            let file = crate::folder::private(OpenOptions::new().append(true).create(true)).open(&path).ok()?;
            let size = file.metadata().map_or(0, |found| found.len());
            self.open.insert(key.clone(), Stream { file, size, lines: String::new() });
        }
        self.open.get_mut(&key)
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
        let stream = "2026/11/22/[$LATEST]ab".to_owned();
        streams.line("/aws/lambda/f".into(), stream, Time(1_795_355_053_007), "one\n2020-01-01T00:00:00.000Z two\n");
        streams.write();
        let text = fs::read_to_string(folder.path().join("aws/lambda/f/2026/11/22/[$LATEST]ab.log")).unwrap();
        assert_eq!(text, "2026-11-22T13:44:13.007Z one\n2026-11-22T13:44:13.007Z 2020-01-01T00:00:00.000Z two\n");
        assert_eq!(relative("../../etc/\u{1b}[31m"), PathBuf::from("_/_/etc/_[31m"));
        streams.line("g".into(), "s".into(), Time(0), &"é".repeat(EVENT));
        streams.write();
        let long = fs::read_to_string(folder.path().join("g/s.log")).unwrap();
        assert!(long.len() <= EVENT + 26 && long.ends_with("é\n"));
    }
}
