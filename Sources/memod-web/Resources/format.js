"use strict";
// Numbers and times for people, and elements made of text: what comes from the daemon is never taken for markup.
const memod = {};

memod.count = (value) => Math.round(value).toLocaleString("en");

memod.short = (value) => {
  for (const [size, unit] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
    if (value >= size) return (value / (unit === "k" ? 1e3 : size)).toFixed(1) + unit;
  }
  return value >= 100 || Number.isInteger(value) ? memod.count(value) : value.toFixed(1);
};

memod.bytes = (value) => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
};

memod.duration = (ms) => {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  return `${(seconds / 86400).toFixed(1)} days`;
};

memod.latency = (us) => (us < 1000 ? `${Math.round(us)} µs` : `${(us / 1000).toFixed(1)} ms`);

// For the scale of a chart: one figure and a unit.
memod.span = (ms) => {
  for (const [size, unit] of [[86400000, "d"], [3600000, "h"], [60000, "min"], [1000, "s"]]) {
    if (ms >= size) return `${Number((ms / size).toFixed(1))} ${unit}`;
  }
  return `${Math.round(ms)} ms`;
};

memod.ratio = (hits, misses) => (hits + misses > 0 ? hits / (hits + misses) : null);
memod.percent = (ratio) => (ratio === null ? "–" : `${(ratio * 100).toFixed(1)} %`);

memod.moment = (at, stepMs) => {
  const date = new Date(at);
  const day = date.toLocaleDateString([], { month: "short", day: "numeric" });
  if (stepMs >= 86400000) return day;
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return stepMs >= 3600000 ? `${day} ${time}` : time;
};

// An element with attributes and children; strings become text. "on…" attributes are listeners.
memod.element = (name, attributes, ...children) => {
  const made = document.createElement(name);
  memod.set(made, attributes);
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
};

memod.svg = (name, attributes, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  memod.set(made, attributes);
  made.append(...children.flat());
  return made;
};

memod.set = (element, attributes) => {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
};

memod.table = (caption, heads, rows, classes) => memod.element("div", { class: "scroll", tabindex: 0,
  role: "region", "aria-label": caption },
  memod.element("table", { class: classes },
    memod.element("caption", {}, caption),
    memod.element("thead", {}, memod.element("tr", {},
      heads.map((head) => memod.element("th", { scope: "col" }, head)))),
    memod.element("tbody", {}, rows.map((row) => memod.element("tr", {}, row.map((cell) =>
      cell instanceof Node && cell.nodeName === "TD" ? cell : memod.element("td", {}, cell)))))));
