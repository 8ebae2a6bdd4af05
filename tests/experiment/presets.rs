//! Every preset trains. In native code alone: the same code trains the same numbers in the browser, more slowly.

use crate::common::{cpu, run};
use nmflow::config::{ExperimentConfig, PRESETS};
use nmflow::data::{DataFile, Dataset};
use nmflow::experiment::Experiment;
use nmflow::metrics::{columns, row};
use nmflow::random::Stream;
use serde_json::{Value, json};

/// What a visitor would drop on the page for this task.
fn files(task: &str) -> Vec<DataFile> {
    match task {
        "idx" => images_and_labels(),
        "cifar10" => cifar_batch(),
        "text" => {
            let text = "It was the best of times, it was the worst of times. ".repeat(200);
            vec![DataFile { name: "a-tale.txt".into(), bytes: text.into_bytes() }]
        }
        _ => Vec::new(),
    }
}

/// An IDX pair of 60 noisy images in ten classes.
fn images_and_labels() -> Vec<DataFile> {
    const COUNT: u32 = 60;
    const SIDE: u32 = 28;
    let mut stream = Stream::new(1, "preset images", 0);
    let mut images = [0x803, COUNT, SIDE, SIDE].map(u32::to_be_bytes).concat();
    images.extend((0..COUNT * SIDE * SIDE).map(|_| u8::try_from(stream.below(256)).expect("a byte")));
    let mut labels = [0x801, COUNT].map(u32::to_be_bytes).concat();
    labels.extend((0..COUNT).map(|image| u8::try_from(image % 10).expect("a digit")));
    vec![DataFile { name: "images".into(), bytes: images }, DataFile { name: "labels".into(), bytes: labels }]
}

/// A binary batch of 60 noisy colour images in ten classes.
fn cifar_batch() -> Vec<DataFile> {
    let mut stream = Stream::new(2, "preset images", 0);
    let mut byte = || u8::try_from(stream.below(256)).expect("a byte");
    let bytes = (0..60).flat_map(|image| [image % 10].into_iter().chain((0..3072).map(|_| byte())).collect::<Vec<_>>());
    vec![DataFile { name: "data_batch_1.bin".into(), bytes: bytes.collect() }]
}

/// Two steps of every preset as it stands; only what is evaluated is less.
#[test]
fn every_preset_trains() {
    let loss = columns().iter().position(|column| column.key == "train_loss").expect("the loss is a metric");
    for preset in &PRESETS {
        let mut document: Value = serde_json::from_str(preset.json).expect("presets are JSON");
        document["eval"]["samples"] = json!(8);
        document["eval"]["noise_batches"] = json!(0);
        let files = files(document["task"]["kind"].as_str().expect("a task has a kind"));
        let config = ExperimentConfig::from_value(document).expect("the document is valid");
        let dataset = match files {
            files if files.is_empty() => Dataset::generated(config.task()),
            files => Dataset::from_files(config.task(), &files),
        };
        let dataset = dataset.unwrap_or_else(|reason| panic!("{}: {reason}", preset.id));
        let mut experiment = Experiment::new(config, dataset, cpu()).expect("the experiment fits its data");
        experiment.train_step();
        experiment.train_step();
        run(async {
            let report = experiment.report().await.expect("the run goes on");
            for (lane, metrics) in report.lanes.iter().enumerate() {
                assert!(row(metrics)[loss].is_finite(), "{}: lane {lane} has no loss", preset.id);
            }
        });
    }
}
