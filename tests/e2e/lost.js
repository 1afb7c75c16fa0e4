// The engine's worker, whose GPU goes away once so many buffers were made: in the middle of loading.
const BUFFERS = 200;
let left = BUFFERS;

if (self.GPUDevice) {
  const {createBuffer} = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    left -= 1;
    if (left === 0) this.destroy();
    return createBuffer.call(this, descriptor);
  };
}

importScripts('engine_loader.js');
