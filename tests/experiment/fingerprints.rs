//! The same run has the same fingerprint, wherever it runs.

use crate::common::{cpu, gpu};
use crate::runs::{RECIPES, document, experiment, finish, lane, resumed};
use crate::tests;
use burn::tensor::Device;
use nmflow::fingerprint::{Fingerprint, Verdict};
use serde_json::Value;

async fn fingerprint_of(document: Value, device: &Device, name: &str) -> Fingerprint {
    let mut run = experiment(document, device);
    finish(&mut run).await;
    run.fingerprint(name).await.expect("the device answers")
}

tests! {
    /// The same file of fingerprints holds natively and in the browser, so a run of one replays in the other.
    async fn the_cpu_gives_the_same_fingerprint_on_every_platform() {
        let ours = fingerprint_of(document(&RECIPES.map(lane), 20), &cpu(), "CPU").await;
        #[cfg(not(target_arch = "wasm32"))]
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/cpu_fingerprint.json");
            let text = serde_json::to_string_pretty(&ours).expect("a fingerprint is JSON");
            std::fs::write(path, text + "\n").expect("the golden folder can be written");
        }
        let golden: Fingerprint = serde_json::from_str(include_str!("../golden/cpu_fingerprint.json"))
            .expect("the golden file is a fingerprint");
        assert_eq!(ours, golden, "UPDATE_GOLDEN=1 writes the file anew after a change of the arithmetic");
        assert_eq!(golden.compare(&ours).verdict, Verdict::Exact);
    }

    async fn a_gpu_repeats_a_run_of_the_cpu_within_tolerance() {
        let Some(gpu) = gpu().await else { return };
        let document = document(&RECIPES.map(lane), 20);
        let shared = fingerprint_of(document.clone(), &cpu(), "CPU").await;
        let replay = fingerprint_of(document, &gpu, "a GPU").await;
        let comparison = shared.compare(&replay);
        assert_eq!(comparison.verdict, Verdict::Within, "{}", comparison.summary);
        assert!(comparison.summary.contains("it ran on CPU, here on a GPU"), "{}", comparison.summary);
    }

    async fn another_seed_is_found_to_differ_and_is_located() {
        let mut other = lane("sr-ste");
        other["seed"] = 1.into();
        let shared = fingerprint_of(document(&[lane("dense"), lane("sr-ste")], 20), &cpu(), "CPU").await;
        let replay = fingerprint_of(document(&[lane("dense"), other], 20), &cpu(), "CPU").await;
        let comparison = shared.compare(&replay);
        assert_eq!(comparison.lanes, [Verdict::Exact, Verdict::Differs], "{}", comparison.summary);
        let first = comparison.first.expect("they differ");
        assert_eq!((first.lane, first.step), (1, 5));
    }

    async fn a_resumed_run_has_the_fingerprint_of_an_uninterrupted_one() {
        let document = document(&[lane("mdgf-exponential"), lane("sdgf-stepwise")], 30);
        let whole = fingerprint_of(document.clone(), &cpu(), "CPU").await;
        let mut second = resumed(document).await;
        finish(&mut second).await;
        assert_eq!(second.fingerprint("CPU").await.expect("the device answers"), whole);
    }
}
