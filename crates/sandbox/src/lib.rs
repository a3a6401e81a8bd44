//! One stranger's process: namespaces, own user id, Landlock, seccomp, cgroups; hands back the listeners from inside.
//!
//! [`spawn`] starts a program in its own network, mount, process, IPC and host-name namespaces, on a root file
//! system that holds nothing but what its [`Spec`] names, under a user id that owns nothing on the host. It works
//! as root and as an ordinary user. Where the kernel refuses a layer, [`Sandboxed::refused`] says which; without
//! namespaces there is no sandbox and [`spawn`] fails: it never falls back to a plain process by itself.
//!
//! # How it starts a process inside a multi-threaded one
//! Everything the child needs (paths as C strings, the seccomp program, argument vectors) is made before; then
//! `clone3` with the namespaces; the child runs only async-signal-safe system calls, no allocator and no lock,
//! until `execve`. So no helper binary and no re-exec of `/proc/self/exe` is needed, and it is the same in tests
//! and in the product. The clone is made by one thread that lives as long as the process, because Linux ties the
//! parent-death signal to the *thread* that made the child.
//!
//! This is the only crate with `unsafe`; it is in [`sys`], each use with its reason. It never decides what the
//! program may reach: names and connections are judged by whoever holds the listeners.

mod cgroup;
mod child;
mod landlock;
mod plan;
mod process;
mod seccomp;
mod spawner;
mod spec;
mod sys;

pub use process::{Ended, Sandboxed};
pub use spawner::spawn;
pub use spec::{Bind, Layer, Limits, Listener, Network, Refused, SandboxError, Spec};
