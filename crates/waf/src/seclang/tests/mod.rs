//! SecLang by rules of our own: what is read, what is refused and where, what rules do.

mod bodies;
mod errors;
mod rules;
mod twin;

use super::{Facts, Files, Outcome, Program, Request, Response, RuleSet, Transaction, load};

/// A rule set of one text.
fn set(text: &str) -> RuleSet {
    let mut files = Files::default();
    files.insert("base.conf", super::BASE);
    files.insert("own.conf", text);
    files.insert("words.data", "# a comment\n/etc/passwd\n\nunion select\n");
    match load(&files, &["base.conf", "own.conf"]) {
        Ok(set) => set,
        Err(problems) => panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

fn program(text: &str) -> Program {
    Program::new(&set(text))
}

/// What a request of one line and headers comes to.
fn judge(program: &Program, method: &str, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Outcome {
    let headers: Vec<(&[u8], &[u8])> = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    let request = Request { method: method.as_bytes(), uri: uri.as_bytes(), version: b"HTTP/1.1", headers: &headers, body };
    let mut transaction = Transaction::new(program, Facts::default());
    transaction.request(&request);
    transaction.response(&Response {
        status: 200,
        version: b"HTTP/1.1",
        headers: &[(b"Content-Type", b"text/html; charset=utf-8")],
        body: b"<p>ORA-00933</p>",
    });
    transaction.finish().0
}

fn get(program: &Program, uri: &str) -> Vec<u32> {
    ids(&judge(program, "GET", uri, &[("Host", "localhost"), ("Cookie", "a=1; theme=dark")], b""))
}

fn ids(outcome: &Outcome) -> Vec<u32> {
    outcome.matched.iter().map(|matched| matched.id).collect()
}
