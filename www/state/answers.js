/** What a lane's network answers to held-out samples: classes, translations, continued text. */

import { firstSparse } from './run.js';

/** @import { Event as LabEvent } from '../worker/protocol.d.ts' */
/** @import { Action } from './store.js' */

/** @typedef {Extract<LabEvent, { type: 'predictions' }>} Answered */

/**
 * @typedef {object} Answers
 * @property {boolean} open
 * @property {number} lane
 * @property {number} first                 Number of the first sample.
 * @property {number} temperature           At which text is continued; 0 takes the likeliest character.
 * @property {Omit<Answered, 'type'> | null} answered  Null until the first answer.
 */

/** @typedef {Pick<Answers, 'lane' | 'first' | 'temperature'>} Asked */

/** @typedef {{ type: 'answers/open', open: boolean } | ({ type: 'answers/chosen' } & Partial<Asked>)} AnswersAction */

/** @type {Answers} */
export const noAnswers = { open: false, lane: 0, first: 0, temperature: 0, answered: null };

/** @param {Answers} answers @param {Action} action @returns {Answers} */
export function answers(answers, action) {
  switch (action.type) {
    case 'opened': {
      const kept = answers.answered !== null && answers.lane < action.lanes.length;
      const lane = kept ? answers.lane : firstSparse(action.lanes);
      return { ...answers, lane, first: 0, answered: null };
    }
    case 'answers/open':
      return { ...answers, open: action.open };
    case 'answers/chosen': {
      const { type, ...chosen } = action;
      return { ...answers, ...chosen };
    }
    case 'predictions': {
      const { type, ...answered } = action;
      return { ...answers, answered };
    }
    default:
      return answers;
  }
}
