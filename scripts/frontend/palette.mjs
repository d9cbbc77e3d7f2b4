// Given Tabler's declarations, write every colour so that Chrome 86 can read it.
// Not a colour calculator (that is oklab.mjs): here is decided what is fixed, what keeps a changing
// alpha (through "r, g, b" companions), and what variants override (through --tblr-mix-N).
import { words } from "./layout.mjs";
import { asCss, asTriple, evaluateColor } from "./oklab.mjs";
import { valueParser } from "./tools.mjs";

export function translateColours(root, { report, problems }) {
  function lightOnly(value) {
    const tree = valueParser(value);
    tree.walk((node) => {
      if (node.type !== "function" || node.value !== "light-dark") return;
      const comma = node.nodes.findIndex((one) => one.type === "div" && one.value === ",");
      const light = node.nodes.slice(0, comma);
      Object.assign(node, { type: "word", value: lightOnly(valueParser.stringify(light).trim()), nodes: undefined });
    }, true);
    return tree.toString();
  }
  root.walkDecls((decl) => {
    if (decl.value.includes("light-dark(")) decl.value = lightOnly(decl.value);
  });

  const isRoot = (rule) => rule.type === "rule" && rule.selectors.every((one) => one === ":root") && rule.parent.type === "root";
  const rootValues = new Map();
  const declaredIn = new Map();
  const originals = new WeakMap();
  root.walkDecls(/^--/, (decl) => {
    if (decl.parent.type !== "rule") return;
    originals.set(decl, decl.value);
    if (isRoot(decl.parent)) rootValues.set(decl.prop, decl.value);
    else declaredIn.set(decl.prop, [...(declaredIn.get(decl.prop) || []), decl]);
  });
  const varies = (name) => declaredIn.has(name);

  function variablesOf(value, seen = new Set()) {
    valueParser(value).walk((node) => {
      if (node.type !== "function" || node.value !== "var") return;
      const name = node.nodes[0].value;
      seen.add(name);
    });
    return seen;
  }
  // A variable set only on :root is computed there, so whatever it is made of is fixed too.
  const openVariables = (value) => [...variablesOf(value)].filter((name) => varies(name) || !rootValues.has(name));
  const rootLookup = (name) => rootValues.get(name);
  const own = (rule, name) => {
    let found;
    rule.each((node) => {
      if (node.type === "decl" && node.prop === name) found = originals.get(node) ?? node.value;
    });
    return found;
  };
  const needsCompanion = new Set();
  const NEW_COLOUR = /^(color-mix|oklch|oklab|lch|lab|color)$/;

  function argumentsOf(node) {
    const parts = [[]];
    for (const one of node.nodes) {
      if (one.type === "div" && one.value === ",") parts.push([]);
      else parts[parts.length - 1].push(one);
    }
    return parts.map((one) => valueParser.stringify(one).trim());
  }

  function opacityOf(percentage) {
    // "calc(var(--o, 1) * 100%)" → "var(--o, 1)"; "12.5%" → "0.125"; "var(--p)" holding a percentage stays.
    const calc = /^calc\((.+?) \* 100%\)$/.exec(percentage);
    if (calc) return calc[1];
    if (/^[\d.]+%$/.test(percentage)) return String(+(parseFloat(percentage) / 100).toFixed(4));
    return percentage;
  }

  // A variable that some rule sets to a half-transparent colour also carries its alpha.
  const translucent = new Map();
  function isTranslucent(name) {
    if (!translucent.has(name)) {
      const values = (declaredIn.get(name) || []).map((decl) => originals.get(decl));
      translucent.set(name, [...values, rootValues.get(name)].some((one) => one && (evaluateColor(one, rootLookup)?.alpha ?? 1) < 1));
    }
    return translucent.get(name);
  }
  function withoutUnsetVariables(text) {
    return text.replace(/var\((--[\w-]+), (var\(--[\w-]+\)|#\w+)\)/g, (whole, name, fallback) => (varies(name) || rootValues.has(name) ? whole : fallback));
  }

  function throughTransparent(text) {
    // color-mix(in oklab, X p, transparent) is X with its alpha times p.
    const tree = valueParser(text);
    const [space, first, second] = argumentsOf(tree.nodes[0]);
    if (space !== "in oklab" || second !== "transparent") return null;
    const parts = words(first);
    const percentage = parts.length > 1 ? parts[parts.length - 1] : "50%";
    const colour = parts.length > 1 ? parts.slice(0, -1).join(" ") : parts[0];
    const opacity = opacityOf(percentage);
    const lone = /^var\((--[\w-]+)(?:, ?(.+))?\)$/.exec(colour);
    if (openVariables(colour).length === 0) {
      const fixed = evaluateColor(colour, rootLookup);
      if (!fixed) return null;
      const alpha = fixed.alpha === 1 ? opacity : /^[\d.]+$/.test(opacity) ? String(+(fixed.alpha * opacity).toFixed(4)) : `calc(${+fixed.alpha.toFixed(4)} * ${opacity})`;
      report.colours.dynamic_alpha++;
      return `rgba(${asTriple(fixed)}, ${alpha})`;
    }
    if (!lone) return null;
    const fallback = lone[2] ? evaluateColor(lone[2], rootLookup) : null;
    if (lone[2] && (!fallback || fallback.alpha < 1)) return null;
    needsCompanion.add(lone[1]);
    report.colours.dynamic_alpha++;
    const triple = fallback ? `var(${lone[1]}-rgb, ${asTriple(fallback)})` : `var(${lone[1]}-rgb)`;
    return `rgba(${triple}, ${isTranslucent(lone[1]) ? `calc(var(${lone[1]}-alpha, 1) * ${opacity})` : opacity})`;
  }

  let hoistCount = 0;
  const hoisted = new Map();
  function hoist(text, rule) {
    // An opaque mix with a variable that variants override: the result becomes a variable of its own,
    // set to a computed value wherever one of its inputs is set.
    let expression = text;
    for (let round = 0; round < 4; round++) {
      expression = expression.replace(/var\((--[\w-]+)\)/g, (whole, name) => (own(rule, name) !== undefined && (declaredIn.get(name) || []).length === 1 ? own(rule, name) : whole));
    }
    if (hoisted.has(expression)) return hoisted.get(expression);
    const inputs = openVariables(expression);
    const within = (host) => (name) => own(host, name) ?? own(rule, name) ?? rootValues.get(name);
    const base = evaluateColor(expression, within(rule));
    if (!inputs.length || !base) {
      problems.push(`cannot resolve ${text} in ${rule.selector} (${inputs})`);
      return null;
    }
    const name = `--tblr-mix-${++hoistCount}`;
    const reference = `var(${name}, ${asCss(base)})`;
    hoisted.set(expression, reference);
    report.colours.hoisted++;
    report.hoisted.push({ name, expression, selector: rule.selector, inputs });
    const hosts = new Set(inputs.flatMap((one) => (declaredIn.get(one) || []).map((decl) => decl.parent)));
    for (const host of hosts) {
      const value = evaluateColor(expression, within(host));
      if (value) host.append({ prop: name, value: asCss(value) });
      else problems.push(`cannot resolve ${expression} in ${host.selector}`);
    }
    return reference;
  }

  function translated(value, rule) {
    const tree = valueParser(value);
    tree.walk((node) => {
      if (node.type !== "function") return true;
      const text = withoutUnsetVariables(valueParser.stringify(node));
      const percentRgb = /^rgba?$/.test(node.value) && text.includes("%");
      if (!NEW_COLOUR.test(node.value) && !percentRgb) return true;
      let result = null;
      if (isRoot(rule) || openVariables(text).length === 0) {
        const fixed = evaluateColor(text, rootLookup);
        if (fixed) {
          result = asCss(fixed);
          report.colours.constant++;
        }
      }
      if (!result && node.value === "color-mix") result = throughTransparent(text);
      if (!result) result = rule.type === "rule" ? hoist(text, rule) : null;
      if (!result) {
        problems.push(`cannot resolve ${text} in ${rule.selector}`);
        return false;
      }
      Object.assign(node, { type: "word", value: result, nodes: undefined });
      return false;
    });
    return tree.toString();
  }
  root.walkDecls((decl) => {
    if (/\b(color-mix|oklch|oklab|lch|lab|color)\(|rgba?\([^)]*%/.test(decl.value) && !decl.value.includes("url(")) decl.value = translated(decl.value, decl.parent);
    else if (/oklch%28/.test(decl.value)) decl.value = decl.value.replace(/oklch%28(.*?)%29/g, (_, inner) => asCss(evaluateColor(`oklch(${decodeURIComponent(inner)})`, rootLookup)).replace("#", "%23"));
  });

  // Every declaration of a variable that is used with a changing alpha also declares its "r, g, b".
  function companionOf(value, rule) {
    if (/^(inherit|initial|unset)$/.test(value)) return value;
    const lone = /^var\((--[\w-]+)\)$/.exec(value);
    if (lone && varies(lone[1])) {
      needsCompanion.add(lone[1]);
      return `var(${lone[1]}-rgb)`;
    }
    const fixed = openVariables(value).length === 0 ? evaluateColor(value, rootLookup) : null;
    if (fixed) return asTriple(fixed);
    problems.push(`no r, g, b for ${value} in ${rule.selector}`);
    return null;
  }
  function alphaOf(value) {
    const lone = /^var\((--[\w-]+)\)$/.exec(value);
    if (/^(inherit|initial|unset)$/.test(value)) return value;
    if (lone && varies(lone[1])) return `var(${lone[1]}-alpha, 1)`;
    return String(evaluateColor(value, rootLookup)?.alpha ?? 1);
  }
  const NAMED = "primary secondary success info warning danger light dark muted blue azure indigo purple pink red orange yellow lime green teal cyan white black body-color body-bg".split(" ");
  NAMED.forEach((name) => needsCompanion.add(`--tblr-${name}`));
  const done = new Set();
  for (let grown = true; grown; ) {
    grown = false;
    for (const name of [...needsCompanion]) {
      if (done.has(name)) continue;
      done.add(name);
      grown = true;
      if (!declaredIn.has(name) && !rootValues.has(name)) problems.push(`${name} is used with alpha but nowhere declared`);
      root.walkDecls(name, (decl) => {
        const value = companionOf(decl.value, decl.parent);
        if (value && isTranslucent(name)) decl.cloneAfter({ prop: `${name}-alpha`, value: alphaOf(decl.value) });
        if (value) decl.cloneAfter({ prop: `${name}-rgb`, value });
      });
    }
  }
  report.companions = [...done].map((name) => `${name}-rgb`).sort();
}
