/** Snapshots of saved runs: files of the origin's private file system, or IndexedDB where that cannot be written. */

import { database } from './database.js';

const FOLDER = 'snapshots';

/** The folder of the snapshots; null where the browser has none that this page can write. */
async function folder() {
  const writable =
    typeof FileSystemFileHandle !== 'undefined' && 'createWritable' in FileSystemFileHandle.prototype;
  if (!writable || !navigator.storage?.getDirectory) return null;
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(FOLDER, { create: true });
}

/** Replaces the snapshot of a run as a whole: a crash half-way leaves the old one. @param {string} id @param {Uint8Array} bytes */
export async function putSnapshot(id, bytes) {
  const files = await folder();
  if (!files) return void (await (await database()).put('snapshots', bytes, id));
  const file = await files.getFileHandle(id, { create: true });
  const stream = await file.createWritable();
  try {
    await stream.write(/** @type {Uint8Array<ArrayBuffer>} */ (bytes));
    await stream.close();
  } catch (reason) {
    await stream.abort().catch(() => {});
    throw reason;
  }
}

/** @param {string} id @returns {Promise<Uint8Array | null>} */
export async function readSnapshot(id) {
  const files = await folder();
  if (!files) return (await (await database()).get('snapshots', id)) ?? null;
  try {
    const file = await (await files.getFileHandle(id)).getFile();
    return new Uint8Array(await file.arrayBuffer());
  } catch (reason) {
    if (reason instanceof DOMException && reason.name === 'NotFoundError') return null;
    throw reason;
  }
}

/** @param {string} id */
export async function removeSnapshot(id) {
  const files = await folder();
  if (!files) return void (await (await database()).delete('snapshots', id));
  await files.removeEntry(id).catch(() => {});
}
