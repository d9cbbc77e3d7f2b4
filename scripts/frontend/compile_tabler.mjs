// Given Tabler's stylesheet, write one that Chrome 86 understands (light theme, left to right).
// Not a general CSS tool: it stops on anything it has not been taught, so that an upgrade of Tabler
// is looked at. Usage: node compile_tabler.mjs IN OUT REPORT BANNER (see scripts/vendor_frontend.py).
import fs from "node:fs";
import { auditAgainstChrome } from "./audit_css.mjs";
import { translateLayout } from "./layout.mjs";
import { print, tidy } from "./minify.mjs";
import { translateColours } from "./palette.mjs";
import { translateSelectors } from "./selectors.mjs";
import { postcss } from "./tools.mjs";

const [input, output, reportFile, banner] = process.argv.slice(2);
const root = postcss.parse(fs.readFileSync(input, "utf8"));
const problems = [];
const report = { dropped_selectors: {}, colours: { constant: 0, dynamic_alpha: 0, hoisted: 0 }, hoisted: [], companions: [] };
const context = { problems, report };

translateSelectors(root, context);
translateLayout(root);
translateColours(root, context);
tidy(root);
const css = `/*! ${banner} */\n${print(root)}\n`;
report.audit = auditAgainstChrome(css, 86);
problems.push(...report.audit.problems);
fs.writeFileSync(output, css);
fs.writeFileSync(reportFile, JSON.stringify(report, null, 1));
if (problems.length) {
  console.error(problems.join("\n"));
  process.exit(1);
}
