// Why: what each column added, as bars to both sides of nothing, from the base to the answer.

import { labelWord, make, percent, roughly, shown } from "./client.js";

const MOST_BARS = 10;

/** The reasons of an answer as an element. */
export function reasonsOf(explanation, outputs, row) {
  const share = outputs.task === "classification";
  const steps = stepsOf(explanation.contributions);
  const reach = Math.max(...steps.map((step) => Math.abs(step.push)), Number.MIN_VALUE);
  const subject = share ? `the probability of ${labelWord(explanation.label)}` : subjectOf(outputs);
  const level = (number) => (share ? percent(number) : withUnit(shown(number), outputs.unit));
  const list = make("ol", { class: "reasons" });
  list.append(endOf("Before looking at the row", level(explanation.base), explanation.base, "base"));
  for (const step of steps) list.append(barOf(step, reach, share, row, explanation.standard_error));
  list.append(endOf(share ? `Probability of ${labelWord(explanation.label)}` : "The answer", level(explanation.answer), explanation.answer, "sum"));
  const estimated = explanation.standard_error ? " Some steps are estimates; hold the pointer over a bar for its error." : "";
  return make("div", { class: "why" },
    make("h3", {}, "Reasons"),
    make("p", { class: "quiet" }, `What each value adds to ${subject}. The steps add up.${estimated}`),
    list);
}

/** What is explained of an amount, a cluster or an alarm. */
function subjectOf(outputs) {
  if (outputs.task === "anomaly_detection") return "the score";
  if (outputs.task !== "clustering") return outputs.target;
  return outputs.labels.length > 1 ? "how much further the second nearest cluster is" : "the distance";
}

function withUnit(words, unit) {
  return unit ? `${words} ${unit}` : words;
}

/** The largest steps, and all others as one. */
function stepsOf(contributions) {
  const all = Object.entries(contributions).map(([name, push]) => ({ name, push: push ?? 0 }));
  all.sort((one, two) => Math.abs(two.push) - Math.abs(one.push));
  const most = all.length === MOST_BARS + 1 ? MOST_BARS + 1 : MOST_BARS;
  const rest = all.slice(most);
  const top = all.slice(0, most);
  if (rest.length) top.push({ name: null, count: rest.length, push: rest.reduce((sum, step) => sum + step.push, 0) });
  return top;
}

function endOf(words, level, value, kind) {
  return make("li", { class: `end ${kind}`, "data-value": value }, make("span", {}, words), make("strong", {}, level));
}

function barOf(step, reach, share, row, errors) {
  const amount = share ? points(step.push) : signed(step.push);
  const error = errors && step.name !== null ? errors[step.name] : undefined;
  const about = error ? `${amount}, give or take ${share ? points(error).slice(1) : roughly(error)}` : amount;
  const bar = make("span", { class: `push ${step.push < 0 ? "down" : "up"}` });
  bar.style.width = `${(50 * Math.abs(step.push)) / reach}%`;
  const name = step.name === null
    ? make("span", { class: "reason-name rest" }, `${step.count} other columns`)
    : make("span", { class: "reason-name", title: step.name }, step.name, make("span", { class: "cell" }, cellText(row[step.name])));
  return make("li", { "data-column": step.name ?? undefined, "data-value": step.push, title: about },
    name,
    make("span", { class: "track", "aria-hidden": "true" }, bar),
    make("span", { class: "amount" }, amount));
}

function cellText(value) {
  if (value === null || value === undefined) return "missing";
  if (typeof value === "number") return roughly(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function signed(number) {
  return number < 0 ? roughly(number) : `+${roughly(number)}`;
}

/** A step of a probability in points of percentage. */
function points(push) {
  const size = Math.abs(100 * push);
  const words = size !== 0 && size < 0.05 ? "0.0" : size.toFixed(1);
  return `${push < 0 ? "\u2212" : "+"}${words}`;
}
