/* Adding files: dropped, pasted, chosen or photographed files queue up, then go one by one with their progress.
   Without this file the plain form sends them at once. Written for Chrome 86. */
(function () {
  "use strict";
  var LONGEST = 25 * 1024 * 1024;
  var form = document.querySelector("form[data-attach]");
  if (!form) { return; }
  var queue = form.querySelector("[data-attach-queue]");
  var zone = form.querySelector("[data-attach-drop]");
  var items = [];

  form.classList.add("attach-live");
  form.querySelector("[data-attach-hint]").hidden = false;

  function word(name) { return queue.getAttribute("data-" + name); }

  function button(text, act) {
    var made = document.createElement("button");
    made.type = "button";
    made.className = "btn btn-sm";
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  }

  function problem(file) {
    if (file.size > LONGEST) { return word("large"); }
    return file.size === 0 ? word("empty") : "";
  }

  function draw(item) {
    item.place.textContent = "";
    var canvas = document.createElement("canvas");
    canvas.className = "attach-picture";
    item.place.appendChild(canvas);
    var text = document.createElement("span");
    text.className = "attach-name";
    text.textContent = item.file.name;
    item.place.appendChild(text);
    item.state = document.createElement("span");
    item.state.className = "hint attach-state";
    item.state.setAttribute("role", "status");
    item.place.appendChild(item.state);
    item.bar = document.createElement("progress");
    item.bar.max = 1;
    item.bar.value = 0;
    item.bar.hidden = true;
    item.place.appendChild(item.bar);
    item.tools = document.createElement("span");
    item.place.appendChild(item.tools);
    if (/^image\/(png|jpeg|webp|gif)$/.test(item.file.type)) {
      preview(item, canvas);
      item.tools.appendChild(button(word("redact"), function () {
        document.dispatchEvent(new CustomEvent("redact", { detail: {
          file: item.file, done: function (file) { item.file = file; draw(item); } } }));
      }));
    }
    item.tools.appendChild(button(word("drop"), function () { remove(item); }));
    item.bad = problem(item.file);
    item.state.textContent = item.bad || word("waits");
    item.state.classList.toggle("broken", Boolean(item.bad));
  }

  function preview(item, canvas) {
    window.createImageBitmap(item.file).then(function (picture) {
      var scale = Math.min(1, 72 / Math.max(picture.width, picture.height));
      canvas.width = Math.max(1, picture.width * scale);
      canvas.height = Math.max(1, picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    }).catch(function () { canvas.remove(); });
  }

  function remove(item) {
    items.splice(items.indexOf(item), 1);
    item.place.remove();
    queue.hidden = items.length === 0;
  }

  function take(files) {
    Array.prototype.forEach.call(files, function (file) {
      var item = { file: file, place: document.createElement("li") };
      items.push(item);
      queue.appendChild(item.place);
      draw(item);
    });
    queue.hidden = items.length === 0;
  }

  form.addEventListener("change", function (event) {
    if (event.target.type === "file") {
      take(event.target.files);
      event.target.value = "";
    }
  });
  ["dragover", "dragleave", "drop"].forEach(function (name) {
    zone.addEventListener(name, function (event) {
      event.preventDefault();
      zone.classList.toggle("attach-over", name === "dragover");
      if (name === "drop") { take(event.dataTransfer.files); }
    });
  });
  document.addEventListener("paste", function (event) {
    var files = event.clipboardData ? event.clipboardData.files : [];
    if (files.length) {
      event.preventDefault();
      take(files);
      form.scrollIntoView({ block: "nearest" });
    }
  });

  function send(item) {
    return new Promise(function (finish) {
      var body = new FormData();
      ["csrf_token", "shared_with"].forEach(function (name) { body.append(name, form.elements[name].value); });
      if (form.elements.patient.checked) { body.append("patient", "yes"); }
      body.append("file", item.file, item.file.name);
      var request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.setRequestHeader("HX-Request", "true");
      request.upload.addEventListener("progress", function (event) { item.bar.value = event.loaded / event.total; });
      request.addEventListener("load", function () {
        var kept = request.status === 200;
        var plain = (request.getResponseHeader("Content-Type") || "").indexOf("text/plain") === 0;
        item.kept = kept;
        item.state.textContent = plain ? request.responseText : word("lost");
        item.state.classList.toggle("broken", !kept);
        finish();
      });
      request.addEventListener("error", function () {
        item.state.textContent = word("lost");
        item.state.classList.add("broken");
        finish();
      });
      item.bar.hidden = false;
      item.state.textContent = word("sending");
      item.state.classList.remove("broken");
      item.tools.hidden = true;
      request.send(body);
    }).then(function () {
      item.tools.hidden = false;
      item.bar.hidden = true;
      if (item.kept) { window.setTimeout(function () { remove(item); }, 1500); }
    });
  }

  form.addEventListener("submit", function (event) {
    var waiting = items.filter(function (item) { return !item.kept && !item.bad; });
    if (!items.length) { return; }
    event.preventDefault();
    waiting.reduce(function (before, item) {
      return before.then(function () { return send(item); });
    }, Promise.resolve()).then(function () {
      form.querySelectorAll("button").forEach(function (pressed) { pressed.disabled = false; });
      window.htmx.trigger("#attachment-list", "attachments-changed");
    });
  });
}());
