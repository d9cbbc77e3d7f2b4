/* Reporting without an account: printing a receipt, and on a personal phone drafts that wait for the network.
   The form works without this file. Written for Chrome 86. */
(function () {
  "use strict";
  var KEY = "report-drafts";
  var DAY = 24 * 3600 * 1000;
  var MOST_DRAFTS = 20, MOST_BYTES = 20 * 1024 * 1024;
  var FIRST_LOOK = 2000, LAST_LOOK = 60000;
  var NAMES = ["kind", "module", "title", "phone", "reporter"];
  var body = document.body;

  /* Drafts lie in the phone's own database: texts, and photos as they will be sent. */
  function drafts(mode, act) {
    return new Promise(function (done, failed) {
      var opening = window.indexedDB.open("report", 1);
      opening.onupgradeneeded = function () { opening.result.createObjectStore(KEY, { keyPath: "key" }); };
      opening.onerror = failed;
      opening.onsuccess = function () {
        var base = opening.result, doing = base.transaction(KEY, mode), found = act(doing.objectStore(KEY));
        doing.oncomplete = function () { base.close(); done(found.result); };
        doing.onerror = doing.onabort = function () { base.close(); failed(doing.error); };
      };
    });
  }

  /* What is older than a day is forgotten, not only passed over. */
  function waitingDrafts() {
    return drafts("readonly", function (shelf) { return shelf.getAll(); }).then(function (all) {
      var old = all.filter(function (draft) { return Date.now() - draft.at >= DAY; });
      return Promise.all(old.map(function (draft) { return forget(draft.key); })).then(function () {
        return all.filter(function (draft) { return old.indexOf(draft) < 0; })
          .sort(function (one, other) { return one.at - other.at; });
      });
    });
  }

  function forget(key) {
    return drafts("readwrite", function (shelf) { return shelf.delete(key); });
  }

  /* Without its photos rather than not at all. */
  function keep(draft) {
    return waitingDrafts().then(function (all) {
      var held = all.concat([draft]).reduce(function (sum, one) { return sum + bytesOf(one); }, 0);
      if (all.length >= MOST_DRAFTS) { throw new Error("too many drafts"); }
      return held <= MOST_BYTES ? put(draft).catch(function () { return put(bare(draft)); }) : put(bare(draft));
    });
  }

  function bytesOf(draft) {
    return draft.photos.reduce(function (sum, photo) { return sum + photo.size; }, 0);
  }

  function put(draft) {
    return drafts("readwrite", function (shelf) { return shelf.put(draft); }).then(function () { return draft; });
  }

  function bare(draft) { return Object.assign({}, draft, { photos: [], lost: draft.photos.length }); }

  function place() {
    var parts = window.location.pathname.split("/");
    return parts[1] === "r" && parts[2] ? decodeURIComponent(parts[2]) : "";
  }

  function answersOf(form) {
    var photos = form.elements.photo ? form.elements.photo.files : [];
    var found = { at: Date.now(), place: place(), key: randomKey(), photos: Array.prototype.slice.call(photos) };
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
      keep(answersOf(form)).then(function (kept) {
        show(form, kept.lost ? "kept-bare" : "kept");
        form.reset();
      }, function () { show(form, "not-kept"); });
    });
    form.querySelector("[data-retry]").addEventListener("click", function () { window.location.reload(); });
    noticeNetwork(form, FIRST_LOOK);
    window.addEventListener("online", function () { look(form); });
  }

  function show(form, name) {
    ["kept", "kept-bare", "not-kept"].forEach(function (one) {
      form.querySelector("[data-" + one + "]").hidden = one !== name;
    });
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
    form.enctype = "multipart/form-data";
    form.action = original.action;
    add(form, "csrf_token", original.elements.csrf_token.value);
    add(form, "device_at", String(draft.at));
    add(form, "place", draft.place);
    add(form, "key", draft.key);
    NAMES.forEach(function (name) { add(form, name, draft[name] || ""); });
    addPhotos(form, draft.photos);
    try { window.sessionStorage.setItem(KEY, draft.key); } catch (error) { /* kept: the key makes it one report */ }
    form.hidden = true;
    document.body.appendChild(form);
    form.submit();
  }

  function addPhotos(form, photos) {
    var field = document.createElement("input"), carried = new DataTransfer();
    field.type = "file";
    field.name = "photo";
    field.multiple = true;
    photos.forEach(function (photo) { carried.items.add(photo); });
    field.files = carried.files;
    form.appendChild(field);
  }

  function offer(form) {
    return waitingDrafts().then(function (waiting) {
      if (!waiting.length) { return; }
      var note = form.querySelector("[data-drafts]");
      var text = note.querySelector("[data-drafts-text]");
      text.textContent = text.getAttribute("data-word") + waiting.length;
      note.hidden = false;
      note.querySelector("[data-send-draft]").addEventListener("click", function () { send(form, waiting[0]); });
    });
  }

  function forgetSent() {
    var sent = null;
    try {
      sent = window.sessionStorage.getItem(KEY);
      window.sessionStorage.removeItem(KEY);
    } catch (error) { sent = null; }
    if (sent) { forget(sent).catch(ignore); }
  }

  function ignore() { /* without the phone's database there are no drafts */ }

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
    if (worker && isPersonal()) { offer(form).catch(ignore); }
    form.addEventListener("submit", function () {
      var button = form.querySelector(".public-send");
      window.setTimeout(function () { button.disabled = true; }, 0);
      window.setTimeout(function () { button.disabled = false; }, 8000);
    });
  });
}());
