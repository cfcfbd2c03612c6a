import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import actions from '../../src/api/generated/actions.json';
import type { Data, Task } from '../../src/api/types';
import { en } from '../../src/i18n/en';
import { es } from '../../src/i18n/es';
import { zh } from '../../src/i18n/zh';
import { sentence, words, type Sent } from '../../src/record/sentences';
import { chooseLanguage } from '../../src/state/language.svelte';
import { isLookUp } from '../../src/state/tasks.svelte';

beforeAll(() => {
  vi.stubGlobal('localStorage', { setItem: () => undefined });
  vi.stubGlobal('navigator', { languages: ['en'] });
  vi.stubGlobal('sessionStorage', { getItem: () => null });
  vi.stubGlobal('document', { documentElement: {} });
});
beforeEach(() => chooseLanguage('en'));

const done = (action: string, data: Data, result: Task['result']): Sent => ({ action, data, status: 'succeeded', result });
const wish = (action: string, data: Data): Sent => ({ action, data, status: 'failed', result: null });
const transfer = { id: 17, cid: 1, amount: '1250000.00', currency: 'USD', level: 3 };
const inquiry = { id: 4, cid: 1, problem: 'Where is it?', answer: 'Here.', level: 1 };
const frank = { id: 9, name: 'Frank', role: 'Service', level: 2 };

/** What is sent, and the sentence in English, Spanish and Chinese. */
const SENTENCES: [Sent, string, string, string][] = [
  [done('create_customer', { name: 'Ada' }, { customer: { id: 1, name: 'Ada' } }), 'You created the customer Ada.', 'Creaste el cliente Ada.', '您建立了客戶 Ada。'],
  [done('create_document', { cid: 1, content: 'x' }, { document: { id: 3, cid: 1 } }), 'You created document 3 for customer 1.', 'Creaste el documento 3 para el cliente 1.', '您為 客戶 1 建立了文件 3。'],
  [wish('create_transfer', { cid: 1, amount: '2.50', currency: 'EUR' }), 'Create a transfer of EUR 2.50 for customer 1', 'Crear una transferencia de 2,50 EUR para el cliente 1', '為 客戶 1 建立 EUR 2.50 的轉帳'],
  [done('create_inquiry', { cid: 1, problem: 'x' }, { inquiry }), 'You created inquiry 4 for customer 1.', 'Creaste la consulta 4 para el cliente 1.', '您為 客戶 1 建立了詢問 4。'],
  [done('review_transfer', { id: 17, approved: true }, { transfer }), 'You approved transfer 17 of USD 1,250,000.00.', 'Aprobaste la transferencia 17 de 1.250.000,00 USD.', '您核准了轉帳 17（USD 1,250,000.00）。'],
  [wish('review_document', { id: 3, approved: false, reason: 'x' }), 'Reject document 3', 'Rechazar el documento 3', '拒絕文件 3'],
  [done('get_task', { type: 'transfer' }, { transfer }), 'You took transfer 17 of USD 1,250,000.00.', 'Tomaste la transferencia 17 de 1.250.000,00 USD.', '您領取了轉帳 17（USD 1,250,000.00）。'],
  [wish('get_task', { type: 'inquiry' }), 'Take the next inquiry', 'Tomar lo siguiente (consulta)', '領取下一件詢問'],
  [done('respond_inquiry', { id: 4, answer: 'Here.', closed: true }, { inquiry: { ...inquiry, closed: true } }), 'You answered and closed inquiry 4.', 'Respondiste y cerraste la consulta 4.', '您回覆並結束了詢問 4。'],
  [wish('respond_inquiry', { id: 4, answer: 'Here.', closed: false }), 'Answer inquiry 4 and leave it open', 'Responder la consulta 4 y dejarla abierta', '回覆詢問 4，不結束'],
  [done('reply_inquiry', { id: 4, reply: 'Thanks' }, { inquiry }), 'You recorded a reply of the customer to inquiry 4.', 'Anotaste una respuesta del cliente en la consulta 4.', '您在詢問 4 記下了客戶的回覆。'],
  [wish('escalate_task', { type: 'document', id: 3, level: 2 }), 'Escalate document 3 to level 2', 'Elevar el documento 3 al nivel 2', '將文件 3 上呈至第 2 級'],
  [done('release_task', { type: 'inquiry', id: 4 }, { inquiry }), 'You released inquiry 4.', 'Soltaste la consulta 4.', '您釋出了詢問 4。'],
  [done('add_operator', { name: 'Frank', role: 'Service' }, { operator: frank }), 'You added the operator Frank (Service, level 2).', 'Añadiste el operador Frank (Atención al cliente, nivel 2).', '您新增了人員 Frank（客服，第 2 級）。'],
  [done('change_operator', { id: 9, level: 2 }, { operator: frank }), 'You changed Frank: Service, level 2.', 'Modificaste Frank: Atención al cliente, nivel 2.', '您變更了 Frank：客服，第 2 級。'],
  [wish('disable_operator', { id: 9 }), 'Disable operator 9', 'Desactivar el operador 9', '停用 人員 9'],
  [done('enable_operator', { id: 9 }, { operator: frank }), 'You enabled Frank.', 'Activaste Frank.', '您啟用了 Frank。'],
  [done('rotate_operator', { id: 9 }, { operator: frank }), 'You gave Frank a new token.', 'Diste a Frank una clave nueva.', '您給了 Frank 新的金鑰。'],
];

describe('what was sent', () => {
  it.each(SENTENCES)('is a sentence in each language: %#', async (sent, ...expected) => {
    const found: string[] = [];
    for (const language of ['en', 'es', 'zh-Hant'] as const) {
      await chooseLanguage(language);
      found.push(sentence(sent).replaceAll('\u00a0', ' '));
    }
    expect(found).toEqual(expected);
  });

  it('has a sentence for every action that changes something', () => {
    const changing = Object.keys(actions).filter((action) => !isLookUp(action));
    const told = new Set(SENTENCES.map(([{ action }]) => action));
    expect(changing.filter((action) => !told.has(action) && action !== 'create_document' && action !== 'review_document')).toEqual([]);
    for (const action of changing) expect(sentence(wish(action, { id: 1, type: 'document' })), action).not.toMatch(/[{}_]|undefined/);
  });

  it('leaves no brace unfilled in any language', () => {
    const known = ['what', 'kind', 'customer', 'name', 'role', 'level', 'amount', 'id'];
    for (const messages of [en, es, zh]) {
      for (const [key, text] of Object.entries(messages).filter(([name]) => name.startsWith('sent.'))) {
        expect([key, [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).filter((name) => !known.includes(name as string))]).toEqual([key, []]);
      }
    }
  });

  it('comes with the words that were written', () => {
    expect(words(wish('review_document', { id: 3, approved: false, reason: 'Too dark' }))).toBe('Too dark');
    expect(words(done('get_task', { type: 'inquiry' }, { inquiry }))).toBe('Where is it?');
    expect(words(done('release_task', { type: 'inquiry', id: 4 }, { inquiry }))).toBe('');
  });
});
