//! A running sandbox: its sockets and output, how it ends. Dropping it kills every process in it.

use crate::cgroup::Cgroup;
use crate::spec::Refused;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::process::{Signal, WaitId, WaitIdOptions};
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::sync::Mutex;

/// A process in its sandbox.
#[derive(Debug)]
pub struct Sandboxed {
    /// What it writes to standard output; a pipe.
    pub stdout: Option<OwnedFd>,
    /// What it writes to standard error; a pipe.
    pub stderr: Option<OwnedFd>,
    /// The TCP listeners of its [`crate::Spec`], in order, not blocking.
    pub tcp: Vec<TcpListener>,
    /// The UDP sockets of its [`crate::Spec`], in order, not blocking.
    pub udp: Vec<UdpSocket>,
    /// Layers that the kernel refused.
    pub refused: Vec<Refused>,
    pub(crate) pid: i32,
    pub(crate) pidfd: OwnedFd,
    pub(crate) host_user: u32,
    pub(crate) ended: Mutex<Option<Ended>>,
    /// Last, so that it is removed after the process was reaped.
    pub(crate) cgroup: Cgroup,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this exit status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

impl Sandboxed {
    /// Readable when the process has ended.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// The process's number on the host.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The user id under which it runs, as the host sees it.
    pub fn host_user(&self) -> u32 {
        self.host_user
    }

    /// Kills it and everything it started; the kernel ends all processes of a process namespace with its first.
    pub fn kill(&self) {
        // Fails only when it has ended already.
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// How it ended; `None` while it runs.
    pub fn try_wait(&self) -> Option<Ended> {
        self.reap(WaitIdOptions::NOHANG)
    }

    /// Waits until it has ended.
    pub fn wait(&self) -> Ended {
        // Without WNOHANG the call returns only with a status, or when somebody else has reaped the child.
        self.reap(WaitIdOptions::empty()).unwrap_or(Ended::Killed(libc::SIGKILL))
    }

    fn reap(&self, options: WaitIdOptions) -> Option<Ended> {
        let mut ended = self.ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if ended.is_none() {
            let status =
                rustix::io::retry_on_intr(|| rustix::process::waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED | options));
            *ended = match status {
                Ok(Some(status)) => Some(match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => Ended::Exited(code),
                    (None, signal) => Ended::Killed(signal.unwrap_or(libc::SIGKILL)),
                }),
                Ok(None) => None,
                Err(_) => Some(Ended::Killed(libc::SIGKILL)),
            };
        }
        *ended
    }

    /// The most memory that it and everything it started have used, in bytes: of its cgroup, else the sum of what
    /// its processes hold now.
    pub fn memory(&self) -> u64 {
        self.cgroup.peak().unwrap_or_else(|| tree(self.pid))
    }

    /// Whether the kernel killed something in it because the memory limit was reached.
    pub fn out_of_memory(&self) -> bool {
        self.cgroup.killed_for_memory() > 0
    }
}

impl Drop for Sandboxed {
    fn drop(&mut self) {
        self.kill();
        self.wait();
    }
}

/// Resident bytes of a process and its descendants. Orphans inside belong to the first process of the namespace, so
/// nothing is left out.
fn tree(pid: i32) -> u64 {
    let mut sum = 0;
    let mut open = vec![pid];
    while let Some(pid) = open.pop() {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        sum += kilobytes.unwrap_or(0) * 1024;
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            open.extend(children.split_whitespace().filter_map(|child| child.parse::<i32>().ok()));
        }
    }
    sum
}
