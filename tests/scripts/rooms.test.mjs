// The table "Rooms" of ARCHITECTURE.md is a promise about who imports whom; the sources must keep it.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/paths.mjs';

/** @param {string} text */
const names = (text) => [...text.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);

const rooms = [
  ...readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(/^\| `(src|www)\/(\w+)` \| (.+?) \|/gm),
].map(([, side = '', name = '', allowed = '']) => ({ side, name, allowed: names(allowed) }));

/**
 * Source files of a room: a folder, or a single Rust file.
 * @param {string} side
 * @param {string} name
 */
function sources(side, name) {
  const folder = join(root, side, name);
  if (!existsSync(folder)) return [`${folder}.rs`];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => /\.(rs|js)$/.test(file));
}

/**
 * Rooms that a file imports from.
 * @param {string} file
 * @param {string} side
 */
function imports(file, side) {
  const text = readFileSync(file, 'utf8');
  if (side === 'src') {
    // `crate::name` and `crate::{name, name::{..}}`.
    const flat = text.replace(/crate::\{([^;]*)\};/g, (_, list) => {
      const first = list.replace(/\{[^{}]*\}/g, '').split(',');
      return first.map((/** @type {string} */ path) => `crate::${path.trim()};`).join('');
    });
    return [...flat.matchAll(/\bcrate::(\w+)/g)].map(([, name = '']) => name);
  }
  const www = join(root, 'www');
  return [...text.matchAll(/from '(\.[^']+)'/g)]
    .map(([, path = '']) => relative(www, join(dirname(file), path)).split('/')[0] ?? '')
    .filter((name) => !name.includes('.'));
}

test('the table names every room', () => {
  const listed = rooms.map(({ side, name }) => `${side}/${name}`);
  const folders = (/** @type {string} */ side) =>
    readdirSync(join(root, side))
      .filter((name) => /\.rs$/.test(name) || statSync(join(root, side, name)).isDirectory())
      .map((name) => `${side}/${name.replace('.rs', '')}`);
  // The two entry points, the style sheets and what the build writes (pkg, pkg.new) are no rooms.
  const apart = /^(src\/(lib|bin)|www\/(styles|pkg.*))$/;
  assert.deepEqual(
    listed.toSorted(),
    [...folders('src'), ...folders('www')].filter((room) => !apart.test(room)).toSorted(),
  );
});

for (const { side, name, allowed } of rooms) {
  test(`${side}/${name} imports only what the table allows`, () => {
    for (const file of sources(side, name)) {
      const foreign = imports(file, side).filter((room) => room !== name && !allowed.includes(room));
      assert.deepEqual(foreign, [], relative(root, file));
    }
  });
}

test('only src/web names wasm_bindgen', () => {
  const elsewhere = rooms
    .filter(({ side, name }) => side === 'src' && name !== 'web')
    .flatMap(({ side, name }) => sources(side, name))
    .filter((file) => readFileSync(file, 'utf8').includes('wasm_bindgen'));
  assert.deepEqual(elsewhere, []);
});
