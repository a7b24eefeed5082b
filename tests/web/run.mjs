// Opens and draws codes as a page would: node run.mjs JOBS FOLDER, with JOBS a JSON file of
// [{file, model, base, renders: [options, ...]}, ...], files in base64. Prints what became of each, as JSON; pixels go
// to files of FOLDER.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { open } from "../../src/selfsame/web/selfsame.mjs";

const [jobsPath, folder] = process.argv.slice(2);
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));

function plain(value) {
  if (ArrayBuffer.isView(value)) {
    return { type: value.constructor.name, data: Buffer.from(value.buffer).toString("base64") };
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

function attempt(work) {
  try {
    return work();
  } catch (error) {
    return { error: error.name, message: error.message };
  }
}

let pictures = 0;

function drawn(code, options) {
  const { width, height, data } = code.render(options);
  const name = `${folder}/${pictures++}`;
  writeFileSync(name, data);
  return { width, height, name };
}

async function result({ file, model, base, renders = [] }) {
  const options = { ...(model && { model: bytes(model) }), ...(base && { base: pathToFileURL(base + "/") }) };
  try {
    const code = await open(bytes(file), options);
    const { family, width, height, channels, isComplete } = code;
    const pictures = renders.map((each) => attempt(() => drawn(code, each)));
    return { family, width, height, channels, isComplete, fields: plain(code.fields), pictures };
  } catch (error) {
    return { error: error.name, message: error.message };
  }
}

const results = [];
for (const job of JSON.parse(readFileSync(jobsPath))) results.push(await result(job));
console.log(JSON.stringify(results));
