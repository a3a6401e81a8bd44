//! Cells and objects, and what is known on the way that is walked. Branches are walked one after the other from the same state
//! and then merged; the trail remembers what to take back.

use super::facts::Facts;
use super::value::{At, CellId, ClassValue, Closure, ObjectId, Value};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Cells that one handler's walk may make.
const MAX_CELLS: usize = 400_000;

/// An object or array.
#[derive(Debug, Default)]
pub(super) struct Object {
    /// Properties with a known name.
    pub fields: BTreeMap<Arc<str>, CellId>,
    /// What was put under names that are not known.
    pub any: Option<CellId>,
    /// What was spread into it.
    pub spread: Option<CellId>,
    /// Its class.
    pub class: Option<Rc<ClassValue>>,
    /// The function that made it with `new`.
    pub maker: Option<Rc<Closure>>,
    /// Where it is written, when it is a literal.
    pub at: Option<At>,
    /// Where truth values of its literal are written, by property.
    pub flags: BTreeMap<Arc<str>, At>,
    /// Whether it is an array.
    pub array: bool,
    /// Whether it holds the named arguments of a call.
    pub named: bool,
}

/// How a block ended. Ordered: a later one leaves fewer statements to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// At its last statement.
    Normal,
    /// With `break` or `continue`.
    Break,
    /// With `return` or `throw`.
    Return,
    /// The way cannot be taken.
    Never,
}

/// Writes of one branch, each cell once.
pub(super) type Writes = BTreeMap<CellId, Value>;

/// The state of the walk.
#[derive(Default)]
pub(super) struct State {
    cells: Vec<Value>,
    objects: Vec<Object>,
    trail: Vec<(CellId, Value)>,
    /// What is known here.
    pub facts: Facts,
    /// Set when a bound was hit.
    pub full: bool,
}

impl State {
    /// A new cell.
    pub fn cell(&mut self, value: Value) -> CellId {
        if self.cells.len() >= MAX_CELLS {
            self.full = true;
            return 0;
        }
        self.cells.push(value);
        self.cells.len() - 1
    }

    /// A new object.
    pub fn object(&mut self, object: Object) -> ObjectId {
        if self.objects.len() >= MAX_CELLS {
            self.full = true;
            return 0;
        }
        self.objects.push(object);
        self.objects.len() - 1
    }

    /// How many cells and objects there are.
    pub fn made(&self) -> super::kept::Made {
        super::kept::Made { cells: self.cells.len(), objects: self.objects.len() }
    }

    /// What a cell holds.
    pub fn get(&self, cell: CellId) -> Value {
        self.cells.get(cell).cloned().unwrap_or_else(Value::unknown)
    }

    /// Replaces what a cell holds.
    pub fn set(&mut self, cell: CellId, value: Value) {
        if let Some(slot) = self.cells.get_mut(cell) {
            let before = std::mem::replace(slot, value);
            self.trail.push((cell, before));
        }
    }

    /// Adds to what a cell holds.
    pub fn add(&mut self, cell: CellId, value: &Value) {
        let joined = self.get(cell).join(value);
        self.set(cell, joined);
    }

    /// An object.
    pub fn at(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(id)
    }

    /// The cell of a property, made when it is not there.
    pub fn field(&mut self, id: ObjectId, name: &str) -> CellId {
        if let Some(cell) = self.objects.get(id).and_then(|o| o.fields.get(name)) {
            return *cell;
        }
        let cell = self.cell(Value::default());
        if let Some(object) = self.objects.get_mut(id) {
            object.fields.insert(name.into(), cell);
        }
        cell
    }

    /// The cell of what has no known name.
    pub fn any(&mut self, id: ObjectId) -> CellId {
        if let Some(cell) = self.objects.get(id).and_then(|o| o.any) {
            return cell;
        }
        let cell = self.cell(Value::default());
        if let Some(object) = self.objects.get_mut(id) {
            object.any = Some(cell);
        }
        cell
    }

    /// The cell of what is spread into an object.
    pub fn spread(&mut self, id: ObjectId) -> CellId {
        if let Some(cell) = self.objects.get(id).and_then(|o| o.spread) {
            return cell;
        }
        let cell = self.cell(Value::default());
        if let Some(object) = self.objects.get_mut(id) {
            object.spread = Some(cell);
        }
        cell
    }

    /// An object holds the named arguments of a call.
    pub fn name_arguments(&mut self, id: ObjectId) {
        if let Some(object) = self.objects.get_mut(id) {
            object.named = true;
        }
    }

    /// Where the trail is now.
    pub fn mark(&self) -> usize {
        self.trail.len()
    }

    /// Takes back everything since a mark and gives what had been written.
    pub fn rewind(&mut self, mark: usize) -> Writes {
        let mut writes = Writes::new();
        while self.trail.len() > mark {
            let Some((cell, before)) = self.trail.pop() else { break };
            if let Some(slot) = self.cells.get_mut(cell) {
                let now = std::mem::replace(slot, before);
                writes.entry(cell).or_insert(now);
            }
        }
        writes
    }

    /// What has been written since a mark, which stays.
    pub fn since(&self, mark: usize) -> Writes {
        self.trail.get(mark..).unwrap_or_default().iter().map(|(cell, _)| (*cell, self.get(*cell))).collect()
    }

    /// Writes again what a branch had written.
    pub fn redo(&mut self, writes: Writes) {
        for (cell, value) in writes {
            self.set(cell, value);
        }
    }

    /// Adds what a branch had written to what is there.
    pub fn redo_weakly(&mut self, writes: &Writes) {
        for (cell, value) in writes {
            self.add(*cell, value);
        }
    }
}
