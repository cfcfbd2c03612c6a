import { expect } from '@playwright/test';
import { create, signedIn, test } from './office';

// The stack of this file lets a claim last only as long as CLAIM_SECONDS says.
const SECONDS = Number(process.env.CLAIM_SECONDS);

test('the hold is renewed while one works, and lapses while one does not', async ({ browser, request }) => {
  const id = await create(request, 'inquiry', { problem: 'How long does this take?' });
  const page = await signedIn(browser, 'Dave');
  await page.goto(`/#/desk/inquiry/${id}`);
  await page.getByRole('button', { name: 'Take it' }).click();
  await expect(page.getByTestId('lease')).toBeVisible();
  const until = Date.now() + SECONDS * 1_500;
  while (Date.now() < until) {
    await page.getByLabel('Your answer').press('x');
    await page.waitForTimeout(250);
  }
  await expect(page.getByTestId('lease')).toBeVisible();
  await expect(page.getByText('Your hold has lapsed. Others may take it now.')).toBeVisible({ timeout: SECONDS * 4_000 });
});
