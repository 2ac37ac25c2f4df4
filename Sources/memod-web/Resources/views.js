"use strict";
// The two views: everything, and one function. Each is made once and then updated in its place.
(() => {
  const tile = (name) => {
    const value = memod.element("dd", {});
    const made = memod.element("dl", { class: "tile" }, memod.element("dt", {}, name), value);
    made.show = (text, note) => value.replaceChildren(text, ...(note ? [memod.element("small", {}, note)] : []));
    return made;
  };

  const pick = (points, key) => points.map((point) => point[key]);
  // What there was is known only of steps in which something happened.
  const gauge = (points, key) => points.map((point) =>
    (point.hits + point.misses + point.evictions + point.entries > 0 ? point[key] : null));

  const historyCharts = (isOfAll) => {
    let charts = null;
    const element = memod.element("div", { class: "charts" });
    element.show = ({ points, step_ms: stepMs }) => {
      const steps = points;
      const sizes = isOfAll
        ? [{ name: "memory", color: "hot", values: gauge(points, "hot_bytes") },
          { name: "disk", color: "cold", values: gauge(points, "cold_bytes") }]
        : [{ name: "memory", color: "hot", values: gauge(points, "hot_bytes") },
          { name: "on disk", color: "cold", values: gauge(points, "cold_bytes") }];
      const wanted = [
        { title: "Look-ups", steps, stepMs, format: memod.short, series: [
          { name: "hits", color: "hits", values: pick(points, "hits"), stacked: true },
          { name: "misses", color: "misses", values: pick(points, "misses"), stacked: true }] },
        { title: "Hit ratio", steps, stepMs, maximum: 1, format: (value) => `${Math.round(value * 1000) / 10} %`,
          series: [{ name: "hit ratio", color: "hits",
            values: points.map((point) => memod.ratio(point.hits, point.misses)) }] },
        { title: "Time saved", steps, stepMs, format: memod.duration, axis: memod.span, series: [
          { name: "saved", color: "saved", values: pick(points, "saved_ms"), stacked: true }] },
        { title: "Bytes", steps, stepMs, format: (value) => memod.bytes(Math.round(value)), series: sizes },
        { title: "Entries", steps, stepMs, format: memod.short, series: [
          { name: "entries", color: "cold", values: gauge(points, "entries") }] },
        { title: "Evictions", steps, stepMs, format: memod.short, series: [
          { name: "evictions", color: "misses", values: pick(points, "evictions"), stacked: true }] },
      ];
      if (charts) wanted.forEach((options, index) => charts[index].update(options));
      else { charts = wanted.map(memod.chart); element.append(...charts); }
    };
    return element;
  };

  const sentence = (row, isHot) => {
    const size = isHot ? memod.bytes : memod.count;
    const at = isHot ? row.bytes : row.maxsize;
    const name = isHot ? "the memory tier" : row.uid === undefined ? row.fn : `${row.fn} (uid ${row.uid})`;
    if (!row.suggest) return `${name}: ${memod.percent(row.hit_ratio)} of look-ups hit; ${row.reason || "nothing to change"}`;
    const to = isHot ? row.suggest.bytes : row.suggest.maxsize;
    if (to < at) return `${name} needs ${size(to)} of its ${size(at)}`;
    const saved = row.suggest.saved_ms_per_hour >= 1000
      ? `, ${memod.duration(row.suggest.saved_ms_per_hour)} saved an hour` : "";
    return `raise ${name} from ${size(at)} to ${size(to)}: ${memod.percent(row.hit_ratio)} becomes `
      + `${memod.percent(row.suggest.hit_ratio)}${saved}`;
  };

  const adviceList = () => {
    const element = memod.element("div", { class: "card" });
    element.show = (advice) => {
      // Rows with something to change first.
      const rows = [...advice.functions].sort((one, other) => Boolean(other.suggest) - Boolean(one.suggest));
      const lines = rows.slice(0, 20).map((row) => memod.element("li", {},
        memod.element("a", { href: `#/fn/${encodeURIComponent(row.fn)}` }, sentence(row, false))));
      if (advice.hot) lines.push(memod.element("li", {}, sentence(advice.hot, true)));
      element.replaceChildren(lines.length > 0 ? memod.element("ul", { class: "plain" }, lines)
        : memod.element("p", { class: "note" }, "Nothing yet: advice is for functions with a maxsize, after some look-ups."));
      if (rows.length > 20) element.append(memod.element("p", { class: "note" }, `and ${rows.length - 20} more functions`));
    };
    return element;
  };

  const tierTable = () => {
    const element = memod.element("div", { class: "card" });
    element.show = (stats) => {
      const rows = [];
      for (const [name, label] of [["hot", "memory"], ["cold", "disk"], ["region", "shared memory"]]) {
        const tier = stats[name];
        if (!tier || tier.enabled === false) continue;
        const meter = memod.element("meter", { min: 0, max: tier.limit_bytes || 1, value: tier.bytes || 0,
          "aria-label": `${label} tier: ${memod.bytes(tier.bytes || 0)} of ${memod.bytes(tier.limit_bytes || 0)}` });
        rows.push([label, memod.count(tier.entries || 0), memod.bytes(tier.bytes || 0),
          memod.bytes(tier.limit_bytes || 0), meter, memod.count(tier.hits || 0)]);
      }
      const remote = stats.remote;
      if (remote && remote.state !== "off") {
        const failed = (remote.errors || 0) + (remote.timeouts || 0);
        const notes = [remote.state, remote.state === "up" ? memod.latency(remote.latency_us || 0) : "",
          `${memod.count(remote.misses || 0)} misses`, failed > 0 ? `${memod.count(failed)} failed` : "",
          remote.pending_clears ? `${memod.count(remote.pending_clears)} clears to send` : ""];
        rows.push([`other machines (${notes.filter(Boolean).join(", ")})`, "", "", "", "",
          memod.count(remote.hits || 0)]);
      }
      element.replaceChildren(rows.length > 0
        ? memod.table("Tiers", ["Tier", "Entries", "Bytes", "Limit", "Full", "Hits"], rows)
        : memod.element("p", { class: "note" }, "Figures of the tiers are for administrators: others share them."));
    };
    return element;
  };

  memod.Overview = class {
    constructor() {
      this.title = "memod";
      this.tiles = { ratio: tile("Hit ratio"), rate: tile("Look-ups a second"), saved: tile("Time saved"),
        entries: tile("Entries"), functions: tile("Functions"), verified: tile("Verified hits") };
      this.notes = memod.element("div", { role: "status" });
      this.charts = historyCharts(true);
      this.tiers = tierTable();
      this.advice = adviceList();
      this.table = new memod.FunctionTable();
      this.welcome = memod.element("div", { class: "card", hidden: true },
        memod.element("p", {}, "Nothing has been remembered yet. In Python:"),
        memod.element("pre", {}, "import memod\n\n@memod.lru_cache(maxsize=512)\ndef slow(x):\n    ..."));
      this.element = memod.element("div", {}, this.notes, memod.element("div", { class: "tiles" }, Object.values(this.tiles)),
        this.welcome, this.charts,
        memod.element("h2", {}, "Tiers"), this.tiers,
        memod.element("h2", {}, "Advice"), this.advice,
        memod.element("h2", { id: "functions-title" }, "Functions"), this.table.element);
    }

    async update(span, isSlow) {
      const at = performance.now();
      const stats = await memod.source.stats();
      this.show(stats, at);
      if (isSlow || !this.hasHistory) {
        this.charts.show(await memod.source.history(undefined, span, 120));
        this.advice.show(await memod.source.advise());
        this.hasHistory = true;
      }
      // A long list is asked for less often, so that it takes little of the daemon's time.
      if (!this.tableDue || at >= this.tableDue) {
        const began = performance.now();
        this.table.update(await memod.source.functions(), at);
        this.tableDue = performance.now() + Math.max(1000, 20 * (performance.now() - began));
      }
    }

    show(stats, at) {
      const calls = stats.hits + stats.misses;
      const seconds = this.before ? (at - this.before.at) / 1000 : 0;
      const rate = seconds > 0 ? Math.max(0, calls - this.before.calls) / seconds : null;
      const saving = seconds > 0 ? Math.max(0, stats.saved_ms - this.before.saved) / seconds : null;
      this.before = { at, calls, saved: stats.saved_ms };
      this.tiles.ratio.show(memod.percent(memod.ratio(stats.hits, stats.misses)),
        `${memod.count(stats.hits)} hits, ${memod.count(stats.misses)} misses`);
      this.tiles.rate.show(rate === null ? "–" : memod.short(rate));
      this.tiles.saved.show(memod.duration(stats.saved_ms), saving === null ? null : `${memod.duration(saving)} a second`);
      this.tiles.entries.show(memod.count(stats.currsize),
        `${memod.count(stats.evictions)} evicted, ${memod.count(stats.expirations)} expired`);
      this.tiles.functions.show(memod.count(stats.functions));
      this.tiles.verified.show(memod.count(stats.verified || 0), `${memod.count(stats.mismatched || 0)} differed`);
      this.notes.replaceChildren(...(stats.degraded ? [memod.element("p", { class: "bad" },
        "The disk takes nothing at the moment: new results live in memory only. See memod's log.")] : []));
      this.welcome.hidden = calls > 0 || stats.currsize > 0;
      this.tiers.show(stats);
      return stats;
    }
  };

  memod.FunctionView = class {
    constructor(fn) {
      this.fn = fn;
      this.title = `${fn} – memod`;
      this.tiles = { ratio: tile("Hit ratio"), saved: tile("Time saved"), entries: tile("Entries"),
        bytes: tile("Bytes"), ttl: tile("Fresh for"), verified: tile("Verified hits") };
      this.charts = historyCharts(false);
      this.advice = memod.element("div", { class: "card" });
      this.mismatches = memod.element("div", { class: "card" });
      this.keys = memod.element("div", { class: "card" });
      this.unknown = memod.element("p", { class: "bad", hidden: true }, "There is no such function (any more).");
      this.element = memod.element("div", {}, memod.element("p", {}, memod.element("a", { href: "#/" }, "All functions")),
        memod.element("h2", {}, fn), this.unknown,
        memod.element("div", { class: "tiles" }, Object.values(this.tiles)), this.charts,
        memod.element("h2", {}, "Advice"), this.advice,
        memod.element("h2", {}, "Verified hits that differed"), this.mismatches,
        memod.element("h2", {}, "Keys"), this.keys);
    }

    async update(span, isSlow) {
      const info = await memod.source.info(this.fn);
      this.show(info);
      if (!isSlow && this.isComplete) return;
      this.charts.show(await memod.source.history(this.fn, span, 120));
      this.showAdvice((await memod.source.advise(this.fn)).functions);
      await this.showKeys();
      this.isComplete = true;
    }

    show(info) {
      this.unknown.hidden = info.hits + info.misses + (info.currsize || 0) > 0 || info.maxsize !== null || info.defined;
      this.tiles.ratio.show(memod.percent(memod.ratio(info.hits, info.misses)),
        `${memod.count(info.hits)} hits, ${memod.count(info.misses)} misses`);
      this.tiles.saved.show(memod.duration(info.saved_ms || 0));
      this.tiles.entries.show(memod.count(info.currsize || 0),
        info.maxsize === null || info.maxsize === undefined ? "no bound" : `of at most ${memod.count(info.maxsize)}`);
      this.tiles.bytes.show(memod.bytes(info.bytes || 0));
      this.tiles.ttl.show(info.ttl_ms === null || info.ttl_ms === undefined ? "ever" : memod.duration(info.ttl_ms),
        info.stale_ms ? `stale for ${memod.duration(info.stale_ms)} more` : null);
      this.tiles.verified.show(memod.count(info.verified || 0), `${memod.count(info.mismatched || 0)} differed`);
      const rows = (info.mismatches || []).map((row) => [new Date(row.at).toLocaleString(), row.digest.slice(0, 12),
        memod.element("td", { class: "text" }, row.kept), memod.element("td", { class: "text" }, row.computed)]);
      const text = JSON.stringify(info.mismatches);
      if (text === this.mismatchText) return;
      this.mismatchText = text;
      this.mismatches.replaceChildren(rows.length > 0
        ? memod.table("The last ones, newest first", ["When", "Key's digest", "Kept", "Computed"], rows)
        : memod.element("p", { class: "note" }, "None. Clients compare some hits if they are asked to: verify=0.01, or MEMOD_VERIFY."));
    }

    // Of a function with a bound; to an administrator there may be several of the name.
    showAdvice(functions) {
      if (functions.length === 0) {
        this.advice.replaceChildren(memod.element("p", { class: "note" }, "Advice is for functions with a maxsize, after some look-ups."));
        return;
      }
      this.advice.replaceChildren(...functions.flatMap((row) => {
        const rows = row.curve.map((point) => [memod.count(point.maxsize) + (point.maxsize === row.maxsize ? " (now)" : ""),
          memod.percent(point.hit_ratio),
          memod.element("meter", { min: 0, max: 1, value: point.hit_ratio, "aria-label": memod.percent(point.hit_ratio) })]);
        return [memod.element("p", {}, sentence(row, false)),
          memod.table("Hit ratio by size", ["Maxsize", "Hit ratio", ""], rows)];
      }));
    }

    async showKeys() {
      let page;
      try { page = await memod.source.keys(this.fn); } catch (error) {
        this.keys.replaceChildren(memod.element("p", { class: "note" }, error.message));
        return;
      }
      const rows = page.keys.map((row) => {
        const text = JSON.stringify(row.key);
        return [memod.element("td", { class: "text" }, text.length > 300 ? `${text.slice(0, 300)}…` : text),
          row.tier, memod.bytes(row.bytes), memod.count(row.hits), memod.duration(row.age_ms)];
      });
      this.keys.replaceChildren(rows.length > 0
        ? memod.table(page.next ? "Some of the keys; memoctl keys lists all" : "All keys",
          ["Key", "Tier", "Bytes", "Hits", "Age"], rows)
        : memod.element("p", { class: "note" }, "No entries."));
    }
  };
})();
