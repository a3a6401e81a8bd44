//! Sessions of functions' roles, and what CloudTrail says of Lambda setting a function up.

use super::{Engine, world};
use crate::keys::{self, Credentials};
use crate::logs::{ApiRecord, Issue, uuid};
use crate::network::{self, Interface};
use model::aws::Function;
use model::{Identity, Session, Time};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Lambda's service principal.
const LAMBDA: &str = "lambda.amazonaws.com";

impl Engine {
    /// A fresh session of a function's role, as Lambda assumes it for an execution environment. `None` when the function has
    /// no known role.
    pub(crate) fn function_session(&self, function: &Function) -> Option<Credentials> {
        let now = world::now();
        let credentials = keys::session(now);
        let role_arn = function.role_arn.clone()?;
        let identity = identity(function)?;
        self.memory.keys.admit(&credentials, identity.clone(), now);
        let lambda = Identity::Service { name: LAMBDA.into(), source_arn: Some(function.arn.clone()), source_account: None };
        let elements = json!({
            "credentials": {
                "accessKeyId": credentials.access_key_id,
                "expiration": credentials.expires.unwrap_or_default().to_string(),
                // The token as CloudTrail shows it would be the token itself; it stays out of every file.
                "sessionToken": "HIDDEN_DUE_TO_SECURITY_REASONS",
            },
            "assumedRoleUser": { "assumedRoleId": Value::Null, "arn": identity.arn() },
        });
        let parameters = json!({ "roleArn": role_arn, "roleSessionName": function.name });
        self.by_lambda(now, &lambda, None, ("sts", "AssumeRole"), &parameters, &elements);
        Some(credentials)
    }

    /// A session of somebody whom another account let have it.
    pub(crate) fn admit(&self, identity: Identity) -> Credentials {
        let now = world::now();
        let credentials = keys::session(now);
        self.memory.keys.admit(&credentials, identity, now);
        credentials
    }

    /// Records that Lambda made the network interfaces of the functions in VPCs.
    pub(crate) fn record_interfaces(&self) {
        let app = self.app();
        let mut interfaces: BTreeMap<Interface, &Function> = BTreeMap::new();
        for function in app.aws().functions.values() {
            if let Some(interface) = network::interface(&app, function) {
                interfaces.entry(interface).or_insert(function);
            }
        }
        for (interface, function) in interfaces {
            let Some(identity) = identity(function) else { continue };
            let groups: Vec<Value> = interface.groups.iter().map(|id| json!({ "groupId": id })).collect();
            let description = format!("AWS Lambda VPC ENI-{}-{}", function.name, uuid());
            let parameters = json!({ "subnetId": interface.subnet, "description": description, "groupSet": { "items": groups } });
            let elements = json!({
                "networkInterface": {
                    "networkInterfaceId": interface.id,
                    "subnetId": interface.subnet,
                    "vpcId": interface.vpc,
                    "description": description,
                    "ownerId": self.trail.account,
                    "requesterManaged": true,
                    "interfaceType": "lambda",
                    "status": "pending",
                    "privateIpAddress": interface.address.to_string(),
                    "groupSet": { "items": groups },
                },
            });
            self.by_lambda(world::now(), &identity, Some(LAMBDA), ("ec2", "CreateNetworkInterface"), &parameters, &elements);
        }
    }

    fn by_lambda(
        &self,
        time: Time,
        identity: &Identity,
        invoked_by: Option<&str>,
        (service, operation): (&str, &str),
        parameters: &Value,
        elements: &Value,
    ) {
        let record = self.trail.record(&ApiRecord {
            time,
            request_id: &uuid(),
            identity,
            issue: Issue { access_key_id: None, at: Some(time) },
            invoked_by,
            service,
            operation,
            source_ip: LAMBDA,
            user_agent: LAMBDA,
            error: None,
            request_parameters: parameters,
            response_elements: elements,
            // CloudTrail counts AssumeRole among the reads.
            read_only: operation == "AssumeRole",
            data_event: false,
            resource: None,
            tls_host: None,
            additional: None,
        });
        self.logs.record(time, record);
    }
}

/// Who a function is when it calls AWS: a session of its role, named like the function, issued to it.
pub(crate) fn identity(function: &Function) -> Option<Identity> {
    Some(Identity::AssumedRole {
        role_arn: function.role_arn.clone()?,
        session_name: function.name.clone(),
        issued_to: Some(function.arn.clone()),
        session: Session::default(),
    })
}
