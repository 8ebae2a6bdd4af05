/** @import { Problem } from '../worker/protocol.d.ts' */
/** @import { Action } from './store.js' */

/**
 * @typedef {object} Notice
 * @property {number} id
 * @property {'info' | 'error'} kind
 * @property {string} text
 * @property {Problem[]} [problems]  Listed below the text.
 * @property {string} [copyable]     A text to copy by hand.
 * @property {boolean} [stays]       Until another experiment opens.
 * @property {'take_over' | 'choose_files' | 'open_preset'} [action]  What a button offers.
 * @property {string} [preset]       The one that it would open.
 */

/** @typedef {{ type: 'notice/added', notice: Notice } | { type: 'notice/dismissed', id: number }} NoticeAction */

/** Older notices leave when more than this many are shown. */
const MOST = 4;

/** Whether a notice says or offers what a newer one does: files, for instance, are chosen for the last that asks. @param {Notice} older @param {Notice} newer */
function repeats(older, newer) {
  return older.text === newer.text || (older.action !== undefined && older.action === newer.action);
}

/** @param {Notice[]} notices @param {Action} action @returns {Notice[]} */
export function notices(notices, action) {
  switch (action.type) {
    case 'notice/added':
      return [...notices.filter((notice) => !repeats(notice, action.notice)), action.notice].slice(-MOST);
    case 'notice/dismissed':
      return notices.filter((notice) => notice.id !== action.id);
    case 'opened':
      return notices.some(({ stays }) => stays) ? notices.filter(({ stays }) => !stays) : notices;
    default:
      return notices;
  }
}
