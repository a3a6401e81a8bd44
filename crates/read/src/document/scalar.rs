//! Plain scalars by YAML 1.1's types, as far as CloudFormation follows them: dates stay text ("Template formats":
//! timestamps are not supported), numbers keep the form in which they were written.

use model::Kind;

/// The value of a plain (unquoted, untagged) scalar.
pub(super) fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Kind::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Kind::Bool(false),
        _ if is_number(text) => Kind::Number(text.to_owned()),
        _ => Kind::String(text.to_owned()),
    }
}

/// `12`, `-1`, `0.5`, `.5`, `1e3`, `0x1F`; neither `1.0.0` nor `2012-10-17`.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hex) = digits.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    if let Some(exponent) = exponent {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if exponent.is_empty() || !exponent.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
    }
    let mut parts = mantissa.split('.');
    let (whole, fraction) = (parts.next().unwrap_or_default(), parts.next());
    parts.next().is_none()
        && (!whole.is_empty() || fraction.is_some_and(|f| !f.is_empty()))
        && whole.bytes().chain(fraction.unwrap_or_default().bytes()).all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::plain;
    use model::Kind;

    #[test]
    fn types_of_plain_scalars() {
        for number in ["0", "-1", "+7", "0.5", ".5", "5.", "1e3", "1.5E-3", "0x1F", "012345678901"] {
            assert_eq!(plain(number), Kind::Number(number.to_owned()));
        }
        for text in ["2012-10-17", "1.0.0", "nodejs20.x", "-", ".", "e3", "1e", "0x", "y", "n", "10.0.0.0/16", "1_000", "+"] {
            assert_eq!(plain(text), Kind::String(text.to_owned()));
        }
        assert_eq!(plain("Yes"), Kind::Bool(true));
        assert_eq!(plain("OFF"), Kind::Bool(false));
        assert_eq!(plain("~"), Kind::Null);
    }
}
