// The answer, large and clear: a label with its probabilities, an amount with its interval, a cluster, or an alarm; and what else
// was said.

import { copyButton, labelWord, make, percent, shown } from "./client.js";

const MOST_CLASSES = 12;

/** The answer of a model to a row as elements. `before` is the answer that was shown last, if any. */
export function answerOf({ answer, outputs, milliseconds, before }) {
  const partsOf = { regression: amountParts, clustering: clusterParts, anomaly_detection: alarmParts }[outputs.task] ?? classParts;
  const parts = partsOf(answer, outputs, before);
  if (answer.warnings && answer.warnings.length) parts.push(warningsOf(answer.warnings));
  parts.push(make("div", { id: "reasons" }));
  parts.push(originOf(answer, milliseconds));
  return parts;
}

/** A refusal as elements. */
export function refusalOf(error) {
  const parts = [make("p", { class: "refusal-title" }, "No answer"), make("p", { class: "refusal" }, sentence(error.message))];
  if (error.hint) parts.push(make("p", {}, error.hint));
  const place = [error.where ? `at ${error.where}` : "", error.code, error.id].filter(Boolean).join(" \u00b7 ");
  if (place) parts.push(make("p", { class: "quiet mono" }, place));
  return [make("div", { class: "refused", role: "alert" }, ...parts)];
}

function sentence(words) {
  return words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? "" : ".");
}

function classParts(answer, outputs, before) {
  const word = labelWord(answer.prediction);
  const chosen = answer.probabilities[word];
  const parts = [
    make("p", { class: "target" }, outputs.target),
    make("p", { class: "headline" },
      make("span", { class: "prediction", id: "prediction", "data-value": JSON.stringify(answer.prediction) }, word),
      make("span", { class: "chance" }, percent(chosen))),
    barsOf(answer, outputs, before),
  ];
  const rule = ruleOf(outputs);
  if (rule) parts.push(make("p", { class: "quiet" }, rule));
  if (answer.prediction_set) parts.push(setOf(answer.prediction_set, outputs.prediction_set_level));
  return parts;
}

/** When the positive class is answered, where that is not simply the likelier one. */
function ruleOf(outputs) {
  if (outputs.positive === null || Math.abs(outputs.threshold - 0.5) < 1e-9) return "";
  return `${labelWord(outputs.positive)} is answered where its probability is at least ${percent(outputs.threshold)}.`;
}

function barsOf(answer, outputs, before) {
  const words = outputs.labels.map(labelWord);
  const shares = words.map((word) => [word, answer.probabilities[word]]);
  if (words.length > 2) shares.sort((one, two) => two[1] - one[1]);
  const positive = outputs.positive === null ? null : labelWord(outputs.positive);
  const list = make("ul", { class: "bars" });
  for (const [word, share] of shares.slice(0, MOST_CLASSES)) {
    const mark = word === positive ? outputs.threshold : null;
    const was = before && before.probabilities ? before.probabilities[word] : undefined;
    list.append(classBar(word, share, { chosen: word === labelWord(answer.prediction), mark, was }));
  }
  if (shares.length <= MOST_CLASSES) return list;
  const rest = make("ul", { class: "bars" });
  for (const [word, share] of shares.slice(MOST_CLASSES)) rest.append(classBar(word, share, {}));
  return make("div", {}, list, make("details", {}, make("summary", {}, `${shares.length - MOST_CLASSES} more classes`), rest));
}

function classBar(word, share, { chosen, mark, was }) {
  const fill = make("span", { class: "fill" });
  fill.style.width = `${100 * (share ?? 0)}%`;
  const track = make("span", { class: "track", "aria-hidden": "true" }, fill);
  if (mark !== null && mark !== undefined) {
    const tick = make("span", { class: "tick", title: `threshold ${percent(mark)}` });
    tick.style.left = `${100 * mark}%`;
    track.append(tick);
  }
  const moved = was === undefined || was === null || Math.abs(share - was) < 0.0005 ? null
    : make("span", { class: "moved" }, `${share > was ? "\u25b2" : "\u25bc"} was ${percent(was)}`);
  return make("li", { class: chosen ? "chosen" : "", "data-label": word, "data-value": share },
    make("span", { class: "class-name", title: word }, word), track,
    make("span", { class: "amount" }, percent(share)), moved);
}

function setOf(labels, level) {
  const words = level ? `Holds the truth in ${percent(level)} of cases:` : "Prediction set:";
  const chips = labels.map((label) => make("span", { class: "chip" }, labelWord(label)));
  return make("p", { class: "set", id: "prediction-set" }, make("span", { class: "quiet" }, words), " ",
    ...(chips.length ? chips : [make("span", { class: "chip none" }, "no class is likely enough")]));
}

function amountParts(answer, outputs, before) {
  const unit = outputs.unit ? make("span", { class: "chance" }, outputs.unit) : null;
  const parts = [
    make("p", { class: "target" }, outputs.target),
    make("p", { class: "headline" },
      make("span", { class: "prediction", id: "prediction", "data-value": JSON.stringify(answer.prediction) }, shown(answer.prediction)), unit),
  ];
  const was = before ? before.prediction : null;
  if (typeof was === "number" && was !== answer.prediction) {
    const sign = answer.prediction > was ? "\u25b2" : "\u25bc";
    parts.push(make("p", { class: "moved" }, `${sign} was ${shown(was)}`));
  }
  if (typeof answer.low === "number" && typeof answer.high === "number") parts.push(intervalOf(answer, outputs));
  return parts;
}

/** The cluster with its distance, the second nearest, and a mark where the row fits none. */
function clusterParts(answer, outputs) {
  const parts = [
    make("p", { class: "target" }, `cluster ${answer.cluster}`),
    make("p", { class: "headline" },
      make("span", { class: "prediction", id: "prediction", "data-value": JSON.stringify(answer.cluster) }, answer.name),
      make("span", { class: "chance", id: "distance", "data-value": answer.distance }, `${outputs.measure} ${shown(answer.distance)}`)),
  ];
  const limit = outputs.clusters[answer.cluster]?.limit ?? null;
  if (answer.fits_none) {
    const words = limit === null ? "fits none of the clusters" : `fits none of the clusters: the limit is ${shown(limit)}`;
    parts.push(make("p", { class: "set", id: "fits-none" }, make("span", { class: "chip none" }, words)));
  }
  if (answer.second !== null) {
    const name = outputs.labels[answer.second];
    parts.push(make("p", { class: "quiet", id: "second", "data-value": answer.second }, `Second nearest: ${name}, ${shown(answer.second_distance)}`));
  }
  return parts;
}

/** Whether the row is an alarm, how odd it is, and why. */
function alarmParts(answer, outputs) {
  const word = answer.flagged ? "unusual" : "nothing unusual";
  const { cut, guarantee } = outputs.alarm;
  const parts = [
    make("p", { class: "target" }, "anomaly detection"),
    make("p", { class: "headline" },
      make("span", { class: "prediction", id: "prediction", "data-value": JSON.stringify(answer.flagged) }, word),
      make("span", { class: "chance", id: "score", "data-value": answer.score }, `score ${shown(answer.score)}`)),
  ];
  if (answer.reason) parts.push(make("p", { class: "set", id: "reason" }, make("span", { class: "chip none" }, answer.reason)));
  const share = answer.p_value < 0.001 ? "fewer than 1 in 1,000" : `${percent(answer.p_value)} of`;
  parts.push(make("p", { class: "quiet", id: "p-value", "data-value": answer.p_value },
    `About ${share} usual rows look at least as odd. ${cut === null ? "No score is flagged." : `Flagged from a score of ${shown(cut)}.`}`));
  if (guarantee) parts.push(make("p", { class: "quiet" }, guarantee));
  return parts;
}

function intervalOf(answer, outputs) {
  const { low, high, prediction } = answer;
  const dot = make("span", { class: "dot" });
  dot.style.left = high > low ? `${(100 * (prediction - low)) / (high - low)}%` : "50%";
  const level = outputs.interval_level ? `${percent(outputs.interval_level).replace(".0", "")} interval` : "Interval";
  return make("div", { class: "interval", id: "interval", "data-low": low, "data-high": high },
    make("span", { class: "line", "aria-hidden": "true" }, dot),
    make("span", { class: "ends" }, make("span", {}, shown(low)), make("span", { class: "quiet" }, level), make("span", {}, shown(high))));
}

function warningsOf(warnings) {
  const items = warnings.map((one) => make("li", {}, make("code", {}, one.where), " ", one.message));
  const words = warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`;
  return make("details", { class: "warnings", open: warnings.length < 4 }, make("summary", {}, words), make("ul", {}, ...items));
}

function originOf(answer, milliseconds) {
  const pairs = [
    ["Model file", answer.digest.slice(0, 12), answer.digest, "digest"],
    ["Answer id", answer.id, answer.id, "id"],
  ].map(([words, text, whole, id]) => make("div", {},
    make("dt", {}, words),
    make("dd", {}, make("code", { id: `answer-${id}`, title: whole }, text), copyButton("Copy", () => whole, { "aria-label": `Copy the ${words.toLowerCase()}` }))));
  const time = make("div", {}, make("dt", {}, "Round trip"), make("dd", { id: "latency" }, `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`));
  return make("dl", { class: "origin" }, ...pairs, time);
}
