//! nmflow trains small N:M-sparse transformers, several recipes side by side, in a browser tab or natively.
//!
//! The modules stand in the order in which data flows through them:
//!
//! ```text
//! config::ExperimentConfig -> experiment::Experiment -> experiment::Report -> metrics::row -> chart series
//! ```

pub mod error;
pub mod fingerprint;
pub mod hash;
pub mod pattern;
pub mod random;

pub mod config;
pub mod cost;
pub mod data;
pub mod sparsity;

#[cfg(target_arch = "wasm32")]
mod constructors;
pub mod device;
pub mod kernels;
pub mod model;

pub mod experiment;
pub mod metrics;
pub mod runfile;
pub mod statistics;
pub mod study;
pub mod web;
