//! The same history as git itself tells (`git rev-list --objects --all --reflog`), packed in every way; and what is refused is said.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(folder);
    // The dates below are old: nothing may expire.
    let settings =
        ["user.name=a", "user.email=a@b", "protocol.file.allow=always", "gc.reflogExpire=never", "gc.reflogExpireUnreachable=never"];
    for setting in settings {
        command.args(["-c", setting]);
    }
    command.args(arguments);
    for (name, value) in [("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")] {
        command.env(name, value);
    }
    for name in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
        command.env(name, "2024-02-03T04:05:06Z");
    }
    let output = command.output().expect("git is installed");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn commit(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", file]);
}

/// A history with everything that keeps an object reachable.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    git(at, &["init", "-q", "-b", "main"]);
    let body =
        |n: usize| (0..400).map(|line| format!("line {} of a long file\n", if line == n { line * 7 } else { line })).collect::<String>();
    for n in 0..12 {
        commit(at, "src/long.txt", &body(n * 30));
    }
    commit(at, "src/gone.txt", "it was here");
    fs::remove_file(at.join("src/gone.txt")).unwrap();
    commit(at, "app/b.txt", "below app");
    git(at, &["checkout", "-q", "-b", "side"]);
    commit(at, "side.txt", "on a branch");
    git(at, &["tag", "-a", "-m", "a tag", "v1"]);
    git(at, &["checkout", "-q", "main"]);
    git(at, &["branch", "-q", "-D", "side"]);
    git(at, &["merge", "-q", "--no-ff", "-m", "merge", "v1"]);
    commit(at, "reset.txt", "only in the reflog");
    git(at, &["reset", "-q", "--hard", "HEAD~1"]);
    for text in ["first stash", "second stash"] {
        fs::write(at.join("side.txt"), text).unwrap();
        git(at, &["stash", "-q"]);
    }
    folder
}

/// What git says: blobs by their names.
fn told_by_git(at: &Path) -> BTreeMap<String, String> {
    let listed = git(at, &["rev-list", "--objects", "--all", "--reflog"]);
    let mut blobs = BTreeMap::new();
    for line in listed.lines() {
        let id = line.split(' ').next().unwrap();
        if git(at, &["cat-file", "-t", id]).trim() == "blob" {
            blobs.insert(git(at, &["cat-file", "blob", id]), id.to_owned());
        }
    }
    blobs
}

struct Seen {
    texts: BTreeMap<String, (String, bool)>,
    history: sekisho_git::History,
}

fn walked(at: &Path) -> Seen {
    let mut texts = BTreeMap::new();
    let history = sekisho_git::walk(at, &|_| true, &mut |version| {
        if let Some(path) = version.path {
            let text = String::from_utf8(version.bytes.to_vec()).unwrap();
            assert!(texts.insert(text, (path.to_owned(), version.stands)).is_none(), "each once");
        }
    });
    Seen { texts, history }
}

fn says(at: &Path) -> Vec<String> {
    walked(at).history.troubles.into_iter().map(|trouble| trouble.says).collect()
}

#[test]
fn every_blob_that_git_reaches_once() {
    let folder = repository();
    let at = folder.path();
    let expected = told_by_git(at);
    assert!(expected.len() > 15);
    for pack in [None, Some(vec!["gc", "-q"]), Some(vec!["gc", "-q", "--aggressive"]), Some(vec!["repack", "-q", "-a", "-d", "-F"])] {
        if let Some(pack) = pack {
            git(at, &pack);
        }
        let seen = walked(at);
        let heads = |text: &String| text.chars().take(20).collect::<String>();
        let more: Vec<_> = seen.texts.keys().filter(|text| !expected.contains_key(*text)).map(heads).collect();
        let less: Vec<_> = expected.keys().filter(|text| !seen.texts.contains_key(*text)).map(heads).collect();
        assert_eq!((more, less), (vec![], vec![]));
        assert_eq!(seen.history.troubles, []);
        assert_eq!(seen.texts["it was here"], ("src/gone.txt".to_owned(), false));
        assert_eq!(seen.texts["below app"], ("app/b.txt".to_owned(), true));
        assert!(seen.texts.contains_key("only in the reflog") && seen.texts.contains_key("first stash"));
    }
}

#[test]
fn the_commit_that_brought_it() {
    let folder = repository();
    let mut messages = Vec::new();
    let mut brought = BTreeMap::new();
    sekisho_git::walk(folder.path(), &|_| true, &mut |version| match version.path {
        Some(path) => drop(brought.insert(path.to_owned(), (version.commit.id.to_string(), version.commit.time.to_string()))),
        None => messages.push(String::from_utf8(version.bytes.to_vec()).unwrap()),
    });
    for path in ["src/gone.txt", "app/b.txt"] {
        let told = git(folder.path(), &["log", "--all", "--diff-filter=A", "--format=%H", "--", path]);
        assert_eq!(brought[path], (told.trim().to_owned(), "2024-02-03T04:05:06Z".to_owned()));
    }
    assert!(messages.iter().any(|text| text.ends_with("a tag\n")) && messages.iter().any(|text| text.ends_with("src/gone.txt\n")));
}

/// An application in a folder of a larger repository has that folder's history, and its paths begin there.
#[test]
fn a_folder_of_the_repository() {
    let folder = repository();
    let seen = walked(&folder.path().join("app"));
    assert_eq!(seen.texts.values().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["b.txt"]);
}

#[test]
fn what_is_not_wanted_is_not_read() {
    let folder = repository();
    let mut paths = Vec::new();
    sekisho_git::walk(folder.path(), &|path| path != "src/", &mut |version| paths.extend(version.path.map(str::to_owned)));
    assert!(!paths.is_empty() && paths.iter().all(|path| !path.starts_with("src/")), "{paths:?}");
}

#[test]
fn gaps_are_said() {
    let folder = repository();
    let (at, other) = (folder.path(), tempfile::tempdir().unwrap());
    let url = format!("file://{}", at.display());
    let clone = |name: &str, arguments: &[&str]| {
        git(other.path(), &[&["clone", "-q"], arguments, &[&url, name]].concat());
        says(&other.path().join(name))
    };
    assert!(clone("shallow", &["--depth", "2"])[0].contains("the clone is shallow"));
    assert!(!walked(&other.path().join("shallow")).texts.is_empty());
    git(at, &["worktree", "add", "-q", "--detach", other.path().join("tree").to_str().unwrap()]);
    assert!(says(&other.path().join("tree"))[0].contains("`.git` is a file or a link"));
    git(other.path(), &["clone", "-q", "--shared", at.to_str().unwrap(), "shared"]);
    let shared = says(&other.path().join("shared"));
    assert!(shared.iter().any(|says| says.contains("borrows")) && shared.iter().any(|says| says.contains("are not here")), "{shared:?}");
    git(other.path(), &["init", "-q", "--object-format=sha256", "long"]);
    assert!(says(&other.path().join("long"))[0].contains("objectformat = sha256"));
    let linked = other.path().join("linked");
    fs::create_dir(&linked).unwrap();
    std::os::unix::fs::symlink(at.join(".git"), linked.join(".git")).unwrap();
    assert!(says(&linked)[0].contains("`.git` is a file or a link"));
    assert!(says(Path::new("/"))[0].contains("there is no git repository"));
}

#[test]
fn what_is_missing_or_damaged_is_counted() {
    let folder = repository();
    let at = folder.path();
    let expected = told_by_git(at);
    let loose = |text: &str| at.join(".git/objects").join(&expected[text][..2]).join(&expected[text][2..]);
    fs::remove_file(loose("it was here")).unwrap();
    fs::remove_file(loose("below app")).unwrap();
    fs::write(loose("on a branch"), b"no zlib").unwrap_or_else(|_| {
        fs::remove_file(loose("on a branch")).unwrap();
        fs::write(loose("on a branch"), b"no zlib").unwrap();
    });
    let seen = walked(at);
    assert_eq!(seen.texts.len(), expected.len() - 3);
    let troubles: Vec<&str> = seen.history.troubles.iter().map(|trouble| trouble.says.as_str()).collect();
    assert!(troubles[0].starts_with("not assessed: 2 objects of git's history are not here"), "{troubles:?}");
    assert!(troubles[1].starts_with("not assessed: 1 objects of git's history are damaged"), "{troubles:?}");
}

/// Every byte of a pack, wrong: less is read, it is said, and nothing panics.
#[test]
fn damaged_packs() {
    let folder = repository();
    let at = folder.path();
    let whole = walked(at).texts;
    git(at, &["gc", "-q"]);
    let packs = fs::read_dir(at.join(".git/objects/pack")).unwrap().flatten().map(|entry| entry.path());
    for path in packs.filter(|path| path.extension().is_some_and(|end| end == "pack" || end == "idx")) {
        let good = fs::read(&path).unwrap();
        let other = path.with_extension("other");
        fs::rename(&path, &other).unwrap();
        for at_byte in (0..good.len()).step_by(37) {
            let mut bad = good.clone();
            bad[at_byte] ^= 0x41;
            fs::write(&path, &bad).unwrap();
            let mut shown = 0;
            let history = sekisho_git::walk(at, &|_| true, &mut |version| shown += usize::from(version.path.is_some()));
            assert!(shown == whole.len() || !history.troubles.is_empty(), "byte {at_byte} of {} changed unseen", path.display());
        }
        fs::remove_file(&path).unwrap();
        fs::rename(&other, &path).unwrap();
    }
}
