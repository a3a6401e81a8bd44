//! What the web ACLs did, for those who watch: CloudWatch's numbers by the minute, and WAF's sampled requests. Kept in
//! memory, for as long as WAF keeps samples.

use model::{Metric, SampledRequest, Time};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Minutes of a metric that are kept.
const MINUTES: usize = 24 * 60;
/// Metrics at most. Their names come from web ACLs and labels, not from clients.
const METRICS: usize = 10_000;
/// "The sample of requests contains up to 100 requests that matched the criteria for a rule in the web ACL and another 100
/// requests" that got the default action (AWS WAF Developer Guide, "Viewing a sample of web requests"); the API takes a
/// sample of up to 500.
const SAMPLES: usize = 500;
/// "In the previous three hours".
const KEPT: i64 = 3 * 3_600_000;

/// Namespace, name and dimensions of a metric.
type Name = (&'static str, &'static str, Vec<(String, String)>);

/// The numbers and the samples.
#[derive(Default)]
pub(crate) struct Watched {
    metrics: Mutex<BTreeMap<Name, VecDeque<(Time, u64)>>>,
    samples: Mutex<HashMap<String, HashMap<String, VecDeque<SampledRequest>>>>,
}

impl Watched {
    /// Counts one for a metric in the minute of `now`. Dimensions come by name.
    pub fn count(&self, namespace: &'static str, name: &'static str, dimensions: Vec<(String, String)>, now: Time) {
        let minute = Time(now.0.div_euclid(60_000) * 60_000);
        let mut metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (namespace, name, dimensions);
        if metrics.len() >= METRICS && !metrics.contains_key(&key) {
            return;
        }
        let minutes = metrics.entry(key).or_default();
        match minutes.back_mut() {
            Some((at, count)) if *at >= minute => *count += 1,
            _ => minutes.push_back((minute, 1)),
        }
        while minutes.len() > MINUTES {
            minutes.pop_front();
        }
    }

    /// Keeps a request as a sample of a web ACL.
    pub fn sample(&self, web_acl_arn: &str, request: SampledRequest) {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = samples.entry(web_acl_arn.to_owned()).or_default().entry(request.metric.clone()).or_default();
        while kept.len() >= SAMPLES || kept.front().is_some_and(|first| first.time.0 + KEPT < request.time.0) {
            kept.pop_front();
        }
        kept.push_back(request);
    }

    /// Every metric.
    pub fn metrics(&self) -> Vec<Metric> {
        let metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        let metric = |((namespace, name, dimensions), minutes): (&Name, &VecDeque<(Time, u64)>)| Metric {
            namespace: (*namespace).to_owned(),
            name: (*name).to_owned(),
            dimensions: dimensions.clone(),
            minutes: minutes.iter().copied().collect(),
        };
        metrics.iter().map(metric).collect()
    }

    /// The samples of a web ACL, oldest first.
    pub fn sampled_requests(&self, web_acl_arn: &str) -> Vec<SampledRequest> {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = samples.get(web_acl_arn).into_iter().flat_map(|rules| rules.values().flatten().cloned()).collect();
        all.sort_by_key(|sample| sample.time);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_counted_and_samples_end() {
        let watched = Watched::default();
        let count = |at| watched.count("AWS/WAFV2", "BlockedRequests", vec![("Rule".into(), "ALL".into())], Time(at));
        [59_999, 60_000, 119_999, 120_000].into_iter().for_each(count);
        let metrics = watched.metrics();
        assert_eq!(metrics[0].minutes, [(Time(0), 1), (Time(60_000), 2), (Time(120_000), 1)]);
        for at in 0..=600 {
            watched.sample("arn", SampledRequest { time: Time(at), metric: "m".into(), sample: serde_json::Value::Null });
        }
        let samples = watched.sampled_requests("arn");
        assert_eq!((samples.len(), samples[0].time, watched.sampled_requests("other").len()), (SAMPLES, Time(101), 0));
        watched.sample("arn", SampledRequest { time: Time(KEPT + 1000), metric: "m".into(), sample: serde_json::Value::Null });
        assert_eq!(watched.sampled_requests("arn").len(), 1);
    }
}
