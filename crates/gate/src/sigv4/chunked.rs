//! Bodies in `aws-chunked` encoding: chunks with their sizes, each perhaps signed, and trailing headers (Amazon S3 API Reference,
//! "Signature calculations for the Authorization header: Transferring a payload in multiple chunks", and the page of the same
//! name "(including trailing headers)"). Reads; whether the signatures are good is asked of [`Chunked::signed`].

use super::{hex, hmac, refusal::Refusal, same, sha256};

/// A body, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chunked {
    /// The content of the chunks, one after the other.
    pub content: Vec<u8>,
    /// Trailing headers, names in lower case, without the signature.
    pub trailers: Vec<(String, String)>,
    /// Where each chunk stands in `content`, the empty last one included, and its signature.
    chunks: Vec<(std::ops::Range<usize>, Option<String>)>,
    trailer_signature: Option<String>,
}

/// Whether `x-amz-content-sha256` says that the body is in chunks.
pub fn is_chunked(said: &str) -> bool {
    said.starts_with("STREAMING-")
}

impl Chunked {
    /// Reads a body. `None`: it is not of this encoding, or not whole.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut out = Self::default();
        let mut rest = body;
        loop {
            let (line, after) = line(rest)?;
            let (size, extension) = line.split_once(';').unwrap_or((line, ""));
            let size = usize::from_str_radix(size, 16).ok()?;
            let signature = extension.strip_prefix("chunk-signature=").map(str::to_owned);
            let begin = out.content.len();
            out.content.extend_from_slice(after.get(..size)?);
            out.chunks.push((begin..begin + size, signature));
            rest = after.get(size..)?;
            if size == 0 {
                break;
            }
            rest = rest.strip_prefix(b"\r\n")?;
        }
        loop {
            let (line, after) = line(rest)?;
            rest = after;
            // An empty line ends it, after trailers or without.
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':')?;
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
            match name.as_str() {
                "x-amz-trailer-signature" => out.trailer_signature = Some(value),
                _ => out.trailers.push((name, value)),
            }
        }
        rest.is_empty().then_some(out)
    }

    /// Whether every chunk, and the trailer where there is one, is signed with this key, each signature being part of the next
    /// one's text; `seed` is the signature of the request's headers.
    pub(super) fn signed(&self, key: &[u8], (time, scope): (&str, &str), seed: &str) -> Result<(), Refusal> {
        let mut last = seed.to_owned();
        let mut check = |kind: &str, parts: &str, said: Option<&String>| {
            let own = hex(&hmac(key, format!("AWS4-HMAC-SHA256-{kind}\n{time}\n{scope}\n{last}\n{parts}").as_bytes()));
            let good = said.is_some_and(|said| same(said.as_bytes(), own.as_bytes()));
            last = own;
            if good { Ok(()) } else { Err(Refusal::Mismatch) }
        };
        for (range, signature) in &self.chunks {
            let content = self.content.get(range.clone()).unwrap_or_default();
            check("PAYLOAD", &format!("{}\n{}", hex(&sha256(b"")), hex(&sha256(content))), signature.as_ref())?;
        }
        if self.trailers.is_empty() {
            return Ok(());
        }
        let lines: String = self.trailers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        check("TRAILER", &hex(&sha256(lines.as_bytes())), self.trailer_signature.as_ref())
    }
}

/// The line at the beginning, and what comes after its end. Trailers' lines end in CR LF or, in AWS's own description, in LF.
fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line = bytes.get(..end)?;
    Some((std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line)).ok()?, bytes.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sigv4::signing_key;

    /// The example of "Transferring a payload in multiple chunks": 65 KiB of `a` in two chunks and an empty one.
    #[test]
    fn the_documents_example() {
        let signatures = [
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
        ];
        let mut body = Vec::new();
        for (size, signature) in [65_536, 1024, 0].iter().zip(signatures) {
            body.extend_from_slice(format!("{size:x};chunk-signature={signature}\r\n").as_bytes());
            body.extend(std::iter::repeat_n(b'a', *size));
            body.extend_from_slice(b"\r\n");
        }
        let read = Chunked::read(&body).unwrap();
        assert_eq!(read.content.len(), 66_560);
        let key = signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "us-east-1", "s3");
        let scope = ("20130524T000000Z", "20130524/us-east-1/s3/aws4_request");
        let seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
        assert_eq!(read.signed(&key, scope, seed), Ok(()));
        body[100] = b'b';
        assert_eq!(Chunked::read(&body).unwrap().signed(&key, scope, seed), Err(Refusal::Mismatch));
    }

    #[test]
    fn trailers_and_what_is_not_whole() {
        let body = b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n";
        let read = Chunked::read(body).unwrap();
        assert_eq!((read.content.as_slice(), read.trailers.len()), (&b"abc"[..], 1));
        assert!(read.signed(b"", ("", ""), "").is_err(), "nothing is signed");
        for length in 0..body.len() {
            assert_eq!(Chunked::read(&body[..length]), None, "{length}");
        }
        assert_eq!(Chunked::read(b"ffffffffffffffff\r\nabc\r\n0\r\n\r\n"), None);
    }
}
