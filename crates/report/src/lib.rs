//! Evidence to terminal, JSON, SARIF. One escaper for terminals.
