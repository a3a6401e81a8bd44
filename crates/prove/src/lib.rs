//! Runs all four proofs and fills the ledger.
