// A page that uses DeltaBooth: learns a dog, shows what became of it, and takes deltas in.
//
// `?steps=N` trains for so many steps, `?device=cpu` stays off the GPU.

import { DeltaBooth } from "./deltabooth.js";

const PICTURES = [0, 1, 2, 3].map((number) => `../subjects/dog/${number}.png`);
const SCENES = ["in the snow", "on a beach", "in space"];
/** Steps that the loss is averaged over: a single one says little. */
const WINDOW = 10;
/** What the engine's pieces of work are for the person. */
const STAGES = {
  load: "Loading the base",
  decompose: "Taking the base's weights apart",
  prior: "Drawing other dogs, so that it does not forget them",
  train: "Learning",
  generate: "Making pictures",
};

const address = new URLSearchParams(location.search);
const steps = Number(address.get("steps")) || undefined;
const device = address.get("device") ?? "auto";

const at = (id) => document.getElementById(id);
const [button, file, stage, bar] = ["teach", "apply", "stage", "progress"].map(at);

/** Opened at the first need. */
let booth = null;
/** The delta whose pictures are shown. */
let shown = null;
/** Stops what is under way; null while nothing is. */
let stop = null;

button.addEventListener("click", () => {
  if (stop) stop.abort();
  else run(teach);
});
file.addEventListener("change", () => {
  const [chosen] = file.files;
  if (chosen && !stop) run(() => apply(chosen));
});

/** Does a piece of work; the same button stops it. */
async function run(work) {
  stop = new AbortController();
  button.textContent = "Stop";
  file.disabled = true;
  at("error").hidden = true;
  try {
    await work();
  } catch (error) {
    if (error.kind === "cancelled") say("Stopped.");
    else complain(error);
    // After this kind the engine is gone; the next work starts another one.
    if (error.kind === "device") [booth, shown] = [null, null];
  } finally {
    stop = null;
    button.textContent = "Teach it the dog";
    file.disabled = false;
    file.value = "";
    progress("Nothing is under way", 0, 1);
  }
}

async function open() {
  if (booth) return;
  say("Loading the engine and the base.");
  booth = await DeltaBooth.open({
    device,
    signal: stop.signal,
    onProgress: ({ task, done, total }) => progress(STAGES[task] ?? "Working", done, total),
    onWarning: (message) => say(message),
  });
}

async function teach() {
  await open();
  const pictures = await Promise.all(PICTURES.map(fetchPicture));
  say("Learning the dog. Stop keeps what it has learned by then.");
  const losses = [];
  const delta = await booth.train({
    subjects: [{ token: "sks", classWord: "dog", pictures }],
    maxTrainSteps: steps,
    signal: stop.signal,
    onStep: ({ step, total, loss, secondsLeft }) => {
      losses.push(loss);
      progress(`Learning: step ${step} of ${total}${timeLeft(secondsLeft)}`, step, total);
      at("loss").textContent = inWords(losses);
    },
    onPreview: ({ step, picture }) => {
      draw(at("preview"), picture, `What it has learned after ${step} steps`);
      say(`A picture of step ${step} is there.`);
    },
  });
  if (delta.stopped) stop = new AbortController();
  await show(delta);
}

async function apply(chosen) {
  await open();
  say("Opening the delta.");
  await show(await booth.apply(chosen));
}

/** Each prompt by the base alone and with the delta, and the delta for download. */
async function show(delta) {
  const { steps, subjects, bytes } = delta.summary;
  const name = subjects.map(({ token, classWord }) => `${token} ${classWord}`).join(" and ") || "picture";
  at("learned").textContent = `“${name}”, learned in ${steps} steps, is a delta of ${Math.ceil(bytes / 1000)} KB.`;
  const link = at("download");
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(delta.blob());
  link.download = delta.fileName;
  link.hidden = false;
  // The same content is the same delta to the engine, so the new one is open before the old one goes.
  await shown?.close();
  shown = delta;

  const results = at("results");
  results.replaceChildren();
  say("Making three pictures by the base and three with the delta.");
  for (const scene of SCENES) {
    const prompt = `photo of a ${name} ${scene}`;
    const { signal } = stop;
    const [base] = await booth.generate({ prompt, signal });
    const [personalised] = await booth.generate({ prompt, deltas: [delta.at(1)], signal });
    results.append(pair(prompt, base, personalised));
  }
  say("Done. The pictures are under “What it makes of it”.");
}

async function fetchPicture(url) {
  const response = await fetch(url, { signal: stop.signal });
  if (!response.ok) throw new Error(`The picture ${url} cannot be fetched (status ${response.status}). Reload the page.`);
  return response.blob();
}

function pair(prompt, base, personalised) {
  const item = document.createElement("li");
  const heading = document.createElement("h3");
  heading.textContent = prompt;
  const sides = document.createElement("div");
  sides.append(figure(base, "The base alone", prompt), figure(personalised, "With the delta", prompt));
  item.append(heading, sides);
  return item;
}

function figure(picture, side, prompt) {
  const element = document.createElement("figure");
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  draw(canvas, picture, `${side}: ${prompt}`);
  const caption = document.createElement("figcaption");
  caption.textContent = side;
  element.append(canvas, caption);
  return element;
}

function draw(canvas, picture, label) {
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d").putImageData(picture, 0, 0);
  canvas.setAttribute("aria-label", label);
}

function inWords(losses) {
  const mean = (list) => list.reduce((sum, loss) => sum + loss, 0) / list.length;
  const [first, now] = [mean(losses.slice(0, WINDOW)), mean(losses.slice(-WINDOW))];
  const course = now < first * 0.97 ? "has fallen" : now > first * 1.03 ? "has risen" : "has stayed";
  return `Its mistakes (the loss) are ${now.toFixed(3)} on average: that ${course} from ${first.toFixed(3)} at the start.`;
}

function timeLeft(seconds) {
  if (seconds === undefined) return "";
  return seconds < 90 ? `, ${Math.ceil(seconds)} seconds left` : `, ${Math.ceil(seconds / 60)} minutes left`;
}

function progress(text, done, total) {
  stage.textContent = text;
  bar.max = Math.max(total, 1);
  bar.value = done;
}

/** Also read aloud, so not for every step. */
function say(text) {
  at("status").textContent = text;
}

function complain(error) {
  console.error(error);
  say("It did not work.");
  at("error").textContent = error.message;
  at("error").hidden = false;
}
