//! What control calls changed since the templates were read: kept in the store, so that a second start resumes them.

use crate::store::{Rows, Sqlite};
use model::{App, Change, Store, StoreError};

/// The store's name for what is no service's.
const OWNER: &str = "sekisho";
const TABLE: &str = "changes";

/// The changes in the order they were made.
pub(crate) struct Changes {
    rows: Rows,
    next: u64,
}

impl Changes {
    /// Applies the changes of earlier runs to the application as the templates have it. The second part says which of them
    /// no longer fit, because their resource is gone from the templates; they are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn resume(file: &Sqlite, app: App) -> Result<(Self, App, Vec<String>), StoreError> {
        let rows = file.of(OWNER);
        let (mut app, mut next, mut left_out) = (app, 0, Vec::new());
        for (key, row) in rows.scan(TABLE, "")? {
            next = key.parse::<u64>().map_or(next, |number| number + 1);
            let applied = serde_json::from_slice::<Change>(&row).map_err(|e| e.to_string());
            match applied.and_then(|change| app.apply(&change).map_err(|e| e.to_string())) {
                Ok(changed) => app = changed,
                Err(why) => left_out.push(why),
            }
        }
        Ok((Self { rows, next }, app, left_out))
    }

    /// Keeps one more.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn add(&mut self, change: &Change) -> Result<(), StoreError> {
        let row = serde_json::to_vec(change).map_err(|e| StoreError(e.to_string()))?;
        self.rows.put(TABLE, &format!("{:020}", self.next), &row)?;
        self.next += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use model::{Node, Place, Resource, ResourceId};

    fn table(logical: &str) -> Resource {
        let place = Place::new("template.yaml", 1, 1);
        Resource {
            id: ResourceId::new("app", logical),
            kind: "AWS::DynamoDB::Table".into(),
            properties: Node::from_json(&serde_json::json!({ "TableName": logical }), &place),
            place,
            physical_id: logical.into(),
            arn: None,
            generated_from: None,
            condition: None,
            deletion_policy: None,
            metadata: None,
        }
    }

    #[test]
    fn changes_are_resumed_in_order_and_what_no_longer_fits_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = Sqlite::open(&folder.path().join("state.sqlite")).unwrap();
        let app = || App::new("123456789012", "us-east-1", [table("Declared")]);
        let (mut changes, ..) = Changes::resume(&file, app()).unwrap();
        for number in 0..12 {
            changes.add(&Change::Put(Box::new(table(&format!("T{number}"))))).unwrap();
        }
        changes.add(&Change::Remove(ResourceId::new("app", "T11"))).unwrap();
        changes.add(&Change::Remove(ResourceId::new("app", "Gone"))).unwrap();
        let (_, resumed, left_out) = Changes::resume(&file, app()).unwrap();
        assert_eq!((resumed.resources().count(), resumed.version, left_out.len()), (12, 14, 1), "{left_out:?}");
    }
}
