// Shows the OpenAPI document.

import "./theme.js";
import { element } from "./chart.js";
import { ask } from "./key.js";
import { describe, resolve } from "./schema.js";

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options"];
const DOCUMENT = "/docs/openapi.json";

const place = document.getElementById("docs");

async function run() {
  const response = await ask(DOCUMENT);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  show(await response.json());
}

function show(api) {
  const order = (tag) => (api.tags ?? []).findIndex(({ name }) => name === tag);
  const groups = [...Map.groupBy(operations(api), (operation) => operation.tags?.[0] ?? "other")]
    .sort(([one], [other]) => order(one) - order(other));
  const sections = groups.map(([tag, operations]) => {
    const about = api.tags?.find(({ name }) => name === tag)?.description;
    return element("section", { class: "group" }, element("h2", {}, title(tag)), ...paragraphs(about),
      ...operations.map((operation) => card(api, operation)));
  });
  const about = api.info.description;
  place.replaceChildren(
    element("header", { class: "intro" }, element("h1", {}, `${api.info.title} ${api.info.version}`), ...paragraphs(about)),
    ...sections);
  document.getElementById("contents").replaceChildren(...groups.flatMap(([tag, operations]) => [
    element("h3", {}, title(tag)),
    element("ul", {}, ...operations.map((operation) =>
      element("li", {}, element("a", { href: `#${id(operation)}` }, operation.summary ?? operation.path)))),
  ]));
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function operations(api) {
  return Object.entries(api.paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) => ({
      path,
      method,
      ...methods[method],
      parameters: [...(methods.parameters ?? []), ...(methods[method].parameters ?? [])].map((p) => resolve(api, p)),
    })));
}

const id = ({ method, path }) => `${method}${path}`.replaceAll(/[^a-z0-9]+/gi, "-");
const title = (tag) => tag.charAt(0).toUpperCase() + tag.slice(1).replaceAll("_", " ");
const paragraphs = (text) => (text ?? "").split(/\n\s*\n/).filter(Boolean).map((part) => element("p", {}, ...inline(part)));

/** Text with its `code` set apart. */
function inline(text) {
  return text.split("`").map((part, i) => (i % 2 ? element("code", {}, part) : part));
}

function card(api, operation) {
  const { method, path, summary, description } = operation;
  const said = description && description !== summary ? description : "";
  return element("article", { class: "card operation", id: id(operation) },
    element("header", {}, element("span", { class: `method ${method}` }, method.toUpperCase()), element("code", {}, path)),
    ...paragraphs(summary), ...paragraphs(said),
    ...parameters(api, operation), ...body(api, operation), ...responses(api, operation));
}

function parameters(api, { parameters }) {
  if (parameters.length === 0) return [];
  const rows = parameters.map((p) => element("tr", {},
    element("td", {}, element("code", {}, p.name), " ", element("span", { class: "needed" }, p.required ? "" : "optional")),
    element("td", { class: "place" }, `in ${p.in}`),
    element("td", {}, ...inline(p.description ?? (p.schema ? describe(api, p.schema) : "")))));
  return [element("h4", {}, "Parameters"), element("table", {}, ...rows)];
}

function body(api, { requestBody }) {
  const request = resolve(api, requestBody);
  if (!request) return [];
  return [element("h4", {}, "Request"), ...paragraphs(request.description), ...content(api, request.content)];
}

function responses(api, operation) {
  const rows = Object.entries(operation.responses ?? {}).map(([status, given]) => {
    const response = resolve(api, given) ?? {};
    return element("tr", {}, element("td", {}, element("code", {}, status)),
      element("td", {}, ...inline(response.description ?? ""), ...content(api, response.content)));
  });
  return rows.length > 0 ? [element("h4", {}, "Answers"), element("table", {}, ...rows)] : [];
}

function content(api, kinds = {}) {
  return Object.entries(kinds).map(([kind, { schema, example }]) => {
    const text = schema ? describe(api, schema) : "";
    const parts = [];
    if (text.includes("\n")) parts.push(element("pre", {}, element("code", {}, ...commented(text))));
    else if (text && text !== "any") parts.push(element("p", { class: "hint" }, text));
    if (example !== undefined) {
      const shown = typeof example === "string" ? example : JSON.stringify(example, null, 2);
      parts.push(element("p", { class: "hint" }, "For example"), element("pre", {}, element("code", {}, shown)));
    }
    return parts.length > 0
      ? element("details", {}, element("summary", {}, kind), ...parts)
      : element("p", { class: "hint" }, kind);
  });
}

function commented(text) {
  return text.split("\n").flatMap((line, i) => {
    const node = /^\s*\/\//.test(line) ? element("span", { class: "comment" }, line) : line;
    return i > 0 ? ["\n", node] : [node];
  });
}

run().catch((error) => {
  place.replaceChildren(element("p", { class: "empty" }, `The document cannot be shown: ${error.message}.`));
});
document.getElementById("download").addEventListener("click", async (event) => {
  // A plain link would be followed without the key.
  event.preventDefault();
  const text = await (await ask(DOCUMENT)).blob();
  const link = element("a", { href: URL.createObjectURL(text), download: "openapi.json" });
  link.click();
  URL.revokeObjectURL(link.href);
});
