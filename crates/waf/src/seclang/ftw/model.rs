//! A test file to cases.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::node::{Kind, Node};

/// One test: `942100-3`.
#[derive(Clone, Debug)]
pub struct Case {
    /// The rule and the test's number in its file.
    pub id: String,
    /// Requests, one after the other.
    pub stages: Vec<Stage>,
}

/// A request and what is expected of it.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What is sent.
    pub sent: Sent,
    /// What is expected.
    pub expect: Expect,
}

/// A request as a test sends it.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// Method; leading blanks and all.
    pub method: String,
    /// Target.
    pub uri: String,
    /// `HTTP/1.1`.
    pub version: String,
    /// Headers in order.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Body.
    pub body: Vec<u8>,
}

/// What a test expects.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// One of these statuses; none: any.
    pub status: Vec<u16>,
    /// All of these ids.
    pub ids: Vec<u32>,
    /// None of these.
    pub no_ids: Vec<u32>,
    /// The log matches.
    pub matches: Option<String>,
    /// It does not.
    pub no_match: Option<String>,
    /// Exactly one rule.
    pub isolated: bool,
    /// The front end refuses the request.
    pub error: bool,
}

/// Reads a test file's document; `file` names it where a test has no id of its own.
///
/// # Errors
/// What is missing or cannot be read, with the test it is in.
pub fn cases(file: &str, document: &Node) -> Result<Vec<Case>, String> {
    let rule = document.get("rule_id").and_then(Node::scalar);
    let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".yaml").trim_end_matches(".yml");
    let Some(tests) = document.get("tests") else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (index, test) in tests.items().iter().enumerate() {
        let number = test.get("test_id").and_then(Node::scalar).unwrap_or_else(|| (index + 1).to_string());
        let title = test.get("test_title").and_then(Node::scalar);
        let id = title.unwrap_or_else(|| format!("{}-{number}", rule.as_deref().unwrap_or(stem)));
        let mut stages = Vec::new();
        for stage in test.get("stages").map(Node::items).unwrap_or_default() {
            let old = stage.get("stage").is_some();
            let stage = stage.get("stage").unwrap_or(stage);
            let nothing = Node::new(Kind::Map(Vec::new()), stage.place.clone());
            let sent = sent(stage.get("input").unwrap_or(&nothing), old).map_err(|says| format!("{id}: {says}"))?;
            stages.push(Stage { sent, expect: expect(stage.get("output").unwrap_or(&nothing)) });
        }
        found.push(Case { id, stages });
    }
    Ok(found)
}

fn text(node: Option<&Node>) -> Option<String> {
    let node = node?;
    match &node.kind {
        // CRS 3 writes long bodies as a list of lines.
        Kind::List(lines) => Some(lines.iter().filter_map(Node::scalar).collect::<Vec<_>>().join("\r\n")),
        _ => node.scalar(),
    }
}

fn sent(input: &Node, old: bool) -> Result<Sent, String> {
    for raw in ["encoded_request", "raw_request"] {
        if let Some(request) = text(input.get(raw)).filter(|request| !request.is_empty()) {
            let bytes = match raw {
                "raw_request" => request.into_bytes(),
                _ => {
                    let clean: String = request.split_whitespace().collect();
                    STANDARD.decode(clean).map_err(|error| format!("encoded_request: {error}"))?
                }
            };
            let mut sent = super::front::parse(&bytes);
            super::front::receive(&mut sent);
            return Ok(sent);
        }
    }
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for member in input.get("headers").map(Node::members).unwrap_or_default() {
        headers.push((member.key.clone().into_bytes(), text(Some(&member.value)).unwrap_or_default().into_bytes()));
    }
    for tuple in input.get("ordered_headers").map(Node::items).unwrap_or_default() {
        let part = |name: &str| text(tuple.get(name)).unwrap_or_default().into_bytes();
        headers.push((part("name"), part("value")));
    }
    let mut sent = Sent {
        method: text(input.get("method")).unwrap_or_else(|| "GET".to_owned()),
        uri: text(input.get("uri")).unwrap_or_else(|| "/".to_owned()),
        version: text(input.get("version")).unwrap_or_else(|| "HTTP/1.1".to_owned()),
        headers,
        body: text(input.get("data")).unwrap_or_default().into_bytes(),
    };
    let stopped = input.get("stop_magic").and_then(Node::bool).unwrap_or(false);
    let completed = input.get("autocomplete_headers").and_then(Node::bool).unwrap_or(!stopped);
    super::front::complete(&mut sent, completed, old);
    super::front::receive(&mut sent);
    Ok(sent)
}

fn expect(output: &Node) -> Expect {
    let log = output.get("log");
    let ids = |name: &str| -> Vec<u32> {
        let list = log.and_then(|log| log.get(name)).map(Node::one_or_many).unwrap_or_default();
        list.iter().filter_map(|id| id.scalar()?.parse().ok()).collect()
    };
    let pattern = |new: &str, old: &str| text(log.and_then(|log| log.get(new))).or_else(|| text(output.get(old)));
    let status = output.get("status").map(Node::one_or_many).unwrap_or_default();
    Expect {
        status: status.iter().filter_map(|status| status.scalar()?.parse().ok()).collect(),
        ids: ids("expect_ids"),
        no_ids: ids("no_expect_ids"),
        matches: pattern("match_regex", "log_contains"),
        no_match: pattern("no_match_regex", "no_log_contains"),
        isolated: output.get("isolated").and_then(Node::bool).unwrap_or(false),
        error: output.get("expect_error").and_then(Node::bool).unwrap_or(false),
    }
}
