//! Objects in the service's store. One row says everything of an object but its content, which stands in rows of its own under
//! names that are never used twice: an object is replaced whole, by the one row.

use super::internal;
use crate::{ServiceError, draw};
use model::{Time, World};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

const CONTENT: &str = "content";

/// What is known of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Without quotes.
    pub etag: String,
    /// Bytes.
    pub size: usize,
    /// When it was written.
    pub modified: Time,
    /// What is answered with it: `content-type`, `x-amz-meta-...`; names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its canned access control list, where it has one other than `private`.
    pub acl: Option<String>,
    /// The rows of its content with their sizes, in order.
    pub content: Vec<(String, usize)>,
}

/// The table of a bucket's objects.
fn table(bucket: &str) -> String {
    format!("objects/{bucket}")
}

/// An object.
pub fn find(world: &dyn World, bucket: &str, key: &str) -> Result<Option<Object>, ServiceError> {
    world.store("s3").get(&table(bucket), key)?.map(|row| decoded(&row)).transpose()
}

/// Objects whose key begins so, by key in the order of UTF-8.
pub fn all(world: &dyn World, bucket: &str, prefix: &str) -> Result<Vec<(String, Object)>, ServiceError> {
    let rows = world.store("s3").scan(&table(bucket), prefix)?;
    rows.into_iter().map(|(key, row)| Ok((key, decoded(&row)?))).collect()
}

/// Writes an object in the place of one that may be there.
pub fn put(world: &dyn World, bucket: &str, key: &str, object: &Object) -> Result<(), ServiceError> {
    let before = find(world, bucket, key)?;
    let row = serde_json::to_vec(object).map_err(|_| internal())?;
    world.store("s3").put(&table(bucket), key, &row)?;
    before.map_or(Ok(()), |before| forget(world, &before.content))
}

/// Removes an object, if it is there.
pub fn delete(world: &dyn World, bucket: &str, key: &str) -> Result<(), ServiceError> {
    let Some(object) = find(world, bucket, key)? else { return Ok(()) };
    world.store("s3").delete(&table(bucket), key)?;
    forget(world, &object.content)
}

/// Keeps content; its row and size.
pub fn keep(world: &dyn World, content: &[u8]) -> Result<(String, usize), ServiceError> {
    let id = draw::uuid(world);
    world.store("s3").put(CONTENT, &id, content)?;
    Ok((id, content.len()))
}

/// Forgets content.
pub fn forget(world: &dyn World, content: &[(String, usize)]) -> Result<(), ServiceError> {
    content.iter().try_for_each(|(id, _)| Ok(world.store("s3").delete(CONTENT, id)?))
}

/// These bytes of an object.
pub fn content(world: &dyn World, object: &Object, range: Range<usize>) -> Result<Vec<u8>, ServiceError> {
    let (mut out, mut at) = (Vec::with_capacity(range.len()), 0);
    for (id, size) in &object.content {
        let (from, to) = (range.start.max(at), range.end.min(at + size));
        if from < to {
            let row = world.store("s3").get(CONTENT, id)?.ok_or_else(internal)?;
            out.extend_from_slice(row.get(from - at..to - at).ok_or_else(internal)?);
        }
        at += size;
    }
    Ok(out)
}

fn decoded(row: &[u8]) -> Result<Object, ServiceError> {
    serde_json::from_slice(row).map_err(|_| internal())
}
