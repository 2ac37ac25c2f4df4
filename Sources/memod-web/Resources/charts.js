"use strict";
// Charts over time as SVG. Each can be read by pointer, by arrow keys, as a sentence and as a table.
(() => {
  const margin = { left: 56, right: 8, top: 8, bottom: 20 };
  const height = 170;

  // options: title, steps [{at}], stepMs, series [{name, color, values, stacked}], format, maximum
  memod.chart = (options) => {
    const { title, series, format } = options;
    const read = memod.element("p", { class: "read" });
    const figure = memod.element("section", { class: "card chart" },
      memod.element("h3", {}, title),
      memod.element("p", { class: "legend", "aria-hidden": "true" }, series.length > 1
        ? series.map((one) => memod.element("span", { class: `c-${one.color}` }, one.name)) : []));
    const drawing = memod.svg("svg", { role: "img", tabindex: 0, "aria-label": summary(options) });
    let cursor = null;
    const show = (index) => {
      cursor = Math.max(0, Math.min(options.steps.length - 1, index));
      draw();
      read.textContent = sentence(options, cursor);
      read.setAttribute("aria-live", "polite");
    };
    const draw = () => {
      const width = drawing.clientWidth || 420;
      drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
      drawing.replaceChildren(...shapes(options, width, cursor));
    };
    drawing.addEventListener("pointermove", (event) => {
      const box = drawing.getBoundingClientRect();
      const share = (event.clientX - box.left - margin.left) / (box.width - margin.left - margin.right);
      show(Math.floor(share * options.steps.length));
    });
    drawing.addEventListener("pointerleave", () => { cursor = null; read.textContent = ""; draw(); });
    drawing.addEventListener("keydown", (event) => {
      const last = options.steps.length - 1;
      const from = cursor === null ? last + 1 : cursor;
      const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      show(to);
    });
    new ResizeObserver(draw).observe(drawing);
    figure.append(drawing, read, asTable(options));
    // What is looked at stays so while the figures change.
    figure.update = (next) => {
      Object.assign(options, next);
      if (cursor !== null) read.textContent = sentence(options, cursor);
      drawing.setAttribute("aria-label", summary(options));
      draw();
    };
    return figure;
  };

  const top = (options) => {
    const sums = options.steps.map((_, index) => options.series.reduce((sum, one) =>
      one.stacked ? sum + (one.values[index] || 0) : Math.max(sum, one.values[index] || 0), 0));
    return options.maximum || rounded(Math.max(1, ...sums));
  };

  // Up to the next figure that reads well, so that the scale does not move with every look-up.
  const rounded = (value) => {
    const size = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 5, 10].map((step) => step * size).find((step) => step >= value);
  };

  const shapes = (options, width, cursor) => {
    const inner = { w: width - margin.left - margin.right, h: height - margin.top - margin.bottom };
    const most = top(options);
    const count = options.steps.length;
    const x = (index) => margin.left + (index / Math.max(1, count)) * inner.w;
    const y = (value) => margin.top + inner.h - (value / most) * inner.h;
    const made = [];
    for (const share of [0, 0.5, 1]) {
      const at = y(most * share);
      made.push(memod.svg("line", { class: "axis", x1: margin.left, x2: width - margin.right, y1: at, y2: at }));
      made.push(memod.svg("text", { x: margin.left - 6, y: at + 4, "text-anchor": "end" },
        (options.axis || options.format)(most * share)));
    }
    const labels = Math.max(1, Math.min(5, Math.floor(inner.w / 110)));
    for (let label = 0; label < labels; label += 1) {
      const index = Math.floor((label / labels) * count);
      made.push(memod.svg("text", { x: x(index), y: height - 5 },
        memod.moment(options.steps[index].at, options.stepMs)));
    }
    let base = options.steps.map(() => 0);
    for (const one of options.series) {
      if (one.stacked) {
        const next = base.map((value, index) => value + (one.values[index] || 0));
        let path = "";
        next.forEach((value, index) => {
          if (value <= base[index]) return;
          const step = Math.max(1, x(index + 1) - x(index) - (inner.w / count > 4 ? 1 : 0));
          path += `M${x(index).toFixed(1)} ${y(base[index]).toFixed(1)}V${y(value).toFixed(1)}`
            + `h${step.toFixed(1)}V${y(base[index]).toFixed(1)}z`;
        });
        made.push(memod.svg("path", { class: `area c-${one.color}`, d: path }));
        base = next;
      } else {
        made.push(memod.svg("path", { class: `line c-${one.color}`,
          d: line(one.values, (index) => x(index + 0.5), y) }));
      }
    }
    if (cursor !== null && cursor < count) {
      const at = x(cursor + 0.5);
      made.push(memod.svg("line", { class: "cursor", x1: at, x2: at, y1: margin.top, y2: margin.top + inner.h }));
    }
    return made;
  };

  // Where nothing is known the line has a gap; a point on its own is a short dash.
  const line = (values, x, y) => {
    let path = "";
    let isOpen = false;
    values.forEach((value, index) => {
      if (value === null || value === undefined) { isOpen = false; return; }
      const alone = !isOpen && (values[index + 1] === null || values[index + 1] === undefined);
      path += `${isOpen ? "L" : "M"}${(x(index) - (alone ? 1.5 : 0)).toFixed(1)} ${y(value).toFixed(1)}`;
      if (alone) path += "h3";
      isOpen = true;
    });
    return path;
  };

  const sentence = (options, index) => {
    if (index >= options.steps.length) return "";
    const values = options.series.map((one) => `${one.name} ${one.values[index] === null ? "–"
      : options.format(one.values[index])}`);
    return `${memod.moment(options.steps[index].at, options.stepMs)}: ${values.join(", ")}`;
  };

  const summary = (options) => {
    const parts = options.series.map((one) => {
      const known = one.values.filter((value) => value !== null);
      if (known.length === 0) return `${one.name}: nothing`;
      return `${one.name}: now ${options.format(known[known.length - 1])}, at most ${options.format(Math.max(...known))}`;
    });
    return `${options.title}. ${parts.join("; ")}. Arrow keys read single steps.`;
  };

  // Made when it is opened: most are not.
  const asTable = (options) => {
    const details = memod.element("details", {}, memod.element("summary", {}, "As a table"));
    details.addEventListener("toggle", () => {
      while (details.children.length > 1) details.lastChild.remove();
      if (!details.open) return;
      const rows = options.steps.map((step, index) => [memod.moment(step.at, options.stepMs),
        ...options.series.map((one) => one.values[index] === null ? "–" : options.format(one.values[index]))]);
      details.append(memod.table(options.title, ["Time", ...options.series.map((one) => one.name)],
        rows.reverse()));
    });
    return details;
  };

  // A small curve of look-ups, with what it shows in words.
  memod.spark = (points) => {
    const values = points.map((point) => point.hits + point.misses);
    const most = Math.max(1, ...values);
    const x = (index) => (index / Math.max(1, values.length - 1)) * 94 + 1;
    const y = (value) => 24 - (value / most) * 22;
    return memod.svg("svg", { class: "spark c-hits", viewBox: "0 0 96 26", role: "img",
      "aria-label": `at most ${memod.count(Math.max(0, ...values))} look-ups a step` },
      memod.svg("path", { class: "line", d: line(values, x, y) }));
  };
})();
