/**
 * Codes of pictures (.ssm files) in a page, without a server: open one, read its numbers, draw any view of it.
 *
 *     import { open } from "./web/selfsame.mjs";
 *     const code = await open(await (await fetch("fern.ssm")).arrayBuffer());
 *     const { data, width, height } = code.render({ scale: 2 });
 *     context.putImageData(new ImageData(data, width, height), 0, 0);
 *
 * It works in pages, workers, Node and Deno. Besides itself it loads `web/selfsame.wasm` and, for codes whose
 * families have them, `pifs/tables.npz` or `collage/tables.npz`, from where the package has them; nothing else,
 * and from nowhere else.
 */

const FAMILIES = [, "ifs", "pifs", "collage", "mosaic", "grid"];
const FAULTS = ["TruncatedError", "CorruptedError", "UnsupportedError", "LimitError", "InputError", "MemoryError"];
/** Where the tables of families that have them lie. */
const TABLES = { pifs: "pifs/tables.npz", collage: "collage/tables.npz", grid: "collage/tables.npz" };

const MAX_SIDE = 65535;
const MAX_PIXELS = 2 ** 27;
const MAX_SCALE = 64;
const MAX_ITERATIONS = 64;
const MAX_POINTS = 2 ** 32 - 1;
const MAX_SUPERSAMPLE = 8;
const MAX_ZOOM = 1e9;
const MAX_FRAME_SIDE = 4096;
const MODES = ["binary", "grey", "log", "color", "flame"];

/** What is wrong with a file or an argument; `name` is one of the errors of the Python package, such as
 * "CorruptedError". */
export class SelfsameError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

/**
 * Open a code.
 *
 * @param {ArrayBuffer | Uint8Array} file the bytes of an .ssm file
 * @param {object} [options]
 * @param {string | URL} [options.base] where `web`, `pifs` and `collage` lie; by default the folder above this one
 * @param {ArrayBuffer | Uint8Array} [options.model] the file `model.safetensors` of a collage's model; by default that
 *   of its name in `collage/models`, if there is one
 * @returns {Promise<Code>}
 * @throws {SelfsameError} TruncatedError, CorruptedError, UnsupportedError or LimitError: the file is unusable
 */
export async function open(file, { base = new URL("../", import.meta.url), model } = {}) {
  const bytes = new Uint8Array(file).slice();
  const module = await loaded(new URL("web/selfsame.wasm", base), WebAssembly.compile);
  const family = FAMILIES[new Instance(module).read(bytes)];
  const tables = family in TABLES ? await loaded(new URL(TABLES[family], base)) : new Uint8Array();
  const code = new Code(module, family, bytes, tables);
  if (model) code.useModel(model);
  else if (family === "collage") await useShippedModel(code, base);
  return code;
}

/** Give a collage the model of its name, if it is there and the right one. */
async function useShippedModel(code, base) {
  const name = code.fields.model;
  if (name.startsWith(".")) return;
  try {
    code.useModel(await loaded(new URL(`collage/models/${name}/model.safetensors`, base)));
  } catch {
    // `render` says what is missing.
  }
}

/** A picture as the parameters of a map whose fixed point it is. Made by `open`. */
export class Code {
  #module;
  #bytes;
  #tables;
  #model;
  #instance;
  #fields;

  constructor(module, family, bytes, tables) {
    this.#module = module;
    this.#bytes = bytes;
    this.#tables = tables;
    /** "ifs", "pifs", "collage", "mosaic" or "grid". */
    this.family = family;
    const { width, height, channels } = this.fields;
    /** Of the picture, in pixels. */
    this.width = width;
    this.height = height;
    /** Colour channels: 1 is grey, 3 is sRGB. */
    this.channels = channels;
  }

  /** All numbers of the code by name; those of planes are in the array `planes`. Copies, row by row. */
  get fields() {
    return (this.#fields ??= this.#opened().fields());
  }

  /**
   * Give a collage the model that it was made with.
   *
   * @param {ArrayBuffer | Uint8Array} file `model.safetensors`
   * @throws {SelfsameError} InputError: it is another model, or none
   */
  useModel(file) {
    check(this.family === "collage", `only collages have models: this is a code of the family ${this.family}`);
    const model = readModel(new Uint8Array(file));
    this.#guarded((instance) => instance.useModel(model));
    this.#model = model;
  }

  /** Whether the code can be rendered: a collage needs its model; the networks that draw grids are not here. */
  get isComplete() {
    return this.family !== "grid" && (this.family !== "collage" || this.#model !== undefined);
  }

  /**
   * Draw the code.
   *
   * @param {object} [options] of the family:
   *   systems of maps ("ifs"): `scale` or `size`; of the plane `viewport` ([x_min, y_min, x_max, y_max], y up), `zoom`
   *   about `center` ([x, y]), `mode` ("binary", "grey", "log", "color", "flame") or `depth` of a recursion; of space
   *   `azimuth`, `elevation` and `zoom`; `points`, `supersample`, `seed`: as for `selfsame.ifs.render.pictures.render`.
   *   block codes ("pifs"): `scale` (up to 64) or `size` ([width, height]); `region` ([x0, y0, x1, y1] in pixels of
   *   the original); `iterations` of the map.
   *   collages: `scale` or `size`; `iterations`.
   *   grids: not at all, they need their model's network.
   *   mosaics: `scale` or `size`; `zoom`, up to 1e9, about `center` ([x, y] in pixels of the original).
   * @returns {{width: number, height: number, data: Uint8ClampedArray}} red, green, blue and alpha of each pixel, for
   *   `new ImageData(data, width, height)`
   * @throws {SelfsameError} InputError: an option out of its range, or a collage whose model is not at hand;
   *   MemoryError: it takes more than there is
   */
  render(options = {}) {
    return this.#guarded((instance) => RENDERERS[this.family](instance, this, options));
  }

  /** Do something with the instance, and drop it if that is its end. */
  #guarded(work) {
    const instance = this.#opened();
    try {
      return work(instance);
    } finally {
      if (!instance.isAlive) this.#instance = undefined;
    }
  }

  #opened() {
    if (!this.#instance) {
      const instance = new Instance(this.#module);
      instance.read(this.#bytes);
      instance.unpack(this.#tables);
      if (this.#model) instance.useModel(this.#model);
      this.#instance = instance;
    }
    return this.#instance;
  }
}

/** The compiled module with a memory of its own. A fault ends it. */
class Instance {
  isAlive = true;
  #exports;

  constructor(module) {
    this.#exports = new WebAssembly.Instance(module).exports;
    this.#exports._initialize();
  }

  read(bytes) {
    return this.call("read", this.#put(bytes), bytes.length);
  }

  unpack(tables) {
    this.call("unpack", this.#put(tables), tables.length);
  }

  useModel({ numbers, shape }) {
    const bytes = new Uint8Array(numbers.buffer);
    this.call("use_model", this.#put(bytes), numbers.length, this.#put(shape), shape.length);
  }

  call(name, ...values) {
    try {
      return this.#exports[name](...values);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      this.isAlive = false;
      throw this.#fault();
    }
  }

  /** Copy what lies in memory. */
  array(Type, place, count) {
    return new Type(this.#exports.memory.buffer, place, count).slice();
  }

  text(place, count) {
    return new TextDecoder().decode(this.array(Uint8Array, place, count));
  }

  fields() {
    const READERS = [
      (place, count) => this.text(place, count),
      ...[Uint8Array, Int8Array, Int32Array, Float64Array].map((T) => (place, count) => this.array(T, place, count)),
      (place) => this.array(Float64Array, place, 1)[0],
    ];
    const records = this.array(Uint32Array, this.call("fields"), 5 * this.call("field_count"));
    const all = {};
    for (let i = 0; i < records.length; i += 5) {
      const [name, length, type, count, data] = records.subarray(i, i + 5);
      const path = this.text(name, length).split(".");
      let owner = all;
      path.slice(0, -1).forEach((part, k) => {
        owner = owner[part] ??= /^\d/.test(path[k + 1]) ? [] : {};
      });
      owner[path.at(-1)] = READERS[type](data, count);
    }
    if (all.notes) all.notes = texts(all.notes);
    return all;
  }

  #put(bytes) {
    const place = this.call("reserve", bytes.length);
    new Uint8Array(this.#exports.memory.buffer, place, bytes.length).set(bytes);
    return place;
  }

  #fault() {
    const place = this.#exports.fault();
    const [fault, length] = this.array(Int32Array, place, 2);
    return new SelfsameError(FAULTS[fault] ?? "InternalError", this.text(place + 8, length));
  }
}

const RENDERERS = {
  ifs(instance, code, options) {
    const { scale, size, points = 0, supersample = 0, zoom = 1, seed = 0 } = options;
    const [width, height] = sizeOf(code, scale, size);
    check(points === 0 || isWhole(points, 1, MAX_POINTS), `points must be 1 to ${MAX_POINTS}: got ${points}`);
    check(isWhole(supersample, 0, MAX_SUPERSAMPLE), `supersample must be 1 to ${MAX_SUPERSAMPLE}: got ${supersample}`);
    check(isWhole(seed, 0, Number.MAX_SAFE_INTEGER), `seed must be a whole number from 0 on: got ${seed}`);
    const draw = (name, ...values) => picture(instance, width, height, name, width, height, ...values);
    if (code.fields.dimension === 3) {
      const { azimuth = 30, elevation = 20 } = options;
      check(Number.isFinite(azimuth) && Math.abs(elevation) <= 90, "azimuth is finite, elevation within -90..90");
      check(0 < zoom && zoom <= 1e4, `zoom must be above 0 and at most 10000: got ${zoom}`);
      return draw("draw_space", azimuth, elevation, zoom, points, supersample || 2, seed);
    }
    const view = zoomed(options.viewport ?? [...code.fields.viewport], zoom, options.center);
    let { mode = "auto", depth } = options;
    if (depth === undefined && !points && mode === "auto") depth = fittedDepth(code);
    if (depth !== undefined) {
      check(isWhole(depth, 0, 2 ** 31 - 1), `depth must be at least 0: got ${depth}`);
      check(code.fields.shape, "this code has no leaf shape that a recursion could draw");
      return draw("draw_leaves", ...view, depth);
    }
    if (mode === "auto") mode = code.channels === 3 ? "color" : "binary";
    check(MODES.includes(mode), `mode must be one of auto, ${MODES.join(", ")}: got ${mode}`);
    return draw("draw_points", ...view, MODES.indexOf(mode), points, supersample, seed);
  },

  collage(instance, code, { scale, size, iterations = code.fields.iterations }) {
    checkIterations(iterations);
    const [width, height] = sizeOf(code, scale, size);
    check(code.isComplete, `the file was made with model ${code.fields.model}, which is not at hand; give its file`);
    return picture(instance, width, height, "draw_collage", width, height, iterations);
  },

  mosaic(instance, code, { scale, size, zoom = 1, center = [code.width / 2, code.height / 2] }) {
    const [width, height] = sizeOf(code, scale, size);
    check(1 <= zoom && zoom <= MAX_ZOOM, `zoom must be within 1..${MAX_ZOOM}: got ${zoom}`);
    if (zoom === 1) return picture(instance, width, height, "draw_mosaic", width, height);
    check(!code.fields.pieces, "only a picture made of itself can be zoomed into without end");
    check(Math.max(width, height) <= MAX_FRAME_SIDE, `frames have sides of 1..${MAX_FRAME_SIDE}: got ${width}x${height}`);
    const [x, y] = [center[0] / code.width, center[1] / code.height];
    check(0 <= x && x <= 1 && 0 <= y && y <= 1, `the place to zoom to must lie in the picture: got ${center}`);
    const corner = [x, y].map((place) => place * (1 - 1 / zoom));
    return picture(instance, width, height, "view_mosaic", width, height, ...corner, 1 / zoom);
  },

  pifs(instance, code, { scale, size, region, iterations = code.fields.iterations }) {
    checkIterations(iterations);
    const { width, height, grid, isWholeScale, box } = sampling(code, scale, size, region);
    return picture(instance, width, height, "decode_pifs", ...box, grid, width, height, isWholeScale, iterations);
  },
  grid() {
    check(false, "a grid is drawn by its model's network, which the browser does not have: use `selfsame decode`");
  },
};

/** Return width and height of a view; a size takes the place of a scale. */
function sizeOf(code, scale, size) {
  check(scale === undefined || size === undefined, "give only one of size and scale");
  check(scale === undefined || (scale > 0 && Number.isFinite(scale)), `scale must be above 0: got ${scale}`);
  return checkedSize(size ?? [code.width, code.height].map((side) => Math.max(1, rounded(side * (scale ?? 1)))));
}

/** Return the window `zoom` times narrower and lower, around `center` or its own. */
function zoomed(view, zoom, center = [(view[0] + view[2]) / 2, (view[1] + view[3]) / 2]) {
  check(0 < zoom && zoom <= MAX_ZOOM, `zoom must be above 0 and at most ${MAX_ZOOM}: got ${zoom}`);
  const [halfWidth, halfHeight] = [(view[2] - view[0]) / zoom / 2, (view[3] - view[1]) / zoom / 2];
  const result = [center[0] - halfWidth, center[1] - halfHeight, center[0] + halfWidth, center[1] + halfHeight];
  const [x0, y0, x1, y1] = result;
  check(result.every(Number.isFinite) && x0 < x1 && y0 < y1, `viewport needs x_min < x_max and y_min < y_max`);
  const least = Math.min(x1 - x0, y1 - y0);
  check(least >= 1e-12 * Math.max(...result.map(Math.abs)), "the viewport is beyond what double precision resolves");
  return result;
}

/** Return the recursion depth that a code with a leaf shape was fitted at, if it says so. */
function fittedDepth(code) {
  const { shape, notes } = code.fields;
  return shape && /^\d{1,3}$/.test(notes.depth ?? "") ? Number(notes.depth) : undefined;
}

/** Return what must be computed of a block code; selfsame/pifs/decoding/decode.py has the same rules. */
function sampling(code, scale, size, region = [0, 0, code.width, code.height]) {
  const [x0, y0, x1, y1] = region;
  check(
    region.length === 4 && region.every(Number.isInteger) &&
      0 <= x0 && x0 < x1 && x1 <= code.width && 0 <= y0 && y0 < y1 && y1 <= code.height,
    `region must be x0, y0, x1, y1 with x0 < x1 and y0 < y1 within the picture of ${code.width}x${code.height}: ` +
      `got ${region}`,
  );
  check(scale === undefined || size === undefined, "give only one of size and scale");
  scale ??= 1;
  check(0 < scale && scale <= MAX_SCALE, `scale must be above 0 and at most ${MAX_SCALE}: got ${scale}`);
  const [width, height] = checkedSize(size ?? [x1 - x0, y1 - y0].map((side) => Math.max(1, rounded(side * scale))));
  const [across, down] = size ? [width / (x1 - x0), height / (y1 - y0)] : [scale, scale];
  const larger = Math.max(across, down);
  check(larger <= MAX_SCALE, `size must be at most ${MAX_SCALE} times that of the picture: got ${width}x${height}`);
  const grid = Math.max(1, Math.ceil(larger));
  return { width, height, grid, isWholeScale: across === grid && down === grid, box: region };
}

/** Call a function that returns pixels. */
function picture(instance, width, height, name, ...values) {
  const place = instance.call(name, ...values);
  return { width, height, data: instance.array(Uint8ClampedArray, place, 4 * width * height) };
}

function checkedSize(size) {
  const [width, height] = size;
  check(
    size.length === 2 && isWhole(width, 1, MAX_SIDE) && isWhole(height, 1, MAX_SIDE) && width * height <= MAX_PIXELS,
    `size is [width, height], whole numbers up to ${MAX_SIDE}, at most ${MAX_PIXELS} pixels: got ${size}`,
  );
  return size;
}

function checkIterations(iterations) {
  check(isWhole(iterations, 0, MAX_ITERATIONS), `iterations must be 0 to ${MAX_ITERATIONS}: got ${iterations}`);
}

function isWhole(value, least, most) {
  return Number.isInteger(value) && least <= value && value <= most;
}

function check(holds, message) {
  if (!holds) throw new SelfsameError("InputError", message);
}

/** Round halves to even numbers, as Python does. */
function rounded(value) {
  const up = Math.round(value);
  return value % 1 === 0.5 && up % 2 ? up - 1 : up;
}

/** Return the texts of a chunk of notes, alternately key and value, as an object. */
function texts(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + (bytes[at] | (bytes[at + 1] << 8));
    found.push(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(at + 2, end)));
    at = end;
  }
  return Object.fromEntries(found.flatMap((text, i) => (i % 2 ? [[found[i - 1], text]] : [])));
}

/** Return what a collage needs of its model's file: numbers as the core takes them, and the text that its fingerprint
 * begins with, written as Python writes it. */
function readModel(bytes) {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const start = 8 + Number(view.getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
    const config = header.__metadata__.config;
    const { overlap, atoms, domain_factors: factors, bound } = JSON.parse(config);
    const written = (name) => config.match(`"${name}": (\\[[^\\]]*\\]|[^,}]+)`)[1];
    const tensors = ["blocks.0", "blocks.1", "log_steps"].map((name) => {
      const { dtype, data_offsets: [from, to] } = header[`decoder.${name}`];
      return singles(dtype, bytes.slice(start + from, start + to).buffer);
    });
    return {
      numbers: joined([Float32Array.of(overlap, bound, factors.length, ...factors, ...atoms), ...tensors]),
      shape: new TextEncoder().encode(`[${["overlap", "domain_factors", "bound"].map(written).join(", ")}, 0.7]`),
    };
  } catch (error) {
    throw new SelfsameError("InputError", `this is no model of collages: ${error.message}`);
  }
}

function joined(arrays) {
  const result = new Float32Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    result.set(array, at);
    at += array.length;
  }
  return result;
}

/** Return the numbers of a tensor in single precision. */
function singles(dtype, buffer) {
  if (dtype === "F32") return new Float32Array(buffer);
  if (dtype !== "F16" && dtype !== "BF16") throw new Error(`its numbers are of type ${dtype}`);
  const words = new Uint16Array(buffer);
  const bits = new Uint32Array(words.length);
  const result = new Float32Array(bits.buffer);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const exponent = word & 0x7c00;
    if (dtype === "BF16") bits[i] = word << 16;
    else if (exponent) bits[i] = ((word & 0x8000) << 16) | (((word & 0x7fff) << 13) + (112 << 23));
    else result[i] = (word & 0x8000 ? -1 : 1) * (word & 0x3ff) * 2 ** -24;
  }
  return result;
}

const cache = new Map();

/** Return the bytes at an address, or what `made` makes of them; each address is read once. */
function loaded(url, made = (bytes) => bytes) {
  if (!cache.has(url.href)) {
    const result = fetched(url).then(made);
    result.catch(() => cache.delete(url.href));
    cache.set(url.href, result);
  }
  return cache.get(url.href);
}

async function fetched(url) {
  if (url.protocol === "file:") {
    const { readFile } = await import("node:fs/promises");
    return new Uint8Array(await readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} cannot be loaded: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
