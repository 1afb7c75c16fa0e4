// Starts the page's WebAssembly. It is a file of its own because the content security policy
// allows no inline script; trunk writes the two names into its element.
const element = document.querySelector("script[data-module]");
try {
  const { default: init } = await import(element.dataset.module);
  await init({ module_or_path: element.dataset.wasm });
} catch (error) {
  console.error(error);
  const note = document.getElementById("start-failed");
  if (note) note.hidden = false;
}
