/**
 * Makes the GPU's pipelines, several at a time where they are known before they are needed, and says how far it is.
 * A software adapter takes seconds over them before it trains a step.
 */

/** What the lab asks for: it launches kernels without running them between the two calls. */
/** @typedef {{ gather: () => void, made: () => Promise<void> }} Pipelines */

/** Stands for a pipeline until it is used. Whoever needs it before it is ready has it made at once. */
class Planned {
  /** @type {GPUComputePipeline | null} */
  #ready = null;
  #make;

  /** @param {() => GPUComputePipeline} make */
  constructor(make) {
    this.#make = make;
  }

  /** @param {Promise<GPUComputePipeline>} coming  Of one that is refused the error is told where it is used. */
  async expect(coming) {
    const ready = await coming.catch(() => null);
    this.#ready ??= ready;
  }

  now() {
    this.#ready ??= this.#make();
    return this.#ready;
  }

  /** @param {number} index */
  getBindGroupLayout(index) {
    return this.now().getBindGroupLayout(index);
  }
}

/**
 * @param {typeof globalThis} scope  Where WebGPU is, if anywhere.
 * @param {(made: number, asked: number) => void} tell
 * @returns {Pipelines}
 */
export function pipelinesOf(scope, tell) {
  const [device, pass] = [scope.GPUDevice?.prototype, scope.GPUComputePassEncoder?.prototype];
  if (!device || !pass) return { gather() {}, async made() {} };
  const create = device.createComputePipeline;
  const { setPipeline } = pass;
  let gathering = false;
  /** @type {Promise<void>[]} */
  const coming = [];
  let made = 0;
  let asked = 0;
  /** @param {Promise<unknown>} work */
  const count = (work) => {
    const finished = () => {
      made += 1;
      tell(made, asked);
      if (made === asked) made = asked = 0;
    };
    asked += 1;
    tell(made, asked);
    work.then(finished, finished);
  };
  device.createComputePipeline = function (descriptor) {
    const planned = new Planned(() => {
      const pipeline = create.call(this, descriptor);
      // The GPU does things in order: it answers this once the pipeline is made.
      count(this.queue.onSubmittedWorkDone());
      return pipeline;
    });
    if (gathering) {
      const pipeline = this.createComputePipelineAsync(descriptor);
      count(pipeline);
      coming.push(planned.expect(pipeline));
      // What was asked for is sent with the next submission, so that it is made while more is asked for.
      this.queue.submit([]);
    }
    // It is handed back by the same code that asked for it, to the two methods that know it.
    return /** @type {GPUComputePipeline} */ (/** @type {unknown} */ (planned));
  };
  pass.setPipeline = function (pipeline) {
    const planned = /** @type {unknown} */ (pipeline);
    return setPipeline.call(this, planned instanceof Planned ? planned.now() : pipeline);
  };
  return {
    gather() {
      gathering = true;
    },
    async made() {
      gathering = false;
      await Promise.all(coming.splice(0));
    },
  };
}
