// The page at "/docs": the server's own description (openapi.json) for people.

import { ask, copyButton, make, shown } from "./client.js";
import { asCurl, asPython } from "./snippets.js";

const reference = document.getElementById("reference");
const contents = document.getElementById("contents");
const root = new URL(".", document.baseURI).href;

/** What a reference within the document points to; anything else is what it is. */
function resolved(description, part) {
  const pointer = part && part.$ref;
  if (typeof pointer !== "string") return part;
  const steps = pointer.slice(2).split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  return resolved(description, steps.reduce((inner, step) => inner?.[step], description));
}

async function start() {
  let description;
  try {
    description = await ask("openapi.json");
  } catch (error) {
    reference.replaceChildren(make("p", { role: "alert" }, error.message));
    return;
  }
  document.getElementById("version").textContent = description.info.version;
  const token = (description.security ?? []).length > 0;
  const predicting = operationsOf(description).filter((one) => one.path.endsWith("/predict"));
  const named = predicting.filter((one) => one.path !== "/predict");
  const sections = [aboutOf(description, token), ...named.map((one) => modelOf(description, one, token)), endpointsOf(description), errorsOf(description)];
  reference.replaceChildren(...sections.map((section) => section.element));
  contents.replaceChildren(make("ul", {}, ...sections.map(({ element, title }) => make("li", {}, make("a", { href: `#${element.id}`, title }, title)))));
  const wanted = location.hash && document.getElementById(location.hash.slice(1));
  if (wanted) wanted.scrollIntoView();
}

function operationsOf(description) {
  return Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
}

let sectionCount = 0;

function sectionOf(title, ...children) {
  const element = make("section", { class: "card", id: `part-${(sectionCount += 1)}` }, make("h2", {}, title), ...children);
  return { element, title };
}

function aboutOf(description, token) {
  const words = [make("p", {}, description.info.description)];
  if (token) words.push(make("p", {}, "Every request needs the header ", make("code", {}, "authorization: Bearer <token>"), "; the examples take the token from the variable MAINSTAY_TOKEN."));
  return sectionOf("About", ...words);
}

/** A model: its columns, a request in code, and its answer. */
function modelOf(description, { path, operation }, token) {
  const media = operation.requestBody.content["application/json"];
  const forms = resolved(description, media.schema).oneOf.map((one) => resolved(description, one));
  const answer = operation.responses["200"].content["application/json"];
  const address = root + path.slice(1);
  const title = `Model ${operation["x-model"]}`;
  const children = [
    make("p", {}, make("span", { class: "method post" }, "POST"), make("code", {}, path)),
    make("h3", {}, "Columns"), columnsOf(forms[0]),
    make("h3", {}, "Request"),
  ];
  const examples = Object.values(media.examples ?? {});
  if (examples.length) {
    children.push(codeOf("curl, one row", asCurl(address, examples[0].value, token)));
    children.push(codeOf("Python, one row", asPython(address, examples[0].value, token)));
    children.push(...examples.slice(1).map((one) => codeOf(`Body: ${one.summary.toLowerCase()}`, JSON.stringify(one.value, null, 2))));
  }
  if (answer.example) children.push(make("h3", {}, "Answer"), codeOf("To the one row", JSON.stringify(answer.example, null, 2)));
  return sectionOf(title, ...children);
}

const HEADS = ["Column", "Kind", "Range or levels", "Unit", "Needed", "Rules"];

function columnsOf(row) {
  const heads = HEADS.map((word) => make("th", { scope: "col" }, word));
  const lines = Object.entries(row.properties).map(([name, cell]) => columnLine(name, cell));
  return make("div", { class: "scroll" }, make("table", { class: "columns" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...lines)));
}

function columnLine(name, cell) {
  const facts = cell["x-column"];
  const cells = facts
    ? [facts.kind, rangeOf(facts), facts.unit, facts.required ? "yes" : "no", facts.rules]
    : ["not used", "", "", "no", cell.description];
  return make("tr", { "data-column": name },
    make("td", { class: "name" }, name), ...cells.map((words, at) => make("td", { class: ["kind", "levels"][at], "data-head": HEADS[at + 1] }, words)));
}

function rangeOf(facts) {
  if (facts.levels.length) return facts.levels.join(", ") + (facts.more_levels ? ` and ${facts.more_levels} more` : "");
  if (facts.kind === "number" && (facts.low !== null || facts.high !== null)) {
    return `${facts.low === null ? "" : shown(facts.low)} \u2013 ${facts.high === null ? "" : shown(facts.high)}`;
  }
  return facts.formats.join(" or ");
}

function codeOf(title, text) {
  return make("div", {}, make("div", { class: "example-head" }, title, copyButton("Copy", () => text)), make("pre", { tabindex: "0" }, text));
}

function endpointsOf(description) {
  const groups = new Map();
  for (const one of operationsOf(description)) {
    const tag = one.operation.tags?.[0] ?? "Others";
    groups.set(tag, [...(groups.get(tag) ?? []), one]);
  }
  const children = [...groups].flatMap(([tag, operations]) => [make("h3", {}, tag), ...operations.map((one) => operationOf(description, one))]);
  return sectionOf("Endpoints", ...children);
}

function operationOf(description, { path, method, operation }) {
  const head = make("summary", {},
    make("span", { class: `method ${method}` }, method.toUpperCase()), make("span", { class: "path" }, path), make("span", { class: "about" }, operation.summary ?? ""));
  const body = [];
  const given = operation.parameters ?? [];
  if (given.length) body.push(tableOf(["Parameter", "In", "Meaning"], given.map((one) => [one.name, one.in, parameterWords(one)])));
  const statuses = Object.entries(operation.responses).map(([status, response]) => [status, resolved(description, response).description, kindOf(resolved(description, response))]);
  body.push(tableOf(["Status", "Meaning", "Body"], statuses));
  return make("details", { class: "operation" }, head, ...body);
}

function parameterWords(parameter) {
  const known = parameter.schema?.enum;
  return [parameter.description ?? "", known ? `One of: ${known.join(", ")}.` : ""].filter(Boolean).join(" ");
}

function kindOf(response) {
  return Object.keys(response.content ?? {}).join(", ");
}

function tableOf(heads, lines) {
  const head = make("tr", {}, ...heads.map((word) => make("th", { scope: "col" }, word)));
  const body = lines.map((cells) => make("tr", {}, ...cells.map((words) => make("td", {}, words))));
  return make("div", { class: "scroll" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
}

function errorsOf(description) {
  const refusals = Object.entries(description.components.responses).filter(([name]) => /^Refused\d+$/.test(name));
  const example = refusals.map(([, one]) => one.content?.["application/json"]?.example).find(Boolean);
  const shape = resolved(description, { $ref: "#/components/schemas/Error" }).properties.error.properties;
  const members = Object.entries(shape).map(([name, one]) => [name, one.description ?? ""]);
  const statuses = refusals.map(([name, one]) => [name.replace(/\D/g, ""), one.description]);
  return sectionOf("Errors", make("p", {}, "Every refusal has one shape."), codeOf("An error", JSON.stringify(example, null, 2)),
    tableOf(["Member", "Meaning"], members), make("h3", {}, "Statuses"), tableOf(["Status", "When"], statuses));
}

start();
