//! The seccomp filter: what a function never needs and an escape does. A denied call fails with EPERM, or ENOSYS
//! where the C library then falls back to one that can be judged (`clone3`).
//!
//! The program is data, made before the process; it does not look at paths (that is Landlock's part).

use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, c_long, sock_filter};

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xC000_00B7;

/// System calls that change the machine, the namespaces or the mounts, look into other processes, or have been
/// ways out before.
const DENIED: &[c_long] = &[
    // mounts and roots
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    // namespaces
    libc::SYS_unshare,
    libc::SYS_setns,
    // other processes
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // the kernel
    libc::SYS_bpf,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_quotactl,
    libc::SYS_vhangup,
    libc::SYS_personality,
    // names and time of the machine
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    // files by handle, past every path
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    // memory policies of other processes
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
];

/// Answered as if the kernel did not have them: callers have a fallback.
const ABSENT: &[c_long] = &[libc::SYS_clone3, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];

/// Socket families a function may use: AF_UNIX, AF_INET, AF_INET6, AF_NETLINK (to list its interfaces). Others, such
/// as AF_VSOCK, are not bounded by a network namespace.
const FAMILIES: &[i32] = &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

const NAMESPACES: u32 = (libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP) as u32;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const EPERM: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const ENOSYS: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

// Offsets in `struct seccomp_data`; arguments are 64 bits, little-endian on both architectures.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

/// The filter, or `None` on an architecture without a table here.
pub fn filter() -> Vec<sock_filter> {
    let mut program = vec![
        load(ARCH),
        // The 32-bit entry of a 64-bit kernel has other numbers: end whoever uses it.
        jump(BPF_JEQ, ARCHITECTURE, 1, 0),
        answer(libc::SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
        // x32: the same calls under other numbers.
        jump(BPF_JGE, 0x4000_0000, 0, 1),
        answer(ENOSYS),
    ];
    for (calls, verdict) in [(DENIED, EPERM), (ABSENT, ENOSYS)] {
        for &call in calls {
            program.extend([jump(BPF_JEQ, call as u32, 0, 1), answer(verdict)]);
        }
    }
    // clone: any namespace flag set -> EPERM.
    program.extend([
        jump(BPF_JEQ, libc::SYS_clone as u32, 0, 5),
        load(FIRST_ARGUMENT),
        statement(BPF_ALU | BPF_AND | BPF_K, NAMESPACES),
        jump(BPF_JEQ, 0, 0, 1),
        answer(ALLOW),
        answer(EPERM),
    ]);
    // socket: only the families above.
    program.extend([jump(BPF_JEQ, libc::SYS_socket as u32, 1, 0), answer(ALLOW), load(FIRST_ARGUMENT)]);
    for &family in FAMILIES {
        program.extend([jump(BPF_JEQ, family as u32, 0, 1), answer(ALLOW)]);
    }
    program.push(answer(EPERM));
    program
}

fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

fn load(offset: u32) -> sock_filter {
    statement(BPF_LD | BPF_W | BPF_ABS, offset)
}

fn answer(verdict: u32) -> sock_filter {
    statement(BPF_RET | BPF_K, verdict)
}

fn jump(condition: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: (BPF_JMP | condition | BPF_K) as u16, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small interpreter of the instructions used here.
    fn run(program: &[sock_filter], arch: u32, number: u32, first: u32) -> u32 {
        let (mut at, mut a) = (0usize, 0u32);
        loop {
            let i = program[at];
            at += 1;
            let code = u32::from(i.code);
            let go = |holds: bool| usize::from(if holds { i.jt } else { i.jf });
            if code == BPF_LD | BPF_W | BPF_ABS {
                a = match i.k {
                    NUMBER => number,
                    ARCH => arch,
                    _ => first,
                };
            } else if code == BPF_RET | BPF_K {
                return i.k;
            } else if code == BPF_ALU | BPF_AND | BPF_K {
                a &= i.k;
            } else if code == BPF_JMP | BPF_JEQ | BPF_K {
                at += go(a == i.k);
            } else {
                assert_eq!(code, BPF_JMP | BPF_JGE | BPF_K);
                at += go(a >= i.k);
            }
        }
    }

    #[test]
    fn verdicts() {
        let program = filter();
        let call = |number: c_long, first: i32| run(&program, ARCHITECTURE, number as u32, first as u32);
        for (number, first, verdict) in [
            (libc::SYS_read, 0, ALLOW),
            (libc::SYS_execve, 0, ALLOW),
            (libc::SYS_mount, 0, EPERM),
            (libc::SYS_ptrace, 0, EPERM),
            (libc::SYS_unshare, libc::CLONE_NEWUSER, EPERM),
            (libc::SYS_clone3, 0, ENOSYS),
            (libc::SYS_io_uring_setup, 0, ENOSYS),
            (libc::SYS_clone, libc::CLONE_VM | libc::CLONE_THREAD, ALLOW),
            (libc::SYS_clone, libc::CLONE_NEWUSER | libc::SIGCHLD, EPERM),
            (libc::SYS_clone, libc::CLONE_NEWNET, EPERM),
            (libc::SYS_socket, libc::AF_INET, ALLOW),
            (libc::SYS_socket, libc::AF_UNIX, ALLOW),
            (libc::SYS_socket, libc::AF_VSOCK, EPERM),
            (libc::SYS_socket, libc::AF_PACKET, EPERM),
            (libc::SYS_socket, libc::AF_ALG, EPERM),
        ] {
            assert_eq!(call(number, first), verdict, "call {number} with {first}");
        }
        assert_eq!(run(&program, 0x4000_0003, 0, 0), libc::SECCOMP_RET_KILL_PROCESS);
        assert_eq!(run(&program, ARCHITECTURE, 0x4000_0000 + libc::SYS_mount as u32, 0), ENOSYS);
    }
}
