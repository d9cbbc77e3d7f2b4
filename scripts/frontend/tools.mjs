// The developer-time npm modules, loaded from the directory the script is started in, so that the
// repository holds no node_modules. Not for browsers.
import { createRequire } from "node:module";
import path from "node:path";

export const require = createRequire(path.join(process.cwd(), "package.json"));
export const postcss = require("postcss");
export const valueParser = require("postcss-value-parser");
export const selectorParser = require("postcss-selector-parser");
