"use strict";
// Holds a sheet against its law while it is filled in. Nothing is kept in the browser.

const CHECK_AFTER_MS = 120;
const ASK_AGAIN_MS = 2000;
const MARK_OF_KEY = { "-": "no data", "?": "illegible" };
const MARKS = Object.values(MARK_OF_KEY);

const at = (name) => document.getElementById(name);
const sheet = at("sheet");
const fields = [...sheet.querySelectorAll("input.value")];
const order = [...fields, at("reason")].filter(Boolean);
const law = "?law=" + encodeURIComponent(sheet.dataset.law);

let checkTimer, askTimer;
let asked = 0;
let dirty = false;
let last = null;

const typed = () => fields.map((field) => field.value);
const corrects = () => sheet.dataset.corrects || null;

async function post(what, body) {
  const answer = await fetch(sheet.dataset.path + what + law, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return told(answer);
}

async function told(answer) {
  try {
    return await answer.json();
  } catch {
    return { problem: "The gateway gave no answer that can be read. Look at its log." };
  }
}

const silent = () => ({ problem: "The gateway does not answer. Is it running? Nothing is lost while this page is open." });

function tellProblem(words) {
  at("problem").textContent = words || "";
  at("problem").hidden = !words;
}

// ---- while it is typed

function changed() {
  dirty = true;
  asked += 1;
  fields.forEach(showBefore);
  clearTimeout(checkTimer);
  checkTimer = setTimeout(check, CHECK_AFTER_MS);
}

async function check() {
  const number = ++asked;
  const answer = await post("/check", { values: typed() }).catch(silent);
  // An answer about what was typed before is no longer true.
  if (number !== asked) return;
  tellProblem(answer.problem);
  if (!answer.problem) show(answer);
}

function show(answer) {
  const blocking = answer.broken.filter((each) => each.blocks);
  const blocked = new Set(blocking.flatMap((each) => each.columns));
  fields.forEach((field, index) => {
    const notes = answer.notes[index];
    const bad = answer.unreadable[index] || blocked.has(index);
    at("note" + index).textContent = notes.join("\n");
    field.setAttribute("aria-invalid", String(bad));
    field.parentElement.classList.toggle("blocked", bad);
    field.parentElement.classList.toggle("noted", notes.length > 0 && !bad);
  });
  at("broken").replaceChildren(...answer.broken.map(listed));
  const filled = fields.filter((field, index) => field.value.trim() && !answer.unreadable[index]).length;
  const held = answer.broken.length === 0 ? ", and what can be judged so far holds" : "";
  at("progress").textContent = `${filled} of ${fields.length} filled in${held}.`;
  at("really").hidden = blocking.length === 0;
}

function listed(broken) {
  const item = document.createElement("li");
  item.textContent = broken.words;
  item.classList.toggle("blocks", broken.blocks);
  return item;
}

function showBefore(field, index) {
  const was = at("was" + index);
  if (was) was.hidden = field.value === field.dataset.was;
}

// ---- keys

function step(field, by) {
  const next = order[order.indexOf(field) + by] || (by > 0 ? at("hand-in") : null);
  if (!next) return;
  next.focus();
  if (next.select) next.select();
}

function mark(field, words) {
  field.value = words;
  field.select();
  changed();
}

function onKey(event) {
  const field = event.target;
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Enter" || event.key === "ArrowDown") step(field, 1);
  else if (event.key === "ArrowUp") step(field, -1);
  else if (fields.includes(field) && event.key in MARK_OF_KEY) mark(field, MARK_OF_KEY[event.key]);
  else if (MARKS.includes(field.value) && event.key === "Backspace") mark(field, "");
  else return;
  event.preventDefault();
}

order.forEach((field) => {
  field.addEventListener("keydown", onKey);
  field.addEventListener("focus", () => { last = field; });
});
fields.forEach((field) => field.addEventListener("input", changed));
at("marks").querySelectorAll("button").forEach((button) => {
  // The field keeps the focus, and a phone its keys.
  button.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("click", () => { if (fields.includes(last)) mark(last, button.dataset.mark); });
});

// ---- handing in

async function handIn(event) {
  event.preventDefault();
  // What is shown beside the numbers then belongs to them.
  clearTimeout(checkTimer);
  await check();
  const gap = fields.find((field) => !field.value.trim());
  if (gap) {
    tellProblem("Fill in every field; what cannot be told is \"no data\" or \"illegible\".");
    gap.focus();
    return;
  }
  const reason = at("reason") ? at("reason").value : null;
  const body = { values: typed(), corrects: corrects(), reason, as_counted: at("as-counted").checked };
  const answer = await post("/draft", body).catch(silent);
  tellProblem(answer.problem);
  if (answer.problem) return;
  at("command").replaceChildren(...inPieces(answer.command));
  at("draft").textContent = answer.id;
  lock(true);
  at("signing").hidden = false;
  at("signing").focus();
  ask(answer.id);
}

function inPieces(command) {
  // An option is never parted from its dashes at the end of a line.
  return command.split(/(?= --)/).map((words) => {
    const piece = document.createElement("span");
    piece.textContent = words;
    return piece;
  });
}

function lock(locked) {
  sheet.querySelectorAll("input, button").forEach((each) => { each.disabled = locked; });
  at("marks").hidden = locked;
}

async function ask(id) {
  const path = sheet.dataset.path + "/state" + law + "&id=" + id;
  const answer = await fetch(path).then(told).catch(silent);
  if (at("signing").hidden) return;
  if (answer.state === "stored") return stored(answer);
  if (answer.state === "lost") {
    change();
    tellProblem("The gateway no longer holds this draft: hand it in again.");
    return;
  }
  askTimer = setTimeout(() => ask(id), ASK_AGAIN_MS);
}

function stored(answer) {
  dirty = false;
  at("signing").hidden = true;
  at("standing").textContent = `Version ${answer.version}: ${answer.words}`;
  at("again").href = sheet.dataset.path;
  at("stored").hidden = false;
  at("again").focus();
}

function change() {
  clearTimeout(askTimer);
  at("signing").hidden = true;
  lock(false);
  fields[0].focus();
}

sheet.addEventListener("submit", handIn);
at("change").addEventListener("click", change);
window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });

fields.forEach(showBefore);
fields[0].focus();
fields[0].select();
check();
