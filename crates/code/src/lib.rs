//! Function source to handlers, data flows, secrets and imports. Pure.
