//! The `nmflow` command. It is native; the browser's part of the crate is the library.

#[cfg(not(target_arch = "wasm32"))]
mod cost;
#[cfg(not(target_arch = "wasm32"))]
mod outcome;
#[cfg(not(target_arch = "wasm32"))]
mod runner;
#[cfg(not(target_arch = "wasm32"))]
mod study;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    runner::main()
}

/// Cargo builds every binary beside the browser's tests; this one has nothing to do there.
#[cfg(target_arch = "wasm32")]
fn main() {}
