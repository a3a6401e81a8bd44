//! What happened, as AWS would have logged it and nothing else.

use crate::place::Place;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// The log a record belongs to. Names are Sigma's `logsource.service` for product `aws` where Sigma has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// CloudTrail record.
    Cloudtrail,
    /// API Gateway access log line.
    ApiGateway,
    /// CloudWatch Logs line of a function.
    Lambda,
    /// Database audit log line (Aurora MySQL, `server_audit`).
    RdsAudit,
    /// WAF log record.
    Waf,
    /// VPC flow log line.
    Vpcflow,
    /// X-Ray segment.
    Xray,
}

/// One record of one log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Which log.
    pub log: LogKind,
    /// When, as the record says.
    pub time: Time,
    /// Id of the record, as the log gives it (`eventID`, `requestId`) or `file:line`.
    pub id: String,
    /// The record: native field names.
    pub record: serde_json::Value,
    /// File and line it was read from; the log group for one that is being written.
    pub place: Place,
}

impl LogKind {
    /// Sigma's `logsource.service`.
    pub fn service(self) -> &'static str {
        match self {
            Self::Cloudtrail => "cloudtrail",
            Self::ApiGateway => "apigateway",
            Self::Lambda => "lambda",
            Self::RdsAudit => "rds_audit",
            Self::Waf => "waf",
            Self::Vpcflow => "vpcflow",
            Self::Xray => "xray",
        }
    }
}
