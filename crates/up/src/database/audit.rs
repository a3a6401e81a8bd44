//! The audit log: from MariaDB's `server_audit` to the lines that Aurora MySQL sends to CloudWatch Logs (Amazon
//! Aurora User Guide, "Using Advanced Auditing with an Amazon Aurora MySQL DB cluster"). Both plug-ins share their
//! columns; they differ in the form of the time and in the name of the host.

use model::Time;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// When, to the second.
    pub time: Time,
    /// `timestamp,serverhost,username,host,connectionid,queryid,operation,database,object,retcode`.
    pub text: String,
}

/// Reads what was added to the plug-in's file since it was last read.
#[derive(Debug)]
pub struct Audit {
    file: PathBuf,
    serverhost: String,
    at: u64,
}

impl Audit {
    /// From the end of the file as it is now: what came before is our own preparation.
    pub fn from_now(file: PathBuf, serverhost: &str) -> Self {
        let at = std::fs::metadata(&file).map_or(0, |found| found.len());
        Self { file, serverhost: serverhost.to_owned(), at }
    }

    /// The lines added since; an unfinished one waits for the next time.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn drain(&mut self) -> std::io::Result<Vec<AuditLine>> {
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(self.at))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        bytes.truncate(whole);
        self.at += u64::try_from(whole).unwrap_or(0);
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.lines().filter_map(|line| converted(line, &self.serverhost)).collect())
    }
}

/// A line in Aurora's form; `None` for what came over the socket, which is only us, and for what is no line of the log.
fn converted(line: &str, serverhost: &str) -> Option<AuditLine> {
    let (stamp, rest) = line.split_once(',')?;
    let (_, rest) = rest.split_once(',')?;
    let mut columns = rest.split(',');
    if columns.next()? == super::server::ACCOUNT || columns.next()? == "localhost" {
        return None;
    }
    let seconds = seconds(stamp)?;
    Some(AuditLine { time: Time(seconds * 1000), text: format!("{}000000,{serverhost},{rest}", seconds) })
}

/// `20261122 14:49:16` in UTC, as seconds since the epoch (Howard Hinnant's `days_from_civil`).
fn seconds(stamp: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| stamp.get(range)?.trim_start().parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let (hour, minute, second) = (number(9..11)?, number(12..14)?, number(15..17)?);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write;

    const LINES: &str = "20261122 14:49:16,vm,sekisho,localhost,4,0,CONNECT,,,0\n\
                         20261122 14:49:16,vm,,localhost,3,0,FAILED_CONNECT,,,1158\n\
                         20261122 14:49:16,vm,admin,10.0.3.77,5,9,QUERY,wild_rydes,'select \\'a, b\\'',0\n\
                         20261122 14:49:18,vm,,10.0.3.77,6,0,FAILED_CONNECT,,,1045\n";

    #[test]
    fn lines_become_auroras() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"before\n").unwrap();
        let mut audit = Audit::from_now(file.path().to_path_buf(), "rides-1");
        file.write_all(LINES.as_bytes()).unwrap();
        file.write_all(b"20261122 14:49:19,vm,admin").unwrap();
        let lines = audit.drain().unwrap();
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "1795358956000000,rides-1,admin,10.0.3.77,5,9,QUERY,wild_rydes,'select \\'a, b\\'',0",
                "1795358958000000,rides-1,,10.0.3.77,6,0,FAILED_CONNECT,,,1045",
            ]
        );
        assert_eq!(lines[0].time.to_string(), "2026-11-22T14:49:16Z");
        file.write_all(b",10.0.3.77,7,0,DISCONNECT,,,0\n").unwrap();
        assert_eq!(audit.drain().unwrap().len(), 1, "the line that was not finished");
        assert!(audit.drain().unwrap().is_empty());
    }

    #[test]
    fn stamps() {
        assert_eq!(seconds("20000229 12:34:56"), Some(951_827_696));
        assert_eq!(seconds("19700101 00:00:00"), Some(0));
        assert_eq!(seconds("20261122  4:05:06"), Some(1_795_320_306));
        assert_eq!(seconds("nonsense"), None);
    }
}
