/** Saved runs in IndexedDB: what a run was and what it measured. Its weights are beside it, in `snapshots.js`. */

import { openDB } from 'idb';

/** @import { RawExperiment, RawLane, RunFile, StudyResults } from '../worker/protocol.d.ts' */
/** @import { DBSchema, IDBPDatabase } from 'idb' */

/** Seconds of training until each report. @typedef {{ steps: number[], elapsed_s: (number | null)[] }} Times */

/**
 * A saved run without its measurements.
 *
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} name
 * @property {boolean} kept       Asked for by the visitor; others are saved on the way and make room for newer ones.
 * @property {number} saved_ms    When, since 1970.
 * @property {'running' | 'paused' | 'finished'} phase
 * @property {number} step        Steps made.
 * @property {number} steps       The budget.
 * @property {boolean} resumable  Whether a snapshot goes with it.
 * @property {RawExperiment} document
 * @property {"cpu" | "webgpu" | null} backend  Where it trained.
 * @property {(number | null)[]} [colours]  Palette entry of each lane, as in the view; runs of an older version have none.
 * @property {Times} [times]      When its reports were made; runs that an older version saved have none.
 * @property {{ name: string, accuracy: number | null, hardened: number | null }[]} lanes  With the latest results.
 */

/** A lane and its metrics after the last step. @typedef {{ lane: RawLane, metrics: Record<string, number> }} Measured */

/**
 * @typedef {object} Underway  A point that is trained in part; the state of the part that trains is kept beside it.
 * @property {Record<string, unknown>} settings
 * @property {number} part       Its parts before this one are done.
 * @property {number} step       Steps done of the part that trains.
 * @property {Measured[]} lanes  Of those parts.
 */

/**
 * The study on the page.
 *
 * @typedef {object} KeptStudy
 * @property {'paused' | 'finished' | 'file'} phase
 * @property {Record<string, unknown> | null} document  What was to be trained; null of results from a file.
 * @property {StudyResults} results
 * @property {Underway | null} [underway]  The point that is trained in part; its snapshot is `STUDY`.
 */

/**
 * @typedef {DBSchema & {
 *   entries: { key: string, value: Entry },
 *   files: { key: string, value: RunFile },
 *   snapshots: { key: string, value: Uint8Array },
 *   studies: { key: string, value: KeptStudy },
 * }} Schema
 */

const NAME = 'nmflow';
const VERSION = 2;
/** Key of the one study that is kept. */
export const STUDY = 'latest';

/** @typedef {IDBPDatabase<Schema>} Database */

/** @type {Promise<Database> | null} */
let opening = null;

/** @returns {Promise<Database>} */
export function database() {
  opening ??= open();
  return opening;
}

/** @returns {Promise<Database>} */
async function open() {
  try {
    const opened = await openDB(NAME, VERSION, {
      upgrade(older, version) {
        if (version < 1) {
          older.createObjectStore('entries', { keyPath: 'id' });
          older.createObjectStore('files');
          older.createObjectStore('snapshots');
        }
        older.createObjectStore('studies');
      },
      // Another tab brings a newer version: it must not have to wait for this one.
      blocking: (_current, _blocked, event) => {
        /** @type {IDBDatabase} */ (event.target).close();
        opening = null;
      },
      terminated: () => {
        opening = null;
      },
    });
    return /** @type {Database} */ (/** @type {unknown} */ (opened));
  } catch (reason) {
    opening = null;
    throw reason;
  }
}

/** All saved runs, the newest first. @returns {Promise<Entry[]>} */
export async function listEntries() {
  const entries = await (await database()).getAll('entries');
  return entries.sort((a, b) => b.saved_ms - a.saved_ms);
}

/** @param {string} id */
export async function readEntry(id) {
  return (await (await database()).get('entries', id)) ?? null;
}

/** Saves both or, when the storage refuses, neither. @param {Entry} entry @param {RunFile} file */
export async function putRun(entry, file) {
  const transaction = (await database()).transaction(['entries', 'files'], 'readwrite');
  await Promise.all([
    transaction.objectStore('entries').put(entry),
    transaction.objectStore('files').put(file, entry.id),
    transaction.done,
  ]);
}

/** @param {Entry} entry */
export async function putEntry(entry) {
  await (await database()).put('entries', entry);
}

/** @param {string} id */
export async function readFile(id) {
  return (await (await database()).get('files', id)) ?? null;
}

/** @param {string} id */
export async function removeRun(id) {
  const transaction = (await database()).transaction(['entries', 'files', 'snapshots'], 'readwrite');
  await Promise.all([
    transaction.objectStore('entries').delete(id),
    transaction.objectStore('files').delete(id),
    transaction.objectStore('snapshots').delete(id),
    transaction.done,
  ]);
}

/** Saves a study in place of the one before; null forgets that. @param {KeptStudy | null} study */
export async function putStudy(study) {
  const opened = await database();
  await (study ? opened.put('studies', study, STUDY) : opened.delete('studies', STUDY));
}

export async function readStudy() {
  return (await (await database()).get('studies', STUDY)) ?? null;
}
