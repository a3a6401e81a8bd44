//! App to Findings.
