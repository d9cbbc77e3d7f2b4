// Given script files, say by acorn which ECMAScript edition each needs and which calls newer than Chrome 86 it names.
// Not a proof: a named method may be the library's own or be guarded. Usage: node check_js.mjs FILE… (prints JSON).
import fs from "node:fs";
import { require } from "./tools.mjs";

const acorn = require("acorn");
// Chrome 86 reads all of ECMAScript 2020, and of 2021 all syntax (logical assignment 85, separators 75).
const READABLE = 2021;
const NEWER = {
  at: 92, hasOwn: 93, structuredClone: 98, findLast: 97, findLastIndex: 97, toSorted: 110, toReversed: 110,
  toSpliced: 110, groupBy: 117, withResolvers: 119, randomUUID: 92, checkVisibility: 105,
  showPopover: 114, startViewTransition: 111, moveBefore: 133, getHTML: 125, setHTMLUnsafe: 124, hasIndices: 90,
};

function edition(text) {
  for (let year = 2015; year <= 2026; year++) {
    try {
      acorn.parse(text, { ecmaVersion: year, sourceType: "script" });
      return year;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return null;
}

function namedCalls(text) {
  const found = new Set();
  const visit = (node) => {
    if (!node || typeof node !== "object") return;
    if (Array.isArray(node)) return void node.forEach(visit);
    if (node.type === "CallExpression") {
      // structuredClone is the one global; the others are methods, and a function of the same name is the library's own.
      const name = node.callee.type === "MemberExpression" ? node.callee.property.name : node.callee.name;
      if (Object.hasOwn(NEWER, name ?? "") && (node.callee.type === "MemberExpression" || name === "structuredClone")) found.add(`${name} (${NEWER[name]})`);
    }
    for (const [key, value] of Object.entries(node)) if (key !== "type") visit(value);
  };
  visit(acorn.parse(text, { ecmaVersion: 2026, sourceType: "script" }));
  return [...found].sort();
}

const result = {};
for (const file of process.argv.slice(2)) {
  const text = fs.readFileSync(file, "utf8");
  const year = edition(text);
  result[file.split("/").pop()] = { ecmascript: year, readable: year !== null && year <= READABLE, named_newer_calls: namedCalls(text) };
}
console.log(JSON.stringify(result));
process.exit(Object.values(result).every((one) => one.readable) ? 0 : 1);
