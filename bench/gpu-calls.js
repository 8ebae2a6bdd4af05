// Counts what a page or worker asks of WebGPU. A plain script: it must run before the code that it watches, so it is
// put in front of a worker's file or imported first. The counts are `gpuCalls.counts`.

(() => {
  /** @type {Record<string, number>} */
  const counts = {
    dispatches: 0,
    submits: 0,
    uploads: 0,
    uploaded_bytes: 0,
    bind_groups: 0,
    modules: 0,
    pipelines: 0,
    buffers: 0,
    buffer_bytes: 0,
    readbacks: 0,
  };
  /** Bytes of buffers that were created and not yet destroyed. */
  const live = { buffers: 0, bytes: 0 };

  /**
   * Calls `seen(...)` before a method of a WebGPU interface, where the browser has it.
   * @param {string} name
   * @param {string} method
   * @param {(...args: any[]) => void} seen
   */
  function watch(name, method, seen) {
    const prototype = /** @type {any} */ (globalThis)[name]?.prototype;
    const original = prototype?.[method];
    if (!original) return;
    prototype[method] = function (/** @type {any[]} */ ...args) {
      seen.apply(this, args);
      return original.apply(this, args);
    };
  }

  /** @param {string} key */
  const count = (key) => () => {
    counts[key] = (counts[key] ?? 0) + 1;
  };

  for (const method of ['dispatchWorkgroups', 'dispatchWorkgroupsIndirect'])
    watch('GPUComputePassEncoder', method, count('dispatches'));
  watch('GPUQueue', 'submit', count('submits'));
  watch('GPUQueue', 'writeBuffer', (_buffer, _offset, data, _start, size) => {
    counts.uploads = (counts.uploads ?? 0) + 1;
    counts.uploaded_bytes = (counts.uploaded_bytes ?? 0) + (size ?? data.byteLength);
  });
  watch('GPUDevice', 'createBindGroup', count('bind_groups'));
  watch('GPUDevice', 'createShaderModule', count('modules'));
  for (const method of ['createComputePipeline', 'createComputePipelineAsync'])
    watch('GPUDevice', method, count('pipelines'));
  watch('GPUBuffer', 'mapAsync', (mode) => {
    if (mode === 1) counts.readbacks = (counts.readbacks ?? 0) + 1;
  });
  watch('GPUDevice', 'createBuffer', (descriptor) => {
    counts.buffers = (counts.buffers ?? 0) + 1;
    counts.buffer_bytes = (counts.buffer_bytes ?? 0) + descriptor.size;
    live.buffers += 1;
    live.bytes += descriptor.size;
  });
  const destroyed = new WeakSet();
  watch(
    'GPUBuffer',
    'destroy',
    /** @this {GPUBuffer} */ function () {
      if (destroyed.has(this)) return;
      destroyed.add(this);
      live.buffers -= 1;
      live.bytes -= this.size;
    },
  );

  Object.assign(globalThis, { gpuCalls: { counts, live } });
})();
