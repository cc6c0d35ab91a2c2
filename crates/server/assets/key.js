// Asks this server, with the key that the reader gave where one is needed. Keeps the chosen theme as well.

const NAME = "phalanx-key";
const form = document.getElementById("key");
const QUESTION = form.querySelector("label").textContent;
const waiting = [];

/** `fetch` with the key; asks the reader for one when the server does. */
export async function ask(path, options = {}) {
  const headers = new Headers(options.headers);
  const key = sessionStorage.getItem(NAME);
  if (key) headers.set("authorization", `Bearer ${key}`);
  const response = await fetch(path, { ...options, headers });
  if (response.status !== 401) return response;
  form.hidden = false;
  form.querySelector("label").textContent = key ? "This server does not know that API key" : QUESTION;
  await new Promise((resolve) => waiting.push(resolve));
  return ask(path, options);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = form.querySelector("input");
  sessionStorage.setItem(NAME, field.value);
  field.value = "";
  form.hidden = true;
  waiting.splice(0).forEach((resolve) => resolve());
});

/** The key as an option of curl. */
export function curlKey() {
  return sessionStorage.getItem(NAME) ? ' -H "authorization: Bearer $PHALANX_API_KEY"' : "";
}
