//! Numbers over periods (Amazon CloudWatch API Reference, "GetMetricStatistics", "GetMetricData", "ListMetrics"). A
//! period begins at a whole multiple of its length, and one in which nothing was counted has no datapoint.

use crate::ServiceError;
use model::Metric;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

type Parameters = Map<String, Value>;

/// ListMetrics.
pub(super) fn list(metrics: &[Metric], p: &Parameters) -> Value {
    let is = |key: &str, own: &str| p.get(key).and_then(Value::as_str).is_none_or(|wanted| wanted == own);
    let filters = p.get("Dimensions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let has = |metric: &Metric, filter: &Value| {
        metric.dimensions.iter().any(|(name, value)| {
            filter.get("Name").and_then(Value::as_str) == Some(name)
                && filter.get("Value").and_then(Value::as_str).is_none_or(|wanted| wanted == value)
        })
    };
    let found = metrics.iter().filter(|metric| is("Namespace", &metric.namespace) && is("MetricName", &metric.name));
    let found = found.filter(|metric| filters.iter().all(|filter| has(metric, filter)));
    json!({ "Metrics": found.map(described).collect::<Vec<_>>() })
}

fn described(metric: &Metric) -> Value {
    let dimensions: Vec<_> = metric.dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    json!({ "Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions })
}

/// GetMetricStatistics.
pub(super) fn statistics(metrics: &[Metric], p: &Parameters) -> Result<Value, ServiceError> {
    let period = period(p)?;
    let (start, end) = window(p)?;
    let wanted = p.get("Statistics").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let wanted: Vec<&str> = wanted.iter().filter_map(Value::as_str).collect();
    if wanted.is_empty() || wanted.iter().any(|stat| value(stat, &[]).is_none()) {
        return Err(parameter(
            "At least one of the parameters Statistics and ExtendedStatistics must be specified; of them Sum, SampleCount, Average, Minimum and Maximum are known here.",
        ));
    }
    let periods = named(metrics, p)?.map(|metric| periods(metric, period, start, end)).unwrap_or_default();
    let points = periods.iter().map(|(at, counts)| {
        let mut point = json!({ "Timestamp": at, "Unit": "None" });
        for stat in &wanted {
            point[*stat] = json!(value(stat, counts));
        }
        point
    });
    Ok(json!({ "Label": text(p, "MetricName")?, "Datapoints": points.collect::<Vec<_>>() }))
}

/// GetMetricData.
pub(super) fn data(metrics: &[Metric], p: &Parameters) -> Result<Value, ServiceError> {
    let (start, end) = window(p)?;
    let queries = p.get("MetricDataQueries").and_then(Value::as_array).ok_or_else(|| missing("MetricDataQueries"))?;
    let ascending = p.get("ScanBy").and_then(Value::as_str) == Some("TimestampAscending");
    let mut results = Vec::new();
    for query in queries {
        let id = query.get("Id").and_then(Value::as_str).ok_or_else(|| missing("Id"))?;
        let Some(Value::Object(stat)) = query.get("MetricStat") else {
            return Err(parameter(&format!("Query {id} has no MetricStat; expressions are not computed here.")));
        };
        let Some(Value::Object(metric)) = stat.get("Metric") else { return Err(missing("Metric")) };
        let wanted = text(stat, "Stat")?;
        if value(wanted, &[]).is_none() {
            return Err(parameter(&format!("The statistic {wanted} is not computed here.")));
        }
        let found = named(metrics, metric)?;
        let period = period(stat)?;
        let mut points = found.map(|found| periods(found, period, start, end)).unwrap_or_default();
        if !ascending {
            points.reverse();
        }
        if matches!(query.get("ReturnData"), Some(Value::Bool(false))) {
            continue;
        }
        let label = query.get("Label").and_then(Value::as_str).unwrap_or(text(metric, "MetricName")?);
        let (times, values): (Vec<_>, Vec<_>) = points.iter().map(|(at, counts)| (*at, value(wanted, counts))).unzip();
        results.push(json!({ "Id": id, "Label": label, "Timestamps": times, "Values": values, "StatusCode": "Complete" }));
    }
    Ok(json!({ "MetricDataResults": results, "Messages": [] }))
}

/// The counts of each period, by its beginning in seconds.
fn periods(metric: &Metric, period: i64, start: f64, end: f64) -> Vec<(i64, Vec<u64>)> {
    let mut out: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
    for (at, count) in &metric.minutes {
        let begins = at.seconds().div_euclid(period) * period;
        // The start counts, the end does not.
        if begins as f64 >= floored(start, period) && (at.seconds() as f64) < end {
            out.entry(begins).or_default().push(*count);
        }
    }
    out.into_iter().collect()
}

fn floored(start: f64, period: i64) -> f64 {
    (start / period as f64).floor() * period as f64
}

/// A statistic; `None` for one that is not known.
fn value(stat: &str, counts: &[u64]) -> Option<f64> {
    let sum = counts.iter().sum::<u64>() as f64;
    // Each request is one sample of the value 1.
    match stat {
        "Sum" | "SampleCount" => Some(sum),
        "Average" | "Minimum" | "Maximum" => Some(1.0),
        _ => None,
    }
}

fn named<'a>(metrics: &'a [Metric], p: &Parameters) -> Result<Option<&'a Metric>, ServiceError> {
    let (namespace, name) = (text(p, "Namespace")?, text(p, "MetricName")?);
    let pair = |own: &Value| Some((own.get("Name")?.as_str()?.to_owned(), own.get("Value")?.as_str()?.to_owned()));
    let mut dimensions: Vec<_> = p.get("Dimensions").and_then(Value::as_array).into_iter().flatten().filter_map(pair).collect();
    dimensions.sort();
    Ok(metrics.iter().find(|metric| metric.namespace == namespace && metric.name == name && metric.dimensions == dimensions))
}

fn window(p: &Parameters) -> Result<(f64, f64), ServiceError> {
    let time = |key: &str| match p.get(key) {
        Some(Value::String(text)) => {
            let format = &time::format_description::well_known::Rfc3339;
            time::OffsetDateTime::parse(text, format)
                .map(|at| at.unix_timestamp() as f64)
                .map_err(|_| parameter(&format!("The parameter {key} must be a time.")))
        }
        other => other.and_then(Value::as_f64).ok_or_else(|| missing(key)),
    };
    let (start, end) = (time("StartTime")?, time("EndTime")?);
    if start < end { Ok((start, end)) } else { Err(parameter("The parameter StartTime must be less than the parameter EndTime.")) }
}

fn period(p: &Parameters) -> Result<i64, ServiceError> {
    let period = match p.get("Period") {
        Some(Value::String(text)) => text.parse().ok(),
        other => other.and_then(Value::as_i64),
    };
    match period {
        Some(period) if period > 0 && period % 60 == 0 => Ok(period),
        Some(_) => Err(parameter("The parameter Period must be a multiple of 60.")),
        None => Err(missing("Period")),
    }
}

fn text<'a>(p: &'a Parameters, name: &str) -> Result<&'a str, ServiceError> {
    p.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> ServiceError {
    ServiceError::new(400, "MissingParameter", format!("The parameter {name} is required."))
}

fn parameter(says: &str) -> ServiceError {
    ServiceError::new(400, "InvalidParameterValue", says)
}
