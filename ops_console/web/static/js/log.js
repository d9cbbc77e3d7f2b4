/* The quick log's box: guesses while typing, Enter saves, chips and keys, pasted chat. What is typed stays in the box
   until the console has said that it is kept; nothing is put into the browser's storage. Written for Chrome 86. */
(function () {
  "use strict";
  var form = document.querySelector("form[data-quick]");
  if (!form) { return; }
  var line = form.querySelector("[data-quick-line]");
  var trouble = form.querySelector("[data-trouble]");
  var asks = form.querySelector("[data-asks]");
  var said = form.querySelector("[data-said]");
  var thumbs = form.querySelector("[data-thumbs]"), chooser = form.querySelector("[data-pictures]");
  var pictureTrouble = form.querySelector("[data-picture-trouble]");
  var busy = false, missed = false, timer = 0, asked = 0, pictures = [];

  function part(name) { return document.querySelector("[data-part='" + name + "']"); }

  function show(html, names) {
    var made = new DOMParser().parseFromString(html, "text/html");
    names.forEach(function (name) {
      var fresh = made.querySelector("[data-part='" + name + "']");
      if (fresh && part(name)) { part(name).replaceWith(fresh); }
    });
    return made;
  }

  function tell(text) {
    trouble.textContent = text;
    trouble.hidden = !text;
  }

  function grow() {
    line.style.height = "auto";
    line.style.height = Math.min(line.scrollHeight + 2, 200) + "px";
  }

  function send(address, body) {
    return fetch(address, { method: "POST", body: body, credentials: "same-origin", headers: { "X-Requested-With": "fetch" } });
  }

  /* A form that outlived its session has an old token: ask the page for the present one, then try once more. */
  function renewToken() {
    return fetch(form.getAttribute("data-page"), { credentials: "same-origin" }).then(function (answer) {
      return answer.text();
    }).then(function (html) {
      var fresh = new DOMParser().parseFromString(html, "text/html").querySelector("form[data-quick] [name=csrf_token]");
      if (!fresh) { throw new Error("signed out"); }
      form.querySelector("[name=csrf_token]").value = fresh.value;
    });
  }

  function ask() {
    var number = asked += 1;
    var body = new FormData(form);
    body.delete("pictures");
    send(form.getAttribute("data-guess"), body).then(function (answer) {
      return answer.ok ? answer.text() : "";
    }).then(function (html) {
      if (!html || number !== asked || busy) { return; }
      missed = part("fields").contains(document.activeElement); // never change what a hand is on: later, from the box
      if (missed) { return; }
      show(html, ["fields"]);
      nameChat();
    }).catch(function () { /* the guess is a help only; saving tells what is wrong */ });
  }

  function nameChat() {
    var channel = form.elements.channel.value, chat = form.querySelector("[data-chat-name]");
    if (chat && (channel === "QQ" || channel === "微信群")) { chat.value = channel; }
  }

  function later() {
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, 150);
  }

  /* Pictures wait in memory and go with the line; shown as data, for the page may load nothing else. */
  function addPictures(files) {
    var left = [];
    Array.prototype.forEach.call(files, function (file) {
      var why = refusal(file);
      if (why) { left.push(why); return; }
      pictures.push(file);
      var reader = new FileReader();
      reader.onload = function () { showPicture(file, reader.result); };
      reader.readAsDataURL(file);
    });
    tellPictures(left.join(" "));
  }

  /* Why a file is not taken, or nothing; what only the console can tell it tells when the line is saved. */
  function refusal(file) {
    var longest = Number(thumbs.getAttribute("data-longest")), most = Number(thumbs.getAttribute("data-most"));
    if (!/^image\//.test(file.type)) { return why("data-no-picture", file, ""); }
    if (pictures.reduce(function (sum, kept) { return sum + kept.size; }, file.size) > longest) { return why("data-too-long", file, Math.floor(longest / 1048576)); }
    return pictures.length >= most ? why("data-too-many", file, most) : "";
  }

  function why(name, file, n) {
    return thumbs.getAttribute(name).replace("{name}", function () { return file.name; }).replace("{n}", n);
  }

  function tellPictures(text) {
    pictureTrouble.textContent = text;
    pictureTrouble.hidden = !text;
  }

  function showPicture(file, address) {
    var place = document.createElement("button"), picture = document.createElement("img");
    place.type = "button";
    place.className = "quick-thumb";
    place.title = thumbs.getAttribute("data-remove");
    picture.src = address;
    picture.alt = thumbs.getAttribute("data-alt");
    place.appendChild(picture);
    place.addEventListener("click", function () {
      pictures = pictures.filter(function (kept) { return kept !== file; });
      place.remove();
      tellPictures("");
      line.focus();
    });
    thumbs.appendChild(place);
  }

  function clear() {
    form.reset();
    pictures = [];
    thumbs.textContent = "";
    tellPictures("");
    line.value = "";
    form.querySelectorAll("[name=number]").forEach(function (field) { field.remove(); });
    form.querySelectorAll(".quick-filling").forEach(function (told) { told.remove(); });
    form.querySelectorAll("[data-inherited]").forEach(function (mark) { mark.remove(); });
    form.querySelectorAll("[data-kept]").forEach(function (mark) { forget(mark); });
    form.querySelectorAll(".quick-fields select, .quick-fields input:not([type=hidden])").forEach(function (field) { field.value = ""; });
    if (asks) { asks.hidden = true; }
    tell("");
    grow();
    line.focus();
  }

  function forget(mark) {
    mark.disabled = true;
    mark.closest(".quick-field").classList.remove("is-kept");
  }

  function keep(field) {
    var mark = form.querySelector("[data-kept='" + field.name + "']");
    if (!mark) { return; }
    mark.disabled = false;
    mark.closest(".quick-field").classList.add("is-kept");
    asked += 1; // a guess under way knows nothing of this choice
    later();
  }

  function answered(answer, again, button) {
    if (answer.redirected || answer.status === 401) { return tell(form.getAttribute("data-signed-out")); }
    return answer.text().then(function (html) {
      if (answer.status === 400 && html.indexOf("data-part") < 0 && !again) {
        return renewToken().then(function () { return save(button, true); }, function () { tell(form.getAttribute("data-signed-out")); });
      }
      if (html.indexOf("data-asked-said") >= 0) { return askWhen(html); }
      if (html.indexOf("data-part") < 0) { return tell(form.getAttribute("data-failed")); }
      if (!answer.ok) { return tell(new DOMParser().parseFromString(html, "text/html").body.textContent.trim()); }
      show(html, ["outcome", "waiting", "drafts"]);
      if (html.indexOf("data-drafts-head") >= 0) { return showDrafts(); }
      if (html.indexOf("data-number") >= 0) { clear(); forgetLater(); }
    });
  }

  function askWhen(html) {
    asks.querySelector("[data-asked-why]").textContent = new DOMParser().parseFromString(html, "text/html").querySelector("[data-asked-said]").textContent;
    asks.hidden = false;
    nameChat();
    said.querySelector("button").focus();
  }

  function showDrafts() {
    var head = document.querySelector("[data-drafts-head]");
    part("drafts").scrollIntoView({ block: "start" });
    head.focus({ preventScroll: true });
  }

  function forgetLater() {
    document.querySelectorAll("[data-until]").forEach(function (place) {
      window.setTimeout(function () { place.hidden = true; }, Math.max(0, Number(place.getAttribute("data-until")) * 1000 - Date.now()));
    });
  }

  function save(button, again) {
    var body = new FormData(form);
    body.set("act", "save");
    body.delete("pictures");
    pictures.forEach(function (file, position) { body.append("pictures", file, file.name || "screenshot-" + (position + 1) + ".png"); });
    if (button && button.name && button.name !== "act") { body.set(button.name, button.value); }
    window.clearTimeout(timer);
    asked += 1;
    return send(form.action, body).then(function (answer) { return answered(answer, again, button); });
  }

  function submit(button) {
    if (busy) { return; }
    busy = true;
    tell("");
    save(button, false).catch(function () { tell(form.getAttribute("data-lost")); }).then(function () { busy = false; });
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    submit(event.submitter);
  });

  line.addEventListener("keydown", function (event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      if (!event.repeat) { submit(null); }
    }
  });

  line.addEventListener("input", function () { grow(); later(); });

  line.addEventListener("focus", function () { if (missed) { missed = false; later(); } });

  chooser.addEventListener("change", function () {
    addPictures(chooser.files);
    chooser.value = "";
    line.focus();
  });

  line.addEventListener("paste", function (event) {
    if (event.clipboardData && event.clipboardData.files.length) {
      event.preventDefault();
      addPictures(event.clipboardData.files);
      return;
    }
    var text = event.clipboardData ? event.clipboardData.getData("text/plain") : "";
    if (text.trim().split(/\r?\n/).filter(function (row) { return row.trim(); }).length < 2) { return; }
    window.setTimeout(function () { submit(null); }, 0);
  });

  form.addEventListener("change", function (event) {
    if (event.target.closest(".quick-fields")) {
      keep(event.target);
      nameChat();
    }
  });

  form.addEventListener("click", function (event) {
    var chip = event.target.closest("[data-set]");
    if (!chip) { return; }
    var field = form.elements[chip.getAttribute("data-set")];
    field.value = chip.getAttribute("data-value");
    keep(field);
    line.focus();
  });

  document.addEventListener("keydown", function (event) {
    var button = null;
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) { return; }
    if (event.key === "F8" || event.key === "F9") { button = form.querySelector("[data-key=" + event.key + "]"); }
    if (asks && !asks.hidden && /^[1-5]$/.test(event.key) && event.target.type !== "time" && event.target !== line) {
      button = form.querySelector("[data-digit='" + event.key + "']");
      if (event.key === "5" && !form.elements.said_at.value) { event.preventDefault(); form.elements.said_at.focus(); return; }
    }
    if (event.key === "Escape" && asks && !asks.hidden) { asks.hidden = true; line.focus(); }
    if (button) { event.preventDefault(); submit(button); }
  });

  window.addEventListener("beforeunload", function (event) {
    if (pictures.length || line.value.trim() && line.value !== line.defaultValue) { event.preventDefault(); event.returnValue = ""; }
  });

  window.addEventListener("resize", grow);
  form.querySelector("[data-usual]").hidden = false;
  grow();
  if (line.value) { later(); }
  forgetLater();
}());
