//! A connection out of a function or of a host in the VPC: where the name leads, whether there is a way, and what the
//! security groups of both ends say. Nothing leaves the machine: a name that is none of the application's or of
//! AWS's own leads nowhere.

pub(crate) mod groups;
pub(crate) mod name;
mod rule;
pub(crate) mod way;

use crate::walk::Walk;
use model::aws::Function;
use model::call::Origin;
use model::{Ask, Connect, Resource};

/// Where a name leads.
#[derive(Clone, Debug)]
pub(crate) enum Destination<'a> {
    /// A database cluster in a VPC.
    Cluster(&'a Resource),
    /// A public endpoint of an AWS service, named by its endpoint prefix.
    Aws(String),
    /// The hosted domain of a Cognito user pool.
    CognitoDomain(String),
    /// An API of the application, by its id.
    Api(String),
}

impl Destination<'_> {
    /// As the grant names it.
    fn name(&self) -> String {
        match self {
            Self::Cluster(cluster) => format!("cluster:{}", cluster.id),
            Self::Aws(service) => format!("aws:{service}"),
            Self::CognitoDomain(domain) => format!("cognito-domain:{domain}"),
            Self::Api(api) => format!("api:{api}"),
        }
    }
}

fn connect<'a>(walk: &Walk<'a>) -> Option<&'a Connect> {
    match &walk.call.ask {
        Ask::Connect(connect) => Some(connect),
        Ask::Invoke(_) | Ask::Api(_) => None,
    }
}

/// The function that connects, if it is one that the application declares.
fn function<'a>(walk: &Walk<'a>) -> Option<&'a Function> {
    match &connect(walk)?.from {
        Origin::Function(id) => walk.app.aws().functions.get(id),
        Origin::Host { .. } => None,
    }
}

/// A refusal of a connection: there is no HTTP answer, so the status is 0.
fn refused(code: &str, says: &str) -> model::Stop {
    crate::walk::stop(0, code, says)
}
