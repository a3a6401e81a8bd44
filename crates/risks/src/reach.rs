//! Who reaches what over the network: functions their databases, addresses a security group.

use model::aws::security_group::is_group;
use model::aws::{Direction, Function, RulePeer, SecurityGroupRule};
use model::{App, Node, Place, Resource, ResourceId};
use std::collections::BTreeMap;

/// Types of databases that are reached over the network.
const DATABASES: [&str; 4] = ["AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"];

/// Drivers of databases with accounts and passwords, by the names under which they are imported.
const DRIVERS: [&str; 24] = [
    "mysql",
    "mysql2",
    "pg",
    "pg-promise",
    "postgres",
    "mariadb",
    "tedious",
    "mssql",
    "oracledb",
    "knex",
    "sequelize",
    "typeorm",
    "@prisma/client",
    "mongodb",
    "mongoose",
    "pymysql",
    "mysql.connector",
    "psycopg",
    "psycopg2",
    "asyncpg",
    "sqlalchemy",
    "pymongo",
    "pyodbc",
    "serverless-mysql",
];

/// Every database that stands for itself: clusters, and instances of no cluster.
pub fn databases(app: &App) -> impl Iterator<Item = &Resource> {
    let of_cluster = |r: &Resource| r.kind == "AWS::RDS::DBInstance" && r.properties.get("DBClusterIdentifier").is_some();
    DATABASES.iter().flat_map(|kind| app.of_kind(kind)).filter(move |r| !of_cluster(r))
}

/// How a function reaches a database.
pub struct Reached<'a> {
    /// "imports mysql2", "has the address of Database in DB_HOST".
    pub says: String,
    /// Where that stands.
    pub place: Place,
    /// Which, where it is declared here.
    pub database: Option<&'a Resource>,
}

/// How each function reaches a database, where it does.
struct All(BTreeMap<ResourceId, (String, Place, Option<ResourceId>)>);

/// Whether a function reaches a database, and how that is known: its environment has the database's address, its code imports
/// a driver, or its security group is let in by the database's. Worked out once for each version of an application.
pub fn database<'a>(app: &'a App, function: &Function) -> Option<Reached<'a>> {
    let all = || {
        let databases = Databases::of(app);
        let found = app.aws().functions.values().filter_map(|function| {
            let reached = databases.reached(app, function)?;
            Some((function.id.clone(), (reached.says, reached.place, reached.database.map(|database| database.id.clone()))))
        });
        All(found.collect())
    };
    match app.derived.get(all) {
        Some(all) => {
            let (says, place, database) = all.0.get(&function.id)?;
            let database = database.as_ref().and_then(|id| app.resource(id));
            Some(Reached { says: says.clone(), place: place.clone(), database })
        }
        None => Databases::of(app).reached(app, function),
    }
}

/// The databases of an application, each with its host name's beginning and with whom its security groups let in.
struct Databases<'a>(Vec<(&'a Resource, String, Vec<Rule<'a>>)>);

impl<'a> Databases<'a> {
    fn of(app: &'a App) -> Self {
        Self(databases(app).map(|database| (database, format!("{}.", database.physical_id), ingress(app, database))).collect())
    }

    fn reached(&self, app: &App, function: &Function) -> Option<Reached<'a>> {
        for (database, host, _) in &self.0 {
            let is_named = |value: &str| value.contains(host.as_str()) || *value == database.physical_id;
            if let Some((variable, _)) = function.environment.iter().find(|(_, value)| is_named(value)) {
                let says = format!("has the address of {} in {variable}", database.id.logical);
                return Some(Reached { says, place: function.place.clone(), database: Some(database) });
            }
        }
        let only = match self.0.as_slice() {
            [(only, ..)] => Some(*only),
            _ => None,
        };
        let packages = app.code.handlers.get(&function.id).map(|handler| handler.packages.as_slice()).unwrap_or_default();
        // A driver alone, with no database here, no network and no setting to find one by, is a package that is not used.
        let somewhere = !self.0.is_empty() || !function.security_groups.is_empty() || !function.environment.is_empty();
        if let Some(driver) = packages.iter().find(|package| somewhere && DRIVERS.contains(&package.as_str())) {
            return Some(Reached { says: format!("imports {driver}"), place: function.place.clone(), database: only });
        }
        self.0.iter().find_map(|(database, _, rules)| {
            let rule = rules.iter().find(|rule| matches!(&rule.from, From::Group(group) if function.security_groups.contains(group)))?;
            let says = format!("is let in by the security group of {}", database.id.logical);
            Some(Reached { says, place: rule.place.clone(), database: Some(database) })
        })
    }
}

/// Whom a rule of a security group speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// Addresses.
    Cidr(String),
    /// Members of another group.
    Group(String),
    /// What is not known: why.
    Unknown(String),
}

/// A rule of a security group.
#[derive(Clone, Debug)]
pub struct Rule<'a> {
    /// Whom it lets in, or out to.
    pub from: From,
    /// Ports; `None` for all.
    pub ports: Option<(i64, i64)>,
    /// Where it is written.
    pub place: Place,
    /// The resource that holds it.
    pub holder: &'a Resource,
    /// Its position in the group's own list; `None` for a rule that is a resource.
    pub at: Option<usize>,
}

impl Rule<'_> {
    /// Whether it speaks of every address of the internet.
    pub fn is_everyone(&self) -> bool {
        matches!(&self.from, From::Cidr(cidr) if matches!(cidr.as_str(), "0.0.0.0/0" | "::/0"))
    }
}

/// The rules by which anything gets in to a database: those of its security groups, as far as they are declared here.
pub fn ingress<'a>(app: &'a App, database: &Resource) -> Vec<Rule<'a>> {
    let keys = ["VpcSecurityGroupIds", "VPCSecurityGroups"];
    let ids = keys.iter().filter_map(|key| database.properties.get(key)).flat_map(Node::one_or_many);
    let groups = ids.filter_map(|id| app.of_kind("AWS::EC2::SecurityGroup").find(|group| is_group(id, group)));
    groups.flat_map(|group| rules(app, group, Direction::Ingress)).collect()
}

/// The rules that are known to be of a group, in one direction.
pub fn rules<'a>(app: &'a App, group: &'a Resource, direction: Direction) -> Vec<Rule<'a>> {
    SecurityGroupRule::all(app, group, direction).into_iter().filter(|rule| rule.certain).filter_map(|rule| speaks(&rule)).collect()
}

fn speaks<'a>(rule: &SecurityGroupRule<'a>) -> Option<Rule<'a>> {
    let peer = rule.peer()?;
    let value = peer.node();
    let from = match (value.unknown(), value.scalar(), peer) {
        (Some(unknown), ..) => From::Unknown(unknown.why.clone()),
        (None, Some(text), RulePeer::Addresses(_)) => From::Cidr(text),
        (None, text, _) => From::Group(text.unwrap_or_default()),
    };
    Some(Rule { from, ports: rule.ports(), place: value.place.clone(), holder: rule.holder, at: rule.at })
}
