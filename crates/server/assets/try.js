// The form that sends a sample request and shows the answer and where its time went.

import { decode, encode } from "./binary.js";
import { element } from "./chart.js";
import * as format from "./format.js";
import { ask, curlKey } from "./key.js";
import { hasFreeAxes, pretty, sampleRequest } from "./sample.js";

const ANSWER_CHARACTERS_MAX = 20_000;

const at = (id) => document.getElementById(id);
const form = at("try"), model = at("try-model"), body = at("try-body");
let metadata = null;

const path = () => `/v2/models/${model.value.split("/").map(encodeURIComponent).join("/versions/")}`;

async function offer(models) {
  const chosen = model.value;
  model.replaceChildren(...models.map((name) => element("option", { value: name }, name.replace("/", ", version "))));
  at("try-send").disabled = models.length === 0;
  if (models.includes(chosen)) model.value = chosen;
  else await describe();
}

async function describe() {
  metadata = null;
  if (!model.value) return;
  const response = await ask(path());
  const answer = await response.json();
  if (!response.ok) {
    fail(`The model cannot be described: ${answer.error ?? response.status}`);
    return;
  }
  metadata = answer;
  at("try-length-field").hidden = !hasFreeAxes(metadata);
  drawSample();
}

function drawSample() {
  if (!metadata) return;
  const number = (id) => Math.max(1, Math.floor(Number(at(id).value)) || 1);
  body.value = sampleRequest(metadata, number("try-rows"), number("try-length"));
}

async function send() {
  const button = at("try-send");
  button.disabled = true;
  const start = performance.now();
  try {
    const response = await ask(`${path()}/infer`, { method: "POST", ...encode(body.value) });
    const bytes = await response.arrayBuffer();
    show(response, bytes, (performance.now() - start) * 1000);
  } catch (error) {
    fail(error.message);
  } finally {
    button.disabled = false;
  }
}

function show(response, bytes, took_us) {
  const status = at("try-status");
  status.textContent = `${response.status} ${response.statusText}`;
  status.className = response.ok ? "good" : "bad";
  const shown = pretty(decode(response, bytes));
  const rest = shown.length > ANSWER_CHARACTERS_MAX ? `\n… ${bytes.byteLength} bytes in all` : "";
  at("try-answer").textContent = shown.slice(0, ANSWER_CHARACTERS_MAX) + rest;
  timing(response.headers.get("server-timing"), took_us);
}

/** The Server-Timing header, and what of the time was spent elsewhere: in the network, in this browser. */
function timing(header, took_us) {
  at("try-timing").hidden = !header;
  if (!header) return;
  const entries = Object.fromEntries(header.split(",").map((entry) => {
    const [name, ...rest] = entry.trim().split(";");
    return [name, rest.join(";").replace(/^(dur|desc)=/, "")];
  }));
  const us = (name) => Number(entries[name] ?? 0) * 1000;
  const parts = [["queue", "queued", us("queue")], ["compute", "computed", us("compute")]];
  parts.push(["rest", "elsewhere", Math.max(0, took_us - us("queue") - us("compute"))]);
  at("try-bar").replaceChildren(...parts.map(([name, , time]) => {
    const part = element("span", { class: name });
    part.style.flexBasis = `${(100 * time) / took_us}%`;
    return part;
  }));
  const shown = parts.map(([name, word, time]) => entry(word, format.text(format.time(time)), name));
  at("try-times").replaceChildren(...shown, entry("rows in its batch", entries.batch ?? "–"));
  at("try-header").textContent = `Server-Timing: ${header}`;
}

function entry(term, value, name) {
  return element("div", {}, element("dt", name ? { class: name } : {}, term), element("dd", {}, value));
}

function fail(message) {
  at("try-status").textContent = "";
  at("try-timing").hidden = true;
  at("try-answer").textContent = message;
}

async function copy({ target }) {
  const quoted = body.value.replaceAll("'", "'\\''");
  const command = `curl -s${curlKey()} ${location.origin}${path()}/infer -d '${quoted}'`;
  try {
    await navigator.clipboard.writeText(command);
    target.textContent = "Copied";
    target.addEventListener("blur", () => { target.textContent = "Copy as curl"; }, { once: true });
  } catch {
    // Pages that came over plain HTTP from another machine may not write there.
    fail(command);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
model.addEventListener("change", () => describe().catch((error) => fail(error.message)));
at("try-rows").addEventListener("change", drawSample);
at("try-length").addEventListener("change", drawSample);
at("try-draw").addEventListener("click", drawSample);
at("try-copy").addEventListener("click", copy);
document.addEventListener("models", (event) => offer(event.detail).catch((error) => fail(error.message)));
