"use strict";
// Sorting and CSV for every table that asks for it, and a refresh that can be switched off. Without a script all is readable.
(() => {
  const value = (cell) => {
    const text = cell.dataset.v ?? cell.textContent.trim();
    const number = text === "" ? NaN : Number(text);
    return Number.isNaN(number) ? text.toLowerCase() : number;
  };
  const order = (a, b) => {
    // What has no value comes last, whatever the direction.
    if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
    return typeof a === "number" ? -1 : 1;
  };
  const sort = (table, at, header) => {
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [value(row.cells[at]), row]);
    rows.sort(([a], [b]) => (down && typeof a === typeof b ? order(b, a) : order(a, b)));
    body.append(...rows.map(([, row]) => row));
  };
  const field = (cell) => {
    let text = cell.dataset.csv ?? cell.innerText;
    text = text.replace(/\s+/g, " ").trim();
    // A spreadsheet takes these for a formula.
    if (/^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text))) text = "'" + text;
    return /[",\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  };
  const csv = (table) =>
    [...table.rows].map((row) => [...row.cells].map(field).join(",")).join("\r\n") + "\r\n";
  for (const table of document.querySelectorAll("table[data-sort]")) {
    const caption = table.caption.textContent.trim();
    [...table.tHead.rows[0].cells].forEach((header, at) => {
      if (!header.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, at, header));
      header.append(button);
    });
    const tools = document.createElement("div");
    tools.className = "tools";
    const save = document.createElement("button");
    save.type = "button";
    save.textContent = "Download CSV";
    save.setAttribute("aria-label", "Download CSV: " + caption);
    save.addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv" }));
      link.download = caption.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") + ".csv";
      link.click();
      URL.revokeObjectURL(link.href);
    });
    tools.append(save);
    table.parentElement.before(tools);
  }
  // On a phone the menu scrolls: the page one is on should be seen in it.
  document.querySelector("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest", behavior: "instant" });
  const refresh = document.querySelector("[data-refresh]");
  if (refresh) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    let on = true;
    try { on = localStorage.getItem("refresh") !== "off"; } catch { /* storage may be forbidden */ }
    const say = () => {
      button.textContent = "Refreshes every " + refresh.dataset.refresh + " s";
      button.setAttribute("aria-pressed", String(on));
      if (!on) button.textContent = "Does not refresh";
    };
    button.addEventListener("click", () => {
      on = !on;
      try { localStorage.setItem("refresh", on ? "on" : "off"); } catch { /* as above */ }
      say();
    });
    say();
    refresh.append(button);
    setInterval(() => { if (on && !document.hidden) location.reload(); }, 1000 * Number(refresh.dataset.refresh));
  }
})();
