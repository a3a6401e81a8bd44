//! What a browser does with an answer, as far as an attack with a script needs it: whether it is shown as a page, and which scripts
//! in it run by themselves (HTML Standard, 13.2.5 "Tokenization", 4.12.1.1 "Processing model" of scripts; Content Security Policy
//! Level 3, 6.7.3.2 "Does element match source list"). It runs nothing.

use model::HttpResponse;

/// Elements whose content is text to the tokenizer (with scripting on).
const TEXT: [&str; 9] = ["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript"];
/// Handlers of events that happen without anybody touching the page.
const BY_THEMSELVES: [&str; 2] = ["onload", "onerror"];

/// Whether just this script runs when somebody opens the answer.
pub fn runs(response: &HttpResponse, script: &str) -> bool {
    let kind = response.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let page = ["text/html", "application/xhtml+xml"].iter().any(|known| kind.split(';').next().is_some_and(|kind| kind.trim() == *known));
    page && (200..600).contains(&response.status)
        && !(300..400).contains(&response.status)
        && inline_scripts_are_allowed(response)
        && scripts(&String::from_utf8_lossy(&response.body)).iter().any(|found| found.trim() == script)
}

/// No policy that the answer carries forbids scripts between its tags.
fn inline_scripts_are_allowed(response: &HttpResponse) -> bool {
    let policies = response.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-security-policy"));
    policies.flat_map(|(_, value)| value.split(',')).all(|policy| {
        let directives: Vec<Vec<String>> =
            policy.split(';').map(|directive| directive.split_whitespace().map(str::to_ascii_lowercase).collect()).collect();
        let of = |name: &str| directives.iter().find(|words: &&Vec<String>| words.first().is_some_and(|first| first == name));
        let Some(sources) = of("script-src-elem").or_else(|| of("script-src")).or_else(|| of("default-src")) else { return true };
        // A hash, a nonce or `strict-dynamic` beside it takes `unsafe-inline` back.
        let strict = sources
            .iter()
            .any(|word| ["'nonce-", "'sha256-", "'sha384-", "'sha512-", "'strict-dynamic'"].iter().any(|s| word.starts_with(s)));
        !strict && sources.iter().any(|word| word == "'unsafe-inline'")
    })
}

/// The texts of a page that run as scripts when it is opened.
fn scripts(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut rest, mut templates) = (page, 0_u32);
    while let Some(at) = rest.find('<') {
        rest = rest.get(at + 1..).unwrap_or_default();
        if let Some(comment) = rest.strip_prefix("!--") {
            let end = comment.strip_prefix('>').or_else(|| comment.strip_prefix("->"));
            rest = end.or_else(|| comment.split_once("-->").map(|(_, after)| after)).unwrap_or_default();
        } else if rest.starts_with(['!', '?']) {
            rest = rest.split_once('>').map_or("", |(_, after)| after);
        } else if rest.starts_with(|c: char| c == '/' || c.is_ascii_alphabetic()) {
            let tag = Tag::read(&mut rest);
            match (tag.name.as_str(), tag.ends) {
                ("", _) => continue,
                ("template", false) => templates += 1,
                ("template", true) => templates = templates.saturating_sub(1),
                ("plaintext", false) => break,
                _ => {}
            }
            if tag.ends {
                continue;
            }
            let handlers = tag.attributes.iter().filter(|(name, _)| BY_THEMSELVES.contains(&name.as_str())).map(|(_, value)| value.clone());
            if templates == 0 {
                found.extend(handlers);
            }
            if TEXT.contains(&tag.name.as_str()) {
                // What is never closed is never run.
                let Some((text, after)) = until_end(rest, &tag.name) else { break };
                rest = after;
                if tag.name == "script" && templates == 0 && tag.is_script() {
                    found.push(text.to_owned());
                }
            }
        }
    }
    found
}

/// The text up to the end tag of this name, and what follows the tag's name.
fn until_end<'t>(text: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
    let lower = text.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = lower.get(from..).and_then(|rest| rest.find(&format!("</{name}"))) {
        let (start, end) = (from + at, from + at + 2 + name.len());
        if lower.get(end..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/')) {
            return Some((text.get(..start)?, text.get(end..)?));
        }
        from = end;
    }
    None
}

/// A start or an end tag.
#[derive(Debug, Default)]
struct Tag {
    ends: bool,
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    /// Reads a tag behind its `<`, and leaves what comes behind it.
    fn read(rest: &mut &str) -> Self {
        let mut tag = Self::default();
        if let Some(after) = rest.strip_prefix('/') {
            (tag.ends, *rest) = (true, after);
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).unwrap_or(rest.len());
        tag.name = rest.get(..end).unwrap_or_default().to_ascii_lowercase();
        *rest = rest.get(end..).unwrap_or_default();
        loop {
            *rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if let Some(after) = rest.strip_prefix('>') {
                *rest = after;
                return tag;
            }
            if rest.is_empty() {
                // A tag that never ends is none.
                return Self::default();
            }
            tag.attribute(rest);
        }
    }

    fn attribute(&mut self, rest: &mut &str) {
        // A `=` at the beginning is part of the name.
        let end = rest.char_indices().find(|(at, c)| *at > 0 && (c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=')));
        let (name, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        *rest = after.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start_matches(|c: char| c.is_ascii_whitespace());
            (value, *rest) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    let inner = after.get(1..).unwrap_or_default();
                    inner.split_once(quote).unwrap_or((inner, ""))
                }
                _ => after.split_at(after.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(after.len())),
            };
        }
        self.attributes.push((name.to_ascii_lowercase(), characters(value)));
    }

    /// A script that is in the page and not elsewhere, in a language that browsers run.
    fn is_script(&self) -> bool {
        let value =
            |wanted: &str| self.attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.trim().to_ascii_lowercase());
        let kind = value("type").unwrap_or_default();
        let runs = ["", "module", "text/javascript", "application/javascript", "text/ecmascript", "application/ecmascript"];
        value("src").is_none() && runs.contains(&kind.as_str())
    }
}

/// Character references of an attribute's value, as far as a script is written with them.
fn characters(value: &str) -> String {
    let (mut out, mut rest) = (String::new(), value);
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let known = [("quot;", '"'), ("apos;", '\''), ("amp;", '&'), ("lt;", '<'), ("gt;", '>')];
        let named = known.iter().find_map(|(name, c)| Some((*c, after.strip_prefix(name)?)));
        let numbered = || {
            let (number, after) = after.strip_prefix('#')?.split_once(';')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            Some((char::from_u32(code)?, after))
        };
        match named.or_else(numbered) {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(kind: &str, policy: Option<&str>, body: &str) -> bool {
        let mut headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        headers.extend(policy.map(|policy| ("Content-Security-Policy".to_owned(), policy.to_owned())));
        runs(&HttpResponse { status: 200, headers, body: body.as_bytes().to_vec() }, "go('x')")
    }

    #[test]
    fn scripts_that_run() {
        for page in [
            "<h1>Results for <script>go('x')</script></h1>",
            "<SCRIPT type=module>go('x')</SCRIPT>",
            "<input value=\"\"><script>go('x')</script>\">",
            "<img src=x onerror=\"go('x')\">",
            "<svg/onload=\"go(&#39;x&#x27;)\">",
            "<title>a</title ><script>go('x')</script>",
            "<!-- a --><script>go('x')</script>",
        ] {
            assert!(opened("text/html; charset=utf-8", None, page), "{page}");
        }
    }

    #[test]
    fn markup_that_does_not() {
        for page in [
            "&lt;script&gt;go('x')&lt;/script&gt;",
            "<textarea><script>go('x')</script></textarea>",
            "<title><script>go('x')</script></title>",
            "<!-- <script>go('x')</script> -->",
            "<script type=\"application/json\">go('x')</script>",
            "<script src=/a.js>go('x')</script>",
            "<script>const word = \"<b>go('x')</b>\"</script>",
            "<template><script>go('x')</script></template>",
            "<a title=\"<script>go('x')</script>\">",
            "<p onclick=\"go('x')\">",
            "<script>go('x')",
        ] {
            assert!(!opened("text/html", None, page), "{page}");
        }
        let script = "<script>go('x')</script>";
        assert!(!opened("application/json", None, script), "browsers show JSON, they do not run it");
        assert!(!opened("text/plain", None, script));
        assert!(!opened("text/html", Some("default-src 'self'"), script));
        assert!(!opened("text/html", Some("script-src 'unsafe-inline' 'nonce-abc'"), script));
        assert!(opened("text/html", Some("default-src 'self'; script-src 'unsafe-inline'"), script));
        assert!(opened("text/html", Some("img-src 'none'"), script));
    }
}
