// One field of the form for each column: an input that fits its kind, what it may be, and what was said of it.

import { make, shown } from "./client.js";

const MOST_CHOICES = 60;
const PLAIN_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?$/;
let count = 0;

/** A column as a field: `element`, `value()` as it is sent, `set(value)`, `say(message, bad)`. */
export class Field {
  constructor(column, changed) {
    this.column = column;
    this.id = `field-${(count += 1)}`;
    this.message = make("p", { class: "message", id: `${this.id}-message` });
    this.control = this.#control();
    this.element = this.#element();
    this.element.addEventListener("input", () => { this.say(""); changed(); });
    this.set(column.example);
  }

  #control() {
    const { kind, categories } = this.column;
    if (kind === "number") return new NumberControl(this);
    if (kind === "boolean") return new WordControl(this, booleanWords(this.column), false);
    if (kind === "category" && categories.length <= MOST_CHOICES) return new WordControl(this, categories, true);
    if (kind === "category") return new ListControl(this, categories);
    if (kind === "datetime") return new DateControl(this);
    return new TextControl(this);
  }

  #element() {
    const { name, required } = this.column;
    const label = make("label", { id: `${this.id}-label`, for: this.id, title: name }, name || "(no name)");
    const mark = required ? make("span", { class: "required", title: "needed" }, " *") : null;
    if (mark) label.append(mark);
    const facts = make("span", { class: "facts", id: `${this.id}-facts` }, factsOf(this.column));
    const head = make("div", { class: "field-head" }, label, facts);
    return make("div", { class: `field ${this.column.kind}`, "data-column": name }, head, ...this.control.elements, this.message);
  }

  /** What an input says of itself to those who do not see it. */
  get described() {
    return { id: this.id, "aria-describedby": `${this.id}-facts ${this.id}-message`, "aria-required": this.column.required || undefined };
  }

  value() { return this.control.value(); }

  set(value) {
    this.control.set(value === undefined ? null : value);
    this.say("");
  }

  say(words, bad = false) {
    this.message.textContent = words;
    this.element.classList.toggle("bad", bad && words !== "");
    this.element.classList.toggle("warned", !bad && words !== "");
    const input = this.control.input;
    if (bad && words) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }

  focus() { this.control.input.focus(); }
}

function booleanWords(column) {
  return column.categories.length === 2 ? column.categories : ["false", "true"];
}

/** What a person should know of the values, in a few signs. */
function factsOf(column) {
  const { kind, low, high, unit, formats } = column;
  if (kind === "number") {
    const range = low === null && high === null ? "" : low === null ? `to ${shown(high)}` : high === null ? `from ${shown(low)}` : `${shown(low)} \u2013 ${shown(high)}`;
    return [range, unit].filter(Boolean).join(" ") || "number";
  }
  if (kind === "datetime") return formats.length ? formats.map(readable).join(" or ") : "date or time";
  if (kind === "category") return `${column.categories.length} levels${column.ordered ? ", ordered" : ""}`;
  return kind === "text" ? "text" : "";
}

const PARTS = { Y: "YYYY", y: "YY", m: "MM", d: "DD", H: "hh", I: "hh", M: "mm", S: "ss", f: "ffffff", p: "am", b: "Mon", B: "Month", z: "+hh:mm" };

function readable(format) {
  return format.replace(/%([A-Za-z])/g, (whole, part) => PARTS[part] ?? whole);
}

function textOf(value) {
  return value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
}

/** Numbers: typed, or moved between the bounds that training saw. */
class NumberControl {
  constructor(field) {
    this.field = field;
    const { low, high, unit, decimal } = field.column;
    this.decimal = decimal;
    this.input = make("input", { ...field.described, type: "text", inputmode: "decimal", placeholder: "missing", spellcheck: "false" });
    const row = make("div", { class: "with-unit" }, this.input, unit ? make("span", { class: "unit", "aria-hidden": "true" }, unit) : null);
    this.elements = [row];
    if (low !== null && high !== null && low < high) this.#slider(low, high);
  }

  #slider(low, high) {
    const whole = Number.isInteger(low) && Number.isInteger(high) && Number.isInteger(Number(this.field.column.example ?? 0));
    const step = whole ? Math.max(1, Math.round((high - low) / 1000)) : "any";
    this.slider = make("input", { type: "range", min: low, max: high, step, tabindex: "-1", "aria-hidden": "true" });
    this.slider.addEventListener("input", () => {
      const number = whole ? Number(this.slider.value) : Number(Number(this.slider.value).toPrecision(4));
      this.input.value = String(number).replace(".", this.decimal);
    });
    this.input.addEventListener("input", () => this.#follow());
    this.elements.push(this.slider);
  }

  #follow() {
    if (!this.slider) return;
    const number = Number(this.input.value.replace(this.decimal, "."));
    const known = this.input.value.trim() !== "" && Number.isFinite(number);
    this.slider.classList.toggle("unknown", !known);
    if (known) this.slider.value = String(number);
  }

  value() {
    const text = this.input.value.trim();
    if (text === "") return null;
    return this.decimal === "." && PLAIN_NUMBER.test(text) ? Number(text) : text;
  }

  set(value) {
    const text = textOf(value);
    this.input.value = typeof value === "number" ? text.replace(".", this.decimal) : text;
    this.#follow();
  }
}

const OTHER = "other";
const MISSING = "missing";

/** A few words to choose from, "missing", and for categories a word that training did not see. */
class WordControl {
  constructor(field, words, open) {
    this.words = words;
    this.boolean = !open;
    this.input = make("select", field.described);
    words.forEach((word, at) => this.input.append(make("option", { value: `word ${at}` }, word === "" ? "(empty)" : word)));
    if (open) this.input.append(make("option", { value: OTHER }, "other \u2026"));
    this.input.append(make("option", { value: MISSING }, "missing"));
    this.elements = [this.input];
    if (open) this.#other(field);
  }

  #other(field) {
    this.other = make("input", { type: "text", class: "other", hidden: true, placeholder: "another word", "aria-label": `${field.column.name}: another word`, "aria-describedby": `${field.id}-message` });
    this.input.addEventListener("change", () => {
      this.other.hidden = this.input.value !== OTHER;
      if (!this.other.hidden) this.other.focus();
    });
    this.elements.push(this.other);
  }

  value() {
    if (this.input.value === MISSING) return null;
    if (this.input.value === OTHER) return this.other.value;
    return this.words[Number(this.input.value.slice(5))];
  }

  set(value) {
    const at = this.#position(value);
    if (value === null || (at < 0 && !this.other)) this.input.value = MISSING;
    else this.input.value = at < 0 ? OTHER : `word ${at}`;
    if (this.other) {
      this.other.hidden = this.input.value !== OTHER;
      this.other.value = at < 0 ? textOf(value) : "";
    }
  }

  #position(value) {
    if (this.boolean && typeof value === "boolean") return value ? 1 : 0;
    const text = textOf(value);
    const exact = this.words.indexOf(text);
    return exact >= 0 ? exact : this.words.findIndex((word) => word.trim() === text.trim());
  }
}

/** Many words: typed, with the known ones offered. */
class ListControl {
  constructor(field, words) {
    const list = make("datalist", { id: `${field.id}-list` });
    words.slice(0, 2000).forEach((word) => list.append(make("option", { value: word })));
    this.input = make("input", { ...field.described, type: "text", list: list.id, placeholder: "missing" });
    this.elements = [this.input, list];
  }

  value() { return this.input.value === "" ? null : this.input.value; }

  set(value) { this.input.value = textOf(value); }
}

/** Dates: a calendar where the column is written as in ISO 8601, else text as its formats say. */
class DateControl {
  constructor(field) {
    const { formats, example } = field.column;
    const usual = formats.every((format) => /^%Y-%m-%d([T ]%H:%M(:%S)?)?$/.test(format));
    const timed = formats.some((format) => format.includes("%H")) || /[T ][0-9]/.test(example ?? "");
    const type = !usual ? "text" : timed ? "datetime-local" : "date";
    this.input = make("input", { ...field.described, type, step: timed && usual ? "1" : undefined, placeholder: type === "text" ? "missing" : undefined });
    this.elements = [this.input];
    this.kept = null;
  }

  value() {
    if (this.kept !== null && this.input.value === this.kept.shown) return this.kept.value;
    const text = this.input.value.trim();
    return text === "" ? null : text;
  }

  set(value) {
    const text = textOf(value).trim();
    this.input.value = this.input.type === "datetime-local" ? text.replace(" ", "T") : text;
    if (text && this.input.value === "") this.#asText(text);
    // What was not touched is sent as it came, whatever a calendar makes of it.
    this.kept = value === null ? null : { shown: this.input.value, value };
  }

  #asText(text) {
    this.input.type = "text";
    this.input.value = text;
  }
}

/** Free text. */
class TextControl {
  constructor(field) {
    this.input = make("textarea", { ...field.described, rows: "3", placeholder: "missing" });
    this.elements = [this.input];
  }

  value() { return this.input.value === "" ? null : this.input.value; }

  set(value) { this.input.value = textOf(value); }
}
