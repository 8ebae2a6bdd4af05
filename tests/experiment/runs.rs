//! Properties of whole runs.

use crate::common::{assert_near, cpu, gpu};
use crate::tests;
use burn::tensor::Device;
use nmflow::config::ExperimentConfig;
use nmflow::data::Dataset;
use nmflow::error::LabError;
use nmflow::experiment::{Experiment, Report, Snapshot, shares};
use nmflow::metrics::row;
use serde_json::{Value, json};

pub const RECIPES: [&str; 14] = [
    "dense",
    "ste",
    "sr-ste",
    "mdgf-linear",
    "mdgf-exponential",
    "sdgf-stepwise",
    "sdgf-geometric",
    "densify",
    "one-shot",
    "sr-ste-annealed",
    "s-ste",
    "step",
    "mdgf-sdgf",
    "sparse-then-dense",
];

pub fn lane(recipe: &str) -> Value {
    let ff = if recipe == "dense" { Value::Null } else { json!({"n": 1, "m": 4}) };
    json!({"recipe": recipe, "ff": ff, "k": 2, "learning_rate": 0.004, "dense_frac": 0.1, "finetune_frac": 0.2})
}

/// A small experiment with these lanes.
pub fn document(lanes: &[Value], steps: u32) -> Value {
    json!({
        "version": 1, "task": {"kind": "shapes", "noise": 0.2},
        "model": {"layers": 1, "heads": 2, "d_model": 32, "d_ff": 64, "patch": 4},
        "lanes": lanes, "steps": steps, "batch": 16,
        "eval": {"every": 10, "samples": 64}, "report_every": 5
    })
}

pub fn experiment(document: Value, device: &Device) -> Experiment {
    let config = ExperimentConfig::from_value(document).expect("the document is valid");
    let dataset = Dataset::generated(config.task()).expect("the task is generated");
    Experiment::new(config, dataset, device.clone()).expect("the experiment fits its data")
}

/// The run at step 17, which lies between two reports, once it has been through the bytes of a snapshot.
pub async fn resumed(document: Value) -> Experiment {
    let mut first = experiment(document.clone(), &cpu());
    for _ in 0..17 {
        first.train_step();
        if first.report_due() {
            first.report().await.expect("the run goes on");
        }
    }
    let bytes = first.snapshot().await.expect("the device answers").to_bytes();
    let config = ExperimentConfig::from_value(document).expect("the document is valid");
    let dataset = Dataset::generated(config.task()).expect("the task is generated");
    let snapshot = Snapshot::from_bytes(&bytes).expect("the snapshot is whole");
    Experiment::resume(config, dataset, cpu(), snapshot).expect("the snapshot fits")
}

/// Rows of every report from the run's present step to its end, `[reports][lanes][metrics]`.
pub async fn finish(experiment: &mut Experiment) -> Vec<Vec<Vec<f64>>> {
    let mut reports = Vec::new();
    while !experiment.finished() {
        experiment.train_step();
        if experiment.report_due() {
            let report = experiment.report().await.expect("the run goes on");
            reports.push(report.lanes.iter().map(row).collect());
        }
    }
    reports
}

/// Bit patterns, so that NaN equals NaN and -0 differs from 0.
pub fn bits(rows: &[Vec<f64>]) -> Vec<Vec<u64>> {
    rows.iter().map(|row| row.iter().map(|value| value.to_bits()).collect()).collect()
}

async fn lanes_are_independent_on(device: &Device) {
    let mut lanes: Vec<Value> = RECIPES.map(lane).to_vec();
    lanes[4]["seed"] = json!(7);
    let together = finish(&mut experiment(document(&lanes, 20), device)).await;
    for (index, lane) in lanes.iter().enumerate() {
        // Noise is measured on what any lane prunes: a pruning neighbour keeps that set the same.
        let neighbour = lanes[1].clone();
        let alone = finish(&mut experiment(document(&[lane.clone(), neighbour], 20), device)).await;
        for (report, (together, alone)) in together.iter().zip(&alone).enumerate() {
            assert_eq!(bits(&together[index..=index]), bits(&alone[..1]), "{}, report {report}", RECIPES[index]);
        }
    }
}

/// A run whose first step is trained before what stood before it is reported gives the reports of one in order.
async fn the_first_step_may_come_before_its_report_on(device: &Device) {
    let mut document = document(&RECIPES.map(lane), 20);
    document["report_every"] = json!(1);
    document["eval"] = json!({"every": 5, "samples": 64, "noise_batches": 2});
    let mut in_order = experiment(document.clone(), device);
    let before = in_order.report().await.expect("the run goes on");
    let expected = finish(&mut in_order).await;

    let mut run = experiment(document, device);
    let first = run.first_step().await.expect("the run goes on");
    let reported = run.report_before(first).await.expect("the run goes on");
    assert_eq!((before.step, reported.step, run.step()), (0, 0, 1));
    let rows = |report: &Report| bits(&report.lanes.iter().map(row).collect::<Vec<_>>());
    assert_eq!(rows(&before), rows(&reported));
    let mut reports: Vec<Vec<Vec<f64>>> =
        vec![run.report().await.expect("the run goes on").lanes.iter().map(row).collect()];
    reports.extend(finish(&mut run).await);
    assert_eq!(expected.len(), reports.len());
    for (expected, reported) in expected.iter().zip(&reports) {
        assert_eq!(bits(expected), bits(reported));
    }
    assert_eq!(run.record().steps, in_order.record().steps);
}

/// Where the metric `key` stands in a row.
fn metric(key: &str) -> usize {
    let columns = nmflow::metrics::columns();
    columns.iter().position(|column| column.key == key).expect("the metric exists")
}

async fn final_params(experiment: &mut Experiment) -> Vec<f32> {
    finish(experiment).await;
    experiment.snapshot().await.expect("the device answers").params
}

tests! {
    async fn the_first_step_may_come_before_its_report() {
        Box::pin(the_first_step_may_come_before_its_report_on(&cpu())).await;
    }

    async fn the_first_step_may_come_before_its_report_on_the_gpu() {
        let Some(device) = gpu().await else { return };
        Box::pin(the_first_step_may_come_before_its_report_on(&device)).await;
    }

    async fn a_lane_does_not_depend_on_its_neighbours_on_the_cpu() {
        lanes_are_independent_on(&cpu()).await;
    }

    async fn a_lane_does_not_depend_on_its_neighbours_on_the_gpu() {
        let Some(gpu) = gpu().await else { return };
        lanes_are_independent_on(&gpu).await;
    }

    async fn equal_runs_give_equal_bits_on_the_gpu() {
        let Some(gpu) = gpu().await else { return };
        let document = document(&[lane("dense"), lane("mdgf-exponential")], 10);
        let first = final_params(&mut experiment(document.clone(), &gpu)).await;
        assert_eq!(first, final_params(&mut experiment(document, &gpu)).await);
    }

    /// Sums are taken in another order on the GPU; 20 steps of Adam may amplify that to a few 1e-4.
    async fn the_gpu_follows_the_curve_of_the_cpu() {
        let Some(gpu) = gpu().await else { return };
        let document = document(&RECIPES.map(lane), 20);
        let ours = finish(&mut experiment(document.clone(), &gpu)).await;
        let reference = finish(&mut experiment(document, &cpu())).await;
        for (report, (ours, reference)) in ours.iter().zip(&reference).enumerate() {
            for (lane, (ours, reference)) in ours.iter().zip(reference).enumerate() {
                // The first metric is the training loss.
                let what = format!("{}, report {report}", RECIPES[lane]);
                assert_near(&[ours[0] as f32], &[reference[0] as f32], 2e-3, &what);
            }
        }
    }

    async fn a_resumed_run_equals_an_uninterrupted_one() {
        let document = document(&[lane("one-shot"), lane("sdgf-stepwise")], 30);
        let whole = finish(&mut experiment(document.clone(), &cpu())).await;
        // Step 17 lies inside the frozen phase of the one-shot lane.
        let mut second = resumed(document).await;
        let rest = finish(&mut second).await;
        for (rest, whole) in rest.iter().zip(&whole[whole.len() - rest.len()..]) {
            assert_eq!(bits(rest), bits(whole));
        }
        assert_eq!(rest.len(), 3);
    }

    async fn the_cost_calculator_counts_the_parameters_that_the_network_has() {
        let run = experiment(document(&[lane("dense"), lane("ste"), lane("sparse-then-dense")], 10), &cpu());
        let costs = [0, 1, 2].map(|lane| run.shipped_cost(lane));
        assert!(costs.iter().all(|cost| cost.parameters == run.network().architecture.parameters()));
        assert_eq!(costs[1].parameters - costs[1].kept_parameters, 2 * 32 * 64 * 3 / 4);
        assert_eq!(costs[2], costs[0], "a lane that ends dense ships a dense network");
    }

    async fn measuring_gradient_noise_leaves_training_as_it_was() {
        let plain = document(&[lane("dense"), lane("sr-ste")], 20);
        let mut measured = plain.clone();
        measured["eval"]["noise_batches"] = json!(3);
        let params = final_params(&mut experiment(plain, &cpu())).await;
        assert_eq!(params, final_params(&mut experiment(measured, &cpu())).await);
    }

    async fn the_dense_gradient_is_at_no_angle_to_itself_and_masks_turn_it() {
        let mut document = document(&[lane("dense"), lane("ste"), lane("one-shot")], 20);
        document["eval"]["noise_batches"] = json!(4);
        let reports = finish(&mut experiment(document, &cpu())).await;
        let last = reports.last().expect("a run reports");
        let [cosine, noise, signal] = ["dense_cosine_all", "batch_variance_all", "gradient_snr_all"].map(metric);
        assert!((last[0][cosine] - 1.0).abs() < 1e-5, "dense: {}", last[0][cosine]);
        assert!(last[1][cosine] < 0.99 && last[1][cosine] > 0.0, "ste: {}", last[1][cosine]);
        assert!(last.iter().all(|lane| lane[noise] > 0.0 && lane[signal].is_finite()));
        assert!(reports[0][0][cosine].is_nan(), "measured with evaluations only");
    }

    async fn masks_are_compared_with_the_first_and_with_all_that_were() {
        let reports = finish(&mut experiment(document(&[lane("dense"), lane("one-shot"), lane("ste")], 60), &cpu())).await;
        let [distance, ever] = ["mask_distance", "ever_kept"].map(metric);
        // Pruning begins at step 6, so the report at step 5 has nothing to compare.
        assert!(reports[0].iter().all(|lane| lane[distance].is_nan() && lane[ever].is_nan()));
        let last = reports.last().expect("a run reports");
        assert!(last[0][distance].is_nan(), "a dense lane never has a first mask");
        assert_eq!((last[1][distance], last[1][ever]), (0.0, 0.25), "a frozen mask stays");
        assert!(last[2][distance] > 0.0 && last[2][ever] > 0.25, "ste: {:?}", (last[2][distance], last[2][ever]));
        let ever_kept: Vec<f64> = reports[1..].iter().map(|lanes| lanes[2][ever]).collect();
        assert!(ever_kept.windows(2).all(|pair| pair[0] <= pair[1]), "{ever_kept:?}");
    }

    async fn the_layers_of_a_report_add_up_to_its_indicators() {
        let mut run = experiment(document(&[lane("ste")], 5), &cpu());
        (0..5).for_each(|_| run.train_step());
        let report = run.report().await.expect("the run goes on");
        assert_eq!(run.measured_matrices(), ["blocks.0.ff1.weight", "blocks.0.ff2.weight"]);
        let sum: f64 = report.layers[0].iter().map(|layer| layer.all().v).sum();
        assert_eq!(sum, report.lanes[0].noise.expect("a report after a step measures").all().v);
    }

    async fn lanes_shared_out_give_the_same_bits_and_snapshots_fit_any_number_of_workers() {
        let lanes: Vec<Value> = ["dense", "sr-ste", "one-shot", "mdgf-exponential", "sdgf-stepwise"].map(lane).to_vec();
        let mut document = document(&lanes, 20);
        document["eval"]["noise_batches"] = json!(2);
        let whole = finish(&mut experiment(document.clone(), &cpu())).await;
        let config = || ExperimentConfig::from_value(document.clone()).expect("the document is valid");
        let dataset = || Dataset::generated(config().task()).expect("the task is generated");
        // Three workers to step 7, between two reports; then two go on.
        let mut parts = Vec::new();
        for share in shares(lanes.len(), 3) {
            let mut run = Experiment::of_lanes(config(), share, dataset(), cpu()).expect("the experiment fits");
            for _ in 0..7 {
                run.train_step();
                if run.report_due() {
                    run.report().await.expect("the run goes on");
                }
            }
            parts.extend(run.snapshot().await.expect("the device answers").to_bytes());
        }
        for share in shares(lanes.len(), 2) {
            let snapshot = Snapshot::from_bytes(&parts).and_then(|whole| whole.of_lanes(&share));
            let snapshot = snapshot.expect("the snapshot is whole");
            let mut run = Experiment::resume(config(), dataset(), cpu(), snapshot).expect("the snapshot fits");
            let rest = finish(&mut run).await;
            for (rest, whole) in rest.iter().zip(&whole[1..]) {
                let expected: Vec<Vec<f64>> = share.iter().map(|lane| whole[*lane].clone()).collect();
                assert_eq!(bits(rest), bits(&expected), "lanes {share:?}");
            }
            assert_eq!(rest.len(), 3);
        }
    }

    async fn a_snapshot_of_another_experiment_is_refused() {
        let mut run = experiment(document(&[lane("dense")], 10), &cpu());
        let snapshot = run.snapshot().await.expect("the device answers");
        let other = ExperimentConfig::from_value(document(&[lane("ste")], 10)).expect("the document is valid");
        let dataset = Dataset::generated(other.task()).expect("the task is generated");
        assert!(matches!(Experiment::resume(other, dataset, cpu(), snapshot), Err(LabError::Snapshot(_))));
    }

    async fn names_are_labels_a_run_goes_on_under_others() {
        let plain = document(&[lane("dense"), lane("sr-ste")], 30);
        let mut named = plain.clone();
        named["name"] = json!("Renamed");
        named["lanes"][1]["name"] = json!("The baseline");
        let config = |document: &Value| ExperimentConfig::from_value(document.clone()).expect("the document is valid");
        let whole = finish(&mut experiment(plain.clone(), &cpu())).await;

        let mut run = experiment(plain.clone(), &cpu());
        for _ in 0..17 {
            run.train_step();
            if run.report_due() {
                run.report().await.expect("the run goes on");
            }
        }
        assert!(run.relabel(config(&named)));
        assert_eq!((run.config().name(), run.config().lanes()[1].name.as_str()), ("Renamed", "The baseline"));
        let snapshot = run.snapshot().await.expect("the device answers");
        let rest = finish(&mut run).await;
        // A snapshot continues under the names of the document, whatever it was made under.
        let dataset = Dataset::generated(config(&plain).task()).expect("the task is generated");
        let mut back = Experiment::resume(config(&plain), dataset, cpu(), snapshot).expect("the snapshot fits");
        for rest in [rest, finish(&mut back).await] {
            assert_eq!(rest.len(), 3);
            for (rest, whole) in rest.iter().zip(&whole[whole.len() - 3..]) {
                assert_eq!(bits(rest), bits(whole));
            }
        }
        named["steps"] = json!(40);
        assert!(!back.relabel(config(&named)), "more than the names differ");
        assert_eq!(back.config(), &config(&plain));
    }

    async fn a_restarted_run_repeats_itself() {
        let mut run = experiment(document(&[lane("sr-ste")], 10), &cpu());
        let first = final_params(&mut run).await;
        run.restart();
        assert_eq!(run.step(), 0);
        assert_eq!(first, final_params(&mut run).await);
    }

    async fn a_weight_that_is_no_number_stops_training_with_step_and_lane_named() {
        let document = document(&[lane("dense"), lane("sr-ste")], 10);
        let mut snapshot =
            experiment(document.clone(), &cpu()).snapshot().await.expect("the device answers");
        let second_lane = snapshot.params.len() / 2;
        snapshot.params[second_lane] = f32::NAN;
        let config = ExperimentConfig::from_value(document).expect("the document is valid");
        let dataset = Dataset::generated(config.task()).expect("the task is generated");
        let mut run = Experiment::resume(config, dataset, cpu(), snapshot).expect("the snapshot fits");
        for _ in 0..5 {
            run.train_step();
        }
        match run.report().await {
            Err(error @ LabError::Training { step, lane, .. }) => {
                assert_eq!((step, lane), (0, 1));
                assert!(error.to_string().starts_with("training stopped at step 0 in lane \"SR-STE\": the loss is NaN"));
            }
            other => panic!("expected a training error, got {other:?}"),
        }
    }

    /// The same file of losses holds natively and in the browser, so the two agree bit for bit.
    async fn the_cpu_gives_the_same_bits_on_every_platform() {
        let reports = finish(&mut experiment(document(&RECIPES.map(lane), 20), &cpu())).await;
        // As text, because the parser of numbers in JSON may be off by a last bit.
        let losses: Vec<Vec<String>> =
            reports.iter().map(|lanes| lanes.iter().map(|row| row[0].to_string()).collect()).collect();
        #[cfg(not(target_arch = "wasm32"))]
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/cpu_losses.json");
            let text = serde_json::to_string_pretty(&losses).expect("numbers are JSON");
            std::fs::write(path, text + "\n").expect("the golden folder can be written");
        }
        let golden: Vec<Vec<String>> =
            serde_json::from_str(include_str!("../golden/cpu_losses.json")).expect("the golden file is JSON");
        assert_eq!(losses, golden, "UPDATE_GOLDEN=1 writes the file anew after a change of the arithmetic");
    }

    async fn every_recipe_learns_and_ends_hard() {
        let lanes = RECIPES.map(lane);
        let mut document = document(&lanes, 500);
        document["eval"] = json!({"every": 500, "samples": 512});
        let reports = finish(&mut experiment(document, &cpu())).await;
        let keys: Vec<String> = nmflow::metrics::columns().into_iter().map(|column| column.key).collect();
        let at = |key: &str| keys.iter().position(|k| k == key).expect("the metric exists");
        let last = reports.last().expect("a run reports");
        for (recipe, metrics) in RECIPES.iter().zip(last) {
            let (soft, hard) = (metrics[at("val_accuracy")], metrics[at("val_accuracy_hard")]);
            assert_eq!(soft, hard, "{recipe}: the fine-tune phase trains the network that ships");
            assert!(soft > 0.4, "{recipe}: {soft} is less than four times chance");
            let density = if matches!(*recipe, "dense" | "sparse-then-dense") { 1.0 } else { 0.25 };
            assert_eq!(metrics[at("ff_density")], density, "{recipe}");
            assert_eq!(metrics[at("invalid_groups")], 0.0, "{recipe}: the weights that ship are N:M");
        }
    }

    /// Launches are dropped while kernels are compiled ahead, on every thread: native tests run on several.
    #[cfg(target_arch = "wasm32")]
    async fn compiling_ahead_changes_nothing() {
        let Some(gpu) = gpu().await else { return };
        let mut document = document(&[lane("mdgf-exponential"), lane("sr-ste")], 20);
        document["report_every"] = json!(5);
        let plain = finish(&mut experiment(document.clone(), &gpu)).await;
        let mut prepared = experiment(document, &gpu);
        assert!(prepared.prepare(1), "the first step needs kernels");
        assert!(prepared.prepare_evaluation(0));
        prepared.train_step();
        assert!(prepared.prepare(20), "the report and pruned steps need others");
        assert!(!prepared.prepare(20), "which are there now");
        let all_bits = |reports: &[Vec<Vec<f64>>]| reports.iter().map(|rows| bits(rows)).collect::<Vec<_>>();
        assert_eq!(all_bits(&finish(&mut prepared).await), all_bits(&plain));
    }
}
