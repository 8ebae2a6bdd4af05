//! Whole runs on text and with windowed attention.

use crate::common::{assert_near, cpu, gpu};
use crate::runs::{experiment, finish, lane};
use crate::tests;
use nmflow::config::ExperimentConfig;
use nmflow::data::{DataFile, Dataset};
use nmflow::experiment::{Experiment, Snapshot};
use serde_json::{Value, json};

/// A small experiment on `task` with a dense lane and one that prunes everything it can.
fn document(task: &Value, steps: u32) -> Value {
    let mut sparse = lane("mdgf-exponential");
    sparse["attention"] = json!({"n": 1, "m": 4});
    sparse["locations"] = json!(["q", "k", "v", "o"]);
    json!({
        "version": 1, "task": task, "model": {"layers": 2, "heads": 2, "d_model": 32, "d_ff": 64, "patch": 2},
        "lanes": [lane("dense"), sparse], "steps": steps, "batch": 16,
        "eval": {"every": steps, "samples": 128}, "report_every": 5
    })
}

fn tasks() -> [Value; 3] {
    [
        json!({"kind": "grammar", "context": 24}),
        json!({"kind": "numbers", "direction": "to-words"}),
        json!({"kind": "numbers", "direction": "to-digits"}),
    ]
}

fn windowed(steps: u32) -> Value {
    let mut document = document(&json!({"kind": "shapes", "noise": 0.2}), steps);
    document["model"]["window"] = json!(4);
    document
}

/// A metric of every lane in the last report.
fn last(reports: &[Vec<Vec<f64>>], key: &str) -> Vec<f64> {
    let column = nmflow::metrics::columns().iter().position(|column| column.key == key).expect("the metric exists");
    reports.last().expect("a run reports").iter().map(|lane| lane[column]).collect()
}

tests! {
    async fn a_translator_learns_combinations_that_it_never_saw() {
        let mut document = document(&tasks()[1], 300);
        document["lanes"][1]["attention"] = Value::Null;
        document["lanes"][1]["locations"] = json!([]);
        let reports = finish(&mut experiment(document, &cpu())).await;
        for (accuracy, exact) in last(&reports, "val_accuracy_hard").iter().zip(last(&reports, "val_exact_hard")) {
            assert!(*accuracy > 0.95 && exact > 0.6, "token accuracy {accuracy}, exact match {exact}");
        }
        assert!(last(&reports, "val_bits_hard").iter().all(|bits| bits.is_nan()), "words are no characters");
        assert_eq!(last(&reports, "invalid_groups"), [0.0, 0.0]);
    }

    async fn a_character_model_learns_the_generated_language() {
        let reports = finish(&mut experiment(document(&tasks()[0], 300), &cpu())).await;
        let (losses, bits) = (last(&reports, "val_loss_hard"), last(&reports, "val_bits_hard"));
        for (loss, bits) in losses.iter().zip(&bits) {
            assert_eq!(*bits, loss / std::f64::consts::LN_2);
        }
        // Letters alone, without what stands before them, have 4.0 bits here.
        assert!(bits[0] < 2.6 && bits[1] < 3.0, "bits per character {bits:?}");
        assert!(last(&reports, "val_exact").iter().all(|exact| exact.is_nan()), "a running text has no whole");
    }

    async fn shifted_windows_learn_the_shapes() {
        let reports = finish(&mut experiment(windowed(250), &cpu())).await;
        let accuracy = last(&reports, "val_accuracy");
        assert!(accuracy[0] > 0.4, "accuracy {accuracy:?} is less than four times chance");
    }

    async fn a_text_of_the_users_is_learned() {
        let text = "the quick brown fox jumps over the lazy dog. ".repeat(60);
        let mut document = document(&json!({"kind": "text", "context": 32}), 120);
        document["eval"]["samples"] = json!(16);
        let config = ExperimentConfig::from_value(document).expect("the document is valid");
        let files = [DataFile { name: "fox.txt".into(), bytes: text.into_bytes() }];
        let dataset = Dataset::from_files(config.task(), &files).expect("the text is sound");
        let mut run = Experiment::new(config, dataset, cpu()).expect("the experiment fits its data");
        let reports = finish(&mut run).await;
        // Four letters in, everything is known; the first few of a window cannot all be.
        assert!(last(&reports, "val_accuracy")[0] > 0.9, "{:?}", last(&reports, "val_accuracy"));
    }

    async fn predictions_agree_with_the_evaluation_and_change_nothing() {
        let mut run = experiment(document(&tasks()[1], 120), &cpu());
        let expected = finish(&mut run).await;
        let mut right = Vec::new();
        for first in (0..128).step_by(8) {
            for sample in run.predictions(1, first, 0.0).await.expect("the lane exists") {
                assert_eq!(sample.right, Some(sample.answer == sample.truth));
                assert!(!sample.input.is_empty() && !sample.truth.is_empty() && sample.image.is_none());
                right.push(sample.answer == sample.truth);
            }
        }
        // Decoding step by step and judging all answers at once come to the same share of exact matches.
        let share = right.iter().filter(|right| **right).count() as f64 / right.len() as f64;
        assert_eq!((right.len(), share), (128, last(&expected, "val_exact_hard")[1]));
        assert!(0.0 < share && share < 1.0, "the test needs right and wrong answers: {share}");

        let mut images = experiment(windowed(20), &cpu());
        for _ in 0..10 {
            images.train_step();
        }
        let samples = images.predictions(0, 3, 0.0).await.expect("the lane exists");
        assert!(samples.iter().all(|s| s.image.as_ref().is_some_and(|image| image.pixels.len() == 256)));
        let reports = finish(&mut images).await;
        let mut undisturbed = experiment(windowed(20), &cpu());
        let plain = finish(&mut undisturbed).await;
        assert_eq!(last(&reports, "train_loss"), last(&plain, "train_loss"));
    }

    async fn text_is_continued_greedily_or_at_a_temperature_and_always_alike() {
        let mut run = experiment(document(&tasks()[0], 60), &cpu());
        finish(&mut run).await;
        let mut answers = Vec::new();
        for temperature in [0.0, 0.0, 1.0, 1.0] {
            let samples = run.predictions(0, 5, temperature).await.expect("the lane exists");
            assert!(samples.iter().all(|s| (s.input.len(), s.answer.len(), s.truth.len()) == (12, 13, 13)));
            answers.push(samples.into_iter().map(|sample| sample.answer).collect::<Vec<_>>());
        }
        assert!(answers[0] == answers[1] && answers[2] == answers[3] && answers[0] != answers[2]);
        for (lane, first, temperature, field) in
            [(2, 0, 0.0, "lane"), (0, 65_536, 0.0, "first"), (0, 0, 9.0, "temperature"), (0, 0, f64::NAN, "temperature")]
        {
            let error = run.predictions(lane, first, temperature).await.expect_err("it does not fit").to_string();
            assert!(error.contains(field), "{error}");
        }
    }

    async fn runs_on_text_continue_from_a_snapshot_as_if_never_stopped() {
        for task in tasks() {
            let mut whole = experiment(document(&task, 10), &cpu());
            let expected = finish(&mut whole).await;
            let mut first = experiment(document(&task, 10), &cpu());
            for _ in 0..4 {
                first.train_step();
            }
            let bytes = first.snapshot().await.expect("the run goes on").to_bytes();
            let snapshot = Snapshot::from_bytes(&bytes).expect("the bytes are whole");
            let config = first.config().clone();
            let dataset = Dataset::generated(config.task()).expect("the task is generated");
            let mut second = Experiment::resume(config, dataset, cpu(), snapshot).expect("the snapshot fits");
            let bits = |reports: &[Vec<Vec<f64>>]| -> Vec<u64> {
                reports.iter().flatten().flatten().map(|value| value.to_bits()).collect()
            };
            assert_eq!(bits(&finish(&mut second).await), bits(&expected), "{task}");
        }
    }

    async fn text_and_windows_train_alike_on_the_gpu() {
        let Some(gpu) = gpu().await else { return };
        let documents = tasks().iter().map(|task| document(task, 5)).chain([windowed(5)]).collect::<Vec<_>>();
        for document in documents {
            let mut losses = Vec::new();
            for device in [&cpu(), &gpu] {
                let reports = finish(&mut experiment(document.clone(), device)).await;
                let of_lanes = [last(&reports, "train_loss"), last(&reports, "val_loss")].concat();
                losses.push(of_lanes.into_iter().map(|loss| loss as f32).collect::<Vec<f32>>());
            }
            assert_near(&losses[1], &losses[0], 1e-4, &document["task"].to_string());
        }
    }
}
