// A request that fits a model's inputs, with values drawn at random.

/** Shapes in full: `rows` for the batch axis, `length` for the other free ones. */
function shapeOf(input, rows, length) {
  return input.shape.map((size, axis) => (size >= 0 ? size : axis === 0 ? rows : length));
}

export function hasFreeAxes(metadata) {
  return metadata.inputs.some((input) => input.shape.slice(1).some((size) => size < 0));
}

const DRAW = {
  BOOL: () => Math.random() < 0.5,
  BYTES: () => ["red", "green", "blue"][Math.floor(Math.random() * 3)],
};

function draw(datatype) {
  if (DRAW[datatype]) return DRAW[datatype]();
  if (/^U?INT/.test(datatype)) return Math.floor(Math.random() * 10);
  return Math.round((Math.random() * 2 - 1) * 1000) / 1000;
}

/** The request's JSON, one line for each row of the first axis. */
export function sampleRequest(metadata, rows, length) {
  const inputs = metadata.inputs.map((input) => {
    const shape = shapeOf(input, rows, length);
    const size = shape.reduce((product, n) => product * n, 1);
    const first = Math.max(1, shape[0] ?? 1);
    const values = Array.from({ length: size }, () => JSON.stringify(draw(input.datatype)));
    const lines = Array.from({ length: first }, (_, row) =>
      `        ${values.slice((row * size) / first, ((row + 1) * size) / first).join(", ")}`);
    const head = ["name", "datatype"].map((key) => `      ${JSON.stringify(key)}: ${JSON.stringify(input[key])},`);
    return ["    {", ...head, `      "shape": ${JSON.stringify(shape)},`, '      "data": [', lines.join(",\n"), "      ]", "    }"].join("\n");
  });
  return `{\n  "inputs": [\n${inputs.join(",\n")}\n  ]\n}`;
}

/** An answer's JSON with its arrays of numbers on one line each. */
export function pretty(answer) {
  return JSON.stringify(answer, null, 2).replace(/\[[^[\]{}]*\]/g, (list) => list.replace(/\s+/g, " "));
}
