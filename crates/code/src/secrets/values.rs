//! What a literal itself says: whether it is a secret by its form, or a placeholder, a name, a message. Never looks at its name.

use super::names;
use regex::Regex;
use std::sync::OnceLock;

/// Forms that are secrets wherever they stand, with what they are called: the beginning, what else may stand there beside letters
/// and digits, how many of them at least, how many at most.
const FORMS: [(&str, &[u8], usize, usize, &str); 15] = [
    ("ghp_", b"", 36, usize::MAX, "token"),
    ("gho_", b"", 36, usize::MAX, "token"),
    ("ghu_", b"", 36, usize::MAX, "token"),
    ("ghs_", b"", 36, usize::MAX, "token"),
    ("ghr_", b"", 36, usize::MAX, "token"),
    ("github_pat_", b"_", 50, usize::MAX, "token"),
    ("xoxb-", b"-", 20, usize::MAX, "token"),
    ("xoxa-", b"-", 20, usize::MAX, "token"),
    ("xoxp-", b"-", 20, usize::MAX, "token"),
    ("xoxr-", b"-", 20, usize::MAX, "token"),
    ("xoxs-", b"-", 20, usize::MAX, "token"),
    ("AIza", b"_-", 35, 35, "API key"),
    ("npm_", b"", 36, 36, "token"),
    ("sk_live_", b"", 16, usize::MAX, "API key"),
    ("rk_live_", b"", 16, usize::MAX, "API key"),
];

/// Databases whose URLs carry passwords.
const DATABASES: [&str; 9] = ["mysql", "mysql2", "mariadb", "postgres", "postgresql", "mongodb", "mongodb+srv", "redis", "rediss"];

/// Words of which no secret is made: a literal that holds one is an example, a name or a hole to be filled.
const HOLES: [&str; 22] = [
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "change_this",
    "replace",
    "your",
    "insert",
    "redacted",
    "dummy",
    "todo",
    "xxxx",
    "****",
    "....",
    "<",
    ">",
    "${",
    "{{",
    "not-set",
    "notset",
    "undefined",
];

/// Literals that people write in tests and lessons.
const LESSONS: [&str; 23] = [
    "password",
    "pass",
    "passwd",
    "secret",
    "token",
    "test",
    "tests",
    "testing",
    "foo",
    "bar",
    "foobar",
    "baz",
    "none",
    "null",
    "string",
    "true",
    "false",
    "default",
    "value",
    "key",
    "abc",
    "mysecret",
    "mypassword",
];

/// The kind of a text that begins as a known secret does. Every word of every file is asked: no regular expression is compiled
/// for it, and most are refused by their first bytes.
fn known(text: &str) -> Option<&'static str> {
    let made_of = |text: &str, also: &[u8]| text.bytes().all(|b| b.is_ascii_alphanumeric() || also.contains(&b));
    let long = |text: &str, least: usize| text.len() >= least && made_of(text, b"_");
    match text.as_bytes().first()? {
        b'A' if text.starts_with("AKIA") || text.starts_with("ASIA") => {
            let rest = text.get(4..)?;
            (rest.len() == 16 && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())).then_some("AWS access key")
        }
        b'S' => {
            let (first, second) = text.strip_prefix("SG.")?.split_once('.')?;
            (first.len() >= 16 && second.len() >= 32 && made_of(first, b"_-") && made_of(second, b"_-")).then_some("API key")
        }
        b'h' => {
            let mut parts = text.strip_prefix("https://hooks.slack.com/services/")?.split('/');
            let (team, hook, token) = (parts.next()?.strip_prefix('T')?, parts.next()?.strip_prefix('B')?, parts.next()?);
            (parts.next().is_none() && long(team, 6) && long(hook, 6) && long(token, 20)).then_some("token")
        }
        b'A' | b'g' | b'n' | b'r' | b's' | b'x' => FORMS.iter().find_map(|(begin, also, least, most, kind)| {
            let rest = text.strip_prefix(begin)?;
            (rest.len() >= *least && rest.len() <= *most && made_of(rest, also)).then_some(*kind)
        }),
        _ => None,
    }
}

/// Whether a private key in its armour (RFC 7468) stands in a text, with as much behind its first line as a key has.
fn armoured(text: &str) -> bool {
    // The words of a line have no blank in them, and the armour has.
    text.bytes().any(|b| b == b' ')
        && text.match_indices("-----BEGIN ").any(|(at, begin)| {
            let rest = text.get(at + begin.len()..).unwrap_or_default();
            let (label, body) = rest.split_at(rest.bytes().take_while(|b| b.is_ascii_uppercase() || *b == b' ').count());
            label.ends_with("PRIVATE KEY") && body.strip_prefix("-----").is_some_and(|body| body.chars().count() >= 60)
        })
}

fn url() -> Option<&'static Regex> {
    static URL: OnceLock<Option<Regex>> = OnceLock::new();
    URL.get_or_init(|| Regex::new(r"^([A-Za-z][A-Za-z0-9+.-]*)://([^/\s:@]*):([^/\s@]+)@").ok()).as_ref()
}

/// Where in a text something may have the form of a secret: what all forms begin with. Most lines have nothing of it. `None`: it
/// could not be searched, and every line may.
pub(super) fn beginnings(text: &str) -> Option<impl Iterator<Item = usize>> {
    static BEGINNINGS: OnceLock<Option<Regex>> = OnceLock::new();
    let beginnings = r"AKIA|ASIA|-----BEGIN|gh[pousr]_|github_pat_|xox[baprs]-|[sr]k_live_|AIza|SG\.|npm_|://";
    let compiled = BEGINNINGS.get_or_init(|| Regex::new(beginnings).ok());
    compiled.as_ref().map(|beginnings| beginnings.find_iter(text).map(|found| found.start()))
}

/// The kind of secret that a text is by its form alone.
pub(super) fn form(text: &str) -> Option<&'static str> {
    if text.len() < 12 {
        return None;
    }
    // The value of an `Authorization` header begins with its scheme (RFC 9110, section 11.4).
    let bare = ["Bearer ", "bearer ", "token ", "Token "].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
    let found = known(bare).or_else(|| armoured(bare).then_some("private key"));
    let is_url = || text.bytes().any(|b| b == b'@') && text.contains("://");
    if (found.is_none() && !is_url()) || text.contains("EXAMPLE") || text.contains("XXXX") {
        return None;
    }
    if found.is_some() {
        return found;
    }
    let found = url()?.captures(text)?;
    let (scheme, user, password) = (found.get(1)?.as_str().to_ascii_lowercase(), found.get(2)?.as_str(), found.get(3)?.as_str());
    let host = text.get(found.get(0)?.end()..).unwrap_or_default();
    let default = user == password && (host.starts_with("localhost") || host.starts_with("127.0.0.1"));
    // `%s` and `{}` are filled at run time.
    if hole(password) || lesson(password) || default || matches!(password, "%s" | "{}" | "%v") {
        return None;
    }
    Some(if DATABASES.contains(&scheme.as_str()) { "database password" } else { "password" })
}

/// The user's name in a connection URL.
pub(super) fn user_of_url(text: &str) -> Option<String> {
    url()?.captures(text)?.get(2).map(|user| user.as_str().to_owned()).filter(|user| !user.is_empty())
}

/// Whether a text that was given to a name that promises a secret is one. `connection`: it stands in the configuration of a
/// connection, where even a weak text is a password.
pub(super) fn is_secret(name: &str, text: &str, connection: bool) -> bool {
    let short = if connection { 3 } else { 6 };
    if text.chars().count() < short || text.len() > 4096 || hole(text) || lesson(text) || is_reference(text) {
        return false;
    }
    if !text.is_ascii() || text.chars().any(char::is_whitespace) || text.ends_with(':') {
        return false;
    }
    if same_name(name, text) {
        return false;
    }
    let class = |f: fn(char) -> bool| text.chars().any(f);
    let letters_only = text.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '_' | '.' | '/' | ':'));
    let shouted = text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') && text.contains('_');
    if connection {
        let name = letters_only && text.contains(['-', '_', '.', '/', ':']) && mentions(text);
        return !(shouted || name);
    }
    // Outside a connection a word is a name, a label or a key; a secret mixes.
    if letters_only || shouted {
        return false;
    }
    let kinds = [
        class(|c| c.is_ascii_lowercase()),
        class(|c| c.is_ascii_uppercase()),
        class(|c| c.is_ascii_digit()),
        class(|c| c.is_ascii_punctuation()),
    ];
    kinds.iter().filter(|k| **k).count() >= 2 && !(mentions(text) && kebab(text))
}

/// A hole to be filled: `<password>`, `xxxxxxx`, `your-token-here`.
fn hole(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut chars = lower.chars();
    let first = chars.next();
    HOLES.iter().any(|word| lower.contains(word)) || chars.all(|c| Some(c) == first) || (text.starts_with('%') && text.ends_with('%'))
}

fn lesson(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| c.is_ascii_alphabetic()).collect::<String>().to_ascii_lowercase();
    LESSONS.contains(&text.to_ascii_lowercase().as_str()) || (LESSONS.contains(&bare.as_str()) && text.len() <= bare.len() + 1)
}

/// Where a secret is kept, not the secret: an ARN, a path of a parameter, a URL, a dynamic reference, a regular expression.
fn is_reference(text: &str) -> bool {
    let starts = [
        "arn:",
        "/",
        "./",
        "../",
        "http://",
        "https://",
        "ssm:",
        "resolve:",
        "{{resolve",
        "process.env",
        "env.",
        "secretsmanager",
        "^",
        "alias/",
        "data:",
        "#",
    ];
    // `$context.identity.apiKey` is a variable; `$2b$` begins a hash.
    let variable = text.strip_prefix('$').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '.'));
    variable || starts.iter().any(|start| text.starts_with(start)) || text.contains("\\d") || text.contains("(?") || text.contains("[a-z")
}

/// `PASSWORD: "password"`, `tokenHeader: "token_header"`.
fn same_name(name: &str, text: &str) -> bool {
    let squash = |s: &str| s.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase();
    squash(name) == squash(text)
}

/// Whether a text holds a word that names a secret: it names one, then.
fn mentions(text: &str) -> bool {
    names::words(text).iter().any(|word| {
        matches!(word.as_str(), "password" | "passwd" | "secret" | "token" | "key" | "api" | "auth" | "credential" | "credentials")
    })
}

/// Words joined by one kind of separator: `x-api-key-2`, `reset_password_v1`.
fn kebab(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | ':' | '/'))
        && text.contains(['-', '_', '.', ':', '/'])
}

#[cfg(test)]
mod tests {
    use super::{form, is_secret};

    #[test]
    fn by_form() {
        for (text, kind) in [
            ("AKIAQ3EGRJVYTU7ZXKLM", Some("AWS access key")),
            ("AKIAIOSFODNN7EXAMPLE", None),
            ("mysql://admin:Corp123!@db.internal/app", Some("database password")),
            ("postgres://user:password@localhost/db", None),
            ("postgresql://user:pass@host:5432/db", None),
            ("mongodb://%s:%s@%s/sample", None),
            ("https://admin:admin@localhost:9200", None),
            ("https://admin:admin@search.internal:9200", Some("password")),
            ("ASIAYXXXXXXXXXXXXXXX", None),
            ("https://user:<password>@host/", None),
            ("https://example.com:8080/x@y", None),
            ("-----BEGIN PRIVATE KEY-----", None),
        ] {
            assert_eq!(form(text), kind, "{text}");
        }
        assert_eq!(form(&format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END", "A".repeat(200))), Some("private key"));
    }

    /// What is told by hand is what these say, which is how the forms are published.
    #[test]
    fn by_form_as_a_regular_expression() {
        const FORMS: [&str; 9] = [
            r"^(?:AKIA|ASIA)[A-Z0-9]{16}$",
            r"^gh[pousr]_[A-Za-z0-9]{36,}$",
            r"^github_pat_[A-Za-z0-9_]{50,}$",
            r"^xox[baprs]-[0-9A-Za-z-]{20,}$",
            r"^[sr]k_live_[0-9A-Za-z]{16,}$",
            r"^AIza[0-9A-Za-z_-]{35}$",
            r"^SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{32,}$",
            r"^npm_[A-Za-z0-9]{36}$",
            r"^https://hooks\.slack\.com/services/T[A-Za-z0-9_]{6,}/B[A-Za-z0-9_]{6,}/[A-Za-z0-9_]{20,}$",
        ];
        let all = regex::RegexSet::new(FORMS).unwrap();
        let begins = "AKIA ASIA AKI ghp_ gho_ ghu_ ghs_ ghr_ ghx_ github_pat_ xoxb- xoxa- xoxp- xoxr- xoxs- xoxz- sk_live_ rk_live_ \
                      pk_live_ AIza AIz SG. SG.aaaaaaaaaaaaaaaa. SG.a. npm_ np https://hooks.slack.com/services/T \
                      https://hooks.slack.com/services/Tabcdef/Babcdef/ https://hooks.slack.com/services/Tabcde/Babcdef/";
        for begin in begins.split_whitespace() {
            for filler in ["a", "Z", "7", "_", "-", ".", "é", "Z7", "aZ_"] {
                for length in 0..60 {
                    let filled: String = filler.chars().cycle().take(length).collect();
                    for text in [
                        format!("{begin}{filled}"),
                        format!(" {begin}{filled}"),
                        format!("{begin}{filled}/"),
                        format!("{begin}a{filled}.{filled}"),
                    ] {
                        assert_eq!(super::known(&text).is_some(), all.is_match(&text), "{text}");
                    }
                }
            }
        }
        let armour = regex::Regex::new(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]{60,}").unwrap();
        for label in ["", "RSA ", "PRIVATE KEY-----", "PUBLIC KEY", "a", "EC PRIVATE KEY-----x", " "] {
            for length in [0, 58, 59, 60, 61] {
                let text = format!("x -----BEGIN {label}PRIVATE KEY-----{}", "é".repeat(length));
                assert_eq!(super::armoured(&text), armour.is_match(&text), "{text}");
            }
        }
    }

    #[test]
    fn by_name() {
        for (name, text, connection, expected) in [
            ("password", "Corp123!", true, true),
            ("password", "hunter", true, true),
            ("password", "xxxxxxx", true, false),
            ("password", "<password>", true, false),
            ("password", "password", true, false),
            ("password", "", true, false),
            ("password", "test123", false, true),
            ("password", "test", true, false),
            ("PASSWORD", "password", false, false),
            ("password", "Password is required", false, false),
            ("password", "Passwort", false, false),
            ("token", "x-auth-token", false, false),
            ("apiKey", "x-api-key", false, false),
            ("password", "DB_PASSWORD", true, false),
            ("password", "/prod/db/password", true, false),
            ("secret", "arn:aws:secretsmanager:us-east-1:123456789012:secret:x", false, false),
            ("jwtSecret", "s3cr3t-k9dj2!", false, true),
            ("apiKey", "da2-fakeApiId123456", false, true),
            ("password", "^[A-Z]{8,}$", false, false),
            ("token", "reset_token_v1", false, false),
            ("api_key", "$context.identity.apiKey", false, false),
            ("password", "$2b$10$N9qo8uLOickgx2ZMRZoMye", false, true),
        ] {
            assert_eq!(is_secret(name, text, connection), expected, "{name} = {text}");
        }
    }
}
