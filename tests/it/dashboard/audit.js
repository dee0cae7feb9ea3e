(() => {
  const faults = [];
  const say = (what, node) => faults.push(what + ": " + node.outerHTML.slice(0, 120));
  const name = (node) =>
    (node.getAttribute("aria-label") || node.textContent || (node.labels && [...node.labels].map((l) => l.textContent).join("")) || "").trim();
  if (!document.documentElement.lang) faults.push("no language");
  if (document.querySelectorAll("h1").length !== 1) faults.push("not exactly one h1");
  if (document.querySelectorAll("main").length !== 1) faults.push("not exactly one main");
  let level = 0;
  for (const heading of document.querySelectorAll("h1,h2,h3,h4")) {
    const now = Number(heading.tagName[1]);
    if (now > level + 1) say("a heading skips a level", heading);
    level = now;
  }
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption || !table.caption.textContent.trim()) say("a table without caption", table);
    for (const header of table.querySelectorAll("th")) if (!header.scope) say("a header without scope", header);
  }
  for (const control of document.querySelectorAll("a[href],button,summary")) if (!name(control)) say("a control without name", control);
  for (const field of document.querySelectorAll("input:not([type=hidden]),select")) if (!field.labels.length || !name(field.labels[0])) say("a field without label", field);
  for (const picture of document.querySelectorAll("svg"))
    if (picture.getAttribute("aria-hidden") !== "true" && !(picture.getAttribute("role") === "img" && picture.getAttribute("aria-label"))) say("a picture without words", picture);
  for (const region of document.querySelectorAll("[tabindex='0']")) if (!region.getAttribute("aria-label")) say("a region without name", region);
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  if (new Set(ids).size !== ids.length) faults.push("an id is used twice");
  for (const node of document.querySelectorAll("[aria-labelledby]"))
    if (!document.getElementById(node.getAttribute("aria-labelledby"))) say("named by nothing", node);
  // Contrast (WCAG 2.2, 1.4.3): 4.5 to 1, large text 3 to 1.
  const parse = (text) => { const n = text.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const over = (top, base) => top.slice(0, 3).map((c, i) => c * top[3] + base[i] * (1 - top[3]));
  const ground = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((base, layer) => over(layer, base), [255, 255, 255]);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.closest("svg, .hidden, .skip, script, style, option") || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const base = ground(node);
    const a = light(over(parse(style.color), base)), b = light(base);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (ratio < least) say("contrast " + ratio.toFixed(2), node);
  }
  // WCAG 2.2, 1.4.10: nothing but tables scrolls sideways.
  const wide = Math.max(document.documentElement.scrollWidth, innerWidth);
  if (wide > screen.width) faults.push("the page is " + wide + " wide, the window " + screen.width);
  for (const box of document.querySelectorAll(".panel, .facts, .notice"))
    if (box.scrollWidth > box.clientWidth + 1) say("what is in it stands out", box);
  return faults;
})()
