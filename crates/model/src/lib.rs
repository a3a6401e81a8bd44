//! The nouns of sekisho and the traits through which a pure room meets the world.
//!
//! Every verb is an arrow between the nouns: templates, code and logs are read into an [`App`]; a [`Call`]
//! is what somebody asks of it; a [`Verdict`] is the gate's answer with its [`Reason`]s; an [`Event`] is what
//! AWS would have logged; a [`Finding`] says what is wrong and carries its [`Fix`]; [`Proof`]s make the
//! [`Ledger`]. Nothing here does I/O, reads a clock, draws a random number or looks at another room.

pub mod app;
pub mod arn;
pub mod attack;
pub mod aws;
pub mod call;
pub mod code;
pub mod cut;
pub mod deps;
mod derived;
pub mod event;
pub mod files;
pub mod finding;
pub mod fix;
pub mod http;
pub mod identity;
pub mod ledger;
pub mod metric;
pub mod node;
pub mod place;
pub mod radius;
pub mod state;
pub mod time;
pub mod trouble;
pub mod verdict;
pub mod world;

pub use app::{App, Change, ChangeError, Resource, ResourceId, Source};
pub use arn::Arn;
pub use attack::{Foothold, Plant, Target, TargetError};
pub use call::{ApiCall, Ask, Call, Connect, Credential, Invocation, Invoke, Origin};
pub use derived::Derived;
pub use event::{Event, LogKind};
pub use files::Files;
pub use finding::{Alert, Confidence, Finding, Profile, RiskId, Severity, Status, Step};
pub use fix::{Edit, Fix, Operation, Segment};
pub use http::{HttpRequest, HttpResponse};
pub use identity::{Identity, Session};
pub use ledger::{Evidence, Ledger, Proof, Row};
pub use metric::{Metric, SampledRequest};
pub use node::{Kind, Member, Node, Unknown};
pub use place::{Place, Span};
pub use state::{AuthorizerAnswer, IssuedKey, State, Usage, WebAclAnswer};
pub use time::Time;
pub use trouble::{Trouble, Undecided};
pub use verdict::{Answer, Charge, Grant, Phase, Reason, Residual, Stop, Verdict};
pub use world::{Message, Store, StoreError, World};
