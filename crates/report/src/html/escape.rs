//! The one escaper for HTML. Everything an application wrote goes through it; the page has no script, and its policy
//! lets none run.

use std::borrow::Cow;

/// Text that is text between tags and in double-quoted attributes; what a renderer would obey is shown.
pub(crate) fn html(text: &str) -> Cow<'_, str> {
    let shown = crate::escape(text);
    if !shown.contains(['&', '<', '>', '"', '\'']) {
        return shown;
    }
    let mut safe = String::with_capacity(shown.len() + 16);
    for c in shown.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn nothing_opens_a_tag_or_leaves_an_attribute() {
        assert_eq!(html("<img src=x onerror='a(\"b\")'>&"), "&lt;img src=x onerror=&#39;a(&quot;b&quot;)&#39;&gt;&amp;");
        assert_eq!(html("a\u{202e}b"), "a\\u{202e}b");
    }
}
