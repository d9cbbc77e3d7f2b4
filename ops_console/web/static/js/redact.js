/* Blacking out parts of a picture before it leaves this computer: rectangles drawn on a canvas, saved as a new picture.
   What is uploaded holds nothing below the rectangles and none of the original's metadata. Written for Chrome 86. */
(function () {
  "use strict";
  var LARGEST_SIDE = 4096;
  var dialog = document.querySelector("[data-redact-dialog]");
  if (!dialog || !dialog.showModal) { return; }
  var canvas = dialog.querySelector("[data-redact-canvas]");
  var pen = canvas.getContext("2d");
  var picture = null, boxes = [], started = null, asked = null;

  function draw(extra) {
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    pen.fillStyle = "#000";
    boxes.concat(extra ? [extra] : []).forEach(function (box) { pen.fillRect(box[0], box[1], box[2], box[3]); });
  }

  function place(event) {
    var frame = canvas.getBoundingClientRect();
    return [(event.clientX - frame.left) * canvas.width / frame.width, (event.clientY - frame.top) * canvas.height / frame.height];
  }

  function box(event) {
    var at = place(event);
    return [Math.min(started[0], at[0]), Math.min(started[1], at[1]), Math.abs(at[0] - started[0]), Math.abs(at[1] - started[1])];
  }

  document.addEventListener("redact", function (event) {
    asked = event.detail;
    window.createImageBitmap(asked.file, { imageOrientation: "from-image" }).then(function (read) {
      var scale = Math.min(1, LARGEST_SIDE / Math.max(read.width, read.height));
      picture = read;
      boxes = [];
      canvas.width = Math.round(read.width * scale);
      canvas.height = Math.round(read.height * scale);
      draw();
      dialog.showModal();
    }).catch(function () { asked = null; });
  });

  canvas.addEventListener("pointerdown", function (event) {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    started = place(event);
  });
  canvas.addEventListener("pointermove", function (event) { if (started) { draw(box(event)); } });
  canvas.addEventListener("pointerup", function (event) {
    var made = started && box(event);
    if (made && made[2] > 2 && made[3] > 2) { boxes.push(made); }
    started = null;
    draw();
  });
  dialog.querySelector("[data-redact-undo]").addEventListener("click", function () { boxes.pop(); draw(); });
  dialog.querySelector("[data-redact-close]").addEventListener("click", function () { dialog.close(); });
  dialog.querySelector("[data-redact-done]").addEventListener("click", function () {
    var type = asked.file.type === "image/jpeg" ? "image/jpeg" : "image/png";
    canvas.toBlob(function (blob) {
      var name = asked.file.name.replace(/\.[^.]*$/, "") + "-redacted" + (type === "image/jpeg" ? ".jpg" : ".png");
      asked.done(new File([blob], name, { type: type }));
      dialog.close();
    }, type, 0.9);
  });
}());
