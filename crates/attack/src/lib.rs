//! Proves a risk against a running application the user named.
