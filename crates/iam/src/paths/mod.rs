//! Who can become whom: the escalation primitives as data, and the graph they make of an account and its application.

mod build;
mod cut;
mod data;
mod events;
mod graph;
mod guest;
mod http_api;
mod node;
mod outside;
mod primitive;
mod reach;
mod search;
mod surface;
mod time;

pub use cut::Cut;
pub use graph::{Graph, Path, Step};
pub use node::{Node, NodeKind};
pub use primitive::{Gain, Need, On, Primitive, Signature, Target, primitives};
