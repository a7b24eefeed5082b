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

const FAMILIES = [, "ifs", "pifs", "collage", "mosaic"];
const FAULTS = ["TruncatedError", "CorruptedError", "UnsupportedError", "LimitError", "InputError", "MemoryError"];
const WITH_TABLES = ["pifs", "collage"];

const MAX_SIDE = 65535;
const MAX_PIXELS = 2 ** 27;
const MAX_SCALE = 64;
const MAX_ITERATIONS = 64;

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
 * @returns {Promise<Code>}
 * @throws {SelfsameError} TruncatedError, CorruptedError, UnsupportedError or LimitError: the file is unusable
 */
export async function open(file, { base = new URL("../", import.meta.url) } = {}) {
  const bytes = new Uint8Array(file).slice();
  const module = await loaded(new URL("web/selfsame.wasm", base), WebAssembly.compile);
  const family = FAMILIES[new Instance(module).read(bytes)];
  const tables = WITH_TABLES.includes(family) ? await loaded(new URL(`${family}/tables.npz`, base)) : new Uint8Array();
  return new Code(module, family, bytes, tables);
}

/** A picture as the parameters of a map whose fixed point it is. Made by `open`. */
export class Code {
  #module;
  #bytes;
  #tables;
  #instance;
  #fields;

  constructor(module, family, bytes, tables) {
    this.#module = module;
    this.#bytes = bytes;
    this.#tables = tables;
    /** "ifs", "pifs", "collage" or "mosaic". */
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
   * Draw the code.
   *
   * @param {object} [options] of the family:
   *   block codes ("pifs"): `scale` (up to 64) or `size` ([width, height]); `region` ([x0, y0, x1, y1] in pixels of
   *   the original); `iterations` of the map.
   * @returns {{width: number, height: number, data: Uint8ClampedArray}} red, green, blue and alpha of each pixel, for
   *   `new ImageData(data, width, height)`
   * @throws {SelfsameError} InputError: an option out of its range; MemoryError: it takes more than there is
   */
  render(options = {}) {
    const instance = this.#opened();
    try {
      return RENDERERS[this.family](instance, this, options);
    } catch (error) {
      if (!instance.isAlive) this.#instance = undefined;
      throw error;
    }
  }

  #opened() {
    if (!this.#instance) {
      const instance = new Instance(this.#module);
      instance.read(this.#bytes);
      instance.unpack(this.#tables);
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
  pifs(instance, code, { scale, size, region, iterations = code.fields.iterations }) {
    check(isWhole(iterations, 0, MAX_ITERATIONS), `iterations must be 0 to ${MAX_ITERATIONS}: got ${iterations}`);
    const { width, height, grid, isWholeScale, box } = sampling(code, scale, size, region);
    return picture(instance, width, height, "decode_pifs", ...box, grid, width, height, isWholeScale, iterations);
  },
};

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
