/* What somebody typed is not lost: before a form of the page is sent, the console is asked whether it is there and
   whether the person is still signed in. If not, the page stays as it is and says what to do. Written for Chrome 86. */
(function () {
  "use strict";
  var account = document.body.getAttribute("data-account");
  if (!account) { return; }

  function notice(name) {
    ["offline", "signed-out", "other-account"].forEach(function (one) {
      var place = document.querySelector("[data-notice='" + one + "']");
      if (place) { place.hidden = one !== name; }
      if (place && one === name) { place.scrollIntoView({ block: "nearest" }); }
    });
  }

  function ask() {
    var ending = new AbortController();
    var timer = window.setTimeout(function () { ending.abort(); }, 10000);
    var headers = { "HX-Request": "true", "HX-Trigger-Name": "poll" };
    return window.fetch(document.body.getAttribute("data-session"), { headers: headers, signal: ending.signal, credentials: "same-origin" })
      .finally(function () { window.clearTimeout(timer); });
  }

  function send(form, button, token) {
    form.querySelectorAll("input[name=csrf_token]").forEach(function (one) { one.value = token; });
    if (button && button.name) {
      var pressed = document.createElement("input");
      pressed.type = "hidden";
      pressed.name = button.name;
      pressed.value = button.value;
      form.appendChild(pressed);
    }
    HTMLFormElement.prototype.submit.call(form);
  }

  document.addEventListener("submit", function (event) {
    var form = event.target, button = event.submitter;
    if (event.defaultPrevented || form.method !== "post" || !form.closest("main")) { return; }
    event.preventDefault();
    ask().then(function (answer) {
      if (answer.status === 401) { notice("signed-out"); return null; }
      if (!answer.ok) { notice("offline"); return null; }
      return answer.json().then(function (now) {
        if (now.account !== account) { notice("other-account"); return; }
        notice("");
        send(form, button, now.token);
      });
    }).catch(function () { notice("offline"); }).finally(function () {
      form.querySelectorAll("button:disabled").forEach(function (one) { one.disabled = false; });
    });
  });
}());
