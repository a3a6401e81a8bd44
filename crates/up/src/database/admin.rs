//! Statements as the owner of the database, over its private socket. Runs the `mariadb` client in its sandbox mode,
//! in which a script can neither start a program nor read a file; passwords go through a 0600 file, never argv.

use crate::error::UpError;
use crate::folder;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A way in for one account.
#[derive(Debug)]
pub struct Admin {
    defaults: PathBuf,
}

impl Admin {
    /// Writes the account's way in to this file.
    ///
    /// # Errors
    /// [`UpError::Folder`] when the file cannot be written.
    pub fn new(file: &Path, socket: &Path, user: &str, password: &str) -> Result<Self, UpError> {
        Self::through(file, &[("socket", &socket.display().to_string())], user, password)
    }

    /// The same over TLS, through a port of this machine.
    ///
    /// # Errors
    /// [`UpError::Folder`] when the file cannot be written.
    pub fn over_port(file: &Path, port: u16, user: &str, password: &str) -> Result<Self, UpError> {
        // Like a client that checks no certificate: the port is not the server's own.
        let way = [("host", "127.0.0.1"), ("protocol", "tcp"), ("ssl", "1"), ("ssl-verify-server-cert", "0"), ("port", &port.to_string())];
        Self::through(file, &way, user, password)
    }

    fn through(file: &Path, way: &[(&str, &str)], user: &str, password: &str) -> Result<Self, UpError> {
        // Option files know `\\` and `\"` inside double quotes.
        let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let way: String = way.iter().map(|(key, value)| format!("{key}={}\n", quoted(value))).collect();
        let text = format!("[client]\nuser={}\npassword={}\n{way}default-character-set=utf8mb4\n", quoted(user), quoted(password));
        folder::private_file(file, text.as_bytes()).map_err(|e| UpError::Folder { path: file.to_path_buf(), why: e.to_string() })?;
        Ok(Self { defaults: file.to_path_buf() })
    }

    /// Runs statements; the rows of all of them, as text, `NULL` for null.
    ///
    /// # Errors
    /// The server's words, or that the client is missing.
    pub fn execute(&self, sql: &str, database: Option<&str>) -> Result<Vec<Vec<String>>, String> {
        let mut command = Command::new("mariadb");
        command.arg(format!("--defaults-file={}", self.defaults.display()));
        command.args(["--sandbox", "--skip-reconnect", "--batch", "--skip-column-names", "--disable-local-infile"]);
        if let Some(database) = database {
            command.arg(format!("--database={database}"));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|e| format!("the client `mariadb` cannot be run: {e}; install it: apt-get install -y mariadb-client"))?;
        let mut input = child.stdin.take().ok_or("the client has no input")?;
        let script = sql.to_owned();
        // Written beside the reading: a long script and a long answer would else wait for each other.
        let writing = std::thread::spawn(move || input.write_all(script.as_bytes()));
        let output = child.wait_with_output().map_err(|e| e.to_string())?;
        let _ = writing.join();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().map(|line| line.split('\t').map(unescaped).collect()).collect())
    }
}

/// A value of `--batch` output: tab, newline, NUL and backslash come escaped.
fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, false) => out.push(c),
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('0') => out.push('\0'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
        }
    }
    out
}

/// Puts values in the places of `?` outside of quotes, as hexadecimal literals: no text can break out of those.
///
/// # Errors
/// More or fewer values than places.
pub fn bound(sql: &str, values: &[&str]) -> Result<String, String> {
    let mut out = String::with_capacity(sql.len());
    let mut values = values.iter();
    let mut quote: Option<char> = None;
    let mut chars = sql.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '?') => {
                let value = values.next().ok_or("a statement has more places than values")?;
                let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
                out.push_str(&format!("CONVERT(X'{hex}' USING utf8mb4)"));
                continue;
            }
            (None, '\'' | '"' | '`') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (Some(open), '\\') if open != '`' => {
                out.push(c);
                out.extend(chars.next());
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    if values.next().is_some() {
        return Err("a statement has fewer places than values".into());
    }
    Ok(out)
}

/// A text as an SQL string literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// A name as an SQL identifier.
pub fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_cannot_break_out() {
        assert_eq!(bound("a = ? AND b = '?'", &["x'"]).unwrap(), "a = CONVERT(X'7827' USING utf8mb4) AND b = '?'");
        assert_eq!(bound("'\\'?' ?", &[""]).unwrap(), "'\\'?' CONVERT(X'' USING utf8mb4)");
        assert!(bound("?", &[]).is_err() && bound("", &["x"]).is_err());
        assert_eq!((literal("a'b\\"), identifier("a`b")), ("'a''b\\\\'".into(), "`a``b`".into()));
    }

    #[test]
    fn batch_output_is_read() {
        assert_eq!(unescaped("a\\tb\\\\n\\n"), "a\tb\\n\n");
    }
}
