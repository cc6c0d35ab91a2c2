// One card a model: what it is, its figures now, and its charts.

import { BarChart, LineChart, WINDOW_MS, element } from "./chart.js";
import * as format from "./format.js";

const asText = (as) => (value) => format.text(as(value));

/** The figures at the top of a card: a name, how a point gives it, and the unit after the number's own. */
const FIGURES = [
  ["Requests", (p) => format.count(p.requests), "/s"],
  ["Rows", (p) => format.count(p.rows), "/s"],
  ["Median", (p) => format.time(p.p50), ""],
  ["99th percentile", (p) => format.time(p.p99), ""],
  ["Rows a batch", (p) => format.count(p.batch), ""],
  ["Rows waiting", (p) => format.count(p.queued), ""],
  ["Lanes busy", (p) => format.share(p.busy), ""],
  ["Padding", (p) => format.share(p.padding), ""],
];

export class Card {
  constructor(model, isOpen) {
    this.points = [];
    this.title = element("h2", {}, model.name, element("span", { class: "version" }, ` version ${model.version}`));
    this.state = element("span", { class: "pill" });
    this.tags = element("ul", { class: "tags" });
    this.reason = element("p", { class: "reason", hidden: "" });
    this.figures = FIGURES.map(() => element("dd", {}, "–"));
    const list = FIGURES.map(([name], i) => element("div", {}, element("dt", {}, name), this.figures[i]));
    this.charts = charts();
    this.body = element("div", {}, element("dl", { class: "figures" }, ...list),
      element("details", isOpen ? { open: "" } : {}, element("summary", {}, "Charts"),
        element("div", { class: "charts" }, ...Object.values(this.charts).map((chart) => chart.root))));
    this.root = element("section", { class: "card model", "data-model": model.name, "aria-label": `Model ${model.name}` },
      element("header", { class: "head" }, this.title, this.state, this.tags), this.reason, this.body);
  }

  /** Shows what the model is now, and adds a point of what it did since the last reading. */
  update(model, point) {
    const ready = model.state === "READY";
    this.state.textContent = model.state.toLowerCase();
    this.state.dataset.tone = ready ? "good" : "bad";
    this.reason.textContent = model.reason;
    this.reason.hidden = ready || model.reason === "";
    this.body.hidden = !model.running;
    this.tags.replaceChildren(...tags(model.running).map((tag) => element("li", {}, tag)));
    if (!model.running || !point) return;
    this.points.push(point);
    while (this.points[0].at < point.at - WINDOW_MS) this.points.shift();
    this.draw(model.running, point);
  }

  draw(running, point) {
    FIGURES.forEach(([, value, unit], i) => {
      const [number, own] = value(point);
      const after = number === "–" ? "" : [own, unit].filter(Boolean).join(" ");
      this.figures[i].replaceChildren(number, ...(after ? [element("small", {}, after)] : []));
    });
    const line = (chart, mark, ...values) =>
      chart.update(this.points.map((p) => ({ at: p.at, values: values.map((value) => value(p)) })), mark);
    const slo = running.slo_us && { value: running.slo_us, name: `SLO ${format.text(format.time(running.slo_us))}` };
    const { throughput, latency, split, batch, sizes, queue } = this.charts;
    line(throughput, null, (p) => p.requests, (p) => p.refused + p.failed);
    line(latency, slo, (p) => p.p99, (p) => p.p50);
    line(split, null, (p) => p.compute, (p) => p.queue);
    line(batch, { value: running.max_batch, name: `largest ${running.max_batch}` }, (p) => p.batch);
    line(queue, { value: running.queue_limit, name: `limit ${running.queue_limit}` }, (p) => p.queued);
    sizes.update(running.batch_sizes.map(([size], i) =>
      [`${size}`, this.points.reduce((sum, p) => sum + p.batches[i][1], 0)]));
  }
}

function charts() {
  const count = asText(format.count), time = asText(format.time);
  return {
    throughput: new LineChart({ title: "Requests a second", names: ["answered", "refused"], format: count, floor: 4 }),
    latency: new LineChart({ title: "Latency", names: ["p99", "p50"], format: time, floor: 100 }),
    queue: new LineChart({ title: "Rows waiting", names: ["rows"], format: count, floor: 4 }),
    batch: new LineChart({ title: "Rows a batch", names: ["mean"], format: count, floor: 2 }),
    sizes: new BarChart({ title: "Batches by their rows", note: "up to so many rows, in the last 2 min", format: count }),
    split: new LineChart({ title: "Median time", names: ["computing", "queued"], format: time, floor: 100 }),
  };
}

function tags(running) {
  if (!running) return [];
  const lanes = `${running.lanes} ${running.lanes === 1 ? "lane" : "lanes"}`;
  const slo = running.slo_us ? [`SLO ${format.text(format.time(running.slo_us))}`] : [];
  return [`${running.backend} ${running.backend_version.replace(/ \(.*\)$/, "")}`, running.device, lanes, running.policy, ...slo];
}
