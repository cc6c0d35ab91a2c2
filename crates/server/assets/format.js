// Numbers as people read them: three significant digits, the unit beside them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const three = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** @returns {[string, string]} the number and the unit it is in */
export function split(value, units) {
  const [scale, unit] = units.find(([scale]) => Math.abs(value) >= scale) ?? units.at(-1);
  return [three.format(value / scale), unit];
}

const COUNTS = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
const TIMES_US = [[60e6, "min"], [1e6, "s"], [1e3, "ms"], [1, "µs"]];
const BYTES = [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]];

/** A count: every digit up to 10 000, then in thousands, millions ... */
export function count(value) {
  if (value == null) return ["–", ""];
  if (value >= 1e4) return split(value, COUNTS);
  return [value >= 100 ? whole.format(value) : three.format(value), ""];
}

/** A time in microseconds. */
export function time(us) {
  return us == null ? ["–", ""] : split(us, TIMES_US);
}

export function bytes(value) {
  return value == null ? ["–", ""] : split(value, BYTES);
}

export function share(value) {
  return value == null ? ["–", ""] : [(value * 100).toFixed(value >= 0.0995 || value === 0 ? 0 : 1), "%"];
}

/** A time in milliseconds, from days to seconds. */
export function duration(ms) {
  const s = Math.floor(ms / 1000);
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([size]) => s >= size);
  if (first < 0) return "0 s";
  let rest = s;
  const words = parts.slice(first, first + 2).map(([size, unit]) => {
    const n = Math.floor(rest / size);
    rest -= n * size;
    return n > 0 ? `${n} ${unit}` : "";
  });
  return words.filter(Boolean).join(" ");
}

/** The number and its unit in one text. */
export function text([number, unit]) {
  return unit ? `${number}\u202f${unit}` : number;
}
