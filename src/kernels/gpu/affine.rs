//! Tiles of the products of an affine map, in registers only: no workgroup memory, no barriers.
//!
//! Activations are feature-major, so a four-wide vector holds four rows of one feature. A dense tile owns one, two or
//! four vectors of four features x [`TILE_ROWS`] row vectors; a packed line owns one feature x [`LINE_ROWS`] row vectors
//! and walks the kept weights of its line. Both add in ascending order of the other axis, a dense tile several terms in
//! one expression: software adapters keep every sum in memory, and read and write it once for all of them.

use cubecl::prelude::*;

/// Row vectors of a dense tile.
pub const TILE_ROWS: u32 = 4;
/// Row vectors of a packed line.
pub const LINE_ROWS: u32 = 8;
/// Terms that a turn of [`column_tile`] adds to every sum. More would be faster still on software adapters, and take
/// them longer to compile.
const TERMS: u32 = 2;

/// Which forms of the weights a launch reads, and with which tile: what its kernel is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Forms {
    /// Some lane reads some of the matrix dense.
    pub dense: bool,
    /// Some lane reads some of the matrix packed.
    pub packed: bool,
    /// Vectors of four features in a dense tile.
    pub vectors: u32,
    /// Inputs in a tile of the weight gradient.
    pub grad_inputs: u32,
    /// Vectors of four outputs in it.
    pub grad_vectors: u32,
    /// The dense tile lies in workgroup memory.
    pub shared: bool,
}

/// Geometry of one affine map.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub struct AffineArg {
    /// Row vectors of the activations.
    pub rows: u32,
    /// Input features.
    pub inputs: u32,
    /// Output features.
    pub outputs: u32,
    /// Vectors between lanes of the input; 0 when all lanes share it.
    pub x_lane: u32,
    /// Vectors between lanes of the flat parameters.
    pub weights_lane: u32,
    /// First vector of the weights.
    pub weights_at: u32,
    /// First vector of the bias.
    pub bias_at: u32,
    /// Bias rows.
    pub bias_rows: u32,
    /// Pairs between lanes of the packed form.
    pub packed_lane: u32,
    /// Headers of the packed form: its entries come after them.
    pub lines: u32,
    /// Line of the matrix's first column or row.
    pub line: u32,
}

/// Accumulators that stay in registers.
pub type Cells<N> = Sequence<RuntimeCell<Vector<f32, N>>>;

/// `count` accumulators at zero.
#[cube]
pub fn zero_cells<N: Size>(#[comptime] count: u32) -> Cells<N> {
    let mut cells = Sequence::<RuntimeCell<Vector<f32, N>>>::new();
    #[unroll]
    for _ in 0..count {
        cells.push(RuntimeCell::new(Vector::new(0.0f32)));
    }
    cells
}

/// The first `count` accumulators as an array, which a loop can walk: whatever is unrolled, software adapters compile
/// anew for every copy.
#[cube]
pub fn listed<N: Size>(cells: &Cells<N>, #[comptime] count: u32) -> Array<Vector<f32, N>> {
    let mut values = Array::<Vector<f32, N>>::new(comptime!(count as usize));
    #[unroll]
    for i in 0..count {
        values[comptime!(i as usize)] = cells.index(comptime!(i as usize)).read();
    }
    values
}

/// `sum + a[0] b[0] + a[1] b[1] + ...`, `count` terms from left to right.
#[cube]
pub fn sum_of_terms<N: Size>(
    sum: Vector<f32, N>,
    a: &Sequence<Vector<f32, N>>,
    b: &Sequence<Vector<f32, N>>,
    #[comptime] count: u32,
) -> Vector<f32, N> {
    // Every partial sum is a value of its own: a variable would be written for each.
    let mut partial = Sequence::<Vector<f32, N>>::new();
    partial.push(sum);
    #[unroll]
    for i in 0..count {
        let i = comptime!(i as usize);
        partial.push(fma(*a.index(i), *b.index(i), *partial.index(i)));
    }
    *partial.index(comptime!(count as usize))
}

/// Adds `a[0] b[0] + a[1] b[1] + ...`, `count` terms, to an accumulator.
#[cube]
pub fn add_terms<N: Size>(
    cell: &RuntimeCell<Vector<f32, N>>,
    a: &Sequence<Vector<f32, N>>,
    b: &Sequence<Vector<f32, N>>,
    #[comptime] count: u32,
) {
    cell.store(sum_of_terms::<N>(cell.read(), a, b, count));
}

/// `count` row vectors from `row` on, the last one repeated beyond the edge.
#[cube]
pub fn row_vectors(row: u32, rows: u32, #[comptime] count: u32) -> Sequence<u32> {
    let mut offsets = Sequence::<u32>::new();
    #[unroll]
    for r in 0..count {
        offsets.push(min(row + r, rows - 1));
    }
    offsets
}

/// Kept weights of a line, or -1 when the line is not packed.
#[cube]
pub fn kept_of_line<P: Size>(packed: &Tensor<Vector<f32, P>>, at: &AffineArg, lane: u32, line: u32) -> i32 {
    i32::cast_from(packed[(lane * at.packed_lane + at.line + line) as usize].extract(0usize))
}

/// Whether only kept weights of a line need a gradient.
#[cube]
pub fn kept_only<P: Size>(packed: &Tensor<Vector<f32, P>>, at: &AffineArg, lane: u32, line: u32) -> bool {
    packed[(lane * at.packed_lane + at.line + line) as usize].extract(1usize) != 0.0f32
}

/// First entry of a line of the packed form.
#[cube]
pub fn first_entry(at: &AffineArg, lane: u32, line: u32) -> u32 {
    lane * at.packed_lane + at.lines + at.weights_at * 4 + line
}

/// `W^T x` for the outputs of `vectors` vectors from `col` on and the tile's rows: cell `output * TILE_ROWS + row`.
#[cube]
pub fn column_tile<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    at: &AffineArg,
    lane: u32,
    col: u32,
    row: u32,
    #[comptime] vectors: u32,
) -> Cells<N> {
    let sums = zero_cells::<N>(comptime!(4 * vectors * TILE_ROWS));
    let offsets = row_vectors(row, at.rows, TILE_ROWS);
    let width = at.outputs / 4;
    let x_at = lane * at.x_lane;
    let weights_at = lane * at.weights_lane + at.weights_at + col;
    for turn in 0..at.inputs / TERMS {
        let mut w = Sequence::<Vector<f32, N>>::new();
        let mut values = Sequence::<Vector<f32, N>>::new();
        #[unroll]
        for term in 0..TERMS {
            let k = turn * TERMS + term;
            #[unroll]
            for v in 0..vectors {
                w.push(weights[(weights_at + k * width + v) as usize]);
            }
            #[unroll]
            for r in 0..TILE_ROWS {
                values.push(x[(x_at + k * at.rows + *offsets.index(comptime!(r as usize))) as usize]);
            }
        }
        add_to_tile::<N>(&sums, &w, &values, vectors, TERMS);
    }
    sums
}

/// Adds terms to a dense tile, each the `vectors` weight vectors of its outputs by the values of its rows.
#[cube]
pub fn add_to_tile<N: Size>(
    sums: &Cells<N>,
    w: &Sequence<Vector<f32, N>>,
    values: &Sequence<Vector<f32, N>>,
    #[comptime] vectors: u32,
    #[comptime] terms: u32,
) {
    #[unroll]
    for o in 0..comptime!(4 * vectors) {
        let mut factors = Sequence::<Vector<f32, N>>::new();
        #[unroll]
        for term in 0..terms {
            let vector = w.index(comptime!((term * vectors + o / 4) as usize));
            factors.push(Vector::new(vector.extract(comptime!((o % 4) as usize))));
        }
        add_to_rows::<N>(sums, &factors, values, o, terms);
    }
}

/// Adds terms to the rows of one feature of a dense tile: its factors by the values of all rows, term by term.
#[cube]
fn add_to_rows<N: Size>(
    sums: &Cells<N>,
    factors: &Sequence<Vector<f32, N>>,
    values: &Sequence<Vector<f32, N>>,
    #[comptime] feature: u32,
    #[comptime] terms: u32,
) {
    #[unroll]
    for r in 0..TILE_ROWS {
        let mut of_row = Sequence::<Vector<f32, N>>::new();
        #[unroll]
        for term in 0..terms {
            of_row.push(*values.index(comptime!((term * TILE_ROWS + r) as usize)));
        }
        add_terms::<N>(sums.index(comptime!((feature * TILE_ROWS + r) as usize)), factors, &of_row, terms);
    }
}

/// `W dy` for the inputs of `vectors` vectors from `input` on and the tile's rows: cell `input * TILE_ROWS + row`.
#[cube]
pub fn row_tile<N: Size>(
    dy: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    at: &AffineArg,
    lane: u32,
    input: u32,
    row: u32,
    #[comptime] vectors: u32,
) -> Cells<N> {
    let sums = zero_cells::<N>(comptime!(4 * vectors * TILE_ROWS));
    let offsets = row_vectors(row, at.rows, TILE_ROWS);
    let width = at.outputs / 4;
    let dy_at = lane * at.outputs * at.rows;
    let weights_at = lane * at.weights_lane + at.weights_at + input * 4 * width;
    for k in 0..width {
        let mut w = Sequence::<Vector<f32, N>>::new();
        #[unroll]
        for i in 0..comptime!(4 * vectors) {
            w.push(weights[(weights_at + i * width + k) as usize]);
        }
        let mut values = Sequence::<Vector<f32, N>>::new();
        #[unroll]
        for term in 0..4u32 {
            let dy_k = dy_at + (k * 4 + term) * at.rows;
            #[unroll]
            for r in 0..TILE_ROWS {
                values.push(dy[(dy_k + *offsets.index(comptime!(r as usize))) as usize]);
            }
        }
        #[unroll]
        for i in 0..comptime!(4 * vectors) {
            let mut factors = Sequence::<Vector<f32, N>>::new();
            #[unroll]
            for term in 0..4u32 {
                factors.push(Vector::new(w.index(comptime!(i as usize)).extract(comptime!(term as usize))));
            }
            add_to_rows::<N>(&sums, &factors, &values, i, 4u32);
        }
    }
    sums
}

/// Sums `value * data[index]` over the first `count` entries of a packed line, for the line's [`row_vectors`]: cell `row`.
/// Entries of a line are `stride` pairs apart, features of `data` are `at.rows` vectors apart.
#[cube]
pub fn packed_line<N: Size, P: Size>(
    data: &Tensor<Vector<f32, N>>,
    packed: &Tensor<Vector<f32, P>>,
    at: &AffineArg,
    data_at: u32,
    entry: u32,
    stride: u32,
    count: u32,
    rows: &Sequence<u32>,
) -> Cells<N> {
    let sums = zero_cells::<N>(LINE_ROWS);
    for k in 0..count {
        let pair = packed[(entry + k * stride) as usize];
        let first = data_at + whole(pair.extract(0usize)) * at.rows;
        let factor = Vector::new(pair.extract(1usize));
        #[unroll]
        for r in 0..LINE_ROWS {
            let sum = sums.index(comptime!(r as usize));
            sum.store(fma(factor, data[(first + *rows.index(comptime!(r as usize))) as usize], sum.read()));
        }
    }
    sums
}

/// A whole number below 2^23 that is kept as a float. A browser makes more of a conversion, which has to say what becomes
/// of numbers out of range.
#[cube]
fn whole(value: f32) -> u32 {
    // At 2^23 a unit in the last place is 1.
    u32::reinterpret(value + 8_388_608.0f32) & 0x7f_ffff
}

/// Component `index` of a four-wide vector.
#[cube]
pub fn component<N: Size>(vector: Vector<f32, N>, index: u32) -> f32 {
    let low = select(index == 0, vector.extract(0usize), vector.extract(1usize));
    let high = select(index == 2, vector.extract(2usize), vector.extract(3usize));
    select(index < 2, low, high)
}

/// Sum of the components of a four-wide vector.
#[cube]
pub fn total<N: Size>(vector: Vector<f32, N>) -> f32 {
    (vector.extract(0usize) + vector.extract(1usize)) + (vector.extract(2usize) + vector.extract(3usize))
}
