// The reviewer's desk. Every text of a note is set with textContent; nothing is loaded from anywhere.
const SIGN = { present: "+", absent: "−", possible: "?", historical: "past", hypothetical: "if", family: "family" };
const SHORT = { modic: "Modic", symptom_duration: "duration", radicular: "leg", axial_pain: "axial", therapy: "therapy",
  odi: "ODI", pain_score: "pain", functional_impairment: "function", alternative: "finding", code: "code" };
const MARK = { met: "✓", not_met: "✗", missing: "○", incomplete: "○", review: "?", excluded: "—", unverified: "·" };
const DONE = { accept: "✓ accepted", reject: "✗ rejected", correct: "✎ corrected" };
const label = (fact) => (fact.kind === "alternative" ? plain(fact.attributes.diagnosis) : SHORT[fact.kind]);
const plain = (text) => String(text).replaceAll("_", " ");

function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") node[name] = value;
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const badge = (status) => h("span", { class: `bd-badge bd-${status}` }, h("span", { "aria-hidden": "true", text: MARK[status] ?? "·" }), ` ${plain(status)}`);

function shown(value) {
  if (Array.isArray(value)) return value.join(", ");
  return value === true ? "yes" : value === false ? "no" : plain(value);
}

function summary(fact) {
  return Object.entries(fact.attributes)
    .filter(([, value]) => value !== null && value !== false && value !== "unknown" && !(Array.isArray(value) && !value.length))
    .map(([name, value]) => (typeof value === "number" || name === "type" ? `${plain(name)} ${value}` : value === true ? plain(name) : shown(value)))
    .join(" · ");
}

function render({ model, el }) {
  const state = { find: "", status: "", criterion: null, fact: null, note: null, hidden: new Set(), why: {}, editing: null, draft: null };
  const setup = model.get("setup");
  const root = h("div", { class: "bd", role: "region", "aria-label": "Reviewer's desk", "data-lm-suppress-shortcuts": "true" });
  const live = h("div", { class: "bd-live", role: "status", "aria-live": "polite" });
  const head = h("header", { class: "bd-head" });
  const parts = { patients: h("nav", { class: "bd-patients", "aria-label": "Patients" }),
    criteria: h("section", { class: "bd-criteria", "aria-label": "Criteria" }), note: h("section", { class: "bd-note", "aria-label": "Note" }) };
  root.append(head, h("div", { class: "bd-body" }, parts.patients, parts.criteria, parts.note));
  root.addEventListener("keydown", (event) => event.stopPropagation()); // the notebook's own shortcuts stay out of the desk
  el.append(root);

  const chart = () => model.get("chart");
  const reset = () => Object.assign(state, { why: {}, editing: null, draft: null });
  const send = (message) => model.send(message);

  function decide(what, target, change) {
    send({ do: "decide", what, ...target, change, why: state.why[JSON.stringify(target)] ?? "", reviewer: state.reviewer });
  }

  function drawHead() {
    state.reviewer ??= model.get("reviewer");
    const policies = h("select", { "data-k": "policy", onchange: (event) => send({ do: "policy", policy: event.target.value }) },
      ...setup.policies.map((name) => h("option", { value: name, text: name })));
    policies.value = model.get("policy");
    head.replaceChildren(
      h("div", { class: "bd-title" }, h("strong", { text: "Reviewer’s desk" }), h("span", { text: "What the charts document, with the exact words" })),
      live,
      h("label", {}, "Policy ", policies),
      h("label", {}, "Reviewer ", h("input", { "data-k": "reviewer", value: state.reviewer, placeholder: "your name", autocomplete: "off",
        oninput: (event) => { state.reviewer = event.target.value; } })));
  }

  function drawPatients() {
    const all = model.get("patients");
    const find = state.find.toLowerCase();
    const rows = all.filter((row) => row.id.toLowerCase().includes(find) && (!state.status || row.overall === state.status));
    const counts = {};
    for (const row of all) counts[row.overall] = (counts[row.overall] ?? 0) + 1;
    const filter = h("select", { "data-k": "status", "aria-label": "Filter by overall status", onchange: (event) => { state.status = event.target.value; draw("patients"); } },
      h("option", { value: "", text: `all ${all.length} patients` }),
      ...Object.entries(counts).map(([status, count]) => h("option", { value: status, text: `${plain(status)} (${count})` })));
    filter.value = state.status;
    const list = h("ul", { class: "bd-scroll", "data-s": "patients" }, ...rows.slice(0, 500).map((row) => h("li", {},
      h("button", { class: "bd-patient", "data-k": `p:${row.id}`, "aria-current": row.id === chart().patient ? "true" : undefined,
        onclick: () => { reset(); Object.assign(state, { criterion: null, fact: null, note: null }); send({ do: "open", patient: row.id }); } },
      h("span", { class: "bd-row" }, h("b", { text: row.id }), badge(row.overall)),
      h("span", { class: "bd-dots", role: "img", "aria-label": Object.entries(row.criteria).map(([name, status]) => `${plain(name)} ${plain(status)}`).join(", ") },
        ...Object.entries(row.criteria).map(([name, status]) => h("i", { class: `bd-${status}`, title: `${plain(name)}: ${plain(status)}`, text: MARK[status] ?? "·" })),
        row.decisions ? h("em", { text: `${row.decisions} decided` }) : null)))));
    if (rows.length > 500) list.append(h("li", { class: "bd-more", text: `${rows.length - 500} more: narrow the search` }));
    if (!rows.length) list.append(h("li", { class: "bd-more", text: "No patient fits." }));
    list.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const buttons = [...list.querySelectorAll("button")];
      buttons[buttons.indexOf(document.activeElement) + step]?.focus();
    });
    parts.patients.replaceChildren(
      h("div", { class: "bd-tools" },
        h("input", { type: "search", "data-k": "find", placeholder: "Find a patient", "aria-label": "Find a patient", value: state.find,
          oninput: (event) => { state.find = event.target.value; draw("patients"); } }), filter), list);
  }

  function pick(key) {
    reset();
    state.fact = key;
    state.note = chart().facts[key].note;
    state.hidden.delete(chart().facts[key].kind);
    draw();
    parts.note.querySelector(`[data-f~="${key}"]`)?.scrollIntoView({ block: "center" });
  }

  function evidence(key) {
    const fact = chart().facts[key];
    if (!fact) return null;
    return h("li", {}, h("button", { class: `bd-fact bd-k-${fact.kind} ${fact.decision ? `bd-d-${fact.decision.what}` : ""}`, "data-k": `e:${key}`, "data-fact": fact.id,
      "aria-pressed": state.fact === key ? "true" : "false", onclick: () => pick(key) },
    h("span", { class: "bd-row" }, h("span", { class: "bd-tag" }, `${label(fact)} ${SIGN[fact.assertion]}`), h("q", { text: fact.text })),
    h("small", { text: `${fact.date ?? "no date"} · ${fact.note_type}${summary(fact) ? ` · ${summary(fact)}` : ""}` }),
    fact.decision ? h("small", { class: "bd-done", text: `${DONE[fact.decision.what]} by ${fact.decision.reviewer}` }) : null));
  }

  function buttons(target, editor) {
    const id = JSON.stringify(target);
    const why = h("input", { "data-k": `why:${id}`, class: "bd-why", placeholder: "Reason (needed to reject or correct)", "aria-label": "Reason", value: state.why[id] ?? "", autocomplete: "off",
      oninput: (event) => { state.why[id] = event.target.value; } });
    const button = (what, text, action) => h("button", { class: `bd-act bd-a-${what}`, "data-k": `a:${what}:${id}`, "data-act": what, onclick: action }, text);
    const editing = state.editing === id;
    return h("div", { class: "bd-decide" }, editing ? editor() : null, why, h("div", { class: "bd-acts" },
      ...(editing
        ? [button("save", "Save correction", () => decide("correct", target, state.draft)), button("cancel", "Cancel", () => { reset(); draw(); })]
        : [button("accept", "✓ Accept", () => decide("accept", target)), button("reject", "✗ Reject", () => decide("reject", target)),
          button("correct", "✎ Correct …", () => { state.editing = id; state.draft = null; draw(); })])));
  }

  const decided = (decision, done = DONE) => decision && h("p", { class: "bd-done" }, `${done[decision.what]} by ${decision.reviewer}, ${decision.when.slice(0, 16).replace("T", " ")} UTC${decision.why ? `: ${decision.why}` : ""}`);

  function statusEditor(verdict) {
    const options = verdict.criterion === "overall" ? setup.overall : setup.statuses;
    state.draft ??= { status: options.find((status) => status !== verdict.status) };
    const select = h("select", { "data-k": "to", onchange: (event) => { state.draft = { status: event.target.value }; } },
      ...options.map((status) => h("option", { value: status, text: plain(status) })));
    select.value = state.draft.status;
    return h("label", { class: "bd-field" }, h("span", { text: "right status" }), select);
  }

  function drawCriteria() {
    const data = chart();
    const rows = data.verdicts.map((verdict) => {
      const open = state.criterion === verdict.criterion;
      const item = h("li", { class: open ? "bd-open" : undefined },
        h("button", { class: "bd-criterion", "data-k": `c:${verdict.criterion}`, "data-criterion": verdict.criterion, "aria-expanded": open ? "true" : "false",
          onclick: () => { reset(); state.criterion = open ? null : verdict.criterion; draw(); } },
        h("span", { class: "bd-row" }, h("b", { text: verdict.name[0].toUpperCase() + verdict.name.slice(1) }), badge(verdict.status)),
        h("span", { class: "bd-why-text", text: verdict.rationale }),
        verdict.decision ? h("small", { class: "bd-done", text: verdict.decision.what === "correct" ? `✎ set by ${verdict.decision.reviewer}` : `${DONE[verdict.decision.what]} by ${verdict.decision.reviewer}` }) : null));
      if (!open) return item;
      const group = (title, keys) => keys.length ? [h("h4", { text: title }), h("ul", { class: "bd-evidence" }, ...keys.map(evidence))] : [];
      item.append(h("div", { class: "bd-inside" },
        ...verdict.asks.map((text) => h("p", { class: "bd-ask" }, h("b", { text: "To request: " }), text)),
        ...group("Evidence", verdict.evidence), ...group("Also in the chart", verdict.related),
        verdict.evidence.length + verdict.related.length || verdict.criterion === "overall" ? null : h("p", { class: "bd-none", text: "Nothing in the notes speaks to this." }),
        decided(verdict.decision, { ...DONE, correct: "✎ set" }), buttons({ criterion: verdict.criterion }, () => statusEditor(verdict))));
      return item;
    });
    parts.criteria.replaceChildren(
      h("div", { class: "bd-tools" }, h("h3", { text: data.patient }), h("span", { class: "bd-dim", text: data.as_of ? `as of ${data.as_of}` : "" })),
      h("ul", { class: "bd-scroll", "data-s": "criteria" }, rows.at(-1), ...rows.slice(0, -1),
        ...data.warnings.map((text) => h("li", { class: "bd-warning" }, h("b", { text: "Note " }), text)),
        h("li", { class: "bd-foot", text: "States what the notes document, not whether a patient should be treated." })));
  }

  function factEditor(fact) {
    state.draft ??= { assertion: fact.assertion, attributes: { ...fact.attributes } };
    const draft = state.draft;
    const field = (name, input) => h("label", { class: "bd-field" }, h("span", { text: plain(name) }), input);
    const select = (key, value, choices, empty, set) => {
      const node = h("select", { "data-k": `f:${key}`, "data-field": key, onchange: (event) => set(event.target.value || null) },
        empty ? h("option", { value: "", text: "not stated" }) : null, ...choices.map((choice) => h("option", { value: choice, text: plain(choice) })));
      node.value = value ?? "";
      return node;
    };
    return h("div", { class: "bd-form" }, field("assertion", select("assertion", draft.assertion, setup.assertions, false, (value) => { draft.assertion = value; })),
      ...setup.form[fact.kind].map((one) => {
        const set = (value) => { draft.attributes[one.name] = value; };
        const value = draft.attributes[one.name];
        if (one.type === "choice") return field(one.name, select(one.name, value, one.choices, !one.required, set));
        if (one.type === "flag") return field(one.name, h("input", { type: "checkbox", "data-field": one.name, checked: Boolean(value), onchange: (event) => set(event.target.checked) }));
        const text = one.type === "list" ? (value ?? []).join(", ") : value ?? "";
        return field(one.name, h("input", { "data-field": one.name, "data-k": `f:${one.name}`, value: text, inputmode: one.type === "number" ? "decimal" : undefined,
          placeholder: one.type === "list" ? "L4-L5, L5-S1" : "not stated",
          oninput: (event) => {
            const typed = event.target.value.trim();
            if (one.type === "list") set(typed ? typed.split(/\s*[,;]\s*/).filter(Boolean) : []);
            else if (one.type === "number") set(typed === "" ? null : Number.isFinite(Number(typed)) ? Number(typed) : typed);
            else set(typed || null);
          } }));
      }));
  }

  function change(fact) { // what the editor changed against what the program found
    const draft = state.draft;
    const attributes = {};
    for (const [name, value] of Object.entries(draft.attributes)) if (JSON.stringify(value) !== JSON.stringify(fact.found[name])) attributes[name] = value;
    return { ...(draft.assertion !== fact.was ? { assertion: draft.assertion } : {}), ...(Object.keys(attributes).length ? { attributes } : {}) };
  }

  function card() {
    const fact = chart().facts[state.fact];
    if (!fact) return h("div", { class: "bd-card bd-dim", text: "Choose a piece of evidence, or a label in the note." });
    const target = { fact: fact.key };
    const bar = buttons(target, () => factEditor(fact));
    bar.querySelector("[data-act=save]")?.addEventListener("click", (event) => {
      event.stopImmediatePropagation();
      decide("correct", target, change(fact));
    }, { capture: true });
    return h("div", { class: `bd-card bd-k-${fact.kind}`, "aria-label": "Selected fact", role: "group" },
      h("div", { class: "bd-row" }, h("span", { class: "bd-tag", text: `${plain(fact.kind)} · ${fact.assertion}` }), h("span", { class: "bd-sum", text: summary(fact) })),
      h("p", { class: "bd-small" }, `rule ${fact.rule}`, fact.cue ? ` · assertion set by “${fact.cue}”` : "", fact.section ? ` · section ${plain(fact.section)}` : ""),
      decided(fact.decision), bar);
  }

  function drawNote() {
    const data = chart();
    state.note ??= data.notes.at(-1)?.id;
    const at = Math.max(0, data.notes.findIndex((note) => note.id === state.note));
    const note = data.notes[at];
    const go = (index) => { reset(); state.note = data.notes[index].id; state.fact = null; draw(); };
    const select = h("select", { "data-k": "note", "aria-label": "Note", onchange: (event) => go(event.target.selectedIndex) },
      ...data.notes.map((one) => h("option", { value: one.id, text: `${one.date ?? "no date"} · ${one.type}` })));
    if (note) select.value = note.id;
    const counts = {};
    for (const fact of Object.values(data.facts)) if (fact.note === note?.id) counts[fact.kind] = (counts[fact.kind] ?? 0) + 1;
    const kinds = h("div", { class: "bd-kinds", role: "group", "aria-label": "Kinds of facts shown" }, ...setup.kinds.filter((kind) => counts[kind]).map((kind) =>
      h("button", { class: `bd-kind bd-k-${kind}`, "data-k": `k:${kind}`, "data-kind": kind, "aria-pressed": state.hidden.has(kind) ? "false" : "true",
        onclick: () => { state.hidden.has(kind) ? state.hidden.delete(kind) : state.hidden.add(kind); draw("note"); } }, `${state.hidden.has(kind) ? "☐" : "☑"} ${SHORT[kind]} ${counts[kind]}`)));
    const text = h("div", { class: "bd-text bd-scroll", "data-s": "note", tabindex: "0", "aria-label": "Text of the note" });
    for (const piece of note?.pieces ?? []) text.append(...drawPiece(piece, note, data.facts));
    parts.note.replaceChildren(
      h("div", { class: "bd-tools" }, h("button", { class: "bd-step", "data-k": "prev", "aria-label": "Earlier note", disabled: at === 0, onclick: () => go(at - 1) }, "‹"), select,
        h("button", { class: "bd-step", "data-k": "next", "aria-label": "Later note", disabled: at >= data.notes.length - 1, onclick: () => go(at + 1) }, "›"), kinds),
      ...(note?.changed ? [h("p", { class: "bd-warning", text: `This note was changed since the run: ${note.changed} facts are not where they were. Run again.` })] : []), text, card());
  }

  function drawPiece(piece, note, facts) {
    const visible = (piece.fact ?? []).filter((key) => !state.hidden.has(facts[key].kind));
    const nodes = (piece.begins ?? []).filter((key) => visible.includes(key)).map((key) => {
      const fact = facts[key];
      const done = fact.decision ? { accept: "✓", reject: "✗", correct: "✎" }[fact.decision.what] : "";
      return h("button", { class: `bd-chip bd-k-${fact.kind} ${fact.assertion === "present" ? "" : "bd-unsaid"} ${fact.decision?.what === "reject" ? "bd-out" : ""}`, "data-k": `s:${key}`, "aria-pressed": state.fact === key ? "true" : "false",
        title: `${plain(fact.kind)}, ${fact.assertion}: ${summary(fact)}`, onclick: () => { reset(); state.fact = key; draw(); } }, `${label(fact)} ${SIGN[fact.assertion]}${done}`);
    });
    const span = h("span", { text: piece.t });
    const lines = visible.filter((key) => facts[key].decision?.what !== "reject" || key === state.fact);
    if (lines.length) {
      span.className = "bd-span";
      span.setAttribute("data-f", visible.join(" "));
      span.style.backgroundImage = lines.map((key) => `linear-gradient(var(--bd-${facts[key].kind}), var(--bd-${facts[key].kind}))`).join(", ");
      span.style.backgroundPosition = lines.map((key) => `0 calc(100% - ${Math.max(0, 9 - note.lanes[key] * 4)}px)`).join(", ");
    } else if (visible.length) span.setAttribute("data-f", visible.join(" "));
    if (visible.includes(state.fact)) span.classList.add("bd-chosen");
    for (const role of ["cue", "level"]) if (piece[role]?.includes(state.fact)) {
      span.classList.add(`bd-${role}`);
      span.title = role === "cue" ? "sets the assertion" : "the level";
      nodes.push(h("span", { class: "bd-role", text: role }));
    }
    return [...nodes, span];
  }

  function draw(only) {
    const focus = root.contains(document.activeElement) ? document.activeElement.getAttribute("data-k") : null;
    const caret = focus && document.activeElement.selectionStart;
    const scrolls = [...root.querySelectorAll("[data-s]")].map((node) => [node.dataset.s, node.scrollTop]);
    if (!chart().patient) return;
    if (!only || only === "patients") drawPatients();
    if (!only) drawCriteria();
    if (!only || only === "note") drawNote();
    for (const [name, top] of scrolls) { const node = root.querySelector(`[data-s="${name}"]`); if (node) node.scrollTop = top; }
    if (focus) {
      const node = [...root.querySelectorAll("[data-k]")].find((one) => one.getAttribute("data-k") === focus);
      node?.focus({ preventScroll: true });
      if (typeof caret === "number" && node?.setSelectionRange) { try { node.setSelectionRange(caret, caret); } catch { /* a field without a caret */ } }
    }
  }

  let shownPatient = null;
  const onChart = () => {
    if (chart().patient !== shownPatient) { shownPatient = chart().patient; Object.assign(state, { criterion: null, fact: null, note: null }); reset(); }
    draw();
  };
  const onSaid = () => {
    const said = model.get("said");
    live.className = `bd-live ${said.error ? "bd-error" : said.text ? "bd-saved" : ""}`;
    live.textContent = said.error ? `⚠ ${said.error}` : said.text ?? "";
    if (said.text) { reset(); draw(); }
  };
  model.on("change:chart", onChart);
  model.on("change:patients", () => draw("patients"));
  model.on("change:policy", drawHead);
  model.on("change:said", onSaid);
  drawHead();
  onChart();
  return () => { model.off("change:chart", onChart); model.off("change:said", onSaid); };
}

export default { render };
