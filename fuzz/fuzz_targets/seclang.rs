//! Any text as a rule set, any bytes as a request: reading never panics and names a place, and the fast way through the rules
//! matches what asking every rule of every value does.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_waf::seclang::{BASE, Facts, Files, Program, Request, Transaction, load};

fuzz_target!(|input: (&str, &[u8], &[u8], &[u8])| {
    let (text, uri, header, body) = input;
    let mut files = Files::default();
    files.insert("base.conf", BASE);
    files.insert("own.conf", text);
    files.insert("words.data", "# words\n/etc/passwd\nunion select\n");
    let set = match load(&files, &["base.conf", "own.conf"]) {
        Ok(set) => set,
        Err(problems) => {
            assert!(!problems.is_empty());
            return;
        }
    };
    let program = Program::new(&set);
    let headers: [(&[u8], &[u8]); 2] = [(b"content-type", b"application/x-www-form-urlencoded"), (b"x-any", header)];
    let request = Request { method: b"POST", uri, version: b"HTTP/1.1", headers: &headers, body };
    let outcome = |mut transaction: Transaction<'_>| {
        transaction.request(&request);
        let (outcome, ..) = transaction.finish();
        (outcome.hits, outcome.interruption)
    };
    let quick = outcome(Transaction::new(&program, Facts::default()));
    assert_eq!(quick, outcome(Transaction::new(&program, Facts::default()).naive()));
});
