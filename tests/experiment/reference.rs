//! The losses of a second implementation, in Python and double precision; see `tests/reference/README.md`.

use crate::common::{cpu, gpu};
use crate::tests;
use burn::tensor::Device;
use nmflow::config::ExperimentConfig;
use nmflow::data::Dataset;
use nmflow::experiment::Experiment;

const DOCUMENT: &str = include_str!("../reference/document.json");
const LOSSES: &str = include_str!("../reference/losses.json");

fn experiment(device: &Device) -> Experiment {
    let config = ExperimentConfig::from_json(DOCUMENT).expect("the document is valid");
    let dataset = Dataset::generated(config.task()).expect("the task is generated");
    Experiment::new(config, dataset, device.clone()).expect("the experiment fits its data")
}

/// Compares every loss with the second implementation, over all steps and lanes.
async fn assert_follows_pytorch(device: &Device, tolerance: f64) {
    let golden: Vec<Vec<f64>> = serde_json::from_str(LOSSES).expect("the golden file is JSON");
    let mut run = experiment(device);
    assert_eq!(golden.len(), run.config().steps() as usize);
    for (step, golden) in golden.iter().enumerate() {
        run.train_step();
        let report = run.report().await.expect("the run goes on");
        assert_eq!(report.lanes.len(), golden.len());
        for ((lane, golden), config) in report.lanes.iter().zip(golden).zip(run.config().lanes()) {
            let loss = lane.training.expect("a step was made").loss;
            let error = (loss - golden).abs();
            assert!(error <= tolerance, "{} at step {step}: {loss}, PyTorch {golden}", config.name);
        }
    }
}

/// What `train.py` needs, written to the file that `EXPORT_REFERENCE` names.
#[cfg(not(target_arch = "wasm32"))]
fn export(path: &std::path::Path) {
    use nmflow::data::{Input, SampleForm};
    use nmflow::model::initial_params;
    use serde_json::{Value, json};

    let run = experiment(&cpu());
    let (config, network) = (run.config(), run.network());
    let mut dataset = Dataset::generated(config.task()).expect("the task is generated");
    let params = initial_params(&network.architecture, &network.layout, config.lanes()[0].seed);
    let tensors = network.layout.tensors.iter().map(|tensor| {
        let s = tensor.segment;
        let row = |row: usize| &params[s.offset + row * s.stride..][..s.cols];
        let values: Vec<f32> = (0..s.rows).flat_map(row).copied().collect();
        json!({"name": tensor.name, "rows": s.rows, "cols": s.cols, "values": values})
    });
    let tensors: Vec<Value> = tensors.collect();
    let batches: Vec<Value> = (0..config.steps())
        .map(|step| {
            let batch = dataset.train_batch(config.lanes()[0].seed, step, config.batch());
            let [Input::Pixels(images)] = &batch.inputs[..] else { unreachable!("shapes are images") };
            json!({"images": images, "labels": batch.labels})
        })
        .collect();
    let SampleForm::Images { shape: image, class_names } = dataset.form() else { unreachable!("shapes are images") };
    let exported = json!({
        "document": config.document(), "classes": class_names.len(),
        "image": [image.height, image.width, image.channels], "tensors": tensors, "batches": batches,
    });
    std::fs::write(path, exported.to_string()).expect("the named file can be written");
}

tests! {
    /// Single precision against double: rounding, amplified by 50 steps of AdamW and by masks that it tips over.
    async fn losses_follow_pytorch_on_the_cpu() {
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(path) = std::env::var_os("EXPORT_REFERENCE") {
            return export(path.as_ref());
        }
        assert_follows_pytorch(&cpu(), 2e-3).await;
    }

    async fn losses_follow_pytorch_on_the_gpu() {
        let Some(gpu) = gpu().await else { return };
        assert_follows_pytorch(&gpu, 2e-3).await;
    }
}
