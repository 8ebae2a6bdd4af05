// The same step in TensorFlow.js, with its own Adam and a decoupled decay before it.

import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { serve, timed } from './serve.js';
import '@tensorflow/tfjs-backend-webgpu';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { MODEL, OPTIMIZER } from '../model.js';

const { layers, heads, d_model, tokens, classes, batch, epsilon } = MODEL;
const head = d_model / heads;

/** @type {Record<string, tf.Variable>} */
const w = {};
let batches;
let made = 0;
let optimizer;

const norm = (x, scale, shift) => {
  const centred = x.sub(x.mean(-1, true));
  return centred.mul(centred.square().mean(-1, true).add(epsilon).rsqrt()).mul(scale).add(shift);
};
const linear = (x, name) => x.matMul(w[`${name}.weight`]).add(w[`${name}.bias`]);
const gelu = (x) =>
  tf
    .tanh(x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI)))
    .add(1)
    .mul(x)
    .mul(0.5);

function attention(x, at) {
  const qkv = linear(x, `${at}.qkv`).reshape([batch, tokens, 3, heads, head]).transpose([2, 0, 3, 1, 4]);
  const [q, k, v] = tf.split(qkv, 3, 0).map((part) => part.squeeze([0]));
  const scores = tf.matMul(q, k, false, true).mul(1 / Math.sqrt(head));
  const context = tf.matMul(tf.softmax(scores), v).transpose([0, 2, 1, 3]);
  return linear(context.reshape([batch * tokens, d_model]), `${at}.o`);
}

function lossOf(patches, labels) {
  let x = patches.matMul(w.embed).reshape([batch, tokens, d_model]).add(w.positions);
  x = x.reshape([batch * tokens, d_model]);
  for (let layer = 0; layer < layers; layer += 1) {
    const at = `blocks.${layer}`;
    x = x.add(attention(norm(x, w[`${at}.norm1.scale`], w[`${at}.norm1.shift`]), at));
    const second = norm(x, w[`${at}.norm2.scale`], w[`${at}.norm2.shift`]);
    x = x.add(linear(gelu(linear(second, `${at}.ff1`)), `${at}.ff2`));
  }
  const normed = norm(x, w['norm.scale'], w['norm.shift']).reshape([batch, tokens, d_model]);
  const logits = linear(normed.mean(1), 'head');
  return tf
    .logSoftmax(logits)
    .mul(tf.oneHot(labels, classes).cast('float32'))
    .sum()
    .mul(-1 / batch);
}

function trainOne() {
  const { patches, labels } = batches[made % batches.length];
  made += 1;
  const x = tf.tensor2d(patches, [batch * tokens, MODEL.features]);
  const y = tf.tensor1d(Int32Array.from(labels), 'int32');
  const { value, grads } = tf.variableGrads(() => lossOf(x, y));
  const decay = 1 - OPTIMIZER.learning_rate * OPTIMIZER.weight_decay;
  tf.tidy(() => {
    for (const variable of Object.values(w)) variable.assign(variable.mul(decay));
  });
  optimizer.applyGradients(grads);
  tf.dispose([x, y, grads]);
  return value;
}

serve({
  async open({ device, weights, batches: given }) {
    setWasmPaths({
      'tfjs-backend-wasm.wasm': plain,
      'tfjs-backend-wasm-simd.wasm': simd,
      'tfjs-backend-wasm-threaded-simd.wasm': threaded,
    });
    if (!(await tf.setBackend(device)))
      throw new Error(`TensorFlow.js could not start its ${device} backend`);
    await tf.ready();
    batches = given;
    let parameters = 0;
    for (const [name, { shape, values }] of Object.entries(weights)) {
      w[name] = tf.variable(tf.tensor(values, shape), true, name);
      parameters += values.length;
    }
    const { learning_rate, beta1, beta2 } = OPTIMIZER;
    optimizer = tf.train.adam(learning_rate, beta1, beta2, OPTIMIZER.epsilon);
    return { parameters, note: `backend ${tf.getBackend()}` };
  },
  async train(steps) {
    const { ms, value } = await timed(async () => {
      let loss;
      for (let i = 0; i < steps; i += 1) {
        loss?.dispose();
        loss = trainOne();
      }
      const [last] = await loss.data();
      loss.dispose();
      return last;
    });
    return { ms, loss: value };
  },
});
