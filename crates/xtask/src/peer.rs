//! The time and memory of a scan beside those of checkov on the same folder, in the same run. CPU time and not wall time, so that
//! a busy machine is no excuse. Linux only: the figures come from `/proc`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// CPU seconds and peak memory of one run.
pub struct Cost {
    /// User and system time.
    pub seconds: f64,
    /// Most that was resident.
    pub mebibytes: f64,
}

/// Runs of sekisho that are measured: one is shorter than what the kernel's clock tells apart.
const RUNS: usize = 10;

/// Runs checkov once and the release build of sekisho several times; gives both costs and their ratios.
///
/// # Errors
/// When one of the programs is missing: `SEKISHO_CHECKOV` names checkov where it is not on the path.
pub fn checkov(folder: &Path) -> Result<String, String> {
    let ours = runs(release(folder)?, RUNS)?;
    let name = std::env::var("SEKISHO_CHECKOV").unwrap_or_else(|_| "checkov".into());
    let theirs = cost(Command::new(&name).args(["--quiet", "--compact", "--directory"]).arg(folder))?;
    let line = |name: &str, cost: &Cost| format!("{name:8} {:8.2} CPU s {:8.1} MiB", cost.seconds, cost.mebibytes);
    Ok(format!(
        "{}\n{}\nratio    {:8.0} x       {:8.1} x",
        line("checkov", &theirs),
        line("sekisho", &ours),
        theirs.seconds / ours.seconds.max(TICK / RUNS as f64),
        theirs.mebibytes / ours.mebibytes.max(1.0),
    ))
}

/// The command that scans a folder with the release build. `SEKISHO_RELEASE` names the binary where it is not in `target`.
///
/// # Errors
/// When it was not built.
pub fn release(folder: &Path) -> Result<Command, String> {
    let binary = std::env::var_os("SEKISHO_RELEASE").map_or_else(|| "target/release/sekisho".into(), PathBuf::from);
    if !binary.is_file() {
        return Err("build the binary first: cargo build --release".into());
    }
    let mut command = Command::new(binary);
    command.arg("scan").arg(folder).args(["--format", "json", "--hygiene", "--fail-on", "never"]);
    Ok(command)
}

/// The mean time and the most memory of several runs.
///
/// # Errors
/// When the program cannot be started or does not end well.
pub fn runs(mut command: Command, times: usize) -> Result<Cost, String> {
    let all = (0..times).map(|_| cost(&mut command)).collect::<Result<Vec<_>, _>>()?;
    let seconds = all.iter().map(|one| one.seconds).sum::<f64>() / times as f64;
    Ok(Cost { seconds, mebibytes: all.iter().map(|one| one.mebibytes).fold(0.0, f64::max) })
}

/// One clock tick of `/proc/self/stat` (proc_pid_stat(5): USER_HZ, 100 on every Linux that Rust runs on).
const TICK: f64 = 0.01;

fn cost(command: &mut Command) -> Result<Cost, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let before = children();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| format!("{name}: {error}"))?;
    let mut peak = 0.0f64;
    let status = loop {
        peak = peak.max(resident(child.id()));
        match child.try_wait().map_err(|error| format!("{name}: {error}"))? {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    match status.code() {
        Some(0 | 1) => Ok(Cost { seconds: children() - before, mebibytes: peak }),
        _ => Err(format!("{name} ended with {status}")),
    }
}

/// CPU seconds of all children that were waited for: `cutime` and `cstime`.
fn children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The program's name, in parentheses, may hold blanks; the fields behind it are counted from 3.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (field(16) + field(17)) * TICK
}

/// Peak memory of a running process so far, in MiB.
fn resident(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
