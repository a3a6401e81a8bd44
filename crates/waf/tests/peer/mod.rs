//! Reference engines beside ours: programs that are given the same requests and rule files and say what they made of them.
//!
//! libmodsecurity is built from `libmodsecurity.c` where its header is installed (Debian: `libmodsecurity-dev`).
//! `SEKISHO_PEERS` names further programs, separated by `:`, that are called and answer as that file describes.
#![allow(clippy::unwrap_used, dead_code)]

pub mod corpus;
pub mod traffic;

use sekisho_waf::seclang::{BASE, Facts, Files, Program, Request, Scratch, Stored, Transaction, load};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A request as it goes over the wire.
pub struct Sent {
    pub method: Vec<u8>,
    pub uri: Vec<u8>,
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl std::fmt::Display for Sent {
    /// The request's line, its headers and its body, as one writes them into a test.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = String::from_utf8_lossy;
        write!(f, "{} {}", text(&self.method), text(&self.uri))?;
        self.headers.iter().try_for_each(|(name, value)| write!(f, " | {}: {}", text(name), text(value)))?;
        write!(f, " | {:?}", text(&self.body))
    }
}

/// What an engine made of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The rules that matched and log.
    pub rules: BTreeSet<u32>,
    pub stopped: bool,
}

/// A program that runs a reference engine.
pub struct Peer {
    pub name: String,
    program: PathBuf,
}

impl Peer {
    /// The peers that can be had here.
    pub fn all() -> Vec<Self> {
        let named = std::env::var("SEKISHO_PEERS").unwrap_or_default();
        let named = named.split(':').filter(|path| !path.is_empty()).map(PathBuf::from);
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        modsecurity().into_iter().chain(named).map(|program| Self { name: name(&program), program }).collect()
    }

    /// Phases 1 and 2 of each request: the answers, and microseconds of processor time for one, the least of some rounds.
    pub fn run(&self, requests: &[Sent], rounds: u32, rules: &[PathBuf]) -> (Vec<Answer>, f64) {
        let folder = folder();
        let (frames, base) = (folder.join("requests"), folder.join("base.conf"));
        std::fs::write(&frames, written(requests)).unwrap();
        std::fs::write(&base, BASE).unwrap();
        let output = Command::new(&self.program).arg(&frames).arg(rounds.to_string()).arg(&base).args(rules).output().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}: {said}", self.name);
        let time = said.lines().find_map(|line| line.strip_prefix("us_per_request ")?.trim().parse().ok()).unwrap();
        let answers: Vec<Answer> = String::from_utf8_lossy(&output.stdout).lines().map(answer).collect();
        assert_eq!(answers.len(), requests.len(), "{}: {said}", self.name);
        (answers, time)
    }
}

fn answer(line: &str) -> Answer {
    let (rules, status) = line.split_once(" = ").unwrap();
    Answer { rules: rules.split(' ').skip(1).map(|id| id.parse().unwrap()).collect(), stopped: status != "0" }
}

fn folder() -> PathBuf {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("sekisho-peer-{}-{count}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn modsecurity() -> Option<PathBuf> {
    let header = ["/usr/include", "/usr/local/include"].map(|folder| Path::new(folder).join("modsecurity/modsecurity.h"));
    header.iter().find(|header| header.is_file())?;
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libmodsecurity");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/libmodsecurity.c");
    // Under a name of its own first: two tests may build it at the same time.
    let new = program.with_extension(std::process::id().to_string());
    let built = Command::new("cc").arg("-O2").arg(source).arg("-o").arg(&new).arg("-lmodsecurity").status().ok()?;
    (built.success() && std::fs::rename(&new, &program).is_ok()).then_some(program)
}

fn written(requests: &[Sent]) -> Vec<u8> {
    let mut frames = Vec::new();
    let put = |frames: &mut Vec<u8>, bytes: &[u8]| {
        frames.extend((bytes.len() as u32).to_le_bytes());
        frames.extend(bytes);
    };
    for (mark, sent) in requests.iter().enumerate() {
        frames.extend((mark as u32).to_le_bytes());
        [&sent.method[..], &sent.uri, b"HTTP/1.1"].iter().for_each(|part| put(&mut frames, part));
        frames.extend((sent.headers.len() as u32).to_le_bytes());
        for (name, value) in &sent.headers {
            put(&mut frames, name);
            put(&mut frames, value);
        }
        put(&mut frames, &sent.body);
    }
    frames
}

/// A rule set's files, and the paths of its rules in the order a peer is to read them: the folder of a release of the Core
/// Rule Set, its `rules`, or Debian's.
pub fn rules(folder: &Path) -> Option<(Files, Vec<PathBuf>)> {
    let mut files = Files::default();
    let setups = [
        folder.join("crs-setup.conf.example"),
        folder.join("../crs-setup.conf.example"),
        PathBuf::from("/etc/modsecurity/crs/crs-setup.conf"),
    ];
    let setup = setups.into_iter().find(|path| path.is_file())?;
    files.insert("crs-setup.conf", std::fs::read(&setup).ok()?);
    files.insert("base", BASE);
    let folder = if folder.join("rules").is_dir() { folder.join("rules") } else { folder.to_owned() };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "conf" || extension == "data"));
    paths.sort();
    for path in &paths {
        files.insert(path.file_name()?.to_string_lossy().into_owned(), std::fs::read(path).ok()?);
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "conf"));
    paths.insert(0, setup);
    (paths.len() > 1).then_some((files, paths))
}

/// The folder that `SEKISHO_CRS` names, or Debian's package.
pub fn rule_folder() -> PathBuf {
    std::env::var("SEKISHO_CRS").map_or_else(|_| PathBuf::from("/usr/share/modsecurity-crs/rules"), PathBuf::from)
}

/// The rule set, compiled, with what every rule set rests on before it.
pub fn compile(files: &Files) -> Program {
    let mut order = vec!["base"];
    order.extend(files.order());
    match load(files, &order) {
        Ok(set) => Program::new(&set),
        Err(problems) => panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// Phases 1 and 2 on our engine.
pub fn judge(program: &Program, sent: &Sent, scratch: &mut Scratch) -> bool {
    let headers: Vec<(&[u8], &[u8])> = sent.headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
    let mut transaction = Transaction::with(program, Facts::default(), Stored::default(), std::mem::take(scratch));
    let request = Request { method: &sent.method, uri: &sent.uri, version: b"HTTP/1.1", headers: &headers, body: &sent.body };
    let stopped = transaction.request(&request).is_some();
    *scratch = transaction.into_scratch();
    stopped
}

/// The same, with the rules that matched and log.
pub fn ask(program: &Program, sent: &Sent) -> Answer {
    let headers: Vec<(&[u8], &[u8])> = sent.headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
    let mut transaction = Transaction::new(program, Facts::default());
    let request = Request { method: &sent.method, uri: &sent.uri, version: b"HTTP/1.1", headers: &headers, body: &sent.body };
    let stopped = transaction.request(&request).is_some();
    let (outcome, ..) = transaction.finish();
    let rules = outcome.matched.iter().filter(|matched| matched.phase <= 2).map(|matched| matched.id).collect();
    Answer { rules, stopped }
}

/// The result and the least processor time of some runs, in milliseconds.
pub fn least<T>(runs: usize, mut run: impl FnMut() -> T) -> (T, f64) {
    let mut best = f64::MAX;
    let mut result = None;
    for _ in 0..runs {
        let before = processor_time();
        result = Some(run());
        best = best.min((processor_time() - before) / 1e6);
    }
    (result.unwrap(), best)
}

/// Nanoseconds this thread has run; the wall clock where the system does not say.
fn processor_time() -> f64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").ok().and_then(|text| text.split(' ').next()?.parse().ok());
    said.unwrap_or_else(|| START.get_or_init(std::time::Instant::now).elapsed().as_nanos() as f64)
}
