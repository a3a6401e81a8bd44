//! Writing to disk: all or nothing, nothing outside the root.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use sekisho_edit::{Changed, EditError, write};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

fn changed(file: &str, before: Option<&str>, after: &str) -> Changed {
    Changed { file: file.to_owned(), before: before.map(str::to_owned), after: after.to_owned() }
}

#[test]
fn writes_all_keeps_permissions_and_leaves_no_rest() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("a.sh");
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o750)).unwrap();
    write(root.path(), &[changed("a.sh", Some("old"), "new"), changed("sub/b.txt", None, "made")]).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o750);
    assert_eq!(fs::read_to_string(root.path().join("sub/b.txt")).unwrap(), "made");
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
}

#[test]
fn refuses_what_is_outside_linked_or_changed_and_then_writes_nothing() {
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(root.path().join("a"), "old").unwrap();
    fs::write(outside.path().join("secret"), "old").unwrap();
    symlink(outside.path(), root.path().join("link")).unwrap();
    symlink(outside.path().join("secret"), root.path().join("linked")).unwrap();
    let absolute = outside.path().join("secret").to_string_lossy().into_owned();
    for bad in [
        changed("../x", None, "new"),
        changed(&absolute, Some("old"), "new"),
        changed("link/secret", Some("old"), "new"),
        changed("linked", Some("old"), "new"),
        changed("a", Some("other"), "new"),
        changed("a", None, "new"),
    ] {
        let good = changed("z", None, "new");
        let error = write(root.path(), &[good, bad.clone()]).unwrap_err();
        assert!(matches!(error, EditError::Refused { .. }), "{bad:?}: {error}");
        assert!(!root.path().join("z").exists());
        assert_eq!(fs::read_to_string(root.path().join("a")).unwrap(), "old");
        assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "old");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 3);
    }
}
