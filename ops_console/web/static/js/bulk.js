/* The boxes of a list: how many are ticked, and one box that ticks all of the page. Chrome 86. */
(function () {
  "use strict";
  function boxes() { return Array.prototype.slice.call(document.querySelectorAll("input[form='bulk'][name='number']")); }

  function tell() {
    var bar = document.querySelector("[data-bulk]");
    if (!bar) { return; }
    var ticked = boxes().filter(function (box) { return box.checked; }).length;
    var place = bar.querySelector("[data-bulk-count]");
    if (!place.hasAttribute("data-empty")) { place.setAttribute("data-empty", place.textContent); }
    place.textContent = ticked ? place.getAttribute("data-words").replace("{n}", ticked) : place.getAttribute("data-empty");
    bar.classList.toggle("bulk-ready", ticked > 0);
    bar.hidden = !ticked;
  }

  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-tick-all]")) {
      boxes().forEach(function (box) { box.checked = event.target.checked; });
    }
    if (event.target.matches("[data-tick-all], input[form='bulk']")) { tell(); }
  });
  document.addEventListener("htmx:afterSwap", tell);
  tell();
}());
