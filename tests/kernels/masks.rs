//! N:M selection on the device: exact agreement with the reference, ties, ragged groups, many workgroups.

use crate::common::{cpu, gpu, values};
use crate::tests;
use burn::backend::Dispatch;
use burn::tensor::Device;
use nmflow::kernels::{LaneOps, MaskGrid, Segment, SegmentKind, buffer, plan, plan::Rule};
use nmflow::random::Stream;

/// A plan with one rule for [`SegmentKind::Ff1`] per lane, everything else dense.
fn plan_of(rules: &[Rule]) -> Vec<f32> {
    let mut plan = Vec::new();
    for rule in rules {
        let mut row = [0.0; plan::WIDTH];
        for kind in 0..SegmentKind::COUNT {
            let rule = if kind == SegmentKind::Ff1.index() { *rule } else { Rule::DENSE };
            row[plan::RULES + kind * plan::RULE_WIDTH..][..plan::RULE_WIDTH].copy_from_slice(&rule.columns());
        }
        plan.extend(row);
    }
    plan
}

/// `(mask, masked)` of lanes with these rules over the same segments.
async fn select(device: &Device, params: &[f32], old: &[f32], rules: &[Rule], segments: &[Segment]) -> [Vec<f32>; 2] {
    let lanes = rules.len();
    let parameters = params.len() / lanes;
    let rule_of = |rule: &Rule, segment: &Segment| {
        if segment.kind == SegmentKind::Ff1 { *rule } else { Rule::DENSE }
    };
    let groups = |rule: &Rule| segments.iter().map(|s| rule_of(rule, s).runs(s)).sum::<usize>();
    let grid = MaskGrid { segments: segments.len(), groups: rules.iter().map(groups).max().unwrap_or(0) };
    let table = segments.iter().flat_map(Segment::words).collect();
    let (mask, masked) = Dispatch::select_masks(
        &buffer::upload(params.to_vec(), [lanes, parameters], device),
        &buffer::upload(old.to_vec(), [lanes, parameters], device),
        &buffer::upload(plan_of(rules), [lanes, plan::WIDTH], device),
        buffer::upload_table(table, device),
        grid,
    );
    [values(mask).await, values(masked).await]
}

fn rule(n: usize, m: usize, along_inputs: bool) -> Rule {
    Rule { n, m, along_inputs, decay: 0.25, ..Rule::DENSE }
}

tests! {
    async fn masks_match_the_reference_bit_for_bit() {
        let Some(gpu) = gpu().await else { return };
        // A dense run, a matrix inside a wider one (as Q, K and V are), a plain matrix.
        let segments = [
            Segment { offset: 0, rows: 1, cols: 20, stride: 20, kind: SegmentKind::Dense },
            Segment { offset: 20, rows: 64, cols: 12, stride: 36, kind: SegmentKind::Ff1 },
            Segment { offset: 32, rows: 64, cols: 24, stride: 36, kind: SegmentKind::Dense },
            Segment { offset: 20 + 64 * 36, rows: 128, cols: 32, stride: 32, kind: SegmentKind::Ff1 },
        ];
        let parameters = 20 + 64 * 36 + 128 * 32;
        let rules = [
            rule(1, 1, false), rule(2, 4, true), rule(1, 16, true), rule(15, 16, true),
            rule(1, 4, false), rule(32, 64, true), Rule { refresh: false, ..rule(1, 8, true) }, rule(3, 4, false),
            Rule { soft_scale: 1.5, ..rule(2, 4, true) }, Rule { soft_scale: 0.75, ..rule(1, 4, false) },
            Rule { soft_scale: 1.25, ..rule(15, 16, true) },
        ];
        let mut stream = Stream::new(3, "weights", 0);
        // Quarter steps, so that ties are frequent.
        let params: Vec<f32> =
            (0..rules.len() * parameters).map(|_| libm::roundf(4.0 * stream.normal()) / 4.0).collect();
        let old: Vec<f32> = (0..params.len()).map(|_| f32::from(u8::from(stream.uniform() < 0.5))).collect();
        let expected = select(&cpu(), &params, &old, &rules, &segments).await;
        assert_eq!(select(&gpu, &params, &old, &rules, &segments).await, expected);
    }

    async fn one_launch_covers_more_groups_than_one_dimension_of_workgroups() {
        let Some(gpu) = gpu().await else { return };
        let (rows, cols) = (2, 65_536 * 64 + 4);
        let segments = [Segment { offset: 0, rows, cols, stride: cols, kind: SegmentKind::Ff1 }];
        let params: Vec<f32> = (0..rows * cols).map(|i| ((i * 7919) % 1009) as f32).collect();
        let [mask, _] = select(&gpu, &params, &params, &[rule(1, 2, true)], &segments).await;
        for col in 0..cols {
            let first = params[col] >= params[cols + col];
            assert_eq!([mask[col], mask[cols + col]], [f32::from(first), f32::from(!first)], "column {col}");
        }
    }
}
