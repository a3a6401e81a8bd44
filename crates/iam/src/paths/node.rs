//! What a path passes through beside users, roles and groups: outsiders, what they can call, and what holds data.

use model::Place;

/// A node of the graph that is no member of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// ARN, or a name in words: `internet`.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// Where it is declared; line 0 for what no template declares.
    pub place: Place,
}

/// Kinds of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// Anyone, without credentials.
    Internet,
    /// Somebody with credentials of another account, or of any.
    Account,
    /// A method of an API.
    Route,
    /// A Lambda function.
    Function,
    /// The guests of an identity pool, or its signed-in users.
    IdentityPool,
    /// What holds data: a table, a bucket, a secret, a queue, a topic, a cluster, a key.
    Data,
    /// The way into what starts functions: a queue, a stream, a topic, a bucket, a bus.
    Events,
}

impl NodeKind {
    /// Whether paths begin here.
    pub fn acts(self) -> bool {
        matches!(self, Self::Internet | Self::Account)
    }
}

/// The internet.
pub(super) const INTERNET: &str = "internet";
/// Anyone who has some AWS account.
pub(super) const ANY_ACCOUNT: &str = "any AWS account";
