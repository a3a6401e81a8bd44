//! Header names as the client wrote them. The HTTP library folds them to lower case; API Gateway hands them to functions
//! unchanged over HTTP/1.1, and code reads them by their written case.
//!
//! Never the source of a header's value: only names are taken from here, and only where they agree with what was parsed.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of a request's head that are kept; hyper's own limit on a head is larger.
const KEPT: usize = 64 * 1024;

/// The bytes that came since the last request was answered, up to the end of the head.
#[derive(Clone, Default)]
pub(super) struct Head(Arc<Mutex<Vec<u8>>>);

impl Head {
    /// The names of this request's headers in the order they came, or `None` when the bytes are not one whole head.
    pub fn names(&self) -> Option<Vec<String>> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = end(&bytes)?;
        let text = std::str::from_utf8(bytes.get(..end)?).ok()?;
        text.split("\r\n").skip(1).filter(|line| !line.is_empty()).map(|line| Some(line.split_once(':')?.0.to_owned())).collect()
    }

    /// Forgets the request that was answered.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn add(&self, came: &[u8]) {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if end(&bytes).is_none() && bytes.len() < KEPT {
            let room = KEPT - bytes.len();
            bytes.extend_from_slice(&came[..came.len().min(room)]);
        }
    }
}

fn end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n")
}

/// A stream that keeps the head of each request on its way to the HTTP library.
pub(super) struct Watched<S> {
    pub stream: S,
    pub head: Head,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if polled.is_ready() {
            self.head.add(&buf.filled()[before..]);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn names_in_order_and_only_of_a_whole_head() {
        let head = Head::default();
        head.add(b"GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: k");
        assert_eq!(head.names(), None);
        head.add(b"\r\nauthorization:x\r\n\r\nbody: not a header\r\n\r\n");
        assert_eq!(head.names().unwrap_or_default(), ["Host", "X-API-Key", "authorization"]);
        head.clear();
        assert_eq!(head.names(), None);
    }
}
