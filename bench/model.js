// The training step that all contenders make: one small vision transformer, one optimizer, f32.

/** Sizes of the network. 64 tokens of 4 numbers, so 1,024 tokens a step. */
export const MODEL = {
  layers: 2,
  heads: 4,
  d_model: 64,
  d_ff: 256,
  patch: 2,
  tokens: 64,
  features: 4,
  classes: 10,
  batch: 16,
  epsilon: 1e-5,
};

/** AdamW with a constant rate; gradients are never clipped. */
export const OPTIMIZER = {
  learning_rate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weight_decay: 0.05,
};

/**
 * Our experiment document for that step.
 * @param {number} lanes Equal dense lanes.
 */
export function experiment(lanes) {
  const { layers, heads, d_model, d_ff, patch, batch } = MODEL;
  const { learning_rate, ...adamw } = OPTIMIZER;
  return {
    version: 1,
    name: 'Benchmark',
    task: { kind: 'shapes', noise: 0.6 },
    model: { layers, heads, d_model, d_ff, patch },
    // A limit that is never reached: the norm is still measured in every step.
    optimizer: { ...adamw, clip_norm: 1e6, warmup_frac: 0, final_lr_frac: 1 },
    lanes: Array.from({ length: lanes }, (_, lane) => ({
      name: `Lane ${lane + 1}`,
      recipe: 'dense',
      learning_rate,
    })),
    steps: 100_000,
    batch,
    eval: { every: 100_000, samples: 32 },
    report_every: 10_000,
  };
}

/**
 * @typedef {object} Matrix
 * @property {number} rows
 * @property {number} cols
 * @property {Float32Array} values `[rows, cols]`.
 */
/** @typedef {{ shape: number[], values: Float32Array }} Tensor */
/** @typedef {{ patches: Float32Array, labels: Float32Array }} Batch */

/**
 * The weights as other libraries want them: queries, keys and values in one matrix, no padding, biases as vectors.
 * @param {Record<string, Matrix>} weights Ours, by name.
 * @returns {Record<string, Tensor>}
 */
export function peerWeights(weights) {
  const { layers, d_model, features, classes, tokens } = MODEL;
  const get = (/** @type {string} */ name) => {
    const matrix = weights[name];
    if (!matrix) throw new Error(`the export lacks ${name}`);
    return matrix;
  };
  /** @type {Record<string, Tensor>} */
  const out = {
    embed: cut(get('embed.weight'), features, d_model),
    positions: cut(get('embed.bias'), tokens, d_model),
  };
  const vector = (/** @type {string} */ name, /** @type {number} */ length) => {
    const { values } = cut(get(name), 1, length);
    return { shape: [length], values };
  };
  for (let layer = 0; layer < layers; layer += 1) {
    const name = (/** @type {string} */ part) => `blocks.${layer}.${part}`;
    const three = (/** @type {string} */ part) =>
      ['q', 'k', 'v'].map((which) => get(name(`${which}.${part}`)));
    const biases = beside(three('bias'));
    for (const norm of ['norm1', 'norm2'])
      for (const part of ['scale', 'shift'])
        out[name(`${norm}.${part}`)] = vector(name(`${norm}.${part}`), d_model);
    out[name('qkv.weight')] = beside(three('weight'));
    out[name('qkv.bias')] = { shape: [3 * d_model], values: biases.values };
    for (const part of ['o', 'ff1', 'ff2']) {
      const { rows, cols } = get(name(`${part}.weight`));
      out[name(`${part}.weight`)] = cut(get(name(`${part}.weight`)), rows, cols);
      out[name(`${part}.bias`)] = vector(name(`${part}.bias`), cols);
    }
  }
  out['norm.scale'] = vector('norm.scale', d_model);
  out['norm.shift'] = vector('norm.shift', d_model);
  out['head.weight'] = cut(get('head.weight'), d_model, classes);
  out['head.bias'] = vector('head.bias', classes);
  return out;
}

/** @param {Matrix} matrix @param {number} rows @param {number} cols @returns {Tensor} */
function cut(matrix, rows, cols) {
  const values = new Float32Array(rows * cols);
  for (let row = 0; row < rows; row += 1)
    values.set(matrix.values.subarray(row * matrix.cols, row * matrix.cols + cols), row * cols);
  return { shape: [rows, cols], values };
}

/** @param {Matrix[]} matrices @returns {Tensor} */
function beside(matrices) {
  const rows = matrices[0]?.rows ?? 0;
  const cols = matrices.reduce((sum, matrix) => sum + matrix.cols, 0);
  const values = new Float32Array(rows * cols);
  let at = 0;
  for (const matrix of matrices) {
    for (let row = 0; row < rows; row += 1)
      values.set(matrix.values.subarray(row * matrix.cols, (row + 1) * matrix.cols), row * cols + at);
    at += matrix.cols;
  }
  return { shape: [rows, cols], values };
}
