//! Many files to one stream in the order of time, with a window for the disorder inside each file. Holds
//! about a window of records in memory, or one JSON document; never a whole folder.

use super::Limits;
use super::input::{self, LogFile};
use super::source::Source;
use model::{Event, Place, Time, Trouble};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::path::PathBuf;

/// Records read at a time from a file.
const BATCH: usize = 4096;
/// Records looked at to learn when a file starts.
const PEEK: usize = 8;

/// Events of all files, in the order of time; at the same time in the order of file and line.
pub struct Logs {
    limits: Limits,
    paths: Vec<PathBuf>,
    started: bool,
    waiting: VecDeque<Waiting>,
    open: Vec<Open>,
    heap: BinaryHeap<Reverse<Key>>,
    held: BTreeMap<(usize, u64), Event>,
    troubles: Vec<Trouble>,
    last: Time,
    late: BTreeMap<std::sync::Arc<str>, (u64, Place)>,
    files: usize,
}

/// Order of events: time, then file, then position.
type Key = (Time, usize, u64);

/// A file that is not open, and when it starts.
struct Waiting {
    file: LogFile,
    order: usize,
    starts: Time,
}

struct Open {
    source: Source,
    order: usize,
    read: u64,
    /// The latest time seen in it.
    latest: Time,
}

impl Logs {
    pub(super) fn new(paths: &[PathBuf], limits: Limits) -> Self {
        Self {
            limits,
            paths: paths.to_vec(),
            started: false,
            waiting: VecDeque::new(),
            open: Vec::new(),
            heap: BinaryHeap::new(),
            held: BTreeMap::new(),
            troubles: Vec::new(),
            last: Time(i64::MIN),
            late: BTreeMap::new(),
            files: 0,
        }
    }

    /// What was not understood so far; complete after the last event.
    pub fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    /// The troubles by value, when all events were taken.
    pub fn into_troubles(self) -> Vec<Trouble> {
        self.troubles
    }

    /// Number of files found; 0 before the first event was asked for.
    pub fn files(&self) -> usize {
        self.files
    }

    fn start(&mut self) {
        self.started = true;
        let files = input::list(&self.paths, &mut self.troubles);
        self.files = files.len();
        let alone = files.len() == 1;
        let mut waiting: Vec<Waiting> = files
            .into_iter()
            .enumerate()
            .map(|(order, file)| {
                let starts = if alone { Time(i64::MIN) } else { self.starts(&file) };
                Waiting { file, order, starts }
            })
            .collect();
        waiting.sort_by_key(|w| (w.starts, w.order));
        self.waiting = waiting.into();
    }

    /// When a file starts, by its first records. One that runs backwards (`LookupEvents` gives the newest
    /// first) or has no record is opened first.
    fn starts(&self, file: &LogFile) -> Time {
        let mut dropped = Vec::new();
        let mut source = Source::open(file, self.limits, &mut dropped);
        let times: Vec<Time> = (0..PEEK).map_while(|_| source.next(&mut dropped)).map(|event| event.time).collect();
        match (times.first(), times.last(), times.iter().min()) {
            (Some(first), Some(last), Some(least)) if first <= last => Time(least.0.saturating_sub(self.limits.disorder)),
            _ => Time(i64::MIN),
        }
    }

    /// Reads on in whichever file could still hold the earliest event. False when all is read.
    fn advance(&mut self) -> bool {
        let next = self.open.iter().enumerate().min_by_key(|(_, open)| (open.latest, open.order)).map(|(at, open)| (at, open.latest));
        match (next, self.waiting.front()) {
            (Some((at, latest)), Some(waiting)) if self.bound(latest) < waiting.starts => self.read(at),
            (_, Some(_)) => {
                if let Some(Waiting { file, order, .. }) = self.waiting.pop_front() {
                    let source = Source::open(&file, self.limits, &mut self.troubles);
                    self.open.push(Open { source, order, read: 0, latest: Time(i64::MIN) });
                    self.read(self.open.len() - 1);
                }
            }
            (Some((at, _)), None) => self.read(at),
            (None, None) => return false,
        }
        true
    }

    fn read(&mut self, at: usize) {
        let Some(open) = self.open.get_mut(at) else { return };
        for _ in 0..BATCH {
            let Some(event) = open.source.next(&mut self.troubles) else {
                self.open.swap_remove(at);
                return;
            };
            open.read += 1;
            open.latest = open.latest.max(event.time);
            self.heap.push(Reverse((event.time, open.order, open.read)));
            self.held.insert((open.order, open.read), event);
        }
    }

    fn bound(&self, latest: Time) -> Time {
        Time(latest.0.saturating_sub(self.limits.disorder))
    }

    /// No event earlier than this is still to come, as far as files keep their order within the window.
    fn frontier(&self) -> Option<Time> {
        let open = self.open.iter().map(|open| self.bound(open.latest)).min();
        let waiting = self.waiting.front().map(|w| w.starts);
        open.into_iter().chain(waiting).min()
    }

    fn give(&mut self) -> Option<Event> {
        let Reverse((time, order, read)) = self.heap.pop()?;
        let event = self.held.remove(&(order, read))?;
        if time < self.last {
            let late = self.late.entry(event.place.file.clone()).or_insert_with(|| (0, event.place.clone()));
            late.0 += 1;
        }
        self.last = self.last.max(time);
        Some(event)
    }

    fn report_late(&mut self) {
        for (_, (count, place)) in std::mem::take(&mut self.late) {
            self.troubles.push(Trouble {
                says: format!("{count} records came more than {} minutes out of order", self.limits.disorder / 60_000),
                place,
                help: "rules over several events may have missed these; sort the file by time".into(),
            });
        }
    }
}

impl Iterator for Logs {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if !self.started {
            self.start();
        }
        loop {
            match (self.heap.peek(), self.frontier()) {
                (Some(Reverse((time, _, _))), Some(frontier)) if *time <= frontier => return self.give(),
                (Some(_), None) => return self.give(),
                _ => {}
            }
            if !self.advance() {
                self.report_late();
                return None;
            }
        }
    }
}
