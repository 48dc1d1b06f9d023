"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const all = (query, root = document) => Array.from(root.querySelectorAll(query));

  // A link to a span, a fact or a criterion opens what hides it, shows it and takes the focus there.
  const reveal = (id) => {
    const target = id && $(id);
    if (!target) return;
    for (let at = target.parentElement; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    all(".now").forEach((element) => element.classList.remove("now"));
    const number = /^[sf]\d+$/.test(id) ? id.slice(1) : "";
    if (number) all(`[data-n="${number}"]`).forEach((element) => element.classList.add("now"));
    else target.classList.add("now");
    target.scrollIntoView({ block: "center" });
    target.focus({ preventScroll: true });
  };
  const fromHash = () => reveal(decodeURIComponent(location.hash.slice(1)));
  addEventListener("hashchange", fromHash);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.getAttribute("href") === location.hash) fromHash();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") all(".now").forEach((element) => element.classList.remove("now"));
  });

  // Pointing at a fact shows its words, and the other way round.
  const light = (event, on) => {
    const element = event.target.closest && event.target.closest("#notes [data-n]");
    if (element) all(`#notes [data-n="${element.dataset.n}"]`).forEach((other) => other.classList.toggle("lit", on));
  };
  document.addEventListener("mouseover", (event) => light(event, true));
  document.addEventListener("mouseout", (event) => light(event, false));

  const notes = $("notes");
  all("input[data-kind]").forEach((box) => {
    const apply = () => notes.classList.toggle(`off-${box.dataset.kind}`, !box.checked);
    box.addEventListener("change", apply);
    apply();
  });
  const only = $("only-used");
  const used = () => notes.classList.toggle("only-used", only.checked);
  only.addEventListener("change", used);
  used();

  const button = $("open-all");
  button.addEventListener("click", () => {
    const closed = all("details.note").filter((note) => !note.open);
    all("details.note").forEach((note) => { note.open = closed.length > 0; });
    button.textContent = closed.length > 0 ? "Close all" : "Open all";
  });

  // On paper nothing is folded away but notes that carry no evidence.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("section.policy details:not([open])");
    opened.forEach((element) => { element.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((element) => { element.open = false; }));
  $("print").addEventListener("click", () => print());
  if (location.hash) fromHash();
})();
