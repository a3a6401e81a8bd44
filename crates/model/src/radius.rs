//! What a principal in an alert could have done, and what of it the logs show.

use crate::finding::Step;
use crate::place::Place;
use serde::Serialize;

/// The blast radius of one principal.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Radius {
    /// Its ARN; the role's for a session.
    pub principal: String,
    /// Where it is declared.
    pub place: Option<Place>,
    /// Whether it has every permission as it is.
    pub administrator: bool,
    /// What its policies allow.
    pub could: Vec<Could>,
    /// Paths by which it could have become an administrator, step by step.
    pub escalations: Vec<Vec<Step>>,
    /// Data within its reach.
    pub stores: Vec<Store>,
    /// What the logs show of it.
    pub did: Vec<Did>,
    /// What keeps this from being all: policies that are not known, events that the logs do not hold.
    pub gaps: Vec<String>,
}

/// One grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Could {
    /// `dynamodb:GetItem, dynamodb:PutItem`, or how many of which services.
    pub actions: String,
    /// On what.
    pub resources: Vec<String>,
    /// Conditions that must hold.
    pub conditions: Vec<String>,
    /// Where it is granted.
    pub place: Place,
    /// Whether the logs show a call that it allows.
    pub used: bool,
}

/// Something that holds data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Store {
    /// Its ARN.
    pub arn: String,
    /// How many steps away: 1 with its own permissions.
    pub steps: usize,
    /// The actions on it that the logs show.
    pub seen: Vec<String>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Did {
    /// `dynamodb:Scan`.
    pub action: String,
    /// On what, where the record says it.
    pub resource: Option<String>,
    /// How often it succeeded.
    pub succeeded: u64,
    /// How often it was refused.
    pub refused: u64,
}
