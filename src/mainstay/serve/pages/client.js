// What every page needs: elements made of text and nothing else, requests to this server, and numbers for people.

/** Make an element. Children are elements or texts; a text is never read as HTML. */
export function make(tag, settings = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A refusal of the server, or a server that cannot be reached. */
export class Refusal extends Error {
  constructor(status, error) {
    super(error.message);
    this.status = status;
    this.error = { code: "", where: "", hint: "", id: "", ...error };
  }
}

/** Ask this server; addresses are relative, for it may be mounted under a prefix. */
export async function ask(address, body) {
  const settings = { headers: { accept: "application/json" }, credentials: "same-origin" };
  if (body !== undefined) {
    settings.method = "POST";
    settings.headers["content-type"] = "application/json";
    settings.body = body;
  }
  let response;
  let text;
  try {
    response = await fetch(address, settings);
    text = await response.text();
  } catch {
    throw new Refusal(0, { message: "The server cannot be reached", hint: "Is it still running? Try again." });
  }
  let said = null;
  try {
    said = JSON.parse(text);
  } catch {
    // handled below: an answer that is not JSON is no answer of this server
  }
  if (response.ok && said !== null) return said;
  const given = said && said.error ? said.error : { message: `The server answered ${response.status}` };
  const wait = response.headers.get("retry-after");
  const hint = wait ? `${given.hint || ""} Try again in ${wait} s.`.trim() : given.hint;
  throw new Refusal(response.status, { ...given, hint: hint || "" });
}

/** The address of a model's endpoint, relative to the page at "/". */
export function modelAddress(name, action) {
  return `models/${encodeURIComponent(name)}/${action}`;
}

const plain = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const rough = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

/** A number as a person reads it. */
export function shown(number) {
  if (number === null || number === undefined || !Number.isFinite(number)) return "none";
  const size = Math.abs(number);
  if (size !== 0 && (size < 1e-4 || size >= 1e15)) return number.toExponential(3).replace("-", "\u2212");
  const format = size >= 1e5 ? whole : size >= 1e3 ? grouped : plain;
  return format.format(number).replace("-", "\u2212");
}

/** A number beside others, where four digits tell enough. */
export function roughly(number) {
  const size = Math.abs(number);
  if (!Number.isFinite(number) || size >= 1e15 || (size !== 0 && size < 1e-4)) return shown(number);
  return (size >= 1e3 ? whole : rough).format(number).replace("-", "\u2212");
}

/** A probability as a percentage that never says 0 or 100 where it is not. */
export function percent(share) {
  if (share === null || share === undefined || !Number.isFinite(share)) return "none";
  if (share > 0 && share < 0.001) return "< 0.1 %";
  if (share < 1 && share > 0.999) return "> 99.9 %";
  return `${(100 * share).toFixed(1)} %`;
}

/** A label of any type as text, as it stands in an object of probabilities. */
export function labelWord(label) {
  return typeof label === "string" ? label : JSON.stringify(label);
}

/** A button that copies what the function returns and says so. */
export function copyButton(words, text, settings = {}) {
  const button = make("button", { type: "button", class: "plain copy", ...settings }, words);
  button.addEventListener("click", () => copyFrom(button, text()));
  return button;
}

/** Copy a text, and let the button say whether that worked. */
export async function copyFrom(button, text) {
  const words = button.dataset.words ?? button.textContent;
  button.dataset.words = words;
  let done = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    done = copyByHand(text) ? "Copied" : "Not copied";
  }
  button.textContent = done;
  clearTimeout(Number(button.dataset.timer));
  button.dataset.timer = String(setTimeout(() => { button.textContent = words; }, 1500));
}

/** Copy without the clipboard interface, which browsers give to https and localhost alone. */
function copyByHand(text) {
  const area = make("textarea", { class: "off", "aria-hidden": "true", tabindex: "-1" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
