"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const titles = JSON.parse($("titles").textContent);
  const patients = JSON.parse($("data").textContent);
  const STATUS = titles.words.status;
  const ORDER = ["not_met", "incomplete", "missing", "review", "met", "excluded", "unverified"];
  const SHOWN = ["incomplete", "review", "not_met", "met", "excluded"];
  const PAGE = 100;
  const BARS = 12;

  const word = (code) => {
    if (Object.hasOwn(titles.words.titles, code)) return titles.words.titles[code];
    const text = code.replaceAll("_", " ");
    return text.charAt(0).toUpperCase() + text.slice(1);
  };
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const svg = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const icon = (status) => {
    const known = Object.hasOwn(STATUS, status) ? status : "unverified";
    const element = svg("svg", { class: `icon s-${known}`, width: 16, height: 16, "aria-hidden": "true", focusable: "false" });
    element.append(svg("use", { href: `#i-${known}` }));
    return element;
  };

  const rows = patients.flatMap((patient) => patient.v.map((verdict) => ({
    id: patient.id, page: `patients/${patient.f}`, notes: patient.n, rejected: patient.x, reviews: patient.r,
    policy: verdict.p, overall: verdict.o, criteria: verdict.c, missing: verdict.m,
    text: [patient.id, ...verdict.m.map(word)].join(" ").toLowerCase(),
  })));
  const policies = [...new Set(rows.map((row) => row.policy))];
  const criteria = [...new Set(rows.flatMap((row) => Object.keys(row.criteria)))];
  const items = [...new Set(rows.flatMap((row) => row.missing))].sort();
  const overalls = SHOWN.filter((status) => rows.some((row) => row.overall === status));

  const collator = new Intl.Collator("en", { numeric: true });
  const rank = (status) => (ORDER.includes(status) ? ORDER.indexOf(status) : ORDER.length);
  const columns = [
    { name: "Patient", key: "id", order: (a, b) => collator.compare(a.id, b.id) },
    ...(policies.length > 1 ? [{ name: "Policy", key: "policy", order: (a, b) => collator.compare(a.policy, b.policy) }] : []),
    { name: "Overall", key: "overall", order: (a, b) => rank(a.overall) - rank(b.overall) },
    ...criteria.map((id) => ({ name: word(id), key: `c:${id}`, narrow: true, order: (a, b) => rank(a.criteria[id]) - rank(b.criteria[id]) })),
    { name: "Missing", key: "missing", order: (a, b) => b.missing.length - a.missing.length },
    { name: "Notes", key: "notes", order: (a, b) => b.notes - a.notes },
  ];

  const form = $("filters");
  const fields = ["q", "policy", "overall", "missing"];
  const state = { sort: "id", down: false, shown: PAGE };

  const options = (name, values, label) => values.forEach((value) => {
    const option = make("option", "", label(value));
    option.value = value;
    form.elements[name].append(option);
  });
  options("policy", policies, (id) => (titles.policies[id] ? `${id}: ${titles.policies[id]}` : id));
  options("overall", overalls, (status) => STATUS[status] || status);
  options("missing", items, word);
  if (policies.length < 2) form.elements.policy.parentElement.hidden = true;
  $("under").textContent = policies.map((id) => (titles.policies[id] ? `${titles.policies[id]} (${id})` : id)).join(" · ");

  const fits = (row, but) => {
    const wanted = Object.fromEntries(fields.map((name) => [name, name === but ? "" : form.elements[name].value]));
    return wanted.q.toLowerCase().split(/\s+/).every((part) => row.text.includes(part))
      && (!wanted.policy || row.policy === wanted.policy)
      && (!wanted.overall || row.overall === wanted.overall)
      && (!wanted.missing || row.missing.includes(wanted.missing));
  };

  const cell = (row, column) => {
    const td = make(column.key === "id" ? "th" : "td", column.narrow ? "narrow" : "");
    if (column.key === "id") {
      td.scope = "row";
      const link = make("a", "", "");
      link.href = row.page;
      link.append(make("bdi", "", row.id));
      td.append(link);
      if (row.reviews) td.append(" ", make("span", "badge", "reviewed"));
    } else if (column.key === "overall") {
      const status = make("span", `status s-${row.overall}`);
      status.append(icon(row.overall), STATUS[row.overall] || row.overall);
      td.append(status);
    } else if (column.narrow) {
      const status = row.criteria[column.key.slice(2)];
      if (status) {
        const says = STATUS[status] || status;
        const sign = make("span", "sign");
        sign.title = `${column.name}: ${says}`;
        sign.append(icon(status), make("span", "vh", says));
        td.append(sign);
      }
    } else if (column.key === "missing") {
      row.missing.forEach((item) => td.append(make("span", "chip", word(item)), " "));
    } else if (column.key === "policy") {
      td.className = "policy-id";
      td.textContent = row.policy;
    } else {
      td.className = "number";
      td.textContent = row.notes;
      if (row.rejected) td.append(" ", make("span", "badge bad", `${row.rejected} rejected`));
    }
    return td;
  };

  const head = document.querySelector("#patients thead tr");
  columns.forEach((column) => {
    const th = make("th", column.narrow ? "narrow" : "");
    th.scope = "col";
    const button = make("button", "sort", column.name);
    button.type = "button";
    button.append(svg("svg", { class: "arrow", width: 8, height: 8, viewBox: "0 0 8 8", "aria-hidden": "true" }));
    button.lastChild.append(svg("path", { d: "M4 1l3.4 6H.6z", fill: "currentColor" }));
    button.addEventListener("click", () => {
      state.down = state.sort === column.key ? !state.down : false;
      state.sort = column.key;
      draw();
    });
    th.append(button);
    column.th = th;
    head.append(th);
  });

  // A press on a status or a bar sets the filter of the same name; a second press takes it off.
  const toggle = (name, value) => {
    form.elements[name].value = form.elements[name].value === value ? "" : value;
    change();
  };

  const drawStatuses = () => {
    const box = $("statuses");
    const focused = box.contains(document.activeElement) ? document.activeElement.dataset.value : "";
    const counted = rows.filter((row) => fits(row, "overall"));
    const bar = svg("svg", { class: "stack", viewBox: "0 0 400 12", preserveAspectRatio: "none", "aria-hidden": "true" });
    let at = 0;
    const tiles = overalls.map((status) => {
      const count = counted.filter((row) => row.overall === status).length;
      const width = counted.length ? (400 * count) / counted.length : 0;
      if (count) bar.append(svg("rect", { class: `fill-${status}`, x: at, y: 0, width: Math.max(width - 2, 1), height: 12 }));
      at += width;
      const button = make("button", `tile s-${status}`);
      button.type = "button";
      button.dataset.value = status;
      button.setAttribute("aria-pressed", String(form.elements.overall.value === status));
      button.append(make("span", "big", count.toLocaleString("en")), icon(status), make("span", "word", STATUS[status] || status));
      button.addEventListener("click", () => toggle("overall", status));
      return button;
    });
    const line = make("div", "tiles");
    line.append(...tiles);
    box.replaceChildren(line, bar);
    if (focused) tiles.find((tile) => tile.dataset.value === focused).focus();
  };

  const drawChart = () => {
    const box = $("chart");
    const focused = box.contains(document.activeElement) ? document.activeElement.dataset.value : "";
    const counts = new Map();
    const counted = rows.filter((row) => fits(row, "missing"));
    counted.forEach((row) => row.missing.forEach((item) => counts.set(item, (counts.get(item) || 0) + 1)));
    const ranked = [...counts].sort((a, b) => b[1] - a[1] || collator.compare(a[0], b[0]));
    const bars = ranked.slice(0, BARS).map(([item, count]) => {
      const button = make("button", "bar");
      button.type = "button";
      button.dataset.value = item;
      button.setAttribute("aria-pressed", String(form.elements.missing.value === item));
      const drawing = svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
      drawing.append(svg("rect", { class: "track", width: 100, height: 10 }));
      drawing.append(svg("rect", { class: "amount", width: Math.max((100 * count) / counted.length, 0.6), height: 10 }));
      const share = Math.round((100 * count) / counted.length);
      button.append(make("span", "name", word(item)), drawing, make("span", "number", `${count.toLocaleString("en")} · ${share} %`));
      button.addEventListener("click", () => toggle("missing", item));
      return button;
    });
    const rest = ranked.length - bars.length;
    box.replaceChildren(...(bars.length ? bars : [make("p", "dim", "Nothing is missing.")]),
      ...(rest > 0 ? [make("p", "dim", `and ${rest} more item${rest === 1 ? "" : "s"}, in the filter below`)] : []));
    if (focused) (bars.find((bar) => bar.dataset.value === focused) || bars[0])?.focus();
  };

  // One line a criterion: how many meet it, wait for documents, contradict themselves, fail.
  const drawShares = () => {
    const counted = rows.filter((row) => fits(row));
    $("shares").replaceChildren(...criteria.filter((id) => !counted.length || counted.some((row) => row.criteria[id])).map((id) => {
      const line = make("div", "share");
      const told = [];
      const drawing = svg("svg", { viewBox: "0 0 400 10", preserveAspectRatio: "none", role: "img" });
      const judged = counted.filter((row) => row.criteria[id]);
      let at = 0;
      ["met", "review", "missing", "not_met"].forEach((status) => {
        const count = judged.filter((row) => row.criteria[id] === status).length;
        if (!count) return;
        const width = (400 * count) / judged.length;
        drawing.append(svg("rect", { class: `fill-${status}`, x: at, y: 0, width: Math.max(width - 2, 1), height: 10 }));
        at += width;
        told.push(`${count.toLocaleString("en")} ${(STATUS[status] || status).toLowerCase()}`);
      });
      const says = told.join(", ") || "not judged";
      drawing.setAttribute("aria-label", `${word(id)}: ${says}`);
      line.title = says;
      const met = judged.filter((row) => row.criteria[id] === "met").length;
      line.append(make("span", "name", word(id)), drawing, make("span", "number", `${met.toLocaleString("en")} met`));
      return line;
    }));
  };

  const body = document.querySelector("#patients tbody");
  const draw = () => {
    const column = columns.find((one) => one.key === state.sort) || columns[0];
    const sign = state.down ? -1 : 1;
    const found = rows.filter((row) => fits(row)).sort((a, b) => sign * column.order(a, b) || collator.compare(a.id, b.id));
    columns.forEach((one) => {
      if (one === column) one.th.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else one.th.removeAttribute("aria-sort");
    });
    // Criteria that no line in view has (they are of another policy) take no space.
    const drawn = columns.filter((one) => !one.narrow || !found.length || found.some((row) => row.criteria[one.key.slice(2)]));
    columns.forEach((one) => { one.th.hidden = !drawn.includes(one); });
    body.replaceChildren(...found.slice(0, state.shown).map((row) => {
      const tr = make("tr");
      tr.append(...drawn.map((one) => cell(row, one)));
      return tr;
    }));
    const one = policies.length > 1 ? "line" : "patient";
    $("count").textContent = `${found.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} ${one}s`;
    $("none").hidden = found.length > 0;
    const rest = found.length - state.shown;
    $("rest").hidden = rest <= 0;
    $("rest").textContent = `Show ${Math.min(PAGE, rest)} more of ${rest.toLocaleString("en")}`;
    remember();
  };
  $("rest").addEventListener("click", () => { state.shown += PAGE; draw(); });

  // The filters live in the address, so that the way back from a page finds them again.
  const remember = () => {
    const kept = new URLSearchParams();
    fields.forEach((name) => { if (form.elements[name].value) kept.set(name, form.elements[name].value); });
    if (state.sort !== "id" || state.down) kept.set("sort", (state.down ? "-" : "") + state.sort);
    try { history.replaceState(null, "", `#${kept}`); } catch { /* some viewers forbid it */ }
  };
  const recall = () => {
    const kept = new URLSearchParams(location.hash.slice(1));
    fields.forEach((name) => { form.elements[name].value = kept.get(name) || ""; });
    const sort = kept.get("sort") || "id";
    state.down = sort.startsWith("-");
    state.sort = sort.replace(/^-/, "");
  };
  const change = () => { state.shown = PAGE; drawStatuses(); drawChart(); drawShares(); draw(); };
  form.addEventListener("input", change);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(change));
  recall();
  change();
})();
