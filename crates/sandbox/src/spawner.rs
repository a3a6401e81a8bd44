//! The parent's side: one thread that clones, and the conversation with the child until it runs its program.

use crate::cgroup::Cgroup;
use crate::child::{self, MOST_LISTENERS};
use crate::plan::{Ends, LAYERS, Plan, SAYS_FAILED, SAYS_LISTENERS, SAYS_REFUSED, Who};
use crate::process::Sandboxed;
use crate::spec::{Layer, Listener, Network, Refused, SandboxError, Spec};
use crate::sys::{self, Cloned};
use rustix::fd::OwnedFd;
use rustix::io::{Errno, IoSliceMut};
use rustix::net::{AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::pipe::PipeFlags;
use std::io;
use std::mem::MaybeUninit;
use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::Duration;

/// Namespaces every sandbox has.
const NAMESPACES: i32 = libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;

/// User ids given to sandboxes under root. systemd's table of ids ("Users, Groups, UIDs and GIDs on systemd
/// Systems") leaves 1879048192 to 2147483647 to nobody; every sandbox of this process gets the next one.
const FIRST_USER: u32 = 1_900_000_000;

/// Counts sandboxes of this process, for names of cgroups and user ids.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// Starts a process in a sandbox. Blocks until its program runs, some ten milliseconds.
///
/// # Errors
/// When the kernel gives no namespaces, a path cannot be used, or a step of the setup fails; nothing is left then.
pub fn spawn(spec: &Spec) -> Result<Sandboxed, SandboxError> {
    if spec.listeners.len() > MOST_LISTENERS {
        let source = io::Error::new(io::ErrorKind::InvalidInput, format!("more than {MOST_LISTENERS} listeners"));
        return Err(SandboxError::Spec { path: "listeners".into(), source });
    }
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let network = if spec.network == Network::Own { libc::CLONE_NEWNET } else { 0 };
    // Two `sekisho up` at once must not share a user: their process numbers differ.
    let user = FIRST_USER + ((std::process::id() % 100_000) * 1_000) + number % 1_000;
    let root = rustix::process::geteuid().is_root();
    if root {
        match start(spec, Who::Other(user), NAMESPACES | network, number) {
            // Root without CAP_SYS_ADMIN, as in most containers, is an ordinary user here.
            Err(SandboxError::Namespaces(error)) if error.raw_os_error() == Some(libc::EPERM) => {}
            answer => return answer,
        }
    }
    let mut sandboxed = start(spec, Who::Same, NAMESPACES | network | libc::CLONE_NEWUSER, number)?;
    if root {
        sandboxed
            .refused
            .push(Refused { layer: Layer::OwnUser, why: "root here has no right to make namespaces or change users".to_owned() });
    }
    Ok(sandboxed)
}

fn start(spec: &Spec, who: Who, namespaces: i32, number: u32) -> Result<Sandboxed, SandboxError> {
    let (stdout, child_stdout) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(io::Error::from)?;
    let (stderr, child_stderr) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(io::Error::from)?;
    let flags = SocketFlags::CLOEXEC;
    let (report, child_report) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).map_err(io::Error::from)?;
    let null = OwnedFd::from(std::fs::File::open("/dev/null")?);
    let ends = Ends { null, stdout: child_stdout, stderr: child_stderr, report: child_report };
    let plan = Arc::new(Plan::new(spec, who)?);
    let (pid, pidfd) = clone_on_thread(Arc::clone(&plan), ends, namespaces)?.map_err(|errno| SandboxError::Namespaces(errno.into()))?;
    let (cgroup, mut refused) = Cgroup::new(&format!("sekisho-{}-{number}", std::process::id()), &spec.limits);
    if let Err(error) = cgroup.add(pid) {
        refused.push(Refused { layer: Layer::Memory, why: error.to_string() });
    }
    let host_user = match who {
        Who::Other(user) => user,
        Who::Same => rustix::process::geteuid().as_raw(),
    };
    // From here on dropping it ends the child.
    let mut sandboxed = Sandboxed {
        stdout: Some(stdout),
        stderr: Some(stderr),
        tcp: Vec::new(),
        udp: Vec::new(),
        refused,
        pid,
        pidfd,
        host_user,
        ended: Mutex::new(None),
        cgroup,
    };
    rustix::net::send(&report, b"g", SendFlags::NOSIGNAL).map_err(io::Error::from)?;
    converse(&plan, &report, &mut sandboxed)?;
    Ok(sandboxed)
}

/// Hears the child out until its socket closes, which is when its program runs.
fn converse(plan: &Plan, report: &OwnedFd, sandboxed: &mut Sandboxed) -> Result<(), SandboxError> {
    rustix::net::sockopt::set_socket_timeout(report, rustix::net::sockopt::Timeout::Recv, Some(Duration::from_secs(20)))
        .map_err(io::Error::from)?;
    loop {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_LISTENERS))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut message = [0u8; 10];
        let received = rustix::io::retry_on_intr(|| {
            rustix::net::recvmsg(report, &mut [IoSliceMut::new(&mut message)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
        });
        let received = received.map_err(|errno| SandboxError::Setup { step: "be set up in time".to_owned(), source: errno.into() })?;
        if received.bytes == 0 {
            return match sandboxed.try_wait() {
                // Ended before the program: a kill from outside, or memory.
                Some(ended) if sandboxed.tcp.len() + sandboxed.udp.len() < plan.listeners.len() => {
                    Err(SandboxError::Setup { step: "stay alive".to_owned(), source: io::Error::other(format!("{ended:?}")) })
                }
                _ => Ok(()),
            };
        }
        let [kind, at, i0, i1, i2, i3, e0, e1, e2, e3] = message;
        let errno = io::Error::from_raw_os_error(i32::from_ne_bytes([e0, e1, e2, e3]));
        match kind {
            SAYS_LISTENERS => {
                let sockets = ancillary.drain().filter_map(|part| match part {
                    RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
                    _ => None,
                });
                for (socket, listener) in sockets.flatten().zip(&plan.listeners) {
                    match listener {
                        Listener::Tcp(_) => sandboxed.tcp.push(TcpListener::from(socket)),
                        Listener::Udp(_) => sandboxed.udp.push(UdpSocket::from(socket)),
                    }
                }
            }
            SAYS_REFUSED => {
                let layer = LAYERS.get(usize::from(at)).copied().unwrap_or(Layer::Seccomp);
                sandboxed.refused.push(Refused { layer, why: errno.to_string() });
            }
            SAYS_FAILED => {
                return Err(SandboxError::Setup { step: plan.words(at, u32::from_ne_bytes([i0, i1, i2, i3])), source: errno });
            }
            _ => return Err(SandboxError::Setup { step: "be understood".to_owned(), source: io::Error::other("unknown message") }),
        }
    }
}

type Answer = Result<(i32, OwnedFd), Errno>;

struct Job {
    plan: Arc<Plan>,
    ends: Ends,
    namespaces: i32,
    answer: mpsc::Sender<Answer>,
}

/// Clones on the thread that never ends. The outer error is about that thread.
fn clone_on_thread(plan: Arc<Plan>, ends: Ends, namespaces: i32) -> Result<Answer, io::Error> {
    static JOBS: OnceLock<Result<Mutex<mpsc::Sender<Job>>, io::ErrorKind>> = OnceLock::new();
    let jobs = JOBS.get_or_init(|| {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new().name("sandbox-spawner".to_owned()).spawn(move || {
            for Job { plan, ends, namespaces, answer } in inbox {
                let cloned = clone(&plan, &ends, namespaces);
                // The child has its copies; ours must be closed for the end of its socket to be seen.
                drop(ends);
                let _ = answer.send(cloned);
            }
        });
        thread.map(|_| Mutex::new(jobs)).map_err(|error| error.kind())
    });
    let gone = || io::Error::other("the spawning thread is gone");
    let (answer, inbox) = mpsc::channel();
    let jobs = jobs.as_ref().map_err(|kind| io::Error::from(*kind))?;
    jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).send(Job { plan, ends, namespaces, answer }).map_err(|_| gone())?;
    inbox.recv().map_err(|_| gone())
}

#[allow(unsafe_code)]
fn clone(plan: &Plan, ends: &Ends, namespaces: i32) -> Answer {
    let before = sys::block_signals();
    // SAFETY: on the child's side `child::run` never returns, and calls only what is async-signal-safe.
    let cloned = unsafe { sys::clone_process(namespaces) };
    match cloned {
        Ok(Cloned::Child) => child::run(plan, ends),
        Ok(Cloned::Parent(pid, pidfd)) => {
            sys::restore_signals(&before);
            Ok((pid, pidfd))
        }
        Err(errno) => {
            sys::restore_signals(&before);
            Err(errno)
        }
    }
}
