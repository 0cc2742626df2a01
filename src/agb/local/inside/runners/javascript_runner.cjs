// Runs JavaScript in the main thread, as a debugger's console does; a second thread takes requests
// and can stop, as a debugger can, code that never comes to rest, and keep what is defined.
//
// Usage: node javascript_runner.cjs REQUESTS ANSWERS, two inherited file descriptors.
'use strict';

const fs = require('node:fs');
const inspector = require('node:inspector');
const { createRequire } = require('node:module');
const net = require('node:net');
const util = require('node:util');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const OLDEST = 18;
const STILL_BUSY_AFTER = 100; // milliseconds without an echo from the main thread
const NO_IMPORT = /import statement outside a module|dynamic import callback/;
const INTERRUPTED = { name: 'Interrupted', value: 'the run was stopped', traceback: [] };

function main() {
  const [requests, answers] = process.argv.slice(2).map(Number);
  if (Number.parseInt(process.versions.node, 10) < OLDEST) {
    fs.writeSync(answers, `${JSON.stringify({ type: 'missing', text: process.version })}\n`);
    return;
  }
  prepareGlobals();
  const cells = new Cells();
  const worker = new Worker(__filename, { workerData: { requests, answers } });
  worker.on('message', async ({ run, code }) => {
    worker.postMessage(run ? { run, outcome: await cells.outcome(code) } : {}); // else an echo
  });
  for (const kind of ['uncaughtException', 'unhandledRejection']) {
    process.on(kind, (error) => console.error('Uncaught', error));
  }
}

function prepareGlobals() {
  process.argv.length = 1;
  globalThis.require = createRequire(`${process.cwd()}/`);
  if (!('navigator' in globalThis)) { // Node has it from 21 on
    globalThis.navigator = {
      hardwareConcurrency: require('node:os').availableParallelism?.() ?? 1,
      language: 'en-US',
      languages: ['en-US'],
      platform: process.platform,
      userAgent: `Node.js/${process.versions.node.split('.')[0]}`,
    };
  }
}

/** Evaluates code. The session is the main thread's own: the other thread's could not stop what it
 * has begun itself. */
class Cells {
  constructor() {
    this.session = new inspector.Session();
    this.session.connect();
    this.post = util.promisify(this.session.post.bind(this.session));
    this.tools = this.toolsOf({
      show: (value) => util.inspect(value),
      describe: (error) => (error instanceof Error
        ? { name: error.name, value: error.message, traceback: String(error.stack).split('\n') }
        : { name: 'Uncaught', value: util.inspect(error), traceback: [] }),
    });
  }

  /** Make functions of this file known to the session, and not to the code. */
  async toolsOf(functions) {
    const key = `agb.${Math.random()}`;
    globalThis[key] = functions;
    const { result } = await this.post('Runtime.evaluate', { expression: `globalThis['${key}']` });
    delete globalThis[key];
    return result.objectId;
  }

  /** Give the last value, as text, and the failure. */
  async outcome(expression) {
    try {
      const how = { replMode: true, awaitPromise: true };
      const { result, exceptionDetails } = await this.post('Runtime.evaluate', { expression, ...how });
      if (exceptionDetails) return [null, await this.describe(exceptionDetails)];
      return [result.type !== 'undefined' && await this.call('show', result), null];
    } catch { // it has been terminated
      return [null, INTERRUPTED];
    }
  }

  async describe({ exception, text }) {
    const error = await this.call('describe', exception);
    if (NO_IMPORT.test(error?.value)) error.value += '; use require() here';
    return error ?? { name: 'Error', value: text, traceback: [] };
  }

  async call(name, { objectId, value, unserializableValue }) {
    const { result } = await this.post('Runtime.callFunctionOn', {
      objectId: await this.tools,
      functionDeclaration: `function (value) { return this.${name}(value); }`,
      arguments: [{ objectId, value, unserializableValue }],
      returnByValue: true,
    });
    return result.value;
  }
}

class Control {
  constructor({ requests, answers }) {
    this.answers = answers;
    this.count = 0;
    this.current = null; // number of the run that goes on
    this.stopping = null; // number of the run that is to stop
    this.session = new inspector.Session();
    this.session.connectToMainThread();
    this.post = util.promisify(this.session.post.bind(this.session));
    this.source = new net.Socket({ fd: requests, readable: true, writable: false });
  }

  async serve() {
    parentPort.on('message', (message) => this.hear(message));
    this.send({ type: 'ready' });
    let waiting = Buffer.alloc(0);
    for await (const block of this.source) {
      waiting = this.take(Buffer.concat([waiting, block]));
    }
    process.exit(); // only this thread: the main one then has nothing to wait for
  }

  /** Act on every whole request and give back the rest. */
  take(data) {
    const end = data.indexOf('\n');
    if (end < 0) return data;
    const [word, length] = data.subarray(0, end).toString().split(' ');
    const rest = data.subarray(end + 1);
    if (word === 'interrupt') {
      this.interrupt();
      return this.take(rest);
    }
    if (rest.length < Number(length)) return data;
    this.count += 1;
    this.current = this.count;
    const code = rest.subarray(0, Number(length)).toString();
    parentPort.postMessage({ run: this.current, code });
    return this.take(rest.subarray(Number(length)));
  }

  /** Take what the main thread says: what came of a run, or that it has nothing to do but wait. */
  hear({ run, outcome }) {
    if (!run) {
      clearTimeout(this.busy);
      if (this.current && this.current === this.stopping) this.finish(null, INTERRUPTED);
    } else if (run === this.current) { // otherwise it was given up
      this.finish(...outcome);
    }
  }

  /** Stop code that is running; code that only waits is no longer waited for. */
  interrupt() {
    if (!this.current) return;
    this.stopping = this.current;
    clearTimeout(this.busy);
    const terminate = () => this.post('Runtime.terminateExecution').catch(() => {});
    this.busy = setTimeout(terminate, STILL_BUSY_AFTER);
    parentPort.postMessage({});
  }

  async finish(shown, error) {
    this.current = null;
    clearTimeout(this.busy);
    if (shown) this.send({ type: 'result', main: true, data: { 'text/plain': shown } });
    // A stop that came too late would hit whatever runs next: let it be this.
    if (this.stopping) await this.post('Runtime.evaluate', { expression: '0' }).catch(() => {});
    this.stopping = null;
    this.send({ type: 'done', error });
  }

  send(event) {
    fs.writeSync(this.answers, `${JSON.stringify(event)}\n`);
  }
}

if (isMainThread) main();
else new Control(workerData).serve();
