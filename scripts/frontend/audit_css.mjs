// Given a stylesheet, name every property, value, selector, at-rule and unit that a Chrome version lacks,
// by MDN's compatibility data. Not a judge: what an old browser may ignore without harm is listed here with its reason.
import { postcss, require, selectorParser, valueParser } from "./tools.mjs";

// Ignored by Chrome 86 without loss of colour or layout.
const HARMLESS = {
  "scrollbar-color": "Chrome 86 takes the ::-webkit-scrollbar rules",
  "scrollbar-width": "Chrome 86 takes the ::-webkit-scrollbar rules",
  "scrollbar-gutter": "cosmetic",
  "text-wrap": "cosmetic",
  "text-underline-offset": "cosmetic",
  "text-decoration-thickness": "cosmetic",
  "accent-color": "cosmetic",
  "print-color-adjust": "stands beside -webkit-print-color-adjust",
  "overflow-anchor": "cosmetic",
  "text-decoration-skip-ink": "cosmetic",
  hyphens: "cosmetic",
  "forced-color-adjust": "only read in Windows high contrast",
};

function version(entry) {
  // First Chrome version that has it unprefixed and unconditionally; Infinity when none.
  const list = [entry?.support?.chrome ?? []].flat();
  const plain = list.filter((one) => !one.prefix && !one.alternative_name && !one.flags && one.version_added && (!one.version_removed || one.partial_implementation));
  return plain.length ? Math.min(...plain.map((one) => parseInt(String(one.version_added).replace("≤", ""), 10) || Infinity)) : Infinity;
}
function prefixed(entry, prefix) {
  const list = [entry?.support?.chrome ?? []].flat();
  return list.filter((one) => one.prefix === prefix || one.alternative_name?.startsWith(prefix)).map((one) => parseInt(String(one.version_added).replace("≤", ""), 10) || Infinity);
}

export function auditAgainstChrome(css, chrome) {
  const data = require("@mdn/browser-compat-data").css;
  const problems = new Set(), harmless = {}, unknown = new Set();
  const report = (kind, name, since, where) => {
    if (HARMLESS[name]) harmless[name] = HARMLESS[name];
    else problems.add(`${kind} ${name} needs Chrome ${since}: ${where.slice(0, 90)}`);
  };
  const root = postcss.parse(css);
  root.walkAtRules((rule) => {
    const name = rule.name.replace(/^-webkit-/, "");
    const since = version(data["at-rules"][name]?.__compat);
    if (!(since <= chrome)) report("at-rule", `@${rule.name}`, since, rule.params);
    if (name === "media") {
      for (const [, feature] of rule.params.matchAll(/\(\s*([a-z-]+)/g)) {
        const added = version(data["at-rules"].media[feature.replace(/^(min|max)-/, "")]?.__compat);
        // An unknown feature is simply false; only ranges and "not (…)" break a whole rule.
        if (!(added <= chrome)) harmless[`@media (${feature})`] = "false where unknown";
      }
      if (/[<>]=?|\bor\b|not\s*\(/.test(rule.params)) report("at-rule", "@media range or condition", 104, rule.params);
    }
  });
  root.walkRules((rule) => {
    if (rule.parent.type === "atrule" && /keyframes$/.test(rule.parent.name)) return;
    if (rule.parent.type === "rule") report("nesting", "&", 112, rule.selector);
    selectorParser((selectors) => {
      selectors.walkPseudos((pseudo) => {
        const name = pseudo.value.replace(/^::?/, "");
        if (/^-(moz|ms)-/.test(name)) {
          if (rule.selectors.length > 1 && !rule.selectors.every((one) => /::?-(moz|ms)-/.test(one))) report("selector", pseudo.value, "never (spoils its list)", rule.selector);
          return;
        }
        if (/^-webkit-/.test(name)) return;
        const since = version(data.selectors[name]?.__compat);
        if (!(since <= chrome)) report("selector", pseudo.value, since, rule.selector);
        if (name === "not" && (pseudo.nodes.length > 1 || pseudo.nodes[0].nodes.length > 1)) report("selector", ":not(more than one simple selector)", 88, rule.selector);
        if (/^nth-(last-)?child$/.test(name) && / of /.test(pseudo.toString())) report("selector", ":nth-child(of)", 111, rule.selector);
      });
      selectors.walkNesting(() => report("nesting", "&", 112, rule.selector));
    }).processSync(rule.selector);
  });
  root.walkDecls((decl) => {
    const where = `${decl.parent.selector || decl.parent.params} { ${decl.prop}: ${decl.value} }`;
    if (!decl.prop.startsWith("--")) {
      const bare = decl.prop.replace(/^-webkit-/, "");
      if (decl.parent.type === "atrule" && decl.parent.name === "property") return;
      if (/^-(moz|ms)-/.test(decl.prop)) return;
      const entry = data.properties[decl.prop] ?? data.properties[bare];
      if (!entry) unknown.add(decl.prop);
      else {
        const old = decl.prop.startsWith("-webkit-") ? prefixed(entry.__compat, "-webkit-") : [];
        const since = Math.min(version(entry.__compat), ...old);
        if (!(since <= chrome)) report("property", decl.prop, since, where);
      }
      valueParser(decl.value).walk((node) => {
        if (node.type === "function" && node.value === "url") return false;
        if (node.type === "word" && /^[a-z][a-z-]*$/.test(node.value) && entry && !HARMLESS[bare]) {
          for (const one of [entry[node.value], entry[node.value.replace(/-/g, "_")], entry.flex_context?.[node.value]]) {
            const since = one?.__compat ? version(one.__compat) : 0;
            if (since > chrome) report("value", `${decl.prop}: ${node.value}`, since, where);
          }
        }
        return true;
      });
    }
    valueParser(decl.value).walk((node) => {
      if (node.type === "function" && node.value === "url") return false;
      if (node.type === "function" && node.value && !node.value.startsWith("-webkit-")) {
        const since = functionVersion(data, node.value);
        if (since === undefined) unknown.add(`${node.value}()`);
        else if (since > chrome) report("function", `${node.value}()`, since, where);
        if (/^(rgb|hsl)a?$/.test(node.value) && node.nodes.some((one) => one.value === "from")) report("function", "relative colour", 119, where);
      }
      if (node.type === "word" && /^-?[\d.]+([dsl]v[hwib]|[dsl]vmin|[dsl]vmax|cq\w+|r?lh|r?ic|r?cap|r?ex|rch|vi|vb)$/i.test(node.value)) report("unit", node.value, 108, where);
      return true;
    });
  });
  return { chrome, problems: [...problems], harmless, unknown: [...unknown].sort() };
}

function functionVersion(data, name) {
  const seen = [];
  const known = { rgb: 1, rgba: 1, hsl: 1, hsla: 1, calc: 26, var: 49, min: 79, max: 79, clamp: 79, env: 69, counter: 2, counters: 2, attr: 2, steps: 8, "cubic-bezier": 4, repeat: 57, minmax: 57, "fit-content": 57, circle: 37, ellipse: 37, polygon: 37, format: 4 };
  if (known[name]) return known[name];
  const search = (node) => {
    for (const [key, value] of Object.entries(node)) {
      if (key === "__compat" || typeof value !== "object" || value === null) continue;
      if (key === name && value.__compat) seen.push(version(value.__compat));
      search(value);
    }
  };
  search(data.types);
  if (!seen.length) search(data.properties.transform ?? {}), search({ "transform-function": data.types["transform-function"] ?? {} });
  if (!seen.length && /^(translate|scale|rotate|skew|matrix|perspective)/.test(name)) return 36;
  if (!seen.length && /^(blur|brightness|contrast|drop-shadow|grayscale|hue-rotate|invert|opacity|saturate|sepia)$/.test(name)) return 53;
  return seen.length ? Math.min(...seen) : undefined;
}
