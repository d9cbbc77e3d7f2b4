/* The keyboard: templates say data-key on a link or button, this file does the rest. "g t" is g, then t.
   A link is followed; a button is only focused, for what it records cannot be taken back: Enter presses it. One that
   says data-key-press is pressed at once: what it does can be undone.
   Never while somebody types. Written for Chrome 86. */
(function () {
  "use strict";
  var first = "", forget = 0;
  var map = document.querySelector("[data-keys]");

  function isTyping(event) {
    var at = event.target;
    return event.isComposing || event.ctrlKey || event.metaKey || event.altKey ||
      Boolean(at.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]"));
  }

  function isShown(element) {
    return element.getClientRects().length > 0;
  }

  function offered() {
    return Array.from(document.querySelectorAll("[data-key]"));
  }

  function find(keys) {
    var found = offered().filter(function (one) { return one.getAttribute("data-key") === keys; });
    return found.find(isShown) || found.find(function (one) { return one.tagName === "A"; });
  }

  function press(element) {
    if (element.tagName === "A" || element.hasAttribute("data-key-press")) { element.click(); return; }
    element.scrollIntoView({ block: "nearest" });
    element.focus();
  }

  function search() {
    var box = document.querySelector("[data-global-search]");
    if (box && isShown(box)) { box.focus(); box.select(); return; }
    var open = document.querySelector("[data-search-open]");
    if (open) { open.click(); }
  }

  function move(step) {
    var rows = Array.from(document.querySelectorAll("tr[data-href], [data-row]")).map(function (row) {
      return row.tagName === "A" ? row : row.querySelector("a");
    }).filter(function (link) { return link && isShown(link); });
    if (!rows.length) { return; }
    var at = rows.indexOf(document.activeElement);
    var next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1);
    rows[next].focus();
    rows[next].scrollIntoView({ block: "nearest" });
  }

  function describe() {
    var list = map.querySelector("[data-keys-here]");
    list.textContent = "";
    offered().forEach(function (one) {
      var keys = document.createElement("dt"), name = document.createElement("dd");
      one.getAttribute("data-key").split(" ").forEach(function (key) {
        var cap = document.createElement("kbd");
        cap.textContent = key;
        keys.appendChild(cap);
      });
      name.textContent = one.getAttribute("data-key-name") || one.textContent.trim();
      var pair = document.createElement("div");
      pair.appendChild(keys);
      pair.appendChild(name);
      list.appendChild(pair);
    });
    map.showModal();
  }

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && event.target.matches("input, textarea, select") && !event.isComposing) {
      event.target.blur();
      return;
    }
    if (isTyping(event) || (map && map.open)) { return; }
    var known = true, keys = first ? first + " " + event.key : event.key;
    first = "";
    if (keys === "/") { search(); }
    else if (keys === "?" && map && map.showModal) { describe(); }
    else if (keys === "j") { move(1); }
    else if (keys === "k") { move(-1); }
    else if (keys === "g") {
      first = "g";
      window.clearTimeout(forget);
      forget = window.setTimeout(function () { first = ""; }, 1500);
    } else {
      var found = find(keys);
      if (found) { press(found); } else { known = false; }
    }
    if (known) { event.preventDefault(); }
  });

  // A table that is wider than its place is scrolled by arrow keys once it can be reached.
  function letTablesBeReached() {
    document.querySelectorAll(".table-wrap").forEach(function (place) {
      if (place.scrollWidth > place.clientWidth) { place.tabIndex = 0; } else { place.removeAttribute("tabindex"); }
    });
  }
  letTablesBeReached();
  window.addEventListener("resize", letTablesBeReached);
  document.addEventListener("list-refreshed", letTablesBeReached);

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-keys-open]")) { describe(); }
    if (event.target.closest("[data-keys-close]")) { map.close(); }
  });
}());
