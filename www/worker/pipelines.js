/** Says how far the GPU is with its pipelines. A software adapter takes seconds over them before it trains a step. */

/**
 * @param {typeof globalThis} scope  Where WebGPU is, if anywhere.
 * @param {(made: number, asked: number) => void} tell
 */
export function watchPipelines(scope, tell) {
  const prototype = scope.GPUDevice?.prototype;
  if (!prototype) return;
  const create = prototype.createComputePipeline;
  let made = 0;
  let asked = 0;
  const finished = () => {
    made += 1;
    tell(made, asked);
    if (made === asked) made = asked = 0;
  };
  prototype.createComputePipeline = function (descriptor) {
    const pipeline = create.call(this, descriptor);
    asked += 1;
    tell(made, asked);
    // The GPU does things in order: it answers this once the pipeline is made.
    this.queue.onSubmittedWorkDone().then(finished, finished);
    return pipeline;
  };
}
