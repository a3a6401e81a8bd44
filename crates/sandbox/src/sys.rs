//! The system calls that no safe crate offers in a form fit for a freshly cloned child. All `unsafe` is here.
//!
//! Every function is one or two raw system calls on memory that its arguments keep alive: no allocation, no lock,
//! so all may be called between `clone3` and `execve`. Errors are the kernel's numbers.
#![allow(unsafe_code)]

use rustix::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use rustix::io::Errno;
use std::ffi::{CStr, c_char, c_int, c_long, c_void};

/// Raw result of a system call as a `Result`.
fn checked(result: c_long) -> Result<c_long, Errno> {
    if result >= 0 {
        return Ok(result);
    }
    // SAFETY: `__errno_location` returns this thread's errno, always valid; the child has its own copy.
    Err(Errno::from_raw_os_error(unsafe { *libc::__errno_location() }))
}

/// Which side of [`clone_process`] returned.
pub enum Cloned {
    /// The new process.
    Child,
    /// The old one: the child's number and a descriptor of it.
    Parent(i32, OwnedFd),
}

/// Makes a process with these namespace flags. The child has one thread, every handled signal reset to its default
/// and a copy of all memory; it must only call what is async-signal-safe until it executes a program.
///
/// # Safety
/// The caller makes sure that the child's side never returns to code that allocates, locks or unwinds.
pub unsafe fn clone_process(namespaces: c_int) -> Result<Cloned, Errno> {
    let mut pidfd: c_int = -1;
    let flags = namespaces | libc::CLONE_PIDFD;
    // CLONE_CLEAR_SIGHAND: a handler of the parent must never run in the child.
    let flags = (flags as u32 as u64) | 0x1_0000_0000;
    // SAFETY: an all-zero `clone_args` is the documented default.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = flags;
    arguments.pidfd = (&raw mut pidfd) as u64;
    arguments.exit_signal = libc::SIGCHLD as u64;
    // SAFETY: `arguments` and `pidfd` outlive the call; stack 0 means copy-on-write of the caller's, as fork does.
    let pid = checked(unsafe { libc::syscall(libc::SYS_clone3, &raw mut arguments, size_of::<libc::clone_args>()) })?;
    if pid == 0 {
        return Ok(Cloned::Child);
    }
    // SAFETY: the kernel stored a fresh descriptor in `pidfd` that nobody else owns.
    Ok(Cloned::Parent(pid as i32, unsafe { OwnedFd::from_raw_fd(pidfd) }))
}

/// Ends the calling process without running anything.
pub fn exit(status: c_int) -> ! {
    // SAFETY: `_exit` takes any status and does not return.
    unsafe { libc::_exit(status) }
}

/// `execve`. Returns only when it failed. Both vectors end with a null pointer.
pub fn execute(program: &CStr, argv: &Pointers, envp: &Pointers) -> Errno {
    // SAFETY: `Pointers` holds a null-terminated vector of pointers to C strings that are alive as long as it is.
    match checked(c_long::from(unsafe { libc::execve(program.as_ptr(), argv.0.as_ptr(), envp.0.as_ptr()) })) {
        Err(errno) => errno,
        Ok(_) => Errno::INVAL,
    }
}

/// A null-terminated vector of C strings, with the strings.
pub struct Pointers(Vec<*const c_char>, #[expect(dead_code, reason = "keeps what the pointers point to")] Vec<std::ffi::CString>);

// SAFETY: the pointers lead to heap memory owned by the second field, which is never changed.
unsafe impl Send for Pointers {}
// SAFETY: as above; nothing is ever written through them.
unsafe impl Sync for Pointers {}

impl Pointers {
    /// Takes the strings and points to them.
    pub fn new(strings: Vec<std::ffi::CString>) -> Self {
        let pointers = strings.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect();
        Self(pointers, strings)
    }
}

/// Makes a mount and everything mounted below it keep these attributes (`mount_setattr` with `AT_RECURSIVE`).
pub fn restrict_mount(target: &CStr, attributes: u64) -> Result<(), Errno> {
    // The kernel's `struct mount_attr`: set, clear, propagation, user namespace.
    let attr: [u64; 4] = [attributes, 0, 0, 0];
    const AT_RECURSIVE: c_int = 0x8000;
    // SAFETY: the path is a C string and `attr` has the size that is passed.
    checked(unsafe {
        libc::syscall(libc::SYS_mount_setattr, libc::AT_FDCWD, target.as_ptr(), AT_RECURSIVE, attr.as_ptr(), size_of_val(&attr))
    })
    .map(drop)
}

/// Sets the loopback interface up in the network namespace of the calling process.
pub fn loopback_up(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: an all-zero `ifreq` is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l' as c_char;
    request.ifr_name[1] = b'o' as c_char;
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as i16;
    // SAFETY: SIOCSIFFLAGS reads one `ifreq`, which lives on this stack.
    checked(c_long::from(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request) })).map(drop)
}

/// Gives every descriptor from `first` on the close-on-exec mark.
pub fn close_on_exec_from(first: c_int) -> Result<(), Errno> {
    const CLOSE_RANGE_CLOEXEC: c_int = 4;
    // SAFETY: plain numbers.
    checked(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, CLOSE_RANGE_CLOEXEC) }).map(drop)
}

/// Puts `from` in place of descriptor 0, 1 or 2.
pub fn standard(from: BorrowedFd<'_>, to: c_int) -> Result<(), Errno> {
    // SAFETY: `dup2` on open descriptors; 0, 1 and 2 of the child belong to nobody else any more.
    checked(c_long::from(unsafe { libc::dup2(from.as_raw_fd(), to) })).map(drop)
}

/// Signals as a fresh program expects them: SIGPIPE (ignored by Rust programs) at its default, none blocked.
pub fn default_signals() {
    // SAFETY: an all-zero set and SIG_DFL are valid; the calls change only this process.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        let none: libc::sigset_t = std::mem::zeroed();
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Installs a seccomp filter for the calling process.
pub fn install_filter(filter: &[libc::sock_filter]) -> Result<(), Errno> {
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
    // SAFETY: the kernel copies `len` instructions from `filter`, which outlives the call, and writes nothing.
    checked(unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) }).map(drop)
}

/// The Landlock version of the kernel (1 and up).
pub fn landlock_version() -> Result<u32, Errno> {
    const LANDLOCK_CREATE_RULESET_VERSION: c_int = 1;
    // SAFETY: with this flag the kernel wants a null pointer and size 0.
    checked(unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<c_void>(), 0usize, LANDLOCK_CREATE_RULESET_VERSION)
    })
    .map(|version| version as u32)
}

/// A rule set that handles these file accesses and scopes (third word; ignored when `words` is 1 or 2).
pub fn landlock_ruleset(attr: &[u64]) -> Result<OwnedFd, Errno> {
    // SAFETY: the pointer and the size are those of `attr`.
    let fd = checked(unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, attr.as_ptr(), size_of_val(attr), 0) })?;
    // SAFETY: a fresh descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as c_int) })
}

/// Allows `access` below the file or folder behind `path`.
pub fn landlock_allow(ruleset: BorrowedFd<'_>, path: BorrowedFd<'_>, access: u64) -> Result<(), Errno> {
    /// The kernel's `struct landlock_path_beneath_attr`.
    #[repr(C, packed)]
    struct Beneath {
        access: u64,
        parent: i32,
    }
    const LANDLOCK_RULE_PATH_BENEATH: c_int = 1;
    let beneath = Beneath { access, parent: path.as_raw_fd() };
    // SAFETY: `beneath` has the kernel's layout and outlives the call.
    checked(unsafe { libc::syscall(libc::SYS_landlock_add_rule, ruleset.as_raw_fd(), LANDLOCK_RULE_PATH_BENEATH, &raw const beneath, 0) })
        .map(drop)
}

/// Puts the calling process under the rule set for good.
pub fn landlock_restrict(ruleset: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: plain numbers.
    checked(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0) }).map(drop)
}

/// Leaves these namespaces for new ones.
pub fn leave(namespaces: c_int) -> Result<(), Errno> {
    // SAFETY: the caller has one thread; namespace flags share or split no memory or descriptor table.
    checked(c_long::from(unsafe { libc::unshare(namespaces) })).map(drop)
}

/// Blocks every signal in the calling thread and returns what was blocked before.
pub fn block_signals() -> libc::sigset_t {
    // SAFETY: both sets live on this stack and are written before they are read.
    unsafe {
        let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        before
    }
}

/// Puts back what [`block_signals`] returned.
pub fn restore_signals(before: &libc::sigset_t) {
    // SAFETY: the set is valid; no old set is asked for.
    unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut());
    }
}
