/* Security keys (WebAuthn): asks the browser to register one or to sign with one, and sends its answer with the form.
   Nothing is decided here: the server checks every byte. Written for Chrome 86. */
(function () {
  "use strict";

  function bytes(text) {
    var raw = window.atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    var found = new Uint8Array(raw.length);
    for (var i = 0; i < raw.length; i += 1) { found[i] = raw.charCodeAt(i); }
    return found.buffer;
  }

  function text(buffer) {
    var raw = "", found = new Uint8Array(buffer);
    for (var i = 0; i < found.length; i += 1) { raw += String.fromCharCode(found[i]); }
    return window.btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function withBytes(options) {
    options.challenge = bytes(options.challenge);
    if (options.user) { options.user.id = bytes(options.user.id); }
    ["excludeCredentials", "allowCredentials"].forEach(function (name) {
      (options[name] || []).forEach(function (one) { one.id = bytes(one.id); });
    });
    return options;
  }

  function answer(credential) {
    var given = credential.response, response = { clientDataJSON: text(given.clientDataJSON) };
    if (given.attestationObject) {
      response.attestationObject = text(given.attestationObject);
    } else {
      response.authenticatorData = text(given.authenticatorData);
      response.signature = text(given.signature);
      response.userHandle = given.userHandle ? text(given.userHandle) : null;
    }
    return JSON.stringify({
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response: response,
      clientExtensionResults: {}
    });
  }

  function ask(form) {
    var kind = form.getAttribute("data-webauthn");
    var options = withBytes(JSON.parse(form.getAttribute("data-options")));
    return navigator.credentials[kind]({ publicKey: options });
  }

  document.querySelectorAll("form[data-webauthn]").forEach(function (form) {
    var field = form.querySelector("input[name=answer]"), fault = form.querySelector("[data-webauthn-fault]");
    form.addEventListener("submit", function (event) {
      if (field.value) { return; }
      event.preventDefault();
      fault.hidden = true;
      if (!window.PublicKeyCredential || !navigator.credentials) { fault.hidden = false; return; }
      ask(form).then(function (credential) {
        field.value = answer(credential);
        form.submit();
      }).catch(function () {
        field.value = "";
        fault.hidden = false;
        form.querySelectorAll("button").forEach(function (button) { button.disabled = false; });
      });
    });
  });
}());
