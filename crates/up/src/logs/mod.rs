//! What AWS itself would have written, and nothing of ours: CloudTrail deliveries and CloudWatch-style streams.
//!
//! One thread owns the files. Never written here: verdicts, reasons, secrets. A line is in its file some milliseconds after it was
//! said: who kills the process with SIGKILL loses the lines of that moment, and the records that were not delivered.

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

/// How long the writers of logs and journal wait for more to write with the first line. To be woken for every line would cost
/// each request more than the gate does.
pub(crate) const GATHER: Duration = Duration::from_millis(5);

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
    /// One of these, still to be put into words: that need not be on the way of a request.
    Later(Box<dyn FnOnce() -> Entry + Send>),
    Flush(Sender<()>),
}

impl Logs {
    /// Starts writing below this folder, for this account and region.
    pub fn start(folder: PathBuf, account: &str, region: &str) -> Self {
        let (inbox, entries) = mpsc::channel();
        let (streams, deliveries) = (Streams::new(folder.clone()), Deliveries::new(&folder, account, region));
        let writer = std::thread::spawn(move || Writer { streams, deliveries, due: None }.write(&entries));
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

    /// Adds a CloudTrail record that the writer makes.
    pub fn record_later(&self, time: Time, record: impl FnOnce() -> Value + Send + 'static) {
        self.send(Entry::Later(Box::new(move || Entry::Record(time, record()))));
    }

    /// Adds a line of a stream that the writer makes.
    pub fn line_later(&self, group: String, stream: String, time: Time, line: impl FnOnce() -> String + Send + 'static) {
        self.send(Entry::Later(Box::new(move || Entry::Line(group, stream, time, line()))));
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

/// What the thread owns.
struct Writer {
    streams: Streams,
    deliveries: Deliveries,
    /// When records must be delivered.
    due: Option<Instant>,
}

impl Writer {
    fn write(mut self, entries: &mpsc::Receiver<Entry>) {
        loop {
            let entry = match self.due {
                None => entries.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => entries.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match entry {
                Ok(first) => {
                    if !matches!(first, Entry::Flush(_)) {
                        std::thread::sleep(GATHER);
                    }
                    self.take(first);
                    while let Ok(next) = entries.try_recv() {
                        self.take(next);
                    }
                    self.streams.write();
                }
                Err(RecvTimeoutError::Timeout) => self.deliver(),
                Err(RecvTimeoutError::Disconnected) => return self.deliver(),
            }
        }
    }

    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Line(group, stream, time, text) => self.streams.line(group, stream, time, &text),
            Entry::Record(time, record) => {
                self.deliveries.add(time, record);
                self.due.get_or_insert_with(|| Instant::now() + DELIVERY);
            }
            Entry::Later(make) => self.take(make()),
            Entry::Flush(done) => {
                self.streams.write();
                self.deliver();
                let _ = done.send(());
            }
        }
    }

    fn deliver(&mut self) {
        self.deliveries.deliver();
        self.due = None;
    }
}
