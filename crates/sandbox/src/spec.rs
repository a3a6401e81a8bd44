//! What to run and with what around it; what went wrong. Plain data; touches nothing.

use std::fmt;
use std::net::SocketAddrV4;
use std::path::PathBuf;

/// One process to run. Paths of `program`, `directory`, `files` and the targets of `binds` are paths inside.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The program, as an absolute path inside.
    pub program: PathBuf,
    /// Its arguments, without the program's name.
    pub arguments: Vec<String>,
    /// Its environment, whole: nothing is inherited.
    pub environment: Vec<(String, String)>,
    /// Its working folder.
    pub directory: PathBuf,
    /// Host files and folders that appear inside, beside the system's programs and libraries
    /// (`/usr`, `/lib`, `/lib64`, `/bin`, `/sbin`, read-only).
    pub binds: Vec<Bind>,
    /// Files made for this process only, read-only inside: path and content. `/etc/passwd`, `/etc/group` and
    /// `/etc/nsswitch.conf` are made when not given.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// Sockets to be bound inside and handed out, in this order.
    pub listeners: Vec<Listener>,
    /// Bounds.
    pub limits: Limits,
    /// Whose network.
    pub network: Network,
}

/// A host file or folder shown inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// On the host. Symbolic links are followed once, before the process starts.
    pub source: PathBuf,
    /// Inside.
    pub target: PathBuf,
    /// Whether the process may write to it. Under root the caller gives the folder to [`Sandboxed::host_user`]
    /// or makes it writable.
    pub writable: bool,
}

/// A socket bound inside the namespace and held by the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Bound and listening.
    Tcp(SocketAddrV4),
    /// Bound.
    Udp(SocketAddrV4),
}

/// Whose network the process sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Its own, with nothing but a loopback interface.
    Own,
    /// The host's. For installing packages only.
    Host,
}

/// Bounds on what the process and all its descendants take together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory, by cgroup. Where no cgroup can be made, [`Layer::Memory`] is refused and the caller
    /// watches [`Sandboxed::memory`].
    pub memory: u64,
    /// Processes and threads.
    pub processes: u64,
    /// Open files of one process.
    pub open_files: u64,
    /// Bytes of `/tmp`, which is a file system of its own in memory.
    pub scratch: u64,
}

impl Default for Limits {
    /// What Lambda gives a function of 128 MB ("Lambda quotas": 1,024 processes and threads, 1,024 file
    /// descriptors, 512 MB of `/tmp`).
    fn default() -> Self {
        Self { memory: 128 << 20, processes: 1024, open_files: 1024, scratch: 512 << 20 }
    }
}

/// A wall of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// A user id outside that owns nothing.
    OwnUser,
    /// A user namespace.
    UserNamespace,
    /// `/proc` of its own process namespace.
    Proc,
    /// Landlock rules over the root file system.
    Landlock,
    /// The seccomp filter.
    Seccomp,
    /// A memory limit by cgroup.
    Memory,
    /// A limit on processes by cgroup; the resource limit stands in either case.
    Processes,
}

/// A layer that the kernel refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub layer: Layer,
    /// The kernel's words.
    pub why: String,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OwnUser => "a user id of its own",
            Self::UserNamespace => "a user namespace",
            Self::Proc => "/proc of its own",
            Self::Landlock => "Landlock",
            Self::Seccomp => "seccomp",
            Self::Memory => "a memory limit by cgroup",
            Self::Processes => "a process limit by cgroup",
        })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the sandbox goes without {}: {}", self.layer, self.why)
    }
}

/// Why a process was not started.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The kernel gives no namespaces; there is no sandbox without.
    #[error(
        "the kernel refuses namespaces ({0}); allow unprivileged user namespaces \
         (`sysctl kernel.unprivileged_userns_clone=1`, on Ubuntu also `kernel.apparmor_restrict_unprivileged_userns=0`) or run as root"
    )]
    Namespaces(std::io::Error),
    /// A path or text of the Spec cannot be used.
    #[error("{path}: {source}")]
    Spec {
        /// The path, or what stands for it.
        path: PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// A step inside failed.
    #[error("the sandbox could not {step}: {source}")]
    Setup {
        /// What was being done.
        step: String,
        /// The kernel's answer.
        source: std::io::Error,
    },
    /// Pipes, sockets, threads of the parent.
    #[error("the sandbox could not be prepared: {0}")]
    Parent(#[from] std::io::Error),
}
