/** The page at `/docs`: reads `/openapi.json` in the browser. No framework, nothing from another host. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'sha256-HASH'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

export const PAGE_SCRIPT = `
const method = (name) => { const b = document.createElement("b"); b.textContent = name.toUpperCase(); b.className = name; return b; };
const text = (tag, value, name) => { const e = document.createElement(tag); e.textContent = value; if (name) e.className = name; return e; };
const example = (path, name, op) => {
  const lines = ["curl " + location.origin + path];
  if (name !== "get") lines.push("-X " + name.toUpperCase());
  if (op.security) lines.push('-H "Authorization: Bearer $KEY"');
  if (op.requestBody) lines.push('-H "Content-Type: application/json"', "-d '{...}'");
  return lines.join(" \\\\\\n  ");
};
const fields = (schema) => {
  const table = document.createElement("table");
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const row = table.insertRow();
    row.append(text("td", name, "name"), text("td", kind(field)), text("td", (schema.required ?? []).includes(name) ? "required" : ""));
  }
  return table;
};
const kind = (field) => field.type ?? (field.anyOf ?? []).map(kind).filter((k, i, all) => k !== "null" && all.indexOf(k) === i).join(" or ");
const api = await (await fetch("/openapi.json")).json();
const main = document.querySelector("main");
const groups = new Map();
for (const [path, methods] of Object.entries(api.paths))
  for (const [name, op] of Object.entries(methods)) {
    const tag = op.tags[0];
    groups.set(tag, [...(groups.get(tag) ?? []), { path, name, op }]);
  }
for (const [tag, entries] of groups) {
  main.append(text("h2", tag));
  for (const { path, name, op } of entries) {
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.append(method(name), text("code", path), text("span", op.summary));
    details.append(summary, text("pre", example(path, name, op)));
    const schema = op.requestBody?.content["application/json"].schema;
    if (schema) details.append(fields(schema));
    main.append(details);
  }
}
`;

export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sluice API</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin: 2rem 0 .5rem; text-transform: capitalize; }
details { border: 1px solid #8884; border-radius: 6px; margin: .4rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; display: flex; gap: .8rem; align-items: baseline; flex-wrap: wrap; }
summary span { opacity: .7; } b { min-width: 4rem; color: #2b7de9; } b.post { color: #1b8a4b; } b.delete { color: #c33; }
pre { background: #8881; padding: .8rem; border-radius: 6px; overflow-x: auto; }
td { padding: .1rem 1rem .1rem 0; vertical-align: top; } td.name { font-family: monospace; }
</style>
<h1>Sluice API</h1>
<p>OpenAI's API for every provider. The description as JSON: <a href="/openapi.json">/openapi.json</a>.</p>
<main></main>
<script type="module">${PAGE_SCRIPT}</script>
</html>
`;
