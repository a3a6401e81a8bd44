//! What one run of a handler leaves in the memory of its modules, and the next finds there: Lambda uses an execution environment, and
//! every variable outside the handler with it, for one request after the other (Lambda Developer Guide, "Understanding the Lambda
//! execution environment lifecycle"). The handler is walked once more; what the first walk left is followed under a root of its own,
//! and told where it becomes part of an answer. Files are not followed.

use super::engine::Engine;
use super::facts::Facts;
use super::source::{Root, Source};
use super::value::{At, Atom, Closure, Taint, Value, safe};
use model::code::ReviewKind;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Cells and objects that there were before a handler was walked: those of the modules.
#[derive(Clone, Copy)]
pub(super) struct Made {
    pub cells: usize,
    pub objects: usize,
}

/// Objects inside objects that are looked into.
const DEPTH: usize = 5;

impl<'p> Engine<'p> {
    /// Walks the handlers again with what their first walk left, and tells what of it they answer with.
    pub fn walk_again(&mut self, handlers: &[Rc<Closure>], made: Made) {
        if self.cut || !self.mark_earlier(made) {
            return;
        }
        let (hits, writes, aws, logged) = (self.hits.len(), self.writes.len(), self.aws.len(), self.statements_logged.len());
        let (disclosures, reviews) = (self.disclosures.clone(), self.reviews.clone());
        let (routes, entered) = (self.routes.len(), self.entered.clone());
        let (tokens, input) = (std::mem::take(&mut self.tokens), self.authorizer_input);
        let facts = self.state.facts.clone();
        self.kept = Some(Vec::new());
        for handler in handlers {
            self.state.facts = Facts::default();
            let event = self.event();
            self.handler_depth = Some(self.frames.len());
            let (context, callback) = (self.external("lambda", "context"), self.external("lambda", "callback"));
            self.enter(handler, None, vec![event, context, callback], None);
            self.handler_depth = None;
        }
        let kept = self.kept.take().unwrap_or_default();
        self.hits.truncate(hits);
        self.writes.truncate(writes);
        self.aws.truncate(aws);
        self.statements_logged.truncate(logged);
        self.routes.truncate(routes);
        (self.disclosures, self.reviews, self.entered) = (disclosures, reviews, entered);
        (self.tokens, self.authorizer_input, self.state.facts) = (tokens, input, facts);
        // A second walk that was cut short says less; the first one was whole.
        self.cut = false;
        for (at, name) in kept {
            let says = format!("`{name}` of one request stays in memory, and the next request's answer may hold it");
            self.review(ReviewKind::KeptForNext, &name, says, at);
        }
    }

    /// Puts what modules hold of the first walk's event under its own root; false when they hold nothing of it.
    fn mark_earlier(&mut self, made: Made) -> bool {
        let mut open: Vec<usize> = (0..made.cells).collect();
        for object in 0..made.objects {
            open.extend(self.cells_of(object));
        }
        let (mut seen, mut any) = (BTreeSet::new(), false);
        while let Some(cell) = open.pop() {
            if !seen.insert(cell) {
                continue;
            }
            let mut value = self.state.get(cell);
            for atom in &value.atoms {
                if let Atom::Object(object) | Atom::Json(object) = atom {
                    open.extend(self.cells_of(*object));
                }
            }
            if value.taints.iter().any(is_kept) {
                any = true;
                for taint in value.taints.iter_mut().filter(|taint| is_kept(taint)) {
                    taint.source = Rc::new(Source { root: Root::Earlier, path: taint.source.path.clone() });
                }
                self.state.set(cell, value);
            }
        }
        any
    }

    /// What an object holds by name, and the items of a list. What stands under a name that is not known is looked up by it again:
    /// a cache by key gives back what belongs to the key.
    fn cells_of(&self, object: usize) -> Vec<usize> {
        let Some(object) = self.state.at(object) else { return Vec::new() };
        object.fields.values().copied().chain(object.any.filter(|_| object.array)).chain(object.spread).collect()
    }

    /// The handler answers with a value.
    pub fn answers_with(&mut self, value: &Value) {
        if self.kept.is_none() {
            return;
        }
        let mut found = Vec::new();
        self.earlier(value, DEPTH, &mut found);
        for taint in found {
            let (Some(at), Some(kept)) = (super::tokens::first_step(&taint), &mut self.kept) else { continue };
            let name = taint.source.path.last().map_or("the event", |name| &**name).to_owned();
            if !kept.contains(&(at, name.clone())) {
                kept.push((at, name));
            }
        }
    }

    fn earlier(&self, value: &Value, depth: usize, found: &mut Vec<Taint>) {
        found.extend(value.taints.iter().filter(|t| t.source.root == Root::Earlier && t.safe & safe::PASSED == 0).cloned());
        for atom in value.atoms.iter().filter(|_| depth > 0) {
            if let Atom::Object(object) | Atom::Json(object) = atom {
                let Some(object) = self.state.at(*object) else { continue };
                for cell in object.fields.values().copied().chain(object.any).chain(object.spread) {
                    self.earlier(&self.state.get(cell), depth - 1, found);
                }
            }
        }
    }
}

/// Data as they came: what went through a call may be anything.
fn is_kept(taint: &Taint) -> bool {
    !matches!(taint.source.root, Root::Error | Root::Earlier) && taint.safe & safe::PASSED == 0
}

/// Places and names.
pub(super) type Kept = Vec<(At, String)>;
