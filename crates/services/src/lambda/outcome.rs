//! How an invocation ends, with the payloads that AWS gives for it.
//!
//! A function that fails still answers the `Invoke` call with status 200 and the header `X-Amz-Function-Error`
//! (AWS Lambda API Reference, "Invoke"). The forms of the payloads are those of AWS's Runtime Interface Emulator.

use bytes::Bytes;
use serde_json::json;

/// The largest request or response of a synchronous invocation, in bytes (Lambda quotas: 6 MB; the number is the one
/// in AWS's own error).
pub const LARGEST_PAYLOAD: usize = 6_291_556;

/// What an invocation gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The function's answer.
    Success(Bytes),
    /// The function answered with an error, or threw one: `{errorType, errorMessage, trace}`.
    FunctionError(Bytes),
    /// It did not answer within its time.
    TimedOut(Bytes),
    /// Its process ended before it answered.
    Crashed(Bytes),
}

impl Outcome {
    /// The payload the caller gets.
    pub fn payload(&self) -> &Bytes {
        match self {
            Self::Success(payload) | Self::FunctionError(payload) | Self::TimedOut(payload) | Self::Crashed(payload) => payload,
        }
    }

    /// The value of `X-Amz-Function-Error`. Lambda has long said `Unhandled` for every failure of a Node.js function.
    pub fn function_error(&self) -> Option<&'static str> {
        match self {
            Self::Success(_) => None,
            Self::FunctionError(_) | Self::TimedOut(_) | Self::Crashed(_) => Some("Unhandled"),
        }
    }
}

/// How a process ended without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// Killed because it took more memory than the function has.
    OutOfMemory,
}

impl Ending {
    /// `errorType` of the payload and of the REPORT line.
    pub fn error_type(self) -> &'static str {
        match self {
            Self::Exit(_) | Self::Signal(_) => "Runtime.ExitError",
            Self::OutOfMemory => "Runtime.OutOfMemory",
        }
    }
}

/// The outcome of a process that ended before it answered.
pub fn crashed(request_id: &str, ending: Ending) -> Outcome {
    let reason = match ending {
        Ending::Exit(0) => "Runtime exited without providing a reason".to_owned(),
        Ending::Exit(status) => format!("Runtime exited with error: exit status {status}"),
        Ending::OutOfMemory | Ending::Signal(9) => "Runtime exited with error: signal: killed".to_owned(),
        Ending::Signal(6) => "Runtime exited with error: signal: aborted".to_owned(),
        Ending::Signal(11) => "Runtime exited with error: signal: segmentation fault".to_owned(),
        Ending::Signal(signal) => format!("Runtime exited with error: signal: {signal}"),
    };
    Outcome::Crashed(payload(ending.error_type(), &format!("RequestId: {request_id} Error: {reason}")))
}

/// The outcome of a function that did not answer in `seconds`.
pub fn timed_out(request_id: &str, seconds: u32) -> Outcome {
    Outcome::TimedOut(payload("Sandbox.Timedout", &format!("RequestId: {request_id} Error: Task timed out after {seconds}.00 seconds")))
}

/// The outcome of an answer over [`LARGEST_PAYLOAD`].
pub fn response_too_large(size: usize) -> Outcome {
    let message = format!("Response payload size ({size} bytes) exceeded maximum allowed payload size ({LARGEST_PAYLOAD} bytes).");
    Outcome::FunctionError(payload("Function.ResponseSizeTooLarge", &message))
}

fn payload(error_type: &str, message: &str) -> Bytes {
    json!({"errorType": error_type, "errorMessage": message}).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_in_awss_words() {
        for (outcome, expected) in [
            (
                timed_out("r", 3),
                r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r Error: Task timed out after 3.00 seconds"}"#,
            ),
            (
                crashed("r", Ending::Exit(1)),
                r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited with error: exit status 1"}"#,
            ),
            (
                crashed("r", Ending::Exit(0)),
                r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited without providing a reason"}"#,
            ),
            (
                crashed("r", Ending::OutOfMemory),
                r#"{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: r Error: Runtime exited with error: signal: killed"}"#,
            ),
        ] {
            assert_eq!(outcome.payload(), expected);
            assert_eq!(outcome.function_error(), Some("Unhandled"));
        }
        assert_eq!(Outcome::Success(Bytes::new()).function_error(), None);
    }
}
