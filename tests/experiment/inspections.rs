//! Looking at a run changes nothing, and shows what the next step uses.

use crate::common::{cpu, gpu};
use crate::runs::{bits, document, experiment, finish, lane};
use crate::tests;
use burn::tensor::Device;
use nmflow::error::LabError;

async fn inspecting_leaves_no_trace_on(device: &Device) {
    let lanes = [lane("mdgf-exponential"), lane("one-shot")];
    let undisturbed = finish(&mut experiment(document(&lanes, 20), device)).await;
    let mut run = experiment(document(&lanes, 20), device);
    let mut reports = Vec::new();
    while !run.finished() {
        run.inspect(1, "blocks.0.ff1.weight").await.expect("the matrix exists");
        run.train_step();
        run.inspect(0, "blocks.0.k.weight").await.expect("the matrix exists");
        if run.report_due() {
            let report = run.report().await.expect("the run goes on");
            reports.push(report.lanes.iter().map(nmflow::metrics::row).collect::<Vec<_>>());
        }
    }
    run.inspect(0, "blocks.0.ff2.weight").await.expect("a finished run can be looked at");
    for (ours, expected) in reports.iter().zip(&undisturbed) {
        assert_eq!(bits(ours), bits(expected));
    }
    assert_eq!(reports.len(), undisturbed.len());
}

tests! {
    async fn inspecting_leaves_no_trace_on_the_cpu() {
        Box::pin(inspecting_leaves_no_trace_on(&cpu())).await;
    }

    async fn inspecting_leaves_no_trace_on_the_gpu() {
        let Some(gpu) = gpu().await else { return };
        Box::pin(inspecting_leaves_no_trace_on(&gpu)).await;
    }

    async fn an_inspection_shows_the_mask_the_gradient_and_the_moments_of_its_matrix() {
        let mut run = experiment(document(&[lane("dense"), lane("sr-ste")], 40), &cpu());
        for _ in 0..10 {
            run.train_step();
        }
        let before = run.inspect(1, "blocks.0.ff1.weight").await.expect("the matrix exists");
        assert_eq!((before.step, before.tensor.shape, before.n, before.m), (10, [32, 64], 1, 4));
        // Groups run along the inputs: one weight in four of every column, and the largest of them.
        for group in 0..8 * 64 {
            let (block, col) = (group / 64, group % 64);
            let members: Vec<usize> = (0..4).map(|row| (4 * block + row) * 64 + col).collect();
            let kept: Vec<usize> = members.iter().copied().filter(|at| before.mask[*at] == 1.0).collect();
            assert_eq!(kept.len(), 1, "group {group}");
            assert!(members.iter().all(|at| before.weights[*at].abs() <= before.weights[kept[0]].abs()));
        }
        // AdamW: m' = 0.9 m + 0.1 c g with one clip factor c for all, at most 1.
        run.train_step();
        let after = run.inspect(1, "blocks.0.ff1.weight").await.expect("the matrix exists");
        let factors: Vec<f64> = (0..before.gradient.len())
            .filter(|at| before.gradient[*at].abs() > 1e-4)
            .map(|at| {
                let step = f64::from(after.first_moment[at]) - 0.9 * f64::from(before.first_moment[at]);
                step / (0.1 * f64::from(before.gradient[at]))
            })
            .collect();
        assert!(factors.len() > 100);
        assert!(factors.iter().all(|c| (c - factors[0]).abs() < 1e-2 && *c < 1.0 + 1e-2), "{factors:?}");
        assert!(after.second_moment.iter().all(|v| *v >= 0.0));
    }

    async fn what_does_not_exist_cannot_be_inspected() {
        let mut run = experiment(document(&[lane("dense")], 10), &cpu());
        for (lane, name, field) in [(1, "blocks.0.ff1.weight", "lane"), (0, "head.weight", "tensor")] {
            match run.inspect(lane, name).await {
                Err(LabError::Config(problems)) => assert_eq!(problems[0].field, field),
                other => panic!("expected a problem of {field}, got {other:?}"),
            }
        }
    }
}
