//! What is counted and sampled for those who watch the application: CloudWatch's numbers, WAF's sampled requests.

use crate::time::Time;

/// One metric: a number for each minute in which there was one.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// `AWS/WAFV2`.
    pub namespace: String,
    /// `BlockedRequests`.
    pub name: String,
    /// Names and values, by name.
    pub dimensions: Vec<(String, String)>,
    /// The beginning of a minute and the number counted in it, in order.
    pub minutes: Vec<(Time, u64)>,
}

/// A request that WAF kept as a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct SampledRequest {
    /// When it arrived.
    pub time: Time,
    /// Metric name of the rule that was applied to it.
    pub metric: String,
    /// WAF's `SampledHTTPRequest` without its weight and time.
    pub sample: serde_json::Value,
}
