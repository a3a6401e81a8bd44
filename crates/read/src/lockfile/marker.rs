//! Environment markers (PEP 508, "Environment Markers"), as Lambda's Python has them: Linux, CPython, the runtime's version.

use std::cmp::Ordering;

/// Whether a marker holds for a Python version (`3.9`); `None` when that depends on what is not known (extras, an unknown runtime).
pub(super) fn holds(marker: &str, python: Option<&str>) -> Option<bool> {
    let mut words = Words { rest: marker, python, depth: 0 };
    let value = words.or()?;
    words.rest.trim().is_empty().then_some(value)?.known()
}

/// True, false or not known; `None` around it: not a marker.
#[derive(Clone, Copy)]
struct Three(Option<bool>);

impl Three {
    fn known(self) -> Option<bool> {
        self.0
    }
}

struct Words<'a> {
    rest: &'a str,
    python: Option<&'a str>,
    depth: usize,
}

impl<'a> Words<'a> {
    fn or(&mut self) -> Option<Three> {
        let mut value = self.and()?;
        while self.word("or") {
            let other = self.and()?;
            value = Three(match (value.0, other.0) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            });
        }
        Some(value)
    }

    fn and(&mut self) -> Option<Three> {
        let mut value = self.one()?;
        while self.word("and") {
            let other = self.one()?;
            value = Three(match (value.0, other.0) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            });
        }
        Some(value)
    }

    fn one(&mut self) -> Option<Three> {
        if self.take("(") {
            self.depth += 1;
            // Nobody nests deeper; a text that does is none of PEP 508's.
            if self.depth > 32 {
                return None;
            }
            let value = self.or()?;
            return self.take(")").then_some(value);
        }
        let left = self.operand()?;
        let operator = self.operator()?;
        let right = self.operand()?;
        Some(Three(compare(left, operator, right)))
    }

    /// A value: of the environment, or between quotes.
    fn operand(&mut self) -> Option<Operand<'a>> {
        self.rest = self.rest.trim_start();
        let quote = self.rest.chars().next()?;
        if matches!(quote, '\'' | '"') {
            let body = self.rest.get(1..)?;
            let end = body.find(quote)?;
            self.rest = body.get(end + 1..)?;
            return Some(Operand::Text(body.get(..end)?));
        }
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(match name {
            "python_version" | "python_full_version" | "implementation_version" => Operand::Version(self.python),
            "os_name" | "os.name" => Operand::Text("posix"),
            "sys_platform" | "sys.platform" => Operand::Text("linux"),
            "platform_system" => Operand::Text("Linux"),
            "platform_python_implementation" | "python_implementation" => Operand::Text("CPython"),
            "implementation_name" => Operand::Text("cpython"),
            "" => return None,
            _ => Operand::Unknown,
        })
    }

    fn operator(&mut self) -> Option<&'static str> {
        self.rest = self.rest.trim_start();
        for operator in ["===", "==", "~=", "!=", "<=", ">=", "<", ">", "not in", "in"] {
            if let Some(rest) = self.rest.strip_prefix(operator) {
                self.rest = rest;
                return Some(operator);
            }
        }
        None
    }

    fn take(&mut self, text: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(word).filter(|after| after.starts_with([' ', '(', '\'', '"'])) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }
}

#[derive(Clone, Copy)]
enum Operand<'a> {
    Text(&'a str),
    /// Python's own version, when the runtime is known.
    Version(Option<&'a str>),
    Unknown,
}

fn compare(left: Operand<'_>, operator: &str, right: Operand<'_>) -> Option<bool> {
    match (left, right) {
        (Operand::Version(own), Operand::Text(other)) => versions(own?, operator, other),
        (Operand::Text(other), Operand::Version(own)) => match operator {
            "in" | "not in" => None,
            "<" => versions(own?, ">", other),
            ">" => versions(own?, "<", other),
            "<=" => versions(own?, ">=", other),
            ">=" => versions(own?, "<=", other),
            same => versions(own?, same, other),
        },
        (Operand::Text(left), Operand::Text(right)) => Some(match operator {
            "==" | "===" => left == right,
            "!=" => left != right,
            "in" => right.contains(left),
            "not in" => !right.contains(left),
            _ => return None,
        }),
        _ => None,
    }
}

/// Compares `3.9` with what a marker names. A patch version is not known, so a bound inside the own minor version is open.
fn versions(own: &str, operator: &str, other: &str) -> Option<bool> {
    let listed = |text: &str| text.split([' ', ',']).any(|one| one == own);
    match operator {
        "in" => return Some(listed(other)),
        "not in" => return Some(!listed(other)),
        _ => {}
    }
    let star = other.strip_suffix(".*");
    let numbers = |text: &str| text.split('.').map(|part| part.parse::<u32>().ok()).collect::<Option<Vec<u32>>>();
    let (own, named) = (numbers(own)?, numbers(star.unwrap_or(other))?);
    if star.is_some() {
        return match operator {
            "==" => Some(own.starts_with(&named)),
            "!=" => Some(!own.starts_with(&named)),
            _ => None,
        };
    }
    if named.len() > own.len()
        && named.starts_with(&own)
        && !(named.iter().skip(own.len()).all(|part| *part == 0) && matches!(operator, ">=" | "<"))
    {
        return None;
    }
    let padded = |numbers: &[u32], at: usize| numbers.get(at).copied().unwrap_or(0);
    let length = own.len().max(named.len());
    let order =
        (0..length).map(|at| padded(&own, at).cmp(&padded(&named, at))).find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal);
    Some(match operator {
        "==" | "===" => order == Ordering::Equal,
        "!=" => order != Ordering::Equal,
        "<" => order == Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater,
        ">=" => order != Ordering::Less,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn markers_as_lambda_has_them() {
        let cases = [
            ("python_version < '3.8'", Some("3.9"), Some(false)),
            ("python_version >= \"3.8\" and sys_platform == 'win32'", Some("3.12"), Some(false)),
            ("sys_platform != 'win32'", None, Some(true)),
            ("python_version < '3'", None, None),
            ("extra == 'dev'", Some("3.9"), None),
            ("(os_name == 'nt' or python_version > '3.6') and platform_system == 'Linux'", Some("3.10"), Some(true)),
            ("python_full_version >= '3.9.0'", Some("3.9"), Some(true)),
            ("python_full_version < '3.9.7'", Some("3.9"), None),
            ("python_version == '3.*'", Some("3.9"), Some(true)),
            ("python_version in '2.7 3.9'", Some("3.9"), Some(true)),
            ("'3.9' <= python_version", Some("3.10"), Some(true)),
            ("what is this", Some("3.9"), None),
            ("((((((((((((((((((((((((((((((((((((((((", Some("3.9"), None),
        ];
        for (marker, python, expected) in cases {
            assert_eq!(holds(marker, python), expected, "{marker}");
        }
    }
}
