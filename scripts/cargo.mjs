// How cargo is called.

import { join } from 'node:path';
import { cache, ci } from './paths.mjs';
import { CommandError, capture } from './process.mjs';

/**
 * In CI each run starts from a new clone. Dependencies take most of the time and never differ, so they are compiled into
 * a folder that outlives the clone, unless CARGO_TARGET_DIR names another one.
 * @type {Record<string, string>}
 */
export const cargoEnv =
  ci && !process.env.CARGO_TARGET_DIR ? { CARGO_TARGET_DIR: join(cache, 'target') } : {};

/** In CI the lock file is the truth; at work cargo may bring it up to date. */
export const cargoFlags = ci ? ['--locked'] : [];

/** Cargo's target folder, wherever the environment or the user's configuration puts it. */
export function targetFolder() {
  if (cargoEnv.CARGO_TARGET_DIR) return cargoEnv.CARGO_TARGET_DIR;
  const metadata = capture('cargo', ['metadata', '--format-version', '1', '--no-deps']);
  if (!metadata) throw new CommandError('cargo metadata failed: is Cargo.toml valid?');
  return /** @type {string} */ (JSON.parse(metadata).target_directory);
}
