//! The journal: one private file of what was asked and answered, for replaying through `gate::decide`.
//!
//! Never holds a credential: calls are written with the identity they proved. Never read by a detection. What is judged is in the
//! file some milliseconds later ([`crate::logs::GATHER`]): who kills the process with SIGKILL loses the judgements of that moment.

use crate::error::UpError;
use crate::folder;
use crate::logs::GATHER;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

/// The file `journal.jsonl`, written by a thread of its own so that no request waits for the disk.
pub(crate) struct Journal {
    lines: Mutex<Option<Sender<Line>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

enum Line {
    /// A judgement. It becomes text in the writer's thread, off the request's way.
    Judged(Box<gate::Entry>),
    Record(Vec<u8>),
    Flush(Sender<()>),
}

impl Journal {
    /// Opens the file for appending, mode 0600.
    ///
    /// # Errors
    /// [`UpError::Folder`] when it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, UpError> {
        let file = folder::private(OpenOptions::new().append(true).create(true))
            .open(path)
            .map_err(|e| UpError::Folder { path: path.to_path_buf(), why: e.to_string() })?;
        let (lines, inbox) = mpsc::channel();
        let writer = std::thread::spawn(move || write(file, &inbox));
        Ok(Self { lines: Mutex::new(Some(lines)), writer: Mutex::new(Some(writer)) })
    }

    /// Adds a judgement.
    pub fn judged(&self, entry: gate::Entry) {
        self.send(Line::Judged(Box::new(entry)));
    }

    /// Adds another record: a start, a change of the application.
    pub fn add(&self, record: &impl Serialize) {
        if let Ok(bytes) = serde_json::to_vec(record) {
            self.send(Line::Record(bytes));
        }
    }

    /// Returns when everything added before is in the file.
    pub fn flush(&self) {
        let (done, wait) = mpsc::channel();
        self.send(Line::Flush(done));
        // An error means that the writer is gone, with everything written.
        let _ = wait.recv();
    }

    /// Writes what is left and ends the thread.
    pub fn close(&self) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writer.join();
        }
    }

    fn send(&self, line: Line) {
        if let Some(lines) = &*self.lines.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = lines.send(line);
        }
    }
}

/// Writes what has come within a moment, together.
fn write(file: File, inbox: &mpsc::Receiver<Line>) {
    let mut file = BufWriter::new(file);
    while let Ok(first) = inbox.recv() {
        if !matches!(first, Line::Flush(_)) {
            std::thread::sleep(GATHER);
        }
        let mut next = Some(first);
        while let Some(line) = next {
            match line {
                Line::Judged(entry) => {
                    let _ = serde_json::to_writer(&mut file, &entry).map_err(drop).and_then(|()| file.write_all(b"\n").map_err(drop));
                }
                Line::Record(bytes) => drop(file.write_all(&bytes).and_then(|()| file.write_all(b"\n"))),
                Line::Flush(done) => {
                    let _ = file.flush();
                    let _ = done.send(());
                }
            }
            next = inbox.try_recv().ok();
        }
        let _ = file.flush();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn appends_over_restarts_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        for turn in 0..2 {
            let journal = Journal::open(&path).unwrap();
            journal.add(&serde_json::json!({ "turn": turn }));
            journal.flush();
            assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), turn + 1);
            journal.close();
            journal.add(&serde_json::json!("after the end"));
        }
        assert!(folder::is_private(&path).unwrap());
    }
}
