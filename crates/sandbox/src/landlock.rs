//! Landlock over the finished root: read and run everywhere, write only where the plan says.
//!
//! A second wall behind the read-only mounts; it never opens what they close. Called in the cloned child: no
//! allocation.

use crate::sys;
use rustix::fd::AsFd;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{CStr, CString};

const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const IOCTL_DEV: u64 = 1 << 15;

/// Everything a version knows about files: 13 rights in version 1, then REFER, TRUNCATE, IOCTL_DEV.
fn known(version: u32) -> u64 {
    match version {
        0 | 1 => (1 << 13) - 1,
        2 => (1 << 14) - 1,
        3 | 4 => (1 << 15) - 1,
        _ => (1 << 16) - 1,
    }
}

/// Restricts the calling process: `writable` folders keep every right, the rest is for reading and running.
pub fn restrict(writable: &[CString]) -> Result<(), Errno> {
    let version = sys::landlock_version()?;
    let all = known(version);
    // Version 6: signals and abstract sockets of processes outside are out of reach.
    let attr = [all, 0, 0b11];
    let words = if version >= 6 { 3 } else { 1 };
    let ruleset = sys::landlock_ruleset(attr.get(..words).unwrap_or(&attr))?;
    let allow = |path: &CStr, access: u64| -> Result<(), Errno> {
        let at = rustix::fs::openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        sys::landlock_allow(ruleset.as_fd(), at.as_fd(), access & all)
    };
    allow(c"/", EXECUTE | READ_FILE | READ_DIR)?;
    allow(c"/dev", READ_FILE | WRITE_FILE | READ_DIR | IOCTL_DEV)?;
    for path in writable {
        allow(path, all)?;
    }
    sys::landlock_restrict(ruleset.as_fd())
}
