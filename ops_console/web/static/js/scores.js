/* The editor of a scoring sheet: the weights' sum as one types, and only the parts that the chosen way of deducting
   needs. Everything works without this file. Written for Chrome 86. */
(function () {
  "use strict";

  function hundredths(text) {
    var plain = text.replace(/[\uff10-\uff19\uff0e]/g, function (c) { return String.fromCharCode(c.charCodeAt(0) - 0xfee0); });
    plain = plain.trim().replace(/\s*(\u5206|%)$/, "");
    return /^\d{1,5}(\.\d{1,2})?$/.test(plain) ? Math.round(parseFloat(plain) * 100) : 0;
  }

  function total() {
    var place = document.querySelector("[data-weight-total]");
    if (!place) { return; }
    var sum = 0;
    document.querySelectorAll("[data-weight]").forEach(function (box) { sum += hundredths(box.value); });
    place.textContent = String(sum / 100);
    place.closest("[data-weight-sum]").classList.toggle("score-sum-wrong", sum !== 10000);
  }

  function parts(item) {
    var mode = item.querySelector("[data-mode]");
    if (!mode) { return; }
    item.querySelectorAll("[data-for]").forEach(function (part) {
      part.hidden = part.getAttribute("data-for").split(" ").indexOf(mode.value) < 0;
    });
  }

  function everything() {
    document.querySelectorAll("[data-item]").forEach(parts);
    total();
  }

  document.addEventListener("input", function (event) {
    if (event.target.matches("[data-weight]")) { total(); }
  });
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-mode]")) { parts(event.target.closest("[data-item]")); }
  });
  document.addEventListener("htmx:afterSwap", everything);
  window.addEventListener("pageshow", everything);
  everything();
}());
