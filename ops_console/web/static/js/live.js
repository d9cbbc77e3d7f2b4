/* Lists that keep themselves up to date, what is news to this person, and saying so when the connection is lost.
   Pauses while the page is hidden, while text is selected and while somebody types in the list. Written for Chrome 86. */
(function () {
  "use strict";
  var list = document.querySelector("[data-live]");
  var count = document.querySelector("[data-unread]");
  var token = document.querySelector("[data-token]");
  var seconds = Number((list || document.body).getAttribute("data-live")) || 20;
  var headers = { "HX-Trigger-Name": "poll" }; // what refreshes itself keeps no session alive
  var under_way = false, again = false; // what is asked for meanwhile (the network is back) is done right after

  function notice(name, isShown) {
    var place = document.querySelector("[data-notice='" + name + "']");
    if (place && place.hidden === isShown) { place.hidden = !isShown; }
  }

  function ask(address, more) {
    var ending = new AbortController();
    var timer = window.setTimeout(function () { ending.abort(); }, 15000);
    return window.fetch(address, { headers: Object.assign({}, headers, more), signal: ending.signal, credentials: "same-origin" })
      .finally(function () { window.clearTimeout(timer); });
  }

  function told(answer) {
    var isOver = answer.status === 401 || answer.redirected;
    notice("offline", !isOver && !answer.ok);
    notice("signed-out", isOver);
    return !isOver && answer.ok;
  }

  function isBusy() {
    var chosen = window.getSelection();
    var isSelecting = chosen && !chosen.isCollapsed && list.contains(chosen.anchorNode);
    return isSelecting || Boolean(list.querySelector("input:focus, select:focus, textarea:focus, details[open]"));
  }

  function swap(html) {
    var at = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    var wrap = list.querySelector(".table-wrap"), left = wrap ? wrap.scrollLeft : 0, top = window.pageYOffset;
    var kept = Array.from(list.querySelectorAll("input:checked")).map(function (one) { return one.value; });
    list.innerHTML = html;
    list.querySelectorAll("input[type=checkbox]").forEach(function (one) { one.checked = kept.indexOf(one.value) >= 0; });
    if (window.htmx) { window.htmx.process(list); }
    wrap = list.querySelector(".table-wrap");
    if (wrap) { wrap.scrollLeft = left; }
    window.scrollTo(window.pageXOffset, top);
    document.dispatchEvent(new Event("list-refreshed"));
    var again = at && Array.from(list.querySelectorAll("a")).find(function (one) { return one.getAttribute("href") === at; });
    if (again) { again.focus({ preventScroll: true }); }
  }

  function refresh() {
    if (!list || isBusy()) { return Promise.resolve(); }
    return ask(window.location.href, { "HX-Target": "list" }).then(function (answer) {
      return told(answer) ? answer.text().then(function (html) { if (!isBusy()) { swap(html); } }) : null;
    });
  }

  function post(address, fields) {
    var body = new URLSearchParams(fields || {});
    body.set("csrf_token", token.getAttribute("data-token"));
    return window.fetch(address, { method: "POST", body: body, headers: headers, credentials: "same-origin", redirect: "manual" });
  }

  function unread() {
    if (!count) { return Promise.resolve(); }
    return ask(count.getAttribute("data-unread"), { "HX-Request": "true" }).then(function (answer) {
      if (!told(answer)) { return null; }
      return answer.json().then(function (news) {
        count.hidden = news.count === 0;
        count.querySelector("[data-unread-number]").textContent = news.count > news.most ? news.most + "+" : String(news.count);
        return news.begun ? null : post(count.getAttribute("data-unread-begin"));
      });
    });
  }

  function turn() {
    again = under_way;
    if (document.hidden || under_way) { return; }
    under_way = true;
    refresh().then(unread).catch(function () { notice("offline", true); }).finally(function () {
      under_way = false;
      if (again) { turn(); }
    });
  }

  var seen = document.querySelector("[data-seen]");
  if (seen && token) {
    post(seen.getAttribute("data-seen"), { events: seen.getAttribute("data-events") }).then(unread).catch(function () { notice("offline", true); });
  } else {
    unread().catch(function () { notice("offline", true); });
  }
  if (list || count) {
    window.setInterval(turn, seconds * 1000);
    document.addEventListener("visibilitychange", turn);
    window.addEventListener("online", turn);
    window.addEventListener("offline", function () { notice("offline", true); });
  }
}());
