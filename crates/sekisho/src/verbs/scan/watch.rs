//! Waiting for a file of the application to change.

use model::Files;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};
use std::{fs, thread};

/// How often the folder is looked at.
const EVERY: Duration = Duration::from_millis(400);

/// What the folder's files were like.
pub struct Seen(BTreeMap<String, (u64, Option<SystemTime>)>);

impl Seen {
    /// Looks at the folder.
    pub fn of(root: &Path) -> Self {
        let files = read::Folder::new(root).list("").unwrap_or_default();
        let state = |file: String| {
            let meta = fs::symlink_metadata(root.join(&file)).ok()?;
            Some((file, (meta.len(), meta.modified().ok())))
        };
        Self(files.into_iter().filter_map(state).collect())
    }

    /// Returns when the folder is no longer as it was, and again quiet.
    pub fn wait(&self, root: &Path) {
        let mut last = Self::of(root);
        loop {
            thread::sleep(EVERY);
            let now = Self::of(root);
            // An editor that writes several files is let finish.
            if now.0 != self.0 && now.0 == last.0 {
                return;
            }
            last = now;
        }
    }
}
