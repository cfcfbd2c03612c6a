// Lays a Brotli and a gzip form beside every text file of the build, for the gateway to send as they are.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const folder = new URL('../dist/', import.meta.url);
for (const name of await readdir(folder, { recursive: true })) {
  if (!/\.(html|js|css|svg|json)$/.test(name)) continue;
  const file = new URL(name, folder);
  const content = await readFile(file);
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  await writeFile(new URL(`${name}.br`, folder), brotliCompressSync(content, options));
  await writeFile(new URL(`${name}.gz`, folder), gzipSync(content, { level: 9 }));
}
