//! The way of the cloned child, from the first instruction to `execve`.
//!
//! Nothing here allocates, locks, panics on purpose or touches a file of the host other than through the plan.

use crate::landlock;
use crate::plan::{At, Ends, LAYERS, Plan, SAYS_FAILED, SAYS_LISTENERS, SAYS_REFUSED, Step, Who};
use crate::spec::{Layer, Listener};
use crate::sys;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::{Errno, IoSlice};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::net::{AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType};
use rustix::process::{Resource, Rlimit, Signal};
use rustix::thread::{CapabilitiesSecureBits, CapabilitySet, CapabilitySets};
use std::ffi::CStr;
use std::mem::MaybeUninit;

/// More listeners than this are refused by the spawner.
pub(crate) const MOST_LISTENERS: usize = 8;

const READ_ONLY: u64 = 1;
const NO_SETUID: u64 = 2;
const NO_DEVICES: u64 = 4;

type Failed = (At, u32, Errno);

/// What the child has on its way.
#[derive(Clone, Copy)]
struct Way<'a> {
    plan: &'a Plan,
    ends: &'a Ends,
}

/// Runs in the child and never returns.
pub(crate) fn run(plan: &Plan, ends: &Ends) -> ! {
    let way = Way { plan, ends };
    let (at, index, errno) = match prepare(way) {
        Ok(()) => (At::Execute, 0, sys::execute(&plan.program, &plan.argv, &plan.envp)),
        Err(failed) => failed,
    };
    say(way, SAYS_FAILED, at as u8, index, errno);
    sys::exit(127)
}

/// One fixed-size message: kind, place, index, error number.
fn say(way: Way<'_>, kind: u8, at: u8, index: u32, errno: Errno) {
    let (index, errno) = (index.to_ne_bytes(), errno.raw_os_error().to_ne_bytes());
    let message = [kind, at, index[0], index[1], index[2], index[3], errno[0], errno[1], errno[2], errno[3]];
    // Nobody to tell if this fails: the parent sees the end of the socket.
    let _ = rustix::net::send(&way.ends.report, &message, SendFlags::NOSIGNAL);
}

/// The layer is missing; the parent says so to the user.
fn refused(way: Way<'_>, layer: Layer, errno: Errno) {
    let index = LAYERS.iter().position(|l| *l == layer).unwrap_or_default();
    say(way, SAYS_REFUSED, index as u8, 0, errno);
}

fn prepare(way: Way<'_>) -> Result<(), Failed> {
    let plan = way.plan;
    let at = |at: At| move |errno| (at, 0, errno);
    // The parent puts this process into its cgroup, then says go. End of file: the parent is gone.
    let mut go = [0u8; 1];
    match rustix::io::read(&way.ends.report, &mut go) {
        Ok(1) => {}
        _ => sys::exit(127),
    }
    if matches!(plan.who, Who::Same) {
        map(plan).map_err(at(At::Map))?;
    }
    rustix::process::umask(Mode::from_raw_mode(0o022));
    root(way)?;
    if plan.own_network {
        network(way)?;
    }
    // So that /proc/self/cgroup does not tell the host's paths. Not a wall: no cgroup is mounted inside.
    let _ = sys::leave(libc::CLONE_NEWCGROUP);
    limits(plan).map_err(at(At::Limits))?;
    standard(way).map_err(at(At::Standard))?;
    identity(way).map_err(at(At::Identity))?;
    rustix::process::chdir(plan.directory.as_c_str()).map_err(at(At::Directory))?;
    // Cleared by every change of user, so it comes after them.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(at(At::Identity))?;
    rustix::thread::set_no_new_privs(true).map_err(at(At::Identity))?;
    if let Err(errno) = landlock::restrict(&plan.writable) {
        refused(way, Layer::Landlock, errno);
    }
    sys::close_on_exec_from(3).map_err(at(At::Standard))?;
    sys::default_signals();
    if let Err(errno) = sys::install_filter(&plan.filter) {
        refused(way, Layer::Seccomp, errno);
    }
    Ok(())
}

/// Maps the one user and group of the new user namespace.
fn map(plan: &Plan) -> Result<(), Errno> {
    for (path, text) in
        [(c"/proc/self/setgroups", &b"deny"[..]), (c"/proc/self/uid_map", &plan.user_map), (c"/proc/self/gid_map", &plan.group_map)]
    {
        write(path, OFlags::WRONLY, text)?;
    }
    Ok(())
}

fn write(path: &CStr, flags: OFlags, content: &[u8]) -> Result<(), Errno> {
    let file = rustix::fs::openat(CWD, path, flags | OFlags::CLOEXEC, Mode::from_raw_mode(0o644))?;
    let mut rest = content;
    while !rest.is_empty() {
        let written = rustix::io::write(&file, rest)?;
        rest = rest.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// A root of its own in memory; the host's root is gone when this returns.
fn root(way: Way<'_>) -> Result<(), Failed> {
    let plan = way.plan;
    let at = |errno| (At::Root, 0, errno);
    rustix::mount::mount_change(c"/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).map_err(at)?;
    // `/usr` is only a place that exists everywhere; after the pivot it is uncovered again.
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount(c"sekisho", c"/usr", c"tmpfs", flags, c"mode=755,size=4194304").map_err(at)?;
    rustix::fs::mkdir(c"/usr/.host", Mode::from_raw_mode(0o700)).map_err(at)?;
    rustix::process::pivot_root(c"/usr", c"/usr/.host").map_err(at)?;
    rustix::process::chdir(c"/").map_err(at)?;
    for (index, step) in plan.steps.iter().enumerate() {
        take(way, step).map_err(|errno| (At::Step, index as u32, errno))?;
    }
    rustix::mount::unmount(c"/.host", UnmountFlags::DETACH).map_err(at)?;
    rustix::fs::rmdir(c"/.host").map_err(at)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::RDONLY | MountFlags::BIND;
    rustix::mount::mount_remount(c"/", flags, c"").map_err(at)?;
    rustix::system::sethostname(b"169.254.100.6").map_err(at)
}

fn take(way: Way<'_>, step: &Step) -> Result<(), Errno> {
    match step {
        // A folder may lie in an earlier bind, which has it already.
        Step::Folder(path) => match rustix::fs::mkdir(path.as_c_str(), Mode::from_raw_mode(0o755)) {
            Err(Errno::EXIST) => Ok(()),
            made => made,
        },
        Step::File(path, content) => write(path, OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC, content),
        Step::Link(to, path) => rustix::fs::symlink(to.as_c_str(), path.as_c_str()),
        Step::Bind { source, target, writable, device } => {
            rustix::mount::mount_bind_recursive(source.as_c_str(), target.as_c_str())?;
            let only = if *writable { 0 } else { READ_ONLY };
            let devices = if *device { 0 } else { NO_DEVICES };
            sys::restrict_mount(target, only | devices | NO_SETUID)
        }
        Step::Memory(path, options) => {
            rustix::mount::mount(c"tmpfs", path.as_c_str(), c"tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options.as_c_str())
        }
        Step::Proc => {
            let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
            if let Err(errno) = rustix::mount::mount(c"proc", c"/proc", c"proc", flags, c"") {
                refused(way, Layer::Proc, errno);
            }
            Ok(())
        }
    }
}

/// Loopback up, listeners bound and handed to the parent.
fn network(way: Way<'_>) -> Result<(), Failed> {
    let plan = way.plan;
    let control = rustix::net::socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
    let control = control.map_err(|errno| (At::Loopback, 0, errno))?;
    sys::loopback_up(control.as_fd()).map_err(|errno| (At::Loopback, 0, errno))?;
    let mut sockets: [Option<OwnedFd>; MOST_LISTENERS] = [const { None }; MOST_LISTENERS];
    for (index, (slot, listener)) in sockets.iter_mut().zip(&plan.listeners).enumerate() {
        *slot = Some(listen(*listener).map_err(|errno| (At::Listen, index as u32, errno))?);
    }
    hand_out(way, &sockets).map_err(|errno| (At::Report, 0, errno))
}

fn listen(listener: Listener) -> Result<OwnedFd, Errno> {
    let (kind, address) = match listener {
        Listener::Tcp(address) => (SocketType::STREAM, address),
        Listener::Udp(address) => (SocketType::DGRAM, address),
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::INET, kind, flags, None)?;
    rustix::net::bind(&socket, &address)?;
    if kind == SocketType::STREAM {
        rustix::net::listen(&socket, 1024)?;
    }
    Ok(socket)
}

fn hand_out(way: Way<'_>, sockets: &[Option<OwnedFd>; MOST_LISTENERS]) -> Result<(), Errno> {
    let mut borrowed: [BorrowedFd<'_>; MOST_LISTENERS] = [way.ends.report.as_fd(); MOST_LISTENERS];
    let mut count = 0;
    for (slot, socket) in borrowed.iter_mut().zip(sockets.iter().flatten()) {
        *slot = socket.as_fd();
        count += 1;
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_LISTENERS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if count > 0 {
        ancillary.push(SendAncillaryMessage::ScmRights(borrowed.get(..count).unwrap_or_default()));
    }
    let message = [SAYS_LISTENERS, count as u8];
    rustix::net::sendmsg(&way.ends.report, &[IoSlice::new(&message)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

fn limits(plan: &Plan) -> Result<(), Errno> {
    for (resource, bound) in [
        (Resource::Nproc, plan.processes),
        (Resource::Nofile, plan.open_files),
        (Resource::Core, 0),
        (Resource::Fsize, plan.scratch),
        (Resource::Memlock, 64 << 10),
        (Resource::Msgqueue, 0),
    ] {
        // Never above what this process itself is held to.
        let most = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let bound = Some(bound.min(most));
        rustix::process::setrlimit(resource, Rlimit { current: bound, maximum: bound })?;
    }
    Ok(())
}

fn standard(way: Way<'_>) -> Result<(), Errno> {
    rustix::process::setsid()?;
    sys::standard(way.ends.null.as_fd(), 0)?;
    sys::standard(way.ends.stdout.as_fd(), 1)?;
    sys::standard(way.ends.stderr.as_fd(), 2)
}

/// Gives up every right: another user if root made this, a user namespace, no capability of any kind.
fn identity(way: Way<'_>) -> Result<(), Errno> {
    let plan = way.plan;
    if let Who::Other(id) = plan.who {
        let (user, group) = (rustix::process::Uid::from_raw(id), rustix::process::Gid::from_raw(id));
        rustix::thread::set_thread_groups(&[])?;
        rustix::thread::set_thread_res_gid(group, group, group)?;
        rustix::thread::set_thread_res_uid(user, user, user)?;
        // A change of user makes a process undumpable, and so its own /proc files root's.
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable)?;
        if let Err(errno) = sys::leave(libc::CLONE_NEWUSER).and_then(|()| map(plan)) {
            refused(way, Layer::UserNamespace, errno);
        }
    }
    // Locked: not even user 0 of the namespace would regain capabilities by running a program.
    let bits = CapabilitiesSecureBits::NO_ROOT
        | CapabilitiesSecureBits::NO_ROOT_LOCKED
        | CapabilitiesSecureBits::NO_SETUID_FIXUP
        | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
        | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED;
    // Refused where no user namespace could be made: then there are no capabilities left to lock.
    let _ = rustix::thread::set_capabilities_secure_bits(bits);
    for number in 0..64u32 {
        let _ = rustix::thread::remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << number));
    }
    let none = CapabilitySets { effective: CapabilitySet::empty(), permitted: CapabilitySet::empty(), inheritable: CapabilitySet::empty() };
    rustix::thread::set_capabilities(None, none)
}
