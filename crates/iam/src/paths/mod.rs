//! Who can become whom: the escalation primitives as data, and the graph they make of an account.

mod build;
mod graph;
mod primitive;
mod reach;

pub use graph::{Cut, Graph, Path, Step};
pub use primitive::{Gain, Need, On, Primitive, Signature, Target, primitives};
