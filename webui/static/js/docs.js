// The API's document, for people: each path with what it answers, and a way to try it.

/** A new element. @param {string} tag @param {object} set properties @param {...(Node|string)} inside */
function el(tag, set = {}, ...inside) {
	const e = Object.assign(document.createElement(tag), set);
	e.append(...inside);
	return e;
}

const followed = (doc, schema) => schema?.$ref ? doc.components.schemas[schema.$ref.split('/').pop()] : schema;

/** A schema in a few words: "string or null", "array of Job". */
function words(schema) {
	if (!schema) return '';
	if (schema.$ref) return schema.$ref.split('/').pop();
	if (schema.anyOf) return schema.anyOf.map(words).join(' or ');
	const type = [].concat(schema.type ?? 'anything').join(' or ');
	const items = schema.items ? ` of ${words(schema.items)}` : '';
	const list = schema.enum ? `: ${schema.enum.filter((v) => v !== null).join(', ')}` : '';
	return type + items + list + (schema.description ? ` (${schema.description})` : '');
}

/** Something that fits a schema, to begin with. */
function example(doc, schema) {
	const s = followed(doc, schema);
	const known = { smiles: 'CCO', solvent: 'chcl3', preset: 'draft', value: 5 };
	const body = {};
	for (const [name, p] of Object.entries(s?.properties ?? {}))
		if (known[name] !== undefined && (s.required?.includes(name) || name === 'preset'))
			body[name] = known[name];
	if (!Object.keys(body).length && s?.properties?.smiles) body.smiles = 'CCO';
	return JSON.stringify(body, null, 1);
}

async function show(response, out) {
	const type = response.headers.get('content-type') ?? '';
	const head = `${response.status} ${response.statusText}\n${type}\n\n`;
	if (/json/.test(type)) out.textContent = head + JSON.stringify(await response.json(), null, 1);
	else if (/^text|xml|^chemical/.test(type)) out.textContent = head + await response.text();
	else out.textContent = `${head}${(await response.blob()).size} bytes`;
}

function bodyField(doc, op) {
	const content = op.requestBody?.content ?? {};
	if (content['multipart/form-data'])
		return el('input', { type: 'file', multiple: true, name: 'file', ariaLabel: 'Files' });
	if (!content['application/json']) return null;
	return el('textarea', { value: example(doc, content['application/json'].schema), ariaLabel: 'Body', spellcheck: false });
}

function request(method, field) {
	if (!field) return { method };
	if (field.type === 'file') {
		const form = new FormData();
		form.append('solvent', 'chcl3');
		for (const file of field.files) form.append('file', file);
		return { method, body: form };
	}
	return { method, headers: { 'Content-Type': 'application/json' }, body: field.value };
}

/** The form of one operation. */
function attempt(doc, path, method, op) {
	const inputs = (op.parameters ?? []).map((p) => ({ p, input: el('input', { name: p.name, required: p.in === 'path' }) }));
	const field = bodyField(doc, op);
	const out = el('pre', { hidden: true, tabIndex: 0 });
	const form = el('form', {}, ...inputs.map(({ p, input }) => el('label', {}, `${p.name} ${p.description ? `(${p.description})` : ''}`, input)));
	if (field) form.append(el('label', {}, 'Body', field));
	form.append(el('button', {}, 'Send'), out);
	form.addEventListener('submit', async (event) => {
		event.preventDefault();
		let url = path;
		const query = new URLSearchParams();
		for (const { p, input } of inputs)
			if (p.in === 'path') url = url.replace(`{${p.name}}`, encodeURIComponent(input.value).replaceAll('%2F', '/'));
			else if (input.value) query.set(p.name, input.value);
		out.hidden = false;
		out.textContent = '…';
		try {
			await show(await fetch(url + (query.size ? `?${query}` : ''), request(method.toUpperCase(), field)), out);
		} catch (error) {
			out.textContent = `The server does not answer: ${error.message}`;
		}
	});
	return form;
}

function answers(op) {
	const rows = Object.entries(op.responses).map(([status, r]) => {
		const [type, content] = Object.entries(r.content ?? {})[0] ?? ['', {}];
		return el('tr', {}, el('td', {}, status), el('td', {}, r.description), el('td', {}, `${type} ${words(content.schema)}`));
	});
	return el('table', {}, el('tr', {}, el('th', {}, 'Status'), el('th', {}, 'Meaning'), el('th', {}, 'Content')), ...rows);
}

function operation(doc, path, method, op) {
	const inside = el('div');
	const box = el('details', {}, el('summary', {}, el('span', { className: `method ${method}` }, method.toUpperCase()),
		el('code', {}, path), el('span', { className: 'words' }, op.summary)), inside);
	box.addEventListener('toggle', () => {
		if (!inside.firstChild) inside.append(answers(op), attempt(doc, path, method, op));
	});
	return box;
}

function schemaTable(name, schema) {
	const rows = Object.entries(schema.properties ?? {}).map(([key, s]) => el('tr', {}, el('td', {}, el('code', {}, key)), el('td', {}, words(s))));
	return el('details', {}, el('summary', {}, el('code', {}, name)), el('div', {}, el('table', {}, ...rows)));
}

async function main() {
	const paths = document.getElementById('paths');
	const doc = await (await fetch('/api/v1/openapi.json')).json();
	document.getElementById('about').textContent = doc.info.description;
	paths.replaceChildren();
	for (const { name } of doc.tags) {
		paths.append(el('h2', {}, { submit: 'Submitting', jobs: 'Jobs', results: 'Results', server: 'The server' }[name] ?? name));
		for (const [path, ops] of Object.entries(doc.paths))
			for (const [method, op] of Object.entries(ops))
				if (op.tags[0] === name) paths.append(operation(doc, path, method, op));
	}
	for (const [name, schema] of Object.entries(doc.components.schemas))
		document.getElementById('schemas').append(schemaTable(name, schema));
}

main().catch((error) => { document.getElementById('paths').textContent = `The document cannot be read: ${error.message}`; });
