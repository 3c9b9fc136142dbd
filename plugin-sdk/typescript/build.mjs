/**
 * Makes target/plugin.wasm of src/plugin.ts: types from the contract, type check,
 * bundle, component. Run by `npm run build`, in the plugin's folder.
 */
import { componentize } from "@bytecodealliance/componentize-js";
import { types } from "@bytecodealliance/jco";
import * as esbuild from "esbuild";
import { execFileSync } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

const WORLD = "transform";

/**
 * What the engine may import of WASI. A plugin has none of it, so that the gateway
 * is all that it reaches, but for what package.json names, as in
 * `"cdr-gateway": { "wasi": ["clocks", "random"] }`: what operators can grant.
 */
const WASI = ["clocks", "random", "stdio", "http", "fetch-event"];

const wit = resolve("sdk/wit");

await generateTypes("target/types");
checkTypes();
const source = await bundle("src/plugin.ts");
await writeFile("target/plugin.wasm", await component(source));

/** Has the editor know the record: .d.ts out of the WIT. */
async function generateTypes(folder) {
  await rm(folder, { recursive: true, force: true });
  const files = await types(wit, { worldName: WORLD, guest: true });
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

function checkTypes() {
  try {
    execFileSync(process.execPath, ["node_modules/typescript/bin/tsc"], { stdio: "inherit" });
  } catch (error) {
    process.exit(error.status ?? 1);
  }
}

/** One module of the plugin, the SDK and whatever packages they import. */
async function bundle(entry) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    external: ["cdr:*"],
    logLevel: "warning",
  });
  return outputFiles[0].text;
}

async function component(source) {
  const manifest = JSON.parse(await readFile("package.json", "utf8"));
  const wanted = manifest["cdr-gateway"]?.wasi ?? [];
  const { component } = await componentize(source, {
    sourceName: "plugin.js",
    witPath: wit,
    worldName: WORLD,
    disableFeatures: WASI.filter((feature) => !wanted.includes(feature)),
  });
  return component;
}
