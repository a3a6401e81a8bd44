//! The durable store of the services: one SQLite file, one table, write-ahead log.
//!
//! Never interprets a row, and a service sees only its own.

use crate::error::UpError;
use model::{Store, StoreError};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS rows (service TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, row BLOB NOT NULL, \
                      PRIMARY KEY (service, name, key)) WITHOUT ROWID";

/// The file.
#[derive(Clone)]
pub struct Sqlite(Arc<Mutex<Connection>>);

impl Sqlite {
    /// Opens `state.sqlite`, making it when it is not there.
    ///
    /// # Errors
    /// [`UpError::State`] when it is not a database of ours.
    pub fn open(path: &Path) -> Result<Self, UpError> {
        let wrong = |e: &dyn std::fmt::Display| UpError::State { path: path.to_path_buf(), why: e.to_string() };
        // SQLite gives a new file the mode of the process's umask; the folder is 0700, the file 0600 as well.
        crate::folder::private(std::fs::OpenOptions::new().write(true).create(true).truncate(false)).open(path).map_err(|e| wrong(&e))?;
        let connection = Connection::open(path).map_err(|e| wrong(&e))?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(|e| wrong(&e))?;
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(|e| wrong(&e))?;
        connection.execute(SCHEMA, []).map_err(|e| wrong(&e))?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// The rows of one service.
    pub fn of(&self, service: impl Into<String>) -> Rows {
        Rows { file: self.clone(), service: service.into() }
    }

    fn with<T>(&self, act: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        // A panic while the lock was held cannot leave a statement half done: SQLite rolls it back.
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(&connection).map_err(|e| StoreError(e.to_string()))
    }
}

/// The rows of one service.
pub struct Rows {
    file: Sqlite,
    service: String,
}

impl Store for Rows {
    fn get(&self, table: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.file.with(|c| {
            c.prepare_cached("SELECT row FROM rows WHERE service = ?1 AND name = ?2 AND key = ?3")?
                .query_row(params![self.service, table, key], |row| row.get(0))
                .optional()
        })
    }

    fn put(&self, table: &str, key: &str, row: &[u8]) -> Result<(), StoreError> {
        self.file.with(|c| {
            c.prepare_cached("INSERT OR REPLACE INTO rows (service, name, key, row) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![self.service, table, key, row])
                .map(drop)
        })
    }

    fn delete(&self, table: &str, key: &str) -> Result<(), StoreError> {
        self.file.with(|c| {
            c.prepare_cached("DELETE FROM rows WHERE service = ?1 AND name = ?2 AND key = ?3")?
                .execute(params![self.service, table, key])
                .map(drop)
        })
    }

    fn scan(&self, table: &str, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.file.with(|c| {
            let mut statement =
                c.prepare_cached("SELECT key, row FROM rows WHERE service = ?1 AND name = ?2 AND key >= ?3 ORDER BY key")?;
            let rows = statement.query_map(params![self.service, table, prefix], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
            // Keys are in order, so those with the prefix come first.
            rows.take_while(|row| row.as_ref().map_or(true, |(key, _)| key.starts_with(prefix))).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rows_stay_and_services_are_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.sqlite");
        let rows = Sqlite::open(&path).unwrap().of("dynamodb");
        for (key, row) in [("a/1", "x"), ("a/2", "y"), ("b/1", "z"), ("a", "w"), ("a0", "v")] {
            rows.put("t", key, row.as_bytes()).unwrap();
        }
        rows.put("t", "a/1", b"X").unwrap();
        rows.delete("t", "b/1").unwrap();
        drop(rows);
        let file = Sqlite::open(&path).unwrap();
        let rows = file.of("dynamodb");
        assert_eq!(rows.get("t", "a/1").unwrap().unwrap(), b"X");
        let keys: Vec<_> = rows.scan("t", "a/").unwrap().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["a/1", "a/2"]);
        assert_eq!(rows.scan("t", "").unwrap().len(), 4);
        assert!(file.of("secretsmanager").scan("t", "").unwrap().is_empty());
    }

    #[test]
    fn garbage_is_refused_with_a_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.sqlite");
        std::fs::write(&path, vec![0x5a; 8192]).unwrap();
        let refused = Sqlite::open(&path).err().unwrap();
        assert!(refused.to_string().contains("--fresh"), "{refused}");
    }
}
