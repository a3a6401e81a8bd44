//! Findings as OCSF 1.6.0 events of class Application Security Posture Finding (2007), one JSON object a line, as
//! security lakes and SIEMs take them.

use model::{Finding, Severity, Status, Time};
use serde_json::{Value, json};
use std::io::{self, Write};

const CLASS: u32 = 2007;

/// Writes each finding as one line. `now` is the time of the scan; `version` that of the tool.
pub fn scan(out: &mut dyn Write, findings: &[Finding], now: Time, version: &str) -> io::Result<()> {
    for finding in findings {
        writeln!(out, "{}", event(finding, now, version))?;
    }
    Ok(())
}

fn event(finding: &Finding, now: Time, version: &str) -> Value {
    let (severity_id, severity) = match finding.severity {
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    };
    // 1 New, 3 Suppressed, 2 In Progress: seen before and accepted for now.
    let (status_id, status) = match finding.status {
        Status::Found => (1, "New"),
        Status::Suppressed => (3, "Suppressed"),
        Status::Known => (2, "In Progress"),
    };
    let millis = now.0;
    let file = &*finding.place.file;
    let name = file.rsplit('/').next().unwrap_or(file);
    let mut vulnerability = json!({
        "title": finding.title,
        "severity": severity,
        "is_fix_available": finding.fix.is_some(),
        "affected_code": [{
            // type_id 1: Regular File.
            "file": {"name": name, "path": file, "type_id": 1},
            "start_line": finding.place.line,
            "end_line": finding.place.line,
        }],
    });
    if let (Some(fix), Some(vulnerability)) = (&finding.fix, vulnerability.as_object_mut()) {
        vulnerability.insert("remediation".into(), json!({"desc": fix.says}));
    }
    let path: Vec<String> = finding.path.iter().map(|step| format!("{} ({})", step.says, step.place)).collect();
    json!({
        "activity_id": 1, "activity_name": "Create",
        "category_uid": 2, "category_name": "Findings",
        "class_uid": CLASS, "class_name": "Application Security Posture Finding",
        "type_uid": CLASS * 100 + 1,
        "severity_id": severity_id, "severity": severity,
        "status_id": status_id, "status": status,
        "time": millis,
        "metadata": {
            "version": "1.6.0",
            "product": {"name": "sekisho", "vendor_name": "sekisho", "version": version},
        },
        "finding_info": {
            "uid": finding.fingerprint,
            "title": finding.title,
            "desc": if path.is_empty() { finding.title.clone() } else { path.join("; ") },
            "types": [finding.risk],
        },
        "compliance": {"requirements": finding.maps, "control": finding.risk, "status": "Fail", "status_id": 3},
        "resources": [{"uid": finding.resource, "name": finding.resource}],
        "vulnerabilities": [vulnerability],
    })
}
