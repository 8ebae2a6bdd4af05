// A training worker without a browser: answers as the lab does, one command or step in every turn.

/** @import { Request, Resting } from '../../www/worker/client.js' */
/** @import { Event as LabEvent } from '../../www/worker/protocol.d.ts' */

const REPORT_EVERY = 5;
const DOCUMENT = { eval: { every: REPORT_EVERY } };

/** Commands in order, training in between, never beyond its limit. */
export class Simulated {
  /** @type {Request[]} */
  inbox = [];
  /** Requests that only one worker may see. @type {string[]} */
  asked = [];
  step = 0;
  handled = 0;
  running = false;
  until = Number.POSITIVE_INFINITY;
  /** Whether the report before the first step was given. */
  opening = false;

  /**
   * @param {number[]} lanes
   * @param {number} steps
   * @param {(message: LabEvent | Resting) => void} post
   */
  constructor(lanes, steps, post) {
    this.lanes = lanes;
    this.steps = steps;
    this.post = post;
  }

  /** Handles one command, or makes one step. */
  turn() {
    const request = this.inbox.shift();
    if (!request && !this.#trains) return;
    if (request) this.#handle(request);
    else this.#train();
    this.handled += request ? 1 : 0;
    if (this.inbox.length === 0 && !this.#trains) this.post({ type: 'resting', handled: this.handled });
  }

  get #trains() {
    return this.running && this.step < this.until;
  }

  /** @param {Request} request */
  #handle(request) {
    const { step } = this;
    if (request.type === 'open') this.#open(request);
    if (request.type === 'until') this.until = request.step;
    if (request.type === 'start') {
      this.running = step < this.steps;
      this.post({ type: 'state', state: this.running ? 'running' : 'finished' });
    }
    if (request.type === 'pause' && this.running) {
      this.running = false;
      this.#progress();
      this.post({ type: 'state', state: 'paused' });
    }
    if (request.type === 'snapshot') {
      this.post({ type: 'snapshot', step, bytes: Uint8Array.from([...this.lanes, step]) });
    }
    if (request.type === 'gradient_noise') {
      if (step === 0 && !this.opening) this.#report(0);
      this.opening = true;
      this.#report(0.5);
    }
    if (request.type === 'summarise') {
      const groups = request.values.map((mean) => /** @type {any} */ ({ mean }));
      this.post({ type: 'summary', step: request.step, groups });
    }
    if (request.type === 'inspect' || request.type === 'figure' || request.type === 'kernels')
      this.asked.push(request.type);
    if (request.type === 'inspect') this.post(/** @type {any} */ ({ type: 'inspected', lane: request.lane }));
    if (request.type === 'reset') {
      Object.assign(this, { step: 0, running: false, opening: false });
      this.post(/** @type {any} */ ({ type: 'opened', step: 0, document: DOCUMENT }));
      this.post({ type: 'state', state: 'idle' });
    }
  }

  /** The document is the number of lanes; none is refused. @param {Extract<Request, { type: 'open' }>} request */
  #open({ document, share: { worker, workers } }) {
    const lanes = Number(document);
    if (lanes === 0)
      return this.post({ type: 'problems', problems: [{ field: 'lanes', reason: 'there are none' }] });
    const crew = Math.min(lanes, workers);
    const all = Array.from({ length: lanes }, (_, lane) => lane);
    this.lanes = all.filter((lane) => lane % crew === worker);
    Object.assign(this, { step: 0, running: false, until: Number.POSITIVE_INFINITY, opening: false });
    const opened = { type: 'opened', step: 0, document: DOCUMENT, share: this.lanes, workers: crew };
    this.post(/** @type {any} */ (opened));
    this.post({ type: 'state', state: 'idle' });
  }

  #train() {
    this.step += 1;
    if (this.step % REPORT_EVERY === 0) this.#report(0);
    const finished = this.step === this.steps;
    if (finished || this.step >= this.until || this.step % 3 === 0) this.#progress();
    if (!finished) return;
    this.running = false;
    this.post({ type: 'state', state: 'finished' });
  }

  /** A metric of every lane, and of single matrices once they were trained. @param {number} more  Tells reports of a step apart. */
  #report(more) {
    const { step, lanes } = this;
    const values = Float64Array.from(lanes, (lane) => 1000 * lane + step + more);
    const trained = more === 0 && step > 0 ? lanes : [];
    const matrices = Float64Array.from(trained.flatMap((lane) => [lane, -step]));
    this.post({ type: 'metrics', step, lanes: lanes.length, values, matrices });
  }

  #progress() {
    this.post({ type: 'progress', step: this.step, steps: this.steps, steps_per_second: 20, eta_s: 1 });
  }
}
