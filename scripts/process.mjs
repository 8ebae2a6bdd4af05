// Starting other programs: with their output shown, or captured, or both.

import { spawn, spawnSync } from 'node:child_process';
import { root } from './paths.mjs';

/** A program that did not exit with 0, with the words to show instead of a stack trace. */
export class CommandError extends Error {}

/**
 * @typedef {object} Options
 * @property {Record<string, string | undefined>} [env] Variables on top of this process's own; undefined removes one.
 * @property {string} [cwd] Working directory; the repository root by default.
 * @property {boolean} [quiet] Do not print the command line first.
 */

/**
 * Runs a program, shows its output as it comes and returns it.
 * @param {string} program
 * @param {string[]} args
 * @param {Options} [options]
 * @returns {Promise<{ code: number, output: string }>} Exit status and stdout followed by stderr as they came.
 */
export function observe(program, args, options = {}) {
  if (!options.quiet) console.log(`$ ${[program, ...args].join(' ')}`);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const [from, to] of /** @type {const} */ ([
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ])) {
      from.setEncoding('utf8');
      from.on('data', (text) => {
        output += text;
        to.write(text);
      });
    }
    child.on('error', (error) =>
      reject(new CommandError(`${program} could not be started: ${error.message}`)),
    );
    child.on('close', (code, signal) => {
      if (signal) output += `\n${program} was ended by ${signal}\n`;
      resolve({ code: code ?? 1, output });
    });
  });
}

/**
 * Runs a program with its output going straight to the terminal.
 * @param {string} program
 * @param {string[]} args
 * @param {Options} [options]
 * @throws {CommandError} When it cannot be started or fails.
 */
export function run(program, args, options = {}) {
  if (!options.quiet) console.log(`$ ${[program, ...args].join(' ')}`);
  const { status, error } = spawnSync(program, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error) throw new CommandError(`${program} could not be started: ${error.message}`);
  if (status !== 0) throw new CommandError(`${program} ${args[0] ?? ''} failed (exit status ${status})`);
}

/**
 * What a program prints on stdout, or undefined when it is missing or fails.
 * @param {string} program
 * @param {string[]} args
 */
export function capture(program, args) {
  const { status, stdout } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * Runs the main function of a script: a failure ends it with its message, without a stack trace where the
 * message says it all.
 * @param {() => Promise<void> | void} main
 */
export async function script(main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof CommandError ? `\nerror: ${error.message}` : error);
    process.exitCode = 1;
  }
}
