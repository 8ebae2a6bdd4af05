//! The one list of operations; Burn dispatches each to the backend that holds its first tensor.

use burn::backend::{
    Backend, backend_extension,
    tensor::{FloatTensor, IntTensor},
};

use super::{Affine, HeadShape, MaskGrid, Norm};

/// Lane-stacked operations of a training step, each with its hand-written gradient.
///
/// `weights` and `grads` are flat, `[lanes, parameters]`. Operations that fill part of `grads` take it
/// by value and give it back, so that writing in place is safe on every backend.
#[backend_extension(Cube, Flex)]
pub trait LaneOps: Backend {
    /// `y = x W + b`: `[lanes | 1, rows, inputs] -> [lanes, rows, outputs]`.
    fn linear(x: &FloatTensor<Self>, weights: &FloatTensor<Self>, at: Affine) -> FloatTensor<Self>;

    /// `(z, gelu(z))` with `z = x W + b`; `z` is kept for the gradient.
    fn linear_gelu(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Affine,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// `residual + x W + b`.
    fn linear_add(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Affine,
        residual: &FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// `dx = dy W^T`: `[lanes, rows, outputs] -> [lanes, rows, inputs]`.
    fn linear_grad_input(dy: &FloatTensor<Self>, weights: &FloatTensor<Self>, at: Affine) -> FloatTensor<Self>;

    /// `dz = (dy W^T) * gelu'(z)`.
    fn linear_grad_input_gelu(
        dy: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Affine,
        z: &FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Writes `dW = x^T dy` and `db` into `grads`.
    fn linear_grad_weight(
        x: &FloatTensor<Self>,
        dy: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Affine,
    ) -> FloatTensor<Self>;

    /// `(y, stats)` with `y = (x - mean) / std * scale + shift` per row; `stats` is `[lanes, rows, 2]`
    /// (mean, 1 / std).
    fn layer_norm(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Norm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Gradient of the layer norm with respect to its input.
    fn layer_norm_grad_input(
        dy: &FloatTensor<Self>,
        x: &FloatTensor<Self>,
        stats: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Norm,
    ) -> FloatTensor<Self>;

    /// `residual` plus the gradient of the layer norm with respect to its input.
    fn layer_norm_grad_input_add(
        dy: &FloatTensor<Self>,
        x: &FloatTensor<Self>,
        stats: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Norm,
        residual: &FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Writes the gradients of scale and shift into `grads`.
    fn layer_norm_grad_weight(
        dy: &FloatTensor<Self>,
        x: &FloatTensor<Self>,
        stats: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Norm,
    ) -> FloatTensor<Self>;

    /// Multi-head self-attention: `qkv` `[lanes, rows, 3 * width] -> (context [lanes, rows, width],
    /// log-sum-exp [lanes, rows, heads])`.
    fn attention(qkv: &FloatTensor<Self>, shape: HeadShape) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Gradient of [`attention`](Self::attention) with respect to `qkv`.
    fn attention_grad(
        d_context: &FloatTensor<Self>,
        qkv: &FloatTensor<Self>,
        context: &FloatTensor<Self>,
        log_sum_exp: &FloatTensor<Self>,
        shape: HeadShape,
    ) -> FloatTensor<Self>;

    /// Mean over the tokens of a sequence: `[lanes, batch * tokens, width] -> [lanes, batch, width]`.
    fn mean_pool(x: &FloatTensor<Self>, tokens: usize) -> FloatTensor<Self>;

    /// Gradient of [`mean_pool`](Self::mean_pool).
    fn mean_pool_grad(dy: &FloatTensor<Self>, tokens: usize) -> FloatTensor<Self>;

    /// Softmax cross-entropy against class ids: `logits` `[lanes, rows, width]`, of which the first
    /// `classes` columns count, `labels` `[lanes | 1, rows]` -> gradient of the mean loss
    /// (`logits`' shape) and `[lanes, rows, 2]` (loss, 1 if the arg-max is right).
    fn cross_entropy(
        logits: &FloatTensor<Self>,
        labels: &FloatTensor<Self>,
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

    /// Sums behind the noise indicators, `[lanes, segments, 2 * SUMS]`, kept weights first; see
    /// [`crate::kernels::cpu::noise`]. Dense segments stay zero.
    fn noise_sums(
        grads: &FloatTensor<Self>,
        moments: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        previous_mask: &FloatTensor<Self>,
        segments: IntTensor<Self>,
        grid: MaskGrid,
    ) -> FloatTensor<Self>;
}
