//! Gradient rule, clipping, AdamW and the noise sums against the reference.

use crate::common::{assert_near, cpu, gpu, normals, random, values};
use crate::tests;
use burn::backend::Dispatch;
use burn::tensor::Device;
use nmflow::kernels::{Buffer, LaneOps, MaskGrid, Segment, SegmentKind, buffer, plan, plan::Rule};

const LANES: usize = 3;
const PARAMETERS: usize = 4 * 1031;

fn plan_rows() -> Vec<f32> {
    (0..LANES)
        .flat_map(|lane| {
            let mut row = [0.0; plan::WIDTH];
            row[..plan::RULES].copy_from_slice(&[1e-2, 0.19, 0.0199, 0.05, 1.0, 0.9, 0.999, 1e-8]);
            for kind in 0..SegmentKind::COUNT {
                let rule = Rule { pruned_gradient: 0.5 * lane as f32, lambda: 0.01 * kind as f32, ..Rule::DENSE };
                row[plan::RULES + kind * plan::RULE_WIDTH..][..plan::RULE_WIDTH].copy_from_slice(&rule.columns());
            }
            row
        })
        .collect()
}

fn bits(purpose: &str, device: &Device) -> Buffer {
    let values = normals(LANES * PARAMETERS, purpose).iter().map(|x| f32::from(u8::from(*x > 0.0))).collect();
    buffer::upload(values, [LANES, PARAMETERS], device)
}

/// Parameters, moments, ruled gradients, scales, history of the masks and noise sums after one step.
fn step(device: &Device) -> Vec<Buffer> {
    let params = random(&[LANES, PARAMETERS], "params", device);
    let squares = normals(LANES * 2 * PARAMETERS, "moments").iter().map(|x| x * x).collect();
    let moments = buffer::upload(squares, [LANES, 2 * PARAMETERS], device);
    let grads = random(&[LANES, PARAMETERS], "grads", device);
    let (mask, previous) = (bits("mask", device), bits("previous", device));
    let plan = buffer::upload(plan_rows(), [LANES, plan::WIDTH], device);
    let kinds = (0..PARAMETERS / 4).map(|i| (i % SegmentKind::COUNT) as f32).collect();
    let kinds = buffer::upload(kinds, [1, PARAMETERS / 4], device);
    let (grads, scale) = Dispatch::rule_gradients(grads, &params, &mask, &plan, &kinds);
    let (params, moments) = Dispatch::adamw(&params, &moments, &grads, &plan, &scale);
    let segments = [
        Segment { offset: 0, rows: 10, cols: 7, stride: 20, kind: SegmentKind::Q },
        Segment { offset: 400, rows: 1, cols: 100, stride: 100, kind: SegmentKind::Dense },
        Segment { offset: 500, rows: 60, cols: 60, stride: 60, kind: SegmentKind::Ff1 },
    ];
    let table = buffer::upload_table(Segment::table(&segments), device);
    let grid = MaskGrid::new(&segments, &[]);
    let codes = bits("first", device);
    let events = buffer::upload(vec![0.0, 0.0, 1.0, 0.0, 1.0, 1.0], [LANES, 2], device);
    let history = Dispatch::remember_masks(&codes, &previous, &events);
    let sums = Dispatch::noise_sums(&grads, &moments, &mask, &previous, &history, table, grid);
    vec![params, moments, grads, scale, history, sums]
}

tests! {
    async fn a_step_matches_the_reference() {
        let Some(gpu) = gpu().await else { return };
        for (i, (ours, reference)) in step(&gpu).into_iter().zip(step(&cpu())).enumerate() {
            assert_near(&values(ours).await, &values(reference).await, 2e-5, &format!("output {i}"));
        }
    }
}
