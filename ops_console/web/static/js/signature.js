/* A signature drawn by finger, pen or mouse: strokes on a canvas, sent as a PNG with the device's own time.
   Written for Chrome 86. */
(function () {
  "use strict";
  var SHORTEST = 60;  // pixels of line: less is a slip of the finger
  var form = document.querySelector("form[data-sign]");
  if (!form) { return; }
  var canvas = form.querySelector("[data-sign-pad]");
  var pen = canvas.getContext("2d");
  var empty = form.querySelector("[data-sign-empty]");
  var drawing = false, length = 0, last = null;

  function clear() {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    length = 0;
  }

  function place(event) {
    var frame = canvas.getBoundingClientRect();
    return [(event.clientX - frame.left) * canvas.width / frame.width, (event.clientY - frame.top) * canvas.height / frame.height];
  }

  canvas.addEventListener("pointerdown", function (event) {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    drawing = true;
    last = place(event);
  });
  canvas.addEventListener("pointermove", function (event) {
    if (!drawing) { return; }
    var at = place(event);
    pen.lineWidth = 4;
    pen.lineCap = "round";
    pen.strokeStyle = "#10202f";
    pen.beginPath();
    pen.moveTo(last[0], last[1]);
    pen.lineTo(at[0], at[1]);
    pen.stroke();
    length += Math.abs(at[0] - last[0]) + Math.abs(at[1] - last[1]);
    last = at;
    empty.hidden = true;
  });
  ["pointerup", "pointercancel"].forEach(function (name) {
    canvas.addEventListener(name, function () { drawing = false; });
  });
  form.querySelector("[data-sign-clear]").addEventListener("click", clear);
  form.addEventListener("submit", function (event) {
    if (length < SHORTEST) {
      event.preventDefault();
      event.stopPropagation();  // or the button would be disabled as if the form had gone
      empty.hidden = false;
      return;
    }
    form.elements.picture.value = canvas.toDataURL("image/png");
    form.elements.device_time.value = new Date().toISOString();
  });
  clear();
}());
