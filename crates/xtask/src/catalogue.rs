//! The action catalogue as text, one line an item, compressed (raw DEFLATE). `crates/iam/src/catalogue` reads it.
//!
//! `@service` begins a service; `kKEY TYPE|...` its condition keys; `rNAME ARN KEYS` a resource type;
//! `aNAME|LEVEL|TYPES|KEYS` an action, where TYPES are indices of resource types with `!` when required and
//! `+KEYS` of that type. `$` in an ARN stands for `arn:${Partition}:service:${Region}:${Account}:`.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// Reads the package in `folder` and writes the catalogue to `to`.
pub fn generate(folder: &Path, to: &Path) -> Result<String, Box<dyn Error>> {
    let data = folder.join("data");
    let package = json(&folder.join("package.json"))?;
    let mut text = format!("{} {}\n", string(&package, "name"), string(&package, "version"));
    writeln!(text, "!{}", strings(&json(&data.join("rcpSupportedServices.json"))?).join(","))?;
    writeln!(text, "@\nk{}", global_keys(&fs::read_to_string(folder.join("dist/esm/globalConditionKeys.js"))?).join("|"))?;
    let mut actions = 0;
    for service in strings(&json(&data.join("services.json"))?) {
        actions += one_service(&data, &service, &mut text)?;
    }
    if actions > usize::from(u16::MAX) {
        return Err(format!("{actions} actions do not fit 16 bits").into());
    }
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes())?;
    let bytes = encoder.finish()?;
    fs::write(to, &bytes)?;
    Ok(format!("{actions} actions, {} bytes of text, {} bytes written to {}", text.len(), bytes.len(), to.display()))
}

fn one_service(data: &Path, service: &str, text: &mut String) -> Result<usize, Box<dyn Error>> {
    let part = |kind: &str| json(&data.join(kind).join(format!("{service}.json"))).unwrap_or(Value::Null);
    let (actions, types, keys) = (part("actions"), part("resourceTypes"), part("conditionKeys"));
    let mut kinds: BTreeMap<String, char> = items(&keys).map(|key| (string(key, "key"), kind_of(&string(key, "type")))).collect();
    // Some actions name keys that the service's own list leaves out.
    let mut used = BTreeSet::new();
    for item in items(&actions).chain(items(&types)) {
        used.extend(strings(&item["conditionKeys"]));
        for kind in item["resourceTypes"].as_array().into_iter().flatten() {
            used.extend(strings(&kind["conditionKeys"]));
        }
    }
    for key in used {
        kinds.entry(key).or_insert('?');
    }
    let index: BTreeMap<&str, usize> = kinds.keys().enumerate().map(|(at, key)| (key.as_str(), at)).collect();
    let indices = |keys: &Value| -> String {
        let list: Vec<String> = strings(keys).iter().filter_map(|key| index.get(key.as_str())).map(usize::to_string).collect();
        list.join(",")
    };
    writeln!(text, "@{service}")?;
    let shown: Vec<String> = kinds.iter().map(|(key, kind)| format!("{key} {kind}")).collect();
    if !shown.is_empty() {
        writeln!(text, "k{}", shown.join("|"))?;
    }
    let mut type_index = BTreeMap::new();
    let prefix = format!("arn:${{Partition}}:{service}:${{Region}}:${{Account}}:");
    for (at, kind) in items(&types).enumerate() {
        let (name, arn) = (string(kind, "key"), string(kind, "arn").replace(&prefix, "$"));
        writeln!(text, "r{name} {} {}", arn.replace(' ', ""), indices(&kind["conditionKeys"]))?;
        type_index.insert(name.to_lowercase(), at);
    }
    let mut sorted: Vec<&Value> = items(&actions).collect();
    sorted.sort_by_key(|action| string(action, "name").to_lowercase());
    for action in &sorted {
        let mut listed = Vec::new();
        for kind in action["resourceTypes"].as_array().into_iter().flatten() {
            let Some(at) = type_index.get(&string(kind, "name").to_lowercase()) else { continue };
            let required = if kind["required"].as_bool() == Some(true) { "!" } else { "" };
            let keys = indices(&kind["conditionKeys"]);
            listed.push(format!("{at}{required}{}", if keys.is_empty() { String::new() } else { format!("+{keys}") }));
        }
        let level = level_of(&string(action, "accessLevel"))?;
        writeln!(text, "a{}|{level}|{}|{}", string(action, "name"), listed.join(" "), indices(&action["conditionKeys"]))?;
    }
    Ok(sorted.len())
}

/// The global keys, from lines `key: 'aws:PrincipalArn',` and `type: 'ARN',` of the package's own table.
fn global_keys(source: &str) -> Vec<String> {
    let quoted = |line: &str, name: &str| {
        let rest = line.trim().strip_prefix(name)?.trim().strip_prefix('\'')?;
        Some(rest.split('\'').next()?.to_owned())
    };
    let (mut out, mut key) = (Vec::new(), None);
    for line in source.lines() {
        key = quoted(line, "key:").or(key);
        if let (Some(kind), Some(name)) = (quoted(line, "type:"), &key) {
            out.push(format!("{} {}", name.replace("tag-key", "${TagKey}"), kind_of(&kind)));
            key = None;
        }
    }
    out
}

fn kind_of(name: &str) -> char {
    match name {
        "String" => 's',
        "ArrayOfString" => 'S',
        "ARN" => 'a',
        "ArrayOfARN" => 'A',
        "Bool" => 'b',
        "ArrayOfBool" => 'B',
        "Numeric" => 'n',
        "Date" => 'd',
        "IPAddress" => 'i',
        _ => '?',
    }
}

fn level_of(name: &str) -> Result<char, String> {
    match name {
        "Read" => Ok('R'),
        "List" => Ok('L'),
        "Write" => Ok('W'),
        "Tagging, Write" | "Tagging" => Ok('T'),
        "Permissions management, Write" | "Permissions management" => Ok('P'),
        other => Err(format!("unknown access level {other}")),
    }
}

fn json(path: &Path) -> Result<Value, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

fn items(map: &Value) -> impl Iterator<Item = &Value> {
    map.as_object().into_iter().flat_map(|map| map.values())
}

fn string(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
