//! What the tests of the running application share: an application from a template, and requests over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]

pub mod signed;
pub mod web_acl;

use sekisho_up as up;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use up::{Notice, Options, Running};

/// An application with this template (and these files) in a folder of its own.
pub struct Fixture {
    pub folder: tempfile::TempDir,
    pub notices: Arc<Mutex<Vec<Notice>>>,
}

impl Fixture {
    pub fn new(template: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("template.yaml"), template).unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self { folder, notices: Arc::default() }
    }

    pub fn app(&self) -> model::App {
        let app = read::application(self.folder.path(), &read::Options::default());
        assert!(app.troubles.is_empty(), "{:?}", app.troubles);
        app
    }

    pub fn options(&self) -> Options {
        Options { port: 0, ..Options::new(self.folder.path()) }
    }

    pub async fn start(&self) -> Running {
        let notices = Arc::clone(&self.notices);
        up::start(self.app(), self.options(), move |notice| notices.lock().unwrap().push(notice)).await.unwrap()
    }

    pub fn said(&self) -> String {
        self.notices.lock().unwrap().iter().map(|notice| format!("{notice}\n")).collect()
    }
}

/// Sends bytes and reads until the other side closes.
pub fn raw(endpoint: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(endpoint.trim_start_matches("http://")).unwrap();
    // A server may answer, and close, before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// One request, its status and the rest of the answer.
pub async fn http(endpoint: &str, method: &str, path: &str, headers: &[&str], body: &str) -> (u16, String) {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{lines}Content-Length: {length}\r\n\r\n{body}");
    let endpoint = endpoint.to_owned();
    let answer = tokio::task::spawn_blocking(move || raw(&endpoint, request.as_bytes())).await.unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    (status, answer)
}

/// One connection that stays open, for many requests.
pub struct KeepAlive {
    stream: TcpStream,
}

impl KeepAlive {
    pub fn new(endpoint: &str) -> Self {
        let stream = TcpStream::connect(endpoint.trim_start_matches("http://")).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    /// The status of a request.
    pub fn get(&mut self, path: &str) -> u16 {
        self.stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").as_bytes()).unwrap();
        let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let read = self.stream.read(&mut buffer).unwrap();
            assert!(read > 0, "the connection ended");
            answer.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&answer);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok()).unwrap_or_default();
            if body.len() >= length {
                return head.split(' ').nth(1).unwrap().parse().unwrap();
            }
        }
    }
}

/// Runs a program, or says that it is not installed and why that matters.
pub async fn run(mut command: Command) -> Option<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    match tokio::task::spawn_blocking(move || command.output()).await.unwrap() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("SKIPPED: {name} is not installed; this test needs it");
            None
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

/// The AWS CLI against an endpoint, with a credentials file and no other configuration.
pub fn aws(endpoint: &str, credentials: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("aws");
    command.args(["--endpoint-url", endpoint, "--region", "us-east-1", "--output", "json"]).args(arguments);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", "/nonexistent");
    command
        .env("AWS_SHARED_CREDENTIALS_FILE", credentials)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_PAGER", "");
    command
}

/// A session's credentials as a file for the AWS CLI.
pub fn credentials_file(path: &Path, credentials: &up::Credentials) {
    let token = credentials.session_token.clone().unwrap_or_default();
    let text = format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {token}\n",
        credentials.access_key_id, credentials.secret_access_key
    );
    std::fs::write(path, text).unwrap();
}
