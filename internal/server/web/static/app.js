// What makes the pages quicker. None of it is needed: without it lines are copied by hand, forms are sent as they are.
"use strict";

// Buttons that copy lines show only where copying works.
function copyButton(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) return;
  const label = button.querySelector("span");
  const before = label.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      label.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      label.textContent = "Press Ctrl+C";
    }
    say(label.textContent);
    setTimeout(() => { label.textContent = before; }, 2500);
  });
}

// say tells screen readers what has changed.
function say(text) {
  let region = document.getElementById("said");
  if (!region) {
    region = document.createElement("div");
    region.id = "said";
    region.className = "visually-hidden";
    region.setAttribute("role", "status");
    document.body.append(region);
  }
  region.textContent = text;
}

// Type-ahead asks the server, a moment after the last key, and fills the list of the field.
function suggest(input) {
  let timer, asked = "";
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const q = input.value.trim();
      if (q === asked) return;
      asked = q;
      const within = document.getElementById(input.dataset.within)?.value ?? "";
      const answer = await fetch(input.dataset.suggest + "?q=" + encodeURIComponent(q) + "&channel=" + encodeURIComponent(within.trim())).catch(() => null);
      if (!answer || !answer.ok || input.value.trim() !== q) return;
      const options = (await answer.json()).map(({ value, label }) => {
        const option = document.createElement("option");
        option.value = value;
        option.label = label ? value + " · " + label : value;
        return option;
      });
      input.list.replaceChildren(...options);
    }, 150);
  });
}

// A button with data-refresh sends its form behind the page and puts in place only the part that it names.
async function refresh(button) {
  const form = button.form, id = button.dataset.refresh;
  const data = new URLSearchParams(new FormData(form));
  data.set(button.name, button.value);
  const answer = await fetch(form.action, { method: "POST", body: data });
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
  if (!next) throw new Error("the part is missing");
  const here = document.getElementById(id);
  here.replaceWith(next);
  begin(next);
  const fields = [...next.querySelectorAll("input:not([type=hidden]), select")];
  (fields.find((f) => f.value === "") || fields.at(-1))?.focus();
}

function begin(root) {
  root.querySelectorAll("[data-copy]").forEach(copyButton);
  root.querySelectorAll("[data-suggest]").forEach(suggest);
  root.querySelector("[data-focus]")?.focus();
}

begin(document);

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target, button = event.submitter;
  if (button?.dataset.refresh) {
    event.preventDefault();
    refresh(button).catch(() => { delete button.dataset.refresh; form.requestSubmit(button); });
    return;
  }
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((f) => { delete f.dataset.sent; }));

// Menus close by Escape and when something else is pressed.
const menus = () => document.querySelectorAll("details[data-menu][open]");
document.addEventListener("click", (event) => menus().forEach((m) => { if (!m.contains(event.target)) m.open = false; }));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  menus().forEach((m) => { m.open = false; m.querySelector("summary").focus(); });
});
