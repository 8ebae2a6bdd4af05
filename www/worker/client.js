/**
 * The page's end of one worker: sends commands, passes events on, pairs replies.
 */

import { Watchdog } from './watchdog.js';

/** @import { Command, Event as LabEvent } from './protocol.d.ts' */

/**
 * Events that answer a command. The worker handles commands in order, so an answer belongs to the
 * oldest waiting command that it can answer.
 *
 * @type {{ hello: ['ready'], validate: ['checked'], open: ['opened', 'problems', 'rejected'],
 *   encode_link: ['link', 'problems'], figure: ['figure', 'problems'], read_file: ['run', 'study', 'problems'],
 *   plan_study: ['study_planned', 'problems'], study_cell: ['study_cell', 'problems'],
 *   weights: ['weights', 'problems', 'rejected'], authors: ['authors', 'problems'],
 *   inspect: ['inspected', 'problems', 'rejected'], predictions: ['predictions', 'problems', 'rejected'],
 *   decode_link: ['document', 'problems', 'rejected'] }}
 */
const REPLIES = {
  hello: ['ready'],
  validate: ['checked'],
  open: ['opened', 'problems', 'rejected'],
  encode_link: ['link', 'problems'],
  figure: ['figure', 'problems'],
  read_file: ['run', 'study', 'problems'],
  plan_study: ['study_planned', 'problems'],
  study_cell: ['study_cell', 'problems'],
  weights: ['weights', 'problems', 'rejected'],
  authors: ['authors', 'problems'],
  inspect: ['inspected', 'problems', 'rejected'],
  predictions: ['predictions', 'problems', 'rejected'],
  decode_link: ['document', 'problems', 'rejected'],
};

/** @typedef {keyof typeof REPLIES} Question */
/**
 * Opens an experiment on files that the worker reads, so that their bytes never pass through the page.
 *
 * @typedef {Omit<Extract<Command, { type: 'open' }>, 'files'> & { files: File[] | null }} Open
 */
/** @typedef {Exclude<Command, { type: 'open' }> | Open} Request  What the page sends. */
/** @typedef {{ type: 'resting', handled: number }} Resting  The worker has handled so many requests and has nothing to do. */
/** @typedef {{ type: 'compiled', module: WebAssembly.Module }} Compiled  The lab's code, for workers to come. */
/** @typedef {{ types: readonly string[], resolve: (event: LabEvent) => void, reject: (reason: Error) => void }} Waiting */

/**
 * @template {Question} Q
 * @typedef {Extract<LabEvent, { type: (typeof REPLIES)[Q][number] }>} Reply
 */

/** The worker is gone, so the answer will never come. */
export class WorkerLost extends Error {}

export class LabClient {
  /** @type {Waiting[]} */
  #waiting = [];
  /** @type {Worker} */
  #worker;
  #watchdog;
  #sent = 0;
  #handled = 0;
  /** What the worker runs, once it is there. @type {Compiled | null} */
  compiled;

  /**
   * @param {(event: LabEvent) => void} onEvent  Receives every event, replies included.
   * @param {() => void} onRest      Told when the worker has nothing more to do.
   * @param {Compiled | null} compiled  The code to run; without it the worker fetches and compiles it.
   */
  constructor(onEvent, onRest, compiled) {
    this.compiled = compiled;
    this.#watchdog = new Watchdog(
      () => !this.resting,
      (silence_s) =>
        onEvent({
          type: 'failed',
          message: `Training stopped: the worker has been silent for ${silence_s} s, so a step of it hangs.`,
          remedy:
            'Restart, which goes on from the last snapshot if there is one; if it happens again, choose the other device.',
        }),
    );
    const name = compiled ? 'share' : 'lead';
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name });
    if (compiled) this.#worker.postMessage(compiled);
    this.#worker.addEventListener(
      'message',
      (/** @type {MessageEvent<LabEvent | Resting | Compiled>} */ { data }) => {
        this.#watchdog.heard(data);
        if (data.type === 'compiled') {
          this.compiled = data;
        } else if (data.type === 'resting') {
          this.#handled = data.handled;
          onRest();
        } else {
          onEvent(data);
          this.#settle(data);
        }
      },
    );
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      onEvent({
        type: 'failed',
        message: `The training worker stopped: ${event.message || 'its files could not be loaded'}.`,
        remedy: 'Restart it; if it happens again, reload the page.',
      });
    });
  }

  /** Whether it has handled everything it was sent and trains no further by itself. */
  get resting() {
    return this.#handled === this.#sent;
  }

  /** Sends a command that needs no answer. @param {Request} request */
  send(request) {
    this.#sent += 1;
    this.#watchdog.sent(request);
    this.#worker.postMessage(request);
  }

  /**
   * Sends a command and waits for its answer.
   *
   * @template {Question} Q
   * @param {{ type: Q } & Extract<Request, { type: Question }>} request
   * @returns {Promise<Reply<Q>>} Rejects with {@link WorkerLost} when the worker ends first.
   */
  ask(request) {
    return new Promise((resolve, reject) => {
      const types = REPLIES[request.type];
      this.#waiting.push({ types, resolve: (event) => resolve(/** @type {Reply<Q>} */ (event)), reject });
      this.send(request);
    });
  }

  /** Ends the worker; whoever waits for an answer is told. */
  terminate() {
    this.#watchdog.end();
    this.#worker.terminate();
    for (const waiting of this.#waiting.splice(0))
      waiting.reject(new WorkerLost('the training worker ended'));
  }

  /** @param {LabEvent} event */
  #settle(event) {
    const index = this.#waiting.findIndex((waiting) => waiting.types.includes(event.type));
    if (index >= 0) this.#waiting.splice(index, 1)[0]?.resolve(event);
  }
}
