//! A page may train for hours: its memory must not grow with the steps.
#![cfg(target_arch = "wasm32")]

use crate::common::{cpu, gpu};
use crate::tests;
use burn::tensor::Device;
use nmflow::config::ExperimentConfig;
use nmflow::data::Dataset;
use nmflow::experiment::Experiment;
use serde_json::json;

/// Steps until every allocation has found its size, and steps in which nothing may be added.
const WARM_UP: u32 = 100;
const WATCHED: u32 = 400;

/// Pages of 64 KiB that the module holds before and after the watched steps.
async fn pages(device: Device) -> (usize, usize) {
    let document = json!({
        "version": 1, "task": {"kind": "shapes", "noise": 0.2},
        "model": {"layers": 1, "heads": 2, "d_model": 16, "d_ff": 32, "patch": 4},
        "lanes": [{"recipe": "dense"}, {"recipe": "sr-ste", "ff": {"n": 1, "m": 4}}],
        "steps": 10_000, "batch": 8, "eval": {"every": 50, "samples": 32}, "report_every": 10
    });
    let config = ExperimentConfig::from_value(document).expect("the document is valid");
    let dataset = Dataset::generated(config.task()).expect("the task is generated");
    let mut run = Experiment::new(config, dataset, device).expect("the experiment fits its data");
    let mut before = 0;
    while run.step() < WARM_UP + WATCHED {
        run.train_step();
        if run.report_due() {
            run.report().await.expect("the run goes on");
        }
        if run.step() == WARM_UP {
            before = core::arch::wasm32::memory_size(0);
        }
    }
    (before, core::arch::wasm32::memory_size(0))
}

tests! {
    async fn memory_stays_flat_on_the_cpu() {
        let (before, after) = pages(cpu()).await;
        assert_eq!(before, after, "64 KiB pages after {WARM_UP} and after {} steps", WARM_UP + WATCHED);
    }

    async fn memory_stays_flat_on_the_gpu() {
        let Some(gpu) = gpu().await else { return };
        let (before, after) = pages(gpu).await;
        assert_eq!(before, after, "64 KiB pages after {WARM_UP} and after {} steps", WARM_UP + WATCHED);
    }
}
