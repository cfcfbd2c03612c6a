// A file of the page is gone when the server is upgraded while the page is being loaded. Without its script the page
// would stay blank, so it is loaded again: once a minute at most. This file's name never changes, so it is always there.
addEventListener(
  'error',
  ({ target }) => {
    if (!(target instanceof HTMLScriptElement || target instanceof HTMLLinkElement)) return;
    const app = document.getElementById('app');
    // A page that runs fetches parts ahead, offline too, and asks for those that it needs by itself.
    if (app && app.childElementCount > 0) return;
    const place = 'backoffice.reloaded';
    if (Date.now() - Number(sessionStorage.getItem(place)) > 60_000) {
      sessionStorage.setItem(place, String(Date.now()));
      location.reload();
    } else {
      if (app) app.textContent = 'This page could not be loaded. Please reload it in a minute.';
    }
  },
  true,
);
