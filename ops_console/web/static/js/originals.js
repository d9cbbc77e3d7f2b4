/* Masks shown originals again when their minutes are over, however long the computer slept or the network was away,
   and whenever the page is left, so that the back button shows none. The server decides what is shown; the full page
   without this file fetches itself anew. Written for Chrome 86. */
(function () {
  "use strict";
  var due = new WeakMap();

  function shown() { return Array.from(document.querySelectorAll("[data-original-seconds]")); }

  function mask(part) {
    var text = part.querySelector(".original-whole");
    text.textContent = text.getAttribute("data-masked");
    text.classList.remove("original-whole");
    part.removeAttribute("data-original-seconds");
    part.setAttribute("data-original-masked", "");
  }

  function ask(part) { if (window.htmx) { window.htmx.trigger(part, "remask"); } }

  function look() {
    shown().forEach(function (part) {
      if (!due.has(part)) { due.set(part, Date.now() + Number(part.getAttribute("data-original-seconds")) * 1000); }
      if (Date.now() < due.get(part)) { return; }
      mask(part);
      ask(part);
    });
  }

  window.addEventListener("pagehide", function () { shown().forEach(mask); });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("[data-original-masked]").forEach(ask);
  });
  document.addEventListener("visibilitychange", look);
  window.setInterval(look, 1000);
  look();
})();
