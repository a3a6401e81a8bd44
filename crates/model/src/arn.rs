//! Amazon Resource Names (AWS General Reference, "Amazon Resource Names (ARNs)").

use serde::{Deserialize, Serialize};
use std::fmt;

/// `arn:partition:service:region:account:resource`; region and account may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// Service prefix: `dynamodb`.
    pub service: String,
    /// Region, empty for global services.
    pub region: String,
    /// Account, empty where the service leaves it out (S3).
    pub account: String,
    /// Everything after the fifth colon.
    pub resource: String,
}

impl Arn {
    /// Reads an ARN; `None` when it has fewer than six parts or does not begin with `arn`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next() != Some("arn") {
            return None;
        }
        Some(Self {
            partition: parts.next()?.to_owned(),
            service: parts.next()?.to_owned(),
            region: parts.next()?.to_owned(),
            account: parts.next()?.to_owned(),
            resource: parts.next()?.to_owned(),
        })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:{}:{}:{}:{}", self.partition, self.service, self.region, self.account, self.resource)
    }
}
