/** Files that a visitor drops on the page: what they are, and the experiment that trains on them. */

import { getAt, setAt } from './paths.js';

/** @import { TaskConfig } from '../worker/protocol.d.ts' */
/** @import { Json } from './paths.js' */
/** @import { State } from './store.js' */

/** Bytes of one CIFAR-10 record: a label and `[3, 32, 32]` pixels. */
const CIFAR_RECORD_BYTES = 3073;
const MOST_BYTES = 512 * 1024 * 1024;

/** What cannot be a data set, by the type that the browser knows. */
const FOREIGN = /^(image|audio|video|font)\/|^application\/(pdf|zip|vnd\.)/;

/** Refuses what no tab can hold, and what is no data set. @param {File[]} files */
export function checkFiles(files) {
  const foreign = files.find(({ type }) => FOREIGN.test(type));
  if (foreign) {
    throw new Error(
      `${foreign.name} (${foreign.type}) is no data set. The lab trains on ${Object.values(WANTED).join(', ')}; a .json file of results is opened.`,
    );
  }
  const total_bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (total_bytes > MOST_BYTES) {
    throw new Error('These files hold more than 512 MB, too much for a tab. Drop fewer of them.');
  }
}

/** @param {File} file */
function looksLikeCifar({ name, size }) {
  // How long a packed file is, is known once it is unpacked.
  return /\.bin\.gz$/i.test(name) || (/\.bin$/i.test(name) && size % CIFAR_RECORD_BYTES === 0);
}

/** @param {File} file */
function looksLikeText({ name }) {
  return /\.(txt|text|md)(\.gz)?$/i.test(name);
}

/** @param {File[]} files @returns {TaskConfig['kind']} */
export function kindOf(files) {
  if (files.some(looksLikeText)) return 'text';
  return files.length > 0 && files.every(looksLikeCifar) ? 'cifar10' : 'idx';
}

/**
 * The experiment to train on `files`: the one that trains, with the task exchanged when it is of
 * another kind. A preset for that kind also brings a fitting model, batch and evaluation.
 *
 * @param {File[]} files
 * @param {State} state
 * @param {unknown} wanted  An experiment that waits for files, if there is one.
 * @returns {unknown}
 */
export function taskFor(files, { run, catalog }, wanted) {
  const kind = kindOf(files);
  if (getAt(wanted, 'task.kind') === kind) return wanted;
  const document = /** @type {Json} */ ({ ...run.document });
  if (run.document?.task.kind === kind) return document;
  const preset = catalog.presets.find((candidate) => candidate.document.task.kind === kind);
  if (preset) {
    // Other samples need another network, and may be fewer in a batch and held out.
    const { task, model, batch, eval: evaluation } = preset.document;
    const samples = Math.min(evaluation.samples, Number(getAt(document, 'eval.samples')));
    return setAt({ ...document, task, model, batch }, 'eval.samples', samples);
  }
  const validation_frac = catalog.fields.find((spec) => spec.path === 'task.validation_frac')?.default;
  return setAt(document, 'task', { kind, validation_frac });
}

/** Whether the document's task needs files of the visitor. @param {unknown} document */
export function needsFiles(document) {
  const kind = getAt(document, 'task.kind');
  return kind === 'idx' || kind === 'cifar10' || kind === 'text';
}

/** What to drop for a task on the visitor's own data. @type {Record<string, string>} */
const WANTED = {
  idx: 'an IDX pair, images and labels together',
  cifar10: 'CIFAR-10 binary batches',
  text: 'a UTF-8 text file',
};

/** What a document's task needs from the visitor, in words. @param {unknown} document */
export function filesWanted(document) {
  return WANTED[String(getAt(document, 'task.kind'))] ?? 'your files';
}
