//! A small client of the MySQL protocol, for an attacker who has a user, a password and a way to the port (MySQL Internals,
//! "Client/Server Protocol"; MariaDB Knowledge Base, "Connection"). Native password authentication, text queries.
//!
//! It speaks over a stream that somebody else opened, without TLS, and never sends a file that a server asks for.

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use std::fmt;
use std::io::{Read, Write};

const LONG_PASSWORD: u32 = 0x1;
const LONG_FLAG: u32 = 0x4;
const PROTOCOL_41: u32 = 0x200;
const TRANSACTIONS: u32 = 0x2000;
const SECURE_CONNECTION: u32 = 0x8000;
const PLUGIN_AUTH: u32 = 0x8_0000;

const NATIVE: &[u8] = b"mysql_native_password";
/// Bytes of answers that are read at most.
const MOST: usize = 64 << 20;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MysqlError {
    /// The server refused: its error number and words (`1045 Access denied for user ...`).
    Refused(u16, String),
    /// It is no such server, it ended, or it speaks what this client does not.
    Broken(String),
}

impl fmt::Display for MysqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code, says) => write!(f, "{code} {says}"),
            Self::Broken(says) => f.write_str(says),
        }
    }
}

impl std::error::Error for MysqlError {}

impl From<std::io::Error> for MysqlError {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// A session of a user who has logged in.
#[derive(Debug)]
pub struct Session<S> {
    stream: S,
    read: usize,
}

/// Logs in.
///
/// # Errors
/// [`MysqlError::Refused`] for a wrong password or a host that may not connect.
pub fn login<S: Read + Write>(stream: S, user: &str, password: &str) -> Result<Session<S>, MysqlError> {
    let mut session = Session { stream, read: 0 };
    let (sequence, greeting) = session.packet()?;
    let salt = salt(&greeting).ok_or_else(|| MysqlError::Broken("what answers is no MySQL server".into()))?;
    let capabilities = LONG_PASSWORD | LONG_FLAG | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | PLUGIN_AUTH;
    let mut answer = capabilities.to_le_bytes().to_vec();
    answer.extend(16_777_216_u32.to_le_bytes());
    // utf8mb4_general_ci, then 23 bytes of nothing.
    answer.push(45);
    answer.extend([0; 23]);
    answer.extend(user.as_bytes());
    answer.push(0);
    let proof = scramble(password, &salt);
    answer.push(u8::try_from(proof.len()).unwrap_or(0));
    answer.extend(proof);
    answer.extend(NATIVE);
    answer.push(0);
    session.send(sequence.wrapping_add(1), &answer)?;
    loop {
        let (sequence, reply) = session.packet()?;
        match reply.first() {
            Some(0x00) => return Ok(session),
            Some(0xfe) => {
                let rest = reply.get(1..).unwrap_or_default();
                let name = rest.split(|byte| *byte == 0).next().unwrap_or_default();
                if name != NATIVE {
                    return Err(MysqlError::Broken(format!("the server wants {}", String::from_utf8_lossy(name))));
                }
                let salt = rest.get(name.len() + 1..).unwrap_or_default();
                let salt = salt.strip_suffix(&[0]).unwrap_or(salt);
                session.send(sequence.wrapping_add(1), &scramble(password, salt))?;
            }
            _ => return Err(MysqlError::Broken("the server's answer to the log-in is not understood".into())),
        }
    }
}

impl<S: Read + Write> Session<S> {
    /// Runs one statement; its rows as text, `NULL` for null. A statement without rows gives none.
    ///
    /// # Errors
    /// The server's words, or that the answer is broken or too large.
    pub fn query(&mut self, text: &str) -> Result<Vec<Vec<String>>, MysqlError> {
        let mut command = vec![0x03];
        command.extend(text.as_bytes());
        self.send(0, &command)?;
        let (_, head) = self.packet()?;
        let mut at = 0;
        let columns = match head.first() {
            Some(0x00) => return Ok(Vec::new()),
            Some(0xfb) => return Err(MysqlError::Broken("the server asks for a file".into())),
            _ => length(&head, &mut at).ok_or_else(broken)?,
        };
        for _ in 0..columns {
            self.packet()?;
        }
        if !is_end(&self.packet()?.1) {
            return Err(broken());
        }
        let mut rows = Vec::new();
        loop {
            let (_, row) = self.packet()?;
            if is_end(&row) {
                return Ok(rows);
            }
            rows.push(fields(&row).ok_or_else(broken)?);
        }
    }

    /// The next packet and its sequence number; a server's error becomes ours.
    fn packet(&mut self) -> Result<(u8, Vec<u8>), MysqlError> {
        let mut whole = Vec::new();
        loop {
            let mut head = [0; 4];
            self.stream.read_exact(&mut head)?;
            let size = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
            self.read += size;
            if self.read > MOST {
                return Err(MysqlError::Broken("the server's answer is too long".into()));
            }
            let begun = whole.len();
            whole.resize(begun + size, 0);
            self.stream.read_exact(whole.get_mut(begun..).unwrap_or_default())?;
            if size < 0xff_ffff {
                if whole.first() == Some(&0xff) {
                    return Err(refusal(&whole));
                }
                return Ok((head[3], whole));
            }
        }
    }

    fn send(&mut self, sequence: u8, payload: &[u8]) -> Result<(), MysqlError> {
        let size = u32::try_from(payload.len()).ok().filter(|size| *size < 0xff_ffff);
        let size = size.ok_or_else(|| MysqlError::Broken("the statement is too long".into()))?.to_le_bytes();
        let mut packet = vec![size[0], size[1], size[2], sequence];
        packet.extend(payload);
        self.stream.write_all(&packet)?;
        Ok(self.stream.flush()?)
    }
}

fn broken() -> MysqlError {
    MysqlError::Broken("the server's answer is broken".into())
}

/// `0xff`, error number, `#` and five letters of SQL state, message.
fn refusal(packet: &[u8]) -> MysqlError {
    let code = match packet.get(1..3) {
        Some([low, high]) => u16::from_le_bytes([*low, *high]),
        _ => return broken(),
    };
    let rest = packet.get(3..).unwrap_or_default();
    let says = if rest.first() == Some(&b'#') { rest.get(6..).unwrap_or_default() } else { rest };
    MysqlError::Refused(code, String::from_utf8_lossy(says).into_owned())
}

fn is_end(packet: &[u8]) -> bool {
    packet.first() == Some(&0xfe) && packet.len() < 9
}

/// The twenty random bytes of a version 10 greeting, which come in two parts.
fn salt(greeting: &[u8]) -> Option<Vec<u8>> {
    let rest = greeting.strip_prefix(&[10])?;
    let after_version = rest.iter().position(|byte| *byte == 0)? + 1;
    let rest = rest.get(after_version..)?;
    // Thread id 4, salt 8, filler 1, flags 2, charset 1, status 2, flags 2, length 1, reserved 10, salt 12.
    let mut salt = rest.get(4..12)?.to_vec();
    salt.extend(rest.get(31..43)?);
    Some(salt)
}

/// `SHA1(password) XOR SHA1(salt + SHA1(SHA1(password)))`; nothing for an empty password.
fn scramble(password: &str, salt: &[u8]) -> Vec<u8> {
    if password.is_empty() {
        return Vec::new();
    }
    let once = sha1(&[password.as_bytes()]);
    let twice = sha1(&[&once]);
    once.iter().zip(sha1(&[salt, &twice])).map(|(a, b)| a ^ b).collect()
}

fn sha1(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().to_vec()
}

/// A length-encoded number.
fn length(packet: &[u8], at: &mut usize) -> Option<usize> {
    let first = *packet.get(*at)?;
    let bytes = match first {
        0xfc => 2,
        0xfd => 3,
        0xfe => 8,
        0xfb | 0xff => return None,
        small => {
            *at += 1;
            return Some(usize::from(small));
        }
    };
    let found = packet.get(*at + 1..*at + 1 + bytes)?;
    *at += 1 + bytes;
    found.iter().rev().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))
}

/// A row of the text protocol.
fn fields(row: &[u8]) -> Option<Vec<String>> {
    let (mut at, mut found) = (0, Vec::new());
    while at < row.len() {
        if row.get(at) == Some(&0xfb) {
            at += 1;
            found.push("NULL".to_owned());
            continue;
        }
        let size = length(row, &mut at)?;
        let text = row.get(at..at.checked_add(size)?)?;
        at += size;
        found.push(String::from_utf8_lossy(text).into_owned());
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Cursor;

    /// Answers with prepared bytes and keeps what it is sent.
    #[derive(Debug)]
    struct Server(Cursor<Vec<u8>>, Vec<u8>);

    impl Read for Server {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(into)
        }
    }

    impl Write for Server {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.1.write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The first bytes of MariaDB 10.11.
    const GREETING: &[u8] = b"d\x00\x00\x00\x0a5.5.5-10.11.19-MariaDB-0+deb12u1\x00\x06\x00\x00\x001|Bs;l1L\x00\xfe\xff-\x02\x00\xff\x81\x15\x00\x00\x00\x00\x00\x00\x1d\x00\x00\x00jP5S'dCaA_;H\x00mysql_native_password\x00";

    fn server(answers: &[&[u8]]) -> Server {
        Server(Cursor::new([&[GREETING], answers].concat().concat()), Vec::new())
    }

    const OK: &[u8] = b"\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00";

    #[test]
    fn the_salt_has_two_halves() {
        assert_eq!(salt(&GREETING[4..]).unwrap(), b"1|Bs;l1LjP5S'dCaA_;H");
        assert!(salt(b"\x0a5.5\x00short").is_none() && salt(b"HTTP/1.1 400").is_none());
    }

    #[test]
    fn a_log_in_never_sends_the_password() {
        let session = login(server(&[OK]), "admin", "secret").unwrap();
        let sent = &session.stream.1;
        assert!(sent.windows(6).any(|w| w == b"admin\0") && !sent.windows(6).any(|w| w == b"secret"));
    }

    #[test]
    fn rows_nulls_and_errors() {
        let rows = b"\x01\x00\x00\x01\x02\x01\x00\x00\x02x\x01\x00\x00\x03y\x05\x00\x00\x04\xfe\x00\x00\x02\x00\x04\x00\x00\x05\x02ab\xfb\x05\x00\x00\x06\xfe\x00\x00\x02\x00";
        let denied = b"\x10\x00\x00\x01\xff\x15\x04#28000Denied!";
        let mut session = login(server(&[OK, rows, denied]), "admin", "x").unwrap();
        assert_eq!(session.query("SELECT").unwrap(), [["ab", "NULL"]]);
        assert_eq!(session.query("SELECT").unwrap_err(), MysqlError::Refused(1045, "Denied!".into()));
        assert!(matches!(session.query("SELECT").unwrap_err(), MysqlError::Broken(_)), "the server ended");
    }

    #[test]
    fn what_is_not_understood_is_broken() {
        let asks_for_a_file = b"\x0c\x00\x00\x01\xfb/etc/passwd";
        let mut session = login(server(&[OK, asks_for_a_file]), "admin", "x").unwrap();
        assert_eq!(session.query("LOAD").unwrap_err(), MysqlError::Broken("the server asks for a file".into()));
        let other_plugin = b"\x0f\x00\x00\x02\xfeclient_ed25519\x00";
        assert!(matches!(login(server(&[other_plugin]), "admin", "x").unwrap_err(), MysqlError::Broken(_)));
        assert!(fields(b"\x05ab").is_none());
    }
}
