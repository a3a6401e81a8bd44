//! A Fix as format-preserving edits: applied in memory, shown as a diff, written atomically.
