//! The application runs here, with its security envelope enforced.
