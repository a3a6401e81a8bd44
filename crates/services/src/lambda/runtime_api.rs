//! The Lambda Runtime API as a state machine (AWS Lambda Developer Guide, "Using the Lambda runtime API for custom
//! runtimes"): `next`, `response`, `error`, `init/error`. One machine is one execution environment; it serves one
//! request at a time. Status codes and error bodies are those of AWS's Runtime Interface Emulator.

use super::outcome::LARGEST_PAYLOAD;
use bytes::Bytes;
use model::Time;
use serde_json::json;

const PREFIX: &str = "/2018-06-01/runtime/";

/// One request for the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub request_id: String,
    /// The event.
    pub payload: Bytes,
    /// When the time is up.
    pub deadline: Time,
    /// `Lambda-Runtime-Invoked-Function-Arn`.
    pub function_arn: String,
    /// `Lambda-Runtime-Trace-Id`: `Root=1-...;Parent=...;Sampled=1`.
    pub trace_id: Option<String>,
}

/// An answer to the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers beside length and connection.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

/// What is to be done about a request of the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Answer at once; the second part is what was learned from it.
    Answer(Reply, Option<News>),
    /// `next`: hold the request open until there is an invocation to [`RuntimeApi::give`].
    Hold,
}

/// What the runtime made known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The function's answer to the current request.
    Answered(Bytes),
    /// It failed: `{errorType, errorMessage, trace}`.
    Failed(Bytes),
    /// Loading the function's code failed.
    InitFailed(Bytes),
    /// The answer was over the limit; its size.
    TooLarge(usize),
}

/// Where one environment is.
#[derive(Debug, Default)]
pub struct RuntimeApi {
    phase: Phase,
    /// The answer to the last `next`.
    given: Option<Reply>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Loading the function's code.
    #[default]
    Init,
    /// `next` is being held.
    Idle,
    /// Working on this request.
    Busy(String),
    /// The current request is answered; `next` is to come.
    Done,
    /// `init/error` was reported: nothing more is to come.
    Broken,
}

impl RuntimeApi {
    /// Takes a request of the runtime: method, path, body. `size` is the body's whole size; of a body over the limit
    /// the caller need not keep all.
    pub fn hear(&mut self, method: &str, path: &str, body: Bytes, size: usize) -> Heard {
        let Some(route) = path.strip_prefix(PREFIX) else { return refuse(404, "NotFound", "no such path") };
        match (method, route) {
            ("GET", "invocation/next") => match self.phase {
                Phase::Init | Phase::Done | Phase::Idle => {
                    self.phase = Phase::Idle;
                    Heard::Hold
                }
                // The same request again: what calls from inside the function reads its event (AWS Lambda Runtime Interface Emulator,
                // `RuntimeReadyState.Ready` allows it and the invocation is rendered anew).
                Phase::Busy(_) => match &self.given {
                    Some(given) => Heard::Answer(given.clone(), None),
                    None => refuse(403, "InvalidStateTransition", "State transition failed for runtime"),
                },
                Phase::Broken => refuse(403, "InvalidStateTransition", "State transition failed for runtime"),
            },
            ("POST", "init/error") => {
                if self.phase != Phase::Init {
                    return refuse(403, "InvalidStateTransition", "State transition failed for runtime");
                }
                self.phase = Phase::Broken;
                Heard::Answer(accepted(), Some(News::InitFailed(body)))
            }
            ("POST", other) => {
                let Some((id, kind)) = other.strip_prefix("invocation/").and_then(|rest| rest.split_once('/')) else {
                    return refuse(404, "NotFound", "no such path");
                };
                if !matches!(&self.phase, Phase::Busy(current) if current == id) {
                    return refuse(400, "InvalidRequestID", "Invalid request ID");
                }
                match kind {
                    "response" if size > LARGEST_PAYLOAD => {
                        self.phase = Phase::Done;
                        let message = format!("Exceeded maximum allowed payload size ({LARGEST_PAYLOAD} bytes).");
                        Heard::Answer(error(413, "RequestEntityTooLarge", &message), Some(News::TooLarge(size)))
                    }
                    "response" => {
                        self.phase = Phase::Done;
                        Heard::Answer(accepted(), Some(News::Answered(body)))
                    }
                    "error" => {
                        self.phase = Phase::Done;
                        Heard::Answer(accepted(), Some(News::Failed(body)))
                    }
                    _ => refuse(404, "NotFound", "no such path"),
                }
            }
            _ => refuse(404, "NotFound", "no such path"),
        }
    }

    /// The answer to a held `next`. `None` when none is held.
    pub fn give(&mut self, invocation: &Invocation) -> Option<Reply> {
        if self.phase != Phase::Idle {
            return None;
        }
        self.phase = Phase::Busy(invocation.request_id.clone());
        let mut headers = vec![
            ("Content-Type", "application/json".to_owned()),
            ("Lambda-Runtime-Aws-Request-Id", invocation.request_id.clone()),
            ("Lambda-Runtime-Deadline-Ms", invocation.deadline.0.to_string()),
            ("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn.clone()),
        ];
        headers.extend(invocation.trace_id.clone().map(|id| ("Lambda-Runtime-Trace-Id", id)));
        let reply = Reply { status: 200, headers, body: invocation.payload.clone() };
        self.given = Some(reply.clone());
        Some(reply)
    }
}

fn accepted() -> Reply {
    Reply {
        status: 202,
        headers: vec![("Content-Type", "application/json".to_owned())],
        body: Bytes::from_static(b"{\"status\":\"OK\"}\n"),
    }
}

fn error(status: u16, kind: &str, message: &str) -> Reply {
    let body = json!({"errorMessage": message, "errorType": kind}).to_string().into();
    Reply { status, headers: vec![("Content-Type", "application/json".to_owned())], body }
}

fn refuse(status: u16, kind: &str, message: &str) -> Heard {
    Heard::Answer(error(status, kind, message), None)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn invocation(id: &str) -> Invocation {
        Invocation {
            request_id: id.into(),
            payload: "{}".into(),
            deadline: Time(3000),
            function_arn: "arn".into(),
            trace_id: Some("Root=1".into()),
        }
    }

    fn hear(api: &mut RuntimeApi, method: &str, route: &str, body: &'static [u8]) -> (u16, Option<News>) {
        match api.hear(method, &format!("{PREFIX}{route}"), Bytes::from_static(body), body.len()) {
            Heard::Answer(reply, news) => (reply.status, news),
            Heard::Hold => (0, None),
        }
    }

    #[test]
    fn one_request_after_another() {
        let mut api = RuntimeApi::default();
        assert_eq!(api.give(&invocation("a")), None, "nothing is held yet");
        assert_eq!(hear(&mut api, "POST", "invocation/a/response", b"1"), (400, None));
        assert_eq!(hear(&mut api, "GET", "invocation/next", b""), (0, None));
        let reply = api.give(&invocation("a")).unwrap();
        assert_eq!((reply.status, &reply.body[..]), (200, &b"{}"[..]));
        assert!(reply.headers.contains(&("Lambda-Runtime-Deadline-Ms", "3000".into())));
        assert_eq!(api.give(&invocation("b")), None, "one at a time");
        assert_eq!(hear(&mut api, "GET", "invocation/next", b""), (200, None), "the same request again");
        assert_eq!(hear(&mut api, "POST", "invocation/b/response", b"1"), (400, None), "another's request");
        assert_eq!(hear(&mut api, "POST", "invocation/a/response", b"1"), (202, Some(News::Answered("1".into()))));
        assert_eq!(hear(&mut api, "POST", "invocation/a/response", b"2"), (400, None), "answered once");
        assert_eq!(hear(&mut api, "GET", "invocation/next", b""), (0, None));
        api.give(&invocation("b")).unwrap();
        assert_eq!(hear(&mut api, "POST", "invocation/b/error", b"{}"), (202, Some(News::Failed("{}".into()))));
        assert_eq!(hear(&mut api, "POST", "init/error", b"{}"), (403, None), "init is over");
        assert_eq!(hear(&mut api, "PUT", "invocation/next", b""), (404, None));
        assert_eq!(hear(&mut api, "POST", "x", b""), (404, None));
    }

    #[test]
    fn too_large_and_broken() {
        let mut api = RuntimeApi::default();
        api.hear("GET", "/2018-06-01/runtime/invocation/next", Bytes::new(), 0);
        api.give(&invocation("a")).unwrap();
        let heard = api.hear("POST", "/2018-06-01/runtime/invocation/a/response", Bytes::new(), LARGEST_PAYLOAD + 1);
        assert!(matches!(heard, Heard::Answer(Reply { status: 413, .. }, Some(News::TooLarge(6_291_557)))));
        let mut api = RuntimeApi::default();
        assert_eq!(hear(&mut api, "POST", "init/error", b"{}"), (202, Some(News::InitFailed("{}".into()))));
        assert_eq!(hear(&mut api, "GET", "invocation/next", b""), (403, None));
    }
}
