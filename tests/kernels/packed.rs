//! The packed N:M form: what it holds, and that products with it are products with the masked weights.

use crate::common::{assert_near, cpu, gpu, random, values};
use crate::tests;
use burn::backend::Dispatch;
use burn::tensor::Device;
use nmflow::kernels::{
    Affine, Buffer, LaneOps, MaskGrid, PackGrid, PackedAt, PackedLanes, PrunableMatrix, Segment, SegmentKind, Tile,
    Weights, buffer, packed, plan, plan::Rule,
};

/// Rules of one lane, by kind.
type Rules = [Rule; SegmentKind::COUNT];

/// One prunable matrix with its bias, whose columns divide among kinds.
#[derive(Clone)]
struct Matrix {
    at: Affine,
}

impl Matrix {
    fn new(inputs: usize, outputs: usize, kind: SegmentKind, parts: usize) -> Self {
        let packed = Some(PackedAt::new(0, 0, kind, parts));
        Self { at: Affine { offset: 4, inputs, outputs, bias_rows: 1, packed, tile: Tile::default() } }
    }

    fn parameters(&self) -> usize {
        4 + self.at.len()
    }

    /// Every parameter: what lies before the matrix, its parts, its bias.
    fn segments(&self) -> Vec<Segment> {
        let run =
            |offset: usize, cols: usize| Segment { offset, rows: 1, cols, stride: cols, kind: SegmentKind::Dense };
        let PackedAt { kind, parts, .. } = self.at.packed.expect("the matrix is prunable");
        let cols = self.at.outputs / parts;
        let part = |part: usize| Segment {
            offset: self.at.offset + part * cols,
            rows: self.at.inputs,
            cols,
            stride: self.at.outputs,
            kind: SegmentKind::ALL[kind.index() + part],
        };
        let mut segments = vec![run(0, self.at.offset), run(self.at.bias_offset(), self.at.outputs)];
        segments.extend((0..parts).map(part));
        segments
    }

    /// Masked weights of all lanes, packed as `rules` say, and their mask.
    fn weights(&self, params: &Buffer, rules: &[Rules], device: &Device) -> (Weights, Buffer) {
        let lanes = rules.len();
        let plan = rules.iter().flat_map(plan::row_of);
        let plan = buffer::upload(plan.collect(), [lanes, plan::WIDTH], device);
        let ones = buffer::upload(vec![1.0; lanes * self.parameters()], [lanes, self.parameters()], device);
        let segments = self.segments();
        let table = buffer::upload_table(Segment::table(&segments), device);
        let grid = MaskGrid::new(&segments, rules);
        let (mask, values) = Dispatch::select_masks(params, &ones, &plan, table, grid);

        let Affine { offset, inputs, outputs, packed, .. } = self.at;
        let packed = packed.expect("the matrix is prunable");
        let matrix = PrunableMatrix { offset, inputs, outputs, packed };
        let table = buffer::upload_table(matrix.words().to_vec(), device);
        let grid = PackGrid { matrices: 1, column_lines: outputs, row_lines: inputs };
        let (columns, rows) = Dispatch::pack(&values, &mask, &plan, table, grid);
        (Weights { values, columns, rows, packed: PackedLanes::of(rules), tile: self.at.tile }, mask)
    }
}

/// Packed N:M for the kinds in `of`, dense otherwise.
fn rules(of: &[SegmentKind], n: usize, m: usize, along_inputs: bool) -> Rules {
    SegmentKind::ALL.map(|kind| {
        if of.contains(&kind) { Rule { n, m, along_inputs, packed: true, ..Rule::DENSE } } else { Rule::DENSE }
    })
}

/// Pairs of a packed form `[1, 2 * pairs]`.
async fn pairs(packed: Buffer) -> Vec<(f32, f32)> {
    values(packed).await.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

async fn check_format(device: &Device) {
    let matrix = Matrix::new(4, 4, SegmentKind::Ff1, 1);
    #[rustfmt::skip]
    let params = vec![
        0.0, 0.0, 0.0, 0.0,
        1.0, 9.0, 2.0, 2.0,
        5.0, 3.0, 2.0, 8.0,
        7.0, 4.0, 6.0, 1.0,
        2.0, 4.5, 3.0, 2.0,
        0.0, 0.0, 0.0, 0.0,
    ];
    let params = buffer::upload(params, [1, matrix.parameters()], device);
    let one_of_two = rules(&[SegmentKind::Ff1], 1, 2, true);
    let (weights, _) = matrix.weights(&params, &[one_of_two], device);
    let columns = pairs(weights.columns).await;
    // Headers of the four columns, then rank by rank the kept weight of every column with its row; the matrix
    // starts at parameter 4.
    assert_eq!(columns[..4], [(2.0, 0.0); 4]);
    assert_eq!(
        columns[4 + 4..][..8],
        [(1., 5.), (0., 9.), (0., 2.), (1., 8.), (2., 7.), (3., 4.5), (2., 6.), (3., 2.)]
    );
    let rows = pairs(weights.rows).await;
    assert_eq!(rows[..4].iter().map(|header| header.0).collect::<Vec<_>>(), [2., 2., 2., 2.]);
    // First kept weight of every row with its column, then the second.
    assert_eq!(rows[4 + 4..][..8], [(1., 9.), (0., 5.), (0., 7.), (1., 4.5), (2., 2.), (3., 8.), (2., 6.), (3., 2.)]);

    let (weights, _) = matrix.weights(&params, &[[Rule::DENSE; SegmentKind::COUNT]], device);
    assert_eq!(pairs(weights.columns).await[..4], [(-1.0, 0.0); 4]);
    assert_eq!(pairs(weights.rows).await[..4], [(-1.0, 0.0); 4]);
}

/// All products of one matrix: those with the packed form, then those with all masked weights. Gradients are cut to
/// the mask, because those of pruned weights may be left out.
async fn products(matrix: &Matrix, rules: &[Rules], rows: usize, device: &Device) -> [Vec<Vec<f32>>; 2] {
    let lanes = rules.len();
    let (weights, mask) = matrix.weights(&random(&[lanes, matrix.parameters()], "weights", device), rules, device);
    let mask = values(mask).await;
    let at = matrix.at;
    let unpacked = packed::unpacked(lanes, at.inputs.max(at.outputs), device);
    let x = random(&[lanes, at.inputs, rows], "x", device);
    let z = random(&[lanes, at.inputs, rows], "z", device);
    let dy = random(&[lanes, at.outputs, rows], "dy", device);
    let residual = random(&[lanes, at.outputs, rows], "residual", device);
    let w = &weights.values;
    let dense = Weights::dense(w.clone(), (unpacked.clone(), unpacked), weights.tile);
    let mut both = Vec::new();
    for weights in [&weights, &dense] {
        let Weights { columns, rows, .. } = weights;
        let at = weights.of(matrix.at);
        let grads = || buffer::upload(vec![0.0; lanes * matrix.parameters()], [lanes, matrix.parameters()], device);
        let (hidden, activated) = Dispatch::linear_gelu(&x, w, columns, at);
        let (dx, plain) = Dispatch::linear_grad(&x, &dy, w, rows, grads(), at);
        let (dz, through_gelu) = Dispatch::linear_grad_gelu(&x, &dy, w, rows, &z, grads(), at);
        let mut outputs = Vec::new();
        for output in [
            Dispatch::linear(&x, w, columns, at),
            hidden,
            activated,
            Dispatch::linear_add(&x, w, columns, at, &residual),
            dx,
            dz,
        ] {
            outputs.push(values(output).await);
        }
        for grads in [plain, through_gelu] {
            outputs.push(values(grads).await.iter().zip(&mask).map(|(grad, kept)| grad * kept).collect());
        }
        both.push(outputs);
    }
    both.try_into().expect("two forms")
}

/// Lanes of different patterns side by side, both group axes, a matrix of which only a part is pruned, a lane
/// that computes no gradient for pruned weights, and lanes that are all packed.
fn cases() -> Vec<(Matrix, Vec<Rules>)> {
    use SegmentKind::{Ff1, K, Q, V};
    let no_gradient = |rules: Rules| rules.map(|rule| Rule { pruned_gradient: 0.0, ..rule });
    vec![
        (
            Matrix::new(64, 36, Ff1, 1),
            vec![
                [Rule::DENSE; SegmentKind::COUNT],
                rules(&[Ff1], 2, 4, true),
                rules(&[Ff1], 1, 16, true),
                rules(&[Ff1], 1, 4, false),
                no_gradient(rules(&[Ff1], 1, 8, true)),
                no_gradient(rules(&[Ff1], 3, 12, false)),
            ],
        ),
        (
            Matrix::new(32, 48, Q, 3),
            vec![
                rules(&[Q, K], 1, 8, true),
                rules(&[Q, K, V], 1, 4, true),
                no_gradient(rules(&[Q, K, V], 1, 16, false)),
            ],
        ),
        (
            Matrix::new(24, 20, Ff1, 1),
            vec![rules(&[Ff1], 2, 4, true), no_gradient(rules(&[Ff1], 1, 8, true)), rules(&[Ff1], 1, 5, false)],
        ),
    ]
}

tests! {
    async fn packed_weights_are_the_kept_ones_with_their_indices() {
        check_format(&cpu()).await;
        if let Some(gpu) = gpu().await {
            check_format(&gpu).await;
        }
    }

    async fn packed_products_are_products_with_the_masked_weights() {
        for ((mut matrix, rules), tile) in cases().into_iter().flat_map(|case| Tile::ALL.map(|tile| (case.clone(), tile))) {
            matrix.at.tile = tile;
            for rows in [4, 20, 136] {
                let [packed, dense] = products(&matrix, &rules, rows, &cpu()).await;
                assert_eq!(packed, dense, "on the CPU, bit for bit, {rows} rows");
                let Some(gpu) = gpu().await else { continue };
                let [ours, all] = products(&matrix, &rules, rows, &gpu).await;
                for (i, ((ours, all), reference)) in ours.iter().zip(&all).zip(&dense).enumerate() {
                    assert_near(ours, all, 1e-5, &format!("packed against dense, product {i}"));
                    assert_near(ours, reference, 5e-5, &format!("GPU against CPU, product {i}"));
                }
            }
        }
    }
}
