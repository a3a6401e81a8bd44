//! The interpreters that an application's functions are run by.

use super::{Node, Python};
use crate::error::UpError;
use services::lambda::{Managed, managed_runtime};

/// What is installed on this machine, of what is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interpreters {
    /// For `nodejs*`.
    pub node: Option<Node>,
    /// For `python3.*`.
    pub python: Option<Python>,
}

impl Interpreters {
    /// Finds those that functions of these runtimes need.
    ///
    /// # Errors
    /// [`UpError::Missing`] for the first that is not installed.
    pub fn find<'a>(runtimes: impl IntoIterator<Item = &'a str>) -> Result<Self, UpError> {
        let mut found = Self::default();
        for runtime in runtimes {
            match managed_runtime(runtime) {
                Some(Managed::Node(_)) if found.node.is_none() => found.node = Some(Node::find()?),
                Some(Managed::Python(_)) if found.python.is_none() => found.python = Some(Python::find()?),
                _ => {}
            }
        }
        Ok(found)
    }

    /// What runs this runtime: its name with its version, and whether it is the version that the runtime asks for.
    pub(super) fn runs(&self, runtime: Managed) -> Option<(String, bool)> {
        match runtime {
            Managed::Node(major) => self.node.as_ref().map(|node| (format!("Node.js {}", node.version), node.major == major)),
            Managed::Python(minor) => self.python.as_ref().map(|python| (format!("Python {}", python.version), python.minor == minor)),
        }
    }

    /// The version of what runs this runtime, for its log.
    pub(super) fn version(&self, runtime: &str) -> &str {
        let version = match managed_runtime(runtime) {
            Some(Managed::Node(_)) => self.node.as_ref().map(|node| &*node.version),
            Some(Managed::Python(_)) => self.python.as_ref().map(|python| &*python.version),
            None => None,
        };
        version.unwrap_or_default()
    }
}
