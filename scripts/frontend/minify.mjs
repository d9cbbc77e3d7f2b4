// Given a tree of rules, drop what is empty or unused and print the rest without blanks, one rule a line.
// Not a merging optimiser: order and meaning stay as they are.
import { valueParser } from "./tools.mjs";

function drop(node) {
  const parent = node.parent;
  node.remove();
  if (parent && parent.type !== "root" && parent.nodes.length === 0) drop(parent);
}
export function tidy(root) {
  root.walkRules((rule) => {
    // Of equal custom properties in one rule only the last counts.
    const last = new Map();
    rule.each((node) => {
      if (node.type === "decl" && node.prop.startsWith("--")) {
        if (last.has(node.prop)) last.get(node.prop).remove();
        last.set(node.prop, node);
      }
    });
    if (rule.nodes.length === 0) drop(rule);
  });
  root.walkAtRules((rule) => {
    if (rule.nodes && rule.nodes.length === 0) drop(rule);
  });
  const everything = root.toString();
  root.walkAtRules("keyframes", (rule) => {
    if (everything.split(new RegExp(`(?<![\\w-])${rule.params}(?![\\w-])`)).length <= 2) rule.remove();
  });
}

function minifyValue(value) {
  const tree = valueParser(value);
  tree.walk((node) => {
    if (node.type === "function" && node.value === "url") return false;
    if (node.type === "comment") Object.assign(node, { type: "word", value: "" });
    if (node.type === "div") node.before = node.value === "/" && node.before ? " " : "", (node.after = node.value === "/" && node.after ? " " : "");
    if (node.type === "space") node.value = " ";
    if (node.type === "function") node.before = node.after = "";
    if (node.type === "word") node.value = node.value.replace(/^(-?\d+\.\d{8})\d+/, (_, head) => head).replace(/^(-?)0\./, "$1.");
    return true;
  });
  return tree.toString().trim();
}
function minifySelector(selector) {
  return selector.replace(/"[^"]*"|\s*([>+~])\s*/g, (whole, sign) => sign || whole);
}
export function print(container) {
  return container.nodes
    .map((node) => {
      if (node.type === "decl") return `${node.prop}:${minifyValue(node.value) || " "}${node.important ? "!important" : ""}`;
      if (node.type === "rule") return `${node.selectors.map(minifySelector).join(",")}{${print(node)}}`;
      if (node.type === "atrule") return `@${node.name} ${node.params}${node.nodes ? `{${print(node)}}` : ";"}`;
      throw new Error(`unexpected ${node.type}`);
    })
    .join(container.type === "root" ? "\n" : container.nodes.some((one) => one.type !== "decl") ? "" : ";");
}
