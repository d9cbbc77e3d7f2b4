/* Copying a prepared text and printing a page: buttons that stand there only where a script can do it. For Chrome 86. */
(function () {
  "use strict";

  function copied(button) {
    var text = button.lastChild;
    var before = text.textContent;
    text.textContent = button.getAttribute("data-done");
    window.setTimeout(function () { text.textContent = before; }, 2000);
  }

  document.querySelectorAll("[data-copy]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      var field = document.getElementById(button.getAttribute("data-copy"));
      field.focus();
      field.select();
      if (document.execCommand("copy")) { copied(button); }  // the newer way is not there without HTTPS
    });
  });

  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });
}());
