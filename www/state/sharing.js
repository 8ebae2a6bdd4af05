/** Takes the experiment and its measurements out of the page: link, CSV, JSON. */

/** @import { RunFile } from '../worker/protocol.d.ts' */
/** @import { State } from './store.js' */

/**
 * What a link's hash holds: `e` the experiment, `v` the view settings.
 *
 * @param {string} hash
 * @returns {{ experiment: string | null, view: string | null }}
 */
export function partsOf(hash) {
  const parts = new URLSearchParams(hash.slice(1));
  return { experiment: parts.get('e'), view: parts.get('v') };
}

/** @param {string | null} experiment @param {string} view  Empty for the view that the page opens with. */
export function hashOf(experiment, view) {
  const parts = [experiment && `e=${experiment}`, view && `v=${view}`].filter(Boolean);
  return parts.length > 0 ? `#${parts.join('&')}` : '';
}

/** Copies a text; false when the browser keeps the clipboard closed. @param {string} text */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // The clipboard needs a permission or a secure page.
    return false;
  }
}

/**
 * One row per lane and reported step, every metric a column; empty where nothing was measured.
 *
 * @param {State} state
 * @returns {string}
 */
export function toCsv({ run, history }) {
  const header = ['step', 'elapsed_s', 'lane', 'name', ...history.keys].join(',');
  const rows = history.steps.flatMap((step, row) =>
    history.lanes.map((columns, lane) => {
      const name = `"${(run.lanes[lane]?.name ?? '').replaceAll('"', '""')}"`;
      return [
        step,
        history.elapsed_s[row] ?? '',
        lane,
        name,
        ...columns.map((column) => column[row] ?? ''),
      ].join(',');
    }),
  );
  return `${[header, ...rows].join('\n')}\n`;
}

/** The run file: experiment, results and what they are. @param {State} state @returns {RunFile | null} */
export function runFileOf({ catalog, run, device, history, replay }) {
  const { document } = run;
  if (!document) return null;
  return {
    format: 'nmflow-run',
    version: 2,
    nmflow: catalog.version ?? '',
    backend: device.used?.backend ?? null,
    adapter: device.used?.adapter ?? null,
    document,
    metrics: catalog.metrics.map(({ key, label, unit, help }) => ({ key, label, unit, help })),
    steps: history.steps,
    elapsed_s: history.elapsed_s,
    lanes: history.lanes.map((columns, lane) => ({
      name: run.lanes[lane]?.name ?? '',
      difference: run.lanes[lane]?.difference ?? '',
      metrics: Object.fromEntries(history.keys.map((key, metric) => [key, columns[metric] ?? []])),
    })),
    fingerprint: replay.found,
  };
}

/** @param {string} name @param {string} type @param {string | Uint8Array<ArrayBuffer>} content */
export function download(name, type, content) {
  downloadBlob(name, new Blob([content], { type }));
}

/** @param {string} name @param {Blob} blob */
export function downloadBlob(name, blob) {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The download has its own reference once the click was handled.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A file name that tells experiments apart. @param {State} state @param {string} extension */
export function fileName({ run }, extension) {
  const name = (run.document?.name ?? 'experiment').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return `nmflow-${name.replaceAll(/^-|-$/g, '')}-step-${run.step}.${extension}`;
}
