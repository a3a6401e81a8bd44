// Loaded before the function's code. A client that brings its own list of certificate authorities (a database
// driver's "Amazon RDS" profile) would not trust this machine's stand-in for that server; so the local authority is
// added to every such list. Nothing is ever trusted that the list and the local authority do not vouch for, and
// verification is never switched off.
'use strict';
const fs = require('fs');
const tls = require('tls');

const file = process.env.NODE_EXTRA_CA_CERTS;
let local;
try {
  local = file && fs.readFileSync(file);
} catch {
  local = undefined;
}
if (local) {
  const original = tls.createSecureContext;
  tls.createSecureContext = function createSecureContext(options) {
    const ca = options && options.ca;
    return original.call(this, ca ? { ...options, ca: [].concat(ca, local) } : options);
  };
  require('module').syncBuiltinESMExports();
}
