// Bundles the live figures into passk_lib/widgets/static/figures.js, with the licence texts of what it contains.
//
//   cd tools/figures && npm ci && npm run build
//
// The bundle is committed, because readers install the book without Node. Its first line names the
// sources it was made from by their hash; a test compares, so that a stale bundle cannot go unnoticed.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "..", "passk_lib", "widgets", "static");

const digest = createHash("sha256");
for (const name of readdirSync(join(here, "src")).sort()) {
  digest.update(name + "\0").update(readFileSync(join(here, "src", name))).update("\0");
}
digest.update(readFileSync(join(here, "package-lock.json")));

const result = await build({
  entryPoints: [join(here, "src", "index.js")],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2021",
  charset: "utf8",
  legalComments: "none",
  loader: { ".css": "text" },
  banner: { js: `// sources ${digest.digest("hex")}; licences: LICENSES.md` },
  metafile: true,
  write: false,
});
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "figures.js"), result.outputFiles[0].contents);

const packages = new Set();
for (const input of Object.keys(result.metafile.outputs["<stdout>"]?.inputs ?? result.metafile.inputs)) {
  const match = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (match) packages.add(match[1]);
}
const texts = [...packages].sort().map((name) => {
  const folder = join(here, "node_modules", name);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  return `## ${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
});
writeFileSync(
  join(out, "LICENSES.md"),
  `# What figures.js contains\n\nParts of the packages below, under their licences.\n\n${texts.join("\n")}`,
);
console.log(`figures.js: ${result.outputFiles[0].contents.length} bytes, ${packages.size} packages`);
