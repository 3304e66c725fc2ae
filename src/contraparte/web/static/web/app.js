/* The little that pages need beside htmx: a menu that folds, drop-downs that close, a word when the node is silent. */
"use strict";

document.documentElement.classList.add("js");

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-toggles]");
  if (button) {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    document.getElementById(button.dataset.toggles).classList.toggle("is-open", open);
  }
  for (const drop of document.querySelectorAll("details.cp-drop[open]")) {
    if (!drop.contains(event.target)) drop.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const drop = document.querySelector("details.cp-drop[open]");
  if (drop) {
    drop.open = false;
    drop.querySelector("summary").focus();
    return;
  }
  const menu = document.querySelector('[data-toggles][aria-expanded="true"]');
  if (menu) {
    menu.click();
    menu.focus();
  }
});

/* A form is sent once: a second click on the same button would be a second action. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "get" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

/* Proof that a passkey was refused shows beside the button instead of in the console. */
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  for (const hint of document.querySelectorAll("[data-passkey-failed]")) hint.hidden = false;
});

const say = (text) => {
  const live = document.getElementById("live");
  if (!live) return;
  live.textContent = text;
  live.classList.toggle("is-shown", Boolean(text));
};
for (const kind of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(kind, (event) => {
    const status = event.detail.xhr ? event.detail.xhr.status : 0;
    if (status === 0 || status >= 500) say(document.getElementById("live").dataset.failed);
  });
}
document.addEventListener("htmx:afterOnLoad", () => say(""));

/* Waits of more than 300 ms show a skeleton where the answer will stand. */
const waits = new WeakMap();
document.addEventListener("htmx:beforeRequest", (event) => {
  const target = event.detail.target;
  waits.set(target, setTimeout(() => target.classList.add("is-loading"), 300));
});
document.addEventListener("htmx:afterRequest", (event) => {
  clearTimeout(waits.get(event.detail.target));
  event.detail.target.classList.remove("is-loading");
});

/* Progress told by attributes, since a strict policy forbids style attributes: <div data-width="37.5">. */
const draw = (root) => {
  for (const bar of root.querySelectorAll("[data-width]")) bar.style.width = `${bar.dataset.width}%`;
  for (const bar of root.querySelectorAll("[data-grow]")) bar.style.flexGrow = bar.dataset.grow;
};
draw(document);
document.addEventListener("htmx:afterSwap", (event) => draw(event.detail.target));
