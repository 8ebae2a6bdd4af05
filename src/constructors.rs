//! Static constructors of the wasm module.
//!
//! The linker re-runs all static constructors (cubecl registers thousands) on every exported call unless
//! something calls them explicitly: a kernel launch would cost milliseconds instead of microseconds.
//! Calling them here turns that off, so they must run before anything looks at what they register.
#![allow(unsafe_code, reason = "calls the linker's list of static constructors")]

use std::sync::Once;

unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Runs the constructors, once, however often it is called.
pub fn run() {
    static ONCE: Once = Once::new();
    // SAFETY: the linker defines the function, it takes nothing, and `Once` calls it a single time.
    ONCE.call_once(|| unsafe { __wasm_call_ctors() });
}
