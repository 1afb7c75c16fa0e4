// The engine's worker, with a count of the memory that it takes: the message 'memory' is answered.
// 'read' is answered with the time that the browser takes to read all that is kept, and nothing more.
const memory = {wasm: undefined, gpu: 0, gpuPeak: 0};

for (const name of ['instantiate', 'instantiateStreaming']) {
  const original = WebAssembly[name];
  WebAssembly[name] = async (...given) => {
    const result = await original(...given);
    memory.wasm ??= (result.instance ?? result).exports.memory;
    return result;
  };
}

if (self.GPUDevice) {
  const sizes = new WeakMap();
  const {createBuffer} = GPUDevice.prototype;
  const {destroy} = GPUBuffer.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    sizes.set(buffer, descriptor.size);
    memory.gpu += descriptor.size;
    memory.gpuPeak = Math.max(memory.gpuPeak, memory.gpu);
    return buffer;
  };
  GPUBuffer.prototype.destroy = function () {
    memory.gpu -= sizes.get(this) ?? 0;
    sizes.delete(this);
    destroy.call(this);
  };
}

async function readAll() {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('deltabooth-bases');
  const buffer = new Uint8Array(8 << 20);
  const began = performance.now();
  let bytes = 0;
  for await (const file of folder.values()) {
    const handle = await file.createSyncAccessHandle({mode: 'read-only'});
    for (let at = 0, read; (read = handle.read(buffer, {at})) > 0; at += read) bytes += read;
    handle.close();
  }
  self.postMessage({type: 'read', bytes, milliseconds: performance.now() - began});
}

self.addEventListener('message', event => {
  if (event.data === 'read') {
    event.stopImmediatePropagation();
    return void readAll();
  }
  if (event.data !== 'memory') return;
  event.stopImmediatePropagation();
  // A module's memory only grows: what it has now is its peak.
  const wasm = memory.wasm?.buffer.byteLength ?? 0;
  self.postMessage({type: 'memory', wasm, gpu: memory.gpu, gpuPeak: memory.gpuPeak});
  memory.gpuPeak = memory.gpu;
});

importScripts('engine_loader.js');
