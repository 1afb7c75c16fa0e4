// The engine's worker, whose GPU goes away when half of a base's file is loaded.
const devices = [];

if (self.GPUAdapter) {
  const {requestDevice} = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    const device = await requestDevice.apply(this, given);
    devices.push(device);
    return device;
  };
}

const {postMessage} = self;
self.postMessage = (answer, ...rest) => {
  postMessage.call(self, answer, ...rest);
  const {event} = answer;
  if (event.type === 'progress' && event.task === 'load' && event.done * 2 > event.total) {
    devices.forEach(device => device.destroy());
  }
};

importScripts('engine_loader.js');
