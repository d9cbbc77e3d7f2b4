/* Photos of a report: taken or chosen one after another, scaled down before they are sent, shown small, removed again.
   The form's own file field carries them; without this file that field is the whole of it. Written for Chrome 86. */
(function () {
  "use strict";
  var LONGEST_SIDE = 1600, SHOWN_SIDE = 56, QUALITY = 0.85;

  function fileField(files) {
    var made = new DataTransfer();
    files.forEach(function (file) { made.items.add(file); });
    return made.files;
  }

  function drawn(picture, side) {
    var scale = Math.min(1, side / Math.max(picture.width, picture.height));
    var canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    var pen = canvas.getContext("2d");
    pen.fillStyle = "#fff"; // JPEG has no transparency
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  /* A picture made anew carries no place where it was taken. One that this browser cannot read goes as it is. */
  function scaled(file) {
    return window.createImageBitmap(file).then(function (picture) {
      return new Promise(function (done) {
        var shown = drawn(picture, SHOWN_SIDE);
        drawn(picture, LONGEST_SIDE).toBlob(function (blob) {
          done({ file: blob ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file, shown: shown });
        }, "image/jpeg", QUALITY);
      });
    }, function () { return { file: file, shown: null }; });
  }

  function enhance(part) {
    var form = part.closest("form");
    var field = part.querySelector("input[name=photo]");
    var list = part.querySelector("[data-photo-list]");
    var told = part.querySelector("[data-photo-told]");
    var most = Number(part.getAttribute("data-most")), longest = Number(part.getAttribute("data-mib")) * 1024 * 1024;
    var photos = [], waiting = 0, isWanted = false;

    function tell(name) {
      told.textContent = name ? part.getAttribute("data-" + name) : "";
      told.hidden = !name;
    }

    function draw() {
      field.files = fileField(photos.map(function (photo) { return photo.file; }));
      list.textContent = "";
      photos.forEach(function (photo, index) {
        var item = document.createElement("li");
        if (photo.shown) { item.appendChild(photo.shown); }
        var drop = document.createElement("button");
        drop.type = "button";
        drop.className = "btn btn-sm";
        drop.textContent = part.getAttribute("data-drop");
        drop.setAttribute("aria-label", part.getAttribute("data-drop") + " " + (index + 1));
        drop.addEventListener("click", function () { photos.splice(photos.indexOf(photo), 1); tell(""); draw(); });
        item.appendChild(drop);
        list.appendChild(item);
      });
      list.hidden = photos.length === 0;
      part.classList.toggle("photos-full", photos.length >= most);
    }

    function take(files) {
      tell("");
      Array.prototype.slice.call(files).forEach(function (file) {
        waiting += 1;
        scaled(file).then(function (photo) {
          waiting -= 1;
          if (photo.file.size > longest) {
            tell("large");
          } else if (photos.length >= most) {
            tell("many");
          } else {
            photos.push(photo);
            draw();
          }
          if (isWanted && waiting === 0) { isWanted = false; form.querySelector("button:not([type=button])").click(); }
        });
      });
    }

    field.hidden = true;
    field.tabIndex = -1;
    part.querySelector("[data-photo-tools]").hidden = false;
    part.querySelectorAll("[data-photo-pick]").forEach(function (pick) {
      pick.addEventListener("change", function () { take(pick.files); pick.value = ""; });
    });
    document.addEventListener("paste", function (event) {
      var files = event.clipboardData ? event.clipboardData.files : [];
      if (files.length) { event.preventDefault(); take(files); }
    });
    form.addEventListener("submit", function (event) {
      if (!waiting) { return; }
      event.preventDefault();
      event.stopImmediatePropagation();
      isWanted = true;
    });
    form.addEventListener("reset", function () { photos = []; window.setTimeout(draw, 0); });
  }

  try { fileField([]); } catch (error) { return; } // no way to fill the field: it stays as it is
  document.querySelectorAll("[data-photos]").forEach(enhance);
}());
