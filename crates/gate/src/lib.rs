//! The checkpoint: AWS's phases in AWS's order, and the one decide(). Pure.
