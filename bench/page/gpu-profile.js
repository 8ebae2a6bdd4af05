// Notes the dispatches of a step and times each of them alone. Buffers keep their contents, so a dispatch does the same
// work again; what the run holds afterwards means nothing any more.

/** Dispatches in the longer of two timings; their difference leaves the cost of submitting and waiting out. */
const REPEATS = 4;

/** @type {GPUDevice} */
let device;
/** @type {{ pipeline: GPUComputePipeline, groups: GPUBindGroup[], size: number[] }[] | undefined} */
let noted;
const names = new WeakMap();
const bound = new WeakMap();

/**
 * Has `seen` look at every call of a method and its result.
 * @param {any} type
 * @param {string} method
 * @param {(self: any, args: any[], result: any) => void} seen
 */
function watch(type, method, seen) {
  const original = type?.prototype[method];
  if (!original) return;
  type.prototype[method] = function (...args) {
    const result = original.apply(this, args);
    seen(this, args, result);
    return result;
  };
}

/** `linear` of `linear_n_4_p_2_84004bcd`: what the kernel is called in our code. @param {string} entry */
const kernel = (entry) => entry.replace(/(_[a-z]+_\d+)*_[0-9a-f]{6,}$/, '');

watch(globalThis.GPUAdapter, 'requestDevice', async (_adapter, _args, made) => {
  device = await made;
});
watch(globalThis.GPUDevice, 'createComputePipeline', (_device, [{ compute }], pipeline) =>
  names.set(pipeline, kernel(compute.entryPoint ?? 'main')),
);
watch(globalThis.GPUComputePassEncoder, 'setPipeline', (pass, [pipeline]) =>
  bound.set(pass, { pipeline, groups: [] }),
);
watch(globalThis.GPUComputePassEncoder, 'setBindGroup', (pass, [index, group]) => {
  bound.get(pass).groups[index] = group;
});
watch(globalThis.GPUComputePassEncoder, 'dispatchWorkgroups', (pass, size) => {
  const { pipeline, groups } = bound.get(pass);
  noted?.push({ pipeline, groups: [...groups], size });
});

async function timeOf({ pipeline, groups, size }, repeats) {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  for (const [index, group] of groups.entries()) pass.setBindGroup(index, group);
  for (let i = 0; i < repeats; i += 1) pass.dispatchWorkgroups(...size);
  pass.end();
  const start = performance.now();
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
  return performance.now() - start;
}

/**
 * The kernels of one step, in the order of their dispatches, and the times of each.
 * @param {() => Promise<unknown>} step
 * @param {number} rounds
 */
export async function profiled(step, rounds) {
  noted = [];
  await step();
  const dispatches = noted;
  noted = undefined;
  const results = [];
  for (const dispatch of dispatches) {
    const ms = [];
    for (let round = 0; round < rounds; round += 1) {
      const once = await timeOf(dispatch, 1);
      ms.push(Math.max(0, (await timeOf(dispatch, 1 + REPEATS)) - once) / REPEATS);
    }
    results.push({ kernel: names.get(dispatch.pipeline), groups: dispatch.size.join(' x '), ms });
  }
  return results;
}
