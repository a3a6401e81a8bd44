//! A credential that stands in the source.

mod fix;
mod past;

use crate::{Attack, Profile, Risk};
use model::attack::{Outcome, PlantAt};
use model::code::Secret;
use model::{App, Confidence, Finding, Foothold, Node, Resource, ResourceId, Severity, Status, Step, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::SourceAndVpcHost, plant, run }),
    detections: &[("hard_coded_credential/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "hard-coded-credential";

/// Tables an attacker would read at most.
const MOST_TABLES: usize = 24;

/// Which tables are there, beside the server's own.
const TABLES: &str = "SELECT table_schema, table_name FROM information_schema.tables \
    WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')";

fn check(app: &App) -> Vec<Finding> {
    let standing = app.code.secrets.iter().map(|secret| finding(app, secret));
    standing.chain(app.code.past.iter().filter_map(|secret| past::finding(app, secret))).collect()
}

fn finding(app: &App, secret: &Secret) -> Finding {
    let users = functions_with(app, secret);
    let opens = cluster_opened(app, secret);
    let resource = users.first().map_or_else(|| secret.place.file.to_string(), ToString::to_string);
    let mut path =
        vec![Step { says: format!("whoever reads {} reads the {}", secret.place.file, secret.kind), place: secret.place.clone() }];
    for id in &users {
        if let Some(function) = app.aws().functions.get(id) {
            path.push(Step { says: format!("it is shipped with {}", id.logical), place: function.place.clone() });
        }
    }
    if let Some(cluster) = opens {
        path.push(Step { says: format!("it opens the database {}", cluster.id.logical), place: cluster.place.clone() });
        if let Some(default) = master_password(cluster).filter(|node| node.place.file != secret.place.file) {
            path.push(Step { says: "its password is the same value".into(), place: default.place.clone() });
        }
    }
    path.extend(past::since(app, secret));
    Finding {
        risk: SLUG,
        title: format!("{} `{}` stands in the source ({})", secret.kind, secret.name, secret.masked()),
        severity: if opens.is_some() { Severity::Critical } else { Severity::High },
        confidence: if opens.is_some() { Confidence::High } else { Confidence::Medium },
        resource,
        place: secret.place.clone(),
        path,
        maps: Vec::new(),
        fingerprint: String::new(),
        profile: Profile::Default,
        status: Status::Found,
        symbol: secret.name.clone(),
        condition: None,
        fix: opens.and_then(|cluster| fix::read_from_secrets_manager(app, secret, cluster, &users)),
    }
}

/// Functions whose code includes the file with the secret.
fn functions_with(app: &App, secret: &Secret) -> Vec<ResourceId> {
    let with = app.code.handlers.iter().filter(|(_, handler)| handler.files.iter().any(|file| **file == *secret.place.file));
    with.map(|(id, _)| id.clone()).collect()
}

/// The database cluster whose master password is this value.
fn cluster_opened<'a>(app: &'a App, secret: &Secret) -> Option<&'a Resource> {
    app.of_kind("AWS::RDS::DBCluster").find(|cluster| master_password(cluster).and_then(Node::str) == Some(secret.value.as_str()))
}

fn master_password(cluster: &Resource) -> Option<&Node> {
    cluster.properties.get("MasterUserPassword")
}

fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let opens =
        app.code.secrets.iter().any(|secret| findings.iter().any(|f| f.place == secret.place) && cluster_opened(app, secret).is_some());
    if opens {
        Ok(PlantAt::Database { statement: "CREATE OR REPLACE TABLE sekisho_keepsake AS SELECT ? AS note".into() })
    } else {
        Err("nothing in the application accepts the credential: what it opens is outside".into())
    }
}

/// Logs in from a host in the VPC with what the source says, and reads every table.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    for secret in app.code.secrets.iter().filter(|secret| findings.iter().any(|finding| finding.place == secret.place)) {
        let Some(cluster) = cluster_opened(app, secret) else { continue };
        let user = secret.user.as_deref().unwrap_or("admin");
        let id = cluster.id.to_string();
        let tables = match target.database(&id, user, &secret.value, TABLES) {
            Ok(tables) => tables,
            Err(error) => {
                outcome.steps.push(format!("log-in to {} as {user}: {error}", cluster.id.logical));
                outcome.failed(&error);
                continue;
            }
        };
        outcome.steps.push(format!(
            "log-in to {} as {user} with the password from {}: {} tables",
            cluster.id.logical,
            secret.place,
            tables.len()
        ));
        for table in tables.iter().filter_map(|row| Some(format!("`{}`.`{}`", row.first()?, row.get(1)?))).take(MOST_TABLES) {
            match target.database(&id, user, &secret.value, &format!("SELECT * FROM {table} LIMIT 100")) {
                Ok(rows) => outcome.loot.extend(rows.into_iter().flatten()),
                Err(error) => outcome.failed(&error),
            }
        }
    }
}
