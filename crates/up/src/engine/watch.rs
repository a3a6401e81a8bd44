//! What the web ACL of a stage did to a request, written down where AWS shows it: WAF's log, its sampled requests,
//! CloudWatch's numbers.

use super::Engine;
use gate::web_acl::Inspection;
use model::{App, Call, SampledRequest};

impl Engine {
    /// Writes it down.
    pub(super) fn watch(&self, app: &App, call: &Call, inspection: &Inspection) {
        let watched = &self.world.watched;
        for counter in inspection.counters() {
            let dimensions = [("Region", app.region.clone()), ("Rule", counter.rule), ("WebACL", counter.web_acl)];
            let dimensions = dimensions.map(|(name, value)| (name.to_owned(), value)).to_vec();
            watched.count("AWS/WAFV2", counter.name, dimensions, call.time);
        }
        for (metric, sample) in inspection.samples(call) {
            watched.sample(inspection.web_acl_arn(), SampledRequest { time: call.time, metric, sample });
        }
        if let Some((destination, record)) = inspection.log_record(app, call) {
            let name = inspection.web_acl_arn().split('/').nth(2).unwrap_or_default();
            self.logs.line(group(&destination), format!("{}_{name}_0", app.region), call.time, record.to_string());
        }
    }
}

/// The log group of a destination (AWS WAF Developer Guide, "Sending web ACL traffic logs to an Amazon CloudWatch Logs log
/// group"). What would go to a bucket or a delivery stream is written under its name, in the same form.
fn group(destination: &str) -> &str {
    let name = destination.trim_end_matches(":*").rsplit(':').next().unwrap_or_default();
    name.strip_prefix("deliverystream/").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::group;

    #[test]
    fn destinations() {
        for (arn, name) in [
            ("arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-a:*", "aws-waf-logs-a"),
            ("arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-a", "aws-waf-logs-a"),
            ("arn:aws:firehose:us-east-1:123456789012:deliverystream/aws-waf-logs-b", "aws-waf-logs-b"),
            ("arn:aws:s3:::aws-waf-logs-c", "aws-waf-logs-c"),
        ] {
            assert_eq!(group(arn), name);
        }
    }
}
