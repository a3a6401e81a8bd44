//! The lines that the platform itself writes to a function's log (AWS Lambda Developer Guide, "Understanding the Lambda
//! execution environment lifecycle": the new style, with `Status` in the REPORT line).

use model::Time;

/// What the REPORT line says.
#[derive(Clone, Debug, PartialEq)]
pub struct Report<'a> {
    /// The request.
    pub request_id: &'a str,
    /// Microseconds from START to the answer.
    pub duration: u64,
    /// MiB the function has.
    pub memory: u32,
    /// Bytes used at most.
    pub memory_used: u64,
    /// Microseconds of the init phase, when this was the first request of its environment.
    pub init: Option<u64>,
    /// How it ended.
    pub status: Status<'a>,
}

/// `Status` and `Error Type` of a REPORT line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status<'a> {
    /// Left out of the line.
    Success,
    /// `Status: timeout`.
    Timeout,
    /// `Status: error` with its type.
    Error(&'a str),
}

/// `INIT_START Runtime Version: ...`: first line of an environment. `version` is that of the installed runtime.
pub fn init_start(runtime: &str, version: &str) -> String {
    let name = runtime.strip_suffix(".x").unwrap_or(runtime);
    let (language, number) = name.split_at(name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len()));
    format!("INIT_START Runtime Version: {language}:{number}.local\tRuntime Version ARN: local:{version}")
}

/// `START RequestId: ...`.
pub fn start(request_id: &str) -> String {
    format!("START RequestId: {request_id} Version: $LATEST")
}

/// `END RequestId: ...`.
pub fn end(request_id: &str) -> String {
    format!("END RequestId: {request_id}")
}

/// `REPORT RequestId: ...`.
pub fn report(report: &Report<'_>) -> String {
    let milliseconds = |micros: u64| format!("{}.{:02}", micros / 1000, micros % 1000 / 10);
    let mut line = format!(
        "REPORT RequestId: {}\tDuration: {} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB",
        report.request_id,
        milliseconds(report.duration),
        report.duration.div_ceil(1000),
        report.memory,
        report.memory_used >> 20,
    );
    if let Some(init) = report.init {
        line.push_str(&format!("\tInit Duration: {} ms", milliseconds(init)));
    }
    match report.status {
        Status::Success => {}
        Status::Timeout => line.push_str("\tStatus: timeout"),
        Status::Error(kind) => line.push_str(&format!("\tStatus: error\tError Type: {kind}")),
    }
    line
}

/// `2026/11/22/[$LATEST]` and 32 hexadecimal digits: the log stream of one environment.
pub fn stream_name(time: Time, random: [u8; 16]) -> String {
    let (year, month, day, ..) = time.utc();
    let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{year:04}/{month:02}/{day:02}/[$LATEST]{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let mut said =
            Report { request_id: "r", duration: 133_610, memory: 128, memory_used: 31 << 20, init: Some(80_000), status: Status::Success };
        let plain = "REPORT RequestId: r\tDuration: 133.61 ms\tBilled Duration: 134 ms\tMemory Size: 128 MB\tMax Memory Used: 31 MB";
        assert_eq!(report(&said), format!("{plain}\tInit Duration: 80.00 ms"));
        said.init = None;
        said.status = Status::Timeout;
        assert_eq!(report(&said), format!("{plain}\tStatus: timeout"));
        said.status = Status::Error("Runtime.ExitError");
        assert_eq!(report(&said), format!("{plain}\tStatus: error\tError Type: Runtime.ExitError"));
        assert_eq!(init_start("nodejs20.x", "20.1"), "INIT_START Runtime Version: nodejs:20.local\tRuntime Version ARN: local:20.1");
        assert_eq!(init_start("python3.13", "3.11"), "INIT_START Runtime Version: python:3.13.local\tRuntime Version ARN: local:3.11");
        assert_eq!(stream_name(Time(1_795_355_053_000), [0xab; 16]), format!("2026/11/22/[$LATEST]{}", "ab".repeat(16)));
    }
}
