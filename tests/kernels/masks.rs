//! N:M selection on the device: exact agreement with the reference, ties, ragged groups, many workgroups.

use crate::common::{cpu, gpu, values};
use crate::tests;
use burn::backend::Dispatch;
use burn::tensor::Device;
use nmflow::kernels::{LaneOps, MaskGrid, Segment, SegmentKind, buffer, plan, plan::Rule};
use nmflow::random::Stream;

/// `(mask, masked)` of lanes with these rules over the same segments.
async fn select(device: &Device, params: &[f32], old: &[f32], rules: &[Rule], segments: &[Segment]) -> [Vec<f32>; 2] {
    let lanes = rules.len();
    let parameters = params.len() / lanes;
    let rules: Vec<_> = rules.iter().map(|rule| rule.only(SegmentKind::Ff1)).collect();
    let grid = MaskGrid::new(segments, &rules);
    let plan = rules.iter().flat_map(plan::row_of).collect();
    let (mask, masked) = Dispatch::select_masks(
        &buffer::upload(params.to_vec(), [lanes, parameters], device),
        &buffer::upload(old.to_vec(), [lanes, parameters], device),
        &buffer::upload(plan, [lanes, plan::WIDTH], device),
        buffer::upload_table(Segment::table(segments), device),
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
            // Sides that few groups divide, one of them longer than what one thread walks.
            Segment { offset: 20 + 64 * 36 + 128 * 32, rows: 70, cols: 20, stride: 20, kind: SegmentKind::Ff1 },
        ];
        let parameters = 20 + 64 * 36 + 128 * 32 + 70 * 20;
        let rules = [
            rule(1, 1, false), rule(2, 4, true), rule(1, 16, true), rule(15, 16, true),
            rule(1, 4, false), rule(32, 64, true), Rule { refresh: false, ..rule(1, 8, true) }, rule(3, 4, false),
            Rule { soft_scale: 1.5, ..rule(2, 4, true) }, Rule { soft_scale: 0.75, ..rule(1, 4, false) },
            Rule { soft_scale: 1.25, ..rule(15, 16, true) },
            rule(3, 6, false), rule(4, 6, true), rule(1, 2, false), rule(5, 128, true), rule(99, 100, true),
            Rule { refresh: false, soft_scale: 0.5, ..rule(2, 4, false) }, Rule { refresh: false, ..rule(1, 1, true) },
        ];
        let mut stream = Stream::new(3, "weights", 0);
        // Quarter steps, so that ties are frequent.
        let params: Vec<f32> =
            (0..rules.len() * parameters).map(|_| libm::roundf(4.0 * stream.normal()) / 4.0).collect();
        let old: Vec<f32> = (0..params.len()).map(|_| f32::from(u8::from(stream.uniform() < 0.5))).collect();
        let selecting = |rule: &&Rule| rule.refresh && rule.soft_scale == 0.0;
        let along_inputs = |rule: &&Rule| rule.along_inputs || rule.n == rule.m;
        let plain: Vec<Rule> = rules.iter().filter(selecting).copied().collect();
        let wide: Vec<Rule> = rules.iter().filter(along_inputs).copied().collect();
        let plain_wide: Vec<Rule> = wide.iter().filter(selecting).copied().collect();
        // Lanes that all select a new hard mask take a kernel of their own, and so do those whose groups all run along
        // the inputs.
        for rules in [&rules[..], &plain, &wide, &plain_wide] {
            let count = rules.len() * parameters;
            let expected = select(&cpu(), &params[..count], &old[..count], rules, &segments).await;
            assert_eq!(select(&gpu, &params[..count], &old[..count], rules, &segments).await, expected);
        }
    }

    async fn one_launch_covers_more_groups_than_one_dimension_of_workgroups() {
        let Some(gpu) = gpu().await else { return };
        // Groups of a single weight: a thread for every four of them.
        let cols = 65_536 * 64 * 4 + 4;
        let segments = [Segment { offset: 0, rows: 1, cols, stride: cols, kind: SegmentKind::Ff1 }];
        let params: Vec<f32> = (0..cols).map(|i| ((i * 7919) % 1009) as f32).collect();
        let [mask, masked] = select(&gpu, &params, &params, &[rule(1, 2, true)], &segments).await;
        assert_eq!(mask.iter().position(|kept| *kept != 1.0), None, "a group of one keeps it");
        assert!(masked == params, "what is kept is unchanged");
    }
}
