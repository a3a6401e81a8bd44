//! VPC flow log lines (VPC User Guide, "Flow log records"): the default format of version 2, or any format
//! with its header line. Field names stay AWS's own.

use super::kind::{Read, Record};
use model::{LogKind, Time};
use serde_json::{Map, Value};

const DEFAULT: [&str; 14] = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
];

/// A line of the default format. `None` when it is none.
pub(super) fn line(line: &str) -> Option<Read> {
    let cells: Vec<&str> = line.split_ascii_whitespace().collect();
    let flow =
        cells.len() == DEFAULT.len() && cells.first() == Some(&"2") && matches!(cells.last().copied(), Some("OK" | "NODATA" | "SKIPDATA"));
    flow.then(|| with_names(&DEFAULT, &cells))
}

/// The column names, when this is a header line.
pub(super) fn header(line: &str) -> Option<Vec<String>> {
    let names: Vec<String> = cells(line).map(|name| name.to_owned()).collect();
    let known = names.iter().filter(|name| DEFAULT.contains(&name.replace('_', "-").as_str())).count();
    (known >= 4 && names.iter().all(|n| n.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_')))).then_some(names)
}

/// A line under a header.
pub(super) fn under(names: &[String], line: &str) -> Read {
    let cells: Vec<&str> = cells(line).collect();
    if cells.len() != names.len() {
        return Read::Unknown("a line with another number of columns than its header");
    }
    // Athena's names differ from the log's own by the underscore.
    let names: Vec<String> = names.iter().map(|name| name.replace('_', "-")).collect();
    with_names(&names.iter().map(String::as_str).collect::<Vec<_>>(), &cells)
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    let separator = if line.contains(',') { ',' } else { ' ' };
    line.trim().split(separator).map(|cell| cell.trim().trim_matches('"'))
}

fn with_names(names: &[&str], cells: &[&str]) -> Read {
    record(names.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), Value::from(*cell))).collect())
}

/// A flow as a JSON object; its time is the start of the capture window, in seconds.
pub(super) fn record(fields: Map<String, Value>) -> Read {
    let seconds = fields.get("start").and_then(|v| v.as_i64().or_else(|| v.as_str().and_then(|text| text.parse().ok())));
    match seconds.filter(|s| (0..100_000_000_000).contains(s)) {
        Some(seconds) => {
            Read::Record(Record { log: LogKind::Vpcflow, time: Time(seconds * 1000), id: None, record: Value::Object(fields) })
        }
        None => Read::Unknown("a flow without a start time"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::kind::Read;
    use super::{header, line, under};

    #[test]
    fn version_two_and_a_header() {
        let Some(Read::Record(flow)) =
            line("2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK")
        else {
            panic!("not read")
        };
        assert_eq!(flow.record["dstport"], "22");
        let names = header("version account-id interface-id srcaddr dstaddr start action").unwrap_or_default();
        let Read::Record(flow) = under(&names, "3 123456789010 eni-1 10.0.0.1 10.0.0.2 1418530010 REJECT") else { panic!("not read") };
        assert_eq!((flow.record["action"].as_str(), flow.time.0), (Some("REJECT"), 1_418_530_010_000));
        assert!(header("not a header at all").is_none());
    }
}
