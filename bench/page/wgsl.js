// Hand-written WGSL to hold our kernels against: register tiles for the dense product, and a plain copy.

import { serve, timed } from './serve.js';

/** Elements that the copy kernels move, and weights that our mask kernels select from. */
const COPIED = 1 << 20;
const WORKGROUP = 64;

/** Outputs and rows per thread, in vectors of four, and the workgroup. @type {[number, number, number, number][]} */
const TILES = [
  [1, 2, 8, 8],
  [1, 4, 8, 8],
  [2, 2, 8, 8],
  [2, 4, 8, 8],
  [2, 4, 4, 4],
  [1, 8, 8, 8],
  [2, 8, 8, 4],
];

const range = (count) => Array.from({ length: count }, (_, index) => index);
const lines = (parts) => parts.flat(3).join('\n  ');

/**
 * `y = W^T x` from registers only: `x` `[inputs, rows]`, `W` `[inputs, outputs]`, `y` `[outputs, rows]`, all read and
 * written as vectors of four. A thread holds `4 * columns` outputs of `4 * vectors` rows; no barriers, no workgroup
 * memory, which software adapters execute slowly.
 */
function tile({ inputs, outputs, rows }, [columns, vectors, x, y]) {
  const lanes = 'xyzw';
  const name = (c, z, r) => `sum_${c}_${z}_${r}`;
  const each = (body) =>
    range(columns).map((c) => range(4).map((z) => range(vectors).map((r) => body(c, z, r))));
  return `
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(${x}, ${y})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x * ${columns}u;
  let row = id.y * ${vectors}u;
  ${lines(each((c, z, r) => `var ${name(c, z, r)} = vec4f();`))}
  for (var k = 0u; k < ${inputs}u; k++) {
    let at = k * ${rows / 4}u + row;
    ${lines(range(vectors).map((r) => `let x${r} = x[at + ${r}u];`))}
    ${lines(range(columns).map((c) => `let w${c} = w[k * ${outputs / 4}u + column + ${c}u];`))}
    ${lines(each((c, z, r) => `${name(c, z, r)} += w${c}.${lanes[z]} * x${r};`))}
  }
  ${lines(each((c, z, r) => `y[((column + ${c}u) * 4u + ${z}u) * ${rows / 4}u + row + ${r}u] = ${name(c, z, r)};`))}
}`;
}

const COPY = `
@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> copied: array<vec4f>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u) { copied[id.x] = source[id.x]; }`;

/** One read and two writes: the traffic of a kernel that gives a mask and masked weights. */
const COPY_TWICE = `
@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> copied: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> again: array<vec4f>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u) { copied[id.x] = source[id.x]; again[id.x] = source[id.x]; }`;

/** @type {GPUDevice} */
let device;
let fence;
const kernels = new Map();

const pseudo = (index) => (((index * 2654435761) >>> 0) / 2 ** 32) * 2 - 1;

function buffer(length, fill) {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const made = device.createBuffer({ size: length * 4, usage });
  if (fill)
    device.queue.writeBuffer(
      made,
      0,
      Float32Array.from({ length }, (_, index) => fill(index)),
    );
  return made;
}

async function add(name, code, buffers, groups) {
  const module = device.createShaderModule({ code });
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module, entryPoint: 'main' },
  });
  const entries = buffers.map((resource, binding) => ({ binding, resource: { buffer: resource } }));
  const bindings = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  kernels.set(name, { pipeline, bindings, groups, output: buffers.at(-1) });
}

async function read(from, offset, length) {
  const target = device.createBuffer({
    size: length * 4,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(from, offset * 4, target, 0, length * 4);
  device.queue.submit([encoder.finish()]);
  await target.mapAsync(GPUMapMode.READ);
  const values = new Float32Array(target.getMappedRange().slice(0));
  target.destroy();
  return values;
}

async function launch(name, repeats) {
  const { pipeline, bindings, groups } = kernels.get(name);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindings);
  for (let i = 0; i < repeats; i += 1) pass.dispatchWorkgroups(...groups);
  pass.end();
  device.queue.submit([encoder.finish()]);
  await read(fence, 0, 1);
}

/** Some outputs of a tile against the definition. */
async function check(name, { inputs, outputs, rows }) {
  await launch(name, 1);
  const { output } = kernels.get(name);
  for (const column of [0, 5, outputs - 1]) {
    const values = await read(output, column * rows, rows);
    for (const row of [0, 3, 17, rows - 1]) {
      let expected = 0;
      for (let k = 0; k < inputs; k += 1)
        expected += pseudo(k * outputs + column) * pseudo(k * rows + row + 7);
      if (Math.abs(values[row] - expected) > 1e-3)
        throw new Error(`${name}: output ${column} of row ${row} is ${values[row]}, not ${expected}`);
    }
  }
}

serve({
  async open() {
    const adapter = await navigator.gpu.requestAdapter();
    if (!adapter) throw new Error('no adapter');
    device = await adapter.requestDevice();
    fence = buffer(4, () => 0);
    const source = buffer(COPIED, pseudo);
    const groups = [COPIED / 4 / WORKGROUP];
    await add('copy', COPY, [source, buffer(COPIED)], groups);
    await add('copy twice', COPY_TWICE, [source, buffer(COPIED), buffer(COPIED)], groups);
    return { note: adapter.info.description };
  },
  /** Prepares and checks all tiles that divide a shape; gives their names. */
  async shape(shape) {
    const { inputs, outputs, rows } = shape;
    const x = buffer(inputs * rows, (index) => pseudo(index + 7));
    const w = buffer(inputs * outputs, pseudo);
    const y = buffer(outputs * rows);
    const names = [];
    for (const sizes of TILES) {
      const [columns, vectors, across, down] = sizes;
      const groups = [outputs / 4 / columns / across, rows / 4 / vectors / down];
      if (groups.some((count) => !Number.isInteger(count))) continue;
      const name = `tile ${columns * 4} x ${vectors * 4}, workgroup ${across} x ${down}, ${rows} x ${inputs} x ${outputs}`;
      await add(name, tile(shape, sizes), [x, w, y], groups);
      await check(name, shape);
      names.push(name);
    }
    return { names };
  },
  async time(name, repeats) {
    const { ms } = await timed(() => launch(name, repeats));
    return { ms: ms / repeats };
  },
});
