//! Lists the kept weights of every prunable matrix by column and by row; see `kernels/packed.rs`.

use crate::kernels::{PackGrid, PrunableMatrix, plan::Rule};

/// The two packed forms of a lane, each cut into headers and entries.
struct Form<'a> {
    headers: &'a mut [[f32; 2]],
    entries: &'a mut [[f32; 2]],
}

impl<'a> Form<'a> {
    fn new(data: &'a mut [f32], lines: usize) -> Self {
        let (headers, entries) = data.as_chunks_mut::<2>().0.split_at_mut(lines);
        Self { headers, entries }
    }
}

/// Packs one lane: `weights` and `mask` `[parameters]`, `rules` by segment kind.
pub fn pack(
    weights: &[f32],
    mask: &[f32],
    rules: &[Rule],
    matrices: &[PrunableMatrix],
    grid: PackGrid,
    (columns, rows): (&mut [f32], &mut [f32]),
) {
    let mut columns = Form::new(columns, grid.column_lines);
    let mut rows = Form::new(rows, grid.row_lines);
    for matrix in matrices {
        pack_matrix(*matrix, weights, mask, rules, &mut columns, &mut rows);
    }
}

fn pack_matrix(at: PrunableMatrix, weights: &[f32], mask: &[f32], rules: &[Rule], columns: &mut Form, rows: &mut Form) {
    let rules = &rules[at.packed.kind.index()..][..at.packed.parts];
    let column_headers = &mut columns.headers[at.packed.column_line..][..at.outputs];
    for (part, rule) in column_headers.chunks_exact_mut(at.outputs / at.packed.parts).zip(rules) {
        part.fill(header(rule.packed, rule.kept_only()));
    }
    let rows_packed = rules.iter().all(|rule| rule.packed);
    let row_headers = &mut rows.headers[at.packed.row_line..][..at.inputs];
    row_headers.fill(header(rows_packed, rules.iter().all(Rule::kept_only)));

    let size = at.inputs * at.outputs;
    let [weights, mask] = [weights, mask].map(|data| data[at.offset..][..size].chunks_exact(at.outputs));
    let column_entries = &mut columns.entries[at.offset..][..size];
    let row_entries = &mut rows.entries[at.offset..][..size];
    for (i, (weights, mask)) in weights.zip(mask).enumerate() {
        let mut in_row = 0;
        for (o, ((weight, mask), column)) in weights.iter().zip(mask).zip(&mut *column_headers).enumerate() {
            if *mask == 0.0 {
                continue;
            }
            if column[0] >= 0.0 {
                column_entries[column[0] as usize * at.outputs + o] = [i as f32, *weight];
                column[0] += 1.0;
            }
            if rows_packed {
                row_entries[in_row * at.inputs + i] = [o as f32, *weight];
                in_row += 1;
            }
        }
        if rows_packed {
            row_headers[i][0] = in_row as f32;
        }
    }
}

/// Header of an empty line.
fn header(packed: bool, kept_only: bool) -> [f32; 2] {
    if packed { [0.0, f32::from(kept_only)] } else { [-1.0, 0.0] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{
        Affine, PackedAt, Segment, SegmentKind, Tile,
        cpu::{
            mask::select_masks,
            matmul::{LaneWeights, linear, linear_grad},
            testing::random,
        },
    };

    /// Two matrices, the second of three parts, between other parameters.
    struct Case {
        weights: Vec<f32>,
        mask: Vec<f32>,
        rules: [Rule; SegmentKind::COUNT],
        columns: Vec<f32>,
        rows: Vec<f32>,
    }

    const FF1: Affine = affine(4, 16, 24, PackedAt::new(0, 0, SegmentKind::Ff1, 1));
    const QKV: Affine = affine(4 + 17 * 24 + 4, 16, 36, PackedAt::new(24, 16, SegmentKind::Q, 3));
    const GRID: PackGrid = PackGrid { matrices: 2, column_lines: 60, row_lines: 32 };

    const fn affine(offset: usize, inputs: usize, outputs: usize, packed: PackedAt) -> Affine {
        Affine { offset, inputs, outputs, bias_rows: 1, packed: Some(packed), tile: Tile::Narrow }
    }

    fn matrix(at: Affine) -> PrunableMatrix {
        let packed = at.packed.expect("both matrices are prunable");
        PrunableMatrix { offset: at.offset, inputs: at.inputs, outputs: at.outputs, packed }
    }

    fn case(rule: Rule, dense: &[SegmentKind]) -> Case {
        let params = random(QKV.offset + QKV.len() + 4, "weights");
        let mut rules = [rule; SegmentKind::COUNT];
        for kind in dense {
            rules[kind.index()] = Rule::DENSE;
        }
        let segment = |at: Affine, col: usize, cols: usize, kind| Segment {
            offset: at.offset + col,
            rows: at.inputs,
            cols,
            stride: at.outputs,
            kind,
        };
        let segments = [
            segment(FF1, 0, 24, SegmentKind::Ff1),
            segment(QKV, 0, 12, SegmentKind::Q),
            segment(QKV, 12, 12, SegmentKind::K),
            segment(QKV, 24, 12, SegmentKind::V),
        ];
        let (mut mask, mut weights) = (vec![1.0; params.len()], params.clone());
        select_masks(&params, &params, |segment| rules[segment.kind.index()], &segments, (&mut mask, &mut weights));
        let matrices = [matrix(FF1), matrix(QKV)];
        // What packing leaves unset must not be read.
        let [mut columns, mut rows] =
            [GRID.column_lines, GRID.row_lines].map(|lines| vec![f32::NAN; 2 * (lines + params.len())]);
        pack(&weights, &mask, &rules, &matrices, GRID, (&mut columns, &mut rows));
        Case { weights, mask, rules, columns, rows }
    }

    fn packed_rule(n: usize, m: usize, along_inputs: bool) -> Rule {
        Rule { n, m, along_inputs, packed: true, ..Rule::DENSE }
    }

    /// Output, input gradient and weight gradient of one map, starting from gradients of 9.
    fn products(case: &Case, at: Affine, rows: usize) -> [Vec<f32>; 3] {
        let (x, dy) = (random(at.inputs * rows, "x"), random(at.outputs * rows, "dy"));
        let (mut y, mut dx) = (vec![0.0; at.outputs * rows], vec![0.0; at.inputs * rows]);
        let mut grads = vec![9.0; case.weights.len()];
        linear(&x, LaneWeights { values: &case.weights, packed: &case.columns }, at, &mut y);
        let weights = LaneWeights { values: &case.weights, packed: &case.rows };
        linear_grad((&x, &dy), weights, None, at, (&mut dx, &mut grads));
        [y, dx, grads]
    }

    #[test]
    fn packed_products_are_those_of_masked_weights_bit_for_bit() {
        for (n, m) in [(1, 4), (2, 4), (1, 16), (3, 8)] {
            for along_inputs in [false, true] {
                for dense in [&[][..], &[SegmentKind::V], &[SegmentKind::Q, SegmentKind::Ff1]] {
                    let packed = case(packed_rule(n, m, along_inputs), dense);
                    let all = Affine { packed: None, ..FF1 };
                    for rows in [4, 12, 20, 72, 300] {
                        assert_eq!(products(&packed, FF1, rows), products(&packed, all, rows));
                        let all = Affine { packed: None, ..QKV };
                        assert_eq!(products(&packed, QKV, rows), products(&packed, all, rows));
                    }
                }
            }
        }
    }

    #[test]
    fn pruned_weights_get_no_gradient_where_the_rule_ignores_it() {
        let rule = Rule { pruned_gradient: 0.0, ..packed_rule(1, 4, true) };
        let kept = case(rule, &[]);
        for at in [FF1, QKV] {
            for rows in [4, 20, 300] {
                let [y, dx, grads] = products(&kept, at, rows);
                let [all_y, all_dx, all] = products(&kept, Affine { packed: None, ..at }, rows);
                assert_eq!((y, dx), (all_y, all_dx));
                let weights = at.offset..at.bias_offset();
                for i in 0..grads.len() {
                    let pruned = weights.contains(&i) && kept.mask[i] == 0.0;
                    assert_eq!(grads[i], if pruned { 9.0 } else { all[i] }, "gradient {i}");
                }
            }
        }
        // One part that needs all gradients makes the shared matrix compute all of them.
        let mut mixed = kept;
        mixed.rules[SegmentKind::V.index()].pruned_gradient = 1.0;
        let matrices = [matrix(QKV)];
        pack(&mixed.weights, &mixed.mask, &mixed.rules, &matrices, GRID, (&mut mixed.columns, &mut mixed.rows));
        assert_eq!(products(&mixed, QKV, 20), products(&mixed, Affine { packed: None, ..QKV }, 20));
    }

    #[test]
    fn entries_list_the_kept_weights_by_column_and_by_row() {
        let matrix =
            PrunableMatrix { offset: 4, inputs: 4, outputs: 4, packed: PackedAt::new(0, 0, SegmentKind::O, 1) };
        let mut weights = vec![0.0; 20];
        let mut mask = weights.clone();
        for (i, o, weight) in [(0, 1, 2.0), (2, 1, 3.0), (3, 0, 5.0)] {
            (weights[4 + 4 * i + o], mask[4 + 4 * i + o]) = (weight, 1.0);
        }
        let grid = PackGrid { matrices: 1, column_lines: 4, row_lines: 4 };
        let (mut columns, mut rows) = (vec![0.0; 48], vec![0.0; 48]);
        let rules = [Rule { pruned_gradient: 0.0, ..packed_rule(1, 4, true) }; SegmentKind::COUNT];
        pack(&weights, &mask, &rules, &[matrix], grid, (&mut columns, &mut rows));
        assert_eq!(columns[..8], [1.0, 1.0, 2.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
        assert_eq!(columns[2 * 8..2 * 10], [3.0, 5.0, 0.0, 2.0]);
        assert_eq!(columns[2 * 13..2 * 14], [2.0, 3.0]);
        assert_eq!(rows[..8], [1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(rows[2 * 8..2 * 12], [1.0, 2.0, 0.0, 0.0, 1.0, 3.0, 0.0, 5.0]);

        let rules = [Rule { packed: false, ..rules[0] }; SegmentKind::COUNT];
        pack(&weights, &mask, &rules, &[matrix], grid, (&mut columns, &mut rows));
        assert_eq!(columns[..8], [-1.0, 0.0].repeat(4));
        assert_eq!(rows[..8], [-1.0, 0.0].repeat(4));
    }
}
