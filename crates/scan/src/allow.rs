//! Comments that allow a risk: `# sekisho: allow RISK -- reason`, on the line of the finding or the line above.

use model::{App, Place, Trouble};
use std::sync::Arc;

/// All allow comments of an application, and which were used.
pub struct Allows {
    comments: Vec<Comment>,
    troubles: Vec<Trouble>,
}

struct Comment {
    risk: String,
    file: Arc<str>,
    line: usize,
    used: bool,
}

const MARK: &str = "sekisho: allow ";

impl Allows {
    /// Finds the comments in every source file.
    pub fn of(app: &App) -> Self {
        let (mut comments, mut troubles) = (Vec::new(), Vec::new());
        for source in app.sources.values() {
            for (index, text) in source.text.lines().enumerate() {
                let Some(rest) = comment(text) else { continue };
                let line = index + 1;
                let (risk, reason) = rest.split_once("--").map_or((rest, ""), |(risk, reason)| (risk, reason));
                let (risk, reason) = (risk.trim(), reason.trim());
                let trouble = |says: String, help: &str| Trouble { says, place: super::file_line(&source.path, line), help: help.into() };
                if !super::is_known(risk) {
                    troubles.push(trouble(
                        format!("allow comment names `{risk}`, which is no risk"),
                        "run `sekisho explain` for the list of risks",
                    ));
                } else if reason.is_empty() {
                    troubles.push(trouble(
                        format!("allow comment for {risk} has no reason and is ignored"),
                        "write `-- why this is acceptable` behind it",
                    ));
                } else {
                    comments.push(Comment { risk: risk.to_owned(), file: source.path.clone(), line, used: false });
                }
            }
        }
        Self { comments, troubles }
    }

    /// Whether a comment allows this finding; the comment then counts as used.
    pub fn takes(&mut self, risk: &str, place: &Place) -> bool {
        let line = place.line as usize;
        let found = self.comments.iter_mut().find(|c| c.risk == risk && c.file == place.file && (c.line == line || c.line + 1 == line));
        found.is_some_and(|comment| {
            comment.used = true;
            true
        })
    }

    /// Comments that are wrong, and comments that allow nothing of the risks that were asked for.
    pub fn troubles(self, asks: impl Fn(&str) -> bool) -> impl Iterator<Item = Trouble> {
        let unused = self.comments.into_iter().filter(move |comment| !comment.used && asks(&comment.risk)).map(|comment| Trouble {
            says: format!("allow comment for {} silences nothing", comment.risk),
            place: super::file_line(&comment.file, comment.line),
            help: "take it out, or move it to the line of the finding".into(),
        });
        self.troubles.into_iter().chain(unused)
    }
}

/// What stands behind the mark, when the line has it in a comment (`#`, `//`, `--`).
fn comment(line: &str) -> Option<&str> {
    let at = line.find(MARK)?;
    let before = line.get(..at)?.trim_end();
    let opened = before.ends_with('#') || before.ends_with("//") || before.ends_with("/*");
    opened.then(|| line.get(at + MARK.len()..).unwrap_or_default().trim_end_matches("*/"))
}

#[cfg(test)]
mod tests {
    use super::comment;

    #[test]
    fn only_in_comments() {
        assert_eq!(comment("get: # sekisho: allow x -- y"), Some("x -- y"));
        assert_eq!(comment("  // sekisho: allow x -- y"), Some("x -- y"));
        assert_eq!(comment("says: 'sekisho: allow x -- y'"), None);
    }
}
