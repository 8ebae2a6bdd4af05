// The same step in jax-js: one jitted function from loss to updated weights.

import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import { MODEL, OPTIMIZER } from '../model.js';
import { serve, timed } from './serve.js';

const { layers, heads, d_model, tokens, classes, batch, epsilon } = MODEL;
const head = d_model / heads;

const norm = (x, scale, shift) => {
  const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(centred.ref.mul(centred.ref), -1, { keepdims: true });
  return centred
    .mul(np.reciprocal(np.sqrt(variance.add(epsilon))))
    .mul(scale)
    .add(shift);
};
const linear = (x, weight, bias) => np.matmul(x, weight).add(bias);

function attention(x, p, at) {
  const qkv = linear(x, p[`${at}.qkv.weight`], p[`${at}.qkv.bias`]);
  const parts = np.transpose(qkv.reshape([batch, tokens, 3 * heads, head]), [2, 0, 1, 3]);
  const part = (which) => parts.ref.slice([which * heads, (which + 1) * heads]);
  const [q, k, v] = [part(0), part(1), part(2)];
  parts.dispose();
  const scores = np.matmul(q, np.transpose(k, [0, 1, 3, 2])).mul(1 / Math.sqrt(head));
  const context = np.transpose(np.matmul(nn.softmax(scores, -1), v), [1, 2, 0, 3]);
  return linear(context.reshape([batch * tokens, d_model]), p[`${at}.o.weight`], p[`${at}.o.bias`]);
}

function lossOf(p, patches, labels) {
  let x = np.matmul(patches, p.embed).reshape([batch, tokens, d_model]).add(p.positions);
  x = x.reshape([batch * tokens, d_model]);
  for (let layer = 0; layer < layers; layer += 1) {
    const at = `blocks.${layer}`;
    const first = norm(x.ref, p[`${at}.norm1.scale`], p[`${at}.norm1.shift`]);
    x = x.add(attention(first, p, at));
    const second = norm(x.ref, p[`${at}.norm2.scale`], p[`${at}.norm2.shift`]);
    const hidden = nn.gelu(linear(second, p[`${at}.ff1.weight`], p[`${at}.ff1.bias`]));
    x = x.add(linear(hidden, p[`${at}.ff2.weight`], p[`${at}.ff2.bias`]));
  }
  const normed = norm(x, p['norm.scale'], p['norm.shift']).reshape([batch, tokens, d_model]);
  const logits = linear(np.mean(normed, 1), p['head.weight'], p['head.bias']);
  return nn
    .logSoftmax(logits, -1)
    .mul(nn.oneHot(labels, classes))
    .sum()
    .mul(-1 / batch);
}

function step(p, m, v, patches, labels, correction1, correction2) {
  const { learning_rate, beta1, beta2, epsilon, weight_decay } = OPTIMIZER;
  const [loss, grads] = valueAndGrad(lossOf)(tree.ref(p), patches, labels);
  const m2 = tree.map((m, g) => m.mul(beta1).add(g.mul(1 - beta1)), m, tree.ref(grads));
  const v2 = tree.map((v, g) => v.mul(beta2).add(g.ref.mul(g).mul(1 - beta2)), v, grads);
  const update = (w, m, v) => {
    const deviation = np.sqrt(v.mul(correction2.ref)).add(epsilon);
    const change = m.mul(correction1.ref).div(deviation).mul(learning_rate);
    return w.mul(1 - learning_rate * weight_decay).sub(change);
  };
  const p2 = tree.map(update, p, tree.ref(m2), tree.ref(v2));
  correction1.dispose();
  correction2.dispose();
  return [loss, p2, m2, v2];
}

let state;
let batches;
let made = 0;
const jitted = jit(step);

function trainOne() {
  const { patches, labels } = batches[made % batches.length];
  made += 1;
  const [loss, p, m, v] = jitted(
    state.p,
    state.m,
    state.v,
    np.array(patches).reshape([batch * tokens, MODEL.features]),
    np.array(Int32Array.from(labels)),
    np.array(1 / (1 - OPTIMIZER.beta1 ** made)),
    np.array(1 / (1 - OPTIMIZER.beta2 ** made)),
  );
  state = { p, m, v };
  return loss;
}

serve({
  async open({ device, weights, batches: given }) {
    const found = await init();
    if (!found.includes(device)) throw new Error(`jax-js has no ${device} here; it has ${found.join(', ')}`);
    defaultDevice(device);
    batches = given;
    const arrays = Object.entries(weights).map(([name, { shape, values }]) => [
      name,
      np.array(values).reshape(shape),
    ]);
    const p = Object.fromEntries(arrays);
    const zeros = () => tree.map((array) => np.zerosLike(array), tree.ref(p));
    state = { p, m: zeros(), v: zeros() };
    let parameters = 0;
    for (const { values } of Object.values(weights)) parameters += values.length;
    return { parameters, note: `devices ${found.join(', ')}` };
  },
  async train(steps) {
    const { ms, value } = await timed(async () => {
      let loss;
      for (let i = 0; i < steps; i += 1) {
        loss?.dispose();
        loss = trainOne();
      }
      const [last] = await loss.data();
      await blockUntilReady(tree.ref(state.p));
      return last;
    });
    return { ms, loss: value };
  },
});
