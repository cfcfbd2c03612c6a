// Writes what the page knows of the API, made of the OpenAPI document: its types, and the schema of each action's data.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const source = new URL('../../../../docs/openapi.json', import.meta.url);
const target = new URL('../src/api/generated/', import.meta.url);

const document = JSON.parse(await readFile(source, 'utf8'));
const schemas = document.components.schemas;
const actions = {};
for (const [name, schema] of Object.entries(schemas)) {
  const action = schema.properties?.action?.const;
  if (name.endsWith('Task') && action) actions[action] = resolved(schemas[`${name.slice(0, -4)}Data`]);
}
await mkdir(target, { recursive: true });
await writeFile(new URL('api.ts', target), astToString(await openapiTS(document)));
await writeFile(new URL('actions.json', target), JSON.stringify(actions));

/** The schema with every reference replaced by what it refers to. */
function resolved(value) {
  if (Array.isArray(value)) return value.map(resolved);
  if (value === null || typeof value !== 'object') return value;
  if (value.$ref) return resolved(schemas[value.$ref.split('/').pop()]);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolved(member)]));
}
