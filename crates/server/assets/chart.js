// Charts drawn as SVG: lines over the last two minutes, and bars.

export const WINDOW_MS = 120_000;
const LEFT = 46, RIGHT = 6, TOP = 8, BOTTOM = 18;

const NS = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(NS, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** The least of 1, 2, 4, 6, 8, 10, 20 ... that is not below `value`: half of each is a round number as well. */
export function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((step) => step * power).find((step) => step >= value * 0.9999);
}

class Frame {
  constructor(title, legends, note = "") {
    this.title = title;
    this.values = legends.map(() => element("b", {}, "–"));
    const entries = legends.map((name, i) =>
      element("span", { class: `legend ${["first", "second"][i]}` }, element("i"), `${name} `, this.values[i]));
    this.svg = svg("svg", { role: "img" });
    this.root = element("figure", { class: "chart" },
      element("figcaption", {}, element("span", { class: "title" }, title), ...entries, note), this.svg);
    new ResizeObserver(() => this.draw()).observe(this.svg);
  }

  /** Width and height in pixels, so that text keeps its size. */
  measure() {
    const { width, height } = this.svg.getBoundingClientRect();
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.width = width;
    this.height = height;
    return width > LEFT + RIGHT && height > TOP + BOTTOM;
  }

  y(value, top) {
    return this.height - BOTTOM - (value / top) * (this.height - TOP - BOTTOM);
  }

  grid(top, format) {
    return [0, 0.5, 1].flatMap((part) => {
      const y = this.y(part * top, top);
      const label = svg("text", { x: LEFT - 7, y: y + 3.5, "text-anchor": "end" }, format(part * top));
      return [svg("line", { class: "grid", x1: LEFT, x2: this.width - RIGHT, y1: y, y2: y }), label];
    });
  }

  describe(text) {
    this.svg.setAttribute("aria-label", `${this.title}: ${text}`);
  }
}

/** Up to two lines over time. */
export class LineChart extends Frame {
  /** `names`: of the lines; `format`: of a value; `floor`: the least height of the axis. */
  constructor({ title, names, format, floor = 0 }) {
    super(title, names);
    this.names = names;
    this.format = format;
    this.floor = floor;
    this.points = [];
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerleave", () => { this.at = null; this.draw(); });
  }

  /** `points`: `{ at, values }`, oldest first; `mark`: a value with a name, drawn as a dashed line. */
  update(points, mark = null) {
    this.points = points;
    this.mark = mark;
    this.draw();
  }

  point(event) {
    const left = this.svg.getBoundingClientRect().left;
    const now = this.points.at(-1)?.at ?? 0;
    const at = now - WINDOW_MS * (1 - (event.clientX - left - LEFT) / (this.width - LEFT - RIGHT));
    const distance = (point) => Math.abs(point.at - at);
    this.at = this.points.reduce((best, point) => (best && distance(best) <= distance(point) ? best : point), null)?.at;
    this.draw();
  }

  draw() {
    const shown = this.points.find((point) => point.at === this.at) ?? this.points.at(-1);
    this.values.forEach((node, i) => { node.textContent = this.format(shown?.values[i] ?? null); });
    if (!this.measure()) return;
    const now = this.points.at(-1)?.at ?? 0;
    const x = (at) => LEFT + (1 - (now - at) / WINDOW_MS) * (this.width - LEFT - RIGHT);
    const highest = Math.max(this.floor, ...this.points.flatMap((point) => point.values.map((v) => v ?? 0)));
    const top = ceiling(this.mark && this.mark.value < highest * 4 ? Math.max(highest, this.mark.value * 1.05) : highest);
    const parts = this.grid(top, this.format);
    parts.push(...this.times(x, now));
    this.names.forEach((_, i) => parts.push(...this.line(i, x, top)));
    if (this.mark && this.mark.value <= top) parts.push(...this.marked(top));
    if (shown && this.at != null) parts.push(...this.cursor(shown, x, top));
    this.svg.replaceChildren(...parts);
    this.describe(this.names.map((name, i) => `${name} ${this.format(this.points.at(-1)?.values[i] ?? null)}`).join(", "));
  }

  times(x, now) {
    const y = this.height - 4;
    return [["2 min ago", now - WINDOW_MS, "start"], ["1 min", now - WINDOW_MS / 2, "middle"], ["now", now, "end"]].map(
      ([text, at, anchor]) => svg("text", { x: x(at), y, "text-anchor": anchor }, text));
  }

  line(i, x, top) {
    const runs = [[]];
    for (const { at, values } of this.points) {
      if (values[i] == null) runs.push([]);
      else runs.at(-1).push([x(at), this.y(values[i], top)]);
    }
    const path = (run) => run.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join("L");
    const class_ = ["first", "second"][i];
    return runs.filter((run) => run.length > 0).flatMap((run) => {
      const [from, to, ground] = [run[0][0], run.at(-1)[0], this.y(0, top)];
      const line = svg("path", { class: `line ${class_}`, d: `M${path(run)}${run.length === 1 ? "h.01" : ""}` });
      if (i > 0) return [line];
      return [svg("path", { class: "area", d: `M${from},${ground}L${path(run)}L${to},${ground}Z` }), line];
    });
  }

  marked(top) {
    const y = this.y(this.mark.value, top);
    return [
      svg("line", { class: "mark", x1: LEFT, x2: this.width - RIGHT, y1: y, y2: y }),
      svg("text", { class: "mark-text", x: LEFT + 5, y: y - 4 }, this.mark.name),
    ];
  }

  cursor(shown, x, top) {
    const at = x(shown.at);
    const dots = shown.values.map((value, i) =>
      value == null ? "" : svg("circle", { class: `dot ${["first", "second"][i]}`, cx: at, cy: this.y(value, top), r: 3.5 }));
    return [svg("line", { class: "cursor", x1: at, x2: at, y1: TOP, y2: this.height - BOTTOM }), ...dots];
  }
}

/** Bars, each with a name below it. */
export class BarChart extends Frame {
  constructor({ title, note, format }) {
    super(title, [], element("span", { class: "legend" }, note));
    this.format = format;
    this.bars = [];
  }

  /** `bars`: pairs of a name and a value. */
  update(bars) {
    this.bars = bars;
    this.draw();
  }

  draw() {
    if (!this.measure()) return;
    const top = ceiling(Math.max(0, ...this.bars.map(([, value]) => value)));
    const step = (this.width - LEFT - RIGHT) / Math.max(1, this.bars.length);
    const every = Math.ceil(30 / step);
    const bars = this.bars.flatMap(([name, value], i) => {
      const [x, y] = [LEFT + i * step, this.y(value, top)];
      const height = Math.max(value > 0 ? 1.5 : 0, this.height - BOTTOM - y);
      const wide = Math.min(step * 0.72, 44);
      const from = x + (step - wide) / 2;
      const label = i % every ? "" : svg("text", { x: x + step / 2, y: this.height - 4, "text-anchor": "middle" }, name);
      const bar = svg("rect", { class: "bar", x: from, y: this.height - BOTTOM - height, width: wide, height, rx: Math.min(2, height / 2) },
        svg("title", {}, `${name}: ${this.format(value)}`));
      return [bar, label];
    });
    this.svg.replaceChildren(...this.grid(top, this.format), ...bars);
    this.describe(this.bars.map(([name, value]) => `${name}: ${this.format(value)}`).join(", "));
  }
}
