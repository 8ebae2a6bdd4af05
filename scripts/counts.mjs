// Reads how many tests passed, failed and were skipped from what the test runners print.

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} reasons Why tests were skipped, one entry for each.
 */

/**
 * Counts of libtest (`cargo test -- --show-output`) and wasm-bindgen-test (`--nocapture`), summed over all binaries.
 * libtest has no way to skip a test while it runs, so a test that cannot run here prints a line `skipped: reason` and
 * returns; it is counted as skipped and not as passed.
 * @param {string} output
 * @returns {Counts}
 */
export function libtestCounts(output) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: 0, skipped: 0, reasons: [] };
  let test = '';
  let seen = new Set();
  for (const line of output.split('\n')) {
    const result = line.match(/^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/);
    if (result) {
      const [passed = 0, failed = 0, ignored = 0] = result.slice(1).map(Number);
      counts.passed += passed - seen.size;
      counts.failed += failed;
      counts.skipped += ignored + seen.size;
      seen = new Set();
      continue;
    }
    const ignored = line.match(/^test (\S+) \.\.\. ignored(?:, (.*))?$/);
    if (ignored) counts.reasons.push(`${ignored[1]}: ${ignored[2] ?? 'ignored'}`);
    test = line.match(/^(?:test|----) (\S+) (?:\.\.\.|stdout ----)/)?.[1] ?? test;
    const reason = line.match(/^\s*skipped: (.+)$/)?.[1];
    if (reason && !seen.has(test)) {
      seen.add(test);
      counts.reasons.push(`${test}: ${reason}`);
    }
  }
  return counts;
}

/**
 * Counts of `node --test` in TAP.
 * @param {string} tap
 * @returns {Counts}
 */
export function tapCounts(tap) {
  const total = (/** @type {string} */ key) =>
    Number(tap.match(new RegExp(`^# ${key} (\\d+)$`, 'm'))?.[1] ?? 0);
  const reasons = [...tap.matchAll(/^\s*ok \d+ - (.+?) # (?:SKIP|TODO)\b ?(.*)$/gm)];
  return {
    passed: total('pass'),
    failed: total('fail') + total('cancelled'),
    skipped: total('skipped') + total('todo'),
    reasons: reasons.map(([, name, reason]) => `${name}: ${reason || 'no reason given'}`),
  };
}
