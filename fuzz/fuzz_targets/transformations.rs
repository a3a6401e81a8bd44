//! Any bytes as a value: every transformation makes of it what its slow twin does, copies nothing that it does not change, and
//! changes nothing where none of the bytes occurs that wake it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_waf::bytes::ByteSet;
use sekisho_waf::transform::{Dialect, Transformation};
use std::borrow::Cow;

#[path = "../../crates/waf/src/transform/twin.rs"]
mod twin;

fuzz_target!(|value: &[u8]| {
    let there = ByteSet::of(value);
    for transformation in twin::every() {
        let out = transformation.apply(value);
        if let Some(expected) = twin::twin(transformation, value) {
            assert!(*out == *expected, "{transformation:?} of {:?}", twin::latin(value));
        }
        assert!(*out != *value || matches!(out, Cow::Borrowed(_)), "{transformation:?} copies what it does not change");
        let awake = transformation.triggers().is_none_or(|triggers| triggers.meets(&there));
        assert!(awake || *out == *value, "{transformation:?} is no no-op on {:?}", twin::latin(value));
    }
});
