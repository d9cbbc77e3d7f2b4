// Given Tabler's declarations, turn logical into physical sides and newer layout words into older ones.
// Not for colours; left-to-right only.
import { BRANDS } from "./selectors.mjs";
import { postcss } from "./tools.mjs";

const BRAND_VARIABLE = new RegExp(`^--tblr-(${BRANDS})(-|$)`);
const SIDE = { "inline-start": "left", "inline-end": "right", "block-start": "top", "block-end": "bottom" };
const CORNER = {
  "border-start-start-radius": "border-top-left-radius",
  "border-start-end-radius": "border-top-right-radius",
  "border-end-start-radius": "border-bottom-left-radius",
  "border-end-end-radius": "border-bottom-right-radius",
};
const AXIS = { inline: ["left", "right"], block: ["top", "bottom"] };

export function words(value) {
  // Top-level blanks only: calc(…) stays whole.
  const parts = [];
  let depth = 0, part = "";
  for (const sign of value.trim()) {
    if (sign === "(") depth++;
    if (sign === ")") depth--;
    if (/\s/.test(sign) && depth === 0) {
      if (part) parts.push(part);
      part = "";
    } else part += sign;
  }
  return part ? [...parts, part] : parts;
}

function physical(decl) {
  const { prop, value, important } = decl;
  const put = (pairs) => decl.replaceWith(pairs.map(([name, one]) => postcss.decl({ prop: name, value: one, important })));
  if (CORNER[prop]) return put([[CORNER[prop], value]]);
  if (prop === "inset") {
    const [top, right = top, bottom = top, left = right] = words(value);
    return put([["top", top], ["right", right], ["bottom", bottom], ["left", left]]);
  }
  let match = /^(inset|margin|padding|border)-(inline|block)-(start|end)(-width|-style|-color)?$/.exec(prop);
  if (match) {
    const side = SIDE[`${match[2]}-${match[3]}`];
    return put([[match[1] === "inset" ? side : `${match[1]}-${side}${match[4] || ""}`, value]]);
  }
  match = /^(inset|margin|padding|border)-(inline|block)(-width|-style|-color)?$/.exec(prop);
  if (match) {
    const [first, second = first] = match[1] === "border" && !match[3] ? [value] : words(value);
    const name = (side) => (match[1] === "inset" ? side : `${match[1]}-${side}${match[3] || ""}`);
    return put([[name(AXIS[match[2]][0]), first], [name(AXIS[match[2]][1]), second]]);
  }
  if (/^(float|clear)$/.test(prop) && SIDE[value]) decl.value = SIDE[value];
  if (/^transition(-property)?$/.test(prop)) {
    decl.value = value.replace(/\b(?:(inset)|(margin|padding|border))-(inline|block)-(start|end)\b/g, (_, inset, other, axis, end) => (other ? `${other}-` : "") + SIDE[`${axis}-${end}`]);
  }
  // In flex boxes Chrome knows start/end from version 93 on.
  if (/^(justify|align|place)-(content|items|self)$/.test(prop)) decl.value = value.replace(/(^|\s)(start|end)(?=\s|$)/g, "$1flex-$2");
  if (/^mask(-|$)/.test(prop)) decl.prop = `-webkit-${prop}`;
  return undefined;
}

export function translateLayout(root) {
  root.walkDecls((decl) => {
    if (BRAND_VARIABLE.test(decl.prop) || /^--tblr-.*-rgb$/.test(decl.prop) || decl.prop === "-webkit-text-decoration-skip") decl.remove();
  });
  root.walkDecls((decl) => void physical(decl));
}
