//! Aurora MySQL: a real `mariadbd` on a private folder below the state folder, with TLS by the local authority, the
//! template's master user, and an audit log in Aurora's form.
//!
//! Never listens on anything but 127.0.0.1, and never decides who may connect: whoever forwards a connection to
//! [`Database::port`] asks the gate first and sends [`proxy_header`] ahead, so that the log shows VPC addresses.

mod admin;
mod audit;
mod server;
mod spec;

pub use audit::AuditLine;
pub use spec::{Seed, Spec, declared, seeds};

use crate::error::UpError;
use crate::folder;
use admin::Admin;
use audit::Audit;
use rand::RngCore;
use server::{ACCOUNT, Accounts, Files, Server, failed};
use sha2::{Digest, Sha256};
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A running cluster. Dropping it ends it.
#[derive(Debug)]
pub struct Database {
    server: Server,
    admin: Admin,
    audit: Mutex<Audit>,
    spec: Spec,
}

impl Database {
    /// Starts a cluster; blocks for a second, on a fresh state for a few. `state` is the state folder; `certificate` is
    /// the server's certificate, its key and the authority's certificate, in PEM; `seeds` run once on a fresh state.
    ///
    /// # Errors
    /// [`UpError::Missing`] without MariaDB, [`UpError::Part`] when it does not start or a seed fails.
    pub fn start(state: &Path, spec: &Spec, certificate: (&str, &str, &str), seeds: &[Seed]) -> Result<Self, UpError> {
        let files = Files::of(state, &spec.cluster)?;
        server::end_stale(&files);
        server::initialise(&files)?;
        let mut random = [0; 24];
        rand::rngs::OsRng.fill_bytes(&mut random);
        let password = hex(&random);
        let remembered = fs::read_to_string(files.folder.join("master")).unwrap_or_default();
        let (former, hash) = remembered.split_once('\n').unwrap_or_default();
        // The template's password counts when it changes: a rotation in between must not be undone by a restart.
        let applied = hex(&Sha256::digest(format!("{}\n{}\n{}", spec.cluster, spec.master.0, spec.master.1)));
        let accounts = Accounts {
            own_password: &password,
            set_master: hash.trim() != applied,
            former_master: Some(former).filter(|former| !former.is_empty() && *former != spec.master.0),
        };
        let server = Server::start(&files, spec, &accounts, certificate)?;
        let keep = |name: &str, text: &str| {
            let path = files.folder.join(name);
            folder::private_file(&path, text.as_bytes()).map_err(|e| UpError::Folder { path, why: e.to_string() })
        };
        keep("master", &format!("{}\n{applied}\n", spec.master.0))?;
        let admin = Admin::new(&files.folder.join("admin.cnf"), &files.socket, ACCOUNT, &password)?;
        if !files.folder.join("seeded").exists() {
            // As the master user, as on Aurora: a seed can do what the application's owner could.
            let master = files.folder.join("master.cnf");
            let owner = Admin::new(&master, &files.socket, &spec.master.0, &spec.master.1)?;
            let run = |seed: &Seed| {
                let done = owner.execute(&seed.text, spec.database.as_deref());
                done.map(drop).map_err(|says| UpError::Part { part: format!("SQL file {}", seed.name), why: says })
            };
            let ran = seeds.iter().try_for_each(run);
            let _ = fs::remove_file(master);
            ran?;
            keep("seeded", "")?;
        }
        let audit = Mutex::new(Audit::from_now(files.audit, &spec.instance));
        Ok(Self { server, admin, audit, spec: spec.clone() })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    #[cfg(test)]
    fn server_pid(&self) -> u32 {
        self.server.pid()
    }

    /// What it was started from.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Runs statements as our own account, past the audit log, with text in the places of `?`. Rows as text.
    ///
    /// # Errors
    /// [`UpError::Part`] with the server's words.
    pub fn admin_execute(&self, sql: &str, values: &[&str]) -> Result<Vec<Vec<String>>, UpError> {
        let sql = admin::bound(sql, values).map_err(failed)?;
        self.admin.execute(&sql, self.spec.database.as_deref()).map_err(failed)
    }

    /// The audit log's new lines, in Aurora's form. A line is in the file before its statement's answer is sent.
    ///
    /// # Errors
    /// [`UpError::Part`] when the log cannot be read: then it is not known what happened.
    pub fn drain_audit(&self) -> Result<Vec<AuditLine>, UpError> {
        let mut audit = self.audit.lock().unwrap_or_else(PoisonError::into_inner);
        audit.drain().map_err(|e| failed(format!("its audit log cannot be read: {e}")))
    }

    /// Ends it. What it logged while it ended is in the file that [`Database::drain_audit`] reads.
    pub fn stop(&mut self) {
        self.server.stop();
    }
}

/// A log-in through a port of this machine, over TLS. Its password lies in a private file of the state folder, which the
/// next log-in overwrites.
///
/// # Errors
/// [`UpError::Folder`] when that file cannot be written.
pub(crate) fn log_in(state: &Path, port: u16, user: &str, password: &str) -> Result<Admin, UpError> {
    Admin::over_port(&state.join("database").join("log-in.cnf"), port, user, password)
}

/// Ends the servers that a killed run left behind below this state folder.
pub(crate) fn end_left_behind(state: &Path) {
    let folders = fs::read_dir(state.join("database")).into_iter().flatten().flatten();
    for cluster in folders.filter(|entry| entry.path().is_dir()) {
        if let Ok(files) = Files::of(state, &cluster.file_name().to_string_lossy()) {
            server::end_stale(&files);
        }
    }
}

/// What to send ahead of a connection's first byte, so that the server takes `source` for the client's address (The
/// PROXY protocol, version 1).
pub fn proxy_header(source: (Ipv4Addr, u16), destination: Ipv4Addr) -> String {
    format!("PROXY TCP4 {} {destination} {} 3306\r\n", source.0, source.1)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
