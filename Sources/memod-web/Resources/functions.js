"use strict";
// The table of functions: sorted by any column, filtered by name, a part at a time.
(() => {
  const atOnce = 100;
  const columns = [
    { name: "Function", key: (row) => row.label, text: true },
    { name: "Activity", key: null },
    { name: "Per second", key: (row) => row.rate, show: (row) => (row.rate === null ? "–" : memod.short(row.rate)) },
    { name: "Hits", key: (row) => row.hits, show: (row) => memod.count(row.hits) },
    { name: "Misses", key: (row) => row.misses, show: (row) => memod.count(row.misses), wide: true },
    { name: "Hit ratio", key: (row) => memod.ratio(row.hits, row.misses) ?? -1,
      show: (row) => memod.percent(memod.ratio(row.hits, row.misses)) },
    { name: "Entries", key: (row) => row.currsize, show: (row) => memod.count(row.currsize), wide: true },
    { name: "Maxsize", key: (row) => row.maxsize ?? Infinity,
      show: (row) => (row.maxsize === null ? "none" : memod.count(row.maxsize)), wide: true },
    { name: "Bytes", key: (row) => row.bytes || 0, show: (row) => memod.bytes(row.bytes || 0), wide: true },
    { name: "Saved", key: (row) => row.saved_ms, show: (row) => memod.duration(row.saved_ms) },
  ];

  memod.FunctionTable = class {
    constructor() {
      this.rows = [];
      this.earlier = new Map();
      this.column = 3;
      this.descending = true;
      this.shown = atOnce;
      this.sparks = new Map();
      this.filter = memod.element("input", { type: "search", id: "filter", autocomplete: "off",
        spellcheck: "false", oninput: () => { this.shown = atOnce; this.draw(); } });
      this.count = memod.element("p", { class: "note", role: "status" });
      this.heads = columns.map((column, index) => memod.element("th",
        { scope: "col", class: column.wide ? "wide" : null },
        column.key ? memod.element("button", { type: "button", onclick: () => this.sort(index) }, column.name)
          : column.name));
      this.body = memod.element("tbody", {});
      this.more = memod.element("button", { type: "button", onclick: () => { this.shown += atOnce; this.draw(); } },
        "Show more");
      this.element = memod.element("section", { class: "card functions", "aria-labelledby": "functions-title" },
        memod.element("div", { class: "bar" },
          memod.element("label", { for: "filter" }, "Filter by name "), this.filter, this.count),
        memod.element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Functions" },
          memod.element("table", {}, memod.element("caption", {}, "Functions. A heading's button sorts by it."),
            memod.element("thead", {}, memod.element("tr", {}, this.heads)), this.body)),
        this.more);
      this.observer = new IntersectionObserver((entries) => {
        for (const entry of entries) if (entry.isIntersecting) this.drawSpark(entry.target);
      });
    }

    sort(index) {
      if (this.column === index) this.descending = !this.descending;
      else { this.column = index; this.descending = !columns[index].text; }
      this.draw();
    }

    // What happens a second is the difference from the rows before; a function that was cleared begins anew.
    update(rows, at) {
      const seconds = this.at ? (at - this.at) / 1000 : 0;
      const now = new Map();
      this.rows = rows.map((row) => {
        const label = row.uid === undefined ? row.fn : `${row.fn} (uid ${row.uid})`;
        const calls = row.hits + row.misses;
        const before = this.earlier.get(label);
        now.set(label, calls);
        const rate = before === undefined || seconds <= 0 ? null
          : Math.max(0, calls >= before ? calls - before : calls) / seconds;
        return { ...row, label, rate };
      });
      this.earlier = now;
      this.at = at;
      this.draw();
    }

    draw() {
      const key = columns[this.column].key;
      const sign = this.descending ? -1 : 1;
      const wanted = this.filter.value.toLowerCase();
      const meant = this.rows.filter((row) => row.label.toLowerCase().includes(wanted));
      meant.sort((one, other) => {
        const [left, right] = [key(one), key(other)];
        if (left === right) return one.label < other.label ? -1 : 1;
        return (left < right ? -1 : 1) * sign;
      });
      this.heads.forEach((head, index) => {
        if (index === this.column) head.setAttribute("aria-sort", this.descending ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      const part = meant.slice(0, this.shown);
      const text = `${memod.count(meant.length)} of ${memod.count(this.rows.length)} functions`
        + (part.length < meant.length ? `, the first ${memod.count(part.length)} shown` : "");
      if (this.count.textContent !== text) this.count.textContent = text;
      this.more.hidden = part.length === meant.length;
      // Rows stay where they are as elements, so that focus and selection do too.
      while (this.body.children.length > part.length) {
        this.observer.unobserve(this.body.lastChild.children[1]);
        this.body.lastChild.remove();
      }
      while (this.body.children.length < part.length) this.body.append(this.emptyRow());
      part.forEach((row, index) => this.fill(this.body.children[index], row));
    }

    emptyRow() {
      const cells = columns.map((column) => memod.element("td", { class: column.wide ? "wide" : null }));
      cells[0].append(memod.element("a", {}));
      this.observer.observe(cells[1]);
      return memod.element("tr", {}, cells);
    }

    fill(element, row) {
      const link = element.children[0].firstChild;
      if (link.textContent !== row.label) {
        link.textContent = row.label;
        link.href = `#/fn/${encodeURIComponent(row.fn)}`;
        element.children[1].replaceChildren();
        element.children[1].dataset.fn = row.fn;
        this.observer.unobserve(element.children[1]);
        this.observer.observe(element.children[1]);
      }
      columns.forEach((column, index) => {
        if (!column.show) return;
        const text = column.show(row);
        if (element.children[index].textContent !== text) element.children[index].textContent = text;
      });
    }

    // A curve is asked for when its row is first seen, and again after a minute.
    async drawSpark(cell) {
      const fn = cell.dataset.fn;
      const known = this.sparks.get(fn);
      if (!known || performance.now() - known.at > 60000) {
        const asked = memod.source.history(fn, 86400000, 48).catch(() => null);
        this.sparks.set(fn, { at: performance.now(), asked });
        if (this.sparks.size > 1000) this.sparks.delete(this.sparks.keys().next().value);
      }
      const history = await this.sparks.get(fn).asked;
      if (cell.dataset.fn === fn && history) cell.replaceChildren(memod.spark(history.points));
    }
  };
})();
