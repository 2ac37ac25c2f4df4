"use strict";
// Where the figures come from: the server, or, in a page that was saved, what was saved with it.
memod.Failure = class extends Error {
  constructor(message, status) { super(message); this.status = status; }
};

memod.live = {
  isLive: true,
  async ask(path, parameters) {
    const query = new URLSearchParams(Object.entries(parameters || {}).filter(([, value]) => value !== undefined));
    let reply;
    try {
      reply = await fetch(`api/${path}?${query}`, { headers: { Accept: "application/json" },
        signal: AbortSignal.timeout(20000) });
    } catch {
      throw new memod.Failure("memod-web does not answer", 0);
    }
    const body = await reply.json().catch(() => ({}));
    if (!reply.ok) throw new memod.Failure(body.error ? body.error.message : `status ${reply.status}`, reply.status);
    return body;
  },
  stats() { return this.ask("stats"); },
  async functions() { return (await this.ask("functions")).functions; },
  history(fn, span, points) { return this.ask("history", { fn, span_ms: span, points }); },
  advise(fn) { return this.ask("advise", { fn }); },
  info(fn) { return this.ask("info", { fn }); },
  keys(fn, after) { return this.ask("keys", { fn, after, limit: 50 }); },
};

memod.saved = (data) => ({
  isLive: false,
  at: data.at,
  async stats() { return data.stats; },
  async functions() { return data.functions; },
  async history(fn, span) {
    const found = fn === undefined ? data.history[String(span)] : (data.functionHistory || {})[fn];
    if (!found) throw new memod.Failure("this was not saved with the page", 404);
    return found;
  },
  async advise(fn) {
    return fn === undefined ? data.advise
      : { functions: data.advise.functions.filter((row) => row.fn === fn) };
  },
  async info(fn) { return data.functions.find((row) => row.fn === fn) || { fn, hits: 0, misses: 0 }; },
  async keys() { throw new memod.Failure("keys are not saved with the page", 404); },
});

memod.source = (() => {
  const data = document.getElementById("data");
  return data ? memod.saved(JSON.parse(data.textContent)) : memod.live;
})();
