//! What a function prints, cut into log lines. Memory is bounded whatever it prints; that something was not kept
//! is told.

use std::io;
use tokio::net::unix::pipe::Receiver;

/// The largest event of CloudWatch Logs is 256 KB ("CloudWatch Logs quotas"); longer lines are cut.
const LONGEST: usize = 256 * 1024;
/// Bytes kept of one request. AWS keeps all; a disk does not.
const MOST: usize = 1024 * 1024;

/// Bytes read at once: what a pipe holds.
const BUFFER: usize = 64 * 1024;

/// One of the two streams.
#[derive(Debug)]
pub(super) struct Output {
    pipe: Receiver,
    buffer: Vec<u8>,
    line: Vec<u8>,
    kept: usize,
    over: bool,
    told: bool,
    open: bool,
}

impl Output {
    pub(super) fn new(pipe: std::os::fd::OwnedFd) -> io::Result<Self> {
        Ok(Self {
            pipe: Receiver::from_owned_fd(pipe)?,
            buffer: vec![0; BUFFER],
            line: Vec::new(),
            kept: 0,
            over: false,
            told: false,
            open: true,
        })
    }

    /// Waits until there is something to read; never returns once the stream has ended.
    pub(super) async fn readable(&self) {
        if !self.open || self.pipe.readable().await.is_err() {
            std::future::pending().await
        }
    }

    /// Reads what is there, at most `rounds` times a buffer, and gives each whole line to `keep`. Says whether there
    /// may be more.
    pub(super) fn read(&mut self, rounds: usize, mut keep: impl FnMut(&str)) -> bool {
        let mut buffer = std::mem::take(&mut self.buffer);
        let more = (0..rounds).all(|_| match self.pipe.try_read(&mut buffer) {
            Ok(0) => {
                self.open = false;
                false
            }
            Ok(length) => {
                self.take(buffer.get(..length).unwrap_or_default(), &mut keep);
                true
            }
            Err(error) => {
                self.open = self.open && error.kind() == io::ErrorKind::WouldBlock;
                false
            }
        });
        self.buffer = buffer;
        more && self.open
    }

    fn take(&mut self, mut bytes: &[u8], keep: &mut impl FnMut(&str)) {
        while let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
            self.add(bytes.get(..at).unwrap_or_default());
            self.end(keep);
            bytes = bytes.get(at + 1..).unwrap_or_default();
        }
        self.add(bytes);
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = LONGEST.saturating_sub(self.line.len()).min(MOST.saturating_sub(self.kept));
        let kept = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.line.extend_from_slice(kept);
        self.kept += kept.len();
        self.over |= kept.len() < bytes.len();
    }

    fn end(&mut self, keep: &mut impl FnMut(&str)) {
        if !self.line.is_empty() {
            keep(String::from_utf8_lossy(&self.line).trim_end_matches('\r'));
            self.line.clear();
        }
    }

    /// Whether something was not kept that nobody was told of yet.
    pub(super) fn overflowed(&mut self) -> bool {
        let news = self.over && !self.told;
        self.told = self.over;
        news
    }

    /// Ends a line that the function left open; the next request starts to count anew.
    pub(super) fn settle(&mut self, mut keep: impl FnMut(&str)) {
        self.end(&mut keep);
        (self.kept, self.over, self.told) = (0, false, false);
    }
}
