// The request that the form sends, as a command and as a program that can be pasted.

/** A text within single quotes for a shell. */
function shellQuoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A JSON value as Python writes it. */
export function pythonLiteral(value, indent = "") {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) {
    const inner = `${indent}    `;
    return `[\n${value.map((one) => `${inner}${pythonLiteral(one, inner)},\n`).join("")}${indent}]`;
  }
  if (typeof value === "object") {
    const inner = `${indent}    `;
    const lines = Object.entries(value).map(([name, one]) => `${inner}${JSON.stringify(name)}: ${pythonLiteral(one, inner)},\n`);
    return lines.length ? `{\n${lines.join("")}${indent}}` : "{}";
  }
  return JSON.stringify(value);
}

/** The request as a curl command. */
export function asCurl(address, body, token) {
  const lines = [`curl -sS ${shellQuoted(address)}`, "-H 'content-type: application/json'"];
  if (token) lines.push('-H "authorization: Bearer $MAINSTAY_TOKEN"');
  lines.push(`--data-raw ${shellQuoted(JSON.stringify(body))}`);
  return lines.join(" \\\n  ");
}

/** The request as Python that needs nothing but Python. */
export function asPython(address, body, token) {
  const headers = ['"content-type": "application/json"'];
  if (token) headers.push('"authorization": "Bearer " + os.environ["MAINSTAY_TOKEN"]');
  return [
    "import json",
    ...(token ? ["import os"] : []),
    "from urllib.request import Request, urlopen",
    "",
    `row = ${pythonLiteral(body)}`,
    `request = Request(`,
    `    ${JSON.stringify(address)},`,
    `    data=json.dumps(row).encode(),`,
    `    headers={${headers.join(", ")}},`,
    `)`,
    `with urlopen(request) as response:`,
    `    print(json.load(response))`,
  ].join("\n");
}
