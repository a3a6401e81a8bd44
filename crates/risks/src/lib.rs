//! What goes wrong: one folder is one risk with its four proofs.
