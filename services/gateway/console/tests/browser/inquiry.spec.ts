import { expect, type Page } from '@playwright/test';
import { Colleague, create, row, signedIn, test } from './office';

// An inquiry that is answered and left open waits, and what becomes of it is chosen.

const pane = (page: Page) => page.getByRole('article');
const messages = (page: Page) => pane(page).getByRole('list', { name: 'Messages' }).getByRole('listitem');

/** Erin at an inquiry of its own. */
async function opened(page: Page, id: number): Promise<void> {
  await page.goto(`/#/desk/inquiry/${id}`);
  await page.getByLabel('Then take the next one').uncheck();
}

/** A day as a date field has it. */
function dayFromNow(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

test('neither end of an answer is chosen before somebody chooses, and the error stands at the choice', async ({ browser, request }) => {
  const id = await create(request, 'inquiry', { problem: 'What becomes of this?' });
  const page = await signedIn(browser, 'Erin');
  const sent: string[] = [];
  page.on('request', (each) => each.postData()?.includes('respond_inquiry') && sent.push(each.postData() ?? ''));
  await opened(page, id);
  const choice = page.getByRole('radiogroup', { name: 'After this answer' });
  await expect(choice.getByRole('radio')).toHaveCount(2);
  for (const radio of await choice.getByRole('radio').all()) await expect(radio).not.toBeChecked();
  await page.getByLabel('Your answer').fill('We look into it.');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(choice.getByText('Choose what happens to the inquiry.')).toBeVisible();
  await expect(choice.getByRole('radio').first()).toBeFocused();
  expect(sent).toEqual([]);
  await choice.getByLabel('Close the inquiry.').check();
  await expect(choice.getByText('Choose what happens to the inquiry.')).toBeHidden();
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByText(`Inquiry ${id} is answered and closed.`)).toBeVisible();
});

test('an inquiry that is left open waits visibly, is not taken again, and comes back with the reply', async ({ browser, request }) => {
  const id = await create(request, 'inquiry', { problem: 'Where is my parcel of pearls?' });
  const page = await signedIn(browser, 'Erin');
  await opened(page, id);
  await page.getByLabel('Your answer').fill('Which parcel is it?');
  await page.getByLabel('Leave it open.').check();
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByText(`Inquiry ${id} is answered and waits for the customer.`)).toBeVisible();
  await expect(row(page, 'inquiry', id)).toContainText('waits for the customer');
  await page.goto(`/#/desk/inquiry/${id}`);
  await expect(pane(page).getByText('This inquiry is answered and waits for the customer’s reply.')).toBeVisible();
  await page.getByRole('searchbox').fill('parcel of pearls');
  await expect(page.getByTestId('count')).toHaveText(/^1 of/);
  await page.getByRole('button', { name: /Take next/ }).first().click();
  await expect(page.getByText('Nothing in this view waits for you.')).toBeVisible();
  const alice = await Colleague.of(request, 'Alice');
  await alice.run('reply_inquiry', { id, reply: 'The blue one.' });
  await expect(row(page, 'inquiry', id)).not.toContainText('waits for the customer');
  await page.getByRole('button', { name: /Take next/ }).first().click();
  await expect(page.getByTestId('lease')).toBeVisible();
  await expect(messages(page)).toHaveCount(3);
  await expect(messages(page).nth(0)).toContainText('Where is my parcel of pearls?');
  await expect(messages(page).nth(1)).toContainText('Which parcel is it?');
  await expect(messages(page).nth(2)).toContainText('The blue one.');
  await expect(messages(page).nth(2)).toContainText('Ada Lovelace');
});

test('an Admin records what the customer replies, and lets go of what another holds', async ({ browser, request }) => {
  const id = await create(request, 'inquiry', { problem: 'Where are my rubies?' });
  const dave = await Colleague.of(request, 'Dave');
  await dave.run('get_task', { type: 'inquiry', id });
  await dave.run('respond_inquiry', { id, answer: 'Which rubies?', closed: false });
  const page = await signedIn(browser, 'Alice');
  await page.goto(`/#/record/inquiry/${id}`);
  // What another does meanwhile shows.
  await expect(page.getByRole('button', { name: 'Release' })).toBeVisible();
  await dave.run('release_task', { type: 'inquiry', id });
  await expect(page.getByRole('button', { name: 'Release' })).toHaveCount(0);
  await dave.run('get_task', { type: 'inquiry', id });
  await page.getByRole('button', { name: 'Release' }).click();
  await expect(page.getByText(`Inquiry ${id} is free again.`)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Release' })).toHaveCount(0);
  const reply = page.getByLabel('What the customer replies');
  await page.getByRole('button', { name: 'Record a reply' }).click();
  await expect(reply).toHaveAccessibleDescription('Write down the reply first.');
  await reply.fill('The red ones.');
  await page.reload();
  await expect(reply).toHaveValue('The red ones.');
  await page.getByRole('button', { name: 'Record a reply' }).click();
  await expect(page.getByText(`The customer’s reply to Inquiry ${id} is recorded.`)).toBeVisible();
  await expect(reply).toHaveValue('');
  await expect(page.locator('.timeline')).toContainText('The red ones.');
  const { result } = await dave.run('get_inquiry', { id });
  expect(result.inquiry).toMatchObject({ waiting: false, claimed_by: null });
});

test('a day is chosen until which an inquiry waits, and no day that has passed', async ({ browser, request }) => {
  const id = await create(request, 'inquiry', { problem: 'Please call me next week.' });
  const page = await signedIn(browser, 'Erin');
  await opened(page, id);
  await page.getByLabel('Your answer').fill('We will.');
  await page.getByLabel('Leave it open.').check();
  const day = page.getByLabel('Wait until');
  await day.fill(dayFromNow(-1));
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByText('Choose a day from tomorrow on, at most a year ahead.')).toBeVisible();
  await expect(day).toBeFocused();
  await day.fill(dayFromNow(7));
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByText(`Inquiry ${id} is answered and waits for the customer.`)).toBeVisible();
  await expect(row(page, 'inquiry', id)).toContainText(/waits until .*20\d\d/);
  const erin = await Colleague.of(request, 'Erin');
  const { result } = await erin.run('get_inquiry', { id });
  expect(result.inquiry).toMatchObject({ waiting: true, waiting_until: expect.stringContaining(`${dayFromNow(7)}T00:00:00`) });
  await page.getByRole('combobox', { name: 'Held by' }).selectOption('free');
  await expect(row(page, 'inquiry', id)).toHaveCount(0);
  await page.getByRole('combobox', { name: 'Held by' }).selectOption('waiting');
  await expect(row(page, 'inquiry', id)).toBeVisible();
});

test('the whole thread is shown, its earlier part on demand', async ({ browser, request }) => {
  const id = await create(request, 'inquiry', { problem: 'A long story' });
  const dave = await Colleague.of(request, 'Dave');
  for (let number = 1; number <= 52; number += 1) await dave.run('respond_inquiry', { id, answer: `Answer ${number}.`, closed: false });
  const page = await signedIn(browser, 'Erin');
  await opened(page, id);
  await expect(messages(page).last()).toContainText('Answer 52.');
  await expect(messages(page).getByText('Answer 1.', { exact: true })).toHaveCount(0);
  await page.getByRole('button', { name: 'Earlier messages' }).click();
  await expect(messages(page).getByText('Answer 1.', { exact: true })).toHaveCount(1);
  await expect(messages(page)).toHaveCount(53);
});
