//! Why the application could not be started or kept running; each message ends with what to do.
//!
//! Never carries a secret.

use std::path::PathBuf;

/// What stops `up`.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// Somebody listens on the port.
    #[error("port {port} on 127.0.0.1 is in use; stop what listens there, or choose another with --port (0 takes any free one)")]
    PortInUse {
        /// The port that was asked for.
        port: u16,
    },
    /// The port could not be opened for another reason.
    #[error("cannot listen on 127.0.0.1:{port}: {why}; choose another port with --port")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// The operating system's words.
        why: String,
    },
    /// A program that the application needs is not installed.
    #[error("{component} is missing; install it: {command}")]
    Missing {
        /// `mariadbd`, `node`.
        component: String,
        /// A Debian command that installs it.
        command: String,
    },
    /// The state folder cannot be used.
    #[error("cannot use {} as the state folder: {why}; choose another with --state", path.display())]
    Folder {
        /// The folder or the file in it.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Another `sekisho up` runs on this folder.
    #[error("another sekisho runs on {}{}; stop it, or give this one a folder of its own with --state", path.display(), pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    Locked {
        /// The state folder.
        path: PathBuf,
        /// The other process, when it said so.
        pid: Option<u32>,
    },
    /// The state in the folder cannot be read.
    #[error("the state in {} cannot be read: {why}; start clean with --fresh", path.display())]
    State {
        /// The database file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file given with `--root-credentials` is of no use.
    #[error("{}: {why}; write a [default] section with aws_access_key_id and aws_secret_access_key, mode 0600", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate: {why}; remove the folder ca below the state folder and start again")]
    Certificate {
        /// What went wrong.
        why: String,
    },
    /// The functions or the database could not be started.
    #[error("{part} could not be started: {why}")]
    Part {
        /// `function app/Hello`, `the database`.
        part: String,
        /// What went wrong and what to do, in the part's own words.
        why: String,
    },
    /// Something that the prover asked of the running application cannot be done.
    #[error("{what}: {why}")]
    Door {
        /// `plant in table Partners`.
        what: String,
        /// What is in the way and what to do.
        why: String,
    },
    /// The gate stopped what the prover tried.
    #[error("refused: {why}")]
    Refused {
        /// Phase, sentence and place.
        why: String,
    },
}
