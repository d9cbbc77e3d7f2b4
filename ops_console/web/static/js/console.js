/* Small behaviours found by data- attributes: count-downs, row clicks, confirmations, filters that submit themselves.
   Everything works without this file; nothing here decides anything. Written for Chrome 86. */
(function () {
  "use strict";
  var started = Date.now();
  var serverNow = Date.parse(document.body.getAttribute("data-now")) || started;
  var english = document.documentElement.lang === "en";

  function now() {
    return serverNow + (Date.now() - started);
  }

  function inWords(seconds) {
    var names = english ? [" d", " h", " min", " s"] : [" 天", " 小时", " 分", " 秒"];
    var parts = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
    var first = parts.findIndex(function (part) { return part > 0; });
    if (first < 0) { return "0" + names[3]; }
    var shown = [];
    for (var i = first; i < Math.min(first + 2, 4); i += 1) {
      if (parts[i] > 0) { shown.push(parts[i] + names[i]); }
    }
    return shown.join(" ");
  }

  function tick(chip) {
    var left = Math.round((Date.parse(chip.getAttribute("data-due")) - now()) / 1000);
    var place = chip.querySelector("[data-left]");
    if (left >= 0) {
      place.textContent = (chip.getAttribute("data-left-word") || "") + " " + inWords(left);
      var limit = Number(chip.getAttribute("data-limit"));
      chip.classList.toggle("chip-soon", limit > 0 && left <= limit * 0.2);
      return;
    }
    chip.classList.remove("chip-running", "chip-soon");
    chip.classList.add("chip-broken");
    place.textContent = chip.getAttribute("data-over") + " " + inWords(-left);
  }

  function tickUp(place) {
    place.textContent = inWords(Math.max(0, Math.round((now() - Date.parse(place.getAttribute("data-since"))) / 1000)));
  }

  function tickAll() {
    document.querySelectorAll("[data-due]").forEach(tick);
    document.querySelectorAll("[data-since]").forEach(tickUp);
  }

  document.addEventListener("click", function (event) {
    var row = event.target.closest("tr[data-href]");
    if (row && !event.target.closest("a, button, input, select, summary") && !String(window.getSelection())) {
      window.location.href = row.getAttribute("data-href");
    }
    document.querySelectorAll("details[data-menu][open]").forEach(function (menu) {
      if (!menu.contains(event.target)) { menu.removeAttribute("open"); }
    });
  });

  document.addEventListener("submit", function (event) {
    var asks = event.target.getAttribute("data-confirm");
    if (asks && !window.confirm(asks)) {
      event.preventDefault();
      return;
    }
    event.target.querySelectorAll("button").forEach(function (button) {
      window.setTimeout(function () { button.disabled = true; }, 0);
      window.setTimeout(function () { button.disabled = false; }, 8000);
    });
  });

  window.addEventListener("pageshow", function () {
    document.querySelectorAll("button:disabled").forEach(function (button) { button.disabled = false; });
  });

  document.addEventListener("change", function (event) {
    var form = event.target.closest("form[data-submit-on-change], form[data-filters]");
    if (form && event.target.tagName === "SELECT") { form.submit(); }
  });

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      document.querySelectorAll("details[data-menu][open]").forEach(function (menu) { menu.removeAttribute("open"); });
    }
  });

  document.addEventListener("keydown", function (event) {
    if (event.key !== "n" || event.ctrlKey || event.altKey || event.metaKey || event.repeat) { return; }
    if (event.target.closest("input, textarea, select, [contenteditable]")) { return; }
    var box = document.querySelector("[data-quick-line]"), link = document.querySelector("a[data-key=n]");
    if (!box && !link) { return; }
    event.preventDefault();
    if (box) { box.focus(); } else { window.location.href = link.href; }
  });

  document.querySelectorAll("[data-scroll-end]").forEach(function (place) { place.scrollLeft = place.scrollWidth; });
  tickAll();
  window.setInterval(tickAll, 1000);
}());
