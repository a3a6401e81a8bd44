//! Secrets in files that are not code: templates, JSON, YAML, `.env`, `.properties`, INI, TOML, and what git keeps of any file. Line
//! by line: a name that promises a secret and a value that is one, or a value that has the form of one wherever it stands.

use super::{names, names::Promise, values};
use crate::ir::Module;
use memchr::memmem;
use model::code::Secret;
use model::{Place, Span, Trouble};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Larger files are data, not configuration.
const MAX_BYTES: usize = 2 << 20;
/// Files that hold hashes by the thousand and no secret.
const LOCKS: [&str; 9] = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "Pipfile.lock",
    "uv.lock",
    "Cargo.lock",
    "go.sum",
];
/// Names of what a template's parameter is given when nobody gives it a value, and of an entry's value beside its name.
const VALUES: [&str; 5] = ["default", "value", "parametervalue", "secretstring", "plaintext"];

/// The secrets of a text that is no code, in order. `path` is where it stands; bytes that are no text hold none that this can see.
///
/// # Errors
/// When the text is too large to be searched.
pub(crate) fn find(path: &str, bytes: &[u8]) -> Result<Vec<Secret>, Trouble> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if LOCKS.contains(&name) {
        return Ok(Vec::new());
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(Vec::new()) };
    if memchr::memchr(0, bytes).is_some() {
        return Ok(Vec::new());
    }
    if bytes.len() > MAX_BYTES {
        let says = format!("not assessed: {path} is over {} MiB and was not searched for secrets", MAX_BYTES >> 20);
        return Err(Trouble {
            says,
            place: Place::new(path, 1, 1),
            help: "keep data out of the repository, or search it by other means".into(),
        });
    }
    let mut search = Search {
        path: path.into(),
        lines: OnceCell::new(),
        text,
        forms_only: super::is_test(path) || is_prose(name),
        settings: is_settings(name),
        found: Vec::new(),
        seen: BTreeSet::new(),
    };
    search.keys();
    search.lines();
    search.found.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(search.found)
}

/// Files of names and values, where a value is what the application is given.
fn is_settings(name: &str) -> bool {
    name == ".env"
        || name.starts_with(".env.")
        || [".env", ".properties", ".ini", ".cfg", ".conf", ".toml"].iter().any(|end| name.ends_with(end))
}

/// Texts for people, where a name and a value are an example or the output of one.
fn is_prose(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".md", ".markdown", ".mdx", ".rst", ".adoc", ".txt"].iter().any(|end| name.ends_with(end))
}

struct Search<'t> {
    path: Arc<str>,
    /// Where each line begins, once something was found.
    lines: OnceCell<Vec<u32>>,
    text: &'t str,
    forms_only: bool,
    settings: bool,
    found: Vec<Secret>,
    seen: BTreeSet<Span>,
}

impl<'t> Search<'t> {
    /// Blocks that begin and end with a line of their own.
    fn keys(&mut self) {
        let mut from = 0;
        while let Some(begin) = self.text.as_bytes().get(from..).and_then(|t| memmem::find(t, b"-----BEGIN ")).map(|at| at + from) {
            let end = self.text.get(begin..).and_then(|t| t.find("-----END ")).map_or(self.text.len(), |at| at + begin);
            let block = self.text.get(begin..end).unwrap_or("");
            // In JSON the lines of a key are joined by `\n`.
            if values::form(&block.replace("\\n", "\n")).is_some() {
                self.add(begin, block, "private key", "private key", None);
            }
            from = end.max(begin + 11);
        }
    }

    fn lines(&mut self) {
        // The names above a line, by how far they are indented.
        let mut above: Vec<(usize, &'t str)> = Vec::new();
        let mut beside: Option<(usize, &'t str)> = None;
        let mut beginnings = values::beginnings(self.text).map(Iterator::peekable);
        let text = self.text;
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
            let (at, line) = (start, text.get(start..end).unwrap_or(""));
            start = end + 1;
            let line = line.strip_suffix('\r').unwrap_or(line);
            let may_have_form = beginnings.as_mut().is_none_or(|found| {
                let first = found.peek().is_some_and(|begin| *begin < end);
                while found.next_if(|begin| *begin < end).is_some() {}
                first
            });
            if may_have_form {
                self.forms(at, line);
            }
            let Some(pair) = pair(line) else { continue };
            above.retain(|(indent, _)| *indent < pair.indent);
            let is = |word: &&str| pair.name.eq_ignore_ascii_case(word);
            let mut name = pair.name;
            if VALUES.iter().any(is) {
                let sibling = beside.filter(|(indent, _)| *indent == pair.indent).map(|(_, name)| name);
                let parent = above.last().map(|(_, name)| *name);
                name = sibling.or(parent).unwrap_or(name);
            }
            if ["name", "key", "parametername", "parameterkey"].iter().any(is) {
                beside = Some((pair.indent, pair.value));
            }
            if pair.value.is_empty() {
                above.push((pair.indent, pair.name));
                continue;
            }
            self.given(name, at + pair.at, pair.value, name != pair.name);
        }
    }

    /// Values that have the form of a secret, whatever their name.
    fn forms(&mut self, start: usize, line: &'t str) {
        if line.len() > 4096 {
            return;
        }
        for separators in [&SEPARATORS[..15], &SEPARATORS] {
            for (at, word) in words(line, separators) {
                if let Some(kind) = values::form(word) {
                    let user = values::user_of_url(word);
                    self.add(start + at, word, kind, "", user);
                }
            }
        }
    }

    /// A value is given to a name; `default`: it is what the name has when nobody says otherwise.
    fn given(&mut self, name: &str, at: usize, value: &str, default: bool) {
        let last = name.rsplit(['.', '/']).next().unwrap_or(name);
        let Some(promise) = names::promise(last).filter(|_| !self.forms_only) else { return };
        if is_reference(value) || values::form(value).is_some() {
            return;
        }
        let words = names::words(name);
        let database = ["db", "database", "master", "mysql", "postgres", "rds", "redis", "aurora", "root", "admin"];
        let connection = promise == Promise::Password && (self.settings || default || words.iter().any(|w| database.contains(&w.as_str())));
        if !values::is_secret(last, value, connection) {
            return;
        }
        let kind = if connection && words.iter().any(|w| database.contains(&w.as_str())) { "database password" } else { promise.kind() };
        self.add(at, value, kind, last, None);
    }

    fn add(&mut self, at: usize, value: &str, kind: &str, name: &str, user: Option<String>) {
        let span = Span { start: at as u32, end: (at + value.len()) as u32 };
        if self.seen.iter().any(|known| known.start <= span.start && span.end <= known.end) {
            return;
        }
        self.seen.insert(span);
        let lines = self.lines.get_or_init(|| Module::lines_of(self.text));
        let line = lines.partition_point(|&start| start <= span.start).max(1);
        let start = lines.get(line - 1).copied().unwrap_or(0) as usize;
        let column = self.text.get(start..at).map_or(0, |head| head.chars().count());
        self.found.push(Secret {
            kind: kind.to_owned(),
            name: if name.is_empty() { kind.to_owned() } else { name.to_owned() },
            value: value.to_owned(),
            place: model::Place { file: self.path.clone(), line: line as u32, column: column as u32 + 1, span },
            object: None,
            user,
            function: None,
        });
    }
}

/// A name and a value on one line.
struct Pair<'l> {
    indent: usize,
    name: &'l str,
    value: &'l str,
    /// Where the value begins in the line.
    at: usize,
}

/// `name: value`, `"name": "value",`, `name=value`, `export name=value`; comments hold none.
fn pair(line: &str) -> Option<Pair<'_>> {
    let body = line.trim_start();
    if line.len() > 4096 || body.starts_with('#') || body.starts_with("//") || body.starts_with(';') || body.starts_with('*') {
        return None;
    }
    let mut indent = line.len() - body.len();
    let mut rest = body;
    while let Some(inner) = rest.strip_prefix("- ") {
        indent += 2;
        rest = inner.trim_start();
    }
    rest = rest.strip_prefix("export ").unwrap_or(rest).trim_start_matches(['{', ' ']);
    rest = ["const ", "let ", "var ", "final ", "static ", "String "].iter().fold(rest, |r, word| r.strip_prefix(word).unwrap_or(r));
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (name, after) = match quote {
        Some(quote) => rest.get(1..)?.split_once(quote)?,
        None => {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')))?;
            rest.split_at(end)
        }
    };
    let after = after.trim_start();
    let value = after.strip_prefix([':', '=']).filter(|v| !v.starts_with(['=', ':']))?;
    let mut value = value.trim();
    value = value.strip_prefix("!Sub ").unwrap_or(value).trim_end_matches([',', ';', '}']).trim_end();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let value = match quote {
        Some(quote) => {
            let inner = value.get(1..)?;
            inner.get(..inner.find(quote)?)?
        }
        None => value.split(" #").next().unwrap_or(value).trim_end(),
    };
    let at = (value.as_ptr() as usize).checked_sub(line.as_ptr() as usize).filter(|at| *at <= line.len())?;
    (!name.is_empty()).then_some(Pair { indent, name, value, at })
}

/// What a template or a settings file refers to, and no value itself.
fn is_reference(value: &str) -> bool {
    value.starts_with(['!', '{', '[', '$', '&', '*', '|', '>', '@', '%'])
        || value.contains("resolve:")
        || value.contains("['")
        || value.contains("[\"")
        || value.contains("Fn::")
        || value.contains('(')
}

/// What separates the words of a line; the last four also where a word may hold them.
const SEPARATORS: [u8; 19] = *b" \t\"'`,;<>()[]{}=:/@";

/// The words of a line that are long enough for a secret, with where they begin. Separators are ASCII: no character is cut.
fn words<'l>(line: &'l str, separators: &'l [u8]) -> impl Iterator<Item = (usize, &'l str)> {
    let mut is_separator = [false; 256];
    separators.iter().for_each(|b| is_separator[usize::from(*b)] = true);
    let mut start = 0;
    let parts = line.as_bytes().split(move |b| is_separator[usize::from(*b)]).map(move |part| {
        let at = start;
        start += part.len() + 1;
        (at, part.len())
    });
    parts.filter(|(_, length)| *length >= 12).filter_map(|(at, length)| Some((at, line.get(at..at + length)?)))
}
