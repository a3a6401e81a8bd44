//! zlib streams with a bound: what says it is larger than it is, or smaller, is no object.

use flate2::{Decompress, FlushDecompress, Status};

/// Inflates a whole stream that must give exactly `size` bytes.
pub(crate) fn whole(state: &mut Decompress, stream: &[u8], size: usize) -> Option<Vec<u8>> {
    state.reset(true);
    // One byte more: a stream that goes on shows itself.
    let mut out = Vec::with_capacity(size + 1);
    loop {
        let (read, made) = (state.total_in(), out.len());
        let rest = stream.get(usize::try_from(read).ok()?..)?;
        match state.decompress_vec(rest, &mut out, FlushDecompress::Finish).ok()? {
            Status::StreamEnd => return (out.len() == size).then_some(out),
            _ if state.total_in() == read && out.len() == made => return None,
            _ if out.len() > size => return None,
            _ => {}
        }
    }
}

/// Inflates the first bytes of a stream, at most `most`.
pub(crate) fn head(state: &mut Decompress, stream: &[u8], most: usize) -> Option<Vec<u8>> {
    state.reset(true);
    let mut out = Vec::with_capacity(most);
    state.decompress_vec(stream, &mut out, FlushDecompress::Sync).ok()?;
    Some(out)
}
