// Given Tabler's rules, rewrite their selectors for Chrome 86 and drop the parts this project does not use.
// Not for declarations.
import { postcss, selectorParser } from "./tools.mjs";

// Parts of Tabler that this project does not use: dark theme, right-to-left, Tabler's theme
// customiser and folding sidebar (both need its JavaScript), third-party widgets, brand colours.
// "x" is a brand too, but border-x, space-x … name the axis.
export const BRANDS =
  "x|facebook|twitter|linkedin|google|youtube|vimeo|dribbble|github|instagram|pinterest|vk|rss|flickr|bitbucket|tabler";
const UNUSED = [
  ["dark theme", /theme-dark|theme=["']?(dark|primary)|-theme-light|\.img-(dark|light)\b/],
  ["right to left", /\[dir=["']?rtl/],
  ["customiser and folding sidebar", /data-bs-(sidebar|layout|navbar-(position|style|theme)|offcanvas-style)|navbar-folded|sidebar-folded/],
  ["brand colours", new RegExp(`\\.(?!(border|divide|scroll|space|translate-middle)-x)[a-z-]*-(${BRANDS})(-lt|-fg|-200)?(?![\\w-])`)],
  ["carousel", /\.carousel|\[data-bs-slide/],
  ["date picker widget", /data-vc\b|\.vc-/],
  ["sparkline, signature, sortable, floating panels", /\.(chart-)?sparkline|\.signature|\.sortable|\.offcanvas-floating/],
];
// :has() has no equivalent in Chrome 86. What matters is said another way; the rest is dropped.
const HAS_REWRITES = [
  [/^\.alert:has\(> \.alert-icon\)$/, ".alert > .alert-icon ~ :not(.btn-close):not(.alert-action):not(.alert-link)", "alert-icon"],
  [/^((?:\.was-validated )?)\.input-group-flat:has\((\.form-control[.:][a-z-]+)\) \.input-group-text$/, "$1.input-group-flat $2 ~ .input-group-text"],
];
const HAS_DROPPED = /accordion-header:has|alert-heading \+ div:has|tab-content:has|input-group-flat:has\([^)]*\):focus-within|legend-list(-divided)?:has|\.signal:has|table-selectable tbody tr:has|a:hover:has|steps:not\(:has/;

function note(report, reason) {
  report.dropped_selectors[reason] = (report.dropped_selectors[reason] || 0) + 1;
}

function expandFunctions(selector) {
  // :is(a, b) becomes the alternatives; :not(a, b) and :not(:is(a, b)) become :not(a):not(b);
  // :not(.a.b) becomes the alternatives :not(.a) and :not(.b), for Chrome 86 takes one simple selector.
  const parsed = selectorParser().astSync(selector);
  let changed = null;
  parsed.walkPseudos((pseudo) => {
    if (changed || !pseudo.nodes.length) return;
    if (pseudo.value === ":not") {
      const inner = pseudo.nodes;
      const only = inner.length === 1 && inner[0].nodes.length === 1 && inner[0].nodes[0].value === ":is" ? inner[0].nodes[0].nodes : null;
      const list = only || (inner.length > 1 ? inner : null);
      if (!list) {
        if (inner[0].nodes.length > 1) {
          changed = inner[0].nodes.map((one) => selector.replace(pseudo.toString(), `:not(${one.toString().trim()})`));
        }
        return;
      }
      pseudo.replaceWith(...list.map((one) => selectorParser.pseudo({ value: ":not", nodes: [one.clone()] })));
      changed = [parsed.toString()];
    } else if (pseudo.value === ":is") {
      changed = pseudo.nodes.map((one) => {
        const marker = "__is__";
        const copy = selector.replace(pseudo.toString(), marker);
        return copy.replace(marker, one.toString().trim());
      });
    }
  });
  return changed ? changed.flatMap(expandFunctions) : [selector];
}

function translateSelector(selector, { report, problems }) {
  selector = selector.trim().replace(/\s+/g, " ");
  for (const [reason, pattern] of UNUSED) {
    if (pattern.test(selector)) {
      note(report, reason);
      return [];
    }
  }
  if (selector.includes(":has(")) {
    for (const [pattern, replacement] of HAS_REWRITES) {
      if (pattern.test(selector)) {
        report.has_rewritten = (report.has_rewritten || 0) + 1;
        return [selector.replace(pattern, replacement)];
      }
    }
    if (HAS_DROPPED.test(selector)) {
      note(report, ":has()");
      return [];
    }
    problems.push(`:has() not reviewed: ${selector}`);
  }
  if (/^(:host|\[data(-bs)?-theme=light\])$/.test(selector)) return [];
  if (selector === "[dir=ltr]") return [":root"];
  return expandFunctions(selector).map((one) => one.replace(/::file-selector-button/g, "::-webkit-file-upload-button"));
}

export function translateSelectors(root, context) {
  root.walkComments((comment) => comment.remove());
  root.walkAtRules("charset", (rule) => rule.remove());
  root.walkRules((rule) => {
    if (rule.parent.type === "atrule" && /keyframes$/.test(rule.parent.name)) return;
    const kept = [...new Set(rule.selectors.flatMap((one) => translateSelector(one, context)))];
    if (!kept.length) return void rule.remove();
    // An unknown pseudo-element would take the whole list with it, so each engine's stand alone.
    const foreign = kept.filter((one) => /::?-(moz|ms)-/.test(one));
    const own = kept.filter((one) => !/::?-(moz|ms)-/.test(one));
    if (foreign.length && own.length) {
      rule.cloneBefore({ selectors: foreign });
      rule.selectors = own;
    } else rule.selectors = kept;
  });
  // The rewritten alert: the icon stays out of the flow, what follows it steps aside.
  root.walkRules(/\.alert > \.alert-icon ~ /, (rule) => {
    rule.removeAll();
    rule.append({ prop: "margin-left", value: "calc(var(--tblr-alert-icon-size) + var(--tblr-alert-gap))" });
  });

  // Before Chrome 91 only the cells of a table's head can be sticky, not the head itself.
  root.append(postcss.rule({ selector: "thead.sticky-top > tr > th" }).append({ prop: "position", value: "sticky" }, { prop: "top", value: "0" }, { prop: "z-index", value: "1" }));
}
