// Uploads with a bar for each file, by choosing or by dropping. Without it the form sends all files at once.
"use strict";

(() => {
  const form = document.querySelector("form[data-upload]");
  if (!form) return;
  const input = form.querySelector("input[type=file]"), list = form.querySelector(".uploads");
  form.querySelector(".drop-hint").hidden = false;

  // sent gives what the server answered: whether it took the file, what it says, and the list as it is now.
  function sent(request) {
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const ok = request.status === 200;
    const said = (ok ? [".notice.success"] : [".notice.error li", ".notice.error", ".narrow > .lead"])
      .map((what) => page.querySelector("main " + what)).find((n) => n);
    return { ok, text: said?.textContent.trim() || (ok ? "Uploaded." : "The server did not take it."), list: page.getElementById(form.dataset.upload) };
  }

  function line(file) {
    const item = document.createElement("li"), text = document.createElement("span"), bar = document.createElement("progress");
    text.textContent = file.name;
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", "Upload of " + file.name);
    item.append(text, bar);
    list.append(item);
    const end = (name, words) => { bar.remove(); text.textContent = words; item.className = name; };
    return { bar, text, end };
  }

  function send(file, shown) {
    const data = new FormData(form), request = new XMLHttpRequest();
    data.delete("file");
    data.append("file", file);
    return new Promise((resolve) => {
      request.upload.addEventListener("progress", (e) => {
        if (!e.lengthComputable) return;
        shown.bar.value = e.loaded / e.total;
        if (e.loaded === e.total) { shown.bar.removeAttribute("value"); shown.text.textContent = file.name + ": checking"; }
      });
      request.addEventListener("load", () => {
        const answer = sent(request);
        shown.end(answer.ok ? "done" : "failed", answer.text);
        if (answer.ok && answer.list) document.getElementById(form.dataset.upload)?.replaceWith(answer.list);
        resolve();
      });
      request.addEventListener("error", () => {
        shown.end("failed", file.name + ": the connection broke off. Send it again.");
        resolve();
      });
      request.open("POST", form.action);
      request.send(data);
    });
  }

  let queue = Promise.resolve();
  function upload(files) {
    for (const file of files) {
      const shown = line(file);
      queue = queue.then(() => send(file, shown));
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    upload([...input.files]);
    input.value = "";
  });
  // The whole page takes what is dropped, so that a near miss does not make the browser open the file.
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    form.classList.add("over");
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("over"); });
  addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    form.classList.remove("over");
    upload([...event.dataTransfer.files]);
  });
})();
