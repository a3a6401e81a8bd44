//! One stranger's process: namespaces, Landlock, seccomp, cgroups; hands back the listeners from inside.
