// Drives the page as a person does, with a real browser, server, spooler and engines.
// Prints TAP. page.mjs URL SCREENS DATA: the server, where pictures go, the data folder.
import { readFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [, , url, screens, data] = process.argv;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
mkdirSync(screens, { recursive: true });
let n = 0, bad = 0;
const complaints = [];

function ok(yes, what, why = '') {
	n++;
	bad += yes ? 0 : 1;
	console.log(`${yes ? 'ok' : 'not ok'} ${n} - ${what}`);
	if (!yes && why) console.log(String(why).replace(/^/gm, '# '));
}

async function waits(fn, seconds = 30) {
	for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise((r) => setTimeout(r, 200)))
		if (await fn().catch(() => false)) return true;
	return false;
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
	args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--enable-unsafe-swiftshader', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });

async function open(path, options = {}) {
	const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
	const page = await context.newPage();
	// What the graphics driver says of itself is not ours.
	page.on('console', (m) => /error|warning/.test(m.type()) && !/WebGL|GPU stall/.test(m.text()) && complaints.push(`${path}: ${m.text()}`));
	page.on('pageerror', (e) => complaints.push(`${path}: ${e.message}`));
	page.on('requestfailed', (r) => !/ERR_ABORTED/.test(r.failure()?.errorText ?? '') && complaints.push(`${path}: ${r.url()} ${r.failure()?.errorText}`));
	await page.goto(url + path);
	return page;
}

// axe-core is put in by the browser itself, past the page's policy.
async function usable(page, what) {
	await page.evaluate(axe);
	const found = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
	const serious = found.violations.filter((v) => ['serious', 'critical'].includes(v.impact));
	ok(!serious.length, `${what}: for everybody`, serious.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((x) => x.html.slice(0, 200)).join(' | ')}`).join('\n'));
}

async function picture(path, name, ready) {
	for (const [suffix, options] of [['light', {}], ['dark', { colorScheme: 'dark' }], ['phone', { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true }]]) {
		const page = await open(path, options);
		ok(await waits(() => page.locator(ready).first().isVisible()), `${name}, ${suffix}: it is shown`);
		await page.waitForTimeout(700);
		await page.screenshot({ path: `${screens}/${name}-${suffix}.png`, fullPage: true });
		const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
		ok(wide <= 0, `${name}, ${suffix}: nothing sticks out`, `${wide} px`);
		await usable(page, `${name}, ${suffix}`);
		await page.context().close();
	}
}

// Quicker for methane than draft, which computes its references, too.
async function choose(page) {
	await page.getByLabel('Preset', { exact: true }).selectOption('production');
}

async function state(id) {
	return (await (await fetch(`${url}/api/v1/jobs/${id}`)).json()).status;
}

// ---- empty
{
	const page = await open('/');
	ok(await waits(() => page.getByText(/inbox/i).first().isVisible()), 'an empty queue says how to begin');
	await page.context().close();
}

// ---- a SMILES
const page = await open('/submit');
await page.getByLabel('SMILES', { exact: true }).fill('C(C');
ok(await waits(() => page.getByText(/never closed/).first().isVisible()), 'half a SMILES is told at once');
await page.getByLabel('SMILES', { exact: true }).fill('C methane');
ok(await waits(() => page.locator('.look img').first().evaluate((i) => i.complete && i.naturalWidth > 0)), 'a whole one is drawn');
ok(await waits(() => page.locator('.look').getByText(/CH/).first().isVisible()), 'with its formula');
await choose(page);
await page.getByRole('button', { name: 'Submit', exact: true }).click();
ok(await waits(async () => /\/jobs\/[0-9a-f]{12}$/.test(page.url())), 'submitted, its own page opens', page.url());
const id = page.url().split('/').pop();
ok(await waits(() => page.locator('.lead').getByText(/running|queued|waiting|done/i).first().isVisible()), 'and says how far it is');

// ---- files, dropped on the queue
{
	const queue = await open('/');
	await queue.evaluate(() => {
		const all = new DataTransfer();
		all.items.add(new File(['C dropped-one\n'], 'dropped one.smi'));
		all.items.add(new File(['C dropped-two\n'], 'dropped two.smi'));
		for (const type of ['dragenter', 'dragover', 'drop'])
			document.body.dispatchEvent(new DragEvent(type, { dataTransfer: all, bubbles: true, cancelable: true }));
	});
	ok(await waits(() => queue.getByText('dropped two.smi').first().isVisible()), 'files dropped on the queue wait in the form');
	await choose(queue);
	await queue.getByRole('button', { name: 'Submit', exact: true }).click();
	ok(await waits(() => queue.getByRole('link', { name: /dropped.one/ }).first().isVisible()), 'submitted, they are in the queue');
	await queue.context().close();
}

// ---- a drawing
{
	const draw = await open('/submit');
	await draw.getByText('Draw the molecule').click();
	ok(await waits(() => draw.locator('.board canvas').first().isVisible()), 'the drawing board opens');
	const boxes = await draw.locator('.board canvas').evaluateAll((all) => all.map((c) => c.getBoundingClientRect()).map((r) => [r.x, r.y, r.width, r.height]));
	const [x, y, w, h] = boxes.sort((a, b) => b[2] * b[3] - a[2] * a[3])[0];
	await draw.mouse.move(x + w / 2, y + h / 2);
	await draw.mouse.down();
	await draw.mouse.move(x + w / 2 + 40, y + h / 2 + 20, { steps: 5 });
	await draw.mouse.up();
	ok(await waits(async () => (await draw.getByLabel('SMILES', { exact: true }).inputValue()) === 'CC', 10), 'a bond drawn is ethane', await draw.getByLabel('SMILES', { exact: true }).inputValue());
	ok(await waits(() => draw.locator('.look').getByText(/C\S*H/).first().isVisible()), 'and is looked at');
	await draw.getByLabel('Name', { exact: true }).fill('drawn <b>ethane</b>');
	await choose(draw);
	await draw.getByRole('button', { name: 'Submit', exact: true }).click();
	ok(await waits(async () => /\/jobs\/[0-9a-f]{12}$/.test(draw.url())), 'and submitted');
	ok(await waits(() => draw.getByRole('heading', { name: 'drawn <b>ethane</b>' }).isVisible()), 'its name is text and nothing else');
	await draw.getByRole('button', { name: /^Cancel/ }).first().click();
	ok(await waits(() => draw.getByText('cancelled').first().isVisible()), 'a button cancels it, and the page says so');
	await draw.context().close();
}

// ---- several at once
{
	const many = await open('/submit');
	await many.getByLabel('SMILES', { exact: true }).fill('C first\nC second');
	await choose(many);
	await many.getByLabel('Name', { exact: true }).fill('pair');
	const sent = many.waitForResponse((r) => r.url().endsWith('/jobs/batch'));
	await many.getByRole('button', { name: 'Submit', exact: true }).click();
	const batch = (await (await sent).json()).job_id;
	ok(await waits(() => many.getByRole('link', { name: 'second' }).first().isVisible()), 'several lines become several jobs');
	await many.goto(`${url}/jobs/${batch}`);
	ok(await waits(() => many.getByText('A file with 2 molecules').isVisible()), 'their batch has a page');
	await many.getByRole('link', { name: 'Show its jobs' }).click();
	ok(await waits(async () => (await many.locator('table tbody tr').count()) === 2), 'that leads to them');
	await many.context().close();
}

// ---- to the end, without a reload
ok(await waits(() => page.getByRole('heading', { name: /^.*H spectrum/ }).first().isVisible(), 300), 'the page follows it to its results', await state(id));
const shifts = JSON.parse(readFileSync(`${data}/outbox/methane/shifts.json`, 'utf8'));
const shown = shifts.shifts['1H'][0].shift.toFixed(2);
ok(await waits(() => page.getByRole('cell', { name: shown, exact: true }).first().isVisible()), `the table has ${shown} ppm, as the folder`);
for (const where of ['.plot canvas', '.viewer canvas', 'svg.structure'])
	ok(await waits(() => page.locator(where).first().isVisible()), `drawn: ${where}`);
for (const what of [/ZIP/i, /nmredata/i, /spectrum-1H\.jdx/])
	ok(await page.getByRole('link', { name: what }).first().isVisible(), `to be had: ${what}`);
await page.context().close();

// ---- pictures
await picture('/', 'queue', 'table tbody tr');
await picture('/submit', 'submit', 'textarea');
await picture(`/jobs/${id}`, 'results', 'canvas');
await picture('/docs', 'docs', 'details');

// ---- a request from the page
{
	const queue = await open('/');
	ok(await waits(async () => (await (await fetch(`${url}/api/v1/jobs?state=done`)).json()).jobs.length === 5, 300), 'all others are done');
	await queue.getByRole('searchbox').or(queue.getByPlaceholder(/name/)).first().fill('dropped');
	ok(await waits(async () => (await queue.locator('table tbody tr').count()) === 2), 'found by name');
	await queue.context().close();
}
ok(!complaints.length, 'nothing in the console', complaints.join('\n'));
await browser.close();
console.log(`1..${n}`);
process.exit(bad ? 1 : 0);
