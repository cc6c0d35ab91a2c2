// JSON schemas in words that read like the JSON they describe.

const DEPTH_MAX = 8;

/** Follows `$ref`s within the document; nothing where one leads nowhere. */
export function resolve(document, schema) {
  let seen = 0;
  while (schema?.$ref && seen++ < DEPTH_MAX) {
    const steps = schema.$ref.replace(/^#\//, "").split("/");
    schema = steps.reduce((node, step) => node?.[step.replaceAll("~1", "/").replaceAll("~0", "~")], document);
  }
  return schema;
}

/** A schema as lines of text; `//` begins what is said of a line. */
export function describe(document, schema, depth = 0, indent = "") {
  const known = resolve(document, schema);
  if (!known || depth > DEPTH_MAX) return nameOf(schema);
  for (const [key, between] of [["oneOf", " | "], ["anyOf", " | "], ["allOf", " & "]]) {
    if (known[key]) return known[key].map((one) => describe(document, one, depth + 1, indent)).join(between);
  }
  if (known.enum) return known.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (known.const !== undefined) return JSON.stringify(known.const);
  const types = [known.type ?? (known.properties ? "object" : "any")].flat();
  return types.map((type) => one(document, known, type, depth, indent)).join(" | ");
}

function one(document, schema, type, depth, indent) {
  if (type === "array") return `[${describe(document, schema.items ?? {}, depth + 1, indent)}, …]`;
  if (type !== "object") return schema.format && type !== "null" ? `${type} (${schema.format})` : type;
  const inner = `${indent}  `;
  const needed = new Set(schema.required ?? []);
  const lines = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const said = (resolve(document, property)?.description ?? property.description)?.trim().split("\n");
    const comment = said ? said.map((line) => `${inner}// ${line}`) : [];
    const mark = needed.has(name) ? "" : "?";
    return [...comment, `${inner}${JSON.stringify(name)}${mark}: ${describe(document, property, depth + 1, inner)},`];
  });
  if (schema.additionalProperties) {
    const value = schema.additionalProperties === true ? {} : schema.additionalProperties;
    lines.push(`${inner}[name]: ${describe(document, value, depth + 1, inner)},`);
  }
  return lines.length > 0 ? `{\n${lines.join("\n")}\n${indent}}` : "{}";
}

function nameOf(schema) {
  return schema?.$ref?.split("/").at(-1) ?? "any";
}
