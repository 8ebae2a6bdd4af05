//! The one list of operations; Burn dispatches each to the backend that holds its first tensor.

use burn::backend::{
    Backend, backend_extension,
    tensor::{FloatTensor, IntTensor},
};

use super::{Affine, HeadShape, MaskGrid, Norm, PackGrid};

/// Lane-stacked operations of a training step, each with its hand-written gradient.
///
/// `weights` and `grads` are flat, `[lanes, parameters]`. `columns` and `rows` are the packed forms of the
/// weights that [`pack`](Self::pack) makes. Operations that fill part of `grads` take it by value and give
/// it back, so that writing in place is safe on every backend.
#[backend_extension(Cube, Flex)]
pub trait LaneOps: Backend {
    /// `y = W^T x + b`: `[lanes | 1, inputs, rows] -> [lanes, outputs, rows]`.
    fn linear(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        columns: &FloatTensor<Self>,
        at: Affine,
    ) -> FloatTensor<Self>;

    /// `(z, gelu(z))` with `z = W^T x + b`; `z` is kept for the gradient.
    fn linear_gelu(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        columns: &FloatTensor<Self>,
        at: Affine,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// `residual + W^T x + b`.
    fn linear_add(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        columns: &FloatTensor<Self>,
        at: Affine,
        residual: &FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Gradients of an affine map from `dy` `[lanes, outputs, rows]`: gives `(dx, grads)` with `dx = W dy`,
    /// `[lanes, inputs, rows]`, and writes `dW = x dy^T` and `db` into `grads`. Where the packed form says
    /// that only kept weights need a gradient, `dW` of pruned ones is left as it was.
    fn linear_grad(
        x: &FloatTensor<Self>,
        dy: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        rows: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Affine,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// [`linear_grad`](Self::linear_grad) where `x = gelu(z)`: gives the gradient of `z`, `(W dy) * gelu'(z)`.
    fn linear_grad_gelu(
        x: &FloatTensor<Self>,
        dy: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        rows: &FloatTensor<Self>,
        z: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Affine,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Writes `dW = x dy^T` and `db` into `grads`, for the first map of a network, whose input needs no gradient.
    fn linear_grad_weight(
        x: &FloatTensor<Self>,
        dy: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Affine,
    ) -> FloatTensor<Self>;

    /// `(y, stats)` with `y = (x - mean) / std * scale + shift` over the features of each row; `stats` is
    /// `[lanes, 2, rows]` (mean, 1 / std).
    fn layer_norm(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Norm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Gradients of the layer norm: gives `(dx, grads)`, with those of scale and shift in `grads`.
    fn layer_norm_grad(
        dy: &FloatTensor<Self>,
        x: &FloatTensor<Self>,
        stats: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Norm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// [`layer_norm_grad`](Self::layer_norm_grad) with `residual` added to `dx`.
    fn layer_norm_grad_add(
        dy: &FloatTensor<Self>,
        x: &FloatTensor<Self>,
        stats: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        residual: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Norm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Token ids as one-hot columns: `ids` `[lanes | 1, rows] -> [lanes | 1, width, rows]`, so that an embedding is an
    /// affine map like any other.
    fn one_hot(ids: &FloatTensor<Self>, width: usize) -> FloatTensor<Self>;

    /// Multi-head self-attention: `qkv` `[lanes, 3 * width, rows] -> (context [lanes, width, rows],
    /// log-sum-exp [lanes, heads, rows])`.
    fn attention(qkv: &FloatTensor<Self>, shape: HeadShape) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Gradient of [`attention`](Self::attention) with respect to `qkv`.
    fn attention_grad(
        d_context: &FloatTensor<Self>,
        qkv: &FloatTensor<Self>,
        context: &FloatTensor<Self>,
        log_sum_exp: &FloatTensor<Self>,
        shape: HeadShape,
    ) -> FloatTensor<Self>;

    /// Multi-head attention of `q` `[lanes, width, rows]` to the keys and values of another sequence, `kv`
    /// `[lanes, 2 * width, key rows]`; gives what [`attention`](Self::attention) gives.
    fn cross_attention(
        q: &FloatTensor<Self>,
        kv: &FloatTensor<Self>,
        shape: HeadShape,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Gradients of [`cross_attention`](Self::cross_attention) with respect to `q` and `kv`.
    fn cross_attention_grad(
        d_context: &FloatTensor<Self>,
        q: &FloatTensor<Self>,
        kv: &FloatTensor<Self>,
        context: &FloatTensor<Self>,
        log_sum_exp: &FloatTensor<Self>,
        shape: HeadShape,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Mean over the tokens of a sequence: `[lanes, width, batch * tokens] -> [lanes, width, batch]`.
    fn mean_pool(x: &FloatTensor<Self>, tokens: usize) -> FloatTensor<Self>;

    /// Gradient of [`mean_pool`](Self::mean_pool).
    fn mean_pool_grad(dy: &FloatTensor<Self>, tokens: usize) -> FloatTensor<Self>;

    /// Softmax cross-entropy against class ids: `logits` `[lanes, width, rows]`, of which the first `classes`
    /// features count, `targets` `[lanes | 1, 2, rows]` (class id, weight) -> gradient of the weighted sum of
    /// the losses (`logits`' shape) and `[lanes, 2, rows]` (loss, 1 if the arg-max is right). Rows of weight 0
    /// only pad: their gradient and outcome are 0.
    fn cross_entropy(
        logits: &FloatTensor<Self>,
        targets: &FloatTensor<Self>,
        classes: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// N:M magnitude masks and masked weights of every lane: `(F, W * (F + D (1 - F)))`, both
    /// `[lanes, parameters]`. Where the plan says hold, `F` is `mask` unchanged. Ties go to the lower index.
    fn select_masks(
        params: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        plan: &FloatTensor<Self>,
        segments: IntTensor<Self>,
        grid: MaskGrid,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Packs the kept weights of every matrix in `matrices` by column and by row: `(columns, rows)`, see
    /// the module `packed` for the format. Matrices that the plan does not mark are left unpacked.
    fn pack(
        weights: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        plan: &FloatTensor<Self>,
        matrices: IntTensor<Self>,
        grid: PackGrid,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Applies the gradient rule, `g (F + c (1 - F)) + lambda (1 - F) w`, to all of `grads` and gives
    /// `[lanes, 2]`: the global norm of the result and the factor that clips it. `kinds`
    /// `[parameters / 4]` names the plan row of every vector of parameters.
    fn rule_gradients(
        grads: FloatTensor<Self>,
        params: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        plan: &FloatTensor<Self>,
        kinds: &FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// One AdamW step on every parameter of every lane: `(params, moments)`. `moments` is
    /// `[lanes, 2 * parameters]`, first moments before second moments; `scale` holds the clip factors.
    fn adamw(
        params: &FloatTensor<Self>,
        moments: &FloatTensor<Self>,
        grads: &FloatTensor<Self>,
        plan: &FloatTensor<Self>,
        scale: &FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Adds what `mask` keeps to `history`, both `[lanes, parameters]`; see [`crate::kernels::cpu::history`] for its codes.
    /// `events` `[lanes, 2]` says of every lane, with 1 or 0, whether to its first mask and whether to what was ever kept.
    fn remember_masks(
        history: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        events: &FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Sums behind the noise indicators, `[lanes, segments, 2 * SUMS]`, kept weights first; see
    /// [`crate::kernels::cpu::noise`]. Dense segments stay zero.
    fn noise_sums(
        grads: &FloatTensor<Self>,
        moments: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        previous_mask: &FloatTensor<Self>,
        history: &FloatTensor<Self>,
        segments: IntTensor<Self>,
        grid: MaskGrid,
    ) -> FloatTensor<Self>;

    /// Copies `part` into `all` `[1, numbers]` from number `first` on.
    fn append(all: FloatTensor<Self>, part: &FloatTensor<Self>, first: usize) -> FloatTensor<Self>;
}
