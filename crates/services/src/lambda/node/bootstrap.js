// The Node.js runtime of a function: loads the handler that _HANDLER names from LAMBDA_TASK_ROOT and works off the
// Lambda Runtime API, one request after another. What it answers, logs and exits with is what AWS's managed runtime
// does (AWS Lambda Developer Guide, "Building Lambda functions with Node.js").
'use strict';
const fs = require('fs');
const net = require('net');
const path = require('path');
const util = require('util');

const RUNTIME = '/2018-06-01/runtime/';
const REQUEST_ID = Symbol.for('aws.lambda.runtime.requestId');

// --- the connection: one keep-alive HTTP/1.1 connection, one exchange at a time ---

class Api {
  constructor(address) {
    const colon = address.lastIndexOf(':');
    this.host = address.slice(0, colon);
    this.port = Number(address.slice(colon + 1));
    this.socket = null;
    this.received = Buffer.alloc(0);
    this.waiting = null;
  }

  connect() {
    const socket = net.connect(this.port, this.host);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.received = this.received.length ? Buffer.concat([this.received, chunk]) : chunk;
      this.parse();
    });
    // The platform is gone: there is nobody to answer.
    socket.on('close', () => process.exit(1));
    socket.on('error', () => process.exit(1));
    this.socket = socket;
  }

  parse() {
    if (!this.head) {
      const end = this.received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const lines = this.received.toString('latin1', 0, end).split('\r\n');
      const headers = {};
      for (const line of lines.slice(1)) {
        const colon = line.indexOf(':');
        headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
      }
      this.head = { status: Number(lines[0].split(' ')[1]), headers, start: end + 4, length: Number(headers['content-length'] || 0) };
      this.parts = null;
    }
    const { start, length } = this.head;
    if (this.received.length < start + length) return;
    const answer = { status: this.head.status, headers: this.head.headers, body: this.received.subarray(start, start + length) };
    this.received = this.received.subarray(start + length);
    this.head = null;
    const waiting = this.waiting;
    this.waiting = null;
    waiting(answer);
  }

  // While the function works the connection must not keep its event loop alive.
  exchange(method, route, headers, body, then) {
    if (!this.socket) this.connect();
    this.socket.ref();
    this.waiting = (answer) => {
      this.socket.unref();
      then(answer);
    };
    let head = `${method} ${RUNTIME}${route} HTTP/1.1\r\nHost: ${this.host}\r\n`;
    for (const name of Object.keys(headers)) head += `${name}: ${headers[name]}\r\n`;
    if (body === undefined) {
      this.socket.write(head + '\r\n');
    } else {
      const bytes = Buffer.from(body);
      this.socket.write(Buffer.concat([Buffer.from(`${head}Content-Length: ${bytes.length}\r\n\r\n`), bytes]));
    }
  }
}

// --- errors and the log ---

function runtimeError(name, message) {
  const error = new Error(message);
  error.name = `Runtime.${name}`;
  return error;
}

function isError(value) {
  return util.types.isNativeError(value) || (value && [value.name, value.message, value.stack].every((part) => part && typeof part === 'string'));
}

// The error as the caller gets it.
function asPayload(error) {
  try {
    if (isError(error)) return { errorType: error.name, errorMessage: error.message, trace: error.stack.split('\n') };
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch {
    return { errorType: 'handled', errorMessage: 'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack' };
  }
}

// The error as the log shows it: with everything the function hung on it.
function asLine(error) {
  const own = error instanceof Error ? error : new Error(error);
  const open = (_key, value) => {
    if (!(value instanceof Error)) return value;
    const shown = Object.assign({ errorType: value.name, errorMessage: value.message, code: value.code }, value);
    if (typeof value.stack === 'string') shown.stack = value.stack.split('\n');
    return shown;
  };
  try {
    return '\t' + JSON.stringify(own, open);
  } catch {
    return '\t' + JSON.stringify(asPayload(own));
  }
}

function patchConsole() {
  const to = (level) => (message, ...rest) => {
    const line = `${new Date().toISOString()}\t${globalThis[REQUEST_ID]}\t${level}\t${util.format(message, ...rest)}`;
    process.stdout.write(line.replace(/\n/g, '\r') + '\n');
  };
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) console[level] = to(level.toUpperCase());
  console.log = console.info;
}

// --- the handler ---

function isModuleFolder(folder) {
  for (let at = folder; !at.endsWith('/node_modules'); at = path.dirname(at)) {
    const manifest = path.join(at, 'package.json');
    if (fs.existsSync(manifest)) {
      try {
        return JSON.parse(fs.readFileSync(manifest, 'utf8')).type === 'module';
      } catch {
        return false;
      }
    }
    if (at === '/') break;
  }
  return false;
}

async function loadModule(root, folder, name) {
  const file = path.resolve(root, folder, name);
  const modules = isModuleFolder(path.dirname(file));
  const candidates = [
    ['', false],
    ['.js', modules],
    ['.mjs', true],
    ['.cjs', false],
  ];
  for (const [extension, esm] of candidates) {
    const full = file + extension;
    if (fs.existsSync(full) && fs.statSync(full).isFile()) return esm ? await import(full) : require(full);
  }
  return require(require.resolve(name, { paths: [root, path.join(root, folder)] }));
}

async function loadHandler(root, text) {
  if (text.includes('..')) {
    throw runtimeError('MalformedHandlerName', `'${text}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  }
  const base = path.basename(text);
  const match = /^([^.]*)\.(.*)$/.exec(base);
  if (!match) throw runtimeError('MalformedHandlerName', 'Bad handler');
  globalThis.awslambda = { streamifyResponse: () => { throw runtimeError('Unsupported', 'response streaming is not supported here'); } };
  let loaded;
  try {
    loaded = await loadModule(root, text.slice(0, text.indexOf(base)), match[1]);
  } catch (error) {
    const wrap = (name) => Object.assign(runtimeError(name, String(error)), { stack: `Runtime.${name}: ${(error && error.stack) || error}` });
    if (error instanceof SyntaxError) throw wrap('UserCodeSyntaxError');
    if (error && error.code === 'MODULE_NOT_FOUND') throw wrap('ImportModuleError');
    throw error;
  }
  const handler = match[2].split('.').reduce((at, key) => at && at[key], loaded);
  if (!handler) throw runtimeError('HandlerNotFound', `${text} is undefined or not exported`);
  if (typeof handler !== 'function') throw runtimeError('HandlerNotFound', `${text} is not a function`);
  return handler;
}

// --- one request after another ---

const api = new Api(process.env.AWS_LAMBDA_RUNTIME_API);
let onEmptyLoop = () => {};
let report = (error, then) => api.exchange('POST', 'init/error', errorHeaders(error), JSON.stringify(asPayload(error)), then);

function errorHeaders(error) {
  const type = String(asPayload(error).errorType).replace(/[^\x20-\x7e]/g, '');
  return { 'Content-Type': 'application/json', 'Lambda-Runtime-Function-Error-Type': type };
}

// An exchange may be under way when the process must report and end: then wait for it.
function last(error, status) {
  const go = () => report(error, () => process.exit(status));
  if (!api.waiting) return go();
  const before = api.waiting;
  api.waiting = (answer) => {
    api.waiting = null;
    before(answer);
    go();
  };
}

process.on('beforeExit', () => onEmptyLoop());
process.on('uncaughtException', (error) => {
  console.error('Uncaught Exception', asLine(error));
  last(error, 129);
});
process.on('unhandledRejection', (reason) => {
  const error = runtimeError('UnhandledPromiseRejection', String(reason));
  error.reason = reason;
  console.error('Unhandled Promise Rejection', asLine(error));
  last(error, 128);
});

function next(handler) {
  onEmptyLoop = () => {};
  api.exchange('GET', 'invocation/next', {}, undefined, ({ headers, body }) => handle(handler, headers, body));
}

function handle(handler, headers, body) {
  const id = headers['lambda-runtime-aws-request-id'];
  globalThis[REQUEST_ID] = id;
  if (headers['lambda-runtime-trace-id']) process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  else delete process.env._X_AMZN_TRACE_ID;

  let finished = false;
  let posted = false;
  let waits = true;
  const again = () => setImmediate(next, handler);
  const post = (route, extra, text) => {
    if (posted) return;
    posted = true;
    onEmptyLoop = () => {};
    api.exchange('POST', `invocation/${id}/${route}`, extra, text, again);
  };
  const fails = (error) => {
    console.error('Invoke Error', asLine(error));
    post('error', errorHeaders(error), JSON.stringify(asPayload(error)));
  };
  const answers = (result) => {
    let text;
    try {
      text = JSON.stringify(result === undefined ? null : result);
      if (text === undefined) text = 'null';
    } catch (error) {
      return fails(error);
    }
    post('response', { 'Content-Type': 'application/json' }, text);
  };
  report = (error, then) => {
    if (posted) return then();
    posted = true;
    api.exchange('POST', `invocation/${id}/error`, errorHeaders(error), JSON.stringify(asPayload(error)), then);
  };
  const once = (act) => (...rest) => {
    if (finished) return;
    finished = true;
    onEmptyLoop = () => {};
    act(...rest);
  };
  const done = (error, result) => (error === undefined || error === null ? answers(result) : fails(error));
  const callback = once((error, result) => {
    if (error !== undefined && error !== null) return fails(error);
    if (!waits) return answers(result);
    onEmptyLoop = () => setImmediate(answers, result);
  });
  const parse = (text) => (text === undefined ? undefined : JSON.parse(text));
  const context = {
    get callbackWaitsForEmptyEventLoop() {
      return waits;
    },
    set callbackWaitsForEmptyEventLoop(value) {
      waits = value;
    },
    done: once(done),
    succeed: once((result) => done(null, result)),
    fail: once((error) => done(error === undefined || error === null ? 'handled' : error)),
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parse(headers['lambda-runtime-client-context']),
    identity: parse(headers['lambda-runtime-cognito-identity']),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: id,
    getRemainingTimeInMillis: () => Number(headers['lambda-runtime-deadline-ms']) - Date.now(),
  };
  // Nothing left to do and nothing answered: an async function lost its promise; any other answers null.
  onEmptyLoop = once(() => {
    if (handler.constructor && handler.constructor.name === 'AsyncFunction') {
      fails(runtimeError('NodeJsExit', 'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled.'));
    } else {
      answers(null);
    }
  });
  try {
    const result = handler(JSON.parse(body.toString('utf8')), context, callback);
    if (result && typeof result.then === 'function') result.then(context.succeed, context.fail).catch(context.fail);
  } catch (error) {
    callback(error);
  }
}

patchConsole();
loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER).then(next, (error) => {
  console.error('Uncaught Exception', asLine(error));
  last(error, 129);
});
