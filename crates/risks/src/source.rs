//! Edits of source text that are certain: a statement that stands alone on its lines is taken out, an argument is added to a call.
//! Whatever is written in another way gets no edit. Beside them what attacks read there: literals, and the claims of a token.

use base64::Engine as _;
use model::{App, Edit, Place, Span};

/// The text at a place.
pub fn text<'a>(app: &'a App, place: &Place) -> Option<&'a str> {
    app.sources.get(&place.file)?.text.get(place.span.start as usize..place.span.end as usize)
}

/// The first literal at a place: what is looked for there.
pub fn literal<'a>(app: &'a App, place: &Place) -> Option<&'a str> {
    let text = text(app, place)?;
    let (at, quote) = text.char_indices().find(|(_, c)| matches!(c, '"' | '\'' | '`'))?;
    text.get(at + 1..)?.split(quote).next()
}

/// The value of a claim of a token, as its holder reads it: one text.
pub fn claim(token: &str, name: &str) -> Option<String> {
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    claims.get(name)?.as_str().map(str::to_owned)
}

fn at(place: &Place, start: usize, end: usize) -> Place {
    let span = Span { start: start as u32, end: end as u32 };
    Place { span, ..place.clone() }
}

/// Takes out the statement that a call is, when nothing else stands on its lines and nothing hangs on it.
pub fn remove_statement(app: &App, place: &Place) -> Option<Edit> {
    let whole = &app.sources.get(&place.file)?.text;
    let (start, end) = (place.span.start as usize, place.span.end as usize);
    let (head, tail) = (whole.get(..start)?, whole.get(end..)?);
    let line = head.rfind('\n').map_or(0, |at| at + 1);
    let rest = tail.split('\n').next().unwrap_or_default();
    let python = place.file.ends_with(".py");
    // A comment behind the statement is about the statement.
    let trimmed = rest.trim().trim_start_matches(';').trim_start();
    let only = trimmed.is_empty() || trimmed.starts_with(if python { "#" } else { "//" });
    if !head.get(line..)?.trim().is_empty() || !only {
        return None;
    }
    let before = head.get(..line)?.lines().rev().map(str::trim).find(|text| !text.is_empty()).unwrap_or_default();
    // The only statement of a block or of an arrow, an operand on a line of its own.
    let alone = if python { before.ends_with(':') } else { before.ends_with(')') || before.ends_with("=>") || before.ends_with("else") };
    let continues = before.ends_with(['=', '+', ',', '(', '[', '?', '&', '|', '\\']) || before.ends_with("return");
    let next = tail.get(rest.len()..).unwrap_or_default().trim_start();
    let chained = next.starts_with(['.', '?', ':', '+', '&', '|', ',']);
    if continues || chained || (alone && !(python && deeper(tail, rest.len(), start - line))) {
        return None;
    }
    let end = end + rest.len() + usize::from(tail.len() > rest.len());
    Some(Edit::text(&at(place, line, end), ""))
}

/// Whether the block goes on after this line: the next line that is not empty is indented as far.
fn deeper(tail: &str, from: usize, indent: usize) -> bool {
    let next = tail.get(from..).unwrap_or_default().lines().find(|line| !line.trim().is_empty());
    next.is_some_and(|line| line.len() - line.trim_start().len() == indent)
}

/// The arguments of the call that a place covers: where each begins and ends in the file.
pub fn arguments(app: &App, place: &Place) -> Option<Vec<Place>> {
    let call = text(app, place)?;
    let open = call.find('(')?;
    let base = place.span.start as usize;
    let (mut depth, mut quote, mut start) = (0usize, None, open + 1);
    let mut found = Vec::new();
    let mut escaped = false;
    for (index, c) in call.char_indices().skip_while(|(index, _)| *index < open) {
        if let Some(closing) = quote {
            match c {
                _ if std::mem::take(&mut escaped) => {}
                '\\' => escaped = true,
                c if c == closing => quote = None,
                _ => {}
            }
            continue;
        }
        match c {
            '"' | '\'' | '`' => quote = Some(c),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    let inner = call.get(start..index)?;
                    if !inner.trim().is_empty() {
                        found.push(trimmed(place, base + start, inner));
                    }
                    return Some(found);
                }
            }
            ',' if depth == 1 => {
                found.push(trimmed(place, base + start, call.get(start..index)?));
                start = index + 1;
            }
            _ => {}
        }
    }
    None
}

fn trimmed(place: &Place, start: usize, inner: &str) -> Place {
    let start = start + (inner.len() - inner.trim_start().len());
    at(place, start, start + inner.trim().len())
}

/// Adds something after an argument.
pub fn after(argument: &Place, with: &str) -> Edit {
    let end = argument.span.end as usize;
    Edit::text(&at(argument, end, end), with)
}

/// Adds a property to an object literal, first.
pub fn into_object(argument: &Place, with: &str, empty: bool) -> Edit {
    let start = argument.span.start as usize + 1;
    Edit::text(&at(argument, start, start), if empty { format!(" {with} ") } else { format!(" {with},") })
}

/// Replaces the one occurrence of a text within a place. `None` when there is none or more than one.
pub fn replace_once(app: &App, place: &Place, old: &str, new: &str) -> Option<Edit> {
    let text = text(app, place)?;
    let (first, rest) = text.split_once(old)?;
    if rest.contains(old) {
        return None;
    }
    let start = place.span.start as usize + first.len();
    Some(Edit::text(&at(place, start, start + old.len()), new))
}

/// Replaces the one occurrence of a text in the file that a place is in. `None` when there is none or more than one.
pub fn replace_in_file(app: &App, place: &Place, old: &str, new: &str) -> Option<Edit> {
    let length = app.sources.get(&place.file)?.text.len();
    replace_once(app, &at(place, 0, length), old, new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Source;

    fn app(file: &str, text: &str) -> App {
        let mut app = App::new("111122223333", "us-east-1", []);
        app.sources.insert(file.into(), Source { path: file.into(), text: text.into() });
        app
    }

    fn place(file: &str, text: &str, part: &str) -> Place {
        let start = text.find(part).unwrap();
        Place::new(file, 1, 1).with_span(start, start + part.len())
    }

    #[test]
    fn statements_go_whole_or_not_at_all() {
        for (file, text, part, removed) in [
            ("a.js", "  a();\n  console.log(x);\n  b();\n", "console.log(x)", Some("  a();\n  b();\n")),
            ("a.js", "  a();\n  console.log(\n    x,\n  );\n  b();\n", "console.log(\n    x,\n  )", Some("  a();\n  b();\n")),
            ("a.js", "  a(); console.log(x);\n", "console.log(x)", None),
            ("a.js", "if (x)\n  console.log(x);\nb();\n", "console.log(x)", None),
            ("a.js", "f(() =>\n  console.log(x)\n)\n", "console.log(x)", None),
            ("a.py", "def f(x):\n    print(x)\n    return 1\n", "print(x)", Some("def f(x):\n    return 1\n")),
            ("a.py", "if x:\n    print(x)\ny = 1\n", "print(x)", None),
        ] {
            let app = app(file, text);
            let edit = remove_statement(&app, &place(file, text, part));
            let after = edit.map(|edit| match edit {
                Edit::Text { span, with, .. } => format!("{}{with}{}", &text[..span.start as usize], &text[span.end as usize..]),
                other => panic!("{other:?}"),
            });
            assert_eq!(after.as_deref(), removed, "{text}");
        }
    }

    #[test]
    fn arguments_of_a_call() {
        let text = "jwt.verify(token, f(a, \",)\"), {issuer: iss}, function (e) { g(e, 1); })";
        let app = app("a.js", text);
        let found = arguments(&app, &place("a.js", text, text)).unwrap();
        let parts: Vec<&str> = found.iter().map(|p| super::text(&app, p).unwrap()).collect();
        assert_eq!(parts, ["token", "f(a, \",)\")", "{issuer: iss}", "function (e) { g(e, 1); }"]);
    }
}
