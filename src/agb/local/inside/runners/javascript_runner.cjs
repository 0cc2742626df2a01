// Runs JavaScript in the main thread; a second thread takes requests and speaks to the first as a
// debugger does, so that it can stop code that never comes to rest and keep what is defined.
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
const TOOLS = 'agb.tools';
const NO_IMPORT = /import statement outside a module|dynamic import callback/;
const INTERRUPTED = { name: 'Interrupted', value: 'the run was stopped', traceback: [] };

function main() {
  const [requests, answers] = process.argv.slice(2).map(Number);
  if (Number.parseInt(process.versions.node, 10) < OLDEST) {
    fs.writeSync(answers, `${JSON.stringify({ type: 'missing', text: process.version })}\n`);
    return;
  }
  prepareGlobals();
  const worker = new Worker(__filename, { workerData: { requests, answers } });
  worker.on('message', () => worker.postMessage('echo'));
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
  const tools = {
    show: (value) => util.inspect(value),
    describe: (error) => (error instanceof Error
      ? { name: error.name, value: error.message, traceback: String(error.stack).split('\n') }
      : { name: 'Uncaught', value: util.inspect(error), traceback: [] }),
  };
  Object.defineProperty(globalThis, Symbol.for(TOOLS), { value: tools });
}

class Control {
  constructor({ requests, answers }) {
    this.answers = answers;
    this.current = null;
    this.session = new inspector.Session();
    this.session.connectToMainThread();
    this.post = util.promisify(this.session.post.bind(this.session));
    this.source = new net.Socket({ fd: requests, readable: true, writable: false });
  }

  async serve() {
    const { result } = await this.evaluate(`globalThis[Symbol.for('${TOOLS}')]`);
    this.tools = result.objectId;
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
    const [word, length, limit] = data.subarray(0, end).toString().split(' ');
    const rest = data.subarray(end + 1);
    if (word === 'interrupt') {
      this.interrupt();
      return this.take(rest);
    }
    if (rest.length < Number(length)) return data;
    this.run(rest.subarray(0, Number(length)).toString(), Number(limit));
    return this.take(rest.subarray(Number(length)));
  }

  async run(code, limit) {
    const run = {};
    this.current = run;
    const [shown, error] = await this.outcome(code, limit).catch(() => [null, INTERRUPTED]);
    if (this.current !== run) return; // given up meanwhile
    if (shown) this.send({ type: 'result', main: true, data: { 'text/plain': shown } });
    this.finish(error);
  }

  /** Only V8 itself can stop what has not yet come to its first await: it is given the limit. */
  async outcome(code, limit) {
    const { result, exceptionDetails } = await this.evaluate(code, limit);
    if (exceptionDetails) return [null, await this.describe(exceptionDetails)];
    return [result.type !== 'undefined' && await this.call('show', result), null];
  }

  /** Stop code that is running; code that only waits is no longer waited for. */
  interrupt() {
    const run = this.current;
    if (!run) return;
    const busy = setTimeout(() => this.post('Runtime.terminateExecution'), STILL_BUSY_AFTER);
    parentPort.once('message', () => {
      clearTimeout(busy);
      if (this.current === run) this.finish(INTERRUPTED);
    });
    parentPort.postMessage('echo');
  }

  async finish(error) {
    this.current = null;
    // A stop that came too late would hit whatever runs next: let it be this.
    if (error === INTERRUPTED) await this.evaluate('0').catch(() => {});
    this.send({ type: 'done', error });
  }

  evaluate(expression, timeout) {
    const how = { replMode: true, awaitPromise: true, timeout };
    return this.post('Runtime.evaluate', { expression, ...how });
  }

  async describe({ exception, text }) {
    const error = await this.call('describe', exception);
    if (NO_IMPORT.test(error?.value)) error.value += '; use require() here';
    return error ?? { name: 'Error', value: text, traceback: [] };
  }

  async call(name, { objectId, value, unserializableValue }) {
    const { result } = await this.post('Runtime.callFunctionOn', {
      objectId: this.tools,
      functionDeclaration: `function (value) { return this.${name}(value); }`,
      arguments: [{ objectId, value, unserializableValue }],
      returnByValue: true,
    });
    return result.value;
  }

  send(event) {
    fs.writeSync(this.answers, `${JSON.stringify(event)}\n`);
  }
}

if (isMainThread) main();
else new Control(workerData).serve();
