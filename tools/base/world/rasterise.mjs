// Vector drawings to pictures of 128 px: node rasterise.mjs WORK
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const work = path.resolve(process.argv[2]);
const { Resvg } = createRequire(path.join(work, "package.json"))("@resvg/resvg-js");
for (const file of fs.readdirSync(path.join(work, "svg"))) {
  const svg = fs.readFileSync(path.join(work, "svg", file), "utf8");
  const picture = new Resvg(svg, { fitTo: { mode: "width", value: 128 } }).render().asPng();
  fs.writeFileSync(path.join(work, "sprites", file.replace(".svg", ".png")), picture);
}
