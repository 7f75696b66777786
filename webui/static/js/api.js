/* The server's API: requests, and its errors as sentences. */

/** An answer that was not what was asked for. */
export class ApiError extends Error {
	/**
	 * @param {number} status 0: no answer at all
	 * @param {string} message
	 * @param {{field: string, msg: string}[]} [fields]
	 * @param {string} [slug] the end of the error's type
	 */
	constructor(status, message, fields = [], slug = '') {
		super(message);
		this.status = status;
		this.fields = fields;
		this.slug = slug;
	}
}

const NO_ANSWER = 'The server does not answer. Try again in a minute, or tell whoever runs it.';

function toError(status, body) {
	const d = body?.detail;
	if (Array.isArray(d)) {
		const fields = d.map(e => ({ field: String(e.loc?.at(-1) ?? ''), msg: String(e.msg ?? '') }));
		return new ApiError(
			status,
			fields.map(f => (f.field ? `${f.field}: ${f.msg}` : f.msg)).join(' · '),
			fields
		);
	}
	if (d && typeof d === 'object')
		return new ApiError(
			status,
			d.detail || d.title || `The server answered ${status}.`,
			[],
			String(d.type ?? '')
				.split('/')
				.pop()
		);
	if (status === 401)
		return new ApiError(
			status,
			'This server asks for its access token. Reload the page and type it as the password.'
		);
	return new ApiError(status, typeof d === 'string' ? d : `The server answered ${status}.`);
}

function parse(text) {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}

async function request(path, init = {}) {
	let response;
	try {
		response = await fetch(path, { credentials: 'same-origin', ...init });
	} catch (e) {
		if (e.name === 'AbortError') throw e;
		throw new ApiError(0, NO_ANSWER);
	}
	if (!response.ok) throw toError(response.status, parse(await response.text()));
	return response;
}

/**
 * @param {string} path below /api/v1
 * @param {AbortSignal} [signal]
 */
export async function getJson(path, signal) {
	return (await request(`/api/v1${path}`, { signal, headers: { Accept: 'application/json' } })).json();
}

/**
 * @param {string} path below /api/v1
 * @param {AbortSignal} [signal]
 */
export async function getText(path, signal) {
	return (await request(`/api/v1${path}`, { signal })).text();
}

/**
 * @param {string} path below /api/v1
 * @param {any} [body]
 * @param {AbortSignal} [signal]
 */
export async function postJson(path, body = {}, signal) {
	const init = {
		method: 'POST',
		signal,
		headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify(body),
	};
	return (await request(`/api/v1${path}`, init)).json();
}

/**
 * Sends files, telling how far it is.
 * @param {File[]} files
 * @param {Record<string, any>} fields
 * @param {(share: number) => void} onProgress 0 to 1
 * @returns {Promise<{jobs: any[], skipped: {name: string, why: string}[]}>} skipped: of archives
 */
export function upload(files, fields, onProgress) {
	const form = new FormData();
	for (const [name, value] of Object.entries(fields)) form.append(name, String(value));
	for (const file of files) form.append('file', file, file.name);
	return new Promise((resolve, reject) => {
		const xhr = new XMLHttpRequest();
		xhr.open('POST', '/api/v1/jobs/upload');
		xhr.upload.addEventListener('progress', e => e.lengthComputable && onProgress(e.loaded / e.total));
		xhr.addEventListener('error', () => reject(new ApiError(0, NO_ANSWER)));
		xhr.addEventListener('load', () => {
			const body = parse(xhr.responseText);
			if (xhr.status >= 200 && xhr.status < 300 && body?.error) reject(new ApiError(xhr.status, body.error));
			else if (xhr.status >= 200 && xhr.status < 300 && body) resolve({ jobs: body.jobs ?? [body], skipped: body.skipped ?? [] });
			else reject(toError(xhr.status, body));
		});
		xhr.send(form);
	});
}

/**
 * The address of something of a job.
 * @param {string} id
 * @param {string} rest begins with a slash
 */
export function jobUrl(id, rest) {
	return `/api/v1/jobs/${encodeURIComponent(id)}${rest}`;
}

/**
 * The address of a file of a result folder.
 * @param {string} id
 * @param {string} name
 */
export function fileUrl(id, name) {
	return jobUrl(id, `/files/${name.split('/').map(encodeURIComponent).join('/')}`);
}
