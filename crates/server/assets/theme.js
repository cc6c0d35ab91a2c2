// Dark or light: as the system is, until the reader chooses.

const NAME = "phalanx-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const button = document.getElementById("theme");

function show() {
  const theme = localStorage.getItem(NAME) ?? (system.matches ? "dark" : "light");
  document.documentElement.dataset.theme = theme;
  const other = theme === "dark" ? "light" : "dark";
  button.textContent = theme === "dark" ? "Light" : "Dark";
  button.setAttribute("aria-label", `Change to ${other} colours`);
  return other;
}

button.addEventListener("click", () => {
  localStorage.setItem(NAME, show());
  show();
});
system.addEventListener("change", show);
show();
