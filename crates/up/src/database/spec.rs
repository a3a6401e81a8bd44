//! What a start needs to know of a cluster: from the App, with references to secrets resolved.

use crate::error::UpError;
use model::{App, Kind, Node, Resource, ResourceId, World};
use std::path::{Path, PathBuf};

/// A database cluster to start.
#[derive(Clone)]
pub struct Spec {
    /// The resource.
    pub id: ResourceId,
    /// Cluster identifier: names the folder and the log.
    pub cluster: String,
    /// Identifier of the first instance: `serverhost` in the audit log.
    pub instance: String,
    /// User and password of the master user.
    pub master: (String, String),
    /// `DatabaseName`.
    pub database: Option<String>,
    /// Files to run once on a fresh database, relative to the root, as the cluster's metadata names them
    /// (`Metadata: {Sekisho: {Sql: db/schema.sql}}`).
    pub sql: Vec<String>,
}

/// The password stays out of whatever prints a spec.
impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spec").field("cluster", &self.cluster).field("user", &self.master.0).finish_non_exhaustive()
    }
}

/// One SQL file with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// Its name, for messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The clusters of an application.
///
/// # Errors
/// [`UpError::Part`] for a cluster whose master user or password is not known.
pub fn declared(app: &App, world: &dyn World) -> Result<Vec<Spec>, UpError> {
    app.of_kind("AWS::RDS::DBCluster").filter(|cluster| is_mysql(cluster)).map(|cluster| of(app, cluster, world)).collect()
}

fn is_mysql(cluster: &Resource) -> bool {
    cluster.properties.get("Engine").and_then(Node::str).is_none_or(|engine| engine.contains("mysql") || engine == "aurora")
}

fn of(app: &App, cluster: &Resource, world: &dyn World) -> Result<Spec, UpError> {
    let refuse = |why: String| UpError::Part { part: format!("database {}", cluster.id), why };
    let known = |key: &str| -> Result<String, UpError> {
        let node = cluster.properties.get(key).ok_or_else(|| refuse(format!("it has no {key}; give it one in the template")))?;
        if let Kind::Unknown(unknown) = &node.kind {
            return Err(refuse(format!("its {key} is not known: {} ({})", unknown.why, node.place)));
        }
        let text = node.scalar().ok_or_else(|| refuse(format!("its {key} is no text ({})", node.place)))?;
        services::secretsmanager::resolve(world, app, &text).map_err(|why| refuse(format!("its {key}: {why} ({})", node.place)))
    };
    let belongs =
        |instance: &&Resource| instance.properties.get("DBClusterIdentifier").and_then(Node::str) == Some(cluster.physical_id.as_str());
    let instance = app.of_kind("AWS::RDS::DBInstance").find(belongs).map_or(&cluster.physical_id, |instance| &instance.physical_id);
    let sql = cluster.metadata.as_ref().and_then(|metadata| metadata.at(&["Sekisho", "Sql"]));
    Ok(Spec {
        id: cluster.id.clone(),
        cluster: cluster.physical_id.clone(),
        instance: instance.clone(),
        master: (known("MasterUsername")?, known("MasterUserPassword")?),
        database: cluster.properties.get("DatabaseName").and_then(Node::scalar),
        sql: sql.map(Node::one_or_many).unwrap_or_default().iter().filter_map(Node::scalar).collect(),
    })
}

/// The SQL to run on a fresh database: the files given on the command line, else those that the cluster's metadata
/// names. What a template names must be among the files that were read, below the root.
///
/// # Errors
/// [`UpError::Part`] when a file is not there.
pub fn seeds(app: &App, spec: &Spec, root: &Path, given: &[PathBuf]) -> Result<Vec<Seed>, UpError> {
    let refuse = |name: &str, why: String| UpError::Part { part: format!("SQL file {name}"), why };
    if !given.is_empty() {
        let read = |path: &PathBuf| {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(root.join(path)).map_err(|e| refuse(&name, e.to_string()))?;
            Ok(Seed { name, text })
        };
        return given.iter().map(read).collect();
    }
    let of_template = |name: &String| {
        let text = app.sources.get(name.as_str()).map(|source| source.text.to_string());
        let missing = || refuse(name, "it is not among the files of the application; correct Metadata.Sekisho.Sql of the cluster".into());
        text.map(|text| Seed { name: name.clone(), text }).ok_or_else(missing)
    };
    spec.sql.iter().map(of_template).collect()
}
