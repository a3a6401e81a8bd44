//! What AWS itself would have written, and nothing of ours: CloudTrail deliveries and CloudWatch-style streams.
//!
//! One thread owns the files. Never written here: verdicts, reasons, secrets.

pub(crate) mod access;
mod streams;
mod trail;

pub(crate) use trail::{ApiRecord, Issue, Trail, uuid};

use model::{Event, LogKind, Time};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use streams::Streams;
use trail::Deliveries;

/// How often CloudTrail files are delivered while there is something to deliver. AWS delivers about every five minutes; a
/// person who looks at the folder right after a request should not wait that long.
const DELIVERY: Duration = Duration::from_secs(5);

/// The writer of all logs below one folder.
pub(crate) struct Logs {
    folder: PathBuf,
    inbox: Mutex<Option<Sender<Entry>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

enum Entry {
    /// A line of a stream: group, stream, time, text.
    Line(String, String, Time, String),
    /// A CloudTrail record.
    Record(Time, Value),
    Flush(Sender<()>),
}

impl Logs {
    /// Starts writing below this folder, for this account and region.
    pub fn start(folder: PathBuf, account: &str, region: &str) -> Self {
        let (inbox, entries) = mpsc::channel();
        let (mut streams, mut deliveries) = (Streams::new(folder.clone()), Deliveries::new(&folder, account, region));
        let writer = std::thread::spawn(move || {
            let mut due: Option<Instant> = None;
            loop {
                let entry = match due {
                    None => entries.recv().map_err(|_| RecvTimeoutError::Disconnected),
                    Some(at) => entries.recv_timeout(at.saturating_duration_since(Instant::now())),
                };
                match entry {
                    Ok(Entry::Line(group, stream, time, text)) => streams.line(&group, &stream, time, &text),
                    Ok(Entry::Record(time, record)) => {
                        deliveries.add(time, record);
                        due.get_or_insert_with(|| Instant::now() + DELIVERY);
                    }
                    Ok(Entry::Flush(done)) => {
                        deliveries.deliver();
                        due = None;
                        let _ = done.send(());
                    }
                    Err(RecvTimeoutError::Timeout) => {
                        deliveries.deliver();
                        due = None;
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            deliveries.deliver();
        });
        Self { folder, inbox: Mutex::new(Some(inbox)), writer: Mutex::new(Some(writer)) }
    }

    /// The folder of all logs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds text to a stream of a log group; several lines become several log events.
    pub fn line(&self, group: impl Into<String>, stream: impl Into<String>, time: Time, text: impl Into<String>) {
        self.send(Entry::Line(group.into(), stream.into(), time, text.into()));
    }

    /// Adds a CloudTrail record.
    pub fn record(&self, time: Time, record: Value) {
        self.send(Entry::Record(time, record));
    }

    /// Writes an event to the log it belongs to. Its place names the log group, and after a `:` the stream.
    pub fn event(&self, event: Event) {
        if event.log == LogKind::Cloudtrail {
            return self.record(event.time, event.record);
        }
        let text = match event.record {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let (group, stream) = event.place.file.rsplit_once(':').unwrap_or((&event.place.file, "stream"));
        self.line(group, stream, event.time, text);
    }

    /// Returns when everything added before is in its file.
    pub fn flush(&self) {
        let (done, wait) = mpsc::channel();
        self.send(Entry::Flush(done));
        // An error means that the writer is gone, with everything written.
        let _ = wait.recv();
    }

    /// Writes what is left and ends the thread.
    pub fn close(&self) {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writer.join();
        }
    }

    fn send(&self, entry: Entry) {
        if let Some(inbox) = &*self.inbox.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = inbox.send(entry);
        }
    }
}
