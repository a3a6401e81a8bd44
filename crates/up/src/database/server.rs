//! The `mariadbd` process: initialising its folder, starting, ending it and one that a killed run left behind.

use super::admin::{identifier, literal};
use super::spec::Spec;
use crate::error::UpError;
use crate::folder;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Our own account: it comes in over the socket alone, and the audit log does not show it.
pub(super) const ACCOUNT: &str = "sekisho";

/// What Aurora MySQL grants its master user: no files, no plug-ins, no other user's secrets (Amazon Aurora User Guide,
/// "Master user account privileges").
const MASTER_GRANTS: &str = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, \
     CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, \
     ALTER ROUTINE, CREATE USER, EVENT, TRIGGER";

/// How long a start and an end may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The files of one cluster.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub folder: PathBuf,
    pub data: PathBuf,
    pub socket: PathBuf,
    pub audit: PathBuf,
    pub errors: PathBuf,
    /// Beside the folder, so that it outlives a `--fresh` that removed the folder under a running server.
    pub pid: PathBuf,
}

impl Files {
    /// Makes the folder of this cluster below the state folder.
    pub fn of(state: &Path, cluster: &str) -> Result<Self, UpError> {
        let safe: String = cluster.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
        let folder = state.join("database").join(&safe);
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        for path in [&folder, &folder.join("files"), &folder.join("tmp")] {
            builder.create(path).map_err(|e| UpError::Folder { path: path.clone(), why: e.to_string() })?;
        }
        let mut socket = folder.join("socket");
        if socket.as_os_str().len() > 100 {
            // The kernel's limit is 107 bytes; a deep folder gets its socket elsewhere.
            let place = std::env::temp_dir().join(format!("sekisho-{}-{safe}", std::process::id()));
            builder.create(&place).map_err(|e| UpError::Folder { path: place.clone(), why: e.to_string() })?;
            socket = place.join("socket");
        }
        Ok(Self {
            data: folder.join("data"),
            audit: folder.join("audit.log"),
            errors: folder.join("error.log"),
            pid: state.join(format!("database-{safe}.pid")),
            socket,
            folder,
        })
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, UpError> {
        let path = self.folder.join(name);
        folder::private_file(&path, text.as_bytes()).map_err(|e| UpError::Folder { path: path.clone(), why: e.to_string() })?;
        Ok(path)
    }
}

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    files: Files,
    pub port: u16,
}

pub(super) fn failed(why: impl Into<String>) -> UpError {
    UpError::Part { part: "the database".into(), why: why.into() }
}

/// A Debian program that must be there.
fn program(name: &str, found: std::io::Error) -> UpError {
    match found.kind() {
        std::io::ErrorKind::NotFound => UpError::Missing { component: name.into(), command: "apt-get install -y mariadb-server".into() },
        _ => failed(format!("{name}: {found}")),
    }
}

/// The server's program: on the PATH, or where Debian keeps it, which an ordinary user's PATH leaves out.
fn server() -> Result<PathBuf, UpError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    let found = folders.map(|folder| folder.join("mariadbd")).find(|program| program.is_file());
    found.ok_or_else(|| program("mariadbd", std::io::ErrorKind::NotFound.into()))
}

fn user_argument() -> Option<&'static str> {
    // mariadbd refuses to run as root unless told so. The master user has no FILE privilege and the server is confined
    // by secure_file_priv; the folder is 0700, which another user could not enter.
    geteuid().is_root().then_some("--user=root")
}

/// Initialises an empty data folder.
pub(super) fn initialise(files: &Files) -> Result<(), UpError> {
    if files.data.join("mysql").is_dir() && files.folder.join("initialised").exists() {
        return Ok(());
    }
    if files.data.exists() {
        // A run that was killed while it initialised.
        fs::remove_dir_all(&files.data).map_err(|e| failed(format!("{}: {e}", files.data.display())))?;
    }
    server()?;
    let mut command = Command::new("mariadb-install-db");
    command.arg("--no-defaults").args(user_argument()).arg(format!("--datadir={}", files.data.display()));
    command.args(["--skip-test-db", "--auth-root-authentication-method=normal"]);
    // A server that starts removes temporary tables it finds: in a folder of its own, they are nobody else's.
    command.env("TMPDIR", files.folder.join("tmp"));
    let output = command.stdin(Stdio::null()).output().map_err(|e| program("mariadbd", e))?;
    if !output.status.success() {
        let says = String::from_utf8_lossy(&output.stderr).lines().rev().take(3).collect::<Vec<_>>().join("; ");
        return Err(failed(format!("mariadb-install-db failed: {says}")));
    }
    files.write("initialised", "").map(drop)
}

/// What the server executes before it lets anybody in.
pub(super) struct Accounts<'a> {
    /// Password of our own account, new in every run.
    pub own_password: &'a str,
    /// The master user's password is to be set: it is new or has changed.
    pub set_master: bool,
    /// A master user of earlier, to be removed.
    pub former_master: Option<&'a str>,
}

fn statements(spec: &Spec, accounts: &Accounts<'_>) -> String {
    let (user, password) = (literal(&spec.master.0), literal(&spec.master.1));
    let mut lines = vec![
        format!("CREATE OR REPLACE USER '{ACCOUNT}'@'localhost' IDENTIFIED BY {};", literal(accounts.own_password)),
        format!("GRANT ALL ON *.* TO '{ACCOUNT}'@'localhost' WITH GRANT OPTION;"),
        "DROP USER IF EXISTS 'root'@'localhost';".to_owned(),
    ];
    lines.extend(accounts.former_master.map(|former| format!("DROP USER IF EXISTS {}@'%';", literal(former))));
    if accounts.set_master {
        lines.push(format!("CREATE USER IF NOT EXISTS {user}@'%';"));
        lines.push(format!("ALTER USER {user}@'%' IDENTIFIED BY {password};"));
        lines.push(format!("GRANT {MASTER_GRANTS} ON *.* TO {user}@'%' WITH GRANT OPTION;"));
    }
    lines.extend(spec.database.as_ref().map(|name| format!("CREATE DATABASE IF NOT EXISTS {};", identifier(name))));
    lines.join("\n") + "\n"
}

impl Server {
    /// Starts the server and waits until it takes connections. `certificate` is the server's own, its key, and the
    /// authority's, in PEM.
    pub fn start(files: &Files, spec: &Spec, accounts: &Accounts<'_>, certificate: (&str, &str, &str)) -> Result<Self, UpError> {
        if [&spec.master.0, &spec.master.1].iter().any(|text| text.chars().any(char::is_control)) {
            return Err(failed("the master user's name or password holds a control character; change it in the template"));
        }
        let init = files.write("accounts.sql", &statements(spec, accounts))?;
        let (chain, key, authority) = certificate;
        let (chain, key, authority) =
            (files.write("server.pem", chain)?, files.write("server-key.pem", key)?, files.write("authority.pem", authority)?);
        let port = free_port()?;
        let _ = fs::remove_file(&files.socket);
        let with = |name: &str, path: &Path| format!("--{name}={}", path.display());
        let mut command = Command::new(server()?);
        command.arg("--no-defaults").args(user_argument());
        command.args([
            with("datadir", &files.data),
            with("socket", &files.socket),
            with("pid-file", &files.pid),
            with("log-error", &files.errors),
            with("init-file", &init),
            with("ssl-cert", &chain),
            with("ssl-key", &key),
            with("ssl-ca", &authority),
            with("secure-file-priv", &files.folder.join("files")),
            with("tmpdir", &files.folder.join("tmp")),
            with("server-audit-file-path", &files.audit),
            format!("--server-audit-excl-users={ACCOUNT}"),
            format!("--port={port}"),
        ]);
        command.args([
            "--bind-address=127.0.0.1",
            // Who connects through us is named by a PROXY header; the log shows the address in the VPC.
            "--proxy-protocol-networks=127.0.0.1/32",
            "--skip-name-resolve",
            "--plugin-load-add=server_audit",
            "--server-audit-logging=ON",
            "--server-audit-events=CONNECT,QUERY",
            "--server-audit-file-rotate-size=9000000000",
            "--local-infile=OFF",
            "--symbolic-links=OFF",
            "--tls-version=TLSv1.2,TLSv1.3",
            "--character-set-server=utf8mb4",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=16M",
            "--performance-schema=OFF",
            "--max-connections=200",
        ]);
        // The audit log's times are local times: make them UTC. A group of its own, so that Ctrl-C reaches us first.
        command.env("TZ", "UTC").process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|e| program("mariadbd", e))?;
        let mut server = Self { child, files: files.clone(), port };
        let ready = server.wait_until_ready();
        let _ = fs::remove_file(init);
        ready.map(|()| server)
    }

    #[cfg(test)]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_ready(&mut self) -> Result<(), UpError> {
        let begun = Instant::now();
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                let log = fs::read_to_string(&self.files.errors).unwrap_or_default();
                let says = log.lines().rev().find(|line| line.contains("[ERROR]")).unwrap_or("its log says nothing").to_owned();
                return Err(failed(format!("mariadbd ended ({status}): {says}; its log is {}", self.files.errors.display())));
            }
            if self.greets() {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(failed(format!("mariadbd did not begin to listen; its log is {}", self.files.errors.display())));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether the server speaks. It takes connections before it has run its init file, but greets only after.
    fn greets(&self) -> bool {
        let greeted = UnixStream::connect(&self.files.socket).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_millis(500)))?;
            stream.read_exact(&mut [0])
        });
        greeted.is_ok()
    }

    /// Ends the server: it writes out what it holds. Killed when it does not end.
    pub fn stop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::TERM);
            }
            let begun = Instant::now();
            while let Ok(None) = self.child.try_wait() {
                if begun.elapsed() > Duration::from_secs(15) {
                    let _ = self.child.kill();
                    let _ = self.child.wait();
                    break;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let _ = fs::remove_file(&self.files.pid);
        if let Some(place) = self.files.socket.parent().filter(|place| **place != *self.files.folder) {
            let _ = fs::remove_dir_all(place);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> Result<u16, UpError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|e| failed(format!("no free port: {e}")))
}

/// Ends a server that a killed run left behind: the process of the pid file, if it is a `mariadbd` on this data folder.
pub(super) fn end_stale(files: &Files) {
    let Some(number) = fs::read_to_string(&files.pid).ok().and_then(|text| text.trim().parse::<i32>().ok()) else { return };
    let ours = || {
        let line = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        let mut arguments = line.split(|byte| *byte == 0);
        let is_server = arguments.next().is_some_and(|name| name.ends_with(b"mariadbd"));
        let datadir = format!("--datadir={}", files.data.display());
        is_server && arguments.any(|argument| argument == datadir.as_bytes())
    };
    let Some(pid) = Pid::from_raw(number).filter(|_| ours()) else { return };
    let _ = kill_process(pid, Signal::TERM);
    let begun = Instant::now();
    while ours() {
        if begun.elapsed() > Duration::from_secs(15) {
            let _ = kill_process(pid, Signal::KILL);
        }
        if begun.elapsed() > Duration::from_secs(20) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
