//! CloudTrail: records (AWS CloudTrail User Guide, "CloudTrail record contents", event version 1.11) and their delivery
//! files (the same guide, "CloudTrail log file name format").
//!
//! Never writes a secret: what services hand over for the record has none.

use base64::Engine;
use flate2::Compression;
use flate2::write::GzEncoder;
use model::{Arn, Identity, Time};
use rand::Rng;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Most records of one file; AWS splits busy periods over files as well.
const RECORDS: usize = 5_000;

/// What makes every record of one account and region the same.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    /// Twelve digits.
    pub account: String,
    /// `us-east-1`.
    pub region: String,
}

/// When and with which key a caller's session began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Issue<'a> {
    /// The access key id that signed.
    pub access_key_id: Option<&'a str>,
    /// When the session was issued.
    pub at: Option<Time>,
}

/// One API call as CloudTrail sees it.
#[derive(Clone, Debug)]
pub(crate) struct ApiRecord<'a> {
    pub time: Time,
    pub request_id: &'a str,
    pub identity: &'a Identity,
    pub issue: Issue<'a>,
    /// The service that made the call in the identity's name.
    pub invoked_by: Option<&'a str>,
    /// `dynamodb`.
    pub service: &'a str,
    /// `PutItem`.
    pub operation: &'a str,
    pub source_ip: &'a str,
    pub user_agent: &'a str,
    /// `AccessDenied` and the message.
    pub error: Option<(&'a str, &'a str)>,
    pub request_parameters: &'a Value,
    pub response_elements: &'a Value,
    pub read_only: bool,
    pub data_event: bool,
    /// ARN acted on.
    pub resource: Option<&'a str>,
    /// The host name the client asked for, when the call came over TLS.
    pub tls_host: Option<&'a str>,
    /// `additionalEventData`, where a service says something there.
    pub additional: Option<Value>,
}

impl Trail {
    /// The record.
    pub fn record(&self, call: &ApiRecord<'_>) -> Value {
        let mut record = Map::new();
        let mut put = |key: &str, value: Value| drop(record.insert(key.to_owned(), value));
        put("eventVersion", json!("1.11"));
        let mut identity = match call.identity {
            // Amazon S3 User Guide, "Identifying Amazon S3 requests using CloudTrail".
            Identity::Anonymous if call.service == "s3" => {
                json!({ "type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL" })
            }
            _ => self.identity(call.identity, &call.issue),
        };
        if let Some(service) = call.invoked_by {
            identity["invokedBy"] = json!(service);
        }
        put("userIdentity", identity);
        put("eventTime", json!(call.time.to_string()));
        put("eventSource", json!(format!("{}.amazonaws.com", call.service)));
        put("eventName", json!(call.operation));
        put("awsRegion", json!(self.region));
        put("sourceIPAddress", json!(call.source_ip));
        put("userAgent", json!(call.user_agent));
        if let Some((code, message)) = call.error {
            put("errorCode", json!(code));
            put("errorMessage", json!(message));
        }
        put("requestParameters", call.request_parameters.clone());
        put("responseElements", call.response_elements.clone());
        if let Some(additional) = &call.additional {
            put("additionalEventData", additional.clone());
        }
        put("requestID", json!(call.request_id));
        put("eventID", json!(uuid()));
        put("readOnly", json!(call.read_only));
        if let Some((kind, arn)) = call.resource.filter(|_| call.data_event).and_then(|arn| Some((kind(arn)?, arn))) {
            put("resources", self.resources(kind, arn));
        }
        put("eventType", json!("AwsApiCall"));
        put("managementEvent", json!(!call.data_event));
        put("recipientAccountId", json!(self.account));
        put("eventCategory", json!(if call.data_event { "Data" } else { "Management" }));
        if let Some(host) = call.tls_host {
            put(
                "tlsDetails",
                json!({ "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_256_GCM_SHA384", "clientProvidedHostHeader": host }),
            );
        }
        Value::Object(record)
    }

    /// `resources` of a data event: of an object, its bucket too; of a list of them, how they begin.
    fn resources(&self, kind: &str, arn: &str) -> Value {
        if kind != "AWS::S3::Object" {
            return json!([{ "accountId": self.account, "type": kind, "ARN": arn }]);
        }
        let (bucket, key) = arn.split_once('/').map_or((arn, None), |(bucket, key)| (bucket, Some(key)));
        let objects = match key {
            Some(_) => json!({ "type": kind, "ARN": arn }),
            None => json!({ "type": kind, "ARNPrefix": format!("{arn}/") }),
        };
        json!([objects, { "accountId": self.account, "type": "AWS::S3::Bucket", "ARN": bucket }])
    }

    /// `userIdentity` (AWS CloudTrail User Guide, "CloudTrail userIdentity element").
    fn identity(&self, identity: &Identity, issue: &Issue<'_>) -> Value {
        let account = identity.account();
        if !matches!(identity, Identity::Service { .. }) && account.as_ref().is_some_and(|account| *account != self.account) {
            // What the owner's account learns of a caller from elsewhere.
            return json!({ "type": "AWSAccount", "principalId": principal_id(identity), "accountId": account });
        }
        let mut element = match identity {
            Identity::Anonymous => json!({ "type": "Unknown", "principalId": "Anonymous" }),
            Identity::Root { account } => {
                json!({ "type": "Root", "principalId": account, "arn": identity.arn(), "accountId": account })
            }
            Identity::User { arn } => json!({
                "type": "IAMUser",
                "principalId": principal_id(identity),
                "arn": arn,
                "accountId": identity.account(),
                "userName": arn.rsplit('/').next(),
            }),
            Identity::AssumedRole { role_arn, issued_to, session, .. } => {
                let id = unique_id("AROA", role_arn);
                let mut element = json!({
                    "type": "AssumedRole",
                    "principalId": principal_id(identity),
                    "arn": identity.arn(),
                    "accountId": identity.account(),
                    "sessionContext": {
                        "sessionIssuer": {
                            "type": "Role",
                            "principalId": id,
                            "arn": role_arn,
                            "accountId": identity.account(),
                            "userName": role_arn.rsplit('/').next(),
                        },
                        "attributes": {
                            "creationDate": issue.at.unwrap_or_default().to_string(),
                            "mfaAuthenticated": "false",
                        },
                    },
                });
                if let Some(source) = &session.source_identity {
                    element["sessionContext"]["sourceIdentity"] = json!(source);
                }
                if let Some(issued_to) = issued_to {
                    let kind = kind(issued_to).unwrap_or("AWS::Lambda::Function");
                    element["inScopeOf"] = json!({ "issuerType": kind, "credentialsIssuedTo": issued_to });
                }
                element
            }
            Identity::Service { name, .. } => json!({ "type": "AWSService", "invokedBy": name }),
        };
        if let Some(key) = issue.access_key_id {
            element["accessKeyId"] = json!(key);
        }
        element
    }
}

/// The unique id of whoever calls (the same guide, "CloudTrail userIdentity element").
fn principal_id(identity: &Identity) -> String {
    match identity {
        Identity::Anonymous | Identity::Service { .. } => String::new(),
        Identity::Root { account } => account.clone(),
        Identity::User { arn } => unique_id("AIDA", arn),
        Identity::AssumedRole { role_arn, session_name, .. } => format!("{}:{session_name}", unique_id("AROA", role_arn)),
    }
}

/// The type of a resource in `resources` of a data event.
fn kind(arn: &str) -> Option<&'static str> {
    match Arn::parse(arn)?.service.as_str() {
        "dynamodb" => Some("AWS::DynamoDB::Table"),
        "lambda" => Some("AWS::Lambda::Function"),
        "s3" => Some("AWS::S3::Object"),
        _ => None,
    }
}

/// A unique id as IAM gives them (IAM User Guide, "IAM identifiers"), the same for the same ARN in every run.
fn unique_id(prefix: &str, arn: &str) -> String {
    const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(arn);
    prefix.chars().chain(digest.iter().take(17).map(|byte| char::from(BASE32[usize::from(byte % 32)]))).collect()
}

/// A random UUID (RFC 9562, version 4).
pub(crate) fn uuid() -> String {
    let random: u128 = rand::thread_rng().r#gen();
    let id = (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let text = format!("{id:032x}");
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// Records waiting to be delivered.
pub(super) struct Deliveries {
    folder: PathBuf,
    trail: Trail,
    waiting: Vec<Value>,
    last: Time,
}

impl Deliveries {
    pub fn new(logs: &Path, account: &str, region: &str) -> Self {
        Self {
            folder: logs.join("AWSLogs").join(account).join("CloudTrail").join(region),
            trail: Trail { account: account.to_owned(), region: region.to_owned() },
            waiting: Vec::new(),
            last: Time::default(),
        }
    }

    pub fn add(&mut self, time: Time, record: Value) {
        self.waiting.push(record);
        self.last = time;
        if self.waiting.len() >= RECORDS {
            self.deliver();
        }
    }

    /// Writes what is waiting into one file, whole or not at all. A file that cannot be written is left for the next time.
    pub fn deliver(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let (y, mo, d, h, mi, _) = self.last.utc();
        let mut random = [0; 12];
        rand::thread_rng().fill(&mut random);
        let unique = base64::engine::general_purpose::STANDARD.encode(random).replace(['+', '/'], "X");
        let name = format!("{}_CloudTrail_{}_{y:04}{mo:02}{d:02}T{h:02}{mi:02}Z_{unique}.json.gz", self.trail.account, self.trail.region);
        let folder = self.folder.join(format!("{y:04}/{mo:02}/{d:02}"));
        let records = std::mem::take(&mut self.waiting);
        if write(&folder.join(name), &records).is_err() {
            self.waiting = records;
        }
    }
}

fn write(path: &Path, records: &[Value]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    serde_json::to_writer(&mut gzip, &json!({ "Records": records }))?;
    gzip.flush()?;
    crate::folder::private_file(path, &gzip.finish()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Read;

    fn record(identity: &Identity, error: Option<(&str, &str)>) -> Value {
        let trail = Trail { account: "123456789012".into(), region: "us-east-1".into() };
        trail.record(&ApiRecord {
            time: Time(1_795_355_053_000),
            request_id: "r",
            identity,
            issue: Issue { access_key_id: Some("ASIAX"), at: Some(Time(0)) },
            invoked_by: None,
            service: "dynamodb",
            operation: "Scan",
            source_ip: "203.0.113.9",
            user_agent: "agent",
            error,
            request_parameters: &json!({ "tableName": "t" }),
            response_elements: &Value::Null,
            read_only: true,
            data_event: true,
            resource: Some("arn:aws:dynamodb:us-east-1:123456789012:table/t"),
            tls_host: None,
            additional: None,
        })
    }

    #[test]
    fn a_function_is_named_as_the_holder_of_its_session() {
        let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
        let role = "arn:aws:iam::123456789012:role/path/r";
        let session = Identity::AssumedRole {
            role_arn: role.into(),
            session_name: "f".into(),
            issued_to: Some(function.into()),
            session: model::Session::default(),
        };
        let record = record(&session, Some(("AccessDenied", "no")));
        let who = &record["userIdentity"];
        assert_eq!(who["arn"], "arn:aws:sts::123456789012:assumed-role/r/f");
        assert_eq!(who["sessionContext"]["sessionIssuer"]["userName"], "r");
        assert_eq!(who["inScopeOf"], json!({ "issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": function }));
        assert_eq!(who["accessKeyId"], "ASIAX");
        assert_eq!(who["principalId"].as_str().unwrap().len(), 21 + 2);
        assert_eq!((&record["errorCode"], &record["eventCategory"]), (&json!("AccessDenied"), &json!("Data")));
        assert_eq!(record["resources"][0]["type"], "AWS::DynamoDB::Table");
    }

    /// AWS CloudTrail User Guide, "CloudTrail userIdentity element": `AWSAccount`, the request was made by another account.
    #[test]
    fn a_caller_from_elsewhere_is_an_account() {
        let record = record(&Identity::User { arn: "arn:aws:iam::999988887777:user/ann".into() }, None);
        let who = record["userIdentity"].as_object().unwrap();
        assert_eq!((&who["type"], &who["accountId"]), (&json!("AWSAccount"), &json!("999988887777")));
        assert!(who["principalId"].as_str().unwrap().starts_with("AIDA") && who.len() == 3);
    }

    #[test]
    fn deliveries_are_whole_files_under_aws_names() {
        let folder = tempfile::tempdir().unwrap();
        let mut deliveries = Deliveries::new(folder.path(), "123456789012", "us-east-1");
        deliveries.deliver();
        deliveries.add(Time(1_795_355_053_000), record(&Identity::Anonymous, None));
        deliveries.deliver();
        deliveries.deliver();
        let day = folder.path().join("AWSLogs/123456789012/CloudTrail/us-east-1/2026/11/22");
        let files: Vec<_> = fs::read_dir(&day).unwrap().map(|file| file.unwrap()).collect();
        assert_eq!(files.len(), 1);
        let name = files[0].file_name().into_string().unwrap();
        assert!(name.starts_with("123456789012_CloudTrail_us-east-1_20261122T1344Z_") && name.ends_with(".json.gz"), "{name}");
        assert_eq!(name.len(), "123456789012_CloudTrail_us-east-1_20261122T1344Z_0123456789abcdef.json.gz".len());
        let mut text = String::new();
        flate2::read::GzDecoder::new(fs::File::open(files[0].path()).unwrap()).read_to_string(&mut text).unwrap();
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["Records"][0]["userIdentity"]["principalId"], "Anonymous");
    }

    #[test]
    fn ids_are_version_four() {
        let id = uuid();
        assert_eq!((id.len(), &id[14..15]), (36, "4"));
        assert!("89ab".contains(&id[19..20]));
    }
}
