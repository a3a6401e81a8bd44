//! Names to which secrets are given. Never looks at a value.

/// What a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// `password`, `dbPass`, `passphrase`.
    Password,
    /// `secret`, `clientSecret`, `signingKey`.
    Secret,
    /// `token`, `authToken`.
    Token,
    /// `apiKey`.
    ApiKey,
    /// `secretAccessKey`.
    AwsSecret,
}

impl Promise {
    /// For people.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Secret => "secret",
            Self::Token => "token",
            Self::ApiKey => "API key",
            Self::AwsSecret => "AWS secret access key",
        }
    }
}

/// The words of a name in lower case: `DB_userPassword2` is `db user password`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphabetic() {
            words.push(std::mem::take(&mut word));
            lower = false;
            continue;
        }
        if c.is_uppercase() && lower {
            words.push(std::mem::take(&mut word));
        }
        lower = c.is_lowercase();
        word.extend(c.to_lowercase());
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// What a name promises, by its last words: `passwordLabel` and `secretArn` promise nothing.
pub(super) fn promise(name: &str) -> Option<Promise> {
    // Every name of every file is asked: most end in none of the words that count here.
    const ENDS: [&str; 10] = ["password", "passwd", "pwd", "passphrase", "pass", "passcode", "passwort", "key", "token", "secret"];
    let bare = name.trim_end_matches(|c: char| !c.is_alphabetic()).as_bytes();
    let ends = |end: &&str| bare.len().checked_sub(end.len()).is_some_and(|at| bare[at..].eq_ignore_ascii_case(end.as_bytes()));
    if bare.is_ascii() && !ENDS.iter().any(ends) {
        return None;
    }
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Some(match words.as_slice() {
        [.., "secret", "access", "key"] | [.., "aws", "secret", "key"] | [.., "aws", "secret"] => Promise::AwsSecret,
        [.., "password" | "passwd" | "pwd" | "passphrase" | "pass" | "passcode" | "passwort"] => Promise::Password,
        [.., "userpassword" | "dbpassword" | "dbpass" | "userpass" | "rootpassword" | "masterpassword"] => Promise::Password,
        [.., "api", "key"] | [.., "apikey"] | [.., "api", "secret"] | [.., "subscription", "key"] => Promise::ApiKey,
        [
            ..,
            "next" | "page" | "output" | "input" | "starting" | "continuation" | "pagination" | "csrf" | "xsrf" | "cancel" | "sync"
            | "client" | "request" | "idempotency",
            "token",
        ] => return None,
        // `nextForwardToken` is a place in a list too.
        [.., "next", "forward" | "backward", "token"] => return None,
        [.., "token"] | [.., "authtoken" | "accesstoken"] => Promise::Token,
        [.., "secret"] | [.., "clientsecret" | "jwtsecret"] => Promise::Secret,
        [
            ..,
            "secret" | "private" | "encryption" | "signing" | "master" | "hmac" | "jwt" | "session" | "cookie" | "storage" | "account",
            "key",
        ] => Promise::Secret,
        _ => return None,
    })
}

/// Properties beside a password that make an object the configuration of a connection.
pub(super) fn connects(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_str(),
        "host" | "hostname" | "server" | "user" | "username" | "database" | "dbname" | "db" | "port" | "dialect" | "endpoint" | "cluster"
    )
}

/// Properties that hold the user's name.
pub(super) fn is_user(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().as_str(), "user" | "username" | "user_name" | "login" | "uid")
}

#[cfg(test)]
mod tests {
    use super::{Promise, promise};

    #[test]
    fn promises() {
        for (name, expected) in [
            ("password", Some(Promise::Password)),
            ("DB_PASSWORD", Some(Promise::Password)),
            ("dbPass", Some(Promise::Password)),
            ("password2", Some(Promise::Password)),
            ("clientSecret", Some(Promise::Secret)),
            ("apiKey", Some(Promise::ApiKey)),
            ("x-api-key", Some(Promise::ApiKey)),
            ("secretAccessKey", Some(Promise::AwsSecret)),
            ("privateKey", Some(Promise::Secret)),
            ("passwordLabel", None),
            ("secretArn", None),
            ("tokenUrl", None),
            ("nextToken", None),
            ("bypass", None),
            ("key", None),
            ("compass", None),
        ] {
            assert_eq!(promise(name), expected, "{name}");
        }
    }
}
