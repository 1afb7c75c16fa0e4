// The engine's worker, whose own workers fall: '?fall', each at its first matrix; '?refuse', none is
// started.
const Real = self.Worker;
const {search} = self.location;

self.Worker = class extends Real {
  constructor(...given) {
    if (search === '?refuse') throw new Error('no more workers');
    super(...given);
  }

  postMessage() {
    this.terminate();
    setTimeout(() => this.dispatchEvent(new ErrorEvent('error', {message: 'out of memory'})));
  }
};

importScripts('engine_loader.js');
