//! The client against a real server. Needs Debian's mariadb-server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use sekisho_attack::mysql::{MysqlError, login};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn logs_in_reads_and_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let data = format!("--datadir={}", path("data"));
    let as_root = std::fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m)).unwrap() == 0;
    let user = as_root.then_some("--user=root");
    let made = Command::new("mariadb-install-db").arg("--no-defaults").args(user).arg(&data).args(["--skip-test-db"]).output();
    assert!(made.expect("mariadb-server is installed").status.success());
    std::fs::write(
        path("init"),
        "CREATE DATABASE d;\nCREATE USER 'admin'@'%' IDENTIFIED BY 'Unicorn-Corp-7!';\nGRANT ALL ON d.* TO 'admin'@'%';\n",
    )
    .unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("mariadbd");
    command.arg("--no-defaults").args(user).args([data, format!("--socket={}", path("s")), format!("--init-file={}", path("init"))]);
    command.args([format!("--port={port}"), "--bind-address=127.0.0.1".into(), "--skip-name-resolve".into()]);
    let _server = Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());

    let connect = || loop {
        // It listens when it is ready; until then the kernel refuses.
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
            return stream;
        }
        std::thread::yield_now();
    };
    let mut session = login(connect(), "admin", "Unicorn-Corp-7!").unwrap();
    assert_eq!(session.query("SELECT 1, NULL, 'é', REPEAT('x', 300)").unwrap(), [["1", "NULL", "é", &"x".repeat(300)]]);
    assert_eq!(session.query("SELECT seq FROM d.seq_1_to_5000").unwrap().len(), 5000);
    assert!(session.query("SET @x = 1").unwrap().is_empty());
    assert!(matches!(session.query("SELEC").unwrap_err(), MysqlError::Refused(1064, _)));
    match login(connect(), "admin", "wrong").unwrap_err() {
        MysqlError::Refused(1045, says) => assert!(says.starts_with("Access denied for user 'admin'@'127.0.0.1'"), "{says}"),
        other => panic!("{other}"),
    }
}
