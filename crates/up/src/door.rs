//! The prover's door: what `prove` and `attack --target up` may do inside this process and nobody can over the network.
//!
//! It gives an attack its foothold and plants canaries. Never opened to a socket.

use crate::border;
use crate::database;
use crate::error::UpError;
use crate::functions::Installed;
use crate::keys::Credentials;
use crate::planted;
use crate::running::Running;
use base64::Engine as _;
use model::attack::PlantAt;
use model::call::Origin;
use model::{App, Change, HttpRequest, Identity, Node, ResourceId};
use rand::RngCore;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};

impl Running {
    /// A fresh session of this function's role: what somebody has who read the function's environment.
    ///
    /// # Errors
    /// [`UpError::Door`] when there is no such function or its role is not known.
    pub fn function_credentials(&self, function: &ResourceId) -> Result<Credentials, UpError> {
        let app = self.engine.app();
        let refuse = |why: &str| UpError::Door { what: format!("credentials of {function}"), why: why.to_owned() };
        let found = app.aws().functions.get(function).ok_or_else(|| refuse("the application has no such function"))?;
        self.engine.function_session(found).ok_or_else(|| refuse("its role is not known; name it in the template"))
    }

    /// Credentials of a user or role of another account, as a client there would have them. What it may do here, the policies
    /// of the application's own resources decide.
    ///
    /// # Errors
    /// [`UpError::Door`] when it belongs to the application's account, or to none.
    pub fn outsider_credentials(&self, identity: &Identity) -> Result<Credentials, UpError> {
        let refuse = |why: &str| UpError::Door { what: "credentials of another account".into(), why: why.into() };
        let own = self.engine.app().account.clone();
        let account = match identity {
            Identity::User { .. } | Identity::AssumedRole { .. } => identity.account(),
            Identity::Anonymous | Identity::Root { .. } | Identity::Service { .. } => None,
        };
        match account {
            Some(account) if !account.is_empty() && account != own => Ok(self.engine.admit(identity.clone())),
            Some(_) => Err(refuse("it belongs to the application's own account")),
            None => Err(refuse("it is no user or role of an account")),
        }
    }

    /// Hides a canary in the application's data, past its API.
    ///
    /// # Errors
    /// [`UpError::Door`] with what is in the way.
    pub async fn plant(&self, at: &PlantAt, canary: &str) -> Result<(), UpError> {
        match at {
            PlantAt::Table { table } => self.plant_item(table, canary),
            PlantAt::Environment { function } => self.plant_variable(function, canary),
            PlantAt::Stages => self.plant_in_stages(canary),
            PlantAt::Database { statement } => self.clusters.execute(statement, &[canary]).map(drop),
            PlantAt::HandlerFile { function } => self.plant_handler_file(function, canary),
            PlantAt::Source { function } => self.plant_source(function, canary),
            PlantAt::Object { bucket, key } => {
                let key = key.replace("{canary}", canary);
                self.objects("PUT", bucket, &format!("/{key}"), canary.as_bytes()).map(drop)
            }
            PlantAt::Upload { .. } | PlantAt::Traffic | PlantAt::TrafficOrLeft | PlantAt::Browser => Err(UpError::Door {
                what: "plant where customers keep it".into(),
                why: "the application's own customers plant it; send their requests with the canary filled in".into(),
            }),
        }
    }

    /// A connection to a cluster from a host in its VPC that has this address and no security group of the application's.
    /// The gate judges it; the server sees the address as the client's.
    ///
    /// # Errors
    /// [`UpError::Refused`] when the gate stops it, [`UpError::Door`] when it cannot be tried.
    pub fn connect_from_vpc_host(&self, cluster: &ResourceId, address: Ipv4Addr) -> Result<TcpStream, UpError> {
        let what = format!("connect to {cluster} from {address}");
        let refuse = |why: String| UpError::Door { what: what.clone(), why };
        let app = self.engine.app();
        let declared = app.resource(cluster).ok_or_else(|| refuse("the application has no such cluster".into()))?;
        let host = border::endpoint(&app, declared);
        let call = border::connect(&self.engine, Origin::Host { address: address.to_string() }, &host, 3306, address);
        let verdict = self.engine.judge(&app, &call);
        if !verdict.passes() {
            return Err(UpError::Refused { why: self.engine.stopped(&what, &verdict) });
        }
        let source = SocketAddr::from((address, border::source_port(&call.id)));
        let (server, header) = self.clusters.way(cluster, source).ok_or_else(|| refuse("it is not running".into()))?;
        let mut stream = TcpStream::connect(server).map_err(|e| refuse(e.to_string()))?;
        stream.write_all(header.as_bytes()).map_err(|e| refuse(e.to_string()))?;
        Ok(stream)
    }

    /// Logs in to a cluster from a host in its VPC, as [`Running::connect_from_vpc_host`] connects, and runs a query; rows as
    /// text. Blocks.
    ///
    /// # Errors
    /// [`UpError::Refused`] when the gate stops the connection or the server the log-in or the query, [`UpError::Door`] when it
    /// cannot be tried.
    pub fn query_from_vpc_host(
        &self,
        cluster: &ResourceId,
        address: Ipv4Addr,
        (user, password): (&str, &str),
        query: &str,
    ) -> Result<Vec<Vec<String>>, UpError> {
        let refuse = |why: String| UpError::Door { what: format!("query {cluster} from {address}"), why };
        let server = self.connect_from_vpc_host(cluster, address)?;
        let port = relay(server).map_err(|e| refuse(e.to_string()))?;
        let database = self.clusters.database(cluster);
        let answer = database::log_in(self.folder(), port, user, password)?.execute(query, database.as_deref());
        answer.map_err(|says| if says.contains("ERROR ") { UpError::Refused { why: says } } else { refuse(says) })
    }

    /// Gives every stage one more variable; the next event has it.
    fn plant_in_stages(&self, canary: &str) -> Result<(), UpError> {
        let app = self.engine.app();
        for stage in app.of_kind("AWS::ApiGateway::Stage") {
            let path = ["Variables", "canary"].map(str::to_owned).to_vec();
            let value = Node::string(canary, stage.place.clone());
            let change = Change::Set { resource: stage.id.clone(), path, value };
            self.apply(&change).map_err(|error| UpError::Door { what: "plant in the stages".into(), why: error.to_string() })?;
        }
        Ok(())
    }

    /// Gives a function one more environment variable; its next execution environment has it.
    fn plant_variable(&self, function: &str, canary: &str) -> Result<(), UpError> {
        let refuse = |why: String| UpError::Door { what: format!("plant in the environment of {function}"), why };
        let app = self.engine.app();
        let declared = app.aws().functions.values().find(|f| f.id.to_string() == function);
        let declared = declared.ok_or_else(|| refuse("the application has no such function".into()))?;
        let path = ["Environment", "Variables", "CANARY"].map(str::to_owned).to_vec();
        let value = Node::string(canary, declared.place.clone());
        self.apply(&Change::Set { resource: declared.id.clone(), path, value }).map_err(|error| refuse(error.to_string()))
    }

    /// Gives a function's handler a file of this name, beside the one it has; its next execution environment loads that one.
    fn plant_handler_file(&self, function: &str, canary: &str) -> Result<(), UpError> {
        let refuse = |why: String| UpError::Door { what: format!("plant in the name of a file of {function}"), why };
        let (app, functions) = (self.engine.app(), self.engine.functions());
        let declared = app.aws().functions.values().find(|f| f.id.to_string() == function);
        let declared = declared.ok_or_else(|| refuse("the application has no such function".into()))?;
        let functions = functions.ok_or_else(|| refuse("no function runs".into()))?;
        let installed = functions.installed(&declared.id).ok_or_else(|| refuse("its code is not on this machine".into()))?;
        let copy = self.folder().join("planted").join(canary);
        let handler =
            planted::handler_file(&installed.code, &copy, &declared.handler, canary).map_err(|error| refuse(error.to_string()))?;
        functions.install(declared.id.clone(), Installed { code: copy, ..installed });
        let change = Change::Set {
            resource: declared.id.clone(),
            path: vec!["Handler".into()],
            value: Node::string(handler, declared.place.clone()),
        };
        self.apply(&change).map_err(|error| refuse(error.to_string()))
    }

    /// Whether an object of a bucket holds a text that somebody was to write there; those that do are deleted.
    ///
    /// # Errors
    /// [`UpError::Door`] when the bucket cannot be read.
    pub fn take_away(&self, bucket: &str, text: &str) -> Result<bool, UpError> {
        let mut found = false;
        let listed = self.objects("GET", bucket, "?encoding-type=url", b"")?;
        let listed = String::from_utf8_lossy(&listed).into_owned();
        for key in listed.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>")).map(|(key, _)| key) {
            let content = self.objects("GET", bucket, &format!("/{key}"), b"")?;
            if content.windows(text.len().max(1)).any(|part| part == text.as_bytes()) {
                self.objects("DELETE", bucket, &format!("/{key}"), b"")?;
                found = true;
            }
        }
        Ok(found)
    }

    /// A request to Amazon S3, as the owner of the account; the body of the answer.
    fn objects(&self, method: &str, bucket: &str, target: &str, body: &[u8]) -> Result<Vec<u8>, UpError> {
        let refuse = |why: String| UpError::Door { what: format!("{method} in bucket {bucket}"), why };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = HttpRequest {
            method: method.into(),
            path: format!("/{bucket}{path}"),
            query: query.into(),
            body: body.to_vec(),
            ..HttpRequest::default()
        };
        let root = Identity::Root { account: self.app().account.clone() };
        let done = self.engine.carry_out_inside("s3", &request, &root).map_err(|error| refuse(error.to_string()))?;
        Ok(done.response.body)
    }

    /// Gives a function's handler a comment; its next execution environment has it.
    fn plant_source(&self, function: &str, canary: &str) -> Result<(), UpError> {
        let refuse = |why: String| UpError::Door { what: format!("plant in the source of {function}"), why };
        let (app, functions) = (self.engine.app(), self.engine.functions());
        let declared = app.aws().functions.values().find(|f| f.id.to_string() == function);
        let declared = declared.ok_or_else(|| refuse("the application has no such function".into()))?;
        let functions = functions.ok_or_else(|| refuse("no function runs".into()))?;
        let installed = functions.installed(&declared.id).ok_or_else(|| refuse("its code is not on this machine".into()))?;
        let copy = self.folder().join("planted").join(canary);
        planted::comment(&installed.code, &copy, &declared.handler, canary).map_err(|error| refuse(error.to_string()))?;
        functions.install(declared.id.clone(), Installed { code: copy, ..installed });
        Ok(())
    }

    /// Puts an item with the canary through the DynamoDB service, as the owner of the account.
    fn plant_item(&self, table: &str, canary: &str) -> Result<(), UpError> {
        let refuse = |why: String| UpError::Door { what: format!("plant in table {table}"), why };
        let app = self.engine.app();
        let mut item = key(&app, table).ok_or_else(|| refuse("the application has no such table".into()))?;
        item.insert("canary".into(), json!({ "S": canary }));
        let body = json!({ "TableName": table, "Item": item });
        let request = HttpRequest {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![("X-Amz-Target".into(), "DynamoDB_20120810.PutItem".into())],
            body: body.to_string().into_bytes(),
            ..HttpRequest::default()
        };
        let root = Identity::Root { account: app.account.clone() };
        self.engine.carry_out_inside("dynamodb", &request, &root).map(drop).map_err(|error| refuse(error.to_string()))
    }
}

/// A port of this machine at which one client is joined to the server.
fn relay(server: TcpStream) -> std::io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let (mut from_server, mut to_server) = (server.try_clone()?, server);
    std::thread::spawn(move || -> std::io::Result<()> {
        let (client, _) = listener.accept()?;
        let (mut from_client, mut to_client) = (client.try_clone()?, client);
        let back = std::thread::spawn(move || std::io::copy(&mut from_server, &mut to_client).and(to_client.shutdown(Shutdown::Both)));
        std::io::copy(&mut from_client, &mut to_server)?;
        // The server ends its side when the client has left.
        let _ = to_server.shutdown(Shutdown::Write);
        let _ = back.join();
        Ok(())
    });
    Ok(port)
}

/// Key attributes of a new item, with random values of the declared types.
fn key(app: &App, table: &str) -> Option<Map<String, Value>> {
    let declared = app.by_physical("AWS::DynamoDB::Table", table)?;
    let attributes = declared.properties.get("AttributeDefinitions").map(Node::items).unwrap_or_default();
    let keys = declared.properties.get("KeySchema").map(Node::items).unwrap_or_default();
    let mut item = Map::new();
    for name in keys.iter().filter_map(|key| key.get("AttributeName").and_then(Node::scalar)) {
        let kind = attributes.iter().find(|a| a.get("AttributeName").and_then(Node::scalar).as_deref() == Some(name.as_str()));
        let mut random = [0; 12];
        rand::rngs::OsRng.fill_bytes(&mut random);
        let value = match kind?.get("AttributeType").and_then(Node::str)? {
            "N" => json!({ "N": u32::from_be_bytes([random[0], random[1], random[2], random[3]]).to_string() }),
            "B" => json!({ "B": base64::engine::general_purpose::STANDARD.encode(random) }),
            _ => json!({ "S": base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random) }),
        };
        item.insert(name, value);
    }
    (!item.is_empty()).then_some(item)
}
