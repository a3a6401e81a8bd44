//! The permissions between resources that connectors give, from `samtranslator/model/connector_profiles/profiles.json` of
//! `aws-sam-translator` (Apache-2.0).

use serde_json::Value;
use std::path::Path;

/// Writes the profiles as compact JSON.
pub fn generate(from: &Path, to: &Path) -> Result<String, String> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(from).map_err(|error| failed(from, &error))?;
    let profiles: Value = serde_json::from_str(&text).map_err(|error| failed(from, &error))?;
    let count = profiles
        .get("Permissions")
        .and_then(Value::as_object)
        .map(|all| all.values().filter_map(Value::as_object).map(|to| to.len()).sum());
    let count: usize = count.ok_or("there are no Permissions in this file")?;
    let mut lines = serde_json::to_string_pretty(&profiles).map_err(|error| error.to_string())?;
    lines.push('\n');
    std::fs::write(to, lines).map_err(|error| failed(to, &error))?;
    Ok(format!("{count} profiles in {}", to.display()))
}
