//! The one call into Guard's library: rules and a template in, its records of evaluation out.

use crate::RuleFile;
use model::Trouble;
use serde_json::Value;

/// The records of evaluating a file of rules on a template (JSON); nothing when the file holds no rule.
///
/// # Errors
/// Rules that cannot be read, at their line and column; rules that cannot be evaluated on this template.
#[cfg(feature = "guard")]
pub(crate) fn records(file: &RuleFile, template: &str, name: &str) -> Result<Value, Trouble> {
    use cfn_guard::{ValidateInput, run_checks};
    let help = "correct the rule; Guard's guide, \"Writing Guard rules\", says how they are written";
    let run = || {
        let data = ValidateInput { content: template, file_name: name };
        // The verbose form is the whole tree; the short one is cut where a buffer ends.
        run_checks(data, ValidateInput { content: &file.text, file_name: &file.name }, true)
    };
    // The library panics where it holds something to be impossible.
    match std::panic::catch_unwind(run) {
        Ok(Ok(text)) if text.is_empty() => Ok(Value::Null),
        Ok(Ok(text)) => serde_json::from_str(&text).map_err(|error| Trouble {
            says: format!("not assessed: what Guard answered on {name} could not be read: {error}"),
            place: crate::at(file, 1, 1),
            help: "report this".to_owned(),
        }),
        Ok(Err(error)) => Err(refused(file, name, &error.to_string(), help)),
        Err(_) => Err(refused(file, name, "Guard's library gave up", "report this to cloudformation-guard")),
    }
}

/// Without the engine nothing is evaluated, and that is said.
#[cfg(not(feature = "guard"))]
pub(crate) fn records(file: &RuleFile, _template: &str, _name: &str) -> Result<Value, Trouble> {
    Err(Trouble {
        says: "this build cannot run Guard rules".to_owned(),
        place: crate::at(file, 1, 1),
        help: "build it with them: cargo build --release --features guard".to_owned(),
    })
}

/// What Guard says of an error: where, when it is one of the rules' text.
#[cfg(feature = "guard")]
fn refused(file: &RuleFile, template: &str, error: &str, help: &str) -> Trouble {
    match position(error) {
        Some((line, column)) => {
            Trouble { says: "this is no Guard rule".to_owned(), place: crate::at(file, line, column), help: help.to_owned() }
        }
        None => {
            let says = format!("not assessed: {} could not be held against {template}: {}", file.name, error.replace('\n', " "));
            Trouble { says, place: crate::at(file, 1, 1), help: help.to_owned() }
        }
    }
}

/// `... at line 3 at column 14, ...`.
#[cfg(any(feature = "guard", test))]
fn position(error: &str) -> Option<(u32, u32)> {
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let (_, line) = error.split_once(" at line ")?;
    let (_, column) = line.split_once(" at column ")?;
    Some((number(line)?, number(column)?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn positions() {
        let error = "Parser Error when parsing `Parsing Error Error parsing file a.guard at line 3 at column 14, when handling x`";
        assert_eq!(super::position(error), Some((3, 14)));
        assert_eq!(super::position("at line many at column 2"), None);
    }
}
