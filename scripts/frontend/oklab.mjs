// Given a CSS colour with oklch(), color-mix() or relative syntax, return the plain colour it means.
// Not a colour library: it knows the forms Tabler uses and answers null to any other.
import { valueParser } from "./tools.mjs";

const WORDS = { transparent: [0, 0, 0, 0], black: [0, 0, 0, 1], white: [255, 255, 255, 1] };

function fromRgb(red, green, blue, alpha = 1) {
  const [r, g, b] = [red, green, blue].map((one) => {
    const part = one / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return {
    L: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    a: 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    b: 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
    alpha,
  };
}

function toRgb({ L, a, b }) {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((one) => {
    const part = one <= 0.0031308 ? 12.92 * one : 1.055 * one ** (1 / 2.4) - 0.055;
    return Math.max(0, Math.min(255, Math.round(part * 255)));
  });
}

export const asTriple = (colour) => toRgb(colour).join(", ");

export function asCss(colour) {
  const rgb = toRgb(colour);
  const alpha = +colour.alpha.toFixed(4);
  if (alpha >= 1) return `#${rgb.map((one) => one.toString(16).padStart(2, "0")).join("")}`;
  return `rgba(${rgb.join(", ")}, ${alpha})`;
}

function substitute(text, lookup, depth = 0) {
  if (depth > 20) return null;
  const tree = valueParser(text);
  let failed = false;
  tree.walk((node) => {
    if (node.type !== "function" || node.value !== "var") return;
    const name = node.nodes[0].value;
    const fallback = node.nodes.length > 2 ? valueParser.stringify(node.nodes.slice(2)).trim() : undefined;
    const found = lookup(name) ?? fallback;
    const value = found === undefined ? null : substitute(found, lookup, depth + 1);
    if (value === null) failed = true;
    else Object.assign(node, { type: "word", value, nodes: undefined });
    return false;
  });
  return failed ? null : tree.toString();
}

function arithmetic(text) {
  // Percentages count as hundredths; only digits and + - * / ( ) may be left.
  const plain = text.replace(/\bcalc\b/g, "").replace(/([\d.]+)%/g, "($1/100)");
  if (!/^[\d.\s+\-*/()]+$/.test(plain)) return null;
  return Function(`"use strict"; return (${plain});`)();
}

function split(node) {
  const parts = [[]];
  for (const one of node.nodes) {
    if (one.type === "div" && one.value === ",") parts.push([]);
    else parts[parts.length - 1].push(one);
  }
  return parts.map((part) => part.filter((one) => one.type !== "space"));
}

function number(text, percentOf = 1) {
  if (text === "none") return 0;
  const match = /^(-?[\d.]+(?:e-?\d+)?)(%|deg)?$/.exec(text);
  if (!match) return null;
  return match[2] === "%" ? (parseFloat(match[1]) / 100) * percentOf : parseFloat(match[1]);
}

function polar(L, chroma, hue, alpha = 1) {
  const angle = (hue * Math.PI) / 180;
  return { L, a: chroma * Math.cos(angle), b: chroma * Math.sin(angle), alpha };
}

function oklch(parts) {
  const [flat] = parts;
  const text = flat.map((one) => valueParser.stringify(one));
  if (text[0] !== "from") return text.length === 3 ? polar(number(text[0]), number(text[1], 0.4), number(text[2])) : null;
  const base = plainColor(flat[1]);
  if (!base || text.length !== 5) return null;
  const chroma = Math.hypot(base.a, base.b);
  const hue = (Math.atan2(base.b, base.a) * 180) / Math.PI;
  const part = (one) => arithmetic(one.replace(/\bl\b/g, base.L).replace(/\bc\b/g, chroma).replace(/\bh\b/g, `(${hue})`));
  const channel = { l: base.L, c: chroma, h: hue };
  const [L, C, H] = text.slice(2).map((one) => channel[one] ?? part(one.replace("calc", "\u0000").replace("\u0000", "")));
  return polar(Math.max(0, Math.min(1, L)), C, H, base.alpha);
}

function mix(parts) {
  if (parts.length !== 3 || valueParser.stringify(parts[0]) !== "inoklab") return null;
  const read = (nodes) => {
    const colour = plainColor(nodes[0]);
    const share = nodes.length > 1 ? arithmetic(nodes.slice(1).map((one) => valueParser.stringify(one)).join("")) : undefined;
    return { colour, share };
  };
  const first = read(parts[1]), second = read(parts[2]);
  if (!first.colour || !second.colour || first.share === null || second.share === null) return null;
  if (first.share === undefined && second.share === undefined) first.share = second.share = 0.5;
  first.share ??= 1 - second.share;
  second.share ??= 1 - first.share;
  const sum = first.share + second.share;
  const p = first.share / sum, q = second.share / sum;
  const alpha = first.colour.alpha * p + second.colour.alpha * q;
  const blend = (key) => (alpha === 0 ? (p ? first : second).colour[key] : (first.colour[key] * first.colour.alpha * p + second.colour[key] * second.colour.alpha * q) / alpha);
  return { L: blend("L"), a: blend("a"), b: blend("b"), alpha: alpha * Math.min(1, sum) };
}

function plainColor(node) {
  if (node.type === "word") {
    if (WORDS[node.value]) return fromRgb(...WORDS[node.value]);
    const hex = /^#([0-9a-f]{3,8})$/i.exec(node.value);
    if (!hex) return null;
    const digits = hex[1].length < 6 ? [...hex[1]].map((one) => one + one).join("") : hex[1];
    const [r, g, b, a = 255] = digits.match(/../g).map((one) => parseInt(one, 16));
    return fromRgb(r, g, b, a / 255);
  }
  if (node.type !== "function") return null;
  const parts = split(node);
  if (node.value === "oklch") return oklch(parts);
  if (node.value === "color-mix") return mix(parts);
  if (/^rgba?$/.test(node.value)) {
    const text = parts.map((one) => valueParser.stringify(one));
    if (text.length < 3) return null;
    const [r, g, b] = text.slice(0, 3).map((one) => number(one, 255));
    const alpha = text[3] === undefined ? 1 : number(text[3]);
    return [r, g, b, alpha].includes(null) ? null : fromRgb(r, g, b, alpha);
  }
  return null;
}

export function evaluateColor(text, lookup) {
  const plain = substitute(text, lookup);
  if (plain === null) return null;
  const nodes = valueParser(plain.trim()).nodes.filter((one) => one.type !== "space");
  return nodes.length === 1 ? plainColor(nodes[0]) : null;
}
