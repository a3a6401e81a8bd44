//! The rooms of the house: which crate may see which, and what it may never touch. ARCHITECTURE.md's table is
//! written from this one (`cargo test -p sekisho --test rooms` says so when it is not), and every Cargo.toml and
//! every import is held against it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

struct Room {
    name: &'static str,
    /// Rooms it may see.
    sees: &'static [&'static str],
    /// What it may touch of the outside.
    touches: &'static str,
    /// What it never does.
    never: &'static str,
    /// Pure: no I/O, clock, random numbers, threads or async.
    pure: bool,
}

const ROOMS: &[Room] = &[
    Room { name: "model", sees: &[], touches: "nothing", never: "I/O, clock, random, async, another room", pure: true },
    Room { name: "iam", sees: &["model"], touches: "nothing", never: "I/O; a service named in a `match` outside its data", pure: true },
    Room {
        name: "waf",
        sees: &["model"],
        touches: "nothing (rule files arrive as bytes)",
        never: "I/O, clock; letting what it does not know pass",
        pure: true,
    },
    Room {
        name: "advisories",
        sees: &["model"],
        touches: "nothing (records arrive as bytes)",
        never: "I/O; taking a version that it cannot compare for a safe one",
        pure: true,
    },
    Room {
        name: "git",
        sees: &["model"],
        touches: "files of one `.git` folder, read only",
        never: "running git; following its configuration, or a way out of the folder",
        pure: false,
    },
    Room { name: "code", sees: &["model"], touches: "nothing (files through `model::Files`)", never: "judging what it reads", pure: true },
    Room {
        name: "gate",
        sees: &["model", "iam", "waf"],
        touches: "nothing",
        never: "allowing by default: what it does not know is `stop` or `depends`",
        pure: true,
    },
    Room {
        name: "read",
        sees: &["model", "advisories", "git", "code"],
        touches: "files, through one opener confined to the root",
        never: "judging; URLs; failing as a whole",
        pure: false,
    },
    Room {
        name: "rules",
        sees: &["model", "read"],
        touches: "nothing (rules arrive as text)",
        never: "knowing a risk; passing a rule that it could not evaluate",
        pure: false,
    },
    Room { name: "edit", sees: &["model", "read"], touches: "files named in a Fix", never: "deciding what to fix", pure: false },
    Room { name: "sandbox", sees: &[], touches: "one process, its namespaces and its limits", never: "deciding; knowing AWS", pure: false },
    Room {
        name: "services",
        sees: &["model", "gate"],
        touches: "its own store, through `model::World`",
        never: "another service; deciding; sockets and files",
        pure: false,
    },
    Room {
        name: "risks",
        sees: &["model", "gate", "iam", "waf", "advisories", "code"],
        touches: "nothing",
        never: "another risk; I/O",
        pure: true,
    },
    Room {
        name: "scan",
        sees: &["model", "gate", "iam", "waf", "code", "risks"],
        touches: "nothing",
        never: "formatting; writing files",
        pure: true,
    },
    Room {
        name: "up",
        sees: &["model", "gate", "services", "sandbox", "read"],
        touches: "sockets, processes, clock, disk under `.sekisho/`",
        never: "deciding; knowing a risk",
        pure: false,
    },
    Room {
        name: "attack",
        sees: &["model", "risks"],
        touches: "the target the user named (loopback)",
        never: "reading `x-sekisho-why`; anything destructive its canary does not need",
        pure: false,
    },
    Room {
        name: "investigate",
        sees: &["model", "iam", "read", "risks"],
        touches: "event iterators",
        never: "knowing up or scan",
        pure: false,
    },
    Room { name: "report", sees: &["model"], touches: "a `Write`", never: "deciding severity; reading files", pure: true },
    Room {
        name: "prove",
        sees: &["model", "read", "scan", "up", "attack", "investigate", "edit", "risks"],
        touches: "a scratch copy of the application",
        never: "a shortcut past a verb",
        pure: false,
    },
    Room {
        name: "sekisho",
        sees: &[
            "model",
            "iam",
            "waf",
            "advisories",
            "read",
            "rules",
            "edit",
            "scan",
            "up",
            "attack",
            "investigate",
            "prove",
            "report",
            "risks",
            "sandbox",
        ],
        touches: "stdout, environment, flags, exit code",
        never: "logic",
        pure: false,
    },
];

/// Tools of the workshop: not part of the product.
const OUTSIDE: &[&str] = &["xtask"];

/// What a pure room does not say.
const IMPURE: &[&str] = &[
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::process",
    "std::thread",
    "std::env::",
    "SystemTime",
    "Instant::now",
    "tokio",
    "async fn",
    "rand::",
];

/// Where a pure room may say one of these words after all: (end of the file's path, word).
/// A parser of deeply nested source needs a stack of its own; it is joined at once and nothing runs beside it.
const ALLOWED: &[(&str, &str)] = &[("code/src/stack.rs", "std::thread")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

fn room(name: &str) -> &'static Room {
    ROOMS.iter().find(|room| room.name == name).unwrap_or_else(|| panic!("crates/{name} has no row in the table of rooms"))
}

/// Names of the rooms in one section of a Cargo.toml.
fn dependencies(manifest: &str) -> BTreeSet<&str> {
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| ROOMS.iter().any(|room| room.name == *name))
        .collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_crate_is_a_room_and_sees_only_what_it_may() {
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(root().join("crates")).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if OUTSIDE.contains(&name.as_str()) {
            continue;
        }
        let room = room(&name);
        let manifest = fs::read_to_string(entry.path().join("Cargo.toml")).unwrap();
        for dependency in dependencies(&manifest) {
            assert!(room.sees.contains(&dependency), "crates/{name} sees {dependency}; the table does not allow it");
        }
        seen.insert(name);
    }
    for room in ROOMS {
        assert!(seen.contains(room.name), "the table has a row for {}, which does not stand", room.name);
    }
}

#[test]
fn pure_rooms_touch_nothing() {
    for room in ROOMS.iter().filter(|room| room.pure) {
        let mut files = Vec::new();
        sources(&root().join("crates").join(room.name).join("src"), &mut files);
        for file in files.iter().filter(|file| !file.ends_with("tests.rs") && !file.components().any(|part| part.as_os_str() == "tests")) {
            let text = fs::read_to_string(file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (number, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                for word in IMPURE {
                    let allowed = ALLOWED.iter().any(|(end, may)| file.ends_with(end) && may == word);
                    assert!(
                        allowed || !line.contains(word),
                        "{}:{}: {} is a pure room and may not say {word}",
                        file.display(),
                        number + 1,
                        room.name
                    );
                }
            }
        }
    }
}

#[test]
fn services_never_see_another_service() {
    let folder = root().join("crates/services/src");
    let names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    for name in &names {
        let mut files = Vec::new();
        sources(&folder.join(name), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for other in names.iter().filter(|other| *other != name && *other != "wire") {
                assert!(!text.contains(&format!("crate::{other}::")), "{}: the service {name} sees the service {other}", file.display());
            }
        }
    }
}

#[test]
fn unsafe_stands_in_the_sandbox_only() {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    for file in files.iter().filter(|file| !file.starts_with(root().join("crates/sandbox")) && !file.ends_with("rooms.rs")) {
        let text = fs::read_to_string(file).unwrap();
        assert!(!text.contains("unsafe {") && !text.contains("unsafe fn"), "{} uses unsafe", file.display());
    }
}

#[test]
fn files_stay_readable() {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.lines().count() <= 600, "{} has more than 600 lines", file.display());
        assert!(text.starts_with("//!"), "{} does not open with what it is", file.display());
    }
}

#[test]
fn the_longest_chain_is_short() {
    fn depth(name: &str) -> usize {
        let manifest = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
        dependencies(&manifest).into_iter().map(|below| depth(below) + 1).max().unwrap_or(0)
    }
    let longest = ROOMS.iter().map(|room| depth(room.name)).max().unwrap();
    assert!(longest <= 6, "the longest chain of crates has {longest} links");
}

#[test]
fn architecture_has_this_table() {
    let mut table = String::from("| room | sees | touches | never |\n|---|---|---|---|\n");
    for room in ROOMS {
        let sees = if room.sees.is_empty() { "std, serde".to_owned() } else { room.sees.join(" ") };
        table.push_str(&format!("| {} | {sees} | {} | {} |\n", room.name, room.touches, room.never));
    }
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(text.contains(&table), "ARCHITECTURE.md lacks this table:\n{table}");
}
