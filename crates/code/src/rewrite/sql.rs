//! The text of a statement in pieces, and which of them can be placeholders.
//!
//! It follows the quotes of SQL over the pieces. A piece that is a name of a table or column, a direction, a limit or a list can be
//! no placeholder; then nothing is rewritten.

/// A piece of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text.
    Text(String),
    /// A constant of the application, by its source; it stays.
    Keep(String),
    /// A value, by its source.
    Value(String),
}

/// A statement, or what is added to one, with placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parametrised {
    /// Texts and constants.
    pub pieces: Vec<Piece>,
    /// The values, by their source, in order.
    pub values: Vec<String>,
}

/// How a driver writes placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `?`.
    Question,
    /// `$1`.
    Dollar,
}

/// Gives fragments of one statement, in order, placeholders for their values. `None` when one of them cannot be one.
pub(super) fn parametrise(fragments: &[Vec<Piece>], style: Style) -> Option<Vec<Parametrised>> {
    let mut before = String::new();
    let mut count = 0;
    let mut out = Vec::new();
    for fragment in fragments {
        let mut done = Parametrised::default();
        let mut pieces = fragment.iter().peekable();
        let mut carry: Option<String> = None;
        while let Some(piece) = carry.take().map(Piece::Text).or_else(|| pieces.next().cloned()) {
            match piece {
                Piece::Text(text) => {
                    push(&mut done.pieces, &text);
                    before.push_str(&text);
                }
                Piece::Keep(source) => {
                    done.pieces.push(Piece::Keep(source));
                    before.push('k');
                }
                Piece::Value(source) => {
                    let value = match open_quote(&before) {
                        None => {
                            let next = match pieces.peek() {
                                Some(Piece::Text(text)) => text.as_str(),
                                Some(_) => return None,
                                None => "",
                            };
                            let goes_on =
                                next.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '(' | '_' | '`' | '\'' | '"'));
                            if !takes_value(&before) || goes_on || is_compared(&before, next) {
                                return None;
                            }
                            source
                        }
                        Some('`') => return None,
                        Some(quote) => {
                            // The quotes go; what stands between them is the value.
                            let start = unquote(&mut done.pieces, &mut before, quote)?;
                            let mut inner = vec![Piece::Text(start), Piece::Value(source)];
                            loop {
                                match pieces.next()? {
                                    Piece::Text(text) => match text.find(quote) {
                                        Some(at) => {
                                            let rest = &text[at + quote.len_utf8()..];
                                            // A doubled quote is a quote in the text, which is not taken apart here.
                                            if rest.starts_with(quote) {
                                                return None;
                                            }
                                            inner.push(Piece::Text(text[..at].to_owned()));
                                            carry = Some(rest.to_owned());
                                            break;
                                        }
                                        None => inner.push(Piece::Text(text.clone())),
                                    },
                                    piece => inner.push(piece.clone()),
                                }
                            }
                            if !takes_value(&before) {
                                return None;
                            }
                            quoted(inner)
                        }
                    };
                    count += 1;
                    let placeholder = if style == Style::Question { "?".to_owned() } else { format!("${count}") };
                    push(&mut done.pieces, &placeholder);
                    before.push_str(&placeholder);
                    done.values.push(value);
                }
            }
        }
        out.push(done);
    }
    // A literal that is still open goes on in a fragment that is not here.
    open_quote(&before).is_none().then_some(out)
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Text(last)) => last.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

/// The quote that is open at the end of a text.
fn open_quote(text: &str) -> Option<char> {
    let mut open = None;
    let mut escaped = false;
    for c in text.chars() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match (open, c) {
            (Some('\'' | '"'), '\\') => escaped = true,
            (None, '\'' | '"' | '`') => open = Some(c),
            (Some(quote), c) if quote == c => open = None,
            _ => {}
        }
    }
    open
}

/// Takes the open quote and what follows it off the text so far; gives what followed it.
fn unquote(pieces: &mut [Piece], before: &mut String, quote: char) -> Option<String> {
    let at = before.rfind(quote)?;
    let start = before.get(at + quote.len_utf8()..)?.to_owned();
    before.truncate(at);
    match pieces.last_mut() {
        Some(Piece::Text(last)) if last.ends_with(&format!("{quote}{start}")) => {
            last.truncate(last.len() - start.len() - quote.len_utf8());
            Some(start)
        }
        _ => None,
    }
}

/// The source of a value that stood between quotes.
fn quoted(inner: Vec<Piece>) -> String {
    let inner: Vec<Piece> = inner.into_iter().filter(|p| !matches!(p, Piece::Text(t) if t.is_empty())).collect();
    if let [Piece::Value(only)] = inner.as_slice() {
        return only.clone();
    }
    let mut out = String::from("`");
    for piece in inner {
        match piece {
            Piece::Text(text) => out.push_str(&escape_template(&text)),
            Piece::Keep(source) | Piece::Value(source) => {
                out.push_str("${");
                out.push_str(&source);
                out.push('}');
            }
        }
    }
    out.push('`');
    out
}

/// Text between backticks.
pub(super) fn escape_template(text: &str) -> String {
    text.replace('\\', "\\\\").replace('`', "\\`").replace("${", "\\${")
}

/// Whether a value may stand after this text: after an operator, after a word that takes an expression, in a list of values.
fn takes_value(before: &str) -> bool {
    let text = before.trim_end();
    let Some(last) = text.chars().last() else { return false };
    if matches!(last, '=' | '<' | '>' | '+' | '-' | '/' | '%') {
        return true;
    }
    if matches!(last, '(' | ',') {
        return in_values(text);
    }
    if text.len() == before.len() {
        return false;
    }
    let word: String = text.chars().rev().take_while(|c| c.is_ascii_alphabetic()).collect::<String>().chars().rev().collect();
    matches!(
        word.to_ascii_uppercase().as_str(),
        "LIKE" | "BETWEEN" | "AND" | "OR" | "WHERE" | "THEN" | "ELSE" | "WHEN" | "NOT" | "REGEXP" | "IS"
    )
}

/// Whether what stands here is the left side of a comparison (`WHERE {column} = 1`): the name of a column, as a rule.
fn is_compared(before: &str, next: &str) -> bool {
    let next = next.trim_start().to_ascii_uppercase();
    let compares = next.starts_with(['=', '<', '>', '!'])
        || ["LIKE ", "IN ", "IN(", "IS ", "BETWEEN ", "NOT ", "REGEXP "].iter().any(|w| next.starts_with(w));
    compares && before.trim_end().ends_with(|c: char| c.is_ascii_alphabetic())
}

/// Whether the innermost open bracket holds values, not names of columns: it follows `VALUES`, `IN`, a function, or another row.
fn in_values(text: &str) -> bool {
    let mut depth = 0;
    let mut open = None;
    for (at, c) in text.char_indices().rev() {
        match c {
            ')' => depth += 1,
            '(' if depth == 0 => {
                open = Some(at);
                break;
            }
            '(' => depth -= 1,
            _ => {}
        }
    }
    let Some(open) = open else { return false };
    let head = text[..open].trim_end();
    let mut words = head.rsplit(|c: char| c.is_whitespace());
    let (last, before) = (words.next().unwrap_or("").to_ascii_uppercase(), words.next().unwrap_or("").to_ascii_uppercase());
    // `INTO t (` and `INTO \`t\`(` open a list of columns.
    !last.is_empty() && before != "INTO" && last != "INTO" && before != "TABLE" && before != "UPDATE"
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Piece, Style, parametrise};

    fn pieces(template: &str) -> Vec<Piece> {
        // `{x}` is a value, `[X]` a constant.
        let mut out = Vec::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '[']) {
            out.push(Piece::Text(rest[..at].to_owned()));
            let close = rest.find(['}', ']']).unwrap();
            let inner = rest[at + 1..close].to_owned();
            out.push(if rest[at..].starts_with('{') { Piece::Value(inner) } else { Piece::Keep(inner) });
            rest = &rest[close + 1..];
        }
        out.push(Piece::Text(rest.to_owned()));
        out
    }

    fn shown(template: &str) -> Option<(String, Vec<String>)> {
        let done = parametrise(&[pieces(template)], Style::Question)?.remove(0);
        let text = done.pieces.iter().map(|p| match p {
            Piece::Text(t) => t.clone(),
            Piece::Keep(k) | Piece::Value(k) => format!("[{k}]"),
        });
        Some((text.collect(), done.values))
    }

    #[test]
    fn statements() {
        for (from, to, values) in [
            ("SELECT * FROM [T] WHERE ID = {id}", "SELECT * FROM [T] WHERE ID = ?", "id"),
            ("INSERT INTO t (a, b) VALUES ('{a}',{b});", "INSERT INTO t (a, b) VALUES (?,?);", "a|b"),
            ("INSERT INTO [T] (NAME) VALUES ('{name}')", "INSERT INTO [T] (NAME) VALUES (?)", "name"),
            ("SELECT * FROM t WHERE a LIKE '%{q}%'", "SELECT * FROM t WHERE a LIKE ?", "`%${q}%`"),
            ("UPDATE t SET a = '{a}', b={b} WHERE c = \"{c}\"", "UPDATE t SET a = ?, b=? WHERE c = ?", "a|b|c"),
            ("SELECT * FROM t WHERE a IN ({a}, {b})", "SELECT * FROM t WHERE a IN (?, ?)", "a|b"),
        ] {
            let (text, got) = shown(from).unwrap_or_else(|| panic!("{from}"));
            assert_eq!((text.as_str(), got.join("|").as_str()), (to, values), "{from}");
        }
    }

    #[test]
    fn not_placeholders() {
        for from in [
            "SELECT * FROM {table}",
            "SELECT {column} FROM t",
            "SELECT a, {column} FROM t",
            "SELECT * FROM t ORDER BY {column}",
            "SELECT * FROM t ORDER BY a {direction}",
            "INSERT INTO t ({columns}) VALUES (1)",
            "SELECT * FROM t LIMIT {n}",
            "SELECT * FROM `{table}`",
            "SELECT * FROM t WHERE a = '{a}",
            "SELECT * FROM t_{suffix} WHERE a = 1",
            "SELECT * FROM t WHERE {column} = 1",
        ] {
            assert_eq!(shown(from), None, "{from}");
        }
    }

    #[test]
    fn postgres_numbers() {
        let done = parametrise(&[pieces("SELECT * FROM t WHERE a = {a} AND b = '{b}'")], Style::Dollar).unwrap();
        assert_eq!(done[0].pieces, [Piece::Text("SELECT * FROM t WHERE a = $1 AND b = $2".to_owned())]);
    }
}
