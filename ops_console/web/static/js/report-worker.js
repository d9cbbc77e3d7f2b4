/* The service worker of the report form: keeps static files and the offline page, nothing that anybody typed.
   It speaks up only when a sticker's page cannot be fetched. */
"use strict";
var KEPT = "report-1";
var OFFLINE = "/report/offline";

function keepOffline(cache) {
  return fetch(OFFLINE, { credentials: "omit" }).then(function (answer) {
    if (!answer.ok) { throw new Error("offline page"); }
    return answer.text().then(function (html) {
      var files = html.match(/\/static\/[^"#\s]+/g) || [];
      var unique = files.filter(function (file, index) { return files.indexOf(file) === index; });
      var page = new Response(html, { headers: answer.headers });
      return Promise.all([cache.put(OFFLINE, page), cache.addAll(unique)]);
    });
  });
}

self.addEventListener("install", function (event) {
  event.waitUntil(caches.open(KEPT).then(keepOffline).then(function () { return self.skipWaiting(); }));
});

self.addEventListener("activate", function (event) {
  event.waitUntil(caches.keys().then(function (names) {
    return Promise.all(names.filter(function (name) { return name !== KEPT; }).map(function (name) { return caches.delete(name); }));
  }));
});

self.addEventListener("fetch", function (event) {
  var path = new URL(event.request.url).pathname;
  if (event.request.method !== "GET") { return; }
  if (event.request.mode === "navigate" && path.indexOf("/r/") === 0) {
    event.respondWith(fetch(event.request).then(function (answer) {
      event.waitUntil(caches.open(KEPT).then(keepOffline).catch(function () { /* the page kept before still serves */ }));
      return answer;
    }, function () {
      return caches.open(KEPT).then(function (cache) { return cache.match(OFFLINE); });
    }));
  } else if (path.indexOf("/static/") === 0) {
    event.respondWith(fetch(event.request).catch(function () {
      return caches.open(KEPT).then(function (cache) { return cache.match(event.request); });
    }));
  }
});
