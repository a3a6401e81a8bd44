//! A DNS responder's answers (RFC 1035): one question, an A record for a known name, an empty answer for every other
//! type, NXDOMAIN for an unknown name. Bytes in, bytes out.

use std::net::Ipv4Addr;

const HEADER: usize = 12;
const A: u16 = 1;
const IN: u16 = 1;
/// Seconds an answer may be kept; as short as RDS's.
const TTL: u32 = 5;

/// Answers a query; `resolve` gives the address of a name (lower case, without the last dot). `None` for what is no
/// query: nothing is answered then.
pub(super) fn answer(query: &[u8], resolve: impl FnOnce(&str) -> Option<Ipv4Addr>) -> Option<Vec<u8>> {
    let header = query.get(..HEADER)?;
    let word = |at: usize| Some(u16::from_be_bytes([*query.get(at)?, *query.get(at + 1)?]));
    let response = header.first().zip(header.get(2)).is_none_or(|(_, flags)| flags & 0x80 != 0);
    if response || word(4)? != 1 {
        return None;
    }
    let (name, after) = name(query)?;
    let (kind, class) = (word(after)?, word(after + 2)?);
    let question = query.get(HEADER..after + 4)?;
    let operation = query.get(2)? & 0x78;
    let address = if operation == 0 && class == IN { resolve(&name) } else { None };
    // Answer, recursion available, and as asked: operation and "recursion desired".
    let flags = [0x80 | operation | 0x04 | (query.get(2)? & 0x01), 0x80 | if operation != 0 { 4 } else { u8::from(address.is_none()) * 3 }];
    let answer = address.filter(|_| kind == A);
    let mut out = Vec::with_capacity(question.len() + HEADER + 16);
    out.extend_from_slice(header.get(..2)?);
    out.extend_from_slice(&flags);
    out.extend_from_slice(&[0, 1, 0, u8::from(answer.is_some()), 0, 0, 0, 0]);
    out.extend_from_slice(question);
    if let Some(address) = answer {
        // A pointer to the question's name, then type, class, TTL, length, address.
        out.extend_from_slice(&[0xC0, 0x0C, 0, 1, 0, 1]);
        out.extend_from_slice(&TTL.to_be_bytes());
        out.extend_from_slice(&[0, 4]);
        out.extend_from_slice(&address.octets());
    }
    Some(out)
}

/// The question's name and the position after it. A pointer in a question is refused.
fn name(query: &[u8]) -> Option<(String, usize)> {
    let (mut at, mut name) = (HEADER, String::new());
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return Some((name.to_ascii_lowercase(), at));
        }
        if length > 63 || name.len() + length > 254 {
            return None;
        }
        let label = std::str::from_utf8(query.get(at..at + length)?).ok()?;
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(label);
        at += length;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut bytes = vec![0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            bytes.push(label.len() as u8);
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.push(0);
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&[0, 1]);
        bytes
    }

    fn known(name: &str) -> Option<Ipv4Addr> {
        (name == "sts.amazonaws.com").then_some(Ipv4Addr::new(127, 64, 0, 7))
    }

    #[test]
    fn answers() {
        let yes = answer(&query("STS.amazonaws.com", A), known).unwrap();
        assert_eq!(&yes[..8], &[0xAB, 0xCD, 0x85, 0x80, 0, 1, 0, 1]);
        assert_eq!(&yes[yes.len() - 4..], &[127, 64, 0, 7]);
        let aaaa = answer(&query("sts.amazonaws.com", 28), known).unwrap();
        assert_eq!((aaaa[3] & 0x0F, aaaa[7]), (0, 0), "no error and no record");
        let no = answer(&query("example.com", A), known).unwrap();
        assert_eq!((no[3] & 0x0F, no[7]), (3, 0), "NXDOMAIN");
    }

    #[test]
    fn what_is_no_query_is_not_answered() {
        let good = query("sts.amazonaws.com", A);
        for length in 0..good.len() {
            assert_eq!(answer(&good[..length], known), None, "{length} bytes");
        }
        let mut response = good.clone();
        response[2] |= 0x80;
        assert_eq!(answer(&response, known), None);
        let mut pointer = good;
        pointer[HEADER] = 0xC0;
        assert_eq!(answer(&pointer, known), None);
    }
}
