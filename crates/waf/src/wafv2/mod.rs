//! AWS WAFv2: web ACLs read from AWS's JSON and CloudFormation, and judged as AWS documents it.
//!
//! ```text
//! let acl = WebAcl::from_aws_json(&node, &Library::default())?;
//! let judgement = acl.judge(&request, ResourceType::ApiGateway, &state);
//! let line = log_line(&acl, &request, &judgement, &source, &Redacted::default());
//! ```
//!
//! A [`Program`] gives the same answers faster, for callers that judge more than one request.
//!
//! What is unknown in a web ACL is an error with its place, never passed over; what is unknown about a request is listed in
//! [`Judgement::unassessed`]. Time, tokens, locations and who is rate limited come from a [`State`]; a [`Judgement`] says
//! what to count, and a [`RateTable`] counts it.

mod address;
pub mod ast;
pub mod capacity;
mod component;
mod evaluate;
mod explain;
mod json;
mod judgement;
pub(crate) mod labels;
mod log;
mod look;
mod matching;
mod pattern;
mod program;
mod rate;
mod rated;
mod read;
mod read_acl;
mod read_field;
mod read_statement;
mod replay;
mod state;

pub use ast::{Action, ResourceType, Rule, RuleGroup, Statement, Tier, WebAcl};
pub use explain::{Fared, RuleTrace, StatementTrace, ValueTrace, component_name};
pub use json::Json;
pub use judgement::{GroupRecord, Judgement, MatchDetail, Outcome, RateRecord, Response, RuleMatch, RuleType, Terminating, Unassessed};
pub use log::{Redacted, Source, log_line};
pub use pattern::Pattern;
pub use program::Program;
pub use rate::{Counted, RateKeyValues, RateTable};
pub use read::Form;
pub use read_acl::{Library, associations};
pub use replay::{Replayed, replay};
pub use state::{At, Location, State, Token};

use crate::request::Request;
use component::Forwarded;
use evaluate::Evaluation;
use look::Plain;

impl WebAcl {
    /// Judges one request to a resource of this type, rule by rule, the obvious way: the slow twin of [`Program::judge`].
    pub fn judge(&self, request: &Request<'_>, resource: ResourceType, state: &dyn State) -> Judgement {
        let forwarded = Forwarded::of(request, resource.body_limit(self));
        Evaluation::new(self, &forwarded, state, Plain).run().0
    }
}
