/** Access tokens: made here with 128 random bits, shown once; the server is sent only the hash. */

/** A new token of 22 URL-safe characters. */
export function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** SHA-256 in hex. Needs a secure page: TLS, or the machine itself. */
export async function tokenHash(token: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function canHash(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}
