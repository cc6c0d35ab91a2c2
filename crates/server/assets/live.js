// Reads what the server has counted, once a second, and shows what that comes to.

import "./theme.js";
import { Card } from "./cards.js";
import { element } from "./chart.js";
import * as format from "./format.js";
import { ask } from "./key.js";
import { between } from "./rates.js";

const EVERY_MS = 1000;
/** So many models show their charts unasked. */
const OPEN_MAX = 3;

const models = document.getElementById("models");
const cards = new Map();
let before = null;
let offered = null;

async function read() {
  try {
    const response = await ask("/-/live");
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const now = await response.json();
    show(now);
    before = now;
  } catch {
    status("out of reach", "bad");
  }
}

function show(now) {
  status(now.ready ? "ready" : "not ready", now.ready ? "good" : "bad");
  facts(now);
  offer(now);
  document.getElementById("empty").hidden = now.models.length > 0;
  const known = new Set(now.models.map(name));
  for (const [key, card] of cards) {
    if (!known.has(key)) {
      card.root.remove();
      cards.delete(key);
    }
  }
  for (const model of now.models) {
    const card = cards.get(name(model)) ?? added(model);
    card.update(model, point(now, model));
  }
}

const name = (model) => `${model.name}/${model.version}`;

/** Tells the form which models can be tried, whenever they change. */
function offer(now) {
  const running = now.models.filter((model) => model.running).map(name);
  if (running.join() !== offered?.join()) {
    offered = running;
    document.dispatchEvent(new CustomEvent("models", { detail: running }));
  }
}

function added(model) {
  const card = new Card(model, cards.size < OPEN_MAX);
  cards.set(name(model), card);
  models.append(card.root);
  return card;
}

/** What a model did since the last reading; nothing where there was none, or the server is another by now. */
function point(now, model) {
  const earlier = before?.models.find((other) => name(other) === name(model))?.running;
  const ms = now.uptime_ms - (before?.uptime_ms ?? 0);
  if (!earlier || !model.running || ms <= 0) return null;
  const rates = between(earlier, model.running, ms / 1000, now.bounds_us);
  return rates && { at: now.uptime_ms, ...rates };
}

function facts(now) {
  const ms = before ? now.uptime_ms - before.uptime_ms : 0;
  const cpu = ms > 0 ? (now.cpu_ms - before.cpu_ms) / ms : null;
  const shown = [
    ["Version", now.version],
    ["Up", format.duration(now.uptime_ms)],
    ["Connections", `${format.text(format.count(now.connections_open))} of ${format.text(format.count(now.connections_max))}`],
    ["In flight", format.text(format.bytes(now.in_flight_bytes))],
    ["Memory", format.text(format.bytes(now.resident_bytes))],
    ["CPU", cpu == null ? "–" : format.text(format.share(cpu))],
  ];
  document.getElementById("facts").replaceChildren(...shown.map(([term, value]) =>
    element("div", {}, element("dt", {}, term), element("dd", {}, value))));
}

function status(text, tone) {
  const pill = document.getElementById("status");
  if (pill.textContent !== text) pill.textContent = text;
  pill.dataset.tone = tone;
}

async function run() {
  if (!document.hidden) await read();
  setTimeout(run, EVERY_MS);
}

document.addEventListener("visibilitychange", () => {
  // What happened while nobody looked is not drawn as one long second.
  if (document.hidden) before = null;
});
run();
