//! Lines of the MySQL audit log of Aurora and RDS (Aurora User Guide, "Audit log details"; RDS User Guide,
//! "MariaDB Audit Plugin support"). Reads the plugin's quoting; never reads SQL.

use super::kind::{Read, Record};
use super::time;
use model::{LogKind, Time};
use serde_json::{Map, Value};

const FIELDS: [&str; 10] =
    ["timestamp", "serverhost", "username", "host", "connectionid", "queryid", "operation", "database", "object", "retcode"];

/// `timestamp,serverhost,username,host,connectionid,queryid,operation,database,object,retcode`, the object
/// in single quotes with `\'`, `\\`, `\n` inside. `None` when the line is no such line.
pub(super) fn line(line: &str) -> Option<Read> {
    let (stamp, _) = line.split_once(',')?;
    let time = instant(stamp)?;
    let cells = cells(line);
    let operation = cells.get(6)?;
    if cells.len() < FIELDS.len() || operation.is_empty() || !operation.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') {
        return None;
    }
    // Aurora adds columns after the retcode in some versions; they carry nothing here.
    let record: Map<String, Value> = FIELDS.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), Value::String(cell))).collect();
    Some(Read::Record(Record { log: LogKind::RdsAudit, time, id: None, record: Value::Object(record) }))
}

/// Microseconds since the epoch (Aurora) or `20261122 13:44:13` (RDS).
fn instant(text: &str) -> Option<Time> {
    match text.len() {
        16 if text.bytes().all(|b| b.is_ascii_digit()) => text.parse::<i64>().ok().map(|micros| Time(micros / 1000)),
        17 => time::compact(text),
        _ => None,
    }
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = Vec::with_capacity(FIELDS.len());
    let mut rest = line;
    loop {
        let (cell, after) = match rest.strip_prefix('\'') {
            Some(quoted) => unquote(quoted),
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest.get(..end).unwrap_or_default().to_owned(), rest.get(end..).unwrap_or_default())
            }
        };
        cells.push(cell);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return cells,
        }
    }
}

/// The text up to the closing quote, and what follows it.
fn unquote(text: &str) -> (String, &str) {
    let mut cell = String::with_capacity(text.len());
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return (cell, text.get(at + 1..).unwrap_or_default()),
            '\\' => match chars.next() {
                Some((_, 'n')) => cell.push('\n'),
                Some((_, 'r')) => cell.push('\r'),
                Some((_, 't')) => cell.push('\t'),
                Some((_, 'b')) => cell.push('\u{8}'),
                Some((_, 'f')) => cell.push('\u{c}'),
                Some((_, '0')) => cell.push('\0'),
                Some((_, other)) => cell.push(other),
                None => {}
            },
            _ => cell.push(c),
        }
    }
    // A query longer than server_audit_query_log_limit is cut, and its closing quote with it.
    (cell, "")
}

#[cfg(test)]
mod tests {
    use super::super::kind::Read;
    use super::line;

    #[test]
    fn a_query_with_quotes_and_commas() {
        let Some(Read::Record(read)) =
            line(r"1795355053123456,db-1,admin,10.0.3.5,35,698024,QUERY,unicorn,'SELECT * FROM t WHERE a=\'x,y\' -- \\',0")
        else {
            panic!("not read")
        };
        assert_eq!(read.time.0, 1_795_355_053_123);
        assert_eq!(read.record["object"], r"SELECT * FROM t WHERE a='x,y' -- \");
        assert_eq!(read.record["retcode"], "0");
    }

    #[test]
    fn a_connect_has_no_object() {
        let Some(Read::Record(read)) = line("20261122 13:44:13,db-1,admin,10.0.3.5,35,0,CONNECT,unicorn,,1045") else { panic!("not read") };
        assert_eq!((read.record["operation"].as_str(), read.record["retcode"].as_str()), (Some("CONNECT"), Some("1045")));
    }

    #[test]
    fn other_lines_are_not_taken() {
        for text in ["", "a,b,c,d,e,f,g,h,i,j", "1795355053123456,short", "2 123456789012 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 1 1 2 ACCEPT OK"]
        {
            assert!(line(text).is_none(), "{text}");
        }
    }
}
