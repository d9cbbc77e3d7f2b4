/* Reporting without an account: printing a receipt, and on a personal phone drafts that wait for the network.
   The form works without this file. Written for Chrome 86. */
(function () {
  "use strict";
  var KEY = "report-drafts";
  var DAY = 24 * 3600 * 1000;
  var FIRST_LOOK = 2000, LAST_LOOK = 60000;
  var NAMES = ["kind", "module", "title", "phone", "reporter"];
  var body = document.body;

  function drafts() {
    var kept = [];
    try { kept = JSON.parse(window.localStorage.getItem(KEY)) || []; } catch (error) { kept = []; }
    return kept.filter(function (draft) { return Date.now() - draft.at < DAY; });
  }

  function keep(list) {
    try {
      if (list.length) { window.localStorage.setItem(KEY, JSON.stringify(list)); return true; }
      window.localStorage.removeItem(KEY);
      return true;
    } catch (error) { return false; }
  }

  function place() {
    var parts = window.location.pathname.split("/");
    return parts[1] === "r" && parts[2] ? decodeURIComponent(parts[2]) : "";
  }

  function answersOf(form) {
    var found = { at: Date.now(), place: place(), key: randomKey() };
    NAMES.forEach(function (name) {
      var field = form.elements[name];
      found[name] = field ? field.value : "";
    });
    return found;
  }

  function randomKey() {
    var bytes = new Uint8Array(16);
    window.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (byte) { return ("0" + byte.toString(16)).slice(-2); }).join("");
  }

  function whenOffline(form) {
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      if (keep(drafts().concat([answersOf(form)]))) {
        form.querySelector("[data-kept]").hidden = false;
        form.reset();
      }
    });
    form.querySelector("[data-retry]").addEventListener("click", function () { window.location.reload(); });
    noticeNetwork(form, FIRST_LOOK);
    window.addEventListener("online", function () { look(form); });
  }

  /* A phone that says it is online may be told so too early, too late or never: so the console is asked, ever less
     often. With something half written the page stays as it is, and says that it could be sent. */
  function noticeNetwork(form, wait) {
    window.setTimeout(function () {
      if (document.hidden) { noticeNetwork(form, wait); return; }
      look(form).then(function (isBack) { if (!isBack) { noticeNetwork(form, Math.min(wait * 2, LAST_LOOK)); } });
    }, wait);
  }

  function look(form) {
    return window.fetch(window.location.href, { method: "HEAD", cache: "no-store", credentials: "omit" }).then(function () {
      if (isHalfWritten(form)) {
        form.querySelector("[data-back]").hidden = false;
      } else {
        window.location.reload();
      }
      return true;
    }, function () { return false; });
  }

  function isHalfWritten(form) {
    return ["title", "phone", "reporter"].some(function (name) { return form.elements[name].value; }) ||
      Boolean(form.querySelector("[name=module]:checked"));
  }

  function add(form, name, value) {
    var field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.appendChild(field);
  }

  /* Sent as a form of its own, so that the receipt is a page like any other. A draft is forgotten when its receipt
     has come: sent twice, its key makes it one report. */
  function send(original, draft) {
    var form = document.createElement("form");
    form.method = "post";
    form.action = original.action;
    add(form, "csrf_token", original.elements.csrf_token.value);
    add(form, "device_at", String(draft.at));
    add(form, "place", draft.place);
    add(form, "key", draft.key);
    NAMES.forEach(function (name) { add(form, name, draft[name] || ""); });
    try { window.sessionStorage.setItem(KEY, draft.key); } catch (error) { /* kept: the key makes it one report */ }
    document.body.appendChild(form);
    form.submit();
  }

  function offer(form) {
    var waiting = drafts();
    keep(waiting);
    if (!waiting.length) { return; }
    var note = form.querySelector("[data-drafts]");
    var text = note.querySelector("[data-drafts-text]");
    text.textContent = text.getAttribute("data-word") + waiting.length;
    note.hidden = false;
    note.querySelector("[data-send-draft]").addEventListener("click", function () { send(form, waiting[0]); });
  }

  function forgetSent() {
    var sent = null;
    try {
      sent = window.sessionStorage.getItem(KEY);
      window.sessionStorage.removeItem(KEY);
    } catch (error) { sent = null; }
    if (sent) { keep(drafts().filter(function (draft) { return draft.key !== sent; })); }
  }

  function isPersonal() {
    return window.matchMedia && window.matchMedia("(pointer: coarse)").matches;
  }

  var worker = body.getAttribute("data-queue");
  if (worker && isPersonal() && "serviceWorker" in navigator) {
    navigator.serviceWorker.register(worker, { scope: "/r" }).catch(function () { /* without it there is no queue */ });
  }
  if (body.hasAttribute("data-sent")) { forgetSent(); }
  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.addEventListener("click", function () { window.print(); });
  });
  document.querySelectorAll("[data-draft]").forEach(whenOffline);
  document.querySelectorAll("[data-report]").forEach(function (form) {
    offer(form);
    form.addEventListener("submit", function () {
      var button = form.querySelector(".public-send");
      window.setTimeout(function () { button.disabled = true; }, 0);
      window.setTimeout(function () { button.disabled = false; }, 8000);
    });
  });
}());
