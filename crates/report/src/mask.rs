//! Quoted lines without the secrets in them. A report about a password in the code must not carry the
//! password on to a build log.

/// Words in a name that say its value is a secret.
const NAMES: [&str; 7] = ["passw", "pwd", "secret", "token", "apikey", "api_key", "credential"];
/// How references to values that live elsewhere begin.
const REFERENCES: [&str; 5] = ["process.env", "os.environ", "event.", "await", "this."];
/// What stands for each character.
const MASK: char = '*';

/// The line with every quoted or plain value that is assigned to such a name replaced. Keeps every
/// character's column; the number of bytes may change.
pub(crate) fn mask(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let mut out: Vec<char> = line.chars().collect();
    // Positions in characters: to_ascii_lowercase keeps them.
    let chars: Vec<char> = lower.chars().collect();
    for name in NAMES {
        let name: Vec<char> = name.chars().collect();
        let mut at = 0;
        while let Some(found) = find(&chars, &name, at) {
            at = found + name.len();
            if let Some((start, end)) = value(&chars, at) {
                out.get_mut(start..end).into_iter().flatten().for_each(|c| *c = MASK);
            }
        }
    }
    out.into_iter().collect()
}

/// The same with everything in quotes replaced: for lines that are known to hold a secret.
pub(crate) fn mask_quoted(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut quote = None;
    for c in line.chars() {
        match quote {
            None if matches!(c, '"' | '\'' | '`') => {
                quote = Some(c);
                out.push(c);
            }
            Some(open) if c == open => {
                quote = None;
                out.push(c);
            }
            Some(_) => out.push(MASK),
            None => out.push(c),
        }
    }
    out
}

fn find(chars: &[char], name: &[char], from: usize) -> Option<usize> {
    chars.get(from..)?.windows(name.len()).position(|window| window == name).map(|at| at + from)
}

/// The value assigned to a name that ends somewhere behind `at`: `word": "value"`, `word = value`.
fn value(chars: &[char], at: usize) -> Option<(usize, usize)> {
    let mut at = at;
    let get = |at: usize| chars.get(at).copied();
    while get(at).is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '"' | '\'' | ']' | ' ')) {
        at += 1;
    }
    if !matches!(get(at), Some(':' | '=')) {
        return None;
    }
    while get(at).is_some_and(|c| matches!(c, ':' | '=' | ' ' | '>')) {
        at += 1;
    }
    let quote = get(at).filter(|c| matches!(c, '"' | '\'' | '`'));
    let start = at + usize::from(quote.is_some());
    let ends = |c: char| match quote {
        Some(quote) => c == quote,
        None => c.is_whitespace() || matches!(c, ',' | ';' | '}' | ')'),
    };
    let rest = chars.get(start..)?;
    let end = start + rest.iter().position(|c| ends(*c)).unwrap_or(rest.len());
    let plain: String = rest.iter().take(end - start).collect();
    // What is plainly a reference, a call or a structure is left; in doubt it is hidden.
    let reference =
        plain.starts_with(['!', '$', '{', '[', '*', '&', '|']) || plain.contains('(') || REFERENCES.iter().any(|r| plain.starts_with(r));
    let literal = quote.is_some() || !reference;
    (literal && end > start).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::{mask, mask_quoted};

    #[test]
    fn values_of_secret_names() {
        for (line, shown) in [
            ("  password: \"Corp123!\",", "  password: \"********\","),
            ("  MasterUserPassword: Corp123!", "  MasterUserPassword: ********"),
            ("const apiKey = 'abc'; // token", "const apiKey = '***'; // token"),
            ("DB_PASSWORD=hunter2 npm start", "DB_PASSWORD=******* npm start"),
            ("password: process.env.DB_PASSWORD", "password: process.env.DB_PASSWORD"),
            ("MasterUserPassword: !Ref DbPassword", "MasterUserPassword: !Ref DbPassword"),
            ("const secret = await getSecret()", "const secret = await getSecret()"),
            ("TokenAuthorizer:", "TokenAuthorizer:"),
        ] {
            assert_eq!(mask(line), shown);
        }
        assert_eq!(mask_quoted("host: 'h', password: \"p w\""), "host: '*', password: \"***\"");
    }
}
