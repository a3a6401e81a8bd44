//! A small MySQL client: one log-in, one query, rows as text (MySQL Internals Manual, "Client/Server Protocol").
//! It speaks `mysql_native_password` over a connection that is already open, and nothing else.

use model::TargetError;
use sha1::{Digest, Sha1};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Capabilities: long password, protocol 4.1, transactions, secure connection, plugin authentication.
const CAPABILITIES: u32 = 0x0000_0001 | 0x0000_0200 | 0x0000_2000 | 0x0000_8000 | 0x0008_0000;
/// `utf8mb4_general_ci`.
const COLLATION: u8 = 45;
/// A packet larger than this is not read.
const MOST_BYTES: usize = 16 << 20;
/// Rows read at most.
const MOST_ROWS: usize = 100_000;
const PATIENCE: Duration = Duration::from_secs(10);

/// Logs in and runs one query.
///
/// # Errors
/// [`TargetError::Refused`] with the server's words when it refuses the log-in or the query,
/// [`TargetError::Failed`] when the conversation breaks.
pub fn query(stream: TcpStream, user: &str, password: &str, query: &str) -> Result<Vec<Vec<String>>, TargetError> {
    let wait = |stream: &TcpStream| stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
    wait(&stream).map_err(|error| TargetError::Failed(error.to_string()))?;
    let mut connection = Connection { stream, sequence: 0 };
    connection.log_in(user, password)?;
    connection.sequence = 0;
    connection.send(&[&[3], query.as_bytes()].concat())?;
    connection.rows()
}

/// What both ends say in packets of length, sequence number and payload.
struct Connection<S> {
    stream: S,
    sequence: u8,
}

fn broke(says: impl ToString) -> TargetError {
    TargetError::Failed(format!("the database's answer breaks off: {}", says.to_string()))
}

impl<S: Read + Write> Connection<S> {
    fn receive(&mut self) -> Result<Vec<u8>, TargetError> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head).map_err(broke)?;
        let length = u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize;
        if length > MOST_BYTES {
            return Err(broke("a packet is too large"));
        }
        self.sequence = head[3].wrapping_add(1);
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).map_err(broke)?;
        match payload.first() {
            Some(0xff) => Err(TargetError::Refused(refusal(&payload))),
            _ => Ok(payload),
        }
    }

    fn send(&mut self, payload: &[u8]) -> Result<(), TargetError> {
        let length = u32::try_from(payload.len()).map_err(broke)?.to_le_bytes();
        let head = [length[0], length[1], length[2], self.sequence];
        self.stream.write_all(&[&head, payload].concat()).map_err(broke)
    }

    fn log_in(&mut self, user: &str, password: &str) -> Result<(), TargetError> {
        let greeting = self.receive()?;
        let scramble = scramble(&greeting).ok_or_else(|| broke("the greeting is not of protocol version 10"))?;
        let proof = native_password(password, &scramble);
        let mut answer = CAPABILITIES.to_le_bytes().to_vec();
        answer.extend((MOST_BYTES as u32).to_le_bytes());
        answer.push(COLLATION);
        answer.extend([0; 23]);
        answer.extend(user.as_bytes());
        answer.extend([0, u8::try_from(proof.len()).unwrap_or(0)]);
        answer.extend(&proof);
        answer.extend(b"mysql_native_password\0");
        self.send(&answer)?;
        let reply = self.receive()?;
        // 0xfe asks for another method; with a new scramble of the same method it is answered.
        if reply.first() == Some(&0xfe) {
            let rest = reply.get(1..).unwrap_or_default();
            let new = rest
                .strip_prefix(b"mysql_native_password\0")
                .ok_or_else(|| TargetError::Failed("the server asks for another kind of password".into()))?;
            let new: Vec<u8> = new.iter().copied().filter(|byte| *byte != 0).collect();
            self.send(&native_password(password, &new))?;
            self.receive()?;
        }
        Ok(())
    }

    /// A text result set: column count, columns, end, rows, end.
    fn rows(&mut self) -> Result<Vec<Vec<String>>, TargetError> {
        let head = self.receive()?;
        let columns = match head.first() {
            Some(0) | None => return Ok(Vec::new()),
            Some(count) => *count,
        };
        for _ in 0..columns {
            self.receive()?;
        }
        self.receive()?;
        let mut rows = Vec::new();
        while rows.len() < MOST_ROWS {
            let packet = self.receive()?;
            if packet.first() == Some(&0xfe) && packet.len() < 9 {
                return Ok(rows);
            }
            rows.push(texts(&packet).ok_or_else(|| broke("a row is not whole"))?);
        }
        Ok(rows)
    }
}

/// Code, state and message of an error packet.
fn refusal(packet: &[u8]) -> String {
    let code = packet.get(1..3).map_or(0, |code| u16::from_le_bytes([code[0], code[1]]));
    let rest = packet.get(3..).unwrap_or_default();
    let message = if rest.first() == Some(&b'#') { rest.get(6..).unwrap_or_default() } else { rest };
    format!("ERROR {code}: {}", String::from_utf8_lossy(message))
}

/// The 20 random bytes of a greeting.
fn scramble(greeting: &[u8]) -> Option<Vec<u8>> {
    let (10, rest) = (*greeting.first()?, greeting.get(1..)?) else { return None };
    let version = rest.iter().position(|byte| *byte == 0)?;
    let rest = rest.get(version + 1..)?;
    // Thread id (4), first part (8), filler (1), capabilities, collation, status (9), reserved (10), second part (12).
    let first = rest.get(4..12)?;
    let second = rest.get(31..43)?;
    Some([first, second].concat())
}

/// `SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password)))`.
fn native_password(password: &str, scramble: &[u8]) -> Vec<u8> {
    if password.is_empty() {
        return Vec::new();
    }
    let once = Sha1::digest(password.as_bytes());
    let twice = Sha1::digest(once);
    let mask = Sha1::digest([scramble, &twice].concat());
    once.iter().zip(mask).map(|(left, right)| left ^ right).collect()
}

/// Length-encoded texts of a row; `NULL` for null.
fn texts(mut packet: &[u8]) -> Option<Vec<String>> {
    let mut row = Vec::new();
    while let Some((first, rest)) = packet.split_first() {
        let bytes = match first {
            0xfb => {
                row.push("NULL".to_owned());
                packet = rest;
                continue;
            }
            0xfc => 2,
            0xfd => 3,
            0xfe => 8,
            _ => 0,
        };
        let number = rest.get(..bytes)?.iter().rev().fold(0usize, |number, byte| number.wrapping_shl(8) | usize::from(*byte));
        let length = if bytes == 0 { usize::from(*first) } else { number };
        let end = bytes.checked_add(length)?;
        row.push(String::from_utf8_lossy(rest.get(bytes..end)?).into_owned());
        packet = rest.get(end..)?;
    }
    Some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MySQL documentation, "Native Authentication": the proof of an empty password is empty; of any other 20 bytes.
    #[test]
    fn proofs() {
        assert!(native_password("", b"12345678901234567890").is_empty());
        let proof = native_password("secret", b"12345678901234567890");
        let stored = Sha1::digest(Sha1::digest(b"secret"));
        // What a server does: XOR the mask away and hash once more.
        let mask = Sha1::digest([&b"12345678901234567890"[..], &stored].concat());
        let once: Vec<u8> = proof.iter().zip(mask).map(|(left, right)| left ^ right).collect();
        assert_eq!(Sha1::digest(once), stored);
    }

    #[test]
    fn rows_are_read_and_broken_ones_refused() {
        assert_eq!(texts(&[1, b'a', 0xfb, 0xfc, 2, 0, b'b', b'c', 0]).unwrap(), ["a", "NULL", "bc", ""]);
        assert_eq!(texts(&[5, b'a']), None);
        assert_eq!(texts(&[0xfe, 255, 255, 255, 255, 255, 255, 255, 255]), None);
    }

    #[test]
    fn refusals_are_quoted() {
        assert_eq!(refusal(b"\xff\x15\x04#28000Access denied"), "ERROR 1045: Access denied");
    }
}
