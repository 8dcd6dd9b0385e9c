// Keys for raters: digits score the facet at hand and go on to the next, and the pictures open large. Nothing here is needed:
// without it the form works by mouse, by touch and by the arrow keys.
"use strict";

const form = document.querySelector("form.rating");
const facets = form ? [...form.querySelectorAll("fieldset")] : [];
const before = document.querySelector("a.before");
const viewer = document.querySelector("dialog.viewer");

function current() {
  const at = facets.findIndex((facet) => facet.classList.contains("current"));
  return at < 0 ? 0 : at;
}

function go(to) {
  const at = Math.max(0, Math.min(facets.length - 1, to));
  facets.forEach((facet, place) => facet.classList.toggle("current", place === at));
  facets[at].scrollIntoView({ block: "nearest" });
}

function score(value) {
  const at = current();
  const choice = facets[at].querySelector(`input[value="${value}"]`);
  if (!choice) return;
  choice.checked = true;
  choice.dispatchEvent(new Event("change", { bubbles: true }));
  if (at + 1 < facets.length) go(at + 1);
  else form.querySelector("button").focus({ preventScroll: true });
}

function refresh() {
  const open = facets.filter((facet) => !facet.querySelector("input:checked")).length;
  form.querySelector(".left").textContent = open ? `${open} to go` : "Ready";
  form.classList.toggle("ready", open === 0);
}

function show(side) {
  const source = document.querySelector(`a[data-side="${side}"] img`);
  viewer.querySelector("img").src = source.src;
  viewer.querySelector("img").alt = source.alt;
  viewer.classList.remove("close-up");
  viewer.dataset.side = side;
  if (!viewer.open) viewer.showModal();
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (viewer.open) {
    if (event.key === "z" || event.key === "Enter") viewer.classList.toggle("close-up");
    else if (event.key === "ArrowLeft") show("look");
    else if (event.key === "ArrowRight") show("product");
    else return;
  } else if (/^[1-5]$/.test(event.key)) score(event.key);
  else if (event.key === "0" || event.key === "?") score("cannot_tell");
  else if (event.key === "Backspace" || event.key === "k") go(current() - 1);
  else if (event.key === "j") go(current() + 1);
  else if (event.key === "b") before?.click();
  else if (event.key === "z") show("product");
  else if (event.key === "x") show("look");
  else if (event.key === "Enter" && form.classList.contains("ready")) form.requestSubmit();
  else return;
  event.preventDefault();
}

if (form) {
  document.documentElement.classList.add("scripted");
  document.addEventListener("keydown", keys);
  form.addEventListener("change", (event) => {
    const at = facets.indexOf(event.target.closest("fieldset"));
    if (at >= 0) facets.forEach((facet, place) => facet.classList.toggle("current", place === at));
    refresh();
  });
  form.addEventListener("submit", () => { form.querySelector("button").disabled = true; });
  document.querySelectorAll("a[data-side]").forEach((link) =>
    link.addEventListener("click", (event) => { event.preventDefault(); show(link.dataset.side); }));
  viewer.querySelector("img").addEventListener("click", () => viewer.classList.toggle("close-up"));
  viewer.querySelector("button").addEventListener("click", () => viewer.close());
  go(0);
  refresh();
}
