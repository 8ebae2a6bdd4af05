// What every contender's worker shares: answering calls, and counting what it asks of the GPU.

import '../gpu-calls.js';

/**
 * Answers `{ id, method, args }` with `{ id, result }` or `{ id, error }`.
 * @param {Record<string, (...args: any[]) => unknown>} methods
 */
export function serve(methods) {
  const all = { ...methods, calls: () => ({ ...globalThis.gpuCalls.counts }) };
  self.addEventListener('message', async ({ data: { id, method, args } }) => {
    try {
      postMessage({ id, result: await all[method](...args) });
    } catch (error) {
      postMessage({ id, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
    }
  });
  // What the GPU rejects outside of any call would make the numbers meaningless.
  const { requestDevice } = globalThis.GPUAdapter?.prototype ?? {};
  if (!requestDevice) return;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    device.addEventListener('uncapturederror', ({ error }) => postMessage({ fault: error.message }));
    return device;
  };
}

/**
 * Time of an asynchronous piece of work.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<{ ms: number, value: T }>}
 */
export async function timed(work) {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}
