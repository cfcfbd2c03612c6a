import { expect, type Page } from '@playwright/test';
import { Colleague, create, endSession, signedIn, signIn, mayEnd, test } from './office';

// What somebody is writing stays where they write it, whatever happens to the item, and names its item.

const WRITTEN = 'Ten minutes of careful reasons';
const dialog = (page: Page) => page.getByRole('alertdialog');
const unsent = (page: Page, what: string) => page.getByRole('region', { name: what });

/** Carol writes the reason of a rejection. */
async function writing(page: Page, type: string, id: number, key = 'r'): Promise<void> {
  await page.goto(`/#/desk/${type}/${id}`);
  await page.getByLabel('Then take the next one').uncheck();
  await expect(page.getByRole('button', { name: 'Approve' })).toBeEnabled();
  await page.keyboard.press(key);
  await dialog(page).locator('textarea').fill(WRITTEN);
}

async function copied(page: Page): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText());
}

test('a reason stays in its dialog when a colleague decides the item, and can be copied', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'Decided meanwhile' });
  const bob = await Colleague.of(request, 'Bob');
  const page = await signedIn(browser, 'Carol', { permissions: ['clipboard-read', 'clipboard-write'] });
  const sent: string[] = [];
  page.on('request', (each) => each.postData()?.includes('review_') && sent.push(each.postData() ?? ''));
  await writing(page, 'document', id);
  await bob.run('review_document', { id, approved: true });
  await expect(dialog(page).getByText(/Bob decided this at/)).toBeVisible();
  await expect(dialog(page).getByRole('heading')).toContainText(`Document ${id}`);
  await page.keyboard.type(' and more');
  await expect(dialog(page).locator('textarea')).toHaveValue(`${WRITTEN} and more`);
  await page.keyboard.press('Control+Enter');
  await expect(dialog(page)).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Copy the text' }).click();
  await expect(dialog(page).getByText('Copied.')).toBeVisible();
  expect(await copied(page)).toBe(`${WRITTEN} and more`);
  expect(sent).toEqual([]);
  await page.keyboard.press('Escape');
  const left = unsent(page, `Your reason for rejecting Document ${id} is not sent`);
  await expect(left).toContainText(`${WRITTEN} and more`);
  await left.getByRole('button', { name: 'Discard the text' }).click();
  await expect(left).toBeHidden();
});

test('a reason waits while a colleague holds the item, and is sent once it is free', async ({ browser, request }) => {
  const id = await create(request, 'transfer', { amount: '61.00' });
  const bob = await Colleague.of(request, 'Bob');
  const page = await signedIn(browser, 'Carol');
  await writing(page, 'transfer', id);
  await bob.run('get_task', { type: 'transfer', id });
  await expect(dialog(page).getByText(/Bob is working on this until/)).toBeVisible();
  await expect(dialog(page).locator('textarea')).toHaveValue(WRITTEN);
  await bob.run('release_task', { type: 'transfer', id });
  await expect(dialog(page).getByText(/Bob is working on this until/)).toBeHidden();
  // The item has changed since the question was asked: the first answer shows that, the second one counts.
  await dialog(page).getByRole('button', { name: 'Reject' }).click();
  await expect(dialog(page).getByText('This item changed while you were reading.')).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Reject' }).click();
  await expect(page.getByText(`Transfer ${id} is rejected.`)).toBeVisible();
  expect(await page.evaluate(() => JSON.stringify(sessionStorage))).not.toContain('Ten minutes');
});

test('a reason stays when the item is escalated above its writer', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'Escalated meanwhile' });
  const carol = await Colleague.of(request, 'Carol');
  const page = await signedIn(browser, 'Bob');
  await writing(page, 'document', id);
  await carol.run('escalate_task', { type: 'document', id, level: 2 });
  await expect(dialog(page).getByText('This needs level 2; you have level 1.')).toBeVisible();
  await expect(dialog(page).locator('textarea')).toHaveValue(WRITTEN);
});

test('the reason of an escalation is kept like that of a rejection, and gone once it is sent', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'To be escalated' });
  const page = await signedIn(browser, 'Carol');
  await writing(page, 'document', id, 'e');
  await page.keyboard.press('Escape');
  const left = unsent(page, `Your reason for escalating Document ${id} is not sent`);
  await expect(left).toContainText(WRITTEN);
  await page.goto('/#/tasks');
  await page.goBack();
  await left.getByRole('button', { name: 'Continue writing' }).click();
  await expect(dialog(page).locator('textarea')).toHaveValue(WRITTEN);
  await dialog(page).getByLabel('To level').fill('2');
  await dialog(page).getByRole('button', { name: 'Escalate' }).click();
  await expect(page.getByText(`Document ${id} now requires level 2.`)).toBeVisible();
  expect(await page.evaluate(() => JSON.stringify(sessionStorage))).not.toContain('Ten minutes');
});

test('an answer stays when a colleague closes the inquiry', async ({ browser, request }) => {
  const id = await create(request, 'inquiry', { problem: 'Two answer this' });
  const dave = await Colleague.of(request, 'Dave');
  const page = await signedIn(browser, 'Erin');
  await page.goto(`/#/desk/inquiry/${id}`);
  const answer = page.getByRole('textbox', { name: 'Your answer' });
  await answer.fill(WRITTEN);
  await dave.run('respond_inquiry', { id, answer: 'Quicker.', closed: true });
  await expect(page.getByRole('article').getByText(/Dave decided this at/)).toBeVisible();
  await page.keyboard.type(' and more');
  await expect(answer).toHaveValue(`${WRITTEN} and more`);
  await expect(page.getByRole('button', { name: 'Copy the text' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Close the item' }).click();
  await page.getByRole('link', { name: `Inquiry ${id}` }).first().click();
  await expect(answer).toHaveValue(`${WRITTEN} and more`);
  await page.getByRole('button', { name: 'Discard the text' }).click();
  await expect(answer).toBeHidden();
});

test('a text is shown beside the sign-in when its session ends, and in the pane after it', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'A session ends' });
  const page = await signedIn(browser, 'Carol');
  await writing(page, 'document', id);
  await endSession(page, request, 'Carol');
  await expect(page.getByText('Your session has ended. Please sign in again.')).toBeVisible();
  const left = unsent(page, `Your reason for rejecting Document ${id} is not sent`);
  await expect(left).toContainText(WRITTEN);
  await page.reload();
  await expect(left).toContainText(WRITTEN);
  await signIn(page, 'Carol');
  await expect(left).toContainText(WRITTEN);
  await left.getByRole('button', { name: 'Continue writing' }).click();
  await expect(dialog(page).locator('textarea')).toHaveValue(WRITTEN);
});

test('a dialog stays open with its text when the level of its writer changes', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'A level changes' });
  const page = await signedIn(browser, 'Carol');
  mayEnd(page);
  await writing(page, 'document', id);
  const alice = await Colleague.of(request, 'Alice');
  const { result } = await alice.run('list_operators', {});
  const carol = (result.operators as { id: number; name: string }[]).find(({ name }) => name === 'Carol')!;
  await alice.run('change_operator', { id: carol.id, level: 3 });
  await page.context().setOffline(true);
  await expect(page.locator('.live')).toHaveText('Offline');
  await page.context().setOffline(false);
  await expect(page.getByRole('button', { name: 'Your account', includeHidden: true })).toContainText('Level 3');
  await expect(dialog(page).locator('textarea')).toHaveValue(WRITTEN);
  await alice.run('change_operator', { id: carol.id, level: 2 });
});

test('a text is not lost with a decision that was kept offline and came too late', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'Decided offline' });
  const bob = await Colleague.of(request, 'Bob');
  const page = await signedIn(browser, 'Carol');
  await writing(page, 'document', id);
  await page.context().setOffline(true);
  await dialog(page).getByRole('button', { name: 'Reject' }).click();
  await expect(page.getByRole('article').getByText('What you decided is kept here')).toBeVisible();
  await bob.run('review_document', { id, approved: true });
  await page.context().setOffline(false);
  await expect(unsent(page, `Your reason for rejecting Document ${id} is not sent`)).toContainText(WRITTEN);
});

test('a decision that was kept offline and is carried out leaves no text behind', async ({ browser, request }) => {
  const id = await create(request, 'document', { content: 'Decided offline, in time' });
  const page = await signedIn(browser, 'Carol');
  await writing(page, 'document', id);
  await page.context().setOffline(true);
  await dialog(page).getByRole('button', { name: 'Reject' }).click();
  await expect(page.getByRole('article').getByText('What you decided is kept here')).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByRole('article').getByText('Rejected', { exact: true }).first()).toBeVisible();
  await expect.poll(() => page.evaluate(() => JSON.stringify(sessionStorage))).not.toContain('Ten minutes');
});
