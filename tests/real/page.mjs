// Opens pages in headless Chromium at two widths, in light and dark mode. Prints one line of JSON per view: requests to
// other resources, scripts, whether the page is wider than the window, violations that axe finds, and how many links the
// keyboard reaches.
// node page.mjs MODULES FOLDER-FOR-SCREENSHOTS PAGE...
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, folder, ...pages] = process.argv.slice(2);
const require = createRequire(join(modules, 'index.js'));
const loaded = await import(pathToFileURL(require.resolve('puppeteer-core')).href);
const puppeteer = loaded.launch ? loaded : loaded.default;
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const browser = await puppeteer.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage'],
});
try {
  for (const file of pages) {
    for (const width of [400, 1200]) {
      for (const scheme of ['light', 'dark']) {
        const page = await browser.newPage();
        const requests = [];
        page.on('request', (request) => requests.push(request.url()));
        await page.setViewport({ width, height: 900 });
        await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
        await page.goto(pathToFileURL(file).href);
        const name = `${basename(file, '.html')}-${width}-${scheme}`;
        await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
        const seen = await page.evaluate(() => ({
          scripts: document.scripts.length,
          handlers: [...document.querySelectorAll('*')].flatMap((e) => e.getAttributeNames()).filter((n) => n.startsWith('on')).length,
          wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
          background: getComputedStyle(document.body).backgroundColor,
          links: document.links.length,
          text: document.body.innerText,
        }));
        // Count the links that the Tab key reaches.
        let focused = 0;
        for (let at = 0; at < seen.links; at += 1) {
          await page.keyboard.press('Tab');
          focused += await page.evaluate(() => (document.activeElement?.tagName === 'A' ? 1 : 0));
        }
        const violations = await page.evaluate(
          `${axe}; axe.run(document).then((r) => r.violations.map((v) => v.id + ': ' + v.nodes[0].html))`,
        );
        await page.emulateMediaType('print');
        if (width === 1200 && scheme === 'dark') await page.pdf({ path: join(folder, `${basename(file, '.html')}.pdf`), format: 'A4' });
        const left = requests.filter((url) => url !== pathToFileURL(file).href);
        console.log(JSON.stringify({ name, scheme, width, left, focused, violations, ...seen }));
        await page.close();
      }
    }
  }
} finally {
  await browser.close();
}
