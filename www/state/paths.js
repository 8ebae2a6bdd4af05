/**
 * Reads and writes values inside JSON documents by the paths that fields and problems carry:
 * `steps`, `model.heads`, `lanes[2].ff.m`.
 */

/** @typedef {Record<string, unknown>} Json  An object of a JSON document. */

/** @param {string} path @returns {(string | number)[]} */
export function parsePath(path) {
  return path
    .split(/[.[\]]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** @param {unknown} value @param {string} path @returns {unknown} */
export function getAt(value, path) {
  return parsePath(path).reduce(
    (/** @type {unknown} */ inner, key) =>
      typeof inner === 'object' && inner !== null ? /** @type {Json} */ (inner)[key] : undefined,
    value,
  );
}

/**
 * A copy of `document` with `value` at `path`; what is not on the path is shared.
 *
 * @template T
 * @param {T} document
 * @param {string} path
 * @param {unknown} value  `undefined` removes the key.
 * @returns {T}
 */
export function setAt(document, path, value) {
  return /** @type {T} */ (setParts(document, parsePath(path), value));
}

/** @param {unknown} inner @param {(string | number)[]} parts @param {unknown} value @returns {unknown} */
function setParts(inner, parts, value) {
  const [key, ...rest] = parts;
  if (key === undefined) return value;
  const copy = /** @type {Json} */ (Array.isArray(inner) ? [...inner] : { .../** @type {Json} */ (inner) });
  const next = setParts(copy[key], rest, value);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy;
}

/** `lanes[2].beta` -> `lanes[].beta`, the path in the field table. @param {string} path */
export function specPath(path) {
  return path.replace(/\[\d+\]/g, '[]');
}

/** Whether two JSON values are equal. @param {unknown} a @param {unknown} b @returns {boolean} */
export function sameJson(a, b) {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [/** @type {Json} */ (a), /** @type {Json} */ (b)];
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => sameJson(left[key], right[key]));
}
