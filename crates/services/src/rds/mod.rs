//! Amazon RDS (API version 2014-10-31): DescribeDBClusters. The database itself is a process of `up`; here is what the
//! control plane says of it. Passwords are not part of any answer.

use crate::{Asked, Done, Service, ServiceError, wire};
use model::{ApiCall, App, HttpRequest, Identity, Node, Resource, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const NAMESPACE: &str = "http://rds.amazonaws.com/doc/2014-10-31/";
const CLUSTER: &str = "AWS::RDS::DBCluster";

/// The service.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rds;

impl Service for Rds {
    fn endpoint(&self) -> &'static str {
        "rds"
    }

    fn asks(&self, app: &App, request: &HttpRequest) -> Result<Asked, ServiceError> {
        let form = wire::form(request);
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let operation = field("Action").unwrap_or_default();
        if operation != "DescribeDBClusters" {
            return Err(ServiceError::new(400, "InvalidAction", format!("Could not find operation {operation}")));
        }
        if let Some((name, _)) = form.iter().find(|(key, _)| key.starts_with("Filters.")) {
            return Err(ServiceError::new(400, "InvalidParameterValue", format!("The parameter {name} is not supported here")));
        }
        let identifier = field("DBClusterIdentifier");
        let name = identifier.map_or("*", |id| id.rsplit(':').next().unwrap_or(id));
        let resource = format!("arn:{}:rds:{}:{}:cluster:{name}", app.partition, app.region, app.account);
        let context = BTreeMap::new();
        let action = "rds:DescribeDBClusters".to_owned();
        Ok(Asked {
            operation: operation.into(),
            needs: vec![ApiCall { action, resource, resource_account: app.account.clone(), context, ..ApiCall::default() }],
            public: false,
            parameters: json!({ "DBClusterIdentifier": identifier.map(|_| name) }),
            logged_parameters: identifier.map_or(Value::Null, |id| json!({ "dBClusterIdentifier": id })),
            read_only: true,
            ..Asked::default()
        })
    }

    fn carry_out(&self, app: &App, asked: &Asked, _: &Identity, _: &dyn World) -> Result<Done, ServiceError> {
        let wanted = asked.parameters["DBClusterIdentifier"].as_str();
        let clusters: Vec<&Resource> =
            app.of_kind(CLUSTER).filter(|c| wanted.is_none_or(|id| c.physical_id.eq_ignore_ascii_case(id))).collect();
        if let (Some(id), true) = (wanted, clusters.is_empty()) {
            return Err(ServiceError::new(404, "DBClusterNotFoundFault", format!("DBCluster {id} not found.")));
        }
        let shown: String = clusters.iter().map(|cluster| described(app, cluster)).collect();
        let result = format!("<DBClusters>{shown}</DBClusters>");
        Ok(Done::new(wire::query_answer("DescribeDBClusters", NAMESPACE, &result), Value::Null))
    }
}

/// A cluster in XML.
fn described(app: &App, cluster: &Resource) -> String {
    let p = &cluster.properties;
    let text = |key: &str| p.get(key).and_then(Node::scalar);
    let port = text("Port").unwrap_or_else(|| "3306".into());
    let on = |key: &str| p.get(key).and_then(Node::bool).unwrap_or(false).to_string();
    let plain = [
        ("DBClusterIdentifier", Some(cluster.physical_id.clone())),
        ("DBClusterArn", cluster.arn.clone()),
        ("Status", Some("available".into())),
        ("Engine", text("Engine")),
        ("EngineVersion", text("EngineVersion")),
        ("DatabaseName", text("DatabaseName")),
        ("MasterUsername", text("MasterUsername").filter(|name| !name.contains("{{resolve:"))),
        ("Endpoint", endpoint(app, cluster)),
        ("Port", Some(port)),
        ("StorageEncrypted", Some(on("StorageEncrypted"))),
        ("IAMDatabaseAuthenticationEnabled", Some(on("EnableIAMDatabaseAuthentication"))),
        ("DeletionProtection", Some(on("DeletionProtection"))),
        ("DBSubnetGroup", text("DBSubnetGroupName")),
    ];
    let element =
        |(name, value): &(&str, Option<String>)| value.as_ref().map(|value| format!("<{name}>{}</{name}>", wire::xml_escape(value)));
    let mut xml: String = plain.iter().filter_map(element).collect();
    let member =
        |instance: &Resource| instance.properties.get("DBClusterIdentifier").and_then(Node::str) == Some(cluster.physical_id.as_str());
    let members: String = app
        .of_kind("AWS::RDS::DBInstance")
        .filter(|instance| member(instance))
        .enumerate()
        .map(|(at, instance)| {
            let id = wire::xml_escape(&instance.physical_id);
            let writer = at == 0;
            format!("<DBClusterMember><DBInstanceIdentifier>{id}</DBInstanceIdentifier><IsClusterWriter>{writer}</IsClusterWriter></DBClusterMember>")
        })
        .collect();
    let groups: String = p
        .get("VpcSecurityGroupIds")
        .map(Node::one_or_many)
        .unwrap_or_default()
        .iter()
        .filter_map(Node::scalar)
        .map(|id| {
            let id = wire::xml_escape(&id);
            format!("<VpcSecurityGroupMembership><VpcSecurityGroupId>{id}</VpcSecurityGroupId><Status>active</Status></VpcSecurityGroupMembership>")
        })
        .collect();
    xml.push_str(&format!("<DBClusterMembers>{members}</DBClusterMembers><VpcSecurityGroups>{groups}</VpcSecurityGroups>"));
    format!("<DBCluster>{xml}</DBCluster>")
}

/// The cluster's endpoint, from where the application itself names it: an output or a function's environment.
fn endpoint(app: &App, cluster: &Resource) -> Option<String> {
    let begins = format!("{}.cluster-", cluster.physical_id);
    let ours = |text: &String| text.starts_with(&begins) && !text.starts_with(&format!("{begins}ro-"));
    let outputs = app.outputs.values().filter_map(Node::scalar);
    let environment = app.aws().functions.values().flat_map(|function| function.environment.values().cloned());
    outputs.chain(environment).find(ours)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::testing::{self, Memory, call, form_request};

    #[test]
    fn a_cluster_is_described_without_its_password() {
        let properties = json!({
            "Engine": "aurora-mysql", "MasterUsername": "admin", "MasterUserPassword": "hunter2&", "VpcSecurityGroupIds": ["sg-1"],
        });
        let arn = "arn:aws:rds:us-east-1:123456789012:cluster:db";
        let app = testing::app([testing::resource("Db", CLUSTER, "db", Some(arn), properties)]);
        let request = form_request("Action=DescribeDBClusters&Version=2014-10-31&DBClusterIdentifier=db");
        let (asked, done) = call(&Rds, &app, &Memory::default(), &request).unwrap();
        assert_eq!(asked.needs[0].resource, arn);
        let text = String::from_utf8(done.response.body).unwrap();
        assert!(
            text.contains("<DBClusterIdentifier>db</DBClusterIdentifier>") && text.contains("sg-1") && !text.contains("hunter2"),
            "{text}"
        );
        let missing = form_request("Action=DescribeDBClusters&DBClusterIdentifier=nothing");
        let error = call(&Rds, &app, &Memory::default(), &missing).unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (404, "DBClusterNotFoundFault"));
    }
}
