//! AWS IAM: the policy language, its evaluation and its explanation. Pure.
//!
//! A [`Request`] (principal, action, resource, context) is decided against a [`Stack`] (every policy that bears on it,
//! by layer). The [`Decision`] is `Allowed`, `ExplicitlyDenied`, `ImplicitlyDenied` or `Depends`, with the statements
//! that made it so, each with the place where it is written. What is not known never allows.
//!
//! ```
//! use sekisho_iam::{Context, Outcome, Policy, Principal, Request, Stack, decide};
//!
//! let policy = Policy::from_text("reader", "reader.json", r#"{
//!   "Version": "2012-10-17",
//!   "Statement": {
//!     "Effect": "Allow", "Action": "dynamodb:Get*", "Resource": "arn:aws:dynamodb:*:*:table/rides",
//!     "Condition": {"Bool": {"aws:SecureTransport": "true"}}
//!   }
//! }"#)?;
//! let stack = Stack::identity([policy.into()]);
//! let who = Principal::parse("arn:aws:sts::123456789012:assumed-role/app/handler").ok_or("no principal")?;
//! let table = "arn:aws:dynamodb:us-east-1:123456789012:table/rides";
//! let request = Request::new(who, "dynamodb:GetItem", table).with_context(Context::new().with("aws:SecureTransport", "true"));
//!
//! let decision = decide(&request, &stack);
//! assert_eq!(decision.outcome, Outcome::Allowed);
//! assert_eq!(decision.matched[0].statement.place.to_string(), "reader.json:3:16");
//!
//! // The same with a context of which nothing is known.
//! let decision = decide(&request.with_context(Context::open()), &stack);
//! assert_eq!(decision.outcome, Outcome::Depends);
//! assert_eq!(decision.residual[0].key.as_deref(), Some("aws:SecureTransport"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Settings that decide beside policies (Block Public Access, ACLs, KMS grants, the type of a function URL) are put beside
//! them with [`settings::apply`].
//!
//! For an application that was read, [`app`] gathers the stacks: the policies of a role, the policy of a function
//! (from its `AWS::Lambda::Permission`s), of a bucket, a queue, an API.

#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod account;
pub mod app;
pub mod cases;
pub mod catalogue;
mod condition;
mod decide;
mod explain;
mod glob;
mod grammar;
mod json;
mod lint;
mod managed;
mod operator;
pub mod paths;
mod policy;
mod principal;
mod principals;
mod request;
mod residual;
mod scalar;
mod services;
pub mod sets;
pub mod settings;
mod simulation;
mod stack;
mod statement;
mod tags;
mod template;
pub mod trail;
mod truth;

pub use condition::{Condition, Value};
pub use decide::{Decision, Matched, Outcome, decide, decide_by};
pub use explain::{Explanation, Grant, Line, access_denied_message, explain};
pub use json::Malformed;
pub use lint::{Attached, Lint, lint};
pub use operator::{Operator, Quantifier, Test};
pub use policy::Policy;
pub use principal::Principal;
pub use principals::{Named, PrincipalSet, Who};
pub use request::{Context, Request};
pub use residual::Residue;
pub use simulation::{evaluation_result, missing};
pub use stack::{Layer, Level, Stack};
pub use statement::{Effect, Pattern, Patterns, Statement};
pub use tags::Tags;
pub use template::Template;
pub use truth::Truth;
