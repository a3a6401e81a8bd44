//! A [`Spec`] made ready for the child: every path a C string, every step in order. Looks at the host's paths once
//! (symbolic links of bind sources, which of the system folders exist); changes nothing.

use crate::seccomp;
use crate::spec::{Bind, Layer, Listener, Network, SandboxError, Spec};
use crate::sys::Pointers;
use rustix::fd::OwnedFd;
use std::collections::BTreeSet;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// One change to the new root, in order.
pub(crate) enum Step {
    /// An empty folder.
    Folder(CString),
    /// A file with this content.
    File(CString, Vec<u8>),
    /// A symbolic link: where it leads, where it is.
    Link(CString, CString),
    /// Source below `/.host`, target, whether it stays writable, whether it is a device.
    Bind { source: CString, target: CString, writable: bool, device: bool },
    /// A file system in memory with these options.
    Memory(CString, CString),
    /// `/proc`.
    Proc,
}

/// Who the process is.
#[derive(Clone, Copy)]
pub(crate) enum Who {
    /// Root made the namespaces: the process becomes this user, then a user namespace of its own.
    Other(u32),
    /// The namespaces came with a user namespace: the process stays the user that made it.
    Same,
}

/// Everything the child needs.
pub(crate) struct Plan {
    pub steps: Vec<Step>,
    pub listeners: Vec<Listener>,
    pub own_network: bool,
    pub who: Who,
    /// `uid_map` and `gid_map` for `who`.
    pub user_map: Vec<u8>,
    pub group_map: Vec<u8>,
    pub writable: Vec<CString>,
    pub processes: u64,
    pub open_files: u64,
    pub scratch: u64,
    pub filter: Vec<libc::sock_filter>,
    pub directory: CString,
    pub program: CString,
    pub argv: Pointers,
    pub envp: Pointers,
}

/// Descriptors the child gets.
pub(crate) struct Ends {
    pub null: OwnedFd,
    pub stdout: OwnedFd,
    pub stderr: OwnedFd,
    /// The child's end of the socket over which it reports.
    pub report: OwnedFd,
}

/// What the child says over the socket: one message each. Descriptors ride on `Listeners`.
pub(crate) const SAYS_LISTENERS: u8 = b'L';
pub(crate) const SAYS_REFUSED: u8 = b'R';
pub(crate) const SAYS_FAILED: u8 = b'F';

/// Places in the child's way where it can fail; the second number is an index (of a step, a listener).
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum At {
    Map = 0,
    Root,
    Step,
    Loopback,
    Listen,
    Report,
    Identity,
    Limits,
    Standard,
    Directory,
    Execute,
}

pub(crate) const LAYERS: [Layer; 4] = [Layer::UserNamespace, Layer::Proc, Layer::Landlock, Layer::Seccomp];

/// Lambda's own names: `sbx_user1051`, 993 and 990 (seen in functions on Amazon Linux).
const INSIDE: (u32, u32) = (993, 990);
const SYSTEM: [&str; 5] = ["usr", "bin", "sbin", "lib", "lib64"];
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

impl Plan {
    pub(crate) fn new(spec: &Spec, who: Who) -> Result<Self, SandboxError> {
        let mut steps = Steps::default();
        for name in SYSTEM {
            steps.system(Path::new("/").join(name))?;
        }
        steps.folder(Path::new("/dev"))?;
        for name in DEVICES {
            let path = Path::new("/dev").join(name);
            steps.file(&path, Vec::new())?;
            steps.bind(&path, &path, true, true)?;
        }
        for (name, to) in
            [("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")]
        {
            steps.list.push(Step::Link(text(Path::new(to))?, text(&Path::new("/dev").join(name))?));
        }
        steps.folder(Path::new("/proc"))?;
        steps.list.push(Step::Proc);
        steps.folder(Path::new("/tmp"))?;
        steps.list.push(Step::Memory(c"/tmp".to_owned(), text(Path::new(&format!("mode=1777,size={}", spec.limits.scratch)))?));
        for (path, content) in &spec.files {
            steps.file(path, content.clone())?;
        }
        for (path, content) in standard_files() {
            if !spec.files.iter().any(|(given, _)| given == Path::new(path)) {
                steps.file(Path::new(path), content)?;
            }
        }
        if Path::new("/etc/ld.so.cache").exists() {
            steps.file(Path::new("/etc/ld.so.cache"), Vec::new())?;
            steps.bind(Path::new("/etc/ld.so.cache"), Path::new("/etc/ld.so.cache"), false, false)?;
        }
        for bind in &spec.binds {
            steps.given(bind)?;
        }
        let (user, group) = match who {
            Who::Other(id) => (id, id),
            Who::Same => (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()),
        };
        let writable = spec.binds.iter().filter(|b| b.writable).map(|b| text(&b.target)).collect::<Result<Vec<_>, _>>()?;
        let argv = std::iter::once(text(&spec.program)).chain(spec.arguments.iter().map(|a| text(Path::new(a))));
        let envp = spec.environment.iter().map(|(key, value)| text(Path::new(&format!("{key}={value}"))));
        Ok(Self {
            steps: steps.list,
            listeners: spec.listeners.clone(),
            own_network: spec.network == Network::Own,
            who,
            user_map: format!("{} {user} 1\n", INSIDE.0).into_bytes(),
            group_map: format!("{} {group} 1\n", INSIDE.1).into_bytes(),
            writable: std::iter::once(c"/tmp".to_owned()).chain(writable).collect(),
            processes: spec.limits.processes,
            open_files: spec.limits.open_files,
            scratch: spec.limits.scratch,
            filter: seccomp::filter(),
            directory: text(&spec.directory)?,
            program: text(&spec.program)?,
            argv: Pointers::new(argv.collect::<Result<_, _>>()?),
            envp: Pointers::new(envp.collect::<Result<_, _>>()?),
        })
    }

    /// The child's place in words, for an error.
    pub(crate) fn words(&self, at: u8, index: u32) -> String {
        let step = || match self.steps.get(index as usize) {
            Some(Step::Folder(path)) => format!("make the folder {}", path.to_string_lossy()),
            Some(Step::File(path, _)) => format!("write {}", path.to_string_lossy()),
            Some(Step::Link(_, path)) => format!("link {}", path.to_string_lossy()),
            Some(Step::Bind { target, .. }) => format!("show {}", target.to_string_lossy()),
            Some(Step::Memory(path, _)) => format!("mount {} in memory", path.to_string_lossy()),
            Some(Step::Proc) | None => "mount /proc".to_owned(),
        };
        let listener = || match self.listeners.get(index as usize) {
            Some(Listener::Tcp(address)) => format!("listen on {address}"),
            Some(Listener::Udp(address)) => format!("bind {address} (UDP)"),
            None => "listen".to_owned(),
        };
        match at {
            at if at == At::Map as u8 => "map its user".to_owned(),
            at if at == At::Root as u8 => "make its root".to_owned(),
            at if at == At::Step as u8 => step(),
            at if at == At::Loopback as u8 => "bring its loopback interface up".to_owned(),
            at if at == At::Listen as u8 => listener(),
            at if at == At::Report as u8 => "hand its listeners out".to_owned(),
            at if at == At::Identity as u8 => "give up its rights".to_owned(),
            at if at == At::Limits as u8 => "set its limits".to_owned(),
            at if at == At::Standard as u8 => "connect its output".to_owned(),
            at if at == At::Directory as u8 => format!("enter {}", self.directory.to_string_lossy()),
            _ => format!("run {}", self.program.to_string_lossy()),
        }
    }
}

/// A path or text as a C string.
fn text(path: &Path) -> Result<CString, SandboxError> {
    let nul = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "has a NUL byte");
    CString::new(path.as_os_str().as_bytes()).map_err(|_| SandboxError::Spec { path: path.to_owned(), source: nul() })
}

fn standard_files() -> [(&'static str, Vec<u8>); 3] {
    let (user, group) = INSIDE;
    [
        (
            "/etc/passwd",
            format!("root:x:0:0:root:/root:/sbin/nologin\nsbx_user1051:x:{user}:{group}::/home/sbx_user1051:/sbin/nologin\n").into_bytes(),
        ),
        ("/etc/group", format!("root:x:0:\nsbx_user1051:x:{group}:\n").into_bytes()),
        ("/etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files dns\n".to_vec()),
    ]
}

/// Steps under construction, with the folders that are there already.
#[derive(Default)]
struct Steps {
    list: Vec<Step>,
    folders: BTreeSet<PathBuf>,
}

impl Steps {
    /// A folder and all its parents.
    fn folder(&mut self, path: &Path) -> Result<(), SandboxError> {
        let absolute = path.is_absolute() && !path.components().any(|part| part == std::path::Component::ParentDir);
        if !absolute {
            let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, "must be absolute and without ..");
            return Err(SandboxError::Spec { path: path.to_owned(), source });
        }
        let parents: Vec<_> = path.ancestors().filter(|p| *p != Path::new("/")).map(Path::to_owned).collect();
        for parent in parents.into_iter().rev() {
            if self.folders.insert(parent.clone()) {
                self.list.push(Step::Folder(text(&parent)?));
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, content: Vec<u8>) -> Result<(), SandboxError> {
        self.folder(path.parent().unwrap_or(Path::new("/")))?;
        self.list.push(Step::File(text(path)?, content));
        Ok(())
    }

    fn bind(&mut self, source: &Path, target: &Path, writable: bool, device: bool) -> Result<(), SandboxError> {
        let below = Path::new("/.host").join(source.strip_prefix("/").unwrap_or(source));
        self.list.push(Step::Bind { source: text(&below)?, target: text(target)?, writable, device });
        Ok(())
    }

    /// A system folder: a bind, or the same symbolic link (`/bin` to `usr/bin`).
    fn system(&mut self, path: PathBuf) -> Result<(), SandboxError> {
        if let Ok(to) = std::fs::read_link(&path) {
            self.list.push(Step::Link(text(&to)?, text(&path)?));
        } else if path.is_dir() {
            self.folder(&path)?;
            self.bind(&path, &path, false, false)?;
        }
        Ok(())
    }

    fn given(&mut self, bind: &Bind) -> Result<(), SandboxError> {
        let source = bind.source.canonicalize().map_err(|source| SandboxError::Spec { path: bind.source.clone(), source })?;
        if source.is_dir() {
            self.folder(&bind.target)?;
        } else {
            self.file(&bind.target, Vec::new())?;
        }
        // What lies below a bind is the host's: later steps must not try to make folders in it, which is why
        // binds come last and in the caller's order.
        self.bind(&source, &bind.target, bind.writable, false)
    }
}
