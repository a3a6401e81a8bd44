//! The way out of a function: every connection it opens is put to the gate, and leads to this process or nowhere.
//!
//! Never connects to the internet: what is no name of the application or of AWS does not resolve.

use crate::clusters::Clusters;
use crate::engine::Engine;
use crate::front::Front;
use crate::functions::{Caller, FunctionLog, Outside};
use crate::logs::{Logs, uuid};
use crate::network;
use crate::options::{Notice, Notices};
use model::aws::Function;
use model::call::Origin;
use model::{Answer, App, Ask, Call, Connect, Credential, ResourceId, Time, World};
use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpStream;

/// Port of HTTPS.
const HTTPS: u16 = 443;
/// Port of HTTP.
const HTTP: u16 = 80;

/// What functions see of the world.
#[derive(Clone)]
pub(crate) struct Border {
    front: Front,
    clusters: Arc<Clusters>,
    /// Names that were led to the only cluster although they are not its own, and said so once.
    told: Arc<Mutex<HashSet<String>>>,
}

impl Border {
    /// In front of this process and these databases.
    pub fn new(front: Front, clusters: Arc<Clusters>) -> Self {
        Self { front, clusters, told: Arc::default() }
    }

    fn engine(&self) -> &Arc<Engine> {
        &self.front.engine
    }

    /// The name as the gate should judge it. A database's name that is no cluster's own leads to the cluster when there is
    /// only one: applications are written with a placeholder for a host that exists after the deployment.
    fn known_as(&self, app: &App, host: &str) -> String {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let mut clusters = app.of_kind("AWS::RDS::DBCluster");
        let (Some(only), None) = (clusters.next(), clusters.next()) else { return host };
        let only = endpoint(app, only);
        if !host.ends_with(".rds.amazonaws.com") || resolves(self.engine(), app, &host) {
            return host;
        }
        if self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone()) {
            self.engine().say(Notice::Warns(format!("{host} is no cluster of this application; it leads to its only one, {only}")));
        }
        only
    }

    /// Judges a connection and hands it to whoever answers there.
    async fn pass(&self, from: Caller, host: String, port: u16, stream: TcpStream) {
        let engine = self.engine();
        let app = engine.app();
        let host = self.known_as(&app, &host);
        let call = connect(engine, Origin::Function(from.function.clone()), &host, port, from.address);
        let verdict = engine.judge(&app, &call);
        let Answer::Pass(grant) = &verdict.answer else {
            engine.stopped(&format!("{} to {host}:{port}", from.function), &verdict);
            return;
        };
        let destination = grant.destination.as_deref().unwrap_or_default();
        let public = app.aws().functions.get(&from.function).map_or(from.address, network::public).to_string();
        match (destination.split_once(':'), port) {
            (Some(("cluster", _)), _) => {
                let source = SocketAddr::from((from.address, source_port(&call.id)));
                let cluster = resource(destination);
                if let Err(error) = self.clusters.splice(&cluster, stream, source).await {
                    engine.say(Notice::Warns(format!("the connection of {} to {host} broke: {error}", from.function)));
                }
            }
            (Some(_), HTTPS) => self.front.clone().tls(stream, public).await,
            (Some(_), HTTP) => self.front.clone().plain(stream, public).await,
            _ => engine.say(Notice::Warns(format!("{} connected to {host}:{port}, where nothing answers", from.function))),
        }
    }
}

impl Outside for Border {
    fn resolve(&self, _function: &ResourceId, name: &str) -> bool {
        let app = self.engine().app();
        resolves(self.engine(), &app, &self.known_as(&app, name))
    }

    fn address(&self, function: &Function) -> Ipv4Addr {
        let app = self.engine().app();
        network::interface(&app, function).map_or_else(|| network::public(function), |interface| interface.address)
    }

    fn arrived(&self, from: Caller, host: String, port: u16, stream: TcpStream) {
        let border = self.clone();
        tokio::spawn(async move { border.pass(from, host, port, stream).await });
    }
}

/// The cluster of a destination as the gate names it: `cluster:stack/LogicalId`.
pub(crate) fn resource(destination: &str) -> ResourceId {
    let id = destination.strip_prefix("cluster:").unwrap_or(destination);
    let (stack, logical) = id.split_once('/').unwrap_or(("", id));
    ResourceId::new(stack, logical)
}

/// A port as clients use them, made from the call's id.
pub(crate) fn source_port(id: &str) -> u16 {
    let number = id.bytes().fold(0_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(u16::from(byte)));
    32_768 + number % 28_232
}

/// The question to the gate for a connection.
pub(crate) fn connect(engine: &Engine, from: Origin, host: &str, port: u16, address: Ipv4Addr) -> Call {
    Call {
        id: uuid(),
        time: engine.world.now(),
        source_ip: address.to_string(),
        tls: false,
        credential: Credential::None,
        ask: Ask::Connect(Connect { from, host: host.to_owned(), port, protocol: "tcp".into() }),
    }
}

/// Whether the gate knows the name at all, wherever the connection comes from.
fn resolves(engine: &Engine, app: &App, host: &str) -> bool {
    let unspecified = Ipv4Addr::UNSPECIFIED;
    let call = connect(engine, Origin::Host { address: unspecified.to_string() }, host, HTTPS, unspecified);
    !matches!(gate::decide(app, &call, &engine.memory).answer, Answer::Stop(stop) if stop.code == "UnknownHost")
}

/// A host name of a cluster.
pub(crate) fn endpoint(app: &App, cluster: &model::Resource) -> String {
    format!("{}.cluster-own.{}.rds.amazonaws.com", cluster.physical_id.to_ascii_lowercase(), app.region)
}

/// Functions' log lines: AWS's into the logs, ours to whoever started the application.
pub(crate) struct FunctionLines {
    pub logs: Arc<Logs>,
    pub notices: Notices,
}

impl FunctionLog for FunctionLines {
    fn line(&self, function: &Function, stream: &str, time: Time, message: &str) {
        self.logs.line(format!("/aws/lambda/{}", function.name), stream, time, message);
    }

    fn notice(&self, text: String) {
        (self.notices)(Notice::Warns(text));
    }
}
