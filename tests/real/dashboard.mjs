// Compares a dashboard with the types of Grafana's schema: the dashboard itself, and the options and the field settings of
// each panel with those of its panel type. Prints a line for each mistake. A key or a value that the schema does not have is
// a mistake. A missing key is not, because Grafana then uses its default.
// node dashboard.mjs MODULES DASHBOARD
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const [modules, file] = process.argv.slice(2);
const require = createRequire(join(modules, 'index.js'));
const ts = require('typescript');
const types = join(dirname(require.resolve('@grafana/schema/package.json')), 'dist/types');

// Removes keys that the schema does not describe: Grafana reads them when it imports a dashboard or in a data source.
const without = (json, keys) => Object.fromEntries(Object.entries(json).filter(([key]) => !keys.includes(key)));
const { panels, annotations, templating, ...rest } = without(JSON.parse(readFileSync(file, 'utf8')), ['__inputs', '__requires']);
const ofDataSource = ['expr', 'step', 'titleFormat', 'textFormat', 'target'];
const settings = {
  ...rest,
  annotations: { ...annotations, list: annotations.list.map((one) => without(one, ofDataSource)) },
  templating: { ...templating, list: templating.list.map((one) => without(one, ['definition'])) },
};

// The directory of a panel type contains one file.
const typesOf = (type) => {
  const folder = join(types, 'raw/composable', type.replaceAll('-', ''), 'panelcfg/x');
  return join(folder, readdirSync(folder)[0].replace(/\.d\.ts$/, ''));
};
const lines = [
  `import type { Dashboard, Panel } from '${join(types, 'index')}';`,
  "type Fields = NonNullable<Panel['fieldConfig']>;",
  // JSON contains the values of enumerations instead of their names.
  'type Json<T> = T extends string ? `${T}` : T extends number ? number | null : T extends boolean | null | undefined ? T : T extends (infer U)[] ? Json<U>[] : T extends object ? { [K in keyof T]?: Json<T[K]> } : T;',
];
const compare = (name, type, json) => lines.push(`export const ${name}: Json<${type}> = ${JSON.stringify(json, null, 1)};`);
compare('dashboard', "Omit<Dashboard, 'panels'>", settings);
for (const { options, fieldConfig, targets, ...panel } of panels) {
  const { defaults: { custom = {}, ...defaults }, overrides } = fieldConfig;
  const [own, of] = [`panel${panel.id}`, typesOf(panel.type)];
  const hasCustom = readFileSync(`${of}.d.ts`, 'utf8').includes('interface FieldConfig');
  lines.push(`import type * as ${own} from '${of}';`);
  compare(`${own}Frame`, "Omit<Panel, 'options' | 'fieldConfig' | 'targets'>", panel);
  compare(`${own}Options`, `${own}.Options`, options);
  compare(`${own}Fields`, "Omit<Fields['defaults'], 'custom'>", defaults);
  compare(`${own}Custom`, hasCustom ? `${own}.FieldConfig` : 'Record<string, never>', custom);
  compare(`${own}Overrides`, "Fields['overrides']", overrides);
}

const [name, text] = [join(modules, 'dashboard.ts'), lines.join('\n')];
const compiler = {
  strict: true, noEmit: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
};
const host = ts.createCompilerHost(compiler);
const { getSourceFile, fileExists, readFile } = host;
host.fileExists = (one) => one === name || fileExists(one);
host.readFile = (one) => (one === name ? text : readFile(one));
host.getSourceFile = (one, ...more) => (one === name ? ts.createSourceFile(one, text, compiler.target) : getSourceFile(one, ...more));
const mistakes = ts.getPreEmitDiagnostics(ts.createProgram([name], compiler, host));
for (const { messageText, file: source, start } of mistakes) {
  const at = source && source.fileName === name ? text.slice(0, start).split('\n').length : 0;
  console.log(`${text.split('\n')[at - 1] ?? source?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}
process.exitCode = mistakes.length > 0 ? 1 : 0;
