/**
 * The page's end of the worker protocol: sends commands, passes events on, pairs replies.
 */

/** @import { Command, Event as LabEvent } from './protocol.d.ts' */

/**
 * Events that answer a command. The worker handles commands in order, so an answer belongs to the
 * oldest waiting command that it can answer.
 *
 * @type {{ hello: ['ready'], validate: ['checked'], open: ['opened', 'problems', 'rejected'],
 *   data: ['opened', 'problems', 'rejected'], resume: ['opened', 'problems', 'rejected'],
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
  data: ['opened', 'problems', 'rejected'],
  resume: ['opened', 'problems', 'rejected'],
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

  /** @param {(event: LabEvent) => void} onEvent  Receives every event, replies included. */
  constructor(onEvent) {
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'lab' });
    this.#worker.addEventListener('message', (/** @type {MessageEvent<LabEvent>} */ message) => {
      onEvent(message.data);
      this.#settle(message.data);
    });
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      onEvent({
        type: 'failed',
        message: `The training worker stopped: ${event.message || 'its files could not be loaded'}.`,
        remedy: 'Restart it; if it happens again, reload the page.',
      });
    });
  }

  /** Sends a command that needs no answer. @param {Command} command */
  send(command) {
    this.#worker.postMessage(command);
  }

  /**
   * Sends a command and waits for its answer.
   *
   * @template {Question} Q
   * @param {{ type: Q } & Extract<Command, { type: Question }>} command
   * @returns {Promise<Reply<Q>>} Rejects with {@link WorkerLost} when the worker ends first.
   */
  ask(command) {
    return new Promise((resolve, reject) => {
      const types = REPLIES[command.type];
      this.#waiting.push({ types, resolve: (event) => resolve(/** @type {Reply<Q>} */ (event)), reject });
      this.#worker.postMessage(command);
    });
  }

  /** Ends the worker; whoever waits for an answer is told. */
  terminate() {
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
