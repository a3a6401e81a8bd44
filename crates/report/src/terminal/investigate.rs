//! Alerts as a timeline: when, how bad, who did what from where, and the lines that say so.

use super::{next, troubles};
use crate::escape::escape;
use crate::lines::{count, hanging, pad, thousands};
use crate::style::severity_name;
use crate::{Looked, Style};
use model::{Alert, Severity, Time, Trouble};
use std::io::{self, Write};

/// Places shown for one alert.
const PLACES: usize = 3;

/// Writes the alerts by day and time.
pub fn investigate(out: &mut dyn Write, alerts: &[Alert], not_assessed: &[Trouble], looked: &Looked, style: &Style) -> io::Result<()> {
    let mut day = String::new();
    for alert in alerts {
        let time = alert.time.to_string();
        let (date, clock) = time.split_once('T').unwrap_or((&time, ""));
        if date != day {
            day = date.to_owned();
            writeln!(out, "{}", style.bold(&day))?;
        }
        let severity = style.severity(alert.severity, &pad(severity_name(alert.severity), 8));
        let head = format!("  {}  {severity}  ", clock.trim_end_matches('Z'));
        writeln!(out, "{}", hanging(&head, 22, &escape(&alert.says), style.width))?;
        let margin = " ".repeat(22);
        // A rule that is known by its title stands in the sentence already.
        let name = alert.risk.as_ref().or(Some(&alert.rule).filter(|rule| !alert.says.starts_with(rule.as_str())));
        let about: Vec<String> = name.into_iter().chain(&alert.attack).map(|word| escape(word).into_owned()).collect();
        if !about.is_empty() {
            writeln!(out, "{margin}{}", style.dim(&about.join("  ")))?;
        }
        for place in alert.places.iter().take(PLACES) {
            writeln!(out, "{margin}{}", style.place(place))?;
        }
        let rest = alert.event_ids.len().saturating_sub(PLACES.min(alert.places.len()));
        if rest > 0 {
            writeln!(out, "{margin}{}", style.dim(&format!("and {}", count(rest, "more event"))))?;
        }
    }
    if !alerts.is_empty() {
        writeln!(out)?;
    }
    troubles(out, not_assessed, style)?;
    writeln!(out, "{}", sums(alerts, not_assessed.len(), looked, style))?;
    next(out, style, &steps(alerts, not_assessed.len(), looked))
}

fn sums(alerts: &[Alert], not_assessed: usize, looked: &Looked, style: &Style) -> String {
    let mut line = style.bold(&count(alerts.len(), "alert"));
    let worst = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let parts = worst.into_iter().filter_map(|severity| {
        let number = alerts.iter().filter(|alert| alert.severity == severity).count();
        (number > 0).then(|| style.severity(severity, &format!("{number} {}", severity_name(severity))))
    });
    let parts: Vec<String> = parts.collect();
    if !parts.is_empty() {
        line += &format!(": {}", parts.join(", "));
    }
    if not_assessed > 0 {
        line += &format!(" {} {not_assessed} not assessed", style.glyph("·", "-"));
    }
    let events: u64 = looked.events.iter().map(|(_, count)| count).sum();
    let logs = looked.events.iter().map(|(log, count)| format!("{} {}", thousands(*count), escape(log))).collect::<Vec<_>>().join(", ");
    line += &format!("\nlooked at {} by {}", events_of(events, &logs), count(looked.rules, "rule"));
    if let (Some(first), Some(last)) = (looked.first, looked.last) {
        line += &format!(", {}", span(first, last));
    }
    line
}

fn events_of(events: u64, logs: &str) -> String {
    match events {
        0 => "no events".into(),
        _ => format!("{} events ({logs})", thousands(events)),
    }
}

/// `2026-11-22T13:40:00Z to 13:59:12Z`.
fn span(first: Time, last: Time) -> String {
    let (first, last) = (first.to_string(), last.to_string());
    match (first.split_once('T'), last.split_once('T')) {
        (Some((from, _)), Some((to, clock))) if from == to => format!("{first} to {clock}"),
        _ => format!("{first} to {last}"),
    }
}

fn steps(alerts: &[Alert], not_assessed: usize, looked: &Looked) -> Vec<String> {
    let worst = alerts.iter().min_by_key(|alert| std::cmp::Reverse(alert.severity));
    match worst {
        Some(alert) => match &alert.risk {
            Some(risk) => vec![format!("sekisho explain {}   what it is, and how to mend it", escape(risk))],
            None => vec![format!("look at {} first, then take its credentials away", escape(&alert.principal))],
        },
        None if looked.events.is_empty() => vec!["name the folder or files with the logs: sekisho investigate LOGS".into()],
        None if not_assessed > 0 => vec!["add what is missing above; until then silence is no proof".into()],
        None => vec!["sekisho attack && sekisho investigate   shows that these rules see an attack".into()],
    }
}
