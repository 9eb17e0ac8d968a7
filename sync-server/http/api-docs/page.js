// The page of the API document: lists its routes and tries them, with nothing from elsewhere.
const byId = (id) => document.getElementById(id);
const made = (tag, text, parts = []) => {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  element.append(...parts);
  return element;
};

/** A value to begin with, as a schema describes it. */
function example(schema = {}) {
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return example(schema.anyOf[0]);
  if (schema.type === 'object') {
    const wanted = new Set(schema.required ?? []);
    return Object.fromEntries(
      Object.entries(schema.properties ?? {}).flatMap(([key, value]) => (wanted.has(key) ? [[key, example(value)]] : [])),
    );
  }
  return { array: [], string: '', number: 0, integer: 0, boolean: false }[schema.type] ?? '';
}

async function tryOut(method, path, fields, body, output) {
  output.textContent = '…';
  const query = new URLSearchParams();
  let address = path;
  for (const { name, place, input } of fields) {
    if (input.value === '') continue;
    if (place === 'path') address = address.replace(`{${name}}`, input.value.split('/').map(encodeURIComponent).join('/'));
    else query.append(name, input.value);
  }
  const token = byId('token').value;
  const response = await fetch(address + (query.size > 0 ? `?${query}` : ''), {
    method,
    headers: { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...(body ? { 'Content-Type': 'application/json' } : {}) },
    ...(body ? { body: body.value } : {}),
  }).catch((cause) => ({ status: 'no answer', text: async () => String(cause) }));
  const text = await response.text();
  try {
    output.textContent = `${response.status}\n${JSON.stringify(JSON.parse(text), null, 2)}`;
  } catch {
    output.textContent = `${response.status}\n${text.slice(0, 10_000)}`;
  }
}

function route(path, method, operation) {
  const { parameters = [], requestBody, summary } = operation;
  const fields = parameters.map(({ name, in: place, required }) => ({ name, place, required, input: made('input') }));
  const schema = requestBody?.content['application/json'].schema;
  const body = schema ? made('textarea') : null;
  if (body) {
    body.rows = 6;
    body.value = JSON.stringify(example(schema), null, 2);
  }
  const output = made('pre');
  const send = made('button', 'Send');
  send.type = 'button';
  send.addEventListener('click', () => tryOut(method.toUpperCase(), path, fields, body, output));
  const details = made('details', '', [
    made('summary', '', [made('b', method.toUpperCase()), made('code', path)]),
    made('p', `${summary}. Needs the right to ${operation['x-right']}.`),
    ...fields.map(({ name, required, input }) => made('label', `${name}${required ? ' (needed)' : ''}`, [input])),
    ...(body
      ? [made('label', 'Body', [body]), made('details', '', [made('summary', 'Fields'), made('pre', JSON.stringify(schema, null, 2))])]
      : []),
    send,
    output,
  ]);
  details.dataset.find = `${method} ${path} ${summary}`.toLowerCase();
  return details;
}

try {
  const { paths } = await (await fetch('/api/openapi.json')).json();
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => route(path, method, operation)),
  );
  byId('routes').append(...all);
  const show = () => {
    const wanted = byId('find').value.toLowerCase();
    for (const details of all) details.hidden = !details.dataset.find.includes(wanted);
    byId('state').textContent = `${all.filter((d) => !d.hidden).length} routes`;
  };
  byId('find').addEventListener('input', show);
  show();
} catch {
  byId('state').textContent = 'The document could not be read. Reload to try again.';
}
