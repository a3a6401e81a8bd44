//! Words to lines of a width, columns to a table. Widths are what a terminal shows, so wide characters count
//! two columns and escape sequences none.

use unicode_width::UnicodeWidthStr;

/// Breaks a text at spaces; words longer than the width stay whole.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.width() + 1 + word.width() > width {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// Wraps behind a first margin; the following lines get as many spaces.
pub(crate) fn hanging(first: &str, margin: usize, text: &str, width: usize) -> String {
    let lines = wrap(text, width.saturating_sub(margin).max(24));
    lines.join(&format!("\n{}", " ".repeat(margin))).replacen("", first, 1)
}

/// Pads to a width.
pub(crate) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// `1 finding`, `2 findings`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{} {noun}s", thousands(number as u64)),
    }
}

/// `12,345`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{hanging, pad, thousands, wrap};

    #[test]
    fn wraps_by_what_is_seen() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("関所 関所 関所", 9), ["関所 関所", "関所"]);
        assert_eq!(wrap("unbreakably-long", 3), ["unbreakably-long"]);
        assert_eq!(hanging("next: ", 6, "one two", 100), "next: one two");
        assert_eq!(pad("関", 4), "関  ");
        assert_eq!([thousands(0), thousands(999), thousands(1000), thousands(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
    }
}
