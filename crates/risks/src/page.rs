//! A risk's page: front matter, prose, and fenced blocks that are the documentation and the test at once.

use model::Severity;

/// A page, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// Title in words.
    pub title: &'a str,
    /// Usual severity; a finding may differ.
    pub severity: Severity,
    /// Ids in other catalogues: `OWASP-SLS-01`.
    pub maps: Vec<&'a str>,
    /// What of the product's own list of rows it answers for: `R4`, `C2-4.5`.
    pub rows: Vec<&'a str>,
    /// ATT&CK techniques of its attack.
    pub attack: Vec<&'a str>,
    /// Markdown after the front matter.
    pub text: &'a str,
    /// The fenced blocks, in order.
    pub blocks: Vec<Block<'a>>,
}

/// A fenced block: "```yaml vulnerable template.yaml".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// `yaml`, `js`, `json`, `http`.
    pub language: &'a str,
    /// `vulnerable`, `fixed`, `attack`, `evidence`, `silent`.
    pub role: &'a str,
    /// The file it stands for, if it does.
    pub file: Option<&'a str>,
    /// The text between the fences.
    pub text: &'a str,
}

/// A page that is not of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageError(pub String);

impl std::fmt::Display for PageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PageError {}

impl<'a> Page<'a> {
    /// Reads a page.
    ///
    /// # Errors
    /// When the front matter is missing or lacks a key.
    pub fn read(source: &'a str) -> Result<Self, PageError> {
        let (front, text) = source
            .strip_prefix("---\n")
            .and_then(|rest| rest.split_once("\n---\n"))
            .ok_or_else(|| PageError("the page does not begin with front matter between `---` lines".into()))?;
        let key = |name: &str| {
            front
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .map(str::trim)
                .ok_or_else(|| PageError(format!("the front matter has no `{name}`")))
        };
        let list = |name: &str| Ok(key(name)?.split(',').map(str::trim).filter(|item| !item.is_empty()).collect());
        let severity = match key("severity")? {
            "low" => Severity::Low,
            "medium" => Severity::Medium,
            "high" => Severity::High,
            "critical" => Severity::Critical,
            other => return Err(PageError(format!("severity `{other}` is not one of low, medium, high, critical"))),
        };
        Ok(Self {
            title: key("title")?,
            severity,
            maps: list("maps")?,
            rows: list("rows")?,
            attack: list("attack")?,
            text,
            blocks: blocks(text),
        })
    }

    /// Blocks with this role.
    pub fn role(&self, role: &'a str) -> impl Iterator<Item = &Block<'a>> {
        self.blocks.iter().filter(move |block| block.role == role)
    }
}

/// The fenced blocks of a text.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("\n```") {
        let Some(after) = rest.get(open + 4..) else { break };
        let Some((info, body)) = after.split_once('\n') else { break };
        let Some(close) = body.find("\n```") else { break };
        let mut words = info.split_whitespace();
        if let (Some(language), Some(role)) = (words.next(), words.next()) {
            // The closing fence's own line break ends the block's last line.
            blocks.push(Block { language, role, file: words.next(), text: body.get(..=close).unwrap_or_default() });
        }
        rest = body.get(close + 4..).unwrap_or_default();
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_front_matter_and_blocks() {
        let page = Page::read("---\ntitle: T\nseverity: high\nmaps: A, B\nrows: R1\nattack: T1190\n---\nText\n\n```yaml vulnerable t.yaml\na: 1\n```\n\n```js fixed\nx\ny\n```\n").unwrap();
        assert_eq!((page.title, page.severity, page.maps.as_slice()), ("T", Severity::High, ["A", "B"].as_slice()));
        assert_eq!(page.blocks.len(), 2);
        assert_eq!(page.blocks[0], Block { language: "yaml", role: "vulnerable", file: Some("t.yaml"), text: "a: 1\n" });
        assert_eq!(page.role("fixed").next().unwrap().text, "x\ny\n");
    }

    #[test]
    fn refuses_what_is_not_a_page() {
        assert!(Page::read("# no front matter").is_err());
        assert!(Page::read("---\ntitle: T\nseverity: awful\nmaps: A\nrows:\nattack:\n---\n").is_err());
    }
}
