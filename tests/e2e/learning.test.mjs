// The default experiment, whole: every lane learns.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lab, WEBGPU } from './support.mjs';

const { visit } = lab(WEBGPU);
const BUDGET_MS = 15 * 60_000;
/** Ten classes. */
const CHANCE = 0.1;
/** Share of the dense lane's advantage over chance that every lane must reach. */
const SHARE = 0.6;

test('at the end of the default budget every lane has most of the dense lane’s advantage', async () => {
  const page = await visit();
  await page.phase('Finished', BUDGET_MS);
  const { steps, lanes, document } = await page.exported();
  assert.equal(steps.at(-1), document.steps);
  const accuracy = lanes.map(({ metrics }) => metrics.val_accuracy?.at(-1) ?? 0);
  const hardened = lanes.map(({ metrics }) => metrics.val_accuracy_hard?.at(-1) ?? 0);
  const dense = accuracy[0] ?? 0;
  assert.ok(dense > 0.5 && dense < 1, `the dense lane learns a task that is not trivial: ${dense}`);
  lanes.forEach(({ name }, lane) => {
    const advantage = ((accuracy[lane] ?? 0) - CHANCE) / (dense - CHANCE);
    assert.ok(advantage > SHARE, `${name} reaches ${advantage.toFixed(2)} of the dense lane's advantage`);
    // The mask is the target and D is 0 by then, so hardening changes nothing.
    assert.equal(hardened[lane], accuracy[lane], name);
  });
  assert.ok(await page.page.getByRole('heading', { name: 'Final result' }).isVisible());
  assert.deepEqual(page.complaints, []);
  await page.close();
});
