//! The documents of AWS managed policies as text, compressed (raw DEFLATE). `crates/iam/src/managed` reads it.
//!
//! Three sections, parted by a line with `=`: action patterns (`@service` begins a service, then each name with a character
//! for how much of the one before it shares, `!` for nothing; `=PATTERN` is a whole one); policies (`@/path/name`, then a
//! statement a line: `A` or `D`, `!` for `NotAction`, `|`, `!` for `NotResource` and the resources with `~` for `arn:aws:`,
//! `|` and the conditions as JSON); and for each statement a line with the positions of its actions, as differences
//! in base 39 (see [`number`]).

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// Paths of policies that customers attach; the others belong to service-linked roles.
const PATHS: [&str; 3] = ["/", "/service-role/", "/job-function/"];
/// Documents longer than this are left out, but for these: they are made for single products' own roles.
const LONGEST: usize = 20_000;
const LONG: [&str; 4] = ["ReadOnlyAccess", "SecurityAudit", "ViewOnlyAccess", "AWS_ConfigRole"];

/// Reads the unpacked package `moto` in `folder` and writes the table to `to`.
pub fn generate(folder: &Path, to: &Path) -> Result<String, Box<dyn Error>> {
    let source = fs::read_to_string(folder.join("moto/iam/aws_managed_policies.py"))?;
    let text = source.split("\"\"\"").nth(1).ok_or("aws_managed_policies.py holds no JSON text")?;
    let all: BTreeMap<String, Value> = serde_json::from_str(text)?;
    let count = all.len();
    let attached = |policy: &Value| policy["Path"].as_str().is_some_and(|path| PATHS.contains(&path));
    let fits = |name: &str, policy: &Value| policy["Document"].to_string().len() <= LONGEST || LONG.contains(&name);
    let kept: BTreeMap<&str, &Value> =
        all.iter().filter(|(name, policy)| attached(policy) && fits(name, policy)).map(|(name, policy)| (name.as_str(), policy)).collect();
    let left = all.iter().filter(|(name, policy)| attached(policy) && !fits(name, policy)).map(|(name, _)| name.as_str());
    let left: Vec<&str> = left.collect();
    let statements = || kept.values().flat_map(|policy| one_or_many(&policy["Document"]["Statement"]));
    let patterns: BTreeSet<&str> = statements().flat_map(|s| texts(actions(s).1)).collect();
    let mut out = format!("moto {}\n", version(folder)?);
    table(&patterns, &mut out)?;
    out.push_str("=\n");
    let index: BTreeMap<&str, usize> = patterns.iter().enumerate().map(|(at, pattern)| (*pattern, at)).collect();
    let mut positions = String::new();
    for (name, policy) in &kept {
        writeln!(out, "@{}{name}", policy["Path"].as_str().unwrap_or("/"))?;
        for statement in one_or_many(&policy["Document"]["Statement"]) {
            line(name, statement, &mut out)?;
            let own: BTreeSet<usize> = texts(actions(statement).1).iter().filter_map(|text| index.get(text).copied()).collect();
            let mut before = 0;
            for at in own {
                number(at - before, &mut positions);
                before = at;
            }
            positions.push('\n');
        }
    }
    out.push_str("=\n");
    out.push_str(&positions);
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(out.as_bytes())?;
    let bytes = encoder.finish()?;
    fs::write(to, &bytes)?;
    Ok(format!(
        "{} of {count} policies, {} action patterns, {} bytes of text, {} bytes written to {}; too long: {}",
        kept.len(),
        patterns.len(),
        out.len(),
        bytes.len(),
        to.display(),
        left.join(", ")
    ))
}

/// A number in base 39: digits from `0` on (48 to 86), the last one from `W` on (87 to 125).
fn number(mut value: usize, out: &mut String) {
    let mut digits = vec![char::from(87 + (value % 39) as u8)];
    value /= 39;
    while value > 0 {
        digits.push(char::from(48 + (value % 39) as u8));
        value /= 39;
    }
    out.extend(digits.iter().rev());
}

fn version(folder: &Path) -> Result<String, Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(version) = name.strip_prefix("moto-").and_then(|rest| rest.strip_suffix(".dist-info")) {
            return Ok(version.to_owned());
        }
    }
    Err("the folder holds no moto-VERSION.dist-info".into())
}

fn table(patterns: &BTreeSet<&str>, out: &mut String) -> Result<(), Box<dyn Error>> {
    let (mut service, mut before) = (None, "");
    for pattern in patterns {
        let Some((own, name)) = pattern.split_once(':') else {
            writeln!(out, "={pattern}")?;
            continue;
        };
        if service != Some(own) {
            writeln!(out, "@{own}")?;
            (service, before) = (Some(own), "");
        }
        let shared = name.bytes().zip(before.bytes()).take(30).take_while(|(a, b)| a == b).count();
        // `!` to `?`: never the `@` or `=` that begin other lines.
        let mark = char::from(33 + shared.min(27) as u8);
        writeln!(out, "{mark}{}", &name[shared.min(27)..])?;
        before = name;
    }
    Ok(())
}

fn line(name: &str, statement: &Value, out: &mut String) -> Result<(), Box<dyn Error>> {
    const KNOWN: [&str; 7] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    if let Some(key) = statement.as_object().into_iter().flatten().map(|(key, _)| key).find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(format!("{name}: {key} is no element of an identity policy").into());
    }
    let not_resource = statement.get("NotResource").is_some();
    let resources = texts(statement.get("NotResource").or(statement.get("Resource")).unwrap_or(&Value::Null));
    if resources.is_empty() || resources.iter().any(|text| text.contains(['|', '~', ' ', '\n'])) {
        return Err(format!("{name}: its resources cannot be written").into());
    }
    let effect = statement["Effect"].as_str().and_then(|effect| effect.chars().next()).ok_or("a statement without Effect")?;
    let mark = |not: bool| if not { "!" } else { "" };
    write!(out, "{effect}{}|{}{}", mark(actions(statement).0), mark(not_resource), resources.join(" ").replace("arn:aws:", "~"))?;
    if let Some(condition) = statement.get("Condition") {
        write!(out, "|{condition}")?;
    }
    out.push('\n');
    Ok(())
}

fn actions(statement: &Value) -> (bool, &Value) {
    match statement.get("NotAction") {
        Some(actions) => (true, actions),
        None => (false, &statement["Action"]),
    }
}

fn one_or_many(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn texts(value: &Value) -> Vec<&str> {
    one_or_many(value).iter().filter_map(Value::as_str).collect()
}
