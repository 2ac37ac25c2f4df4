"use strict";
// Which view is shown, and its updates: every two seconds while the page is visible, and on after the daemon was away.
(() => {
  const main = document.getElementById("main");
  const status = document.getElementById("status");
  const span = document.getElementById("span");
  const theme = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const fast = 2000;
  const slow = 15000;
  const overview = new memod.Overview();
  let view = null;
  let slowDue = 0;
  let run = 0;
  let timer = null;

  // The address that was opened has the token: it is in a cookie from now on, and need not be in the history.
  if (memod.source.isLive && location.search) history.replaceState(null, "", location.pathname + location.hash);

  const say = (text, isAway) => {
    if (status.textContent !== text) status.textContent = text;
    status.classList.toggle("away", isAway);
  };

  const update = async () => {
    const number = ++run;
    clearTimeout(timer);
    const isSlow = performance.now() >= slowDue;
    try {
      await view.update(Number(span.value), isSlow);
      if (isSlow) slowDue = performance.now() + slow;
      if (memod.source.isLive) say(`Live, ${new Date().toLocaleTimeString()}`, false);
    } catch (error) {
      if (!(error instanceof memod.Failure)) throw error;
      // After a restart all of it is asked for anew.
      slowDue = 0;
      const what = error.status === 401 ? "This page's token is no longer valid: open the address that memod-web printed"
        : `${error.message}; trying again`;
      if (memod.source.isLive) say(what, true);
    } finally {
      if (memod.source.isLive && number === run) timer = setTimeout(tick, fast);
    }
  };

  const tick = () => {
    if (document.hidden) { run += 1; return; }
    update();
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) update(); });

  const route = () => {
    const found = location.hash.match(/^#\/fn\/(.*)$/s);
    let fn = null;
    try { fn = found ? decodeURIComponent(found[1]) : null; } catch { fn = null; }
    const next = fn === null ? overview : new memod.FunctionView(fn);
    const isFirst = view === null;
    view = next;
    document.title = view.title;
    main.replaceChildren(view.element);
    if (!isFirst) { main.focus(); scrollTo(0, 0); }
    slowDue = 0;
    update();
  };

  const themes = ["system", "light", "dark"];
  const stored = () => { try { return localStorage.getItem("memod-theme"); } catch { return null; } };
  let chosen = themes.includes(stored()) ? stored() : "system";
  const paint = () => {
    document.documentElement.classList.toggle("dark", chosen === "dark" || (chosen === "system" && dark.matches));
    theme.textContent = `Theme: ${chosen}`;
  };
  theme.addEventListener("click", () => {
    chosen = themes[(themes.indexOf(chosen) + 1) % themes.length];
    try { localStorage.setItem("memod-theme", chosen); } catch { /* Not kept, then. */ }
    paint();
  });
  dark.addEventListener("change", paint);
  span.addEventListener("change", () => { slowDue = 0; update(); });
  addEventListener("hashchange", route);
  if (!memod.source.isLive) say(`As of ${new Date(memod.source.at).toLocaleString()}`, false);
  paint();
  route();
})();
