/**
 * Makes target/plugin.wasm of src/plugin.ts: types from the contract, type check,
 * bundle, component. Run by `npm run build`, in the plugin's folder.
 */
import { componentize } from "@bytecodealliance/componentize-js";
import { types } from "@bytecodealliance/jco";
import * as esbuild from "esbuild";
import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

const WORLD = "transform";
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

/** Without WASI: the gateway is all that a plugin reaches. */
async function component(source) {
  const { component } = await componentize(source, {
    sourceName: "plugin.js",
    witPath: wit,
    worldName: WORLD,
    disableFeatures: ["stdio", "random", "clocks", "http", "fetch-event"],
  });
  return component;
}
