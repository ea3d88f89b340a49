"use strict";

// What is asked, and how often.
const pollInterval = 2000;
const longestPause = 30000;
const replyTimeout = 9000;
// A reply that takes long to get and to show is asked for less often.
const pausePerWork = 8;

// What is kept and shown at most, so that thousands of servers do not freeze the page.
const chartSpan = 5 * 60 * 1000;
const rowsInAll = 240;
const fewestRows = 8;
const mostRows = 40;
const backendsAtOnce = 24;
const manyServers = 8;
const problemsShown = 10;
const announcedAtOnce = 4;

const states = {
  up: "Up",
  starting: "Starting",
  down: "Down",
  drain: "Drain",
  maintenance: "Maintenance",
};
const stateOrder = { down: 0, starting: 1, drain: 2, maintenance: 3, up: 4 };

// Making and changing elements, only where something is different.

const byId = (id) => document.getElementById(id);

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function mark(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#mark-${name}`);
  svg.append(use);
  return svg;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function setClass(element, text) {
  if (element.className !== text) element.className = text;
}

/** Puts children in their order, and moves none that is in its place: focus and selection stay. */
function setChildren(parent, children) {
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  while (parent.children.length > children.length) parent.lastElementChild.remove();
}

// Words for numbers.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

function plural(count, one, many) {
  return `${whole.format(count)} ${count === 1 ? one : many}`;
}

function rateText(rate) {
  if (rate === null) return "–";
  if (rate > 0 && rate < 0.05) return "<0.1/s";
  return `${rate === 0 ? "0" : rate < 10 ? tenths.format(rate) : whole.format(rate)}/s`;
}

function sizeText(bytes, units = ["B", "kB", "MB", "GB", "TB", "PB"]) {
  let unit = 0;
  while (bytes >= 999.5 && unit < units.length - 1) {
    bytes /= 1000;
    unit += 1;
  }
  return `${unit > 0 && bytes < 9.95 ? tenths.format(bytes) : whole.format(bytes)} ${units[unit]}`;
}

function byteRateText(rate) {
  return rate === null ? "–" : `${sizeText(rate)}/s`;
}

function durationText(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 > 0 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 > 0 ? `${days} d ${hours % 24} h` : `${days} d`;
}

function latencyText(microseconds) {
  if (microseconds < 1000) return `${microseconds} µs`;
  const milliseconds = microseconds / 1000;
  if (milliseconds < 1000) return `${milliseconds < 10 ? tenths.format(milliseconds) : whole.format(milliseconds)} ms`;
  return `${tenths.format(milliseconds / 1000)} s`;
}

function clockText(date) {
  return date.toLocaleTimeString("en-GB");
}

/** With the day, where it is not today. */
function momentText(iso) {
  const date = new Date(iso);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? clockText(date) : `${date.toLocaleDateString("en-CA")} ${clockText(date)}`;
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// What is known.

let status = null;
/** Counts of the status before, by key: what rates are reckoned from. */
let countsBefore = new Map();
let uptimeBefore = 0;
/** One for each status of the last five minutes: time, new sessions and bytes a second. */
let history = [];
let stateBefore = new Map();
let lastContact = null;
let failures = 0;
let failure = "";
let pollTimer = null;
let underWay = null;
let nextPollAt = 0;
let wasReady = null;

/** How many are shown of a list, by its key, where somebody has asked for more. */
const shownCounts = new Map();
let backendsShown = backendsAtOnce;
let filterText = "";
let troubleFirst = null;

// Rates.

function counts(status) {
  const all = new Map();
  const note = (key, sessions, bytes) => all.set(key, [sessions.total, bytes.from_client, bytes.from_server]);
  for (const frontend of status.frontends) note(`f ${frontend.name}`, frontend.sessions, frontend.bytes);
  for (const backend of status.backends) {
    for (const server of backend.servers) note(`s ${backend.name}/${server.name}`, server.sessions, server.bytes);
  }
  return all;
}

/** New sessions and bytes a second for each key, and for all frontends together under "all". */
function ratesSince(before, now, seconds) {
  const rates = new Map();
  const all = [0, 0, 0];
  let isKnown = seconds > 0;
  for (const [key, values] of now) {
    const old = before.get(key);
    // A count that fell belongs to another frontend or server of the same name.
    const known = seconds > 0 && old !== undefined && values.every((value, index) => value >= old[index]);
    const rate = known ? values.map((value, index) => (value - old[index]) / seconds) : null;
    rates.set(key, rate);
    if (key.startsWith("f ")) {
      if (rate) rate.forEach((value, index) => { all[index] += value; });
      else isKnown = false;
    }
  }
  rates.set("all", isKnown ? all : null);
  return rates;
}

// Polling.

async function poll() {
  clearTimeout(pollTimer);
  pollTimer = null;
  if (underWay || document.hidden) return;
  const request = new AbortController();
  underWay = request;
  const patience = setTimeout(() => request.abort(), replyTimeout);
  const began = performance.now();
  let pause = pollInterval;
  try {
    const reply = await fetch("status", { cache: "no-store", signal: request.signal });
    if (!reply.ok) throw new Error(`the answer was ${reply.status} ${reply.statusText}`);
    const next = await reply.json();
    if (underWay === request) {
      take(next);
      pause = Math.max(pollInterval, pausePerWork * (performance.now() - began));
    }
  } catch (error) {
    if (underWay === request) {
      failures += 1;
      failure = error.name === "AbortError" ? `no answer within ${replyTimeout / 1000} s`
        : error.name === "TypeError" ? "no connection" : error.message;
      pause = pollInterval * 2 ** (failures - 1);
      if (failures === 1) announce([`Contact lost: ${failure}`]);
    }
  } finally {
    clearTimeout(patience);
  }
  if (underWay !== request) return;
  underWay = null;
  showContact();
  if (document.hidden) return;
  pause = Math.min(pause, longestPause);
  nextPollAt = Date.now() + pause;
  pollTimer = setTimeout(poll, pause);
}

function stopPolling() {
  clearTimeout(pollTimer);
  pollTimer = null;
  const request = underWay;
  underWay = null;
  request?.abort();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) stopPolling();
  else poll();
  showContact();
});
window.addEventListener("online", poll);

function take(next) {
  const hasRestarted = status !== null && status.started !== next.started;
  const news = [];
  if (failures > 0) news.push("Contact is back");
  if (hasRestarted) {
    countsBefore = new Map();
    history = [];
    news.push("Herald has been started anew");
  }
  const seconds = hasRestarted || status === null ? 0 : (next.uptime_ms - uptimeBefore) / 1000;
  const now = counts(next);
  // Two answers may be one and the same: what was known of the rates stays.
  if (status === null || hasRestarted || seconds > 0) {
    rates = ratesSince(countsBefore, now, seconds);
    countsBefore = now;
    uptimeBefore = next.uptime_ms;
    const all = rates.get("all");
    if (all) history.push({ time: Date.now(), sessions: all[0], fromClients: all[1], fromServers: all[2] });
  }
  const oldest = Date.now() - chartSpan - pollInterval;
  history = history.filter((point) => point.time >= oldest);
  failures = 0;
  lastContact = new Date();
  status = next;
  show(news);
}

let rates = new Map();

// Showing.

function show(news) {
  const changed = new Set();
  const states = new Map();
  for (const backend of status.backends) {
    for (const server of backend.servers) {
      const key = `${backend.name}/${server.name}`;
      const before = stateBefore.get(key);
      if (before !== undefined && before !== server.state) {
        changed.add(key);
        news.push(`${server.name} of ${backend.name}: ${wordFor(server.state)}${server.reason ? `, ${server.reason}` : ""}`);
      }
      states.set(key, server.state);
    }
  }
  stateBefore = states;
  if (wasReady !== null && wasReady !== status.ready) news.push(status.ready ? "Herald is ready" : "Herald is not ready");
  wasReady = status.ready;
  showCondition();
  showTiles();
  showFrontends();
  showHeaderErrors();
  showBackends(changed);
  showFacts();
  announce(news);
}

function wordFor(state) {
  return states[state] ?? state;
}

/** Told to those who can't see it: changes alone, and not too many at once. */
function announce(news) {
  if (news.length === 0) return;
  const told = news.slice(0, announcedAtOnce);
  if (news.length > told.length) told.push(`and ${plural(news.length - told.length, "more change", "more changes")}`);
  byId("announcer").textContent = `${told.join(". ")}.`;
}

function allServers() {
  return status.backends.flatMap((backend) => backend.servers);
}

function showCondition() {
  const [kind, name, word] = status.phase === "draining" ? ["warning", "drain", "Draining"]
    : status.phase === "starting" ? ["warning", "starting", "Starting"]
    : status.ready ? ["good", "up", "Ready"] : ["bad", "down", "Not ready"];
  const pill = byId("readiness");
  setAttribute(pill, "data-kind", kind);
  setAttribute(pill.querySelector("use"), "href", `#mark-${name}`);
  setText(pill.querySelector("span"), word);
  setText(byId("where"), `${location.host} · version ${status.version}`);
  const downCount = allServers().filter((server) => server.state === "down").length;
  const trouble = downCount > 0 ? ` · ${downCount} down` : "";
  const title = `${word}${trouble} · Herald`;
  if (document.title !== title) document.title = title;
  const colour = { good: "%2314774a", warning: "%23d08a00", bad: "%23c8281e" }[downCount > 0 && kind === "good" ? "warning" : kind];
  const icon = byId("favicon");
  const address = icon.getAttribute("href").replace(/fill='%23[0-9a-f]+'/, `fill='${colour}'`);
  setAttribute(icon, "href", address);
}

function showContact() {
  const isLost = failures > 0;
  document.body.classList.toggle("lost", isLost);
  setText(byId("contact"), isLost ? "Contact lost"
    : document.hidden ? "Paused"
    : lastContact ? `Live · ${clockText(lastContact)}` : "");
  showBanners();
}

const bannerElements = new Map();

function showBanners() {
  const banners = [];
  if (failures > 0) {
    const seconds = Math.max(1, Math.round((nextPollAt - Date.now()) / 1000));
    const since = lastContact ? `What is shown is of ${clockText(lastContact)}.` : "Nothing is known yet.";
    const soon = pollTimer ? ` Asking again in ${seconds} s.` : "";
    banners.push({ key: "lost", kind: "bad", title: "No contact with Herald", lines: [`${sentence(failure)}. ${since}${soon}`], canRetry: true });
  }
  if (status) {
    if (status.phase === "draining") {
      const left = plural(status.sessions.current, "session goes", "sessions go");
      banners.push({ key: "draining", kind: "warning", title: "Draining", lines: [`No new client is taken in; ${left} on.`] });
    }
    const reasons = status.reasons.filter((reason) => reason !== "draining");
    if (!status.ready && reasons.length > 0) {
      banners.push({ key: "unready", kind: "bad", title: "Not ready for every new client", lines: reasons });
    }
    if (status.configuration.problems.length > 0) {
      banners.push({
        key: "reload",
        kind: "warning",
        title: `The last reload failed: the configuration of ${momentText(status.configuration.loaded)} still holds`,
        lines: status.configuration.problems,
      });
    }
  }
  if (status && status.diagnoses.length > 0) {
    banners.push({ key: "diagnoses", kind: "note", title: "Worth a look", lines: status.diagnoses });
  }
  const elements = banners.map((banner) => bannerElement(banner));
  setChildren(byId("banners"), elements);
}

function bannerElement({ key, kind, title, lines, canRetry }) {
  let element = bannerElements.get(key);
  if (!element) {
    element = make("section", { class: "banner", "data-banner": key }, make("h2"), make("ul"));
    if (canRetry) element.append(make("button", { type: "button", textContent: "Ask now", onclick: poll }));
    bannerElements.set(key, element);
  }
  setAttribute(element, "data-kind", kind);
  setText(element.querySelector("h2"), title);
  const list = element.querySelector("ul");
  const shown = lines.slice(0, problemsShown).map(sentence);
  if (lines.length > shown.length) shown.push(`and ${whole.format(lines.length - shown.length)} more`);
  while (list.children.length > shown.length) list.lastElementChild.remove();
  while (list.children.length < shown.length) list.append(make("li"));
  shown.forEach((line, index) => setText(list.children[index], line));
  return element;
}

// The retry's countdown.
setInterval(() => { if (failures > 0 && !document.hidden) showBanners(); }, 1000);

// Tiles and charts.

function showTiles() {
  setText(byId("sessions-now"), whole.format(status.sessions.current));
  setText(byId("sessions-limit"), status.sessions.limit === null ? "no limit" : `of ${whole.format(status.sessions.limit)}`);
  const servers = allServers();
  const takers = servers.filter((server) => server.state === "up" || server.state === "starting").length;
  const upText = byId("servers-up");
  const shown = `${whole.format(takers)} / ${whole.format(servers.length)}`;
  if (upText.textContent !== shown) {
    upText.replaceChildren(whole.format(takers), make("span", { class: "of", textContent: ` / ${whole.format(servers.length)}` }));
  }
  const others = Object.keys(states)
    .filter((state) => state !== "up")
    .map((state) => [servers.filter((server) => server.state === state).length, states[state].toLowerCase()])
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${whole.format(count)} ${word}`);
  setText(byId("servers-not-up"), others.length > 0 ? others.join(", ") : servers.length > 0 ? "all of them" : "there are none");

  const all = rates.get("all");
  setText(byId("session-rate"), rateText(all ? all[0] : null));
  setText(byId("client-rate"), byteRateText(all ? all[1] : null));
  setText(byId("server-rate"), byteRateText(all ? all[2] : null));
  const peak = drawChart(byId("session-chart"), ["sessions"], 1);
  setText(byId("session-peak"), peak > 0 ? `peak ${rateText(peak)}` : "");
  describeChart("session-chart", "New sessions", all && rateText(all[0]), rateText(peak));
  const bytePeak = drawChart(byId("byte-chart"), ["fromClients", "fromServers"], 1000);
  setText(byId("byte-peak"), bytePeak > 0 ? `peak ${byteRateText(bytePeak)}` : "");
  const now = all && `${byteRateText(all[1])} from clients, ${byteRateText(all[2])} from servers`;
  describeChart("byte-chart", "Payload", now, byteRateText(bytePeak));
}

function describeChart(id, name, now, peak) {
  setAttribute(byId(id), "aria-label", `${name} in the last five minutes: ${now ? `${now} now, at most ${peak}` : "none known yet"}`);
}

/** Draws one line for each field, the first with its area; returns the highest value. */
function drawChart(svg, fields, least) {
  const [width, height, margin] = [300, 56, 2];
  const end = history.length > 0 ? history[history.length - 1].time : 0;
  const peak = Math.max(0, ...history.flatMap((point) => fields.map((field) => point[field])));
  const top = Math.max(peak, least);
  const x = (point) => (width - (end - point.time) / chartSpan * width).toFixed(1);
  const y = (value) => (height - margin - value / top * (height - 2 * margin)).toFixed(1);
  const lines = svg.querySelectorAll(".line");
  fields.forEach((field, index) => {
    let line = "";
    let area = "";
    let begin = null;
    history.forEach((point, position) => {
      const before = history[position - 1];
      // Where nobody asked for a while, nothing is known.
      const isFirst = !before || point.time - before.time > 4 * pollInterval;
      if (isFirst) {
        if (begin) area += `L${x(before)} ${height}L${x(begin)} ${height}Z`;
        begin = point;
      }
      const step = `${isFirst ? "M" : "L"}${x(point)} ${y(point[field])}`;
      line += step;
      area += step;
    });
    if (begin) area += `L${x(history[history.length - 1])} ${height}L${x(begin)} ${height}Z`;
    setAttribute(lines[index], "d", line);
    if (index === 0) setAttribute(svg.querySelector(".area"), "d", area);
  });
  return peak;
}

// Tables.

/**
 * A table whose rows are kept by key and changed in place. Roles are written out, since they get lost where a narrow
 * screen shows rows as blocks.
 */
class Table {
  constructor(caption, columns, kind) {
    this.columns = columns;
    this.rows = new Map();
    this.body = make("tbody", { role: "rowgroup" });
    const heads = columns.map(({ title, kind }) => make("th", { scope: "col", role: "columnheader", class: kind, textContent: title }));
    this.element = make("div", { class: kind },
      make("table", { role: "table" },
        make("caption", { class: "hidden", textContent: caption }),
        make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads)),
        this.body));
  }

  /** `entries` have a key, attributes for the row, and cells: each has `fill`, which is called with the cell. */
  show(entries) {
    const keys = new Set();
    const elements = entries.map((entry) => {
      keys.add(entry.key);
      let row = this.rows.get(entry.key);
      if (!row) {
        row = this.makeRow();
        this.rows.set(entry.key, row);
      }
      for (const [name, value] of Object.entries(entry.attributes ?? {})) setAttribute(row, name, value);
      if (entry.hasChanged) restart(row, "changed");
      entry.cells.forEach((fill, index) => fill(row.children[index]));
      return row;
    });
    for (const key of this.rows.keys()) if (!keys.has(key)) this.rows.delete(key);
    setChildren(this.body, elements);
  }

  makeRow() {
    const cells = this.columns.map(({ title, kind, isHead, hasLabel }) => {
      const cell = make(isHead ? "th" : "td", { class: kind, role: isHead ? "rowheader" : "cell" });
      if (isHead) cell.scope = "row";
      if (hasLabel) cell.dataset.label = title;
      return cell;
    });
    return make("tr", { role: "row" }, ...cells);
  }
}

/** Runs the animation of a class from its start. */
function restart(element, name) {
  element.classList.remove(name);
  void element.offsetWidth;
  element.classList.add(name);
}

const text = (value, isIdle = false) => (cell) => {
  setText(cell, value);
  cell.classList.toggle("idle", isIdle);
};

/** A line, tags behind it, and a smaller line below: made anew only where one of them is different. */
const lines = (main, sub, tags = []) => (cell) => {
  const key = JSON.stringify([main, sub, tags]);
  if (cell.dataset.shown === key) return;
  cell.dataset.shown = key;
  cell.replaceChildren(main, ...tags.map((tag) => make("span", { class: "tag", textContent: tag })));
  if (sub) cell.append(make("span", { class: "sub", textContent: sub }));
};

const stateCell = (state, sub) => (cell) => {
  if (cell.dataset.state !== state) {
    cell.dataset.state = state;
    const word = make("span", { textContent: wordFor(state) });
    cell.replaceChildren(
      make("span", { class: `state ${state}` }, mark(state in states ? state : "unknown"), word),
      make("span", { class: "sub" }));
  }
  setText(cell.lastElementChild, sub);
};

function ofLimit(count, limit) {
  return limit === null ? whole.format(count) : `${whole.format(count)} / ${whole.format(limit)}`;
}

/** Two lines: to the server, and back. */
const bytesCell = (rate) => (cell) => {
  if (!cell.firstElementChild) {
    const line = (arrow, word) => make("span", { class: "flow" },
      make("span", { "aria-hidden": "true", textContent: arrow }), make("span", { class: "hidden", textContent: word }), make("span"));
    cell.append(line("↑", "from clients "), line("↓", "from the server "));
  }
  setText(cell.firstElementChild.lastElementChild, byteRateText(rate ? rate[1] : null));
  setText(cell.lastElementChild.lastElementChild, byteRateText(rate ? rate[2] : null));
  cell.classList.toggle("idle", !rate || rate[1] + rate[2] === 0);
};

const frontendTable = new Table("Frontends: where clients come in", [
  { title: "Frontend", kind: "c-name", isHead: true },
  { title: "Served by", kind: "c-backend", hasLabel: true },
  { title: "Sessions", kind: "number", hasLabel: true },
  { title: "New", kind: "number", hasLabel: true },
  { title: "From clients", kind: "number", hasLabel: true },
  { title: "From servers", kind: "number", hasLabel: true },
  { title: "Header errors", kind: "number", hasLabel: true },
], "frontends");

function showFrontends() {
  const holder = byId("frontends");
  const shown = takeShown(status.frontends, "frontends", mostRows);
  frontendTable.show(shown.map((frontend) => {
    const rate = rates.get(`f ${frontend.name}`);
    const errors = frontend.ends.filter((end) => end.concerns_header).reduce((sum, end) => sum + end.count, 0);
    const binds = frontend.binds.map((bind) => bind.address).join(", ");
    const tags = frontend.binds.some((bind) => bind.accept_proxy) ? ["accept-proxy"] : [];
    return {
      key: frontend.name,
      attributes: { "data-frontend": frontend.name },
      cells: [
        lines(frontend.name, binds, tags),
        text(frontend.backend),
        text(ofLimit(frontend.sessions.current, frontend.sessions.limit)),
        text(rateText(rate ? rate[0] : null), !rate || rate[0] === 0),
        text(byteRateText(rate ? rate[1] : null), !rate || rate[1] === 0),
        text(byteRateText(rate ? rate[2] : null), !rate || rate[2] === 0),
        (cell) => {
          text(whole.format(errors), errors === 0)(cell);
          cell.classList.toggle("trouble", errors > 0);
        },
      ],
    };
  }));
  setChildren(holder, [frontendTable.element, ...moreButton(status.frontends.length, shown.length, "frontends", "frontends", mostRows)]);
}

const errorTable = new Table("The last sessions that ended because of their header", [
  { title: "When", kind: "c-when" },
  { title: "Frontend", kind: "c-where" },
  { title: "Peer", kind: "c-peer", hasLabel: true },
  { title: "What was wrong", kind: "c-what", hasLabel: true },
], "errors");

function showHeaderErrors() {
  const errors = status.frontends
    .flatMap((frontend) => frontend.header_errors.map((error) => ({ ...error, frontend: frontend.name })))
    .sort((one, other) => (one.time < other.time ? 1 : one.time > other.time ? -1 : 0))
    .slice(0, 8);
  byId("errors-section").hidden = errors.length === 0;
  const seen = new Map();
  errorTable.show(errors.map((error) => {
    const name = `${error.time} ${error.peer} ${error.frontend}`;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    const [end, reason] = error.end.split("/");
    const word = sentence(end.replaceAll("-", " "));
    return {
      key: `${name} ${seen.get(name)}`,
      cells: [
        text(momentText(error.time)),
        lines(error.frontend, error.bind),
        text(error.peer),
        lines(word, error.detail ? sentence(error.detail) : reason ?? ""),
      ],
    };
  }));
  setChildren(byId("errors"), [errorTable.element]);
}

// Backends.

const serverColumns = [
  { title: "State", kind: "c-state" },
  { title: "Server", kind: "c-name", isHead: true },
  { title: "Why", kind: "c-why" },
  { title: "Sessions", kind: "c-sessions number", hasLabel: true },
  { title: "New", kind: "c-rate number", hasLabel: true },
  { title: "Payload", kind: "c-bytes number", hasLabel: true },
];

const backendCards = new Map();

class BackendCard {
  constructor(name) {
    this.title = make("h3", { textContent: name });
    this.about = make("p", { class: "muted" });
    this.flag = make("p", { class: "flag muted" });
    this.share = make("div", { class: "share", "aria-hidden": "true" });
    this.table = new Table(`Servers of ${name}`, serverColumns, "servers");
    this.none = make("p", { class: "none" });
    this.element = make("section", { class: "card", "aria-label": `Backend ${name}`, "data-backend": name },
      make("div", { class: "card-head" }, this.title, this.about, this.flag), this.share);
  }

  show(backend, servers, limit, changed) {
    const takers = backend.servers.filter((server) => server.state === "up" || server.state === "starting").length;
    setText(this.about, `${backend.balance} · ${whole.format(takers)} of ${whole.format(backend.servers.length)} up`);
    const { length, limit: most } = backend.queue;
    setText(this.flag, length === 0 ? "" : `${ofLimit(length, most)} waiting for a server with room`);
    this.showShare(backend);
    const key = `backend ${backend.name}`;
    const shown = takeShown(servers, key, limit);
    this.table.show(shown.map((server) => serverRow(backend, server, changed)));
    setText(this.none, backend.servers.length === 0 ? "No servers." : "No server fits the filter.");
    const rest = moreButton(servers.length, shown.length, key, `servers of ${backend.name}`, limit);
    setChildren(this.element, [
      this.element.firstElementChild, this.share, ...(shown.length > 0 ? [this.table.element] : [this.none]), ...rest,
    ]);
  }

  showShare(backend) {
    const present = Object.keys(states)
      .map((state) => [state, backend.servers.filter((server) => server.state === state).length])
      .filter(([, count]) => count > 0);
    while (this.share.children.length > present.length) this.share.lastElementChild.remove();
    while (this.share.children.length < present.length) this.share.append(make("span"));
    present.forEach(([state, count], index) => {
      setClass(this.share.children[index], state);
      this.share.children[index].style.flexGrow = count;
    });
  }
}

function serverRow(backend, server, changed) {
  const key = `${backend.name}/${server.name}`;
  const rate = rates.get(`s ${key}`);
  const tags = [];
  if (server.backup) tags.push("backup");
  if (server.discovered) tags.push("discovered");
  if (server.send_proxy) tags.push(`send-proxy ${server.send_proxy}`);
  if (server.weight !== 1) tags.push(`weight ${server.weight}`);
  return {
    key,
    attributes: { "data-server": key, "data-state": server.state },
    hasChanged: changed.has(key),
    cells: [
      stateCell(server.state, `for ${durationText(server.held_ms)}`),
      lines(server.name, server.address, tags),
      lines(server.reason ? sentence(server.reason) : "", checkText(server)),
      text(ofLimit(server.sessions.current, server.sessions.limit), server.sessions.current === 0),
      text(rateText(rate ? rate[0] : null), !rate || rate[0] === 0),
      bytesCell(rate),
    ],
  };
}

/** What the last check found, where the state's own reason does not say it. */
function checkText(server) {
  if (server.state === "maintenance") return "";
  if (server.checks === null) return "not checked";
  const last = server.checks.last;
  if (last === null) return "not checked yet";
  if (last.passed) return `last check passed in ${latencyText(last.latency_us)}`;
  return last.detail === server.reason ? "" : `last check failed: ${last.detail}`;
}

function showBackends(changed = new Set()) {
  if (!status) return;
  const count = allServers().length;
  if (troubleFirst === null) troubleFirst = count > manyServers;
  byId("trouble-first").checked = troubleFirst;
  byId("filter-form").hidden = count <= manyServers && filterText === "";
  const words = filterText.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const chosen = status.backends.map((backend) => ({ backend, servers: pick(backend, words) }))
    .filter(({ servers }) => words.length === 0 || servers.length > 0);
  if (troubleFirst && status.backends.length > 1) {
    const worst = ({ backend }) => Math.min(5, ...backend.servers.map((server) => stateOrder[server.state] ?? 5));
    const order = new Map(chosen.map((choice) => [choice, worst(choice)]));
    chosen.sort((one, other) => order.get(one) - order.get(other));
  }
  const shown = chosen.slice(0, backendsShown);
  const limit = Math.min(mostRows, Math.max(fewestRows, Math.floor(rowsInAll / Math.max(1, shown.length))));
  const names = new Set();
  setChildren(byId("backends"), shown.map(({ backend, servers }) => {
    names.add(backend.name);
    let card = backendCards.get(backend.name);
    if (!card) {
      card = new BackendCard(backend.name);
      backendCards.set(backend.name, card);
    }
    card.show(backend, servers, limit, changed);
    return card.element;
  }));
  for (const name of backendCards.keys()) if (!names.has(name)) backendCards.delete(name);
  setChildren(byId("more-backends"), chosen.length <= shown.length ? [] : [
    kept("more backends", () => make("button", { type: "button", onclick: () => { backendsShown += backendsAtOnce; showBackends(); } }),
      `Show more of ${plural(chosen.length - shown.length, "further backend", "further backends")}`),
  ]);
  const found = chosen.reduce((sum, { servers }) => sum + servers.length, 0);
  const result = byId("filter-result");
  result.hidden = words.length === 0;
  setText(result, `${plural(found, "server fits", "servers fit")} of ${whole.format(count)}`);
}

/** The servers that fit every word, in their order; those that are not up first where that is wanted. */
function pick(backend, words) {
  const inName = words.filter((word) => !backend.name.toLowerCase().includes(word));
  const servers = inName.length === 0 ? [...backend.servers] : backend.servers.filter((server) => {
    const all = `${server.name} ${server.address} ${wordFor(server.state)}`.toLowerCase();
    return inName.every((word) => all.includes(word));
  });
  if (!troubleFirst) return servers;
  const order = (server) => stateOrder[server.state] ?? 5;
  return servers.sort((one, other) => order(one) - order(other));
}

// Lists that are longer than what is shown.

function takeShown(list, key, limit) {
  return list.slice(0, shownCounts.get(key) ?? limit);
}

const keptElements = new Map();

/** One element for a key, with a text that may change. */
function kept(key, create, label) {
  let element = keptElements.get(key);
  if (!element) {
    element = create();
    keptElements.set(key, element);
  }
  setText(element, label);
  return element;
}

function moreButton(count, shownCount, key, what, step) {
  if (count <= shownCount) return [];
  const button = kept(`more ${key}`, () => make("button", {
    type: "button",
    onclick: () => {
      shownCounts.set(key, (shownCounts.get(key) ?? step) + mostRows);
      showFrontends();
      showBackends();
    },
  }), `Show more: ${whole.format(shownCount)} of ${whole.format(count)} ${what} are here`);
  return [button.parentElement ?? make("p", { class: "more" }, button)];
}

byId("filter").addEventListener("input", (event) => {
  filterText = event.target.value;
  showBackends();
});
byId("filter-form").addEventListener("submit", (event) => event.preventDefault());
byId("trouble-first").addEventListener("change", (event) => {
  troubleFirst = event.target.checked;
  showBackends();
});

// The process.

function showFacts() {
  const { process, configuration, loops } = status;
  const facts = [
    ["Up for", durationText(status.uptime_ms)],
    ["Sessions so far", whole.format(status.sessions.total)],
    ["Memory", sizeText(process.resident_bytes)],
    ["CPU time", durationText(process.cpu_ms)],
    ["Open files", ofLimit(process.open_files, process.open_file_limit)],
    ["Threads", loops.length === 0 ? "–" : `${whole.format(loops.length)}, sessions ${sharesText(loops)}`],
    ["Configuration", `${configuration.file ?? "none"} · loaded ${momentText(configuration.loaded)}`],
    ["Reloads", `${whole.format(configuration.generation - 1)} taken, ${whole.format(configuration.failed_reloads)} failed`],
  ];
  if (process.dropped_log_lines > 0) facts.push(["Log lines dropped", whole.format(process.dropped_log_lines)]);
  const list = byId("facts");
  setChildren(list, facts.map(([name]) => keptFact(name)));
  facts.forEach(([name, value]) => setText(keptFact(name).lastElementChild, value));
}

function sharesText(loops) {
  const counts = loops.map((loop) => loop.sessions);
  return counts.length <= 4 ? counts.map((count) => whole.format(count)).join(" + ")
    : `${whole.format(Math.min(...counts))} to ${whole.format(Math.max(...counts))} each`;
}

function keptFact(name) {
  const key = `fact ${name}`;
  if (!keptElements.has(key)) keptElements.set(key, make("div", {}, make("dt", { textContent: name }), make("dd")));
  return keptElements.get(key);
}

poll();
