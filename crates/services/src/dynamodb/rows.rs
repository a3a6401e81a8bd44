//! The rows of tables in the service's store: one row an item, as its JSON.

use super::table::Table;
use super::value::{Item, item_from_json, item_json};
use crate::ServiceError;
use model::World;
use serde_json::Value;

/// The rows of one table.
pub struct Rows<'a> {
    world: &'a dyn World,
    table: &'a str,
}

impl<'a> Rows<'a> {
    /// The rows of this table.
    pub fn of(world: &'a dyn World, table: &'a Table) -> Self {
        Self { world, table: &table.name }
    }

    /// One item.
    ///
    /// # Errors
    /// The store failed, or holds what is no item.
    pub fn get(&self, key: &str) -> Result<Option<Item>, ServiceError> {
        self.world.store("dynamodb").get(self.table, key)?.map(|row| decode(&row)).transpose()
    }

    /// Writes an item.
    ///
    /// # Errors
    /// The store failed.
    pub fn put(&self, key: &str, item: &Item) -> Result<(), ServiceError> {
        Ok(self.world.store("dynamodb").put(self.table, key, item_json(item).to_string().as_bytes())?)
    }

    /// Removes an item.
    ///
    /// # Errors
    /// The store failed.
    pub fn delete(&self, key: &str) -> Result<(), ServiceError> {
        Ok(self.world.store("dynamodb").delete(self.table, key)?)
    }

    /// All items whose row begins so, by row.
    ///
    /// # Errors
    /// The store failed, or holds what is no item.
    pub fn scan(&self, prefix: &str) -> Result<Vec<(String, Item)>, ServiceError> {
        let rows = self.world.store("dynamodb").scan(self.table, prefix)?;
        rows.into_iter().map(|(key, row)| Ok((key, decode(&row)?))).collect()
    }

    /// Removes every item.
    ///
    /// # Errors
    /// The store failed.
    pub fn clear(&self) -> Result<(), ServiceError> {
        let store = self.world.store("dynamodb");
        for (key, _) in store.scan(self.table, "")? {
            store.delete(self.table, &key)?;
        }
        Ok(())
    }
}

fn decode(row: &[u8]) -> Result<Item, ServiceError> {
    let broken = || ServiceError::new(500, "InternalServerError", "Internal server error");
    match serde_json::from_slice(row) {
        Ok(Value::Object(members)) => item_from_json(&members).map_err(|_| broken()),
        _ => Err(broken()),
    }
}
