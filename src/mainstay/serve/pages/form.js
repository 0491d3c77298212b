// The page at "/": choose a model, fill in its columns, see the answer and the reasons.

import { answerOf, refusalOf } from "./answer.js";
import { reasonsOf } from "./reasons.js";
import { ask, copyFrom, make, modelAddress, Refusal } from "./client.js";
import { Field } from "./fields.js";
import { asCurl, asPython } from "./snippets.js";

const MANY_FIELDS = 16;
const page = Object.fromEntries(
  ["model", "about", "form", "state", "fields", "find", "example", "clear", "predict", "explain", "answer", "said", "code"].map(
    (id) => [id, document.getElementById(id)]),
);
const tabs = { curl: document.getElementById("tab-curl"), python: document.getElementById("tab-python") };

let schema = null;
let fields = [];
let before = null;
let language = "curl";
let token = false;
let asked = 0; // answers that come after a newer question are not shown

function row() {
  return Object.fromEntries(fields.map((field) => [field.column.name, field.value()]));
}

async function start() {
  let models;
  try {
    models = await ask("models");
  } catch (error) {
    page.state.textContent = error.message;
    return;
  }
  for (const one of models.models) page.model.append(make("option", { value: one.name }, one.name));
  page.model.disabled = models.models.length < 2;
  const wanted = new URLSearchParams(location.search).get("model");
  page.model.value = models.models.some((one) => one.name === wanted) ? wanted : models.default;
  page.model.addEventListener("change", () => choose(page.model.value));
  await choose(page.model.value);
  token = await needsToken();
  showCode();
}

async function needsToken() {
  try {
    return ((await ask("openapi.json")).security ?? []).length > 0;
  } catch {
    return false;
  }
}

async function choose(name) {
  const mine = (asked += 1);
  page.predict.disabled = true;
  page.state.textContent = "Loading the model \u2026";
  let found;
  try {
    found = await ask(modelAddress(name, "schema"));
  } catch (error) {
    page.state.textContent = error.message;
    return;
  }
  if (mine !== asked) return;
  schema = found;
  before = null;
  document.title = `${name}: try it`;
  const { task, target, labels } = schema.outputs;
  const abouts = { clustering: `clustering into ${labels.length}`, anomaly_detection: "anomaly detection" };
  page.about.textContent = abouts[task] ?? `${task} of ${target}`;
  fields = schema.columns.map((column) => new Field(column, changed));
  page.fields.replaceChildren(...fields.map((field) => field.element));
  page.find.hidden = fields.length < MANY_FIELDS;
  page.find.value = "";
  page.state.textContent = fields.length === 1 ? "1 column" : `${fields.length} columns`;
  page.predict.disabled = false;
  say(make("p", { class: "quiet empty" }, "Fill in the values and press Predict."));
  showCode();
}

function say(...elements) {
  page.said.replaceChildren(...elements);
  page.answer.classList.remove("stale");
}

function changed() {
  if (before !== null) page.answer.classList.add("stale");
  showCode();
}

async function predict() {
  if (schema === null) return;
  const mine = (asked += 1);
  const body = row();
  for (const field of fields) field.say("");
  busy(true);
  try {
    const began = performance.now();
    const answer = await ask(modelAddress(schema.name, "predict"), JSON.stringify(body));
    if (mine !== asked) return;
    showAnswer(answer, performance.now() - began);
    if (page.explain.checked) await explain(body, answer, mine);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (mine === asked) showRefusal(error.error);
  } finally {
    if (mine === asked) busy(false);
  }
}

function busy(yes) {
  if (yes) page.answer.setAttribute("aria-busy", "true");
  else page.answer.removeAttribute("aria-busy");
  page.predict.classList.toggle("busy", yes);
}

/** Ask for the reasons once the answer is there: they take longer, the first time for a model above all. */
async function explain(body, answer, mine) {
  const place = document.getElementById("reasons");
  busy(false);
  place.replaceChildren(make("p", { class: "quiet", role: "status" }, "Looking for the reasons \u2026"));
  try {
    const found = await ask(`${modelAddress(schema.name, "predict")}?explain=true`, JSON.stringify(body));
    if (mine !== asked) return;
    if (found.digest !== answer.digest) throw new Refusal(0, { message: "the model has just been replaced" });
    place.replaceChildren(reasonsOf(found.explanation, schema.outputs, body));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    place.replaceChildren(make("p", { class: "quiet note" }, `There are no reasons: ${error.message}.`));
  }
}

function showAnswer(answer, milliseconds) {
  for (const warning of answer.warnings ?? []) fieldAt(warning.where)?.say(warning.message);
  const same = before !== null && before.digest === answer.digest ? before : null;
  say(...answerOf({ answer, outputs: schema.outputs, milliseconds, before: same }));
  before = answer;
  if (matchMedia("(max-width: 60rem)").matches) page.answer.scrollIntoView({ block: "start" });
}

function showRefusal(error) {
  const field = fieldAt(error.where);
  say(...refusalOf(error));
  if (field) {
    field.say(error.message, true);
    page.find.value = "";
    filter();
    field.focus();
  }
}

/** The field that a JSON path names. */
function fieldAt(where) {
  return fields.find((field) => field.column.where === where);
}

function filter() {
  const words = page.find.value.trim().toLowerCase();
  for (const field of fields) field.element.hidden = !field.column.name.toLowerCase().includes(words);
}

function showCode() {
  if (schema === null) return;
  const path = `${modelAddress(schema.name, "predict")}${page.explain.checked ? "?explain=true" : ""}`;
  const address = new URL(path, document.baseURI).href;
  page.code.textContent = (language === "curl" ? asCurl : asPython)(address, row(), token);
}

function show(chosen) {
  language = chosen;
  for (const [name, tab] of Object.entries(tabs)) {
    tab.setAttribute("aria-selected", String(name === chosen));
    tab.tabIndex = name === chosen ? 0 : -1;
  }
  page.code.setAttribute("aria-labelledby", tabs[chosen].id);
  showCode();
}

function fill(values) {
  fields.forEach((field) => field.set(values(field.column)));
  changed();
}

page.form.addEventListener("submit", (event) => { event.preventDefault(); predict(); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); predict(); }
});
page.example.addEventListener("click", () => fill((column) => column.example));
page.clear.addEventListener("click", () => fill(() => null));
page.explain.addEventListener("change", showCode);
page.find.addEventListener("input", filter);
page.find.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
document.getElementById("copy-code").addEventListener("click", (event) => copyFrom(event.currentTarget, page.code.textContent));
for (const [name, tab] of Object.entries(tabs)) {
  tab.addEventListener("click", () => show(name));
  tab.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = name === "curl" ? "python" : "curl";
    show(other);
    tabs[other].focus();
  });
}
start();
