//! Masks, forward values and weight gradients that the paper authors' own autograd functions produced.

use crate::common::{assert_near, cpu, gpu, values};
use crate::tests;
use burn::backend::Dispatch;
use burn::tensor::Device;
use nmflow::kernels::{LaneOps, MaskGrid, Segment, SegmentKind, buffer, plan, plan::Rule};
use serde_json::Value;

const GOLDEN: &str = include_str!("../golden/authors_autograd.json");

/// A matrix of the file, flattened row by row.
fn matrix(value: &Value) -> Vec<f32> {
    let rows = value.as_array().expect("a matrix is a list of rows");
    let row = |row: &Value| row.as_array().expect("a row is a list").clone();
    rows.iter().flat_map(row).map(|number| number.as_f64().expect("numbers") as f32).collect()
}

/// The number after `key=` in a case's name.
fn parameter(name: &str, key: &str) -> Option<f64> {
    let (_, rest) = name.split_once(&format!("{key}="))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The rule that a case's name describes.
fn rule(case: &Value) -> Rule {
    let name = case["name"].as_str().expect("a case has a name");
    let number = |key: &str| case[key].as_u64().expect("a case has its pattern") as usize;
    let (coefficient, step) = (parameter(name, "coef"), parameter(name, "j"));
    let decay = match (name.split_whitespace().next(), coefficient, step) {
        (Some("EXP"), Some(coefficient), Some(step)) => libm::exp(-coefficient * step),
        (Some("LINEAR"), Some(coefficient), Some(step)) => (1.0 - coefficient * step).max(0.0),
        _ => 0.0,
    };
    let lambda = parameter(name, "lambda").unwrap_or(0.0) as f32;
    Rule { n: number("N"), m: number("M"), decay: decay as f32, lambda, ..Rule::DENSE }
}

/// Swaps rows and columns of a `rows x cols` matrix.
fn transposed(matrix: &[f32], cols: usize) -> Vec<f32> {
    (0..matrix.len()).map(|i| matrix[i % (matrix.len() / cols) * cols + i / (matrix.len() / cols)]).collect()
}

/// `[mask, masked weights, ruled gradient]` of one matrix under `rule`.
async fn apply(device: &Device, weights: &[f32], grad: &[f32], cols: usize, rule: Rule) -> [Vec<f32>; 3] {
    let len = weights.len();
    let segment = Segment { offset: 0, rows: len / cols, cols, stride: cols, kind: SegmentKind::Ff1 };
    let rules = rule.only(SegmentKind::Ff1);
    let mut row = plan::row_of(&rules);
    row[plan::CLIP_NORM] = 1.0;
    let plan = buffer::upload(row, [1, plan::WIDTH], device);
    let params = buffer::upload(weights.to_vec(), [1, len], device);
    let ones = buffer::upload(vec![1.0; len], [1, len], device);
    let grid = MaskGrid::new(&[segment], &[rules]);
    let table = buffer::upload_table(Segment::table(&[segment]), device);
    let (mask, masked) = Dispatch::select_masks(&params, &ones, &plan, table, grid);
    let kinds = buffer::upload(vec![SegmentKind::Ff1.index() as f32; len / 4], [1, len / 4], device);
    let grads = buffer::upload(grad.to_vec(), [1, len], device);
    let (grads, _) = Dispatch::rule_gradients(grads, &params, &mask, &plan, &kinds);
    [values(mask).await, values(masked).await, values(grads).await]
}

async fn check(device: &Device) {
    let golden: Value = serde_json::from_str(GOLDEN).expect("the golden file is JSON");
    let (weights, upstream) = (matrix(&golden["W"]), matrix(&golden["G"]));
    let cols = golden["W"][0].as_array().expect("rows are lists").len();
    let cases = golden["cases"].as_array().expect("cases are a list");
    assert!(cases.len() >= 12, "four functions at three patterns");
    for case in cases {
        let name = format!("{} {}:{}", case["name"], case["N"], case["M"]);
        let expected = [matrix(&case["mask"]), matrix(&case["forward"]), matrix(&case["grad"])];
        // The authors group along the last axis of [out, in]; ours is [in, out]. Both ways round must agree.
        let across = apply(device, &weights, &upstream, cols, rule(case)).await;
        let rows = weights.len() / cols;
        let turned = Rule { along_inputs: true, ..rule(case) };
        let along = apply(device, &transposed(&weights, cols), &transposed(&upstream, cols), rows, turned).await;
        for ((across, along), expected) in across.iter().zip(&along).zip(&expected) {
            assert_near(across, expected, 2e-6, &name);
            assert_near(along, &transposed(expected, cols), 2e-6, &name);
        }
    }
}

tests! {
    async fn the_cpu_reproduces_the_authors_autograd_functions() {
        check(&cpu()).await;
    }

    async fn the_gpu_reproduces_the_authors_autograd_functions() {
        let Some(gpu) = gpu().await else { return };
        check(&gpu).await;
    }
}
