//! `normalizePath` and `normalizePathWin`.

use std::borrow::Cow;

/// Removes empty segments, `.` and those `..` that have a segment before them. A `..` at the beginning stays in a relative
/// path and goes away in an absolute one. With `windows` a backslash counts as a slash. A trailing slash stays where
/// there was one, and none comes where there was none: `/a/..` becomes empty.
pub fn normalize(value: &[u8], windows: bool) -> Cow<'_, [u8]> {
    let is_slash = |byte: &u8| *byte == b'/' || windows && *byte == b'\\';
    let (Some(first), Some(last)) = (value.first(), value.last()) else { return Cow::Borrowed(value) };
    let (absolute, trailing) = (is_slash(first), is_slash(last));
    // Nothing to do without `//`, `\`, or a segment of dots.
    if !windows && is_plain(value, absolute) {
        return Cow::Borrowed(value);
    }
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in value.split(is_slash) {
        match segment {
            b"" | b"." => {}
            b".." => match segments.last() {
                Some(&last) if last != b".." => {
                    segments.pop();
                }
                _ if absolute => {}
                _ => segments.push(segment),
            },
            _ => segments.push(segment),
        }
    }
    let mut out = Vec::with_capacity(value.len());
    let slash_only = absolute && segments.is_empty() && trailing;
    for (at, segment) in segments.iter().enumerate() {
        if absolute || at > 0 {
            out.push(b'/');
        }
        out.extend_from_slice(segment);
    }
    if slash_only || trailing && !segments.is_empty() {
        out.push(b'/');
    }
    if out == value { Cow::Borrowed(value) } else { Cow::Owned(out) }
}

/// Whether no segment but the first of an absolute path and the last is empty, and none begins with a dot.
fn is_plain(value: &[u8], absolute: bool) -> bool {
    let mut at = usize::from(absolute);
    loop {
        if matches!(value.get(at), Some(b'/' | b'.')) {
            return false;
        }
        match memchr::memchr(b'/', &value[at..]) {
            Some(skip) => at += skip + 1,
            None => return true,
        }
        if at == value.len() {
            return true;
        }
    }
}
