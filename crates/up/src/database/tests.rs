//! A real server. These tests need Debian's mariadb-server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::{Authority, Folder};
use model::ResourceId;
use std::io::{Read, Write};
use std::net::TcpStream;

fn spec(password: &str) -> Spec {
    Spec {
        id: ResourceId::new("init", "Database"),
        cluster: "init-database".into(),
        instance: "init-instance".into(),
        master: ("admin".into(), password.into()),
        database: Some("wild_rydes".into()),
        sql: Vec::new(),
    }
}

fn start(folder: &Folder, password: &str, seeds: &[Seed]) -> Result<Database, UpError> {
    let authority = Authority::open(folder).unwrap();
    let (certificate, key) = authority.issue(&["db.cluster-x.us-east-1.rds.amazonaws.com".to_owned()]).unwrap();
    Database::start(folder.path(), &spec(password), (&certificate, &key, authority.pem()), seeds)
}

/// Logs in with the `mariadb` client over TCP, as a function would.
fn login(database: &Database, password: &str, sql: &str) -> Result<String, String> {
    let mut command = std::process::Command::new("mariadb");
    command.args(["--no-defaults", "-h127.0.0.1", "-uadmin", "--batch", "--skip-column-names", "--ssl", "wild_rydes"]);
    command.arg(format!("-P{}", database.port())).arg(format!("-p{password}")).args(["-e", sql]);
    let output = command.output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[test]
fn starts_seeds_logs_changes_its_password_and_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::open(&root.path().join(".sekisho")).unwrap();
    let seed =
        Seed { name: "schema.sql".into(), text: "CREATE TABLE Socks (NAME VARCHAR(255));\nINSERT INTO Socks VALUES ('Plain');\n".into() };
    let mut database = start(&folder, "first'One!", std::slice::from_ref(&seed)).unwrap();

    assert!(database.drain_audit().unwrap().is_empty(), "our own preparation is not in the log");
    assert_eq!(login(&database, "first'One!", "SELECT NAME FROM Socks").unwrap(), "Plain");
    assert!(login(&database, "wrong", "SELECT 1").unwrap_err().contains("Access denied for user 'admin'"));
    let cipher = login(&database, "first'One!", "SHOW STATUS LIKE 'Ssl_cipher'").unwrap();
    assert!(cipher.contains("TLS_"), "{cipher}");
    database.admin_execute("INSERT INTO Socks VALUES (?)", &["it's\ta canary"]).unwrap();
    assert_eq!(database.admin_execute("SELECT NAME FROM Socks ORDER BY NAME", &[]).unwrap(), [["it's\ta canary"], ["Plain"]]);

    let lines = database.drain_audit().unwrap();
    let has = |part: &str| lines.iter().any(|line| line.text.contains(part));
    assert!(has(",QUERY,wild_rydes,'SELECT NAME FROM Socks',0") && has(",FAILED_CONNECT,") && !has("canary"), "{lines:?}");
    assert!(lines.iter().all(|line| line.text.split(',').nth(1) == Some("init-instance")));

    // The address in the PROXY header is the one in the log.
    let mut stream = TcpStream::connect(("127.0.0.1", database.port())).unwrap();
    stream.write_all(proxy_header((Ipv4Addr::new(10, 0, 3, 77), 40_000), Ipv4Addr::new(10, 0, 4, 9)).as_bytes()).unwrap();
    let mut greeting = [0; 64];
    assert!(stream.read(&mut greeting).unwrap() > 10);
    drop(stream);
    login(&database, "first'One!", "SELECT 1").unwrap();

    // No way to the files of the host, even for the master user.
    assert!(login(&database, "first'One!", "SELECT 1 INTO OUTFILE '/tmp/x'").is_err());
    assert_eq!(login(&database, "first'One!", "SELECT LOAD_FILE('/etc/passwd')").unwrap(), "NULL");

    let pid = fs::read_to_string(root.path().join(".sekisho/database-init-database.pid")).unwrap();
    database.stop();
    let proxied = database.drain_audit().unwrap();
    assert!(proxied.iter().any(|line| line.text.contains(",10.0.3.77,")), "{proxied:?}");
    assert!(!Path::new(&format!("/proc/{}", pid.trim())).exists());
    drop(database);

    // The next start resumes the data; a new password in the template replaces the old one.
    let database = start(&folder, "second", &[seed]).unwrap();
    assert_eq!(login(&database, "second", "SELECT COUNT(*) FROM Socks").unwrap(), "2", "seeds run once");
    assert!(login(&database, "first'One!", "SELECT 1").is_err());
    // A rotation survives a restart with the same template.
    login(&database, "second", "SET PASSWORD = PASSWORD('rotated')").unwrap();
    // A killed run leaves its server behind: the next start ends it.
    let left = database.server_pid();
    std::mem::forget(database);
    let database = start(&folder, "second", &[]).unwrap();
    assert_ne!(database.server_pid(), left);
    assert_eq!(login(&database, "rotated", "SELECT 1").unwrap(), "1");
}

#[test]
fn a_seed_that_fails_is_named_and_cannot_reach_the_host() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::open(&root.path().join(".sekisho")).unwrap();
    let marker = root.path().join("reached");
    let text = format!("\\! touch {}\n", marker.display());
    let refused = start(&folder, "password", &[Seed { name: "evil.sql".into(), text }]).unwrap_err().to_string();
    assert!(refused.contains("evil.sql") && !marker.exists(), "{refused}");
}
