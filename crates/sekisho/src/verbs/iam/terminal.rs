//! Answers as sentences and indented lines for people, out of the same JSON that programs get. Decides nothing; what comes
//! from policies is escaped.

use crate::output;
use serde_json::Value;

/// Actions that are shown of a long list.
const SHOWN: usize = 12;

fn line(depth: usize, text: &str) {
    output::line(&format!("{}{}", "  ".repeat(depth), report::escape(text)));
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn strings<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    items(value, key).iter().filter_map(Value::as_str).collect()
}

/// `template.yaml:41:9`; empty for a value that is no place.
fn place(value: &Value) -> String {
    match (value.get("file").and_then(Value::as_str), value.get("line"), value.get("column")) {
        (Some(file), Some(line), Some(column)) if !file.is_empty() => format!("{file}:{line}:{column}"),
        _ => String::new(),
    }
}

/// The statements that did it, each once.
fn by(depth: usize, value: &Value, key: &str) {
    let mut shown: Vec<String> = items(value, key).iter().map(|by| format!("by {}  {}", text(by, "policy"), place(&by["place"]))).collect();
    shown.dedup();
    shown.iter().for_each(|by| line(depth, by.trim_end()));
}

fn few(list: &[&str]) -> String {
    match list.len().checked_sub(SHOWN) {
        None | Some(0) => list.join(", "),
        Some(more) => format!("{}, and {more} more (--format json lists all)", list[..SHOWN].join(", ")),
    }
}

/// `decide`, one case.
pub fn decision(value: &Value) {
    let name = text(value, "name");
    line(0, &format!("{}{}", if name.is_empty() { String::new() } else { format!("{name}: ") }, text(value, "decision")));
    for matched in items(value, "matched") {
        let sid = matched["sid"].as_str().map(|sid| format!(" ({sid})")).unwrap_or_default();
        let verb = match (matched["certain"].as_bool(), text(matched, "effect")) {
            (Some(true), "Allow") => "allows",
            (Some(true), "Deny") => "denies",
            (_, "Allow") => "may allow",
            (_, "Deny") => "may deny",
            _ => "may allow or deny",
        };
        let says = format!("{}: statement {}{sid} of {} {verb} it", text(matched, "layer"), matched["statement"], text(matched, "policy"));
        line(1, &format!("{says}  {}", place(&matched["place"])));
    }
    strings(value, "lacking").iter().for_each(|layer| line(1, &format!("no {layer} allows it")));
    for residual in items(value, "residual") {
        line(1, format!("it depends: {}  {}", text(residual, "says"), place(&residual["place"])).trim_end());
    }
    for grant in items(value, "grants") {
        line(1, &format!("to allow it, add to the {}: {}", text(grant, "layer"), grant["statement"]));
    }
    if let Some(message) = value["message"].as_str() {
        line(1, &format!("AWS would answer: {message}"));
    }
}

/// `who-can`.
pub fn who(value: &Value) {
    let who = items(value, "who");
    line(
        0,
        &format!("{} on {}: {}", text(value, "action"), text(value, "resource"), if who.is_empty() { "nobody can" } else { "who can" }),
    );
    for found in who {
        let perhaps = if found["certain"] == true { "" } else { "  perhaps" };
        line(1, &format!("{}{perhaps}", text(found, "principal")));
        by(2, found, "by");
        strings(found, "if").iter().for_each(|condition| line(2, &format!("if {condition}")));
    }
}

/// `can`.
pub fn can(value: &Value) {
    let can = items(value, "can");
    line(0, &format!("{} can{}", text(value, "principal"), if can.is_empty() { " do nothing: no policy allows it anything" } else { "" }));
    for found in can {
        if let Some(why) = found["unknown"].as_str() {
            line(1, &format!("not assessed: {why}"));
            line(2, &format!("by {}  {}", text(found, "policy"), place(&found["place"])));
            continue;
        }
        line(1, &few(&strings(found, "granted")));
        let resources = strings(found, "resources");
        line(2, &format!("on {}", if resources.is_empty() { "nothing that is named".into() } else { few(&resources) }));
        strings(found, "conditions").iter().for_each(|condition| line(2, &format!("if {condition}")));
        if found["limited"] == true {
            line(2, "but for what a denial, boundary or organisation policy takes away from it");
        }
        line(2, &format!("by {}  {}", text(found, "policy"), place(&found["place"])));
    }
}

/// `paths`.
pub fn paths(value: &Value) {
    let paths = items(value, "paths");
    let to = text(value, "to");
    let goal = if to == "admin" { "an administrator" } else { to };
    let administrators = strings(value, "administrators");
    if to == "admin" {
        line(0, &format!("administrators: {}", if administrators.is_empty() { "none".into() } else { administrators.join(", ") }));
    }
    if paths.is_empty() {
        line(0, &format!("no path leads to {goal}"));
    }
    for path in paths {
        let steps = items(path, "steps");
        line(0, &format!("{} reaches {goal} in {} step{}", text(path, "from"), steps.len(), if steps.len() == 1 { "" } else { "s" }));
        for (at, step) in steps.iter().enumerate() {
            line(1, &format!("{}. {} ({}) -> {}", at + 1, text(step, "title"), text(step, "primitive"), text(step, "to")));
            by(2, step, "by");
            for (key, says) in [("exploit", "how"), ("fix", "fix")] {
                if !text(step, key).is_empty() {
                    line(2, &format!("{says}: {}", text(step, key)));
                }
            }
            match step.get("assumes") {
                Some(Value::String(assumes)) if !assumes.is_empty() => line(2, &format!("assumes: {assumes}")),
                Some(Value::Array(all)) if !all.is_empty() => line(2, &format!("assumes: {}", few(&strings(step, "assumes")))),
                _ => {}
            }
            let events = strings(step, "cloudtrail");
            if !events.is_empty() {
                line(2, &format!("in CloudTrail: {}", events.join(", ")));
            }
        }
    }
    if let Some(cut) = value.get("cut").filter(|cut| !cut.is_null()) {
        let smallest = if cut["smallest"] == true { " (no smaller set does)" } else { "" };
        line(0, &format!("without these statements no path is left{smallest}:"));
        by(1, cut, "statements");
    }
}

/// `compare`.
pub fn comparison(value: &Value) {
    let (a, b) = (text(value, "a"), text(value, "b"));
    line(
        0,
        &match text(value, "relation") {
            "equivalent" => format!("{a} and {b} allow the same"),
            "narrower" => format!("{a} allows less than {b}"),
            "wider" => format!("{a} allows more than {b}"),
            _ => format!("{a} and {b} each allow something that the other does not"),
        },
    );
    for (key, file) in [("only_a", a), ("only_b", b)] {
        if !value[key].is_null() {
            line(1, &format!("only {file} allows {}", text(&value[key], "says")));
        }
    }
    exact(value);
}

/// `diff`.
pub fn diff(value: &Value) {
    let found = items(value, "newly_allowed");
    line(0, if found.is_empty() { "nothing is newly allowed" } else { "newly allowed:" });
    for new in found {
        line(1, &few(&strings(new, "actions")));
        line(2, &format!("for example {}", text(&new["witness"], "says")));
    }
    exact(value);
}

fn exact(value: &Value) {
    if value["exact"] == false {
        line(0, "not exact: policy variables, unknown values or too many combinations; something may have been missed");
    }
}

/// `lint`.
pub fn lints(value: &Value) {
    let found = items(value, "lints");
    if found.is_empty() {
        line(0, &format!("{}: nothing is wrong", text(value, "file")));
    }
    for lint in found {
        line(0, &format!("{}: {} ({}): {}", place(&lint["place"]), text(lint, "says"), text(lint, "code"), text(lint, "help")));
    }
}

/// `least-privilege`: the policy alone on stdout, what is to be known of it on stderr.
pub fn least(value: &Value) {
    output::line(&report::escape_lines(&serde_json::to_string_pretty(&value["policy"]).unwrap_or_default()));
    output::says(&format!("from {} events of {}", value["events"], text(value, "principal")));
    for left in items(value, "not_allowed") {
        output::says(&format!("left out, for the current policies do not allow it: {} on {}", text(left, "action"), left["resource"]));
    }
    if value["exact"] == false {
        output::says("not exact: that it is within the current policies was not proved for every policy variable and value");
    }
}
