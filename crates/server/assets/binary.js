// Half-precision numbers, which the protocol has no JSON for: they travel as bytes behind it.

const BYTES = { FP16: 2, BF16: 2 };
const JSON_LENGTH = "inference-header-content-length";

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

const to = {
  BF16(value) {
    floats[0] = value;
    // To the nearest, and of two that are as near to the even one.
    return Number.isNaN(value) ? 0x7fc0 : (words[0] + 0x7fff + ((words[0] >>> 16) & 1)) >>> 16;
  },
  FP16(value) {
    if (Number.isNaN(value)) return 0x7e00;
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    const size = Math.abs(value);
    if (size >= 65520) return sign | 0x7c00;
    const exponent = Math.max(-14, Math.floor(Math.log2(size || 1)));
    const scaled = size / 2 ** (exponent - 10);
    const floor = Math.floor(scaled);
    const up = scaled - floor > 0.5 || (scaled - floor === 0.5 && floor % 2 === 1);
    // A fraction that reaches the next power of two carries over into the exponent.
    const whole = floor + (up ? 1 : 0);
    return sign | (size < 2 ** -14 ? whole : ((exponent + 14) << 10) + whole);
  },
};

const from = {
  BF16(bits) {
    words[0] = bits << 16;
    return floats[0];
  },
  FP16(bits) {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
  },
};

/** The headers and the body of a request whose JSON may hold half-precision numbers. */
export function encode(text) {
  const request = parsed(text);
  const halves = Array.isArray(request?.inputs) ? request.inputs.filter(isHalf) : [];
  if (halves.length === 0) return { headers: { "content-type": "application/json" }, body: text };
  const tails = halves.map((input) => {
    const bits = Uint16Array.from(input.data.flat(Infinity), to[input.datatype]);
    input.parameters = { ...input.parameters, binary_data_size: bits.byteLength };
    delete input.data;
    return bits;
  });
  const json = new TextEncoder().encode(JSON.stringify(request));
  return { headers: { [JSON_LENGTH]: json.length }, body: new Blob([json, ...tails]) };
}

/** An answer's JSON, with the values that came as bytes in it. */
export function decode(response, bytes) {
  const length = Number(response.headers.get(JSON_LENGTH) ?? bytes.byteLength);
  const answer = JSON.parse(new TextDecoder().decode(bytes.slice(0, length)));
  let at = length;
  for (const output of answer.outputs ?? []) {
    const size = output.parameters?.binary_data_size;
    if (size === undefined) continue;
    const bits = new Uint16Array(bytes.slice(at, at + size));
    at += size;
    if (BYTES[output.datatype]) output.data = Array.from(bits, from[output.datatype]);
  }
  return answer;
}

const isHalf = (input) => BYTES[input.datatype] && Array.isArray(input.data);

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    // The server says what is wrong with it.
    return null;
  }
}
